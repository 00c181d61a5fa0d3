"""What does the company want: which fields, which facts, which rules, which limits?

A policy is what `config/` says, checked and frozen. Its hash goes into every plan, so that a plan
is applied only under the policy that made it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from sfsync.columns import Kind
from sfsync.conditions import Condition
from sfsync.policy.health import HealthSettings, JobLimits
from sfsync.policy.machine import (
    NO_STATE,
    NO_STATE_CODE,
    Assignment,
    FindingRule,
    Keep,
    Machine,
    Rule,
    ScoreLine,
    StateSpec,
    TaskRule,
)
from sfsync.policy.schedule import WEEKDAYS, Rhythm, Schedule, ScheduledJob
from sfsync.policy.settings import (
    CleanupSettings,
    CommitSettings,
    DuplicateSettings,
    EnrichSettings,
    FactSettings,
    Limits,
    MergeSettings,
    NormaliseSettings,
    Partitions,
    Reading,
    Retention,
)

__all__ = [
    "ANY_STAGE",
    "COMPANY_CEASED",
    "DAY_COUNTS",
    "DUPLICATES",
    "ENRICHMENT_REVIEW",
    "FOUND",
    "KIND_OF_TYPE",
    "MAIL_REFUSED",
    "MISSING",
    "NO_STATE",
    "NO_STATE_CODE",
    "NUMBER_INVALID",
    "OWN_CODES",
    "TASK_WAITING",
    "UPDATE_REFUSED",
    "WEEKDAYS",
    "Assignment",
    "CleanupSettings",
    "CommitSettings",
    "DuplicateSettings",
    "EnrichSettings",
    "FactSettings",
    "FieldSpec",
    "FindingRule",
    "HealthSettings",
    "JobLimits",
    "Keep",
    "Limits",
    "Machine",
    "MergeSettings",
    "NormaliseSettings",
    "Partitions",
    "Policy",
    "Reading",
    "Retention",
    "Rhythm",
    "Rule",
    "Schedule",
    "ScheduledJob",
    "ScoreLine",
    "StateSpec",
    "TaskRule",
    "hash_of",
]

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
# Of one record a code is found once: these are not for rules.
OWN_CODES = frozenset(
    {
        DUPLICATES,
        ENRICHMENT_REVIEW,
        COMPANY_CEASED,
        NUMBER_INVALID,
        UPDATE_REFUSED,
        MAIL_REFUSED,
        TASK_WAITING,
    }
)
# The facts that count the days of a spell: since the last activity, or the entry.
DAY_COUNTS = ("idle_days", "days_in_stage", "days_in_status")
# The reason for what was lost from a stage that no other is named for.
ANY_STAGE = "default"
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
class Policy:
    """All of `config/`, checked. `stateless`: the objects of which only findings are declared."""

    objects: Mapping[str, Mapping[str, FieldSpec]]
    leave_out: Mapping[str, Condition]
    facts: FactSettings
    limits: Limits
    reading: Reading
    machines: Mapping[str, Machine]
    hash: str
    duplicates: DuplicateSettings = field(default_factory=DuplicateSettings)
    enrich: EnrichSettings = field(default_factory=EnrichSettings)
    stateless: Mapping[str, Machine] = field(default_factory=dict)
    commit: CommitSettings = field(default_factory=CommitSettings)
    cleanup: CleanupSettings = field(default_factory=CleanupSettings)
    merge: Mapping[str, MergeSettings] = field(default_factory=dict)
    normalise: NormaliseSettings = field(default_factory=NormaliseSettings)
    schedule: Schedule = field(default_factory=Schedule)
    retention: Retention = field(default_factory=Retention)
    partitions: Partitions = field(default_factory=Partitions)
    health: HealthSettings = field(default_factory=HealthSettings)

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
