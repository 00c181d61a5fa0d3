"""What was known of the org at the end of a day, and of which records has that changed since?"""

from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

import numpy as np

from sfsync.columns import Mask
from sfsync.extract import in_the_loop
from sfsync.facts import Look
from sfsync.facts.activity import activities
from sfsync.snapshot import Snapshot

_ACCOUNT, _DEAL, _TASK = "Account", "Opportunity", "Task"


@dataclass(frozen=True, slots=True)
class Since:
    """What went on after a day, a mask for each object: of records that moved since, or that
    belong to what moved, history does not tell how they stood; of others something is new.
    """

    moved: dict[str, Mask]
    news: dict[str, Mask]


def as_of(look: Look, day: np.datetime64) -> Look:
    """Look at the same records at the last second of a day; today, at the moment judged.

    What was made later is left out, what happened later has not happened, and tasks that were done
    later are open. Fields are as they stand now.
    """
    if day == look.today:
        return look
    end = _end_of(look, day)
    now = end.item().replace(tzinfo=UTC)
    previous = look.snapshot.previous
    known = previous if previous is not None and previous <= now else None
    then = replace(_with_tasks_then(look, end), now=now, previous=known)
    return Look(in_the_loop(then, look.policy), look.policy)


def _with_tasks_then(look: Look, end: Any) -> Snapshot:
    """Return what was read with the tasks as they were: in a pass, one that is closed counts as
    done at the moment judged, whenever it was.
    """
    frame, snapshot = look.frame(_TASK), look.snapshot
    if not len(frame) or look.lacks(f"{_TASK}.is_closed"):
        return snapshot
    task, _ = activities(look)
    was_open = ~(task.done <= end)
    is_later = look.column(_TASK, "created").values > end
    tasks = frame.assign(is_closed=frame["is_closed"].to_numpy() & ~was_open)
    frames = {**snapshot.frames, _TASK: tasks}
    return replace(snapshot, frames=frames).only({_TASK: ~(was_open & is_later)})


def since(look: Look, day: np.datetime64) -> Since:
    """Tell which records moved after a day, and of which there is something new: an activity, or an
    opportunity. After today nothing has.
    """
    if day == look.today:
        nothing = {name: np.zeros(look.size(name), dtype=bool) for name in look.policy.machines}
        return Since(nothing, nothing)
    end = _end_of(look, day)
    moved, news = {}, {}
    for name in look.policy.machines:
        entered = "entered_status_at" if name == _ACCOUNT else "entered_stage_at"
        moved[name] = np.asarray(look.column(name, entered).values > end)
        news[name] = np.asarray(look.column(name, "last_activity_at").values > end)
    if _ACCOUNT in moved and _DEAL in moved:
        deals = moved[_DEAL] | (look.column(_DEAL, "stage_changed").values > end)
        is_new = look.column(_DEAL, "created").values > end
        # What was made later was not there: that much is known.
        moved[_ACCOUNT] |= _accounts_of(look, deals & ~is_new)
        news[_ACCOUNT] |= _accounts_of(look, is_new)
    return Since(moved, news)


def _end_of(look: Look, day: np.datetime64) -> Any:
    return look.end_of(np.array([day], dtype="datetime64[D]"))[0]


def _accounts_of(look: Look, deals: Mask) -> Mask:
    accounts = look.column(_DEAL, "account").values[deals]
    found = np.zeros(look.size(_ACCOUNT), dtype=bool)
    found[accounts[accounts >= 0]] = True
    return found
