"""What does the company want: which fields, which facts, which rules, which limits?

A policy is what `config/` says, checked and frozen. Its hash goes into every plan, so that a plan
is applied only under the policy that made it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from sfsync.columns import Kind
from sfsync.conditions import Condition

NO_STATE = "none"
# What likely duplicates are found as; no rule of the files declares it.
DUPLICATES = "likely-duplicate"
# What is found of accounts whose match in public sources a person is to judge, whose company has
# ceased, or whose number is not valid.
ENRICHMENT_REVIEW = "enrichment-review"
COMPANY_CEASED = "company-ceased"
NUMBER_INVALID = "number-invalid"
# What runs meet with, and enter as findings: no rule declares these either.
UPDATE_REFUSED, MAIL_REFUSED = "update-refused", "mail-refused"
# What a pass could not create: no rule declares that it is found.
TASK_WAITING = "task-waiting"
# The facts that count the days of a spell: since the last activity, or the entry.
DAY_COUNTS = ("idle_days", "days_in_stage", "days_in_status")
# What stands in the braces of a finding's words for the names of the blank fields.
MISSING = "missing"
# What stands in the braces of a rule's words for what was found of the record.
FOUND = "found"

KIND_OF_TYPE: Mapping[str, Kind] = {
    "text": Kind.WORDS,
    "picklist": Kind.WORDS,
    "number": Kind.NUMBER,
    "flag": Kind.FLAG,
    "date": Kind.DATE,
    "instant": Kind.INSTANT,
    "reference": Kind.REFERENCE,
}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: our name for it, Salesforce's, its type here, and what a reference leads to."""

    name: str
    field: str
    type: str
    to: str | None = None

    @property
    def kind(self) -> Kind:
        """What conditions see. A reference to nothing named here is judged as words (its Id)."""
        return KIND_OF_TYPE[self.type] if self.to or self.type != "reference" else Kind.WORDS


@dataclass(frozen=True, slots=True)
class FactSettings:
    """What the facts mean in this company; each is explained in `config/sfsync.yaml`."""

    service_mark: str
    import_after_days: int
    recent_days: int
    deals_count_without_entry: frozenset[str]
    qualified_stages: frozenset[str]
    decision_maker_titles: tuple[str, ...]
    pause_days: tuple[int, ...]
    pause_days_by_lost_reason: Mapping[str, int]
    commit_stage: str
    commit_days_after_won: int
    onboarding_event_types: frozenset[str]
    placeholders: tuple[str, ...]
    closed_lead_statuses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a pass stops: shares from 0 to 1, counts of accounts, hours."""

    moved_share: float
    moved_at_least: int
    api_reserve: float
    plan_hours: float


@dataclass(frozen=True, slots=True)
class Reading:
    """How the org is read: after which time of day (in the org's zone) once everything afresh."""

    whole_after: time


@dataclass(frozen=True, slots=True)
class DuplicateSettings:
    """How likely duplicates are found: at all, from which likeness of names (0 to 100), how many
    records may share a clue or a group, and which domains say nothing.
    """

    find: bool = False
    near_name: int = 85
    most_alike: int = 10
    shared_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EnrichSettings:
    """How accounts are enriched from public sources; `config/enrich.yaml` explains each.

    `providers` are asked in that order. `fields` says into which field of Account (our name) each
    item goes, `precedence` which provider's word counts first, by group of items (others: the
    order of `providers`). `choose` holds statuses in order of need (`none`: no status).
    `industries`: per classification, beginnings of codes and the Industry that they mean, None
    where they say nothing of the trade.
    """

    providers: tuple[str, ...] = ()
    limit: int = 200
    refresh_days: int = 180
    look_again_days: int = 60
    most_years: int = 3
    number_of_employees: str = "never"
    read_websites: bool = True
    only_hosts: frozenset[str] = frozenset()
    choose: tuple[str, ...] = ()
    enriched_at: str = ""
    source: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    precedence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str = "EUR"
    most_times: float = 20
    revenue_per_employee: tuple[float, float] = (1_000, 20_000_000)
    industries: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)

    def order(self, group: str) -> tuple[str, ...]:
        """Name the providers whose word counts for a group of items, the best first."""
        order = self.precedence.get(group, self.providers)
        return tuple(name for name in order if name in self.providers)

    def names(self) -> tuple[str, ...]:
        """Our names of all the fields that enrichment writes."""
        own = (self.enriched_at, self.source)
        return tuple(dict.fromkeys(filter(None, (*self.fields.values(), *own))))


@dataclass(frozen=True, slots=True)
class CommitSettings:
    """What becomes of an opportunity in Commit that lacks something: `report` only tells of it,
    `enforce` lets a rule take it back.
    """

    mode: str = "report"

    @property
    def is_enforced(self) -> bool:
        """Whether rules may take it back."""
        return self.mode == "enforce"


