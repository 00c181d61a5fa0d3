"""How does Salesforce spell the Id of a record?"""

from __future__ import annotations

# In the order of ASCII, so that ids sort in the order in which they were given.
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
PREFIXES = {
    "Organization": "00D",
    "User": "005",
    "Group": "00G",
    "QueueSobject": "03g",
    "OpportunityStage": "01J",
    "TaskStatus": "01L",
    "Account": "001",
    "Contact": "003",
    "Lead": "00Q",
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "Task": "00T",
    "Event": "00U",
    "AccountHistory": "017",
    "OpportunityHistory": "008",
    "OpportunityFieldHistory": "017",
}
# Both history objects share the prefix 017; a block of numbers each keeps their ids apart.
FIRST_NUMBERS = {"OpportunityFieldHistory": 100_000}
POD = "Dm"


def checksum(fifteen: str) -> str:
    """The three letters that make a 15-character Id safe where case is lost."""
    blocks = (fifteen[start : start + 5] for start in (0, 5, 10))
    return "".join(
        CHECKSUM_LETTERS[sum(1 << place for place, sign in enumerate(block) if "A" <= sign <= "Z")]
        for block in blocks
    )


def record_id(object_name: str, number: int) -> str:
    """The 18-character Id of the n-th record of an object, counted from 1."""
    rest = number + FIRST_NUMBERS.get(object_name, 0)
    digits = ""
    while rest:
        rest, digit = divmod(rest, len(DIGITS))
        digits = DIGITS[digit] + digits
    fifteen = PREFIXES[object_name] + POD + digits.rjust(10, "0")
    return fifteen + checksum(fifteen)
