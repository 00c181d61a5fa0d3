"""How far may the days in the configuration lie from the day judged?"""

from typing import Final

# A century either way: every day that is counted with stays a date that Salesforce can hold.
MOST_DAYS: Final = 36_500
