"""Whose are the tasks that records are to get, and which have to wait for an owner or a right?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sfsync.model import Change, Evidence, Finding
from sfsync.org import OrgReader
from sfsync.org.queues import task_queues
from sfsync.org.rights import hindrance
from sfsync.policy import TASK_WAITING, TaskRule
from sfsync.rules.sayings import HINDRANCE, SUBJECT
from sfsync.rules.tasks import TASK, DueTask, creation_of, fields_written_by


@dataclass(frozen=True, slots=True)
class Waiting:
    """The tasks that have to wait: a sentence for each task, a finding for each record."""

    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


def tasks_of(due: Sequence[DueTask], org: OrgReader) -> tuple[list[Change], Waiting]:
    """Return the changes that create the tasks, and what has to wait: for an owner, or until the
    service's user may create it. Nothing else of the pass waits for that.

    The org is asked for its queues only where a task is for one.
    """
    queues = task_queues(org) if any(each.task.queue for each in due) else {}
    tasks = {each.task.name: each.task for each in due}
    hindered = {name: hindrance(org, TASK, fields_written_by(tasks[name])) for name in tasks}
    owners = [None if hindered[each.task.name] else _owner(each, queues) for each in due]
    owned = list(zip(due, owners, strict=True))
    return (
        [creation_of(each, owner) for each, owner in owned if owner],
        _waiting([each for each, owner in owned if not owner], hindered),
    )


def _owner(due: DueTask, queues: Mapping[str, str]) -> str | None:
    return queues.get(due.task.queue) if due.task.queue else due.owner


def _waiting(due: Sequence[DueTask], hindered: Mapping[str, str]) -> Waiting:
    notes: list[str] = []
    found: dict[tuple[str, str], Finding] = {}
    for task, same in groupby(due, key=lambda each: each.task):
        waiting, why = list(same), hindered[task.name] or _why(task)
        names = [f"{each.object} {each.id}" for each in waiting]
        some = f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
        notes.append(f"the task {task.name} waits for {len(names)} records ({some}): {why}")
        for each in waiting:
            # Two tasks of a record that wait are one finding: whoever mends one sees the other.
            found.setdefault((each.object, each.id), _finding(each, why))
    return Waiting(tuple(notes), tuple(found.values()))


def _finding(due: DueTask, why: str) -> Finding:
    evidence = (Evidence(SUBJECT, due.subject), Evidence(HINDRANCE, why))
    words = f"the task {due.subject} waits: {why}"
    return Finding(TASK_WAITING, due.object, due.id, due.name, due.owner, words, evidence)


def _why(task: TaskRule) -> str:
    if not task.queue:
        return "the record's owner is no user who is active: give it to somebody who is"
    return (
        f'the org has no queue "{task.queue}" that takes tasks, or hides it: make it in Setup,'
        f" Queues, with Task among its objects, or name another in {task.place}"
    )
