"""What must be made in an org so that the rules can do their work there?

Pure: from the policy, the company's wishes and what the org describes follow components of
metadata, and from these the files of a project folder or of a package.
"""

from sfsync.setup.blueprint import Blueprint, OrgNow, draw
from sfsync.setup.files import FILES_FOR_THE_ADMIN, archive_of, project_of
from sfsync.setup.wishes import SETUP_FILE, Wishes, load_wishes

__all__ = [
    "FILES_FOR_THE_ADMIN",
    "SETUP_FILE",
    "Blueprint",
    "OrgNow",
    "Wishes",
    "archive_of",
    "draw",
    "load_wishes",
    "project_of",
]