@dataclass(frozen=True, slots=True)
class StateSpec:
    """One status or stage: since which field, older names of it in the history, and where rules may
    move it.
    """

    name: str
    entered: str | None
    formerly: tuple[str, ...] = ()
    may_become: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a rule writes into a field: a plain value (None clears it), a fact, or a day from
    today.
    """

    field: str
    value: Any = None
    fact: str | None = None
    in_days: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A transition: from which states (`none`: no state), when, to which, and what is written
    beside it.

    Where `found` names findings of the same object, one of them, at least, must hold as well.
    """

    name: str
    from_states: tuple[str, ...]
    when: Condition
    to: str
    set: tuple[Assignment, ...]
    because: str
    place: str
    found: tuple[str, ...] = ()

    @property
    def asks(self) -> str:
        """What must be so for it to hold, in words."""
        return f"{self.when} and found: {', '.join(self.found)}" if self.found else str(self.when)


@dataclass(frozen=True, slots=True)
class Keep:
    """Fields kept true beside the moves: for which states before (unmoved) or after the pass, when,
    and what is written.

    `entered_fact` names the fact that goes into the field of the state itself.
    """

    name: str
    staying_in: tuple[str, ...] | None
    ending_in: tuple[str, ...] | None
    when: Condition | None
    set: tuple[Assignment, ...]
    entered_fact: str | None
    because: str
    place: str


@dataclass(frozen=True, slots=True)
class FindingRule:
    """Something a person must look at: in which states at the start of the pass (None: any), and
    when.

    `is_of_unmoved` leaves out what a rule moves in this pass. Where `missing` names fields, of the
    record (`plan`) or of one that it refers to (`account.billing_city`), one of them must be blank.
    """

    name: str
    in_states: tuple[str, ...] | None
    when: Condition
    because: str
    place: str
    missing: tuple[str, ...] = ()
    is_of_unmoved: bool = False


@dataclass(frozen=True, slots=True)
class TaskRule:
    """A task that a record gets, once for ever, or once in each spell of which the fact `spell_of`
    counts the days (empty: for ever): in which states at the start of the pass (None:
    any), when, and without which findings.

    It belongs to the `queue` of that name, or, where that is empty, to the record's owner; it is
    due so many days after today.
    """

    name: str
    in_states: tuple[str, ...] | None
    when: Condition
    without: tuple[str, ...]
    subject: str
    description: str
    queue: str
    due_in_days: int
    because: str
    place: str
    spell_of: str = ""


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """Points for a condition."""

    points: float
    when: Condition


@dataclass(frozen=True, slots=True)
class Machine:
    """The states of one object and all that is decided about it, in the order written.

    An object of which only findings are declared has no states; its `state` is empty.
    """

    object: str
    state: str
    states: Mapping[str, StateSpec]
    rules: tuple[Rule, ...] = ()
    keep: tuple[Keep, ...] = ()
    findings: tuple[FindingRule, ...] = ()
    tasks: tuple[TaskRule, ...] = ()
    scores: Mapping[str, tuple[ScoreLine, ...]] = field(default_factory=dict)

    def entered_fields(self) -> Iterator[str]:
        """Our names of the fields that say since when a record is in a state."""
        for state in self.states.values():
            if state.entered:
                yield state.entered

    def found_for(self, rule: Rule) -> tuple[FindingRule, ...]:
        """Return the findings that a rule asks for, in the order of its list."""
        by_name = {each.name: each for each in self.findings}
        return tuple(by_name[name] for name in rule.found)


@dataclass(frozen=True, slots=True)
class Policy:
    """All of `config/`, checked. `stateless`: the objects of which only findings are declared."""

    objects: Mapping[str, Mapping[str, FieldSpec]]
    leave_out: Mapping[str, Condition]
    facts: FactSettings
    limits: Limits
    reading: Reading
    machines: Mapping[str, Machine]
    hash: str
    duplicates: DuplicateSettings = DuplicateSettings()
    enrich: EnrichSettings = EnrichSettings()
    stateless: Mapping[str, Machine] = field(default_factory=dict)
    commit: CommitSettings = CommitSettings()

    @property
    def judged(self) -> Mapping[str, Machine]:
        """All objects of which something is decided or found: those with states first."""
        return {**self.machines, **self.stateless}

    def field(self, object_name: str, name: str) -> str:
        """Return Salesforce's name of a field of ours."""
        return self.objects[object_name][name].field

    def twin_of(self, object_name: str, name: str) -> str | None:
        """Our name under which the Id in a reference is read as it stands; None: under none."""
        fields = self.objects[object_name]
        return next(
            (
                each.name
                for each in fields.values()
                if each.field == fields[name].field and each.to is None and fields[name].to
            ),
            None,
        )

    def state_fields(self) -> dict[str, str]:
        """Salesforce's name of the state's field, by object."""
        return {name: self.field(name, machine.state) for name, machine in self.machines.items()}


def hash_of(texts: Mapping[str, str]) -> str:
    """Return 16 hexadecimal digits that change when any configuration file does."""
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(f"{name}\0{texts[name]}\0".encode())
    return digest.hexdigest()[:16]
