"""Which records does a bench judge?

A seeded org of any size, messy and heavy-tailed: a few accounts have hundreds of activities, most
have none or few; dates are missing, late, early or in the future; some records are deleted. Its
statuses are settled: all but a few accounts stand as a pass of the day before left them, as they do
in an org where the service runs every hour. Names and words are fictitious.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import plain_loop
from plain_facts import OwnWrite, Previous

from sfsync.fake.ids import with_checksum

Array = npt.NDArray[Any]
Rows = list[dict[str, Any]]

NOW = datetime(2026, 6, 15, 8, 0, 0, tzinfo=UTC)
ZONE = "Europe/Paris"
SETTLED_AT = NOW - timedelta(days=1)
PREVIOUS_AT = NOW - timedelta(hours=1)
# The share of the accounts that people or imports left as they please since the day before.
UNSETTLED = 0.05
SERVICE_USER = "005000000000001AAA"
USERS = 60
_DAY = 86400
_NOW = np.datetime64(NOW.replace(tzinfo=None), "s")

STATUSES: Mapping[str | None, float] = {
    "Unqualified Pool": 45, "Qualified Pool": 20, "Target": 10, "Working": 5, "Customer": 8,
    "Backlog": 7, "Disqualified": 3, "Churn": 1.5, None: 0.4, "Prospect": 0.1,
}  # fmt: skip
STAGES: Mapping[str | None, float] = {
    "Opportunity Identified": 8, "Qualified Opportunity": 6, "Free Trial": 4, "Closing": 4,
    "Commit": 2, "Closed Won": 30, "Closed Lost": 45, "On Hold": 1,
}  # fmt: skip
INDUSTRIES: Mapping[str | None, float] = {
    None: 30, "Technology": 15, "Consulting": 10, "Media": 5, "Retail": 15, "Banking": 10,
    "Engineering": 5, "Food & Beverage": 10,
}  # fmt: skip
ROLES = ("CEO", "Directeur général", "Gérante", "Head of", "Director,", "Manager,", "Assistant,",
         "Vice-Président", "Engineer,", "DAF", "Buyer,", "Founder")  # fmt: skip
FIELDS_OF_WORK = ("Finance", "Sales", "Legal", "Logistics", "IT", "Quality", "HR", "Export")
SUBJECTS: Mapping[str | None, float] = {
    "Call": 40, "E-mail: offer": 30, "Follow up": 20, "[sfsync] Target going idle": 2, None: 1,
    "Re: [sfsync] idle": 1,
}  # fmt: skip
REASONS: Mapping[str | None, float] = {None: 40, "Price": 40, "Too small": 12, "Not a fit": 8}


@dataclass(frozen=True, slots=True)
class BenchOrg:
    """Records in the REST API's form by object, and what the journal would know of earlier runs."""

    records: Mapping[str, Rows]
    previous: Previous
    own_writes: tuple[OwnWrite, ...]


class Dice:
    """Seeded random columns; times are instants in whole seconds up to `NOW` unless said
    otherwise."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def chance(self, size: int, share: float | Array) -> Array:
        """Draw flags of which so large a share holds."""
        return self.rng.random(size) < share

    def pick(self, weights: Mapping[str | None, float], size: int) -> Array:
        """Draw words by their weights: an array of objects."""
        shares = np.array(list(weights.values()))
        places = self.rng.choice(len(shares), size=size, p=shares / shares.sum())
        return np.array(list(weights), dtype=object)[places]

    def heavy(self, owners: int, size: int) -> Array:
        """Draw an owner's number for each of `size` children: few owners have very many."""
        weights = self.rng.pareto(1.3, owners) + 0.05
        return self.rng.choice(owners, size=size, p=weights / weights.sum())

    def ago(self, size: int, mean_days: float) -> Array:
        """Draw instants before `NOW`: many lately, fewer long ago."""
        seconds = self.rng.exponential(mean_days * _DAY, size).astype("int64")
        return _NOW - seconds.astype("timedelta64[s]")

    def days_from(self, instants: Array, low: int, high: int) -> Array:
        """Return calendar days from `low` to `high` days off the instants' own."""
        off = self.rng.integers(low, high + 1, len(instants)).astype("timedelta64[D]")
        return instants.astype("datetime64[D]") + off


