"""What would a plain loop over the records, one account after the other, change in the org?

The obvious alternative to vectorised facts and rules in YAML: the baseline of the benchmark, and an
independent oracle for the product's plan. It reads as sections 4 to 7 of the sales loop's
description do.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from plain_commit import CLOSING, CLOSING_AT, is_taken_back
from plain_facts import (
    BACKLOG,
    CHURN,
    CUSTOMER,
    DISQUALIFIED,
    QUALIFIED,
    STAGE_AT,
    STATUS_AT,
    TARGET,
    UNQUALIFIED,
    WORKING,
    Clock,
    Deal,
    Org,
    OwnWrite,
    Previous,
    Record,
    Records,
    calendar_day,
    deal_of,
    entered_stage_at,
    entered_status_at,
    instant,
    pause_days,
    pause_end,
    potential,
)

ALERT_DAYS, IDLE_DAYS, COOLED_DAYS, FRESH_DAYS, STALE_CLOSING_DAYS = 45, 60, 90, 30, 30
HIGH_POTENTIAL = 50
LARGE_GROUP = 5000
OUT_OF_TARGET_INDUSTRIES: tuple[str, ...] = ()
PAUSE_DAYS_BY_REASON = {"Too small": 365}
SCORED = (UNQUALIFIED, QUALIFIED, TARGET, BACKLOG)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a record's fields become (API name -> value, datetimes UTC), and why."""

    fields: Mapping[str, str | int | None]
    cause: str


@dataclass(frozen=True, slots=True)
class Facts:
    """An account at the start of the pass; `idle_days` is None while it is unknown."""

    record: Record
    clock: Clock
    status: str | None
    entered_at: datetime | None
    last_activity_at: datetime | None
    next_step_on: date | None
    idle_days: int | None
    open_opportunities: int
    won: tuple[Deal, ...]
    has_won_since: bool
    has_lost_since: bool
    latest_lost: Deal | None
    potential: int
    pause_end: date | None


def facts_of(account: Record, org: Org) -> Facts:
    """Everything the rules ask about one account."""
    id, clock, status = account["Id"], org.clock, account.get("Status__c") or None
    entered = entered_status_at(account, status, org)
    children = org.deals_of.get(id, ())
    deals = [deal_of(each, clock) for each in children if each.get("IsClosed")]
    known = [deal for deal in deals if deal.closed_at is None or deal.closed_at <= clock.now]
    won = tuple(deal for deal in known if deal.is_won)
    lost = [deal for deal in known if not deal.is_won]
    dated = [deal for deal in lost if deal.closed_at is not None]
    latest_lost = max(dated, key=lambda deal: (deal.closed_at, deal.id), default=None)
    last = max((at for at, _ in org.activities_of.get(id, ())), default=None)
    idle_days = None
    if entered is not None and org.knows_all_activities:
        idle_days = clock.days_since(max(entered, last) if last else entered)
    return Facts(
        record=account,
        clock=clock,
        status=status,
        entered_at=entered,
        last_activity_at=last,
        next_step_on=org.next_step_of.get(id),
        idle_days=idle_days,
        open_opportunities=len(children) - len(deals),
        won=won,
        has_won_since=any(is_since(deal, status, entered, clock) for deal in won),
        has_lost_since=any(is_since(deal, status, entered, clock) for deal in lost),
        latest_lost=latest_lost,
        potential=potential(account, latest_lost, org),
        pause_end=pause_end(account, entered, clock) if status == BACKLOG else None,
    )


def is_since(deal: Deal, status: str | None, entered: datetime | None, clock: Clock) -> bool:
    """Whether an opportunity was won, or lost, since its account entered its status."""
    if entered is None:
        return status in (None, WORKING)
    if deal.closed_on is None or deal.closed_at is None:
        return False
    if deal.is_won:
        return deal.closed_on >= clock.day(entered)
    if deal.is_exact:
        return deal.closed_at > entered
    return deal.closed_on > clock.day(entered)


def is_out_of_target(facts: Facts) -> bool:
    account = facts.record
    if account.get("Disqualified_At__c"):
        return False
    large = (account.get("NumberOfEmployees") or 0) > LARGE_GROUP
    return large or account.get("Industry") in OUT_OF_TARGET_INDUSTRIES


