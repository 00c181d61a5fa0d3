"""Is everything there that the service needs, and what is to be done where it is not?

The doctor only asks. What it finds are `Check`s, in groups; each that is no good news says what to
do.
"""

from sfsync.doctor.check import (
    ENGINE,
    GROUPS,
    JOURNAL,
    LIMITS,
    MAIL,
    SETTINGS,
    SIGN_IN,
    Check,
    Level,
    is_well,
)
from sfsync.doctor.fields import check_fields, check_spare_fields
from sfsync.doctor.files import check_files
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
    "ENGINE",
    "GROUPS",
    "JOURNAL",
    "LIMITS",
    "MAIL",
    "SETTINGS",
    "SET_NAME",
    "SIGN_IN",
    "Check",
    "Level",
    "Seen",
    "check_fields",
    "check_files",
    "check_org",
    "check_spare_fields",
    "hidden_fields",
    "is_well",
    "tracked_fields",
]
