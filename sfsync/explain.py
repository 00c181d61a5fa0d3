"""Why did a record move, or did not, and when could it move next if nothing happens?"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from sfsync.bounds import MOST_DAYS
from sfsync.columns import Array, Kind
from sfsync.conditions import Condition, Test, failing
from sfsync.errors import NotFound
from sfsync.facts import FACTS, Look
from sfsync.model import Evidence, Value
from sfsync.policy import FOUND, Machine, Rule
from sfsync.rules.commit import CommitCheck, commit_check
from sfsync.rules.decide import Decision, any_found, decide, rule_of
from sfsync.rules.findings import found_for
from sfsync.rules.follow import carried_out
from sfsync.rules.words import all_in_words, evidence_of, name_of
from sfsync.snapshot import Snapshot

# How far ahead the next move is looked for, in days: the longest pause, and some.
HORIZON = 1100
_A_DAY = np.timedelta64(1, "D")
_A_SECOND = np.timedelta64(1, "s")


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition that does not hold: in words, with the value tested, and whether it is known to
    fail or unknown.
    """

    text: str
    value: Value
    is_known: bool


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule says of the record: it `moves` it, `holds` behind another, is for another
    state, or which clauses fail.

    `reason` is that of the change; `in_short` has the codes of what Commit misses for its words.
    """

    name: str
    to: str
    verdict: str
    failing: tuple[Clause, ...] = ()
    reason: str = ""
    in_short: str = ""


@dataclass(frozen=True, slots=True)
class Points:
    """One line of a score: whether its condition holds, and what it then gives."""

    score: str
    points: float
    condition: str
    holds: bool


@dataclass(frozen=True, slots=True)
class NextMove:
    """The earliest day (of the org) on which a rule would move the record if nothing happens:
    `YYYY-MM-DD`.
    """

    day: str
    rule: str
    to: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that can be said of one record at one moment."""

    object: str
    id: str
    name: str
    state: Value
    facts: tuple[Evidence, ...]
    rules: tuple[RuleVerdict, ...]
    points: tuple[Points, ...]
    next_move: NextMove | None
    commit: CommitCheck | None = None


MOVES, HOLDS, OTHER_STATE, FAILS = "moves", "holds", "other-state", "fails"


def explain(look: Look, record_id: str) -> Explanation:
    """Explain an account or opportunity of the snapshot.

    Raises NotFound where it is none of the records that were read.
    """
    for object_name, machine in look.policy.machines.items():
        position = look.snapshot.position(object_name, record_id)
        if position is not None:
            alone = np.zeros(look.size(object_name), dtype=bool)
            alone[position] = True
            only = Look(look.snapshot.only({object_name: alone}), look.policy)
            return _explain(only, machine)
    kinds = " or ".join(look.policy.machines)
    raise NotFound(
        f"{record_id}: no {kinds} that the rules see in this org has this Id; check the Id, and"
        " leave_out in sfsync.yaml"
    )


def _explain(look: Look, machine: Machine) -> Explanation:
    decision = decide(look, machine)
    rule = rule_of(decision, 0)
    commit = commit_check(look, machine, 0)
    missing = commit.missing if commit else ()
    return Explanation(
        object=machine.object,
        id=str(look.frame(machine.object).index[0]),
        name=name_of(look, machine.object, 0),
        state=look.column(machine.object, machine.state).at(0),
        facts=evidence_of(look, machine.object, 0, _fact_names(machine)),
        rules=tuple(_verdicts(look, machine, decision, missing)),
        points=tuple(_points(look, machine)),
        next_move=None if rule else _next_move(look, machine, decision),
        commit=commit,
    )


def _fact_names(machine: Machine) -> list[str]:
    return [fact.name for fact in FACTS.values() if fact.object == machine.object] + list(
        machine.scores
    )


def _verdicts(
    look: Look, machine: Machine, decision: Decision, missing: Collection[str]
) -> Iterator[RuleVerdict]:
    state = look.column(machine.object, machine.state).at(0) or "none"
    for number, rule in enumerate(machine.rules):
        clauses = (*_clauses(look, machine, rule.when), *_not_found(look, machine, rule))
        if state not in rule.from_states:
            yield RuleVerdict(rule.name, rule.to, OTHER_STATE)
        elif clauses:
            yield RuleVerdict(rule.name, rule.to, FAILS, clauses)
        else:
            verdict = MOVES if decision.rule[0] == number else HOLDS
            reason = _reason(look, machine, rule)
            in_short = _reason(look, machine, rule, missing)
            yield RuleVerdict(rule.name, rule.to, verdict, (), reason, in_short)


