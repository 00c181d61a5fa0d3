"""Who gets the records of those who left, and their open tasks?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sfsync.columns import Array, Mask
from sfsync.errors import NotFound
from sfsync.facts import Look
from sfsync.jobs.cleanup.cleanup import Cleanup, Found, Option, Wishes, Written, asked_for
from sfsync.model import LABEL_FIELD, STAMP_FIELD, Change, Evidence, FieldChange, Stamp, Value
from sfsync.org import OrgReader, Question
from sfsync.org.soql import condition
from sfsync.registry import nearest
from sfsync.rules.words import ids_of, name_of, names_of

_OBJECTS = ("Account", "Opportunity", "Contact", "Lead")
_OWNER, _STATUS = "owner", "status"
_USER, _TASK = "User", "Task"
# How a task leads to its record, the nearest way first.
_LINKS = ("WhatId", "WhoId", "AccountId")
_TASK_OWNER, _IS_CLOSED, _IS_SERIES = "OwnerId", "IsClosed", "IsRecurrence"
# So many Ids fit into one condition.
_IDS_AT_ONCE = 2_000

FROM = Option(
    "from",
    "person",
    "Whose records go; several with commas. Without: those of all inactive users.",
    several=True,
)
TO = Option("to", "person", "Who gets them all. Without: the managers.")
TEAM = Option("team", "person", "Who get them in turn, with commas.", several=True, instead_of="to")
OBJECT = Option(
    "object", "text", "Only records of this object; may be repeated.", several=True, metavar="NAME"
)
STATUS = Option(
    "status",
    "text",
    "Only those in this status or stage; may be repeated.",
    several=True,
    metavar="NAME",
)
WITHOUT_TASKS = Option("without-tasks", "flag", "Leave the open tasks where they are.")


@dataclass(frozen=True, slots=True)
class _Succession:
    """Who goes and who follows: users by their rows. `going` tells who gives up records; `above`
    holds for each the manager who gets them (-1: nobody); a `team` takes turns instead.
    """

    look: Look
    going: Mask
    above: Array
    team: Array
    is_team: bool

    def heirs(self, owners: Array) -> Array:
        """Return who gets records of these owners, record by record in this order; -1: nobody."""
        if len(self.team):
            return self.team[np.arange(len(owners)) % len(self.team)]
        return self.above[owners]

    def why(self, owner: int, heir: int) -> str:
        """Say why a record goes from one user to another."""
        old, new = (name_of(self.look, _USER, each) for each in (owner, heir))
        is_active = self.look.column(_USER, "is_active").values[owner]
        left = "is to hand over records" if is_active else "is no longer active"
        rank = "the manager " if not len(self.team) else ""
        return f"its owner {old} {left}; to {rank}{new}{' of the team' if self.is_team else ''}"


def find(look: Look, wishes: Wishes) -> Found:
    """Find a new owner for the records of users who are inactive, or named.

    A note says how many stay because nobody is above their owner. Raises NotFound for an object or
    a status that is none, and for a new owner who is inactive, or gives up records.
    """
    objects = _objects(look, wishes)
    if not all(_has(look, _USER, name) for name in ("is_active", "manager")):
        return Found({}, ("Nobody can tell who is active, or whose manager: User lacks it.",))
    succession = _succession(look, wishes)
    written: dict[str, dict[int, list[Written]]] = {}
    notes = []
    left: Counter[int] = Counter()
    parted: set[int] = set()
    for object_name in objects:
        if not _has(look, object_name, _OWNER):
            notes.append(f"{object_name} has no owner here: left out.")
            continue
        owners = look.column(object_name, _OWNER).values
        # The owner may be a queue, which is no user.
        goes = np.append(succession.going, False)[owners] & asked_for(look, object_name, wishes)
        rows = np.flatnonzero(goes & _in_status(look, object_name, _several(wishes, STATUS)))
        heirs = succession.heirs(owners[rows])
        left.update(owners[rows[heirs < 0]].tolist())
        there = heirs >= 0
        parted.update(owners[rows[there]].tolist())
        written[object_name] = _written(succession, rows[there], owners[rows[there]], heirs[there])
    notes += [*_left_in_words(look, left), *_final_in_words(look, parted)]
    return Found(written, tuple(notes))


def _objects(look: Look, wishes: Wishes) -> list[str]:
    """Name the objects whose records are asked for. Raises NotFound for a wish that is none."""
    there = [name for name in _OBJECTS if _OWNER in look.policy.objects.get(name, ())]
    wished = _several(wishes, OBJECT)
    for name in wished:
        if name not in there:
            raise NotFound(f'no object with an owner is called "{name}"{nearest(name, there)}')
    objects = [name for name in there if name in wished or not wished]
    known = {word for name in objects for word in _statuses(look, name)}
    for name in _several(wishes, STATUS):
        if name not in known:
            where = ", ".join(objects)
            raise NotFound(f'no status or stage of {where} is "{name}"{nearest(name, known)}')
    return objects


def _several(wishes: Wishes, option: Option) -> tuple[str, ...]:
    found = wishes.get(option.name)
    return found if isinstance(found, tuple) else ()


def _has(look: Look, object_name: str, column: str) -> bool:
    return column in look.policy.objects.get(object_name, ()) and not look.lacks(
        f"{object_name}.{column}"
    )


def _status_of(look: Look, object_name: str) -> str | None:
    """Our name of the field that holds an object's status or stage; None: it has none."""
    machine = look.policy.machines.get(object_name)
    name = machine.state if machine else _STATUS
    return name if _has(look, object_name, name) else None


