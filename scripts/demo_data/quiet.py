"""What does an account look like whose fields, dates and history suit its status?"""

from __future__ import annotations

from demo_data.accounts import move
from demo_data.activities import meeting, task_done, task_open
from demo_data.clock import at, day, days_since
from demo_data.deals import BANT, STAGES, Step, change_amount, deal, path
from demo_data.org import DemoOrg, Record, Value, moment

LOST_REASONS = ("Price", "Competitor", "No decision", "Timing", "Too small", "Not a fit", None)


def worked(org: DemoOrg, *steps: tuple[str, int]) -> list[Step]:
    """A path of stages at an hour of the working day that is drawn."""
    return path(*steps, hour=org.random.randint(9, 16), minute=org.random.randint(0, 59))


def enter_status(org: DemoOrg, account: Record, steps: tuple[tuple[str, int], ...]) -> None:
    """Walk the account through statuses, each so many days ago; people do some of the moves."""
    for status, days_ago in steps:
        by = str(account["OwnerId"]) if org.random.random() < 0.25 else None
        when = at(days_ago, org.random.randint(8, 18), org.random.choice((0, 0, 0, 17, 42)))
        move(org, account, status, max(when, moment(account, "CreatedDate")), by=by)


def log_activities(org: DemoOrg, account: Record, count: int, first: int, last: int) -> None:
    """Log activities between two ages in days, `first` the older, on the account or its people."""
    people = [c for c in org.records["Contact"][-6:] if c["AccountId"] == account["Id"]]
    deals = [d for d in org.records["Opportunity"][-6:] if d["AccountId"] == account["Id"]]
    oldest = min(first, days_since(moment(account, "CreatedDate")) - 1)
    for _ in range(count):
        when = at(
            org.random.randint(last, max(last, oldest)),
            org.random.randint(9, 18),
            org.random.randint(0, 59),
            org.random.randint(0, 59),
        )
        who = org.random.choice(people) if people and org.random.random() < 0.7 else None
        what = choose_what(org, account, deals, who)
        (meeting if org.random.random() < 0.22 else task_done)(org, what, when, who=who)


def choose_what(
    org: DemoOrg, account: Record, deals: list[Record], who: Record | None
) -> Record | None:
    """What an activity is about: an opportunity, the account, or nothing but the person."""
    draw = org.random.random()
    if deals and draw < 0.4:
        return org.random.choice(deals)
    return None if who and draw > 0.8 else account


def make_customer(org: DemoOrg, account: Record) -> None:
    """A customer with a won opportunity, a running subscription and regular contact."""
    won = org.random.randint(10, 280)
    steps = worked(
        org,
        ("new", won + 55),
        ("qualified", won + 40),
        ("trial", won + 22),
        ("closing", won + 8),
        ("commit", won + 3),
        ("won", won),
    )
    straight = worked(
        org, ("new", won + 50), ("qualified", won + 31), ("trial", won + 15), ("won", won)
    )
    enter_status(
        org, account, (("Unqualified Pool", won + 120), ("Target", won + 80), ("Working", won + 54))
    )
    won_steps = straight if org.random.random() < 0.3 else steps
    record = deal(org, account, won_steps, **commit_fields(won))
    add_role(org, account, record)
    move(org, account, "Customer", at(won, 18))
    account["Type"] = "Customer - Direct"
    ends: Value = day(won - 365)
    account["Subscription_End__c"] = ends if org.random.random() < 0.85 else None
    if won > 200 and org.random.random() < 0.5:
        stage = org.random.choice(("new", "qualified"))
        steps = (
            worked(org, ("new", 30), (stage, 12)) if stage != "new" else worked(org, ("new", 30))
        )
        deal(
            org,
            account,
            steps,
            Type="Existing Business",
            LeadSource="Upsell",
            NextStep="Présenter l'offre",
        )
    log_activities(org, account, org.random.randint(9, 13), won + 50, 2)


def commit_fields(won: int) -> dict[str, Value]:
    """What a customer's opportunity holds once it went through Commit properly."""
    return {
        "Acceptance_Received_On__c": day(won + 2),
        "Quote_Signed_On__c": day(won + 1),
        "Start_Date__c": day(won - 15),
        "Plan__c": "Business",
        "User_Count__c": 8 + won % 40,
        "Pricing_Terms__c": "Monthly",
        "Customer_Context__c": "Replaces a spreadsheet",
        "Billing_Tool__c": "Facturier",
        "Billing_Email__c": f"factures{won}@example.org",
        "Invoice_Scheduled_On__c": day(won - 20),
    }


def make_working(org: DemoOrg, account: Record) -> None:
    """An account with one or two open opportunities and recent contact."""
    entered = org.random.randint(20, 110)
    enter_status(
        org,
        account,
        (("Unqualified Pool", 400), ("Qualified Pool", entered + 60), ("Target", entered + 20)),
    )
    move(org, account, "Working", at(entered, 18))
    words = ("new", "qualified", "trial", "closing", "commit")[
        : org.random.choice((1, 2, 2, 3, 3, 4, 4, 5))
    ]
    gap = entered // len(words)
    steps = worked(org, *((word, entered - gap * number) for number, word in enumerate(words)))
    step = org.random.choice(("Envoyer le devis", "Call the CFO", None))
    record = deal(org, account, steps, NextStep=step, **untidiness(org))
    add_role(org, account, record)
    if org.random.random() < 0.1:
        record[STAGES[str(record["StageName"])][5]] = None
    if org.random.random() < 0.2:
        deal(
            org,
            account,
            worked(org, ("new", entered - 5), ("lost", max(1, entered - 15))),
            Lost_Reason__c=org.random.choice(LOST_REASONS),
        )
    if org.random.random() < 0.3 and entered > 30:
        change_amount(org, record, 18000, at(1, 15))
    log_activities(org, account, org.random.randint(8, 13), entered + 30, 1)
    if org.random.random() < 0.6:
        task_open(org, record, day(-org.random.randint(0, 25)))


