"""What does a company's own website say of it?

`reading.py` asks for the pages and is the provider; `markup.py` and `page.py` read one,
`structured.py` and `microdata.py` find the company in it, `numbers.py` the registers' numbers that
it shows, `linkedin.py` its page there, and `entry.py` makes an entry of all.
"""

from sfsync.enrich.website.entry import entry_of
from sfsync.enrich.website.reading import look_up

__all__ = ["entry_of", "look_up"]