def ids(prefix: str, numbers: Iterable[int]) -> Array:
    """Return Ids of 18 characters, as objects."""
    suffix = with_checksum(f"{prefix}{0:012d}")[15:]
    return np.array([f"{prefix}{number:012d}{suffix}" for number in numbers], dtype=object)


def written(times: Array, present: Array | bool = True) -> Array:
    """Write instants or days as the API does; None where absent."""
    ending = "" if times.dtype == np.dtype("datetime64[D]") else ".000+0000"
    text = np.char.add(np.datetime_as_string(times), ending).astype(object)
    return np.where(present & ~np.isnat(times), text, None)


def rows_of(columns: Mapping[str, Array]) -> Rows:
    """Turn columns into records."""
    names = list(columns)
    return [
        dict(zip(names, row, strict=True))
        for row in zip(*(column.tolist() for column in columns.values()), strict=True)
    ]


def make(accounts: int, seed: int = 1, *, settled: bool = True) -> BenchOrg:
    """Make an org of so many accounts, 5 activities and half an opportunity each.

    With `settled` False no account has a status, as on the day an org adopts the service.
    """
    dice = Dice(seed)
    rows = _accounts(dice, accounts)
    deals = _opportunities(dice, rows)
    records = {
        "User": rows_of(
            {"Id": ids("005", range(1, USERS + 1)), "IsActive": dice.chance(USERS, 0.9)}
        ),
        "Account": rows,
        "Opportunity": deals,
        "Task": _tasks(dice, rows, deals, accounts * 4),
        "Event": _events(dice, rows, deals, accounts),
        "Contact": _contacts(dice, rows),
        "AccountHistory": _account_history(dice, rows),
        "OpportunityHistory": _opportunity_history(dice, deals),
    }
    if settled:
        _settle(dice, records)
    else:
        for row in rows:
            row["Status__c"] = None
    return BenchOrg(records, _previous(dice, records), _own_writes(dice, records))


def _owners(dice: Dice, size: int) -> Array:
    return ids("005", range(1, USERS + 1))[dice.rng.integers(0, USERS, size)]


def _accounts(dice: Dice, size: int) -> Rows:
    created = dice.ago(size, 900)
    entered = created + ((_NOW - created) * dice.rng.random(size)).astype("timedelta64[s]")
    status = dice.pick(STATUSES, size)
    employees = np.minimum(dice.rng.pareto(0.9, size) * 12, 2e6).astype("int64").astype(object)
    columns = {
        "Id": ids("001", range(size)),
        "Name": np.array([f"Company {number}" for number in range(size)], dtype=object),
        "OwnerId": _owners(dice, size),
        "CreatedDate": written(created),
        "SystemModstamp": written(dice.ago(size, 60)),
        "IsDeleted": dice.chance(size, 0.005),
        "Status__c": status,
        "NumberOfEmployees": np.where(dice.chance(size, 0.7), employees, None),
        "Industry": dice.pick(INDUSTRIES, size),
        "Backlog_Count__c": np.where(
            dice.chance(size, 0.2), dice.rng.integers(0, 5, size).astype("float64"), None
        ),
        "Backlog_Until__c": written(dice.days_from(entered, -30, 500), status == "Backlog"),
        "Potential_Score__c": np.full(size, None),
        "Subscription_End__c": written(
            dice.days_from(np.full(size, _NOW), -20, 700), status == "Customer"
        ),
        "Enriched_At__c": written(dice.ago(size, 300), dice.chance(size, 0.4)),
    }
    for name, field in plain_loop.STATUS_AT.items():
        here = status == name
        times = np.where(here, entered, dice.ago(size, 700))
        times = np.where(dice.chance(size, 0.002), _NOW + np.timedelta64(90, "D"), times)
        columns[field] = written(times, dice.chance(size, np.where(here, 0.95, 0.15)))
    return rows_of(columns)


