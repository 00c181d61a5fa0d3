"""What did the journals look like that older versions of sfsync wrote?

Each is the SQL of SQLite that such a version carried out, with a run in it whose books are open.
Version 4 got tables bit by bit, without another number.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sfsync.journal import Journal
from sfsync.letter import MessageState
from sfsync.model import Evidence, Stamp

_AT = "2026-11-25T19:03:01.000000Z"
_ORG = "00D000000000001AAA"

VERSION_1 = """
CREATE TABLE journal_version (version INTEGER NOT NULL, PRIMARY KEY (version));
INSERT INTO journal_version VALUES (1);
CREATE TABLE runs (
  number INTEGER NOT NULL, id VARCHAR(40) NOT NULL, org VARCHAR(80) NOT NULL,
  zone VARCHAR(80) NOT NULL, job VARCHAR(80) NOT NULL, now VARCHAR(27) NOT NULL,
  started VARCHAR(27) NOT NULL, finished VARCHAR(27), state VARCHAR(16) NOT NULL,
  policy_hash VARCHAR(128) NOT NULL, undoes VARCHAR(40), error TEXT, is_pass BOOLEAN NOT NULL,
  PRIMARY KEY (number), UNIQUE (id)
);
CREATE INDEX runs_of_org ON runs (org, number);
CREATE TABLE changes (
  run INTEGER NOT NULL, seq INTEGER NOT NULL, object VARCHAR(80) NOT NULL,
  record_id VARCHAR(18) NOT NULL, name TEXT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL,
  evidence TEXT NOT NULL, rests_on TEXT NOT NULL, state VARCHAR(16) NOT NULL, code TEXT NOT NULL,
  message TEXT NOT NULL, sent_at VARCHAR(27),
  PRIMARY KEY (run, seq), FOREIGN KEY(run) REFERENCES runs (number)
);
CREATE INDEX changes_of_record ON changes (record_id, object);
CREATE TABLE change_fields (
  run INTEGER NOT NULL, seq INTEGER NOT NULL, field VARCHAR(120) NOT NULL, "before" TEXT NOT NULL,
  "after" TEXT NOT NULL,
  PRIMARY KEY (run, seq, field), FOREIGN KEY(run, seq) REFERENCES changes (run, seq)
);
CREATE INDEX change_fields_of_field ON change_fields (field);
CREATE TABLE pass_states (
  org VARCHAR(80) NOT NULL, object VARCHAR(80) NOT NULL, record_id VARCHAR(18) NOT NULL,
  state VARCHAR(255), PRIMARY KEY (org, object, record_id)
);
INSERT INTO runs VALUES (
  1, '20261125-190301-aaaa', '00D000000000001AAA', 'UTC', 'hourly', '2026-11-25T19:03:01.000000Z',
  '2026-11-25T19:03:01.000000Z', NULL, 'running', 'p1', NULL, NULL, 0
);
INSERT INTO changes VALUES (
  1, 0, 'Account', '001000000000001AAA', 'Firm 1', 'rule:idle', 'no activity', '[]', '[]', 'sent',
  '', '', '2026-11-25T19:03:01.000000Z'
);
INSERT INTO change_fields VALUES (1, 0, 'Status__c', '"Target"', '"Backlog"');
"""
VERSION_2 = f"""{VERSION_1}
ALTER TABLE changes ADD COLUMN job VARCHAR(18);
UPDATE journal_version SET version = 2;
INSERT INTO changes VALUES (
  1, 1, 'Account', '001000000000002AAA', 'Firm 2', 'rule:idle', 'no activity', '[]', '[]', 'sent',
  '', '', '{_AT}', '750000000000002AAA'
);
INSERT INTO change_fields VALUES (1, 1, 'Status__c', '"Target"', '"Backlog"');
"""
VERSION_3 = f"""{VERSION_2}
CREATE TABLE findings (
  org VARCHAR(80) NOT NULL, code VARCHAR(80) NOT NULL, object VARCHAR(80) NOT NULL,
  record_id VARCHAR(18) NOT NULL, name TEXT NOT NULL, owner_id VARCHAR(18), message TEXT NOT NULL,
  evidence TEXT NOT NULL, amount FLOAT, first_seen VARCHAR(27) NOT NULL,
  last_seen VARCHAR(27) NOT NULL, returned BOOLEAN NOT NULL, solved_at VARCHAR(27),
  snoozed_until DATE, waived_until DATE, why TEXT NOT NULL,
  PRIMARY KEY (org, code, object, record_id)
);
UPDATE journal_version SET version = 3;
INSERT INTO findings (
  org, code, object, record_id, name, message, evidence, first_seen, last_seen, why, waived_until,
  returned
) VALUES (
  '{_ORG}', 'no-owner', 'Account', '001000000000002AAA', 'Firm 2', 'nobody has it', '[]', '{_AT}',
  '{_AT}', 'it is being sold', '2027-01-31', 0);
