"""Which accounts show the rules `activity` and `idle` and the alert at their edges?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from demo_data.accounts import boundary_account, hand_over, move
from demo_data.activities import all_day, meeting, task_done, task_open
from demo_data.clock import NOW, at, day
from demo_data.org import DemoOrg, Record

ENTERED = at(9, 14)

Logged = Callable[[DemoOrg, Record], object]

NEXT_STEPS: tuple[tuple[str, Logged, str | None, str], ...] = (
    ("callback due today", lambda org, a: task_open(org, a, day(0)), None, "today is early enough"),
    (
        "callback overdue",
        lambda org, a: task_open(org, a, day(1)),
        "idle",
        "an overdue task is no next step",
    ),
    (
        "callback undated",
        lambda org, a: task_open(org, a, None),
        "idle",
        "an undated task is no next step",
    ),
    (
        "meeting next week",
        lambda org, a: meeting(org, a, at(-7, 15)),
        None,
        "a planned event is a next step",
    ),
    (
        "meeting this afternoon",
        lambda org, a: meeting(org, a, at(0, 16)),
        None,
        "not started: a next step",
    ),
    (
        "fair today, all day",
        lambda org, a: all_day(org, a, day(0)),
        None,
        "has started: activity of today",
    ),
    (
        "somebody else's invitation",
        lambda org, a: meeting(org, a, at(-4, 11), IsChild=True, IsGroupEvent=True),
        "idle",
        "an invitee's copy is no next step",
    ),
    (
        "series master only",
        lambda org, a: task_open(org, a, day(-5), IsRecurrence=True),
        "idle",
        "the master row of a series is no next step",
    ),
    (
        "meeting deleted",
        lambda org, a: meeting(org, a, at(-4, 9), IsDeleted=True),
        "idle",
        "deleted: counts for nothing",
    ),
)

ACTIVITIES: tuple[tuple[str, Logged, str | None, str], ...] = (
    (
        "called this very second",
        lambda org, a: task_done(org, a, NOW),
        "activity",
        "a call that ended at now counts",
    ),
    (
        "called a second after it entered",
        lambda org, a: task_done(org, a, ENTERED + timedelta(seconds=1)),
        "activity",
        "one second later is later",
    ),
    (
        "called as it entered",
        lambda org, a: task_done(org, a, ENTERED),
        None,
        "the same instant is not after",
    ),
    (
        "fair today, all day",
        lambda org, a: all_day(org, a, day(0)),
        "activity",
        "an all-day event of today has started",
    ),
    (
        "met yesterday",
        lambda org, a: meeting(org, a, at(1, 9)),
        "activity",
        "an event that has started",
    ),
    ("meeting tomorrow", lambda org, a: meeting(org, a, at(-1, 9)), None, "has not started"),
    (
        "reminder due tomorrow",
        lambda org, a: task_open(org, a, day(-1)),
        None,
        "an open task is no activity",
    ),
    (
        "only the service wrote",
        lambda org, a: task_done(org, a, at(2), Subject="[sfsync] Target going idle"),
        None,
        "the service's own task is no activity",
    ),
    (
        "a colleague's copy",
        lambda org, a: meeting(org, a, at(3), IsChild=True, IsGroupEvent=True),
        None,
        "an invitee's copy is no activity",
    ),
    (
        "mass import",
        lambda org, a: task_done(org, a, at(2, 3), ActivityDate=day(410)),
        None,
        "imported two days ago, done 410 days ago",
    ),
)


def add_idle(org: DemoOrg) -> None:
    """Add the accounts around the two rules and the alert."""
    add_silences(org)
    add_next_steps(org)
    add_entries(org)
    add_owners(org)
    add_activities(org)


def silent(org: DemoOrg, name: str, days: int, hour: int = 15) -> Record:
    """A Target whose last call was so many days ago."""
    account = boundary_account(org, name, "Target", at(120))
    task_done(org, account, at(days, hour, 40))
    return account


def add_silences(org: DemoOrg) -> None:
    """Add Targets on both sides of 60 and 45 days."""
    edges = (
        ("Fontclairet", 61, 9, True, "silent for longer"),
        ("Valdoré", 60, 23, True, "60 calendar days, though not yet 60 times 24 hours"),
        ("Grandchenu", 59, 0, False, "not yet; its owner is alerted"),
        ("Castelbrun", 45, 23, False, "its owner is alerted"),
        ("Montrieux", 44, 0, False, "no alert yet"),
    )
    for root, days, hour, moves, why in edges:
        account = silent(org, f"Boulangerie {root} (silent {days} days)", days, hour)
        org.expect(account, why, "idle" if moves else None, "Backlog" if moves else None)


def add_next_steps(org: DemoOrg) -> None:
    """Add silent Targets with something in the calendar, or with what only looks like it."""
    for number, (tag, log, rule, why) in enumerate(NEXT_STEPS):
        root = ("Thistlewick", "Ashcombury", "Brindleford")[number % 3]
        account = silent(org, f"{root} Bakery {60 + number} ({tag})", 60 + number)
        log(org, account)
        org.expect(account, why, rule, "Backlog" if rule else None)


def add_entries(org: DemoOrg) -> None:
    """Add silent Targets whose entry is recent, unknown or in the future."""
    account = silent(org, "Officine Bellarocca (moved by hand ten days ago)", 75)
    move(org, account, "Qualified Pool", at(74, 9))
    move(org, account, "Target", at(10, 11), by=str(account["OwnerId"]), stamp=False)
    org.expect(account, "a person's move starts the clock again; its datetime field is written")

    account = boundary_account(org, "Officine Santafiora (Target since who knows)", "Target")
    task_done(org, account, at(80))
    org.expect(account, "entry unknown: idle waits")

    account = boundary_account(
        org, "Officine Cortelazzi (datetime field next month)", "Target", Target_At__c=at(-30)
    )
    task_done(org, account, at(80))
    org.expect(
        account,
        "a field later than now counts as empty and is a finding; entry unknown, idle waits",
    )

    account = boundary_account(
        org, "Officine Pianaletto (entered 60 days ago, never called)", "Target", at(60, 18)
    )
    org.expect(account, "without any activity the entry alone counts", "idle", "Backlog")

    account = boundary_account(
        org, "Officine Verdenova (entered 59 days ago, never called)", "Target", at(59, 1)
    )
    org.expect(account, "not yet; its owner is alerted")

    account = boundary_account(
        org, "Officine Casalgrigio (spring cleaning yesterday)", "Target", at(120)
    )
    task_done(org, account, at(1, 17), ActivityDate=day(70), Subject="Appel de suivi")
    org.expect(account, "closed yesterday, but due 70 days ago: that day counts", "idle", "Backlog")


def add_owners(org: DemoOrg) -> None:
    """Add silent Targets whose owner has left."""
    for alias, tag, why in (
        ("gparti", "owner has left", "the alert goes to the owner's manager"),
        ("rgone", "owner has left, no manager", "the alert goes to the admin"),
    ):
        account = silent(
            org, f"Transports {'Œillard' if alias == 'rgone' else 'Belgrandier'} ({tag})", 66
        )
        hand_over(org, account, alias, at(300))
        org.expect(account, why, "idle", "Backlog")


def add_activities(org: DemoOrg) -> None:
    """Add Qualified Pool accounts with activity before, at and after their entry."""
    for number, (tag, log, rule, why) in enumerate(ACTIVITIES):
        root = ("Peñalbrosa", "Montesclar", "Iruñeta", "Quintañar")[number % 4]
        account = boundary_account(
            org, f"Panadería {root} {number + 1} ({tag})", "Qualified Pool", ENTERED
        )
        log(org, account)
        org.expect(account, why, rule, "Target" if rule else None)
