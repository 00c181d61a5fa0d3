"""What does the journal say of how the service fares?"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sfsync.errors import ExitCode, JournalError
from sfsync.health.expected import Expected, expected
from sfsync.health.state import GOOD_CODES, Health, JobHealth, OpenTurn, OrgHealth
from sfsync.journal import JobRecord, Journal
from sfsync.letter import JournalledMessage, MessageState
from sfsync.model import Turn
from sfsync.policy import Policy

# A scheduler has some job in so many days, or it serves no more.
_SERVES = timedelta(days=8)
# So many turns of a job are looked at.
_TURNS = 50
# A mail is tried again by each run that sends some; what waits longer wants somebody.
_MAIL_WAITS = timedelta(days=1)
_WAITING = (MessageState.PLANNED, MessageState.SENDING, MessageState.UNKNOWN)
# What a turn is given over the time after which the scheduler ends it.
_GRACE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Watched:
    """Whose health is meant: of which service's turns, of which orgs' books, under which policy.

    `known` names the jobs that sfsync has.
    """

    service: str
    is_ours: Callable[[str], bool]
    policy: Policy
    known: Collection[str] = ()


def read_health(
    journal: Journal, watched: Watched, now: datetime, org: OrgHealth, *, writes: bool = True
) -> Health:
    """Judge how the service fares at `now` (aware UTC).

    With `writes`, try whether the journal can be written; nothing is. A journal that fails is what
    the answer tells of.
    """
    try:
        if writes:
            journal.totals.try_writing()
        by_turns = _serves(journal, watched, now)
        asked = expected(
            watched.policy.schedule,
            watched.policy.health,
            now,
            by_turns=by_turns,
            known=watched.known,
        )
        found = (
            _by_turns(journal, watched, asked) if by_turns else _by_runs(journal, watched, asked)
        )
        waiting = _waiting(journal, watched)
        return Health(
            now=now,
            jobs=tuple(found),
            turns=tuple(_open_turns(journal, watched, now)),
            mails=_counted(waiting),
            mail_problem=_late(waiting, now),
            org=org if org.api_left is not None else _last_told(journal, watched, org),
        )
    except JournalError as error:
        return Health(now=now, journal=str(error), org=org)


def _serves(journal: Journal, watched: Watched, now: datetime) -> bool:
    return bool(journal.turns.since(watched.service, now - _SERVES))


def _by_turns(journal: Journal, watched: Watched, asked: Sequence[Expected]) -> Iterator[JobHealth]:
    for each in asked:
        yield _judged(each, *_fared(journal.turns.last(watched.service, each.job, _TURNS)))


def _fared(turns: Sequence[Turn]) -> tuple[datetime | None, int, str]:
    """Return when the last good turn ended, how many failed since, and what the last one said."""
    failed: list[Turn] = []
    for turn in turns:
        if turn.is_open or turn.exit_code == ExitCode.LOCKED:
            continue
        if turn.exit_code in GOOD_CODES:
            return turn.finished, len(failed), failed[0].message if failed else ""
        failed.append(turn)
    return None, len(failed), failed[0].message if failed else ""


def _by_runs(journal: Journal, watched: Watched, asked: Sequence[Expected]) -> Iterator[JobHealth]:
    records: dict[str, JobRecord] = {}
    for record in journal.totals.jobs():
        # Of several books those of which something was heard last are meant.
        if watched.is_ours(record.org) and _is_newer(record, records.get(record.job)):
            records[record.job] = record
    for each in asked:
        found = records.get(each.job)
        told = (None, 0, "") if found is None else (found.good, found.failures, found.error)
        if found is not None or each.since is not None:
            yield _judged(each, *told)


def _is_newer(record: JobRecord, other: JobRecord | None) -> bool:
    return other is None or record.last > other.last


def _judged(each: Expected, good: datetime | None, failures: int, error: str) -> JobHealth:
    problems = []
    if failures >= each.most_failures:
        problems.append(f"{each.job}: {failures} failures in a row")
    if good is None and each.is_named:
        problems.append(f"{each.job}: no good run so far")
    if good is not None and each.since is not None and good < each.since:
        moments = f"{good:%Y-%m-%d %H:%M}", f"{each.since:%Y-%m-%d %H:%M}"
        problems.append(
            f"{each.job}: the last good run ended at {moments[0]} UTC, one was due by {moments[1]}"
        )
    return JobHealth(each.job, good, failures, error, tuple(problems))


def _open_turns(journal: Journal, watched: Watched, now: datetime) -> Iterator[OpenTurn]:
    for turn in journal.turns.open(watched.service):
        job = watched.policy.schedule.find(turn.job)
        limit = (job.limit if job is not None else timedelta()) + _GRACE
        told = f"{turn.job}: its turn of {turn.due:%Y-%m-%d %H:%M} UTC has not ended"
        problem = f"{told}: is the scheduler there?" if now - turn.started > limit else ""
        yield OpenTurn(turn.job, turn.started, turn.attempts, problem)


def _waiting(journal: Journal, watched: Watched) -> list[JournalledMessage]:
    books = {each.org for each in journal.totals.mails() if watched.is_ours(each.org)}
    return [
        message
        for org in sorted(books)
        for message in journal.messages.in_states(org, _WAITING)
        if not message.is_for_outbox
    ]


def _counted(waiting: Collection[JournalledMessage]) -> dict[str, int]:
    return {
        str(state): sum(each.state is state for each in waiting)
        for state in _WAITING
        if any(each.state is state for each in waiting)
    }


def _late(waiting: Collection[JournalledMessage], now: datetime) -> str:
    late = [each for each in waiting if now - each.planned_at > _MAIL_WAITS]
    if not late:
        return ""
    since = min(each.planned_at for each in late)
    return f"mails: {len(late)} not sent, the oldest since {since:%Y-%m-%d %H:%M} UTC"


def _last_told(journal: Journal, watched: Watched, org: OrgHealth) -> OrgHealth:
    """Take from the last run how many API calls the org had left."""
    for books, left, total in journal.totals.api_left():
        if watched.is_ours(books):
            return OrgHealth(org.is_reachable, org.problem, left, total)
    return org
