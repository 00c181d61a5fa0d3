"""Does a pass that meets a fault, whichever and wherever, end as it should, and does the next one
finish the work?
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fault_org import MOVED, Phase, Site, site

from sfsync.errors import ExitCode
from sfsync.fake.given_faults import KINDS
from sfsync.model import RunState, State
from sfsync.org import OrgReader

PHASES: Mapping[str, Phase] = {
    "sign-in": Phase("POST", "/oauth2/token"),
    "describe": Phase("POST", "/composite", "sobjects/Account/describe"),
    "page-1": Phase("GET", "/query/", "FROM Account "),
    "page-3": Phase("GET", "/query/", "/query/01g", nth=1),
    "look-1": Phase("POST", "/composite", "FROM Account "),
    "look-2": Phase("POST", "/composite", "FROM Account ", nth=1),
    "batch-1": Phase("PATCH", "/composite/sobjects"),
    "batch-2": Phase("PATCH", "/composite/sobjects", nth=1),
    "q-open": Phase("POST", "/jobs/query", "FROM Account", in_bulk=True),
    "q-poll": Phase("GET", "/jobs/query/", in_bulk=True),
    "q-result": Phase("GET", "/jobs/query/", "/results", in_bulk=True),
    "b-look": Phase("GET", "/queryAll/", "FROM Account WHERE .*SystemModstamp >=", in_bulk=True),
    "b-open": Phase("POST", "/jobs/ingest", in_bulk=True),
    "upload": Phase("PUT", "/jobs/ingest/", in_bulk=True),
    "close": Phase("PATCH", "/jobs/ingest/", "UploadComplete", in_bulk=True),
    "b-poll": Phase("GET", "/jobs/ingest/", in_bulk=True),
    "b-result": Phase("GET", "/jobs/ingest/", "/successfulResults", in_bulk=True),
}

# From its place on, or once; `edit` is given the record it is for with each case.
FAULTS: Mapping[str, Mapping[str, object]] = {
    "expired-token": {"kind": "expired_token"},
    "no-token-lasts": {"kind": "expired_token", "times": None},
    "lost-request": {"kind": "lost_request"},
    "lost-answer": {"kind": "lost_answer"},
    "cut-reply": {"kind": "cut_reply"},
    "line-dead": {"kind": "lost_request", "times": None},
    "deaf": {"kind": "lost_answer", "times": None},
    "slow-reply": {"kind": "slow_reply", "seconds": 20},
    "too-slow": {"kind": "slow_reply", "seconds": 700},
    "busy": {"kind": "refusal", "status": 503, "code": "SERVER_UNAVAILABLE"},
    "busy-for-good": {
        "kind": "refusal", "status": 503, "code": "SERVER_UNAVAILABLE", "times": None,
    },
    "forbidden": {"kind": "refusal", "status": 403, "code": "INSUFFICIENT_ACCESS", "times": None},
    "html-page": {"kind": "page", "status": 503},
    "html-for-good": {"kind": "page", "status": 503, "times": None},
    "quota": {"kind": "quota", "left": 0},
    "edit": {"kind": "edit", "object": "Account", "fields": {"Phone": "+33 1 99 00 00 00"}},
    "edit-status": {"kind": "edit", "object": "Account", "fields": {"Status__c": "Disqualified"}},
}  # fmt: skip

# The exit code of the pass that meets a fault at a place. 0: it was got over, or what was edited is
# left to the next pass before it was ever planned. 3: a record was edited after it was read. 4: the
# day's calls are used up. 6: the org is away, or refuses. Letters: see SENSELESS.
#
# Nobody may know what became of a bulk job that cannot be asked about: used-up calls are then no
# clean stop (4), but a run left open (6). A bulk job that is forbidden is done without: by pages,
# by batches.
TABLE = """
                sign-in describe page-1 page-3 look-1 look-2 batch-1 batch-2
expired-token   a       0        0      0      0      0      0       0
no-token-lasts  a       6        6      6      6      6      6       6
lost-request    0       0        0      0      0      0      0       0
lost-answer     0       0        0      0      0      0      0       0
cut-reply       0       0        0      0      0      0      0       0
line-dead       6       6        6      6      6      6      6       6
deaf            6       6        6      6      6      6      c       c
slow-reply      0       0        0      0      0      0      0       0
too-slow        0       0        0      0      0      0      0       0
busy            0       0        0      0      0      0      0       0
busy-for-good   6       6        6      6      6      6      6       6
forbidden       6       6        6      6      6      6      6       6
html-page       0       0        0      0      0      0      0       0
html-for-good   6       6        6      6      6      6      6       6
quota           4       4        4      4      4      4      4       4
edit            0       0        0      3      3      3      0       0
edit-status     0       0        0      3      3      3      b       b

                q-open q-poll q-result b-look b-open upload close b-poll b-result
expired-token   0      0      0        0      0      0      0     0      0
no-token-lasts  6      6      6        6      0      6      6     6      6
lost-request    0      0      0        0      0      0      0     0      0
lost-answer     0      0      0        0      0      0      0     0      0
cut-reply       0      0      0        0      0      0      0     0      0
line-dead       6      6      6        6      6      3      6     6      6
deaf            6      6      6        6      6      0      0     6      6
slow-reply      0      0      0        0      0      0      0     0      0
too-slow        0      0      0        0      0      0      0     0      0
busy            0      0      0        0      0      0      0     0      0
busy-for-good   6      6      6        6      6      3      6     6      6
forbidden       0      6      6        6      0      6      6     6      6
html-page       0      0      0        0      0      0      0     0      0
html-for-good   6      6      6        6      6      3      6     6      6
quota           4      4      4        4      4      4      6     6      6
edit            0      0      3        3      0      0      0     0      0
edit-status     0      0      3        3      b      b      b     b      0
"""
SENSELESS = {
    "a": "no token has been given out yet that could be a bad one",
    "b": "no look can come between the last look and the write: the platform takes no conditions "
    "for many records at once",
    "c": "each batch is looked for after its answer was lost: all are found, and none is missed",
}
