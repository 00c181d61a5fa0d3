"""Which leads does the demo org hold?"""

from __future__ import annotations

from demo_data.activities import task_done, task_open
from demo_data.clock import NOW, at, day, day_of
from demo_data.org import DemoOrg, Record, Value, moment, touch
from demo_data.people import person
from demo_data.words import COUNTRIES, INDUSTRIES, SIGNING_TITLES, TITLES, phone, website

OPEN, CONTACTED, REFUSED, CONVERTED = (
    "Open - Not Contacted",
    "Working - Contacted",
    "Closed - Not Converted",
    "Closed - Converted",
)


def add_leads(org: DemoOrg) -> None:
    """Add leads of every status; some untouched for a week, some converted, some deleted."""
    plan = ((OPEN, 40), (CONTACTED, 45), (REFUSED, 20), (CONVERTED, 22))
    for status, count in plan:
        for number in range(count):
            lead = add_lead(org, status)
            if status == CONVERTED:
                convert(org, lead, number)
            elif status != OPEN or number % 5 == 0:
                done = at(org.random.randint(1, 50), org.random.randint(9, 17))
                task_done(org, None, max(done, moment(lead, "CreatedDate")), who=lead)
    for lead in org.records["Lead"][:6]:
        task_open(org, None, day(-2), who=lead)
    untidy(org)


def add_lead(org: DemoOrg, status: str) -> Record:
    """Add one lead of an invented company."""
    random = org.random
    country = random.choice(COUNTRIES)
    company = random.choice(country.firms).format(random.choice(country.roots))
    first, last, mail = person(org)
    city, postal_code, _ = random.choice(country.towns)
    owner = random.choice(org.reps)
    values: dict[str, Value] = {
        "FirstName": first,
        "LastName": last,
        "Name": f"{first} {last}",
        "Company": company,
        "Title": random.choice(TITLES + SIGNING_TITLES),
        "Email": mail,
        "City": city,
        "PostalCode": postal_code,
        "Country": country.name,
        "Phone": phone(random, country),
        "Website": website(random, company),
        "Status": status,
        "LeadSource": random.choice(("Outbound", "Inbound", "Referral", "Partnership", None)),
        "Industry": random.choice(INDUSTRIES),
        "OwnerId": owner,
        "IsConverted": False,
        "NumberOfEmployees": random.choice((None, 3, 12, 60, 300)),
    }
    created = at(random.randint(1, 60), random.randint(7, 21), random.randint(0, 59))
    return org.add("Lead", created, owner, **values)


def convert(org: DemoOrg, lead: Record, number: int) -> None:
    """Convert a lead into the contact and account of the same place in the lists."""
    people = [c for c in org.records["Contact"] if c["AccountId"] and not c["IsDeleted"]]
    contact = people[number * 7]
    accounts = {account["Id"]: account for account in org.records["Account"]}
    lead["Company"] = accounts[contact["AccountId"]]["Name"]
    when = min(NOW, max(moment(lead, "CreatedDate"), at(2, 11, number)))
    lead.update(
        IsConverted=True,
        ConvertedDate=day_of(when),
        ConvertedContactId=contact["Id"],
        ConvertedAccountId=contact["AccountId"],
        **{name: contact[name] for name in ("FirstName", "LastName", "Name", "Title", "Email")},
    )
    touch(lead, when, str(lead["OwnerId"]))


def untidy(org: DemoOrg) -> None:
    """Give leads the mistakes people make: mails malformed, missing, shared, in capitals."""
    leads = org.records["Lead"]
    leads[0]["Email"] = "jean.dupont(at)example.com"
    leads[1]["Email"] = None
    leads[2]["Email"] = leads[3]["Email"]
    leads[4]["Email"] = str(leads[5]["Email"]).upper()
    leads[6]["Email"] = org.records["Contact"][0]["Email"]
    leads[7]["FirstName"], leads[7]["Name"] = None, leads[7]["LastName"]
    leads[8]["IsDeleted"] = True
    leads[9]["Company"] = "[not provided]"
