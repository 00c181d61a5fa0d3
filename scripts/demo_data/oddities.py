"""Which records of the demo org are as odd as those of real orgs?

Odd names, empty fields, records without parent, archived and deleted rows, series and invitations.
None of the accounts here is due for a move.
"""

from __future__ import annotations

from datetime import timedelta

from demo_data.accounts import boundary_account, hand_over, move, open_account
from demo_data.activities import all_day, meeting, task_done, task_open
from demo_data.clock import NOW, at, day
from demo_data.deals import change_stage, deal, open_deal, path, won_deal
from demo_data.ids import record_id
from demo_data.org import DemoOrg, Record, Value, moment
from demo_data.people import add_contact

# Ids of records that were deleted for good long ago; their number is far above any in use.
GONE_ACCOUNT = record_id("Account", 9_999_999)
GONE_CONTACT = record_id("Contact", 9_999_999)
# As long as the platform allows: 255 characters.
LONG_NAME = ("Compagnie Générale d'Échantillons, de Modèles et de Maquettes " * 5)[:254] + "s"


def add_oddities(org: DemoOrg) -> None:
    """Add all odd records."""
    add_odd_names(org)
    add_bare_customers(org)
    add_families(org)
    add_duplicates(org)
    add_unattached(org)
    add_series(org)
    add_spring_cleaning(org)
    add_deleted(org)
    add_fresh_moves(org)
    add_archived(org)


def quiet_target(org: DemoOrg, name: str, **fields: Value) -> Record:
    """A Target that was called last week."""
    account = boundary_account(org, name, "Target", at(30), **fields)
    task_done(org, account, at(7, 10, 20))
    return account


def place(city: str, postal_code: str, country: str) -> dict[str, Value]:
    """A billing address outside the countries of the word lists."""
    return {
        "BillingStreet": "Musterweg 1",
        "BillingCity": city,
        "BillingState": None,
        "BillingPostalCode": postal_code,
        "BillingCountry": country,
        "Phone": None,
    }


def add_odd_names(org: DemoOrg) -> None:
    """Add accounts whose names, places and industries break careless code."""
    fields: tuple[tuple[str, dict[str, Value]], ...] = (
        ("L'Atelier d'Émile", {"BillingPostalCode": "01000", "BillingCity": "Bourg-en-Bresse"}),
        ("Großmuster & Söhne Straßenbau GmbH", place("Gießen", "35390", "Germany")),
        ("Crêperie 🥞 La Bonne Étoile", {"Industry": "Hospitality"}),
        (LONG_NAME, {"Website": None}),
        ("Okavango Demo Lodges", {"Industry": "NA", **place("Windhoek", "10005", "NA")}),
        ("Null", {"Industry": "NA", **place("Swakopmund", "000123", "Namibia")}),
        ('"Quotes" and, commas; Ltd', {"BillingStreet": "Unit 7\nThe Old Granary, 2nd floor"}),
        ("O'Hallorane \\ Backslash Co.", {"Phone": "n/a"}),
        ("%_Percent_Underscore% Studios", {"Website": "not a site"}),
        ("Łódź Wzorek i Synowie", place("Łódź", "90-001", "Poland")),
        ("=SUM(A1:A9) Formule", {"NumberOfEmployees": 0, "AnnualRevenue": 0}),
        ("TRUE", {"Industry": None, "NumberOfEmployees": None, "Phone": None, "Website": None}),
    )
    for name, values in fields:
        quiet_target(org, name, **values)


def add_bare_customers(org: DemoOrg) -> None:
    """Add customers that nobody can explain: no won opportunity, no people, no activity."""
    for number in range(3):
        account = boundary_account(org, f"Client Sans Contrat {number + 1}", "Customer", at(300))
        account["Subscription_End__c"] = day(-100 - number)


def add_families(org: DemoOrg) -> None:
    """Add subsidiaries, and accounts that went from hand to hand to an owner who has left."""
    parent = org.records["Account"][-1]
    for city in ("Nice", "Foix"):
        quiet_target(org, f"Groupe Modèle {city}", ParentId=parent["Id"], BillingCity=city)
    for number in range(8):
        account = quiet_target(org, f"Portefeuille Orphelin {number + 1}")
        hand_over(org, account, "cbrum", at(200, 12))
        hand_over(org, account, "gparti" if number % 2 else "rgone", at(150, 9, 30))


def add_duplicates(org: DemoOrg) -> None:
    """Add near duplicates: the same site, the same number, nearly the same name in one town."""
    town: dict[str, Value] = {
        "BillingCity": "Lyon",
        "BillingPostalCode": "69002",
        "BillingCountry": "France",
    }
    quiet_target(
        org, "Fonderie Grandmodèle", Website="https://www.fonderie-grandmodele.example", **town
    )
    quiet_target(
        org, "Fonderie Grand-Modele SARL", Website="fonderie-grandmodele.example/contact", **town
    )
    quiet_target(
        org, "Verrerie Échantillon", Registration_Number__c="000 900 001", Website=None, **town
    )
    quiet_target(
        org, "Verrerie Echantillon SAS", Registration_Number__c="000900001", Website=None, **town
    )
    quiet_target(org, "Tannerie Maquette", Website=None, **town)
    quiet_target(org, "TANNERIE MAQUETTES", Website=None, **town)
    mail = "accueil.partage@example.com"
    for account in org.records["Account"][-2:]:
        add_contact(org, account, Email=mail)
    add_contact(org, org.records["Account"][-3], Email="pas-une-adresse")


