"""Whose are the tasks that records are to get, and which have to wait for an owner?"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from sfsync.model import Change
from sfsync.org import OrgReader
from sfsync.org.queues import task_queues
from sfsync.policy import TaskRule
from sfsync.rules.tasks import DueTask, creation_of


def tasks_of(due: Sequence[DueTask], org: OrgReader) -> tuple[list[Change], list[str]]:
    """Return the changes that create the tasks, and a sentence for each task that has to wait.

    The org is asked for its queues only where a task is for one.
    """
    queues = task_queues(org) if any(each.task.queue for each in due) else {}
    owned = [(each, _owner(each, queues)) for each in due]
    return (
        [creation_of(each, owner) for each, owner in owned if owner],
        list(_waiting([each for each, owner in owned if not owner])),
    )


def _owner(due: DueTask, queues: Mapping[str, str]) -> str | None:
    return queues.get(due.task.queue) if due.task.queue else due.owner


def _waiting(due: Sequence[DueTask]) -> Iterator[str]:
    for task, same in groupby(due, key=lambda each: each.task):
        names = [f"{each.object} {each.id}" for each in same]
        some = f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
        yield f"the task {task.name} waits for {len(names)} records ({some}): {_why(task)}"


def _why(task: TaskRule) -> str:
    if not task.queue:
        return "the record's owner is no user who is active: give it to somebody who is"
    return (
        f'the org has no queue "{task.queue}" that takes tasks, or hides it: make it in Setup,'
        f" Queues, with Task among its objects, or name another in {task.place}"
    )
