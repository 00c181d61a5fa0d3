"""Which open opportunities has nobody touched for long, and what becomes of them?"""

from dataclasses import replace
from datetime import date

import numpy as np

from sfsync.errors import Misused
from sfsync.facts import Look
from sfsync.jobs.cleanup.cleanup import Cleanup, Found, Option, Wishes, Written
from sfsync.jobs.cleanup.losing import OBJECT, READS, STAGE, closing, lost_stage, need
from sfsync.rules.words import all_in_words, evidence_for

_IDLE = "idle_days"
IDLE_DAYS = Option(
    "idle-days", "number", "Nothing happened for so many days, at least.", default=180
)
PAST_DAYS = Option(
    "past-days", "number", "The close date is past by so many days, at least.", default=30
)
REASON = Option("reason", "text", "Close them as lost, with this reason.")
PUSH_TO = Option("push-to", "day", "Leave them open, and move their close date to this day.")


def check(wishes: Wishes, today: date) -> None:
    """Raise Misused unless it is said what becomes of them: closed with a reason, or pushed to a
    day to come.
    """
    reason, day = wishes.get(REASON.name), wishes.get(PUSH_TO.name)
    if (reason is None) == (day is None):
        raise Misused(
            "say what becomes of them, either --reason TEXT, which closes them as lost,"
            " or --push-to DAY, which moves their close date"
        )
    if reason is not None and not str(reason).strip():
        raise Misused("--reason is empty: say why they are lost")
    if day is not None and wishes.get(STAGE.name) is not None:
        raise Misused("--stage is for what is closed: leave it out with --push-to")
    if day is not None and date.fromisoformat(str(day)) <= today:
        raise Misused(f"--push-to {day} is not after today, which is {today} for the org")


def find(look: Look, wishes: Wishes) -> Found:
    """Find the open opportunities that are idle and past their close date; those of which nobody
    knows since when they are idle are left alone.
    """
    need(look, "close_date")
    idle = look.column(OBJECT, _IDLE)
    latest = look.today - np.timedelta64(_number(wishes, PAST_DAYS), "D")
    late = look.column(OBJECT, "close_date").values <= latest
    late &= ~look.column(OBJECT, "is_closed").values
    notes = []
    unknown = late & ~(idle.present & idle.known)
    if unknown.any():
        notes.append(
            f"{int(unknown.sum())} are past, and nobody knows since when idle: left alone."
        )
    rows = np.flatnonzero(late & ~unknown & (idle.values >= _number(wishes, IDLE_DAYS)))
    text = "idle for {idle_days} days, and open though it was to close on {close_date}"
    reason, day = wishes.get(REASON.name), wishes.get(PUSH_TO.name)
    stage = lost_stage(look, wishes) if reason is not None else None
    if stage is not None:
        need(look, "lost_reason")
    written = {}
    parts = zip(
        rows.tolist(),
        all_in_words(look, OBJECT, rows, text),
        evidence_for(look, OBJECT, rows, (_IDLE, "close_date")),
        strict=True,
    )
    for row, why, evidence in parts:
        several = (
            [Written("close_date", str(day), why)]
            if stage is None
            else [*closing(look, stage, str(reason).strip(), why)]
        )
        written[row] = [replace(each, evidence=evidence, rests=(_IDLE,)) for each in several]
    return Found({OBJECT: written}, tuple(notes))


def _number(wishes: Wishes, option: Option) -> int:
    given = wishes.get(option.name)
    return int(str(option.default if given is None else given))


CLEANUP = Cleanup(
    "close-stale",
    "Close or push open opportunities that nobody touches.",
    find,
    (IDLE_DAYS, PAST_DAYS, REASON, PUSH_TO, STAGE),
    reads=READS,
    needs_all=True,
    check=check,
)
