"""Does an incomplete deal go back from Commit with its reasons, and does who mends it keep it?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from loop_org import Loop, config_texts, empty_org, enforcing_policy, loop_of, shipped_policy

from sfsync.errors import ConfigError, Stopped
from sfsync.explain import Explanation, NextMove, explain
from sfsync.extract.meetings import Meeting, read_meetings
from sfsync.fake import FakeOrg
from sfsync.jobs import run_planned
from sfsync.model import Change, State, Watch
from sfsync.rules.commit import CommitCheck
from sfsync.rules.load import load_policy
from sfsync.rules.needs import fields_written, values_written

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
ADDRESS = {"BillingStreet": "1 Example Street", "BillingCity": "Lyon", "BillingCountry": "France"}
COMPLETE = {
    "Amount": 12000, "Acceptance_Received_On__c": "2026-06-01",
    "Quote_Signed_On__c": "2026-06-02", "Start_Date__c": "2026-07-01",
    "Plan__c": "Business", "Pricing_Terms__c": "Monthly", "Customer_Context__c": "Typed by hand",
    "User_Count__c": 12, "Billing_Tool__c": "Ledger", "Billing_Email__c": "pay@example.com",
    "Invoice_Scheduled_On__c": "2026-07-01",
}  # fmt: skip


class Deal:
    """One deal in Commit since six days, of an account with an address, and without a meeting."""

    def __init__(self, fake: FakeOrg, **lacks: object) -> None:
        old = {"CreatedDate": NOW - timedelta(days=90), "SystemModstamp": NOW - timedelta(days=6)}
        self.fake = fake
        self.account = fake.add("Account", Name="Acme", Status__c="Working", **ADDRESS, **old,
                                Working_At__c=NOW - timedelta(days=80))  # fmt: skip
        self.id = fake.add("Opportunity", Name="Deal", AccountId=self.account,
                           CloseDate="2026-07-01", Commit_At__c=NOW - timedelta(days=6),
                           **{"StageName": "Commit", **COMPLETE, **lacks}, **old)  # fmt: skip
        fake.add("OpportunityHistory", OpportunityId=self.id, StageName="Commit",
                 CreatedDate=NOW - timedelta(days=6))  # fmt: skip

    def meet(self, type: str = "Onboarding") -> str:
        return self.fake.add("Event", WhatId=self.id, Subject="Kick-off", Type=type,
                             StartDateTime=NOW + timedelta(days=3),
                             EndDateTime=NOW + timedelta(days=3, hours=1))  # fmt: skip

    @property
    def stage(self) -> object:
        return self.fake.record("Opportunity", self.id)["StageName"]


@contextmanager
def a_deal(**lacks: object) -> Iterator[tuple[Loop, Deal]]:
    fake = empty_org(NOW, "Europe/Paris")
    deal = Deal(fake, **lacks)
    with loop_of(fake, NOW, enforcing_policy()) as loop:
        yield loop, deal


def later(loop: Loop, **time: float) -> Loop:
    loop.fake.clock.advance(timedelta(**time).total_seconds())
    return replace(loop, now=loop.fake.clock.now())


def the_return(loop: Loop) -> Change:
    (change,) = [each for each in loop.plan().plan.changes if each.object == "Opportunity"]
    return change


def codes(loop: Loop, deal: Deal) -> set[str]:
    found = loop.plan().plan.findings
    return {each.code for each in found if each.id == deal.id and each.code.startswith("commit-")}


def test_the_change_names_each_missing_item_with_record_field_and_value() -> None:
    with a_deal(Quote_Signed_On__c=None, Start_Date__c="2026-06-14", Plan__c="TBD") as (loop, deal):
        deal.meet("Meeting")
        loop.fake.edit("Account", deal.account, BillingCity=None)
        change = the_return(later(loop, hours=2))
    assert change.cause == "rule:commit-incomplete"
    assert change.reason == (
        "in Commit for 6 days, and incomplete: no signed quote, amount 12000: Quote_Signed_On__c is"
        " empty; the start date must be today or later, it is 2026-06-14; no onboarding meeting is"
        " booked or was held; onboarding does not know enough; to be filled in: Plan__c; the"
        " invoice cannot be sent; to be filled in: Account.BillingCity"
    )
    evidence = {each.fact: (each.value, each.record) for each in change.evidence}
    assert len(evidence) == len(change.evidence)
    assert evidence["days_in_stage"][0] == 6
    assert evidence["quote_signed_on"] == (None, None)
    assert evidence["start_date"] == ("2026-06-14", None)
    assert evidence["plan"] == ("TBD", None)
    assert evidence["onboarding_meetings"] == (0, None)
    assert evidence["account.billing_city"] == (None, deal.account)
    assert "acceptance_received_on" not in evidence
    assert (change.rests_on[0].id, change.rests_on[1].id) == (deal.id, deal.account)
    assert Watch("Event", "WhatId") in change.watches


def test_a_move_writes_stage_and_date_together_and_the_books_know_it() -> None:
    with a_deal() as (loop, deal):
        change = the_return(loop)
        ran = loop.run()
        row = loop.fake.record("Opportunity", deal.id)
        assert (row["StageName"], row["Closing_At__c"]) == (
            "Closing",
            "2026-06-15T08:00:00.000+0000",
        )
        assert change.fields["StageName"].before == "Commit"
        assert set(change.fields) == {"StageName", "Closing_At__c"}
        left = loop.journal.previous_pass(loop.org.id)
        assert left is not None
        assert left.states["Opportunity"][deal.id] == "Closing"
        loop = later(loop, hours=1)
        assert loop.plan().plan.changes == ()
        loop.undo(ran.run.id)
        row = loop.fake.record("Opportunity", deal.id)
        assert (row["StageName"], row["Closing_At__c"]) == ("Commit", None)


MENDING: dict[str, Callable[[Deal], object]] = {
    "a meeting is booked": Deal.meet,
    "a field is filled in": lambda deal: deal.fake.edit(
        "Opportunity", deal.id, Acceptance_Received_On__c="2026-06-15"
    ),
    "the account's address is filled in": lambda deal: deal.fake.edit(
        "Account", deal.account, BillingCity="Lyon"
    ),
}


@pytest.mark.parametrize("mending", MENDING)
def test_who_mends_it_between_plan_and_run_keeps_it_in_commit(mending: str) -> None:
    with a_deal() as (loop, deal):
        planned = loop.plan()
        loop.fake.clock.advance(60)
        MENDING[mending](deal)
        ran = loop.apply(planned)
        outcomes = [each.state for each in ran.outcomes if each.id == deal.id]
        assert outcomes == [State.STALE]
        assert deal.stage == "Commit"


def test_the_run_that_writes_the_account_first_is_not_in_its_own_way() -> None:
    with a_deal() as (loop, deal):
        loop.fake.edit("Account", deal.account, Status__c="Target", NumberOfEmployees=50)
        ran = loop.run()
        assert {each.object for each in ran.plan.changes} == {"Account", "Opportunity"}
        assert {each.state for each in ran.outcomes} == {State.APPLIED}


def test_what_was_missing_stays_in_sight_until_a_person_moves_it() -> None:
    with a_deal(Start_Date__c="2026-06-14") as (loop, deal):
        missing = {"commit-onboarding-meeting", "commit-start-date"}
        assert codes(loop, deal) == missing
        loop.run()
        loop = later(loop, hours=1)
        assert codes(loop, deal) == {*missing, "commit-returned"}
        deal.meet()
        loop = later(loop, hours=1)
        assert codes(loop, deal) == {"commit-start-date", "commit-returned"}
        loop.fake.edit("Opportunity", deal.id, StageName="Free Trial")
        assert codes(later(loop, hours=1), deal) == set()


def test_who_puts_it_into_commit_again_has_two_days_again() -> None:
    with a_deal() as (loop, deal):
        loop.run()
        loop = later(loop, hours=1)
        loop.fake.edit("Opportunity", deal.id, StageName="Commit")
        for days, stage in ((0, "Commit"), (1, "Commit"), (1, "Closing")):
            loop = later(loop, days=days, hours=1)
            loop.run()
            assert deal.stage == stage


def test_a_hand_that_puts_it_back_to_closing_asks_for_nothing() -> None:
    with a_deal() as (loop, deal):
        rep = loop.fake.add("User", Name="Rep Example", IsActive=True)
        loop.fake.edit("Opportunity", deal.id, StageName="Closing", user=rep)
        assert codes(later(loop, hours=2), deal) == set()


def test_a_pass_that_would_take_many_back_stops_and_asks() -> None:
    fake = empty_org(NOW, "Europe/Paris")
    deals = [Deal(fake) for _ in range(51)]
    with loop_of(fake, NOW, enforcing_policy()) as loop:
        planned = loop.plan()
        with pytest.raises(Stopped, match="51 records of Opportunity would change their state"):
            run_planned(planned, loop.services, loop.desk, allow_large=False, chance=loop.chance)
        assert {deal.stage for deal in deals} == {"Commit"}
        assert planned.plan.judged == 51


def test_the_shipped_mode_only_reports_and_needs_no_right_to_move_deals() -> None:
    assert shipped_policy().commit.mode == "report"
    for policy, moves in ((shipped_policy(), False), (enforcing_policy(), True)):
        assert ("stage" in fields_written(policy)["Opportunity"]) == moves
        assert values_written(policy).get("Opportunity.stage", []) == ["Closing"] * moves


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("      - commit-quote\n", "      - commit-qoute\n",
         'no finding "commit-qoute"; did you mean "commit-quote"?'),
        ("      - commit-quote\n", "      - next-step-missing\n      - stays\n", "(staying_in)"),
        ("incomplete: {found}", "incomplete: {fuond}", 'no fact or field "fuond"; did you mean'),
        ("may_become: [Closing]", "may_become: []", '"Commit" may not become "Closing"'),
    ],
)  # fmt: skip
def test_a_rule_that_asks_for_findings_is_checked(old: str, new: str, words: str) -> None:
    texts = dict(config_texts())
    rules = texts["rules/opportunities.yaml"]
    assert old in rules
    stays = (
        "  - name: stays\n    staying_in: Closing\n    when: {stage: present}\n    because: stays\n"
    )
    rules = rules.replace(old, new, 1).replace("\nfindings:\n", f"\nfindings:\n{stays}", 1)
    with pytest.raises(ConfigError) as caught:
        load_policy({**texts, "rules/opportunities.yaml": rules})
    assert any(words in problem for problem in caught.value.problems), caught.value.problems


def test_a_mode_that_is_none_is_told() -> None:
    texts = dict(config_texts())
    text = texts["sfsync.yaml"].replace("mode: report", "mode: reprot")
    with pytest.raises(ConfigError) as caught:
        load_policy({**texts, "sfsync.yaml": text})
    assert any("commit.mode" in problem for problem in caught.value.problems)


def standings(found: Explanation) -> dict[str, str]:
    assert found.commit is not None
    return {item.code.removeprefix("commit-"): item.standing.value for item in found.commit.items}


def test_each_item_is_explained_with_what_proves_it() -> None:
    with a_deal(Amount=500, Quote_Signed_On__c=None, Plan__c=" ? ") as (loop, deal):
        meeting = deal.meet()
        found = explain(later(loop, hours=1).look(), deal.id)
        read = read_meetings(loop.org, [meeting, deal.id])
    assert standings(found) == {
        "acceptance": "met",
        "quote": "not needed",
        "start-date": "met",
        "onboarding-meeting": "met",
        "onboarding-information": "missing",
        "billing": "met",
    }
    assert found.commit is not None
    proofs = {
        field: (each.value, each.record)
        for item in found.commit.items
        for field, each in zip(item.fields, item.evidence, strict=True)
    }
    assert proofs["Acceptance_Received_On__c"] == ("2026-06-01", None)
    assert proofs["onboarding_meetings"] == (1, meeting)
    assert proofs["Plan__c"] == (" ? ", None)
    assert proofs["Account.BillingCity"] == ("Lyon", deal.account)
    assert read == {meeting: Meeting(meeting, "Kick-off", "2026-06-18")}
    (rule,) = found.rules
    assert rule.verdict == "moves"
    assert rule.reason.endswith("to be filled in: Plan__c")


def test_a_complete_one_is_held_by_nothing_missing_until_its_start_has_passed() -> None:
    with a_deal() as (loop, deal):
        deal.meet()
        found = explain(later(loop, hours=1).look(), deal.id)
    assert set(standings(found).values()) == {"met"}
    (rule,) = found.rules
    (clause,) = rule.failing
    assert clause.text.startswith("one of commit-acceptance, commit-quote, ")
    assert found.next_move == NextMove("2026-07-02", "commit-incomplete", "Closing")


def test_an_item_that_the_org_has_no_field_for_cannot_be_judged() -> None:
    with a_deal() as (loop, deal):
        loop.fake.drop_field("Opportunity", "Plan__c")
        loop.fake.drop_field("Event", "Type")
        found = explain(later(loop, hours=1).look(), deal.id)
    assert found.commit is not None
    assert {item.code: item.why for item in found.commit.items if item.why} == {
        "commit-onboarding-meeting": "the org lacks Event.Type",
        "commit-onboarding-information": "the org lacks Opportunity.Plan__c",
    }
    (rule,) = found.rules
    assert rule.verdict == "fails"


@pytest.mark.parametrize(
    ("before", "days", "why"),
    [
        ("Free Trial", 1, "not asked: it was won straight from Free Trial, not from Commit"),
        ("Commit", 8, "not asked any more: it was won on 2026-06-07, more than 7 days ago"),
        (None, 1, "not asked: its history does not show that it was won from Commit"),
    ],
)
def test_why_a_won_one_is_not_asked_is_said(before: str | None, days: int, why: str) -> None:
    fake = empty_org(NOW, "Europe/Paris")
    won = NOW - timedelta(days=days)
    deal = fake.add("Opportunity", Name="Won", StageName="Closed Won", CloseDate="2026-06-07",
                    LastStageChangeDate=won, CreatedDate=NOW - timedelta(days=60))  # fmt: skip
    for stage, at in ((before, won - timedelta(days=9)), ("Closed Won", won)):
        if stage:
            fake.add("OpportunityHistory", OpportunityId=deal, StageName=stage, CreatedDate=at)
    with loop_of(fake, NOW) as loop:
        found = explain(loop.look(), deal)
    assert found.commit == CommitCheck(False, why)


def test_an_account_and_a_deal_that_is_not_there_yet_are_asked_nothing() -> None:
    with a_deal(StageName="Free Trial") as (loop, deal):
        look = later(loop, hours=1).look()
        assert explain(look, deal.id).commit is None
        assert explain(look, deal.account).commit is None


def test_the_address_of_an_account_that_is_left_out_of_the_loop_is_nobodys_to_judge() -> None:
    texts = dict(config_texts())
    left_out = texts["sfsync.yaml"].replace("leave_out: {", "leave_out: {Account: {type: P}, ", 1)
    texts["sfsync.yaml"] = left_out.replace("mode: report", "mode: enforce", 1)
    fake = empty_org(NOW, "Europe/Paris")
    deal = Deal(fake)
    deal.meet()
    fake.edit("Account", deal.account, Type="P")
    with loop_of(fake, NOW, load_policy(texts)) as loop:
        assert not [each for each in codes(loop, deal) if each.startswith("commit-")]
        loop.run()
    assert deal.stage == "Commit"