"""
VERSION_4 = f"""{VERSION_3}
ALTER TABLE runs ADD COLUMN api_calls INTEGER;
ALTER TABLE changes ADD COLUMN action VARCHAR(8);
ALTER TABLE changes ADD COLUMN created VARCHAR(18);
ALTER TABLE change_fields ADD COLUMN source TEXT;
UPDATE journal_version SET version = 4;
INSERT INTO changes VALUES (
  1, 2, 'Task', 'new000000000000001', 'Call', 'task:call', 'won', '[]', '[]', 'unknown', '', '',
  '{_AT}', NULL, 'create', NULL
);
INSERT INTO change_fields VALUES (1, 2, 'Status__c', 'null', '"Open"', NULL);
"""
VERSION_4_LATER = f"""{VERSION_4}
CREATE TABLE messages (
  number INTEGER NOT NULL, org VARCHAR(80) NOT NULL, "key" VARCHAR(200) NOT NULL,
  recipient VARCHAR(320) NOT NULL, message_id VARCHAR(255) NOT NULL, state VARCHAR(16) NOT NULL,
  handed_over INTEGER NOT NULL, words TEXT NOT NULL, planned_at VARCHAR(27) NOT NULL,
  changed_at VARCHAR(27) NOT NULL, content BLOB, PRIMARY KEY (number)
);
CREATE UNIQUE INDEX messages_of_key ON messages (org, "key");
CREATE INDEX messages_of_state ON messages (org, state);
CREATE TABLE editions (
  org VARCHAR(80) NOT NULL, report VARCHAR(100) NOT NULL, reader VARCHAR(18) NOT NULL,
  as_of VARCHAR(27) NOT NULL, PRIMARY KEY (org, report, reader)
);
CREATE INDEX changes_of_action ON changes (action, state) WHERE action IS NOT NULL;
INSERT INTO messages VALUES (
  1, '{_ORG}', 'exceptions:2026-11-25:005000000000001AAA', 'ann@example.com', '<1@example.com>',
  'planned', 0, '', '{_AT}', '{_AT}', NULL
);
INSERT INTO editions VALUES ('{_ORG}', 'exceptions', '005000000000001AAA', '{_AT}');
"""

VERSION_4_MERGES = f"""{VERSION_4_LATER}
CREATE TABLE change_losers (
  run INTEGER NOT NULL, seq INTEGER NOT NULL, place INTEGER NOT NULL,
  record_id VARCHAR(18) NOT NULL, name TEXT NOT NULL, fields TEXT NOT NULL, children TEXT NOT NULL,
  PRIMARY KEY (run, seq, place), FOREIGN KEY(run, seq) REFERENCES changes (run, seq)
);
CREATE INDEX losers_of_record ON change_losers (record_id);
INSERT INTO changes VALUES (
  1, 3, 'Contact', '003000000000001AAA', 'Ann Example', 'cleanup:merge-duplicates', 'the same',
  '[["likeness",0.9,null]]', '[["Contact","003000000000001AAA","2026-06-15T08:00:00.000+0000"]]',
  'refused', 'BUSY', 'later', '{_AT}', NULL, 'merge', NULL
);
INSERT INTO change_fields VALUES (
  1, 3, 'Status__c', 'null', '"Merged"', NULL
);
INSERT INTO change_losers VALUES (
  1, 3, 0, '003000000000002AAA', 'Anne Example', '{{}}', '{{}}'
);
"""

OLD_JOURNALS: Mapping[str, str] = {
    "1": VERSION_1,
    "2": VERSION_2,
    "3": VERSION_3,
    "4": VERSION_4,
    "4, later": VERSION_4_LATER,
    # The step that leads to 5 makes it, when this is there.
    "5": VERSION_4_MERGES,
}
_FIRST = ("001000000000001AAA", "sent", "Backlog")
_SECOND = ("001000000000002AAA", "sent", "Backlog")
_CREATION = ("new000000000000001", "unknown", "Open")
_MERGE = ("003000000000001AAA", "refused", "Merged")
CHANGES_OF = {
    "1": [_FIRST],
    "2": [_FIRST, _SECOND],
    "3": [_FIRST, _SECOND],
    "4": [_FIRST, _SECOND, _CREATION],
    "4, later": [_FIRST, _SECOND, _CREATION],
    "5": [_FIRST, _SECOND, _CREATION, _MERGE],
}
"""The changes of each, as (Id, state, the new value of the status)."""


def _has_findings(journal: Journal) -> bool:
    return [each.why for each in journal.findings(_ORG)] == ["it is being sold"]


def _has_creation(journal: Journal) -> bool:
    return _has_findings(journal) and journal.created_keys(_ORG) == {_CREATION[0]}


def _has_mails(journal: Journal) -> bool:
    states = [each.state for each in journal.messages.open(_ORG)]
    told = journal.editions.last(_ORG, "exceptions")
    return _has_creation(journal) and states == [MessageState.PLANNED] and len(told) == 1


def _has_merge(journal: Journal) -> bool:
    merge = journal.changes("20261125-190301-aaaa")[3]
    stamp = Stamp("Contact", "003000000000001AAA", "2026-06-15T08:00:00.000+0000")
    return (
        _has_mails(journal)
        and [each.id for each in merge.change.losers] == ["003000000000002AAA"]
        and merge.change.evidence == (Evidence("likeness", 0.9),)
        and merge.change.rests_on == (stamp,)
        and (merge.outcome.code, merge.outcome.message) == ("BUSY", "later")
        and merge.sent_at == datetime(2026, 11, 25, 19, 3, 1, tzinfo=UTC)
    )


WRITTEN: Mapping[str, Callable[[Journal], bool]] = {
    "1": lambda journal: journal.created_keys(_ORG) == frozenset(),
    "2": lambda journal: "750000000000002AAA" in journal.jobs("20261125-190301-aaaa"),
    "3": _has_findings,
    "4": _has_creation,
    "4, later": _has_mails,
    "5": _has_merge,
}
"""Whether all else that was in a journal of each version is there."""


def sql_of(version: str, *, postgresql: bool) -> list[str]:
    """The statements that make a journal as a version left it."""
    text = OLD_JOURNALS[version]
    if postgresql:
        for ours, theirs in (
            ("number INTEGER NOT NULL", "number SERIAL NOT NULL"),
            ("BLOB", "BYTEA"),
            (", 0\n);\nINSERT INTO changes", ", false\n);\nINSERT INTO changes"),
            ("'2027-01-31', 0)", "'2027-01-31', false)"),
        ):
            text = text.replace(ours, theirs)
    return [statement for statement in text.split(";\n") if statement.strip()]
