"""What is to happen to one record, why, and what does that rest on?"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sfsync.model.pickled import pickled_by_fields
from sfsync.model.value import Value

RULE_CAUSE = "rule:"
TASK_CAUSE = "task:"
UNDO_CAUSE = "undo:"
CLEANUP_CAUSE = "cleanup:"
# The source of its identity follows; its reason says why that is the company, a colon, and which
# fields are filled or refreshed.
ENRICH_CAUSE = "enrich:"
# The platform moves it whenever a record changes, by whatever hand.
STAMP_FIELD = "SystemModstamp"
# The platform merges three records at once: one that stays, and these.
MOST_LOSERS = 2
# The platform writes there, of a record that was merged into another one, the Id of that one.
MASTER_FIELD = "MasterRecordId"
# By these two a record that was created is found again: an activity can have no key of ours.
ABOUT_FIELD = "WhatId"
LABEL_FIELD = "Subject"


class Action(StrEnum):
    """What a change does to its record."""

    UPDATE = "update"
    CREATE = "create"
    DELETE = "delete"
    MERGE = "merge"


_KEY_START = "new"
# With it a key is as long as an Id.
_DIGEST_LENGTH = 15


def key_of_new(object: str, about: str, cause: str) -> str:
    """Return the key under which a record that is to be created goes until it has an Id: the same
    for the same object, the same cause, and the same record that it is about.
    """
    digest = hashlib.sha256("\0".join((object, about, cause)).encode()).hexdigest()
    return f"{_KEY_START}{digest[:_DIGEST_LENGTH]}"


@dataclass(frozen=True, slots=True)
class Source:
    """Which public source a value comes from, and the address that shows it to a person.

    `as_of` is of when the value is (`2023`, `2026-05-17`, "" where nobody tells), `fetched_on` the
    day (UTC) on which it was read, `confidence` how sure it is that it is this company's (0 to 1).
    """

    provider: str
    url: str
    as_of: str
    fetched_on: str
    confidence: float


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one record: what stands there, what is to stand there, and where that comes
    from, if it is a public source.
    """

    before: Value
    after: Value
    source: Source | None = None


@pickled_by_fields
@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """A record as it was read: its object, Id and SystemModstamp (as on the wire; None where the
    org has none).
    """

    object: str
    id: str
    modified: str | None


@pickled_by_fields
@dataclass(frozen=True, slots=True, order=True)
class Watch:
    """Records that a decision rests on, there or not: those of `object` whose `field` (API names)
    leads to the changed record. None of them may have changed since the plan was read.
    """

    object: str
    field: str


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class Evidence:
    """A fact that made a rule hold: its name, its value, and the record that proves it, if one
    does.
    """

    fact: str
    value: Value
    record: str | None = None


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class Loser:
    """A record that is merged into another one, and goes: its Id and name, all that it held (by API
    name, as on the wire), and the Ids of the records that hung on it, by `Object.Field`.

    Only here is it kept: the org forgets it when its recycle bin does.
    """

    id: str
    name: str
    fields: Mapping[str, Value]
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one record: all its fields together, why, and what the decision rests on.

    `rests_on` holds the record itself first, then the records that the evidence names, each as it
    was read. `watches` says what else the decision saw, and what it saw none of. A record that is
    to be created has no Id yet: its `id` is a key (`key_of_new`), its fields have no value before,
    and `rests_on` begins with the record that it is about. A record that is to be deleted has no
    values afterwards. Into a record that is to be merged go one or two `losers`; its fields are
    those that get a loser's value, and the evidence names, field by field, whose. Raises ValueError
    for losers that no merge has.
    """

    object: str
    id: str
    name: str
    fields: Mapping[str, FieldChange]
    cause: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    rests_on: tuple[Stamp, ...] = ()
    watches: tuple[Watch, ...] = ()
    action: Action = Action.UPDATE
    losers: tuple[Loser, ...] = ()

    def __post_init__(self) -> None:
        # Of a hundred thousand changes hardly one merges.
        if not self.losers and self.action is not Action.MERGE:
            return
        ids = {loser.id for loser in self.losers}
        if bool(ids) != (self.action is Action.MERGE) or len(ids) > MOST_LOSERS or self.id in ids:
            raise ValueError(f"{self.id}: into a record one or two others are merged")

    @property
    def about(self) -> str:
        """The Id of the record that it changes, or that the record to be created is about."""
        is_new = self.action is Action.CREATE and self.rests_on
        return self.rests_on[0].id if is_new else self.id