def _statuses(look: Look, object_name: str) -> Iterator[str]:
    machine, name = look.policy.machines.get(object_name), _status_of(look, object_name)
    yield from machine.states if machine else ()
    yield from look.column(object_name, name).words if name else ()


def _in_status(look: Look, object_name: str, wished: Sequence[str]) -> Mask:
    name = _status_of(look, object_name)
    if not wished or name is None:
        return np.full(look.size(object_name), not wished)
    column = look.column(object_name, name)
    return np.isin(column.values, [column.code(each) for each in wished])


def _succession(look: Look, wishes: Wishes) -> _Succession:
    """Say who goes, and who follows. Raises NotFound where the latter cannot."""
    active = look.column(_USER, "is_active").values
    going = ~active
    named = _several(wishes, FROM)
    if named:
        going = np.zeros(len(active), dtype=bool)
        going[[_row(look, each) for each in named]] = True
    to = wishes.get(TO.name)
    team = _several(wishes, TEAM) or ((str(to),) if to else ())
    rows = [_row(look, each) for each in team]
    for row, id in zip(rows, team, strict=True):
        told = f"{name_of(look, _USER, row)} ({id})"
        if not active[row]:
            raise NotFound(f"{told} is no longer active: name somebody who can own records")
        if going[row]:
            raise NotFound(f"{told} is to hand over records, and cannot get them: name another")
    above = _managers(look, active & ~going, going)
    is_team = bool(_several(wishes, TEAM))
    return _Succession(look, going, above, np.array(rows, dtype="int64"), is_team)


def _row(look: Look, user_id: str) -> int:
    row = int(look.frame(_USER).index.get_indexer(pd.Index([user_id]))[0])
    if row < 0:
        raise NotFound(f"the user {user_id} is left out: see leave_out in sfsync.yaml")
    return row


def _managers(look: Look, able: Mask, going: Mask) -> Array:
    """Return, for each user who goes, the row of the nearest manager above who is able; else -1."""
    managers = look.column(_USER, "manager").values.tolist()
    found = np.full(len(managers), -1, dtype="int64")
    for user in np.flatnonzero(going).tolist():
        seen, above = {user}, managers[user]
        # Managers may stand in a circle.
        while above >= 0 and above not in seen and not able[above]:
            seen.add(above)
            above = managers[above]
        found[user] = above if above >= 0 and able[above] else -1
    return found


