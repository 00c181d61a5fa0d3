"""Which keys may stand in the files of `config/`, and what may stand behind them?

These models are the only place that says so: the check, the error messages and the JSON Schema for
editors come from here.
"""

from collections.abc import Sequence
from datetime import time
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from sfsync.rules.kinds import (
    Days,
    FieldName,
    Name,
    RuleName,
    Shape,
    StateNames,
)
from sfsync.rules.running import HealthShape, PartitionsShape, RetentionShape, ScheduleShape

SETTINGS_FILE = "sfsync.yaml"
ENRICH_FILE, INDUSTRIES_FILE = "enrich.yaml", "industries.yaml"
NORMALISE_FILE = "normalise.yaml"


class FieldShape(Shape):
    """A field of the org."""

    field: str = Field(description="Salesforce's API name, such as Status__c.")
    type: Literal["text", "picklist", "number", "flag", "date", "instant", "reference"]
    to: str | None = Field(None, description="The object that a reference leads to.")


class FactsShape(Shape):
    """What the facts mean in this company."""

    service_mark: str = Field(min_length=1)
    import_after_days: Annotated[Days, Field(ge=0)]
    recent_days: Annotated[Days, Field(ge=0)]
    deals_count_without_entry: frozenset[str]
    qualified_stages: frozenset[str]
    decision_maker_titles: tuple[str, ...]
    pause_days: Annotated[tuple[Annotated[Days, Field(ge=1)], ...], Field(min_length=1)]
    pause_days_by_lost_reason: dict[str, Annotated[Days, Field(ge=1)]]
    commit_stage: str
    commit_days_after_won: Annotated[Days, Field(ge=0)]
    onboarding_event_types: frozenset[str]
    placeholders: tuple[str, ...]
    closed_lead_statuses: frozenset[str] = frozenset()


class LimitsShape(Shape):
    """Where a pass stops."""

    moved_share: float = Field(gt=0, le=1)
    moved_at_least: int = Field(ge=0)
    api_reserve: float = Field(ge=0, lt=1)
    plan_hours: float = Field(gt=0)


class ReadingShape(Shape):
    """How the org is read."""

    whole_after: time = Field(
        time(2), description="Once a day, after this time in the org's zone, all is read afresh."
    )


class DuplicatesShape(Shape):
    """How likely duplicates of accounts and contacts are found."""

    find: bool = Field(False, description="Whether they are looked for at all.")
    near_name: int = Field(
        85, ge=50, le=100, description="From this likeness on (0 to 100) names are near."
    )
    most_alike: int = Field(
        10, ge=2, description="What more records than this share says nothing; groups end here too."
    )
    shared_hosts: frozenset[str] = Field(
        frozenset(), description="Website domains that say nothing, beside those known."
    )


class CommitShape(Shape):
    """What becomes of an opportunity in Commit that lacks something."""

    mode: Literal["report", "enforce"] = Field(
        "report", description="Whether it is only told of, or a rule may take it back as well."
    )


class CleanupShape(Shape):
    """What cleanups need to know."""

    lost_reasons: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Why it was lost, by the stage it was lost from; `default`: from any other.",
    )
    dead_statuses: frozenset[str] = Field(
        frozenset(), description="Statuses of accounts that nothing is sold to any more."
    )
    customer_statuses: frozenset[str] = Field(
        frozenset(), description="Statuses of accounts that are customers."
    )


# Each puts the records of a group in an order; what it does not tell apart goes on to the next one.
RecordOrder = Literal["customer", "most_open_deals", "most_activities", "most_filled", "oldest",
                      "newest", "most_recent"]  # fmt: skip


ValueRule = Literal["survivor", "filled", "longest", RecordOrder]


class MergeShape(Shape):
    """Which of several duplicates stays, and which values it gets."""

    survivor: Annotated[tuple[RecordOrder, ...], Field(min_length=1)] = ("oldest",)
    values: ValueRule = Field("filled", description="Whose value a field gets, in general.")
    fields: dict[Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")], ValueRule] = Field(
        default_factory=dict, description="Whose value this field gets: our name, or the API's."
    )