def _reason(look: Look, machine: Machine, rule: Rule, by_code: Collection[str] = ()) -> str:
    """Say why a rule moves the record; the findings `by_code` by their codes alone."""
    row = np.array([0])
    in_words = [each for each in machine.found_for(rule) if each.name not in by_code]
    (said,), _ = found_for(look, machine, in_words, row)
    codes = ", ".join(name for name in rule.found if name in by_code)
    given = {FOUND: ["; ".join(each for each in (codes, said) if each)]} if rule.found else {}
    return all_in_words(look, machine.object, row, rule.because, given)[0]


def _not_found(look: Look, machine: Machine, rule: Rule) -> Iterator[Clause]:
    """Say that none of the findings that a rule asks for holds, where that is so."""
    if rule.found and not any_found(look, machine, rule)[0]:
        yield Clause(f"one of {', '.join(rule.found)}", None, True)


def _clauses(look: Look, machine: Machine, condition: Condition) -> Iterator[Clause]:
    for part, is_known, value in failing(condition, look.on(machine.object), 0):
        yield Clause(str(part), value, is_known)


def _points(look: Look, machine: Machine) -> Iterator[Points]:
    for score, lines in machine.scores.items():
        for line in lines:
            holds = bool(line.when.truth(look.on(machine.object)).holds[0])
            yield Points(score, line.points, str(line.when), holds)


def _next_move(look: Look, machine: Machine, decision: Decision) -> NextMove | None:
    """Try the moments at which some limit is reached, in order, on a snapshot in which today's
    upkeep is done.
    """
    kept = carried_out(look.snapshot, decision)
    for moment in _moments_to_try(look, machine, kept):
        later = Look(replace(kept, now=_as_datetime(moment)), look.policy)
        rule = rule_of(decide(later, machine), 0)
        if rule is not None:
            return NextMove(str(later.today), rule.name, rule.to)
    return None


def _as_datetime(moment: np.datetime64) -> datetime:
    return datetime.fromtimestamp(int(moment.astype("int64")), UTC)


def _moments_to_try(look: Look, machine: Machine, snapshot: Snapshot) -> list[np.datetime64]:
    """List the instants after now, within the horizon, at which something that a rule can ask may
    change: the starts of the days on which a limit counted from some date of the record is
    reached, and the instants of the record themselves.

    Facts compare days with days, so that these change at the starts of days; and instants with now,
    which is a change at the instant (an event has started) or right after it (it lies before now).
    Between two of these moments nothing changes.
    """
    instants, dates = _times(look, snapshot)
    days = np.unique(np.concatenate([[look.today], look.day_of(instants), dates]))
    shifts = np.array(sorted(_shifts(look, machine)), dtype="timedelta64[D]")
    reached = np.unique((days[:, None] + shifts[None, :]).ravel())
    reached = np.concatenate([reached, reached + _A_DAY, [look.today + _A_DAY]])
    last = look.today + HORIZON * _A_DAY
    coming = np.unique(reached[(reached > look.today) & (reached <= last)])
    moments = np.concatenate([look.start_of(coming), instants, instants + _A_SECOND])
    end = look.end_of(np.array([last]))[0]
    return list(np.unique(moments[(moments > look.now) & (moments <= end)]))


def _times(look: Look, snapshot: Snapshot) -> tuple[Array, Array]:
    """Return all instants and all dates that stand in the record and what belongs to it."""
    instants, dates = [np.array([], "datetime64[s]")], [np.array([], "datetime64[D]")]
    for name, frame in snapshot.frames.items():
        for column in frame.columns:
            spec = look.policy.objects.get(name, {}).get(column)
            if spec is not None and spec.kind is Kind.INSTANT:
                instants.append(frame[column].to_numpy())
            elif spec is not None and spec.kind is Kind.DATE:
                dates.append(frame[column].to_numpy().astype("datetime64[D]"))
    found, days = np.unique(np.concatenate(instants)), np.unique(np.concatenate(dates))
    return found[~np.isnat(found)], days[~np.isnat(days)]


def _shifts(look: Look, machine: Machine) -> set[int]:
    """Return by how many days a limit may lie behind the date from which it is counted, or before
    it (negative).
    """
    facts = look.policy.facts
    shifts = {0, facts.recent_days, *facts.pause_days, *facts.pause_days_by_lost_reason.values()}
    conditions = [rule.when for rule in machine.rules]
    conditions += [each.when for rule in machine.rules for each in machine.found_for(rule)]
    conditions += [line.when for score in machine.scores.values() for line in score]
    for test in (test for each in conditions for test in each.tests()):
        shifts |= _of_test(test)
    return {days for days in shifts if abs(days) <= MOST_DAYS}


def _of_test(test: Test) -> set[int]:
    operand = test.operand
    # A date reaches `{in_days: n}` n days before it has come.
    if operand.in_days is not None:
        return {-operand.in_days}
    values = operand.value if isinstance(operand.value, tuple) else (operand.value,)
    return {int(value) for value in values if isinstance(value, int | float)}
