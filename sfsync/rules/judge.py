"""What would change in the org, said record by record, with the reason and what it rests on?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sfsync.columns import Mask
from sfsync.facts import Look
from sfsync.model import RULE_CAUSE, Change, FieldChange, Finding, Stamp
from sfsync.policy import NO_STATE, Keep, Machine, Rule
from sfsync.rules.decide import Decision, Write, decide, differs, rule_of
from sfsync.rules.follow import refuse_circles
from sfsync.rules.words import evidence_of, facts_of, in_words, name_of

MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one pass decides: changes and findings by object and Id, how many accounts it judged and
    would move.
    """

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    judged: int


def judge(look: Look) -> Judgement:
    """Apply all rules of the policy to a snapshot.

    Raises CircleError where rules contradict each other.
    """
    changes: list[Change] = []
    findings: list[Finding] = []
    judged = 0
    for machine in look.policy.machines.values():
        decision = decide(look, machine)
        refuse_circles(look, decision)
        changes += _Words(look, decision).changes()
        findings += _findings(look, machine)
        if machine.rules:
            judged += len(decision.before)
    return Judgement(
        tuple(sorted(changes, key=lambda change: (change.object, change.id))),
        tuple(sorted(findings, key=lambda finding: (finding.object, finding.id, finding.code))),
        judged,
    )


class _Words:
    """Puts one object's decision into changes."""

    def __init__(self, look: Look, decision: Decision) -> None:
        self._look = look
        self._decision = decision
        self._object = decision.machine.object
        self._effective = [(write, self._effect(write)) for write in decision.writes]

    def _effect(self, write: Write) -> Mask:
        return write.mask & differs(self._look.column(self._object, write.field), write.after)

    def changes(self) -> Iterator[Change]:
        """Yield a change for each record of which some field differs."""
        touched = np.zeros(len(self._decision.before), dtype=bool)
        for _, effect in self._effective:
            touched |= effect
        for row in np.flatnonzero(touched).tolist():
            change = self._change(row)
            if change.fields:
                yield change

    def _change(self, row: int) -> Change:
        rule = rule_of(self._decision, row)
        keeps = [] if rule else self._keeps(row)
        sources: list[Rule | Keep] = [rule] if rule else list(keeps)
        names = facts_of(sources)
        return Change(
            object=self._object,
            id=str(self._look.frame(self._object).index[row]),
            name=name_of(self._look, self._object, row),
            fields=self._fields(row),
            cause=f"{RULE_CAUSE}{rule.name}" if rule else keeps[0].name if keeps else "",
            reason="; ".join(
                in_words(self._look, self._object, row, each.because) for each in sources
            ),
            evidence=evidence_of(self._look, self._object, row, names),
            rests_on=self._rests_on(row, names),
        )

    def _fields(self, row: int) -> Mapping[str, FieldChange]:
        fields = {}
        for write in self._decision.writes:
            if write.mask[row]:
                before = self._look.column(self._object, write.field).at(row)
                after = write.after.at(row)
                name = self._look.policy.field(self._object, write.field)
                fields[name] = FieldChange(before, after)
        return {
            name: fields[name]
            for name in sorted(fields)
            if fields[name].before != fields[name].after
        }

    def _keeps(self, row: int) -> list[Keep]:
        numbers = sorted({write.source for write, effect in self._effective if effect[row]})
        return [self._decision.machine.keep[number] for number in numbers]

    def _rests_on(self, row: int, names: Iterable[str]) -> tuple[Stamp, ...]:
        own = _stamp(self._look, self._object, row)
        proofs = {
            _stamp(self._look, *proof)
            for name in names
            if (column := self._look.column(self._object, name)).proof is not None
            and (proof := column.proof.at(row)) is not None
            and MODIFIED in self._look.policy.objects[proof[0]]
        }
        return (own, *sorted(proofs - {own}))


def _stamp(look: Look, object_name: str, row: int) -> Stamp:
    modified = look.column(object_name, MODIFIED).at(row)
    return Stamp(
        object_name,
        str(look.frame(object_name).index[row]),
        None if modified is None else str(modified),
    )


def _findings(look: Look, machine: Machine) -> Iterator[Finding]:
    places = {name: place for place, name in enumerate(machine.states)} | {NO_STATE: -1}
    for rule in machine.findings:
        here = rule.when.truth(look.on(machine.object)).holds
        if rule.in_states is not None:
            here = here & np.isin(
                look.state(machine.object), [places[name] for name in rule.in_states]
            )
        for row in np.flatnonzero(here).tolist():
            yield Finding(
                code=rule.name,
                object=machine.object,
                id=str(look.frame(machine.object).index[row]),
                name=name_of(look, machine.object, row),
                owner_id=_owner(look, machine.object, row),
                message=in_words(look, machine.object, row, rule.because),
                evidence=evidence_of(look, machine.object, row, facts_of([rule])),
            )


def _owner(look: Look, object_name: str, row: int) -> str | None:
    owner = look.column(object_name, "owner").at(row)
    return None if owner is None else str(look.frame("User").index[int(owner)])