def _written(
    succession: _Succession, rows: Array, owners: Array, heirs: Array
) -> dict[int, list[Written]]:
    """Write the new owners; each pair of an old and a new one is put into words once."""
    look = succession.look
    made: dict[tuple[int, int], Written] = {}
    found: dict[int, list[Written]] = {}
    for row, pair in zip(
        rows.tolist(), zip(owners.tolist(), heirs.tolist(), strict=True), strict=True
    ):
        if pair not in made:
            old, new = ids_of(look, _USER, np.array(pair))
            proof = Evidence(_OWNER, name_of(look, _USER, pair[0]), old)
            made[pair] = Written(_OWNER, new, succession.why(*pair), (proof,))
        found[row] = [made[pair]]
    return found


def _left_in_words(look: Look, left: Counter[int]) -> Iterator[str]:
    if left:
        names = names_of(look, _USER, np.array(list(left)))
        each = sorted(zip(names, left.values(), strict=True))
        told = ", ".join(f"{number} of {name}" for name, number in each)
        yield (
            f"Left, since no active manager is above the owner: {told}."
            " Name somebody with --to or --team."
        )


def _final_in_words(look: Look, parted: set[int]) -> Iterator[str]:
    active = look.column(_USER, "is_active").values
    gone = np.array([row for row in parted if not active[row]], dtype="int64")
    if len(gone):
        # The platform takes no owner who is inactive.
        yield (
            "An undo gives records back to active users only: activate them before it"
            f" ({', '.join(sorted(names_of(look, _USER, gone)))})."
        )


def open_tasks(
    org: OrgReader, look: Look, wishes: Wishes, changes: Sequence[Change]
) -> list[Change]:
    """Give the open tasks of the old owners that belong to these records to the new ones.

    The master of a recurring series is no task of anybody's. Raises OrgUnavailable or OrgRefused
    from the door.
    """
    known = org.fields(_TASK) or {}
    if wishes.get(WITHOUT_TASKS.name) or not {_TASK_OWNER, _IS_CLOSED} <= known.keys():
        return []
    wanted = ("Id", _TASK_OWNER, LABEL_FIELD, STAMP_FIELD, *_LINKS)
    fields = tuple(name for name in wanted if name in known or name == "Id")
    olds = sorted({str(_owner_of(look, each).before) for each in changes})
    where = f"{_IS_CLOSED} = false AND {_TASK_OWNER} IN {{}}"
    where += f" AND {_IS_SERIES} = false" if _IS_SERIES in known else ""
    questions = [
        Question(_TASK, fields, where=condition(where, olds[first : first + _IDS_AT_ONCE]))
        for first in range(0, len(olds), _IDS_AT_ONCE)
    ]
    by_id = {each.id: each for each in changes}
    # What is left out of the loop is in no frame.
    stays = look.frame(_TASK).index if _TASK in look.snapshot.frames else None
    found = []
    for row in (row for answer in org.ask(questions) for row in answer) if questions else ():
        ahead = (by_id.get(str(row.get(link))) for link in _LINKS)
        leads = [c for c in ahead if c and _owner_of(look, c).before == row[_TASK_OWNER]]
        if leads and (stays is None or row["Id"] in stays):
            found.append(_task_with(leads[0], row, str(_owner_of(look, leads[0]).after)))
    return found


def _owner_of(look: Look, change: Change) -> FieldChange:
    return change.fields[look.policy.field(change.object, _OWNER)]


def _task_with(change: Change, row: dict[str, Value], heir: str) -> Change:
    id, stamp = str(row["Id"]), row.get(STAMP_FIELD)
    return Change(
        _TASK,
        id,
        str(row.get(LABEL_FIELD) or id),
        {_TASK_OWNER: FieldChange(row[_TASK_OWNER], heir)},
        change.cause,
        f"open, and goes with {change.object} {change.name}: {change.reason}",
        change.evidence,
        (Stamp(_TASK, id, None if stamp is None else str(stamp)), change.rests_on[0]),
    )


CLEANUP = Cleanup(
    "reassign-owners",
    "Give the records of inactive users to their managers, or others.",
    find,
    (FROM, TO, TEAM, OBJECT, STATUS, WITHOUT_TASKS),
    reads=(
        *(f"{name}.{column}" for name in _OBJECTS for column in (_OWNER, _STATUS)),
        *(f"{_USER}.{column}" for column in ("name", "is_active", "manager")),
    ),
    along=open_tasks,
)