def _opportunities(dice: Dice, accounts: Rows) -> Rows:
    size = len(accounts) // 2
    stage = dice.pick(STAGES, size)
    created = dice.ago(size, 500)
    changed = created + ((_NOW - created) * dice.rng.random(size)).astype("timedelta64[s]")
    won, lost = stage == "Closed Won", stage == "Closed Lost"
    columns = {
        "Id": ids("006", range(size)),
        "Name": np.array([f"Deal {number}" for number in range(size)], dtype=object),
        "AccountId": _of(accounts, dice.heavy(len(accounts), size), dice.chance(size, 0.99)),
        "OwnerId": _owners(dice, size),
        "CreatedDate": written(created),
        "SystemModstamp": written(dice.ago(size, 60)),
        "IsDeleted": dice.chance(size, 0.01),
        "StageName": stage,
        "IsClosed": won | lost,
        "IsWon": won,
        "CloseDate": written(dice.days_from(changed, -10, 40)),
        "LastStageChangeDate": written(changed, dice.chance(size, 0.8)),
        "Lost_Reason__c": np.where(lost, dice.pick(REASONS, size), None),
    }
    for name, field in plain_loop.STAGE_AT.items():
        here = stage == name
        columns[field] = written(np.where(here, changed, created), here | dice.chance(size, 0.2))
    return rows_of(columns)


def _of(owners: Rows, numbers: Array, present: Array) -> Array:
    all_ids = np.array([row["Id"] for row in owners], dtype=object)
    return np.where(present, all_ids[numbers], None)


def _ties(dice: Dice, accounts: Rows, deals: Rows, size: int) -> dict[str, Array]:
    """Tie activities to accounts, a quarter of them through an opportunity, some to nobody."""
    account = _of(accounts, dice.heavy(len(accounts), size), dice.chance(size, 0.95))
    through = dice.rng.integers(0, len(deals), size)
    is_on_deal = dice.chance(size, 0.25)
    on_deal = _of(deals, through, is_on_deal)
    of_deal = np.array([row["AccountId"] for row in deals], dtype=object)[through]
    return {"AccountId": np.where(is_on_deal, of_deal, account), "WhatId": on_deal}


def _tasks(dice: Dice, accounts: Rows, deals: Rows, size: int) -> Rows:
    done = dice.ago(size, 400)
    is_closed = dice.chance(size, 0.9)
    due = np.where(
        is_closed,
        dice.days_from(done, -4, 3),
        dice.days_from(np.full(size, _NOW), -200, 40),
    )
    due = np.where(dice.chance(size, 0.04), dice.days_from(done, -900, -25), due)
    return rows_of(
        {
            "Id": ids("00T", range(size)),
            **_ties(dice, accounts, deals, size),
            "Subject": dice.pick(SUBJECTS, size),
            "IsClosed": is_closed,
            "IsRecurrence": dice.chance(size, 0.01),
            "IsDeleted": dice.chance(size, 0.01),
            "ActivityDate": written(due, dice.chance(size, 0.85)),
            "CompletedDateTime": written(done, is_closed & dice.chance(size, 0.9)),
            "CreatedDate": written(done - np.timedelta64(3, "D")),
            "SystemModstamp": written(done),
        }
    )


def _events(dice: Dice, accounts: Rows, deals: Rows, size: int) -> Rows:
    starts = dice.ago(size, 400) + np.timedelta64(20, "D")
    whole_day = dice.chance(size, 0.15)
    days = starts.astype("datetime64[D]")
    return rows_of(
        {
            "Id": ids("00U", range(size)),
            **_ties(dice, accounts, deals, size),
            "Subject": np.full(size, "Meeting", dtype=object),
            "IsAllDayEvent": whole_day,
            "IsChild": dice.chance(size, 0.1),
            "IsRecurrence": dice.chance(size, 0.01),
            "IsDeleted": dice.chance(size, 0.01),
            "ActivityDate": written(days),
            "StartDateTime": written(np.where(whole_day, days.astype("datetime64[s]"), starts)),
            "CreatedDate": written(starts - np.timedelta64(25, "D")),
            "SystemModstamp": written(starts - np.timedelta64(25, "D")),
        }
    )