def has_subscription_ended(facts: Facts) -> bool:
    end = calendar_day(facts.record.get("Subscription_End__c"))
    if end is None or end >= facts.clock.today or facts.open_opportunities:
        return False
    if instant(facts.record.get("Customer_At__c")) == facts.clock.now:
        return False  # never at the moment at which `won` made it a customer
    return not any(deal.closed_on is not None and deal.closed_on > end for deal in facts.won)


def is_active(facts: Facts) -> bool:
    if facts.last_activity_at is None or facts.entered_at is None:
        return False
    return facts.last_activity_at > facts.entered_at


def is_idle(facts: Facts, days: int = IDLE_DAYS) -> bool:
    return facts.idle_days is not None and facts.idle_days >= days and facts.next_step_on is None


def is_expired(facts: Facts) -> bool:
    return facts.pause_end is not None and facts.pause_end <= facts.clock.today


def has_cooled_down(facts: Facts) -> bool:
    entered = facts.entered_at
    return entered is not None and facts.clock.days_since(entered) >= COOLED_DAYS


def is_freshly_enriched(facts: Facts) -> bool:
    at = facts.clock.past(facts.record.get("Enriched_At__c"))
    return at is not None and facts.clock.days_since(at) <= FRESH_DAYS


def is_high(facts: Facts) -> bool:
    return facts.potential >= HIGH_POTENTIAL


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    sources: tuple[str | None, ...]
    holds: Callable[[Facts], bool]
    to: str
    ends_pause: bool = False


RULES = (
    Rule("won", (None, UNQUALIFIED, QUALIFIED, TARGET, WORKING, BACKLOG, CHURN),
         lambda facts: facts.has_won_since, CUSTOMER, ends_pause=True),
    Rule("opportunity-opened", (None, UNQUALIFIED, QUALIFIED, TARGET, BACKLOG, CHURN),
         lambda facts: facts.open_opportunities >= 1, WORKING, ends_pause=True),
    Rule("out-of-target", (None, UNQUALIFIED, QUALIFIED, TARGET, BACKLOG),
         is_out_of_target, DISQUALIFIED, ends_pause=True),
    Rule("subscription-ended", (CUSTOMER,), has_subscription_ended, CHURN),
    Rule("opportunities-lost", (WORKING,),
         lambda facts: (facts.has_lost_since and not facts.has_won_since
                        and not facts.open_opportunities), BACKLOG),
    Rule("activity", (QUALIFIED,), is_active, TARGET),
    Rule("idle", (TARGET,), is_idle, BACKLOG),
    Rule("backlog-expired-high", (BACKLOG,),
         lambda facts: is_expired(facts) and is_high(facts), QUALIFIED, ends_pause=True),
    Rule("backlog-expired-low", (BACKLOG,),
         lambda facts: is_expired(facts) and not is_high(facts), UNQUALIFIED, ends_pause=True),
    Rule("churn-cooled-down", (CHURN,), has_cooled_down, QUALIFIED),
    Rule("qualified-by-data", (UNQUALIFIED,),
         lambda facts: is_freshly_enriched(facts) and is_high(facts), QUALIFIED),
    Rule("entered-high", (None,), is_high, QUALIFIED),
    Rule("entered-low", (None,), lambda facts: not is_high(facts), UNQUALIFIED),
)  # fmt: skip


def first_rule(facts: Facts) -> Rule | None:
    """The first rule that holds for an account, in their order."""
    for rule in RULES:
        if facts.status in rule.sources and rule.holds(facts):
            return rule
    return None


def move(facts: Facts, rule: Rule) -> dict[str, Any]:
    """The fields that a transition sets, its new datetime among them."""
    after: dict[str, Any] = {"Status__c": rule.to, STATUS_AT[rule.to]: facts.clock.now}
    if rule.ends_pause:
        after["Backlog_Until__c"] = None
    if rule.to != BACKLOG:
        return after
    count = int(facts.record.get("Backlog_Count__c") or 0) + 1
    after["Backlog_Count__c"] = count
    until = calendar_day(facts.record.get("Backlog_Until__c"))
    if until is None or until <= facts.clock.today:
        days = pause_days(count)
        if rule.name == "opportunities-lost" and facts.latest_lost is not None:
            days = PAUSE_DAYS_BY_REASON.get(facts.latest_lost.lost_reason or "", days)
        after["Backlog_Until__c"] = facts.clock.today + timedelta(days=days)
    return after


def stamp(
    record: Record, field: str | None, entered: datetime | None, clock: Clock
) -> dict[str, Any]:
    """The datetime field of a status or stage that a person chose, where it lags behind."""
    if field is None or entered is None:
        return {}
    stands = clock.past(record.get(field))
    return {field: entered} if stands is None or stands < entered else {}


