"""Who works in the demo org, and whom do they know?"""

from __future__ import annotations

from datetime import datetime

from demo_data.clock import NOW, at
from demo_data.org import DemoOrg, Record, Value, text
from demo_data.words import FIRST_NAMES, LAST_NAMES, TITLES, slug

# alias, name, title, manager's alias, active, zone, locale. The service's own user comes first.
USERS = (
    ("sfsync", "Sales Loop Integration", None, None, True, "Europe/Paris", "en_US"),
    ("ofont", "Odile Fontanelle", "CRM Administrator", None, True, "Europe/Paris", "fr_FR"),
    ("hcast", "Henri Castelmaure", "Sales Director", None, True, "Europe/Paris", "fr_FR"),
    ("mverc", "Maud Verchère-Lys", "Sales Manager France", "hcast", True, "Europe/Paris", "fr_FR"),
    ("izubi", "Iker Zubirain", "Sales Manager South", "hcast", True, "Europe/Madrid", "es_ES"),
    (
        "ghollo",
        "Grace Hollowell",
        "Sales Manager UK & World",
        "hcast",
        True,
        "Europe/London",
        "en_GB",
    ),
    ("tpoiv", "Théo Poivrin", "Account Executive", "mverc", True, "Europe/Paris", "fr_FR"),
    ("cbrum", "Camille Brumaire", "Account Executive", "mverc", True, "Europe/Paris", "fr_FR"),
    ("snoel", "Sacha N'Gorane", "Account Executive", "mverc", True, "Europe/Paris", "fr_FR"),
    ("ldela", "Léa d'Alençonnais", "Sales Developer", "mverc", True, "Europe/Paris", "fr_FR"),
    ("prios", "Pilar Riosca", "Account Executive", "izubi", True, "Europe/Madrid", "es_ES"),
    ("dcort", "Dario Corteverde", "Account Executive", "izubi", True, "Europe/Rome", "it_IT"),
    ("whart", "Winifred Hartsease", "Account Executive", "ghollo", True, "Europe/London", "en_GB"),
    (
        "dpalm",
        "Dwight Palmerstone",
        "Account Executive",
        "ghollo",
        True,
        "America/New_York",
        "en_US",
    ),
    ("awhit", "Aroha Whitcombe", "Account Executive", "ghollo", True, "Pacific/Auckland", "en_NZ"),
    ("jfree", "Jules Sanslien", "Freelance Sales", None, True, "Europe/Paris", "fr_FR"),
    ("gparti", "Gilles Partidavant", "Account Executive", "mverc", False, "Europe/Paris", "fr_FR"),
    ("rgone", "Rosalind Goneby", "Account Executive", None, False, "Europe/London", "en_GB"),
)
REPS = tuple(user[0] for user in USERS if user[4])[6:]


def add_users(org: DemoOrg) -> None:
    """Add the users and note their ids by alias; the reps are those who own accounts."""
    for alias, name, title, manager, active, zone, locale in USERS:
        first, _, last = name.partition(" ")
        mail = f"{slug(name)}@example.com".replace("-", ".", 1)
        record = org.add(
            "User",
            at(900),
            "",
            Username=mail,
            FirstName=first,
            LastName=last,
            Name=name,
            Email=mail,
            Alias=alias,
            Title=title,
            IsActive=active,
            UserType="Standard",
            Department="Sales" if manager else None,
            TimeZoneSidKey=zone,
            LocaleSidKey=locale,
            LastLoginDate=at(3, 9, 5) if active else at(240, 17),
            ManagerId=org.users.get(manager or ""),
        )
        record.pop("CreatedById", None)
        org.users[alias] = text(record, "Id")
    org.reps.extend(org.users[alias] for alias in REPS)


def add_queues(org: DemoOrg) -> None:
    """Add the queue of those who take over a customer that was won; it takes tasks."""
    admin = org.users["ofont"]
    queue = org.add(
        "Group",
        at(880),
        admin,
        Name="Onboarding",
        DeveloperName="Onboarding",
        Type="Queue",
        Email="onboarding@example.com",
        OwnerId=admin,
    )
    queue.pop("IsDeleted", None)
    org.add("QueueSobject", at(880), admin, QueueId=queue["Id"], SobjectType="Task")


def person(org: DemoOrg) -> tuple[str, str, str]:
    """First name, last name and a mail address that only this person has."""
    first, last = org.random.choice(FIRST_NAMES), org.random.choice(LAST_NAMES)
    number = len(org.records["Contact"]) + len(org.records["Lead"]) + 1
    house = "example.com" if number % 3 else "example.org"
    return first, last, f"{slug(first)}.{slug(last)}{number}@{house}"


def add_contact(
    org: DemoOrg, account: Record | None, *, created: datetime | None = None, **fields: Value
) -> Record:
    """Add a contact; title, name and mail are drawn unless given."""
    first, last, mail = person(org)
    owner = text(account, "OwnerId") if account else org.random.choice(org.reps)
    born = created or at(org.random.randint(120, 800), org.random.randint(9, 17))
    values: dict[str, Value] = {
        "AccountId": account["Id"] if account else None,
        "FirstName": first,
        "LastName": last,
        "Title": org.random.choice(TITLES),
        "Department": org.random.choice(("Finance", "Achats", "IT", None, None)),
        "Email": mail,
        "Phone": account["Phone"] if account else None,
        "MobilePhone": f"06 39 98 {org.random.randint(0, 99):02d} {org.random.randint(0, 99):02d}",
        "LeadSource": org.random.choice(("Outbound", "Inbound", "Referral", None)),
        "OwnerId": owner,
    }
    values.update(fields)
    values["Name"] = f"{values['FirstName']} {values['LastName']}".removeprefix("None ")
    return org.add("Contact", min(born, NOW), owner, **values)