def _contacts(dice: Dice, accounts: Rows) -> Rows:
    size = len(accounts)
    # Titles are free text: nearly every second one is spelled its own way.
    teams = np.minimum(dice.rng.pareto(0.8, size) * 5, 1e5).astype("int64")
    parts = zip(
        dice.rng.integers(0, len(ROLES), size).tolist(),
        dice.rng.integers(0, len(FIELDS_OF_WORK), size).tolist(),
        teams.tolist(),
        strict=True,
    )
    titles = [f"{ROLES[role]} {FIELDS_OF_WORK[work]} {team or ''}" for role, work, team in parts]
    return rows_of(
        {
            "Id": ids("003", range(size)),
            "AccountId": _of(accounts, dice.heavy(size, size), dice.chance(size, 0.97)),
            "Title": np.where(dice.chance(size, 0.8), np.array(titles, dtype=object), None),
            "CreatedDate": written(dice.ago(size, 700)),
            "SystemModstamp": written(dice.ago(size, 60)),
            "IsDeleted": dice.chance(size, 0.01),
        }
    )


def _account_history(dice: Dice, accounts: Rows) -> Rows:
    size = len(accounts) * 3 // 2
    numbers = dice.heavy(len(accounts), size)
    present = np.array([row["Status__c"] for row in accounts], dtype=object)[numbers]
    to_present = dice.chance(size, 0.4)
    return rows_of(
        {
            "Id": ids("017", range(size)),
            "AccountId": _of(accounts, numbers, np.ones(size, dtype=bool)),
            "Field": dice.pick({"Status__c": 60, "created": 15, "Owner": 25}, size),
            "NewValue": np.where(to_present, present, dice.pick(STATUSES, size)),
            "CreatedDate": written(dice.ago(size, 400)),
            "CreatedById": np.where(dice.chance(size, 0.4), SERVICE_USER, _owners(dice, size)),
        }
    )


def _opportunity_history(dice: Dice, deals: Rows) -> Rows:
    size = len(deals) * 4
    numbers = dice.rng.integers(0, len(deals), size)
    present = np.array([row["StageName"] for row in deals], dtype=object)[numbers]
    return rows_of(
        {
            "Id": ids("008", range(size)),
            "OpportunityId": _of(deals, numbers, np.ones(size, dtype=bool)),
            "StageName": np.where(dice.chance(size, 0.4), present, dice.pick(STAGES, size)),
            "CreatedDate": written(dice.ago(size, 300)),
            "CreatedById": _owners(dice, size),
        }
    )


def _settle(dice: Dice, records: Mapping[str, Rows]) -> None:
    """Let the plain loop bring most records to where a pass of the day before left them."""
    changes = plain_loop.plan(records, SETTLED_AT, ZONE, own_user_id=SERVICE_USER)
    by_key = {
        (name, row["Id"]): row for name in ("Account", "Opportunity") for row in records[name]
    }
    lucky = dice.chance(len(changes), 1 - UNSETTLED).tolist()
    for (key, planned), is_settled in zip(changes.items(), lucky, strict=True):
        if is_settled:
            by_key[key].update(planned.fields)


def _previous(dice: Dice, records: Mapping[str, Rows]) -> Previous:
    """What the run of an hour ago read: people have moved one account in two hundred since."""
    rows = records["Account"]
    moved = dice.chance(len(rows), 0.005).tolist()
    statuses = {
        row["Id"]: "Qualified Pool" if is_moved else row["Status__c"]
        for row, is_moved in zip(rows, moved, strict=True)
    }
    stages = {row["Id"]: row["StageName"] for row in records["Opportunity"]}
    return Previous(PREVIOUS_AT, statuses, stages)


def _own_writes(dice: Dice, records: Mapping[str, Rows]) -> tuple[OwnWrite, ...]:
    """Let the journal know most of the status changes that the service's user made."""
    mine = [
        row
        for row in records["AccountHistory"]
        if row["Field"] == "Status__c" and row["CreatedById"] == SERVICE_USER and row["NewValue"]
    ]
    known = dice.chance(len(mine), 0.9).tolist()
    return tuple(
        OwnWrite(
            "Account",
            row["AccountId"],
            row["NewValue"],
            datetime.fromisoformat(row["CreatedDate"]) - timedelta(seconds=2),
        )
        for row, is_known in zip(mine, known, strict=True)
        if is_known
    )
