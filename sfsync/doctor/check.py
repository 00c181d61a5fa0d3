"""How is one finding of the doctor said?"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

# In the order in which they are told.
SETTINGS = "settings"
SIGN_IN = "sign-in"
LIMITS = "limits"
FIELDS = "objects and fields"
HISTORY = "history"
PERMISSIONS = "permissions"
JOURNAL = "journal"
FILES = "files"
MAIL = "mail"
ENGINE = "engine"
CLOCK = "clock"
GROUPS = (
    SETTINGS,
    SIGN_IN,
    LIMITS,
    FIELDS,
    HISTORY,
    PERMISSIONS,
    JOURNAL,
    FILES,
    MAIL,
    ENGINE,
    CLOCK,
)


class Level(StrEnum):
    """How grave it is: good news, something to know, or something that rules cannot do without."""

    GOOD = "good"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """What was found, and what to do about it; `fields` are those meant, as `Account.Status__c`."""

    group: str
    level: Level
    text: str
    remedy: str = ""
    fields: tuple[str, ...] = ()


def is_well(checks: Iterable[Check]) -> bool:
    """Tell whether all that the active rules need is there."""
    return all(check.level is not Level.PROBLEM for check in checks)
