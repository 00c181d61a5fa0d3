"""Under which names does the journal keep the runs on the org that is set?"""

from collections.abc import Callable

from sfsync.cli.copies import name_of_copy
from sfsync.cli.setting import Setting


def is_ours(setting: Setting) -> Callable[[str], bool]:
    """Return what tells whether books are those of the org that is set, without asking it.

    The books of a copy of a recorded org bear the copy's name; those without one are of real orgs,
    of which one state folder or journal commonly has one.
    """
    if setting.is_salesforce:
        return lambda books: "@" not in books
    if not setting.copy.is_dir():
        return lambda books: False
    copy = f"@{name_of_copy(setting)}"
    return lambda books: books.endswith(copy)
