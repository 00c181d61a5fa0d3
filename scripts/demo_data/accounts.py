"""How does an account of the demo org come to be, and how does it move from status to status?"""

from __future__ import annotations

from datetime import datetime

from demo_data.clock import HISTORY_SINCE, at
from demo_data.org import DemoOrg, Record, Value, text, touch
from demo_data.words import (
    INDUSTRIES,
    Country,
    base_name,
    home_of,
    phone,
    registration_number,
    website,
)

STATUSES = (
    "Unqualified Pool",
    "Qualified Pool",
    "Target",
    "Working",
    "Customer",
    "Backlog",
    "Disqualified",
    "Churn",
)
LONG_AGO = 700


def status_field(status: str) -> str:
    """The datetime field that says when an account entered a status."""
    return status.replace(" ", "_") + "_At__c"


def open_account(
    org: DemoOrg, name: str, created: datetime, country: Country | None = None, **fields: Value
) -> Record:
    """Add an account with address, phone and web site drawn for its country unless given."""
    random = org.random
    place = country or home_of(name)
    city, postal_code, state = random.choice(place.towns)
    owner = fields.get("OwnerId") or random.choice(org.reps)
    number = len(org.records["Account"]) + 1
    values: dict[str, Value] = {
        "Name": name,
        "Type": "Prospect",
        "BillingStreet": random.choice(place.streets).format(random.randint(1, 190)),
        "BillingCity": city,
        "BillingState": state,
        "BillingPostalCode": postal_code,
        "BillingCountry": place.name,
        "Phone": phone(random, place),
        "Website": website(random, base_name(name)),
        "Industry": random.choice(INDUSTRIES),
        "NumberOfEmployees": random.choice((None, 4, 9, 10, 35, 80, 140, 250, 251, 900, 2400)),
        "AccountSource": random.choice(("Outbound", "Inbound", "Referral", None)),
        "OwnerId": owner,
        "Registration_Number__c": registration_number(random, place, number),
    }
    values["AnnualRevenue"] = revenue(values["NumberOfEmployees"])
    values.update(fields)
    account = org.add("Account", created, str(owner), **values)
    if created >= HISTORY_SINCE:
        add_history(org, account, created, str(owner), Field="created")
    return account


def revenue(employees: Value) -> Value:
    """A yearly revenue in euros that fits a head count; none where that is not known."""
    return employees * 110_000 if isinstance(employees, int) else None


def add_history(org: DemoOrg, account: Record, moment: datetime, by: str, **fields: Value) -> None:
    """Add one row to the account's field history."""
    org.add("AccountHistory", moment, by, AccountId=account["Id"], **fields)


def move(
    org: DemoOrg,
    account: Record,
    status: str,
    moment: datetime,
    *,
    by: str | None = None,
    stamp: bool = True,
) -> None:
    """Put the account in a status at an instant, with its history row.

    Without `by` the service did it. `stamp=False` is a person's move that no pass has seen yet:
    the status's datetime field is not written.
    """
    actor = by or org.users["sfsync"]
    if moment >= HISTORY_SINCE:
        add_history(
            org,
            account,
            moment,
            actor,
            Field="Status__c",
            DataType="DynamicEnum",
            OldValue=account.get("Status__c"),
            NewValue=status,
        )
    account["Status__c"] = status
    if stamp:
        account[status_field(status)] = moment
    touch(account, moment, actor)


def hand_over(org: DemoOrg, account: Record, alias: str, moment: datetime) -> None:
    """Give the account to another user; a lookup leaves two history rows, of names and of ids."""
    names = {text(user, "Id"): text(user, "Name") for user in org.records["User"]}
    before, after = text(account, "OwnerId"), org.users[alias]
    actor = org.users["hcast"]
    add_history(
        org,
        account,
        moment,
        actor,
        Field="Owner",
        DataType="Text",
        OldValue=names[before],
        NewValue=names[after],
    )
    add_history(
        org,
        account,
        moment,
        actor,
        Field="Owner",
        DataType="EntityId",
        OldValue=before,
        NewValue=after,
    )
    account["OwnerId"] = after
    touch(account, moment, actor)


def boundary_account(
    org: DemoOrg, name: str, status: str | None, entered: datetime | None = None, **fields: Value
) -> Record:
    """An old account that entered its status at an instant; without one, nobody knows when.

    It scores 25 (40 employees, in retail) unless fields say otherwise.
    """
    plain: dict[str, Value] = {"Industry": "Retail", "NumberOfEmployees": 40, **fields}
    account = open_account(org, name, at(LONG_AGO), **plain)
    if status and entered:
        if status != "Unqualified Pool":
            account["Status__c"] = "Unqualified Pool"
            account["Unqualified_Pool_At__c"] = at(LONG_AGO, 11)
        move(org, account, status, entered)
    elif status:
        account["Status__c"] = status
    return account