def plan_account(facts: Facts) -> Planned | None:
    """What becomes of one account; None where nothing changes."""
    rule = first_rule(facts)
    status = rule.to if rule else facts.status
    parts: list[tuple[str, dict[str, Any]]] = []
    if rule is not None:
        parts.append((f"rule:{rule.name}", move(facts, rule)))
    elif facts.pause_end is not None:
        parts.append(("pause", {"Backlog_Until__c": facts.pause_end}))
    field = STATUS_AT.get(facts.status or "")
    parts.append(("timestamps", stamp(facts.record, field, facts.entered_at, facts.clock)))
    if status in SCORED:
        parts.append(("score", {"Potential_Score__c": facts.potential}))
    return planned(facts.record, parts)


def plan_opportunity(
    opportunity: Record, org: Org, enforces: bool, lacks: Collection[str]
) -> Planned | None:
    """The datetime of the opportunity's stage, and its way back from Commit; None where nothing
    changes.
    """
    clock, field = org.clock, STAGE_AT.get(opportunity.get("StageName") or "")
    if opportunity.get("IsClosed"):
        closed_on = deal_of(opportunity, clock).closed_on
        if closed_on is not None and (clock.today - closed_on).days > STALE_CLOSING_DAYS:
            return None
    entered = entered_stage_at(opportunity, org)
    parts = [("timestamps", stamp(opportunity, field, entered, clock))]
    if enforces and is_taken_back(opportunity, org, lacks):
        moved = {"StageName": CLOSING, CLOSING_AT: clock.now}
        parts.insert(0, ("rule:commit-incomplete", moved))
    return planned(opportunity, parts)


def planned(record: Record, parts: Sequence[tuple[str, dict[str, Any]]]) -> Planned | None:
    """The parts of a change in one update, without what already stands; the first one's cause."""
    fields: dict[str, str | int | None] = {}
    causes = []
    for cause, part in parts:
        real = {name: each for name, each in part.items() if not stands(record.get(name), each)}
        if real:
            causes.append(cause)
            fields.update((name, as_text(each)) for name, each in real.items())
    return Planned(fields, causes[0]) if causes else None


def stands(before: Any, after: Any) -> bool:
    """Whether a field already holds a value: datetimes by instant, 3 as 3.0, null as missing."""
    if isinstance(after, datetime):
        return instant(before) == after
    if isinstance(after, date):
        return calendar_day(before) == after
    return bool(before == after)


def as_text(value: Any) -> str | int | None:
    """A value as the API takes it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return value.isoformat() if isinstance(value, date) else value


def plan(
    records: Records,
    now: datetime,
    zone: str,
    *,
    previous: Previous | None = None,
    own_user_id: str | None = None,
    own_writes: Sequence[OwnWrite] = (),
    enforces_commit: bool = False,
    lacks: Collection[str] = (),
) -> dict[tuple[str, str], Planned]:
    """What a pass at `now` would change, by (object, Id) in order.

    `records` holds the rows of the API by object; `lacks` names the objects and fields that the org
    does not have (`Opportunity.Plan__c`). Raises ValueError for a naive `now` and
    ZoneInfoNotFoundError for an unknown zone.
    """
    org = Org(records, Clock.at(now, zone), previous, own_user_id, own_writes)
    changes: dict[tuple[str, str], Planned | None] = {}
    for account in org.accounts:
        changes["Account", account["Id"]] = plan_account(facts_of(account, org))
    for opportunity in org.opportunities:
        changes["Opportunity", opportunity["Id"]] = plan_opportunity(
            opportunity, org, enforces_commit, lacks
        )
    return {key: each for key, each in sorted(changes.items()) if each is not None}


def alerts(
    records: Records,
    now: datetime,
    zone: str,
    *,
    previous: Previous | None = None,
    own_user_id: str | None = None,
    own_writes: Sequence[OwnWrite] = (),
) -> tuple[str, ...]:
    """The Ids, in order, of the Targets whose owner a pass at `now` would alert; as for `plan`."""
    org = Org(records, Clock.at(now, zone), previous, own_user_id, own_writes)
    targets = (facts_of(each, org) for each in org.accounts if each.get("Status__c") == TARGET)
    return tuple(sorted(facts.record["Id"] for facts in targets if is_idle(facts, ALERT_DAYS)))
