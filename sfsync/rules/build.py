"""What do the states, rules, scores and findings of one file say, once every name in it is
checked?
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sfsync.columns import Kind
from sfsync.conditions import Condition, parse_condition
from sfsync.facts import FACTS
from sfsync.lines import Document, Path
from sfsync.policy import (
    DAY_COUNTS,
    FOUND,
    MISSING,
    NO_STATE,
    OWN_CODES,
    Assignment,
    FieldSpec,
    FindingRule,
    Keep,
    Machine,
    Rule,
    ScoreLine,
    StateSpec,
    TaskRule,
)
from sfsync.registry import nearest
from sfsync.rules import shape
from sfsync.rules.values import assignment, check_reason


class Problems:
    """The problems of one file, each with its place."""

    def __init__(self, document: Document, found: list[str]) -> None:
        self._document = document
        self._found = found

    def add(self, path: Path, message: str) -> None:
        """Note a problem at a path."""
        self._found.append(f"{self.place(path)}: {message}")

    def place(self, path: Path) -> str:
        """Say where a path stands."""
        return self._document.place(path)


class Builder:
    """Builds the machine of one rule file, noting what is wrong."""

    def __init__(
        self,
        file: shape.RuleFile,
        names: Mapping[str, Kind],
        problems: Problems,
        objects: Mapping[str, Mapping[str, FieldSpec]],
    ) -> None:
        self._file = file
        self._names = names
        self._objects = objects
        self._problems = problems
        self._states = [name for name in file.states if name != NO_STATE]
        # Of an object without states nothing can be in the state `none` either.
        self._asked_states = [NO_STATE, *self._states] if file.state is not None else []

    def machine(self) -> Machine:
        """Return the machine; of use only if no problem was noted."""
        file = self._file
        if file.state is not None:
            self._known_field(file.state, ("state",), Kind.WORDS)
        self._has_what_it_needs()
        self._unique_names()
        return Machine(
            object=file.object,
            state=file.state or "",
            states={
                name: state
                for name, each in file.states.items()
                if (state := self._state(name, each)).name != NO_STATE
            },
            rules=tuple(self._rule(n, each) for n, each in enumerate(file.rules)),
            keep=tuple(self._keep(n, each) for n, each in enumerate(file.keep)),
            findings=tuple(self._finding(n, each) for n, each in enumerate(file.findings)),
            tasks=tuple(self._task(n, each) for n, each in enumerate(file.tasks)),
            scores={name: self._score(name, lines) for name, lines in file.scores.items()},
        )

    def _has_what_it_needs(self) -> None:
        """Check that the file has states, unless it holds findings only; and that these have an
        owner.
        """
        file = self._file
        others = file.states or file.rules or file.keep or file.tasks or file.scores
        if file.state is None and (others or not file.findings):
            self._problems.add((), '"state" is missing: only findings can do without states')
        if file.state is not None and not file.states:
            self._problems.add((), '"states" is missing')
        if file.findings and "owner" not in self._objects[file.object]:
            self._problems.add(
                ("findings",), f"whose are they? Name the owner's field of {file.object} as `owner`"
            )

    def _unique_names(self) -> None:
        seen: set[str] = set()
        for part in ("rules", "keep", "findings", "tasks"):
            for n, each in enumerate(getattr(self._file, part)):
                if each.name in seen:
                    self._problems.add(
                        (part, n, "name"), f'"{each.name}" is the name of something above'
                    )
                seen.add(each.name)

    def _state(self, name: str, each: shape.State) -> StateSpec:
        path: Path = ("states", name)
        if each.entered is not None:
            self._known_field(each.entered, (*path, "entered"), Kind.INSTANT)
        self._known_states(each.may_become, (*path, "may_become"), self._states)
        return StateSpec(name, each.entered, tuple(each.formerly), tuple(each.may_become))

    def _rule(self, n: int, each: shape.RuleShape) -> Rule:
        path: Path = ("rules", n)
        self._known_states(each.from_states, (*path, "from"), [NO_STATE, *self._states])
        self._known_states([each.to], (*path, "to"), self._states)
        if each.to in each.from_states:
            self._problems.add(
                (*path, "from"),
                f'rule {each.name}: it moves to "{each.to}", so it cannot move from there',
            )
        for state in each.from_states:
            allowed = self._file.states.get(state)
            if (
                each.to in self._states
                and state != each.to
                and allowed is not None
                and each.to not in allowed.may_become
            ):
                self._problems.add(
                    (*path, "from"),
                    f'rule {each.name}: "{state}" may not become "{each.to}" by the states above',
                )
        self._known_findings(each.found, (*path, "found"))
        return Rule(
            name=each.name,
            from_states=tuple(each.from_states),
            when=self._when(each.when, (*path, "when")),
            to=each.to,
            set=self._assignments(each.set, (*path, "set")),
            because=self._because(each.because, (*path, "because"), [FOUND] if each.found else []),
            place=self._problems.place(path),
            found=tuple(each.found),
        )

    def _known_findings(self, names: Sequence[str], path: Path) -> None:
        """Check that a rule asks for findings of the file, which do not ask for rules in turn."""
        findings = {each.name: each for each in self._file.findings}
        for n, name in enumerate(names):
            if name not in findings:
                self._problems.add((*path, n), f'no finding "{name}"{nearest(name, findings)}')
            elif findings[name].staying_in:
                self._problems.add(
                    (*path, n),
                    f'the finding "{name}" is of records that no rule moves (staying_in)',
                )

    def _keep(self, n: int, each: shape.KeepShape) -> Keep:
        path: Path = ("keep", n)
        if bool(each.set) == bool(each.entered_field):
            self._problems.add(path, f'{each.name}: give either "set" or "entered_field"')
        for key in ("staying_in", "ending_in"):
            self._known_states(getattr(each, key) or [], (*path, key), [NO_STATE, *self._states])
        entered = each.entered_field.fact if each.entered_field else None
        if entered is not None and self._names.get(entered) is not Kind.INSTANT:
            instants = [name for name, kind in self._names.items() if kind is Kind.INSTANT]
            self._problems.add(
                (*path, "entered_field"), f'"{entered}" is no instant{nearest(entered, instants)}'
            )
        return Keep(
            name=each.name,
            staying_in=_tuple(each.staying_in),
            ending_in=_tuple(each.ending_in),
            when=self._when(each.when, (*path, "when")) if each.when is not None else None,
            set=self._assignments(each.set, (*path, "set")),
            entered_fact=entered,
            because=self._because(each.because, (*path, "because")),
            place=self._problems.place(path),
        )

    def _finding(self, n: int, each: shape.FindingShape) -> FindingRule:
        path: Path = ("findings", n)
        for key, states in (("in", each.in_states), ("staying_in", each.staying_in)):
            self._known_states(states or [], (*path, key), self._asked_states)
        if each.in_states and each.staying_in:
            self._problems.add(path, f'{each.name}: give either "in" or "staying_in"')
        if each.name in OWN_CODES:
            words = f"sfsync itself finds things as {each.name}: call it otherwise"
            self._problems.add((*path, "name"), words)
        for place, name in enumerate(each.missing):
            self._known_path(name, (*path, "missing", place))
        return FindingRule(
            each.name,
            _tuple(each.staying_in or each.in_states),
            self._when(each.when, (*path, "when")),
            self._because(each.because, (*path, "because"), [MISSING] if each.missing else []),
            self._problems.place(path),
            missing=tuple(each.missing),
            is_of_unmoved=each.staying_in is not None,
        )

    def _task(self, n: int, each: shape.TaskShape) -> TaskRule:
        path: Path = ("tasks", n)
        self._known_states(each.in_states or [], (*path, "in"), [NO_STATE, *self._states])
        findings = [finding.name for finding in self._file.findings]
        for place, name in enumerate(each.without):
            if name not in findings:
                words = f'there is no finding "{name}"{nearest(name, findings)}'
                self._problems.add((*path, "without", place), words)
        if bool(each.queue) == bool(each.owner):
            self._problems.add(path, f'{each.name}: give either "queue" or "owner: record"')
        self._counts_days(each.spell_of, (*path, "spell_of"))
        if each.subject in [other.subject for other in self._file.tasks[:n]]:
            # By its subject a task is found again, so that no record gets it twice.
            words = f"{each.name}: a task above has the same subject; give it another"
            self._problems.add((*path, "subject"), words)
        return TaskRule(
            name=each.name,
            in_states=_tuple(each.in_states),
            when=self._when(each.when, (*path, "when")),
            without=tuple(each.without),
            subject=self._because(each.subject, (*path, "subject")),
            description=self._because(each.description, (*path, "description")),
            queue=each.queue or "",
            due_in_days=each.due_in_days,
            because=self._because(each.because, (*path, "because")),
            place=self._problems.place(path),
            spell_of=each.spell_of or "",
        )

    def _counts_days(self, name: str | None, path: Path) -> None:
        facts = [each for each in DAY_COUNTS if f"{self._file.object}.{each}" in FACTS]
        if name is not None and name not in facts:
            words = f'no fact "{name}" of {self._file.object} counts the days of a spell'
            self._problems.add(path, f"{words}; these do: {', '.join(facts) or 'none'}")

    def _known_path(self, name: str, path: Path) -> None:
        """Check a field of the record, or (`account.city`) of one to which it refers."""
        first, _, second = name.partition(".")
        if not second:
            self._known_field(name, path)
            return
        fields = self._objects[self._file.object]
        ways = {each: spec.to for each, spec in fields.items() if spec.to}
        if first not in ways:
            self._problems.add(path, f'no reference is called "{first}"{nearest(first, ways)}')
        elif second not in self._objects.get(ways[first], {second}):
            # An object that is nowhere is told at its reference.
            hint = nearest(second, self._objects[ways[first]])
            self._problems.add(path, f'{ways[first]} has no field "{second}"{hint}')

    def _score(self, name: str, lines: Sequence[shape.ScoreShape]) -> tuple[ScoreLine, ...]:
        return tuple(
            ScoreLine(x.points, self._when(x.when, ("scores", name, n, "when")))
            for n, x in enumerate(lines)
        )

    def _when(self, raw: Any, path: Path) -> Condition:
        return parse_condition(raw, self._names, self._problems.add, path)

    def _assignments(self, raw: Mapping[str, Any], path: Path) -> tuple[Assignment, ...]:
        return tuple(self._assignment(name, value, (*path, name)) for name, value in raw.items())

    def _assignment(self, name: str, value: Any, path: Path) -> Assignment:
        self._known_field(name, path)
        if name == self._file.state or name in {s.entered for s in self._file.states.values()}:
            self._problems.add(path, f"{name} is written by the move itself")
        if name in self._names:
            try:
                return assignment(name, value, self._names)
            except ValueError as error:
                self._problems.add(path, f"{name}: {error}")
        return Assignment(name)

    def _known_field(self, name: str, path: Path, kind: Kind | None = None) -> None:
        fields = [each for each in self._names if f"{self._file.object}.{each}" not in FACTS]
        if name not in fields:
            self._problems.add(path, f'there is no field "{name}"{nearest(name, fields)}')
        elif kind is not None and self._names[name] is not kind:
            self._problems.add(path, f"{name} is a {self._names[name]}, not a {kind}")

    def _known_states(self, states: Sequence[str], path: Path, valid: Sequence[str]) -> None:
        for state in states:
            if state not in valid:
                self._problems.add(path, f'there is no state "{state}"{nearest(state, valid)}')

    def _because(self, text: str, path: Path, more: Sequence[str] = ()) -> str:
        try:
            check_reason(text, {*self._names, *more})
        except ValueError as error:
            self._problems.add(path, str(error))
        return text


def _tuple(states: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if states is None else tuple(states)