def add_unattached(org: DemoOrg) -> None:
    """Add contacts, opportunities and activities without account, and with one that is gone."""
    for number in range(16):
        contact = add_contact(org, None)
        if number % 4 == 0:
            task_done(org, None, at(30 + number, 11), who=contact)
    for days in (12, 33, 70, 110):
        record = open_deal(org, None, days, Name=f"Salon de {days} jours - sans compte")
        task_done(org, record, at(days - 2, 16))
    deal(org, None, path(("new", 90), ("qualified", 60), ("won", 45)), Name="Vente au comptoir")
    for number in range(6):
        task_done(org, None, at(20 + number, 9), Subject="Note to self", Type="Other")
    task_done(org, None, at(200, 9), WhatId=GONE_ACCOUNT, Subject="Call (account is gone)")
    task_open(org, None, day(40), WhoId=GONE_CONTACT, Subject="Call back (contact is gone)")
    meeting(org, None, at(90, 10), WhatId=GONE_ACCOUNT, Subject="Meeting (account is gone)")


def add_series(org: DemoOrg) -> None:
    """Add a series of tasks and of meetings with their master rows, and invitees' copies."""
    account = quiet_target(org, "Laboratoire Métronome")
    master = task_open(org, account, None, IsRecurrence=True, Subject="Appel du lundi")
    for weeks in range(-3, 5):
        subject: dict[str, Value] = {
            "Subject": "Appel du lundi",
            "RecurrenceActivityId": master["Id"],
        }
        if weeks > 0:
            task_done(org, account, at(weeks * 7, 9, 30), **subject)
        else:
            task_open(org, account, day(weeks * 7), **subject)
    series = meeting(org, account, at(28, 14), IsRecurrence=True, Subject="Point mensuel")
    for days in (28, 0, -28):
        meeting(
            org, account, at(days, 14), RecurrenceActivityId=series["Id"], Subject="Point mensuel"
        )
    for days in (28, 10, -5):
        meeting(org, account, at(days, 15), IsGroupEvent=True, Subject="Démo à trois")
        for rep in org.reps[:2]:
            meeting(
                org,
                account,
                at(days, 15),
                IsGroupEvent=True,
                IsChild=True,
                Subject="Démo à trois",
                OwnerId=rep,
            )


def add_spring_cleaning(org: DemoOrg) -> None:
    """Add old tasks that were closed long after their day: an import, and a tidy afternoon."""
    for number in range(6):
        account = boundary_account(org, f"Archives Reprises {number + 1}", "Qualified Pool", at(50))
        for months in range(4):
            task_done(
                org,
                account,
                at(45, 3, months),
                ActivityDate=day(300 + 31 * months),
                Subject="Email: imported",
            )
    for account in org.records["Account"][-3:]:
        task_open(org, account, day(90), Subject="Rappeler un jour")
        task_open(org, account, None, Status="Deferred")


def add_deleted(org: DemoOrg) -> None:
    """Add rows in the recycle bin: an account with all it had, a merged one, single rows."""
    account = boundary_account(org, "Compte Supprimé", "Target", at(200), IsDeleted=True)
    contact = add_contact(org, account, IsDeleted=True)
    won_deal(org, account, 20, IsDeleted=True)
    task_done(org, account, at(100), who=contact, IsDeleted=True)
    survivor = quiet_target(org, "Fusion & Associés")
    boundary_account(
        org,
        "Fusion et Associes",
        "Target",
        at(300),
        IsDeleted=True,
        MasterRecordId=survivor["Id"],
    )
    task_done(org, survivor, at(2, 11), IsDeleted=True)
    meeting(org, survivor, at(-2, 11), IsDeleted=True)
    for object_name in ("Account", "Contact", "Opportunity", "Task", "Event"):
        for record in org.records[object_name]:
            if record["IsDeleted"]:
                deleted_on = max(moment(record, "SystemModstamp"), at(4, 18))
                record["SystemModstamp"] = min(NOW, deleted_on + timedelta(seconds=1))


def add_fresh_moves(org: DemoOrg) -> None:
    """Add what people moved since the last pass: stages and statuses without their datetimes."""
    for number in range(3):
        account = boundary_account(org, f"Studio Mouvement {number + 1}", "Working", at(40))
        record = deal(org, account, path(("new", 38), ("qualified", 20)))
        change_stage(org, record, "Closing", at(0, 9, 10 + number))
        record["Closing_At__c"] = None
        org.add(
            "OpportunityContactRole",
            at(19),
            str(record["OwnerId"]),
            OpportunityId=record["Id"],
            ContactId=add_contact(org, account)["Id"],
            Role="Decision Maker",
            IsPrimary=True,
        )
    for number in range(3):
        account = open_account(
            org, f"Cabinet Mouvement {number + 1}", at(200), NumberOfEmployees=30
        )
        move(org, account, "Qualified Pool", at(90))
        task_done(org, account, at(3, 15))
        move(org, account, "Target", at(1, 16, number), by=str(account["OwnerId"]), stamp=False)


def add_archived(org: DemoOrg) -> None:
    """Add years of archived calls and meetings to the oldest customers."""
    customers = [a for a in org.records["Account"] if a.get("Status__c") == "Customer"]
    for account in org.random.sample(customers, 45):
        for number in range(org.random.randint(2, 4)):
            when = at(org.random.randint(368, 418), 9 + number, org.random.randint(0, 59))
            (meeting if number == 3 else task_done)(org, account, when)
    all_day(org, customers[-1], day(0), Subject="Journée portes ouvertes")
    all_day(org, customers[-2], day(-12), Subject="Salon de l'Échantillon")
