"""What does Commit ask of an opportunity, which of it is there, and what proves it?

What is asked is declared: the findings whose condition tests `commit_due`.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from sfsync.conditions import failing
from sfsync.facts import Look
from sfsync.facts.blank import blank_in, path_of, unread_in
from sfsync.facts.deals import closing_days
from sfsync.facts.entry import stage_before
from sfsync.model import Evidence
from sfsync.policy import FindingRule, Machine
from sfsync.rules.blind import needs_of
from sfsync.rules.findings import found_in, holds_for, referred_to
from sfsync.rules.words import evidence_of, facts_of, tested

DUE = "commit_due"
_STAGES = "Opportunity"


class Standing(StrEnum):
    """How an item stands: there, not there, not asked of this one, or nobody can judge it."""

    MET = "met"
    MISSING = "missing"
    NOT_NEEDED = "not needed"
    UNKNOWN = "cannot be judged"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that Commit asks for, by the code of the finding that it is missing.

    `why` says why it is not there, not needed or cannot be judged; empty where it is there.
    `evidence` holds the facts and fields asked about, `fields` the same by the org's names; `asked`
    which of these must be filled in, `blank` which of them are not.
    """

    code: str
    standing: Standing
    why: str
    evidence: tuple[Evidence, ...]
    fields: tuple[str, ...]
    asked: tuple[str, ...]
    blank: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommitCheck:
    """Whether an opportunity is asked for all that Commit needs, and its items.

    Where a won one is not asked, `why` says so, and there are no items.
    """

    is_asked: bool
    why: str
    items: tuple[Item, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The codes of what is missing."""
        return tuple(each.code for each in self.items if each.standing is Standing.MISSING)


def asked_in_commit(machine: Machine) -> tuple[FindingRule, ...]:
    """Return the findings that tell of what Commit asks for and is missing."""
    return tuple(each for each in machine.findings if DUE in tested(each.when))


def commit_check(look: Look, machine: Machine, row: int) -> CommitCheck | None:
    """Say what Commit asks of an opportunity by its row; None where it asks nothing, or not yet."""
    asked = asked_in_commit(machine)
    if machine.object != _STAGES or not asked:
        return None
    if look.column(_STAGES, DUE).values[row]:
        return CommitCheck(True, "", tuple(_item(look, machine, each, row) for each in asked))
    if not look.column(_STAGES, "is_won").values[row]:
        return None
    return CommitCheck(False, _why_not(look, machine, row))


def _why_not(look: Look, machine: Machine, row: int) -> str:
    """Say why a won opportunity is not asked."""
    before = stage_before(look)[row]
    names, commit = list(machine.states), look.policy.facts.commit_stage
    if before < 0:
        return f"not asked: its history does not show that it was won from {commit}"
    if names[before] != commit:
        return f"not asked: it was won straight from {names[before]}, not from {commit}"
    day, most = closing_days(look)[row], look.policy.facts.commit_days_after_won
    return f"not asked any more: it was won on {day}, more than {most} days ago"


def _item(look: Look, machine: Machine, rule: FindingRule, row: int) -> Item:
    here = np.array([row])
    fields, evidence = _proof(look, machine, rule, row)
    lacking = ", ".join(needs_of(look, machine, rule))
    holds = holds_for(look, machine, rule, np.zeros(look.size(machine.object), dtype=bool))
    if holds is None or lacking:
        standing, why = Standing.UNKNOWN, f"the org lacks {lacking}"
    elif any(unread_in(look, machine.object, name)[row] for name in rule.missing):
        standing, why = Standing.UNKNOWN, "the account is left out of the loop"
    elif holds[row]:
        (finding,) = found_in(look, machine.object, rule, here)
        standing, why = Standing.MISSING, finding.message
    else:
        parts = failing(rule.when, look.on(machine.object), row) if rule.missing else []
        standing = Standing.NOT_NEEDED if parts else Standing.MET
        why = f"only where {' and '.join(str(part) for part, _, _ in parts)}" if parts else ""
    asked = {name: path_of(look, machine.object, name).field for name in rule.missing}
    blank = [field for name, field in asked.items() if blank_in(look, machine.object, name)[row]]
    return Item(rule.name, standing, why, evidence, fields, tuple(asked.values()), tuple(blank))


def _proof(
    look: Look, machine: Machine, rule: FindingRule, row: int
) -> tuple[tuple[str, ...], tuple[Evidence, ...]]:
    """Return what an item asks about, by the org's names, and what stands there."""
    own = look.policy.objects[machine.object]
    facts = [name for name in facts_of([rule]) if name not in (DUE, "is_closed")]
    fields = [own[name].field if name in own else name for name in facts]
    evidence = [*evidence_of(look, machine.object, row, facts)]
    here = np.array([row])
    for name in rule.missing:
        path = path_of(look, machine.object, name)
        (value,), (record,) = path.take(here), referred_to(look, path, here)
        fields.append(path.field)
        evidence.append(Evidence(name, value, record))
    return tuple(fields), tuple(evidence)
