"""Under which names does the journal keep the runs on the org that is set?"""

from collections.abc import Callable

from sfsync.cli.copies import name_of_copy
from sfsync.cli.setting import Setting
from sfsync.settings import OrgSettings, Settings


def shares_journal(settings: Settings) -> bool:
    """Tell whether a journal may hold the books of several orgs that each have a file."""
    return isinstance(settings, OrgSettings) and bool(settings.journal_url)


def are_kept_here(settings: Settings) -> Callable[[str], bool]:
    """Return what tells whether books are of an org, or a copy, that the state folder has something
    of: it is that of one org.
    """
    folder = settings.state_dir / "orgs"
    ids = {each.name for each in folder.glob("00D*")}
    copies = {each.read_text(encoding="utf-8") for each in folder.glob("*/name")}
    return lambda books: books in ids or books.partition("@")[2] in copies


def is_ours(setting: Setting) -> Callable[[str], bool]:
    """Return what tells whether books are those of the org that is set, without asking it.

    The books of a copy of a recorded org bear the copy's name; those without one are of real orgs,
    of which one state folder or journal commonly has one.
    """
    if shares_journal(setting.settings):
        return are_kept_here(setting.settings)
    if setting.is_salesforce:
        return lambda books: "@" not in books
    if not setting.copy.is_dir():
        return lambda books: False
    copy = f"@{name_of_copy(setting)}"
    return lambda books: books.endswith(copy)
