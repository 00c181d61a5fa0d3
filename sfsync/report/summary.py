"""What did the runs do since the admin was last told?"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sfsync.letter import JournalledMessage
from sfsync.model import Action, JournalledChange, OpenFinding, Run, RunState, State, Value
from sfsync.report.lines import day_in
from sfsync.report.orders import SummaryOrder
from sfsync.report.people import Person

# How many records of a group are named.
NAMED = 3
SUMMARY = "runs"
_HELD = (State.STALE, State.UNKNOWN, State.SKIPPED)
_BROKEN = (RunState.STOPPED, RunState.CRASHED, RunState.RUNNING)


# What may befall a record.
MOVED, WRITTEN, REFUSED, HELD = "moved", "written", "refused", "held"


@dataclass(frozen=True, slots=True)
class Named:
    """A record, by its name; `id` is empty where it was to be created and was not."""

    object: str
    id: str
    name: str
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """What happened alike to some records: how many they are, in how many runs, and the first of
    them.
    """

    records: int
    runs: int
    first: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written for one cause; `way` leads from a status or stage to another one, None where
    neither was written.
    """

    cause: str
    object: str
    way: tuple[Value, Value] | None
    group: Group


@dataclass(frozen=True, slots=True)
class Left:
    """What was not written: refused by the org (with its code and message), or held.

    Of skipped changes `message` says why; of stale and unknown ones each has its own, and none is
    here.
    """

    state: State
    code: str
    message: str
    group: Group


@dataclass(frozen=True, slots=True)
class Broken:
    """Runs that ended before their work was done, in the same way; oldest first."""

    state: RunState
    error: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """How many findings of a code are new, and how many were solved."""

    code: str
    new: int
    solved: int


@dataclass(frozen=True, slots=True)
class Period:
    """Of which runs a summary tells, and to whom.

    It is made at `now` and tells of what ended after `since` (None: it is of the one run `run`, by
    its Id). All instants are aware UTC, by the machine's clock. `url` and `zone` are the org's;
    `state_fields` names the field of the status or stage for each object. `is_first`: there was
    none before. `service` is the org's name, where there are several.
    """

    order: SummaryOrder
    reader: Person
    now: datetime
    since: datetime | None
    url: str
    zone: str
    state_fields: Mapping[str, str]
    is_first: bool = False
    run: str = ""
    service: str = ""

    @property
    def key(self) -> str:
        """The same for all summaries of a day or week, or of a run: one of these is to be sent."""
        if self.run:
            return f"run:{self.run}:{self.reader.id}"
        today = day_in(self.zone, self.now)
        period = today.isoformat() if self.order.every == "daily" else f"{today:%G-W%V}"
        return f"{SUMMARY}:{period}:{self.reader.id}"


@dataclass(frozen=True, slots=True)
class Summary:
    """What the admin is told of some runs (oldest first). `records` counts those that were moved,
    otherwise written, refused and held, each once however often that befell it.
    """

    period: Period
    runs: tuple[Run, ...]
    written: tuple[Written, ...]
    left: tuple[Left, ...]
    broken: tuple[Broken, ...]
    found: tuple[Found, ...]
    mails: tuple[JournalledMessage, ...]
    records: Mapping[str, int]

    @property
    def key(self) -> str:
        """The mail's identity."""
        return self.period.key

    @property
    def name(self) -> str:
        """What kind of mail it is: of one run, or of all."""
        return self.key.partition(":")[0]

    @property
    def reader(self) -> Person:
        """The admin."""
        return self.period.reader

    @property
    def now(self) -> datetime:
        """When it was made."""
        return self.period.now

    @property
    def api_calls(self) -> int | None:
        """The API calls of those runs that counted them; None where none did."""
        counted = [run.api_calls for run in self.runs if run.api_calls is not None]
        return sum(counted) if counted else None

    @property
    def is_worth_telling(self) -> bool:
        """Tell whether anything happened. That findings came or went is told by other mails."""
        return bool(self.written or self.left or self.broken or self.mails)


def summarise(
    period: Period,
    done: Iterable[tuple[Run, Sequence[JournalledChange]]],
    found: Iterable[OpenFinding] = (),
    mails: Iterable[JournalledMessage] = (),
) -> Summary:
    """Sum up runs (oldest first, each with its changes), the findings that they found new or
    solved, and the mails that were refused or wait.

    The changes of a run are let go of when they are counted. Runs that are open must be dead ones.
    """
    tally = _Tally(period.state_fields)
    runs = []
    for run, changes in done:
        runs.append(run)
        for each in changes:
            tally.take(each)
    return Summary(
        period,
        tuple(runs),
        tally.written(),
        tally.left(),
        _broken(runs),
        _found(runs, found),
        tuple(mails),
        tally.records(),
    )


