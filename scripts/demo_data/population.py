"""Which quiet majority lives in the demo org?

None of these accounts is due for a move at the demo's now: their fields, dates and history agree.
They give the reports something to count and the edges something to stand out from.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from demo_data.accounts import open_account
from demo_data.clock import at
from demo_data.org import DemoOrg, Record, moment
from demo_data.people import add_contact
from demo_data.quiet import (
    make_backlog,
    make_churn,
    make_customer,
    make_disqualified,
    make_qualified,
    make_target,
    make_unqualified,
    make_working,
)
from demo_data.words import (
    BRITAIN,
    COUNTRIES,
    FRANCE,
    ITALY,
    SIGNING_TITLES,
    SPAIN,
    STATES,
    Country,
    base_name,
)

Maker = Callable[[DemoOrg, Record], None]


def add_population(org: DemoOrg) -> list[Record]:
    """Add the quiet accounts with their people, opportunities and activities; returns them."""
    names = company_names(org)
    makers: tuple[tuple[Maker, int], ...] = (
        (make_customer, 104),
        (make_working, 76),
        (make_target, 44),
        (make_qualified, 42),
        (make_unqualified, 46),
        (make_backlog, 50),
        (make_disqualified, 20),
        (make_churn, 16),
    )
    quiet = []
    for make, count in makers:
        for _ in range(count):
            name, country = names.pop()
            born = at(
                org.random.randint(420, 640), org.random.randint(8, 18), org.random.randint(0, 59)
            )
            account = open_account(org, name, born, country, OwnerId=org.random.choice(org.reps))
            add_people(org, account)
            make(org, account)
            quiet.append(account)
    return quiet


def company_names(org: DemoOrg) -> list[tuple[str, Country]]:
    """Every company name the word lists give that is not taken, in a drawn order."""
    places = dict.fromkeys((FRANCE, SPAIN, ITALY, BRITAIN, STATES))
    taken = {base_name(str(account["Name"])) for account in org.records["Account"]}
    names = [
        (firm.format(root), place)
        for place in places
        for firm in place.firms
        for root in place.roots
        if firm.format(root) not in taken
    ]
    weights = {place.name: COUNTRIES.count(place) for place in places}
    org.random.shuffle(names)
    return sorted(names, key=lambda pair: org.random.random() ** (1 / weights[pair[1].name]))


def add_people(org: DemoOrg, account: Record) -> None:
    """Add none to three contacts; one in three accounts has somebody who signs."""
    for number in range(org.random.choice((0, 1, 1, 1, 2, 2, 3))):
        signs = number == 0 and org.random.random() < 0.35
        born = moment(account, "CreatedDate") + timedelta(hours=number + 1)
        if signs:
            add_contact(org, account, created=born, Title=org.random.choice(SIGNING_TITLES))
        else:
            add_contact(org, account, created=born)
