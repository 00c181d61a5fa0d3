"""What does the company set: what its facts mean, and how it reads, compares and enriches?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time


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
class Partitions:
    """Above how many accounts an org is judged in partitions, and of how many accounts each is."""

    above: int = 200_000
    accounts: int = 50_000


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
class CleanupSettings:
    """What cleanups need to know: why an opportunity was lost, by the stage that it was lost from
    (`default`: from any other), the statuses of accounts that nothing is sold to any more, and
    those of customers.
    """

    lost_reasons: Mapping[str, str] = field(default_factory=dict)
    dead_statuses: frozenset[str] = frozenset()
    customer_statuses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MergeSettings:
    """Which of several duplicates stays, and which values it gets; `config/sfsync.yaml` explains
    the rules.

    `survivor` holds rules in order; `values` is the rule for the fields that are not in `fields`,
    which has them by API name.
    """

    survivor: tuple[str, ...] = ("oldest",)
    values: str = "filled"
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NormaliseSettings:
    """How values are written in one form; `config/normalise.yaml` explains each.

    `sources`, `industries` and `countries` (by ISO 3166 alpha-2) hold other words for each value.
    Country fields hold codes, or names: those of `country_names`, else the English ones.
    `tracking` names parameters of web addresses; `*` at the end stands for any ending.
    """

    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    industries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    countries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    country_names: Mapping[str, str] = field(default_factory=dict)
    holds_codes: bool = False
    tracking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days the journal keeps what no later pass needs, by kind."""

    runs: int = 730
    messages: int = 365
    findings: int = 730
    lookups: int = 1095
    turns: int = 180