@dataclass(slots=True)
class _Alike:
    """Changes that are alike, while they are counted."""

    records: set[tuple[str, str]] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    first: list[Named] = field(default_factory=list)

    def take(self, each: JournalledChange) -> None:
        key = each.change.object, each.change.id
        if key not in self.records and len(self.first) < NAMED:
            self.first.append(_named(each))
        self.records.add(key)
        self.runs.add(each.run)

    def group(self) -> Group:
        return Group(len(self.records), len(self.runs), tuple(self.first))


def _named(each: JournalledChange) -> Named:
    change = each.change
    if change.action is Action.CREATE:
        # Its own Id is only a name for what was to come.
        return Named(change.object, each.outcome.created, change.name)
    is_deleted = change.action is Action.DELETE and each.outcome.state is State.APPLIED
    return Named(change.object, change.id, change.name, not is_deleted)


_Way = tuple[str, str, tuple[Value, Value] | None]


class _Tally:
    """Counts changes by what became of them, and why."""

    def __init__(self, state_fields: Mapping[str, str]) -> None:
        self._state_fields = state_fields
        self._written: dict[_Way, _Alike] = {}
        self._left: dict[tuple[State, str, str], _Alike] = {}
        self._records: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def take(self, each: JournalledChange) -> None:
        outcome = each.outcome
        record = each.change.object, each.change.id
        if outcome.state is State.APPLIED:
            way = self._way(each)
            self._written.setdefault(way, _Alike()).take(each)
            self._records[WRITTEN if way[-1] is None else MOVED].add(record)
        elif outcome.state is State.REFUSED:
            key = outcome.state, outcome.code, outcome.message
            self._left.setdefault(key, _Alike()).take(each)
            self._records[REFUSED].add(record)
        elif outcome.state in _HELD:
            why = outcome.message if outcome.state is State.SKIPPED else ""
            self._left.setdefault((outcome.state, "", why), _Alike()).take(each)
            self._records[HELD].add(record)

    def records(self) -> dict[str, int]:
        """How many records what befell."""
        return {what: len(several) for what, several in self._records.items()}

    def _way(self, each: JournalledChange) -> _Way:
        change = each.change
        moved = change.fields.get(self._state_fields.get(change.object, ""))
        way = None if moved is None else (moved.before or None, moved.after or None)
        return change.cause, change.object, way

    def written(self) -> tuple[Written, ...]:
        """The moves first, the most frequent first."""
        every = [Written(*way, alike.group()) for way, alike in self._written.items()]
        return tuple(
            sorted(
                every,
                key=lambda each: (
                    each.way is None,
                    -each.group.records,
                    each.cause,
                    each.object,
                    str(each.way),
                ),
            )
        )

    def left(self) -> tuple[Left, ...]:
        """The most frequent first."""
        every = [Left(*why, alike.group()) for why, alike in self._left.items()]
        return tuple(
            sorted(every, key=lambda each: (-each.group.records, each.state, each.message))
        )


def _broken(runs: Iterable[Run]) -> tuple[Broken, ...]:
    alike: dict[tuple[RunState, str], list[Run]] = {}
    for run in runs:
        if run.state in _BROKEN:
            alike.setdefault((run.state, run.error or ""), []).append(run)
    return tuple(Broken(*how, tuple(several)) for how, several in alike.items())


def _found(runs: Iterable[Run], found: Iterable[OpenFinding]) -> tuple[Found, ...]:
    """Count what came and went; a finding bears the moment that the pass judged."""
    moments = {run.now for run in runs if run.state is RunState.FINISHED}
    new: dict[str, int] = {}
    solved: dict[str, int] = {}
    for each in found:
        code = each.finding.code
        if each.first_seen in moments:
            new[code] = new.get(code, 0) + 1
        if each.solved_at in moments:
            solved[code] = solved.get(code, 0) + 1
    every = [Found(code, new.get(code, 0), solved.get(code, 0)) for code in {*new, *solved}]
    return tuple(sorted(every, key=lambda each: (-each.new - each.solved, each.code)))
