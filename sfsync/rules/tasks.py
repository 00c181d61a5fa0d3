"""Which record is to get which task, that never had it?"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sfsync.columns import Array, Mask
from sfsync.facts import Look
from sfsync.facts.blank import unread_in
from sfsync.facts.owners import inactive_owners
from sfsync.model import (
    ABOUT_FIELD,
    LABEL_FIELD,
    TASK_CAUSE,
    Action,
    Change,
    Evidence,
    FieldChange,
    Stamp,
    Value,
    key_of_new,
)
from sfsync.policy import FindingRule, Machine, TaskRule
from sfsync.rules.blind import needs_of
from sfsync.rules.findings import holds_for, owners_of
from sfsync.rules.rests import resting_on
from sfsync.rules.words import all_in_words, evidence_for, facts_of, ids_of, names_of

TASK = "Task"
_DUE_ON, _OWNER, _DESCRIPTION = "ActivityDate", "OwnerId", "Description"
# What the platform keeps of a subject.
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class DueTask:
    """A task that a record, called `name`, is to get. `owner` is the record's owner where the task
    is to be theirs: None where they are no user or not active any more.
    """

    task: TaskRule
    object: str
    id: str
    name: str
    key: str
    subject: str
    description: str
    due_on: str
    owner: str | None
    reason: str
    evidence: tuple[Evidence, ...]
    rests_on: tuple[Stamp, ...]


def tasks_due(
    look: Look, machine: Machine, moved: Mask, made: Collection[str]
) -> Iterator[DueTask]:
    """Yield the tasks that records are to get, in the order of the tasks, then of the records.

    `moved` tells which records a rule moves in this pass; `made` holds the keys of what was created
    before, which is not created again; a task that comes once a spell has a key for each spell.
    While a finding that a task must not have cannot be judged, of any record or of this one, the
    task waits.
    """
    for task in machine.tasks:
        if needs_of(look, machine, task):
            continue
        rows = np.flatnonzero(_due(look, machine, task, moved))
        keys = [
            key_of_new(TASK, id, f"{TASK_CAUSE}{task.name}{spell}")
            for id, spell in zip(
                ids_of(look, machine.object, rows), _spells(look, machine, task, rows), strict=True
            )
        ]
        new = np.array([key not in made for key in keys], dtype=bool)
        yield from _put(look, machine, task, rows[new], [key for key in keys if key not in made])


def _spells(look: Look, machine: Machine, task: TaskRule, rows: Array) -> list[str]:
    """Say, for each record, on which day its spell began, as it is put behind the subject: counted
    back from today, so the same day by day. Empty where the task comes once for ever.
    """
    if not task.spell_of:
        return [""] * len(rows)
    days = look.column(machine.object, task.spell_of).values[rows]
    first = look.today - days.astype("timedelta64[D]")
    return [f" ({day})" for day in first.astype("datetime64[D]").tolist()]


def _due(look: Look, machine: Machine, task: TaskRule, moved: Mask) -> Mask:
    here = task.when.holds(look.on(machine.object))
    if task.spell_of:
        here = here & look.column(machine.object, task.spell_of).present
    if task.in_states is not None:
        here = here & look.in_states(machine.object, task.in_states)
    for finding in _without(machine, task):
        found = holds_for(look, machine, finding, moved)
        truth = finding.when.truth(look.on(machine.object))
        here = here & (truth.holds | truth.fails)
        here = here & (~found if found is not None else False)
        for name in finding.missing:
            here = here & ~unread_in(look, machine.object, name)
    return here


def _without(machine: Machine, task: TaskRule) -> list[FindingRule]:
    return [finding for finding in machine.findings if finding.name in task.without]


def _put(
    look: Look, machine: Machine, task: TaskRule, rows: Array, keys: Sequence[str]
) -> Iterator[DueTask]:
    """Put the tasks of some records into words."""
    name, mark = machine.object, look.policy.facts.service_mark
    # What was not found might be by now: all that they ask for is rested on.
    findings = _without(machine, task)
    subjects = all_in_words(look, name, rows, task.subject)
    due_on = str(look.today + np.timedelta64(task.due_in_days, "D"))
    parts = zip(
        keys,
        ids_of(look, name, rows),
        names_of(look, name, rows),
        subjects,
        _spells(look, machine, task, rows),
        all_in_words(look, name, rows, task.description),
        _owners(look, name, rows),
        all_in_words(look, name, rows, task.because),
        evidence_for(look, name, rows, facts_of([task])),
        resting_on(look, name, rows, facts_of([task, *findings]), findings),
        strict=True,
    )
    for key, id, called, subject, spell, description, owner, reason, evidence, rests_on in parts:
        full = f"{mark} {' '.join(subject.split())}"[: _LONGEST_SUBJECT - len(spell)].strip()
        full += spell
        yield DueTask(
            task, name, id, called, key, full, description.strip(), due_on, owner, reason, evidence,
            rests_on,
        )  # fmt: skip


def _owners(look: Look, object_name: str, rows: Array) -> list[str | None]:
    inactive = inactive_owners(look, object_name)[rows].tolist()
    owners = owners_of(look, object_name, rows)
    return [None if gone else owner for gone, owner in zip(inactive, owners, strict=True)]


def fields_written_by(task: TaskRule) -> frozenset[str]:
    """Name the fields, as the API does, that creating such a task writes."""
    fields = {ABOUT_FIELD, LABEL_FIELD, _DUE_ON, _OWNER}
    return frozenset(fields | {_DESCRIPTION} if task.description else fields)


def creation_of(due: DueTask, owner: str) -> Change:
    """Return the change that creates a task for this owner."""
    values: dict[str, Value] = {
        ABOUT_FIELD: due.id,
        LABEL_FIELD: due.subject,
        _DUE_ON: due.due_on,
        _OWNER: owner,
    }
    if due.description:
        values[_DESCRIPTION] = due.description
    return Change(
        object=TASK,
        id=due.key,
        name=due.subject,
        fields={name: FieldChange(None, value) for name, value in sorted(values.items())},
        cause=f"{TASK_CAUSE}{due.task.name}",
        reason=due.reason,
        evidence=due.evidence,
        rests_on=due.rests_on,
        action=Action.CREATE,
    )
