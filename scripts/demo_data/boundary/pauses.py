"""Which accounts show the end of the Backlog pause at its edges?"""

from __future__ import annotations

from collections.abc import Callable

from demo_data.accounts import boundary_account, move
from demo_data.activities import meeting, task_done
from demo_data.clock import at, day
from demo_data.deals import lost_deal
from demo_data.org import DemoOrg, Record, Value
from demo_data.people import add_contact

HIGH, LOW = ("backlog-expired-high", "Qualified Pool"), ("backlog-expired-low", "Unqualified Pool")
STAYS = (None, None)
Scored = Callable[[DemoOrg, Record], object]


def add_pauses(org: DemoOrg) -> None:
    """Add the accounts around the two rules."""
    add_ends(org)
    add_scores(org)
    add_undated(org)
    add_counts(org)


def paused(
    org: DemoOrg, name: str, entered: int, until: int | None, count: int = 1, **fields: Value
) -> Record:
    """A Backlog account that entered so many days ago; `until` in days before today."""
    ends = None if until is None else day(until)
    return boundary_account(
        org,
        name,
        "Backlog",
        at(entered, 13),
        Backlog_Until__c=ends,
        Backlog_Count__c=count,
        **fields,
    )


def worked_on(org: DemoOrg, account: Record) -> None:
    """Give an account a lost opportunity that had been qualified: 25 points."""
    lost_deal(org, account, 180)


def add_ends(org: DemoOrg) -> None:
    """Add pauses that end yesterday, today and tomorrow."""
    for days, tag, outcome in ((1, "yesterday", HIGH), (0, "today", HIGH), (-1, "tomorrow", STAYS)):
        account = paused(org, f"Atelier Brûlecombe {days + 2} (pause ends {tag})", 90 + days, days)
        worked_on(org, account)
        org.expect(account, f"last day of the pause: {day(days)}; potential 50", *outcome)
    for days, tag, outcome in ((0, "today", LOW), (-1, "tomorrow", STAYS)):
        account = paused(
            org,
            f"Cigüeñal Consultores {days + 2} (small, pause ends {tag})",
            90 + days,
            days,
            NumberOfEmployees=5,
        )
        org.expect(account, f"last day of the pause: {day(days)}; potential 0", *outcome)


def decided(org: DemoOrg, account: Record) -> None:
    """Give an account a decision maker and three activities: 30 points."""
    add_contact(org, account, Title="Directrice générale, en charge des achats")
    for days in (120, 200, 364):
        task_done(org, account, at(days))


def met(org: DemoOrg, account: Record) -> None:
    """Give an account a decision maker and one old meeting: 30 points."""
    add_contact(org, account, Title="Vice-Gérant")
    meeting(org, account, at(365, 9))
    task_done(org, account, at(366))


def rejected(org: DemoOrg, account: Record) -> None:
    """Give an account 55 points for what it did, and 50 less for how it ended."""
    decided(org, account)
    lost_deal(org, account, 200, Lost_Reason__c="Not a fit")


def edge(org: DemoOrg, account: Record) -> None:
    """Give an account a meeting a day too old and a title that only looks like one: 0 points."""
    meeting(org, account, at(366, 9))
    add_contact(org, account, Title="DGA")


SUMS: tuple[tuple[str, int, str, Scored, str, tuple[str | None, str | None]], ...] = (
    (
        "20 + 15 + 15",
        5,
        "Media",
        decided,
        "industry 20, decision maker 15, three activities 15: 50",
        HIGH,
    ),
    (
        "25 + 20",
        250,
        "Engineering",
        lambda org, account: None,
        "250 people 25, industry 20: 45",
        LOW,
    ),
    ("25 + 25", 10, "Banking", worked_on, "10 people 25, was qualified once 25: 50", HIGH),
    (
        "20 + 15 + 15, met a year ago",
        9,
        "Media",
        met,
        "industry 20, Gérant 15, event 365 days ago 15: 50",
        HIGH,
    ),
    (
        "20, met a year and a day ago",
        251,
        "Engineering",
        edge,
        "251 people 0, DGA 0, event 366 days ago 0: 20",
        LOW,
    ),
    ("100 less 50", 40, "Media", rejected, "25 + 20 + 15 + 15 + 25 - 50: 50", HIGH),
)


def add_scores(org: DemoOrg) -> None:
    """Add ended pauses with potentials of 50 and of 45, the nearest that the table can give."""

    for number, (tag, employees, industry, prepare, why, outcome) in enumerate(SUMS):
        root = ("Fernsby Dale", "Duncastle", "Wrexholme")[number % 3]
        account = paused(
            org,
            f"{root} Partners LLP {number + 1} ({tag})",
            100,
            10,
            NumberOfEmployees=employees,
            Industry=industry,
        )
        prepare(org, account)
        org.expect(account, why, *outcome)


def add_undated(org: DemoOrg) -> None:
    """Add pauses without a date, with a leftover one and with one far ahead."""
    for days, outcome, why in (
        (90, LOW, "judged as if paused for 90 days from the day a person moved it: ends today"),
        (89, STAYS, f"the date is written: {day(-1)}"),
    ):
        account = boundary_account(
            org, f"Lacombrette & Fils {days} (moved by hand {days} days ago)", "Target", at(300)
        )
        move(org, account, "Backlog", at(days, 17), by=str(account["OwnerId"]), stamp=False)
        org.expect(account, why + "; the datetime field too", *outcome)

    account = paused(org, "Roquevive & Fils (no date, third pause)", 200, None, count=3)
    org.expect(account, f"the date is written: 365 days after entry, {day(-165)}")

    account = paused(org, "Sauveterrin & Fils (date left over from an earlier stay)", 30, 31)
    org.expect(account, f"a date before the day of entry counts as none; {day(-60)} is written")

    account = paused(org, "Tournemoine & Fils (date on the day of entry)", 30, 30)
    org.expect(account, "a date on the day of entry is one, and it has passed", *LOW)

    account = paused(org, "Vermillac & Fils (paused until 2029)", 30, -1100)
    org.expect(account, "more than two years ahead: a finding, nothing moves")

    account = boundary_account(
        org, "Pérignole & Fils (paused since who knows, no date)", "Backlog", Backlog_Count__c=1
    )
    org.expect(account, "entry unknown: no date is written, a finding")

    account = boundary_account(
        org,
        "Fauvelin & Fils (paused since who knows, date passed)",
        "Backlog",
        Backlog_Count__c=1,
        Backlog_Until__c=day(3),
    )
    org.expect(account, "the date is known, so the entry is not needed", *LOW)


def add_counts(org: DemoOrg) -> None:
    """Add running pauses of every length."""
    for count, days in ((0, 90), (1, 90), (2, 180), (3, 365), (4, 365)):
        account = paused(
            org, f"Bodegas Alcorniza {count} (Backlog count {count})", 40, 40 - days, count=count
        )
        org.expect(account, f"in the middle of {days} days")