def untidiness(org: DemoOrg) -> dict[str, Value]:
    """What makes some open opportunities as untidy as real ones; nothing for most."""
    draw = org.random.random()
    if draw < 0.12:
        return {"CloseDate": day(org.random.randint(1, 40))}
    if draw < 0.2:
        return {"LeadSource": org.random.choice((None, "Web", "Other"))}
    if draw < 0.28:
        return dict.fromkeys(list(BANT)[:2])
    return {"Amount": None} if draw < 0.34 else {}


def add_role(org: DemoOrg, account: Record, record: Record) -> None:
    """Name the account's first contact as a contact role of the opportunity, if it has one."""
    people = [c for c in org.records["Contact"][-4:] if c["AccountId"] == account["Id"]]
    if people:
        role = org.random.choice(("Decision Maker", "Evaluator", "Economic Buyer"))
        org.add(
            "OpportunityContactRole",
            moment(record, "CreatedDate"),
            str(record["OwnerId"]),
            OpportunityId=record["Id"],
            ContactId=people[0]["Id"],
            Role=role,
            IsPrimary=True,
        )


def make_target(org: DemoOrg, account: Record) -> None:
    """A target called in the last six weeks, some with a next step."""
    entered = org.random.randint(3, 100)
    enter_status(
        org,
        account,
        (("Unqualified Pool", 400), ("Qualified Pool", entered + 40), ("Target", entered)),
    )
    log_activities(org, account, org.random.randint(3, 7), entered + 60, 3)
    task_done(org, account, at(org.random.randint(1, 40), org.random.randint(9, 17)))
    if org.random.random() < 0.4:
        task_open(org, account, day(-org.random.randint(1, 20)))


def make_qualified(org: DemoOrg, account: Record) -> None:
    """A qualified account that nobody called since it entered the pool."""
    entered = org.random.randint(2, 80)
    enter_status(org, account, (("Unqualified Pool", entered + 100), ("Qualified Pool", entered)))
    log_activities(org, account, org.random.randint(0, 4), entered + 300, entered + 2)


def make_unqualified(org: DemoOrg, account: Record) -> None:
    """An account of the large pool; enriched long ago or never."""
    enter_status(org, account, (("Unqualified Pool", org.random.randint(30, 280)),))
    if org.random.random() < 0.4:
        account["Enriched_At__c"] = at(org.random.randint(32, 250), 2, 30)
        account["Enrichment_Source__c"] = "Registre de démonstration"
        account["LinkedIn_URL__c"] = (
            f"https://www.linkedin.com/company/demo-{str(account['Id'])[10:15].lower()}"
        )
    log_activities(org, account, org.random.choice((0, 0, 1, 2)), 400, 10)


def make_backlog(org: DemoOrg, account: Record) -> None:
    """A paused account: lost or idle, its date set by the rule and still ahead."""
    count = org.random.choice((1, 1, 1, 2, 2, 3, 4))
    length = {1: 90, 2: 180}.get(count, 365)
    entered = org.random.randint(5, min(length - 5, 200))
    enter_status(
        org,
        account,
        (("Unqualified Pool", 400), ("Target", entered + 90), ("Working", entered + 45)),
    )
    if org.random.random() < 0.75:
        steps = worked(
            org,
            ("new", entered + 44),
            ("qualified", entered + 30),
            ("trial", entered + 10),
            ("lost", entered),
        )
        skipped = steps[:1] + steps[-1:] if org.random.random() < 0.4 else steps
        deal(org, account, skipped, Lost_Reason__c=org.random.choice(LOST_REASONS))
    move(org, account, "Backlog", at(entered, 18))
    account.update(Backlog_Count__c=count, Backlog_Until__c=day(entered - length))
    log_activities(org, account, org.random.randint(5, 9), entered + 80, entered + 1)


def make_disqualified(org: DemoOrg, account: Record) -> None:
    """A group too large or a company that sells to consumers, put away by rule or by hand."""
    if org.random.random() < 0.6:
        account["NumberOfEmployees"] = org.random.randint(5001, 90000)
    enter_status(
        org, account, (("Unqualified Pool", 280), ("Disqualified", org.random.randint(5, 250)))
    )
    log_activities(org, account, org.random.randint(0, 2), 280, 20)


def make_churn(org: DemoOrg, account: Record) -> None:
    """A former customer whose subscription ended less than 90 days ago."""
    ended = org.random.randint(4, 85)
    won = ended + 200
    enter_status(org, account, (("Target", won + 90), ("Working", won + 60)))
    deal(
        org,
        account,
        worked(org, ("new", won + 60), ("qualified", won + 30), ("trial", won + 15), ("won", won)),
        **commit_fields(won),
    )
    move(org, account, "Customer", at(won, 18))
    # The first hourly pass of the day after the subscription ended.
    move(org, account, "Churn", at(ended, 0, 0, 5))
    account.update(Type="Other", Subscription_End__c=day(ended + 1))
    log_activities(org, account, org.random.randint(6, 10), won, ended + 2)
