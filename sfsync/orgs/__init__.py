"""Which orgs are named in `config/orgs`, and what does the file of each say?

`config/orgs/NAME.yaml` holds settings of one org: they win over environment and `.env`, which are
the defaults of all. Files in `config/orgs/NAME/` take the place of those of the configuration.
"""

from sfsync.orgs.doubles import Known, doubles, host_of
from sfsync.orgs.file import ALL, ORGS, OrgFile
from sfsync.orgs.named import chosen, file_of, load_sign_in, names_of, with_file

__all__ = [
    "ALL",
    "ORGS",
    "Known",
    "OrgFile",
    "chosen",
    "doubles",
    "file_of",
    "host_of",
    "load_sign_in",
    "names_of",
    "with_file",
]
