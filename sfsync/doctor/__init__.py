"""Is everything there that the service needs, and what is to be done where it is not?

The doctor only asks. What it finds are `Check`s, in groups; each that is no good news says what to
do.
"""

from sfsync.doctor.check import GROUPS, MAIL, Check, Level, is_well
from sfsync.doctor.fields import check_fields
from sfsync.doctor.org import (
    ASKED_ABOUT,
    SET_NAME,
    Seen,
    check_org,
    hidden_fields,
    tracked_fields,
)

__all__ = [
    "ASKED_ABOUT",
    "GROUPS",
    "MAIL",
    "SET_NAME",
    "Check",
    "Level",
    "Seen",
    "check_fields",
    "check_org",
    "hidden_fields",
    "is_well",
    "tracked_fields",
]