class Settings(Shape):
    """The file sfsync.yaml."""

    version: int = Field(
        1, ge=1, strict=True, description="For which version this file is written."
    )
    objects: dict[str, dict[Name, FieldShape]]
    leave_out: dict[str, Any] = Field(default_factory=dict)
    facts: FactsShape
    limits: LimitsShape
    reading: ReadingShape = Field(default_factory=lambda: ReadingShape(whole_after=time(2)))
    duplicates: DuplicatesShape = DuplicatesShape.model_construct()
    commit: CommitShape = CommitShape.model_construct()
    cleanup: CleanupShape = CleanupShape.model_construct()
    merge: dict[Literal["Account", "Contact"], MergeShape] = Field(default_factory=dict)
    retention: RetentionShape = Field(default_factory=lambda: RetentionShape.model_validate({}))
    partitions: PartitionsShape = PartitionsShape.model_construct()
    schedule: ScheduleShape = ScheduleShape.model_construct(zone="UTC", jobs=[])
    health: HealthShape = HealthShape.model_construct(most_failures=3, jobs={})


class State(Shape):
    """A status or stage."""

    entered: str | None = Field(
        None, description="The field that says since when a record is in this state."
    )
    formerly: list[str] = Field(
        default_factory=list, description="Older names of the state in the history."
    )
    may_become: list[str] = Field(
        default_factory=list, description="The states to which rules may move it."
    )


class RuleShape(Shape):
    """A transition."""

    name: RuleName
    from_states: StateNames = Field(
        alias="from", description="The states it moves records from; `none`: no state."
    )
    when: dict[str, Any]
    found: list[RuleName] = Field(
        default_factory=list, description="One of these findings, at least, holds as well."
    )
    to: str
    set: dict[str, Any] = Field(
        default_factory=dict, description="What is written beside the move."
    )
    because: str = Field(
        description="The reason in words; {fact} puts a value in, {found} what was found."
    )


class FactRef(Shape):
    """A fact as a value."""

    fact: str


class KeepShape(Shape):
    """Fields that are kept true beside the moves."""

    name: RuleName
    staying_in: StateNames | None = None
    ending_in: StateNames | None = None
    when: dict[str, Any] | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    entered_field: FactRef | None = None
    because: str


class FindingShape(Shape):
    """Something a person must look at."""

    name: RuleName
    in_states: StateNames | None = Field(
        None, alias="in", description="The state at the start of the pass."
    )
    staying_in: StateNames | None = Field(
        None, description="The same, of records that no rule moves in this pass."
    )
    when: dict[str, Any]
    missing: list[FieldName] = Field(
        default_factory=list, description="One of these fields, at least, is blank."
    )
    because: str = Field(
        description="What is found, in words; {fact} puts a value in, {missing} the blank fields."
    )


class TaskShape(Shape):
    """A task that a record gets, once."""

    name: RuleName
    in_states: StateNames | None = Field(
        None, alias="in", description="The state at the start of the pass."
    )
    when: dict[str, Any]
    without: list[RuleName] = Field(
        default_factory=list,
        description="None of these findings holds; while one cannot be judged the task waits.",
    )
    subject: str = Field(
        min_length=1, description="{fact} puts a value in; the service's mark is put before it."
    )
    description: str = Field("", description="{fact} puts a value in.")
    queue: str | None = Field(
        None, min_length=1, description="Whose task it is: a queue, by DeveloperName or Name."
    )
    owner: Literal["record"] | None = Field(
        None, description="`record`: the task belongs to the record's owner."
    )
    due_in_days: Annotated[Days, Field(ge=0)] = 0
    spell_of: Name | None = Field(
        None, description="A fact that counts days: each of its spells brings a task of its own."
    )
    because: str = Field(description="The reason in words; {fact} puts a value in.")


class ScoreShape(Shape):
    """Points for a condition."""

    points: float
    when: dict[str, Any]


class RuleFile(Shape):
    """A file in rules/: the states of one object, and all that is decided about it.

    Without states it may hold findings only.
    """

    object: str
    state: str | None = None
    states: dict[str, State] = Field(default_factory=dict)
    rules: list[RuleShape] = Field(default_factory=list)
    keep: list[KeepShape] = Field(default_factory=list)
    findings: list[FindingShape] = Field(default_factory=list)
    tasks: list[TaskShape] = Field(default_factory=list)
    scores: dict[Name, list[ScoreShape]] = Field(default_factory=dict)


def keys_at(model: type[Shape], path: Sequence[str | int]) -> list[str]:
    """List the keys that may stand at a path of a file, as a person writes them; none where
    anything may.
    """
    here: Any = model
    for part in path:
        here = _inside(here, part)
    if not (isinstance(here, type) and issubclass(here, Shape)):
        return []
    return [info.alias or name for name, info in here.model_fields.items()]


def _inside(here: Any, part: str | int) -> Any:
    if isinstance(here, type) and issubclass(here, Shape):
        fields = {info.alias or name: info.annotation for name, info in here.model_fields.items()}
        return fields.get(str(part))
    inner = [each for each in get_args(here) if each is not type(None)]
    return inner[-1] if inner else None
