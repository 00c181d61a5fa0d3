"""Is an account enriched with what is sure, and with nothing that a person would not want?"""

import json
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from enrich_world import (
    ATELIER,
    FIRM,
    NOW,
    OTHER,
    REGISTER,
    SIREN,
    SITE,
    STATES,
    WORLD,
    World,
    entry,
    only,
    world,
)
from loop_org import CONFIG, config_texts, shipped_policy
from old_journals import sql_of

from sfsync.enrich.model import Item, Place, Scheme, Standing
from sfsync.errors import ConfigError, LookupFailed, NotFound, SourceUnavailable
from sfsync.jobs.hourly import hourly
from sfsync.journal import Journal, LookedUp, LookupOutcome, ReviewAnswer
from sfsync.model import Change, Finding, State
from sfsync.plan_file import from_json, to_json
from sfsync.policy import Policy
from sfsync.report import FieldNames
from sfsync.report.figures import speech_of
from sfsync.report.sentence import Voice
from sfsync.rules.load import load_policy
from sfsync.rules.texts import TEXTS_FILE, load_texts

SECOND, THIRD = "001000000000002AAA", "001000000000003AAA"
REFRESH = NOW + timedelta(days=181)
LARGER = {Item.EMPLOYEES_BAND: "50-99", Item.EMPLOYEES_LEAST: 50, Item.EMPLOYEES_MOST: 99}


def with_settings(**changes: Any) -> Policy:
    policy = shipped_policy()
    return replace(policy, enrich=replace(policy.enrich, **changes))


def the_change(here: World, **wishes: Any) -> Change:
    (change,) = here.plan(**wishes).plan.changes
    return change


def after(change: Change) -> dict[str, Any]:
    return {name: each.after for name, each in change.fields.items()}


def notes(here: World, **wishes: Any) -> str:
    return "\n".join(here.plan(**wishes).plan.notes)


def known_world(*entries: Any, account: Mapping[str, Any] = ATELIER, **wishes: Any) -> Any:
    """A world whose sources know these entries, by default the register's one."""
    made = world(account, **wishes)
    here = made.__enter__()
    here.knows(*(entries or (entry(),)))
    return made, here


@pytest.fixture
def opened(request: pytest.FixtureRequest) -> Any:
    """Open worlds that are closed after the test."""

    def open_world(*entries: Any, **wishes: Any) -> World:
        made, here = known_world(*entries, **wishes)
        request.addfinalizer(lambda: made.__exit__(None, None, None))
        return here  # type: ignore[no-any-return]

    return open_world


def test_empty_fields_are_filled_in_one_change_that_says_why_and_from_where(opened: Any) -> None:
    here = opened()
    change = the_change(here)
    assert after(change) == {
        "Activity_Code__c": "naf2:62.01Z",
        "AnnualRevenue": 1_200_000,
        "BillingStreet": "3 RUE DES EXEMPLES",
        "Employee_Band_Year__c": 2023,
        "Employee_Band__c": "20-49",
        "Enriched_At__c": "2026-06-15T08:00:00.000+0000",
        "Enrichment_Source__c": REGISTER,
        "Industry": "Technology",
        "Legal_Name__c": "ATELIER EXEMPLE",
        "Register_Status__c": "active",
        "Registration_Number__c": SIREN,
        "Revenue_Year__c": 2024,
    }
    assert change.cause == f"enrich:{REGISTER}"
    assert "the same name at the same place" in change.reason
    assert "fills" in change.reason
    assert "Industry by naf2:62.01Z" in change.reason
    assert change.rests_on[0].modified is not None
    source = change.fields["Employee_Band__c"].source
    assert source is not None
    assert (source.provider, source.url) == (REGISTER, f"https://{REGISTER}.example.com/{SIREN}")
    assert (source.as_of, source.fetched_on) == ("2023", "2026-06-15")
    assert 0.85 <= source.confidence <= 1
    assert change.fields["Enriched_At__c"].source is None


def test_what_people_typed_stays_and_placeholders_are_nothing(opened: Any) -> None:
    typed = {"Industry": "Media", "AnnualRevenue": 5, "Legal_Name__c": "TBD", "Website": "n/a"}
    here = opened(account={**ATELIER, **typed})
    changed = after(the_change(here))
    assert changed["Legal_Name__c"] == "ATELIER EXEMPLE"
    assert not {"Industry", "AnnualRevenue", "Revenue_Year__c", "BillingCity"} & set(changed)


def test_the_second_run_right_after_plans_nothing_and_undo_gives_all_back(opened: Any) -> None:
    here = opened()
    before = here.account()
    ran = here.run()
    assert [each.state for each in ran.outcomes] == [State.APPLIED]
    assert here.account()["Employee_Band__c"] == "20-49"
    assert here.plan().plan.changes == ()
    here.undo(ran.run.id)
    stamps = ("SystemModstamp", "LastModifiedDate", "LastModifiedById")
    gone = {name: value for name, value in here.account().items() if name not in stamps}
    assert gone == {name: value for name, value in before.items() if name not in stamps}
    # Whoever took it back is not to find it there again the next morning.
    assert here.plan().plan.changes == ()
    assert len(here.plan(ids=[FIRM]).plan.changes) == 1


def test_a_plan_that_was_only_looked_at_is_made_again(opened: Any) -> None:
    here = opened()
    assert here.plan().plan.changes == here.plan().plan.changes != ()


def test_a_plan_file_keeps_the_sources(opened: Any) -> None:
    plan = opened().plan().plan
    assert from_json(to_json(plan), "plan.json") == plan
    assert json.loads(to_json(plan))["changes"][0]["fields"]["Industry"]["source"]["as_of"]


def test_what_enrichment_filled_is_refreshed_once_it_is_old(opened: Any) -> None:
    here = opened()
    here.run()
    here.edit(Employee_Band__c="20-49")
    here.later(REFRESH)
    newer = {
        **LARGER,
        Item.EMPLOYEES_YEAR: 2024,
        Item.REVENUE: 1_500_000,
        Item.REVENUE_YEAR: 2025,
    }
    here.knows(entry(values=newer))
    change = the_change(here)
    assert after(change) == {
        "AnnualRevenue": 1_500_000,
        "Employee_Band_Year__c": 2024,
        "Employee_Band__c": "50-99",
        "Enriched_At__c": "2026-12-13T08:00:00.000+0000",
        "Revenue_Year__c": 2025,
    }
    assert "refreshes" in change.reason


def test_a_day_earlier_nothing_is_refreshed(opened: Any) -> None:
    here = opened()
    here.run()
    here.later(NOW + timedelta(days=179))
    here.knows(entry(values={Item.EMPLOYEES_BAND: "50-99", Item.EMPLOYEES_LEAST: 50}))
    assert here.plan().plan.changes == ()
    assert set(after(the_change(here, ids=[FIRM]))) == {"Enriched_At__c"}


def test_what_a_person_changed_after_enrichment_is_theirs_for_ever(opened: Any) -> None:
    here = opened()
    here.run()
    here.edit(Industry="Retail", Employee_Band__c="1-9", BillingCity="Blagnac")
    here.later(REFRESH)
    moved = {Item.ACTIVITY: "naf2:61.10Z", Item.STREET: "9 RUE NEUVE"}
    here.knows(entry(values={**LARGER, Item.EMPLOYEES_YEAR: 2024, **moved}))
    changed = after(the_change(here))
    assert set(changed) == {"Activity_Code__c", "Enriched_At__c"}


def test_the_registration_number_is_never_replaced(opened: Any) -> None:
    here = opened(account={**ATELIER, "Registration_Number__c": OTHER})
    made = here.plan().plan
    assert made.changes == ()
    (finding,) = made.findings
    assert finding.code == "enrichment-review"
    assert "the number on the account is another company's" in finding.message


def test_who_counts_first_is_as_configured(opened: Any) -> None:
    linkedin = "https://www.linkedin.com/company"
    said = {Item.LEGAL_NAME: "Atelier", Item.LINKEDIN: f"{linkedin}/a"}
    site = only(SITE, said, website="https://atelier.example")
    wiki = only(WORLD, {Item.LINKEDIN: f"{linkedin}/b", Item.WEBSITE: "https://other.example"})
    register = entry(values={Item.VAT_NUMBER: "FR44732829320"})
    here = opened(site, wiki, register, account={**ATELIER, "Website": "atelier.example"})
    change = the_change(here)
    assert after(change)["LinkedIn_URL__c"] == "https://www.linkedin.com/company/a"
    assert after(change)["Legal_Name__c"] == "ATELIER EXEMPLE"
    assert "Website" not in change.fields
    assert change.cause == f"enrich:{REGISTER}"
    # Nothing was left that Wikidata could have given: it was not asked.
    assert [name for name, _ in here.web.asked] == [SITE, REGISTER]


def test_who_may_have_what_is_missing_is_asked_too(opened: Any) -> None:
    wiki = only(WORLD, {Item.LINKEDIN: "https://www.linkedin.com/company/b",
                        Item.WEBSITE: "https://atelier.example"}, key="Q1",
                identifiers={Scheme.SIREN: SIREN})  # fmt: skip
    here = opened(wiki, entry())
    changed = after(the_change(here))
    assert changed["Website"] == "https://atelier.example"
    assert changed["Enrichment_Source__c"] == f"{REGISTER}, {WORLD}"


@pytest.mark.parametrize(
    ("setting", "typed", "expected", "noted"),
    [
        ("never", None, None, False),
        ("least", None, 20, False),
        ("least", 0, 20, False),
        ("least", 35, None, False),
        ("least", 400, None, True),
    ],
)
def test_a_band_is_a_band_and_no_number_of_people(
    opened: Any, setting: str, typed: int | None, expected: int | None, noted: bool
) -> None:
    account = {**ATELIER, "NumberOfEmployees": typed}
    here = opened(account=account, policy=with_settings(number_of_employees=setting))
    made = here.plan().plan
    assert after(made.changes[0]).get("NumberOfEmployees") == expected
    assert any("400, band 20-49" in note for note in made.notes) is noted


def test_a_lower_bound_of_ours_moves_when_the_band_does(opened: Any) -> None:
    here = opened(policy=with_settings(number_of_employees="least"))
    here.run()
    here.later(REFRESH)
    here.knows(entry(values=LARGER))
    assert after(the_change(here))["NumberOfEmployees"] == 50


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({Item.REVENUE_YEAR: 2022}, "four years old"),
        ({Item.REVENUE: 0}, "nothing is not known"),
        ({Item.REVENUE: -5}, "negative"),
        ({Item.REVENUE: 1_200}, "a thousand times too small for twenty people"),
        ({Item.REVENUE: 120_000_000_000}, "too much for fifty people"),
        ({Item.REVENUE_CURRENCY: "USD"}, "another currency"),
        ({Item.REVENUE_YEAR: None, Item.REVENUE_CURRENCY: None}, "of no currency"),
    ],
)
def test_a_revenue_that_is_old_or_not_to_be_believed_is_left_out(
    opened: Any, values: Mapping[Item, Any], why: str
) -> None:
    changed = after(the_change(opened(entry(values=values))))
    assert not {"AnnualRevenue", "Revenue_Year__c"} & set(changed), why
    assert changed["Employee_Band__c"] == "20-49"


def test_two_sources_that_say_quite_different_revenues_are_both_not_believed(opened: Any) -> None:
    money = {Item.REVENUE: 50_000_000, Item.REVENUE_YEAR: 2024, Item.REVENUE_CURRENCY: "EUR"}
    filed = only(STATES, money, key="1", identifiers={Scheme.SIREN: SIREN})
    # The register has no legal name, so the other one is asked as well.
    here = opened(entry(values={Item.LEGAL_NAME: None}), filed)
    made = here.plan().plan
    assert "AnnualRevenue" not in made.changes[0].fields
    assert any("against 50,000,000" in note for note in made.notes)


def test_an_old_band_is_no_band(opened: Any) -> None:
    values = {Item.EMPLOYEES_YEAR: 2022}
    assert "Employee_Band__c" not in after(the_change(opened(entry(values=values))))


def test_a_holding_code_says_nothing_and_an_unknown_code_is_listed(opened: Any) -> None:
    holding = opened(entry(values={Item.ACTIVITY: "naf2:70.10Z"}))
    made = holding.plan().plan
    assert "Industry" not in made.changes[0].fields
    assert after(made.changes[0])["Activity_Code__c"] == "naf2:70.10Z"
    assert not any("industries.yaml" in note for note in made.notes)
    unknown = opened(entry(values={Item.ACTIVITY: "naf2:46.90Z"}))
    made = unknown.plan().plan
    assert "Industry" not in made.changes[0].fields
    assert any("does not know: naf2:46.90Z" in note for note in made.notes)


@pytest.mark.parametrize(
    ("code", "industry"),
    [
        ("naf1:72.2C", "Technology"),  # of before 2008, and never renewed
        ("naf1:24.4C", "Biotechnology"),
        ("naf1:74.1J", None),
        ("naf2025:62.10Y", "Technology"),
    ],
)
def test_codes_of_other_revisions_mean_an_industry_too(
    code: str, industry: str | None, opened: Any
) -> None:
    here = opened(entry(values={Item.ACTIVITY: code}))
    made = here.plan().plan
    assert after(made.changes[0]).get("Industry") == industry
    assert not any("industries.yaml" in note for note in made.notes)


def test_an_industry_that_the_org_lacks_is_listed(opened: Any) -> None:
    here = opened(policy=with_settings(industries={"nace": {"62": "Astrology"}}))
    made = here.plan().plan
    assert "Industry" not in made.changes[0].fields
    assert any("Industry Astrology" in note for note in made.notes)


def test_two_addresses_are_never_mixed(opened: Any) -> None:
    here = opened(
        entry(places=(Place("3 RUE DES EXEMPLES", "31000", "TOULOUSE", "FR", is_seat=True),)),
        account={**ATELIER, "BillingStreet": "10 allée Ailleurs"},
    )
    assert not {"BillingStreet", "BillingCity"} & set(after(the_change(here)))


def test_a_country_is_written_as_the_org_writes_it(opened: Any) -> None:
    account = {**ATELIER, "BillingCountry": None, "BillingStreet": "3 rue des Exemples"}
    belgian = {"Id": SECOND, "Name": "Other", "BillingCountry": "FRANCE", "Status__c": "Target",
               "CreatedDate": ATELIER["CreatedDate"]}  # fmt: skip
    with world(account, belgian) as here:
        here.knows(entry())
        (change,) = here.plan(ids=[FIRM]).plan.changes
        assert change.fields["BillingCountry"].after == "FRANCE"


def review_of(here: World) -> Finding:
    (finding,) = here.plan().plan.findings
    return finding


def test_a_doubt_is_asked_once_and_the_hourly_pass_tells_it_until_it_is_answered(
    opened: Any,
) -> None:
    here = opened(account={**ATELIER, "Name": "Atelier Exempel"})
    finding = review_of(here)
    assert finding.code == "enrichment-review"
    assert f"ATELIER EXEMPLE ({SIREN}, 31000 TOULOUSE)" in finding.message
    assert here.plan().plan.findings == ()
    services = replace(here.loop.services, policy=here.policy)
    assert "enrichment-review" in {each.code for each in hourly(services).plan.findings}
    here.loop.journal.reviews.answer(here.loop.org.id, FIRM, ReviewAnswer.NONE, NOW)
    assert "enrichment-review" not in {each.code for each in hourly(services).plan.findings}


def test_this_one_is_sure_from_then_on(opened: Any) -> None:
    here = opened(account={**ATELIER, "Name": "Atelier Exempel"})
    here.plan()
    here.loop.journal.reviews.answer(here.loop.org.id, FIRM, ReviewAnswer.THIS, NOW, key=SIREN)
    change = the_change(here)
    assert after(change)["Registration_Number__c"] == SIREN
    assert "a person said that it is this one" in change.reason
    assert change.fields["Legal_Name__c"].source.confidence == 1.0  # type: ignore[union-attr]
    here.apply(here.plan())
    assert here.plan().plan.changes == ()
    here.later(REFRESH)
    assert set(after(the_change(here))) == {"Enriched_At__c"}


def test_none_of_these_holds_for_ever_and_for_every_source(opened: Any) -> None:
    here = opened(account={**ATELIER, "Name": "Atelier Exempel"})
    here.plan()
    here.loop.journal.reviews.answer(here.loop.org.id, FIRM, ReviewAnswer.NONE, NOW)
    here.edit(Name="Atelier Exemple")
    wiki = only(WORLD, {Item.WEBSITE: "https://a.example"}, key="Q1",
                identifiers={Scheme.SIREN: SIREN})  # fmt: skip
    here.knows(entry(), wiki)
    here.later(NOW + timedelta(days=400))
    made = here.plan().plan
    assert (made.changes, made.findings) == ((), ())


def test_later_asks_again_from_that_day_on(opened: Any) -> None:
    here = opened(account={**ATELIER, "Name": "Atelier Exempel"})
    here.plan()
    until = (NOW + timedelta(days=10)).date()
    here.loop.journal.reviews.answer(here.loop.org.id, FIRM, ReviewAnswer.LATER, NOW, until=until)
    here.later(NOW + timedelta(days=9))
    assert here.plan().plan.findings == ()
    here.later(NOW + timedelta(days=10))
    assert review_of(here).code == "enrichment-review"
    reviews, org = here.loop.journal.reviews, here.loop.org.id
    for answer in (ReviewAnswer.NEVER, ReviewAnswer.NONE):
        # The newest question is answered, and answered anew.
        reviews.answer(org, FIRM, answer, here.now)
        assert [each.answer for each in reviews.all(org, FIRM)] == [ReviewAnswer.LATER, answer]


def test_never_is_never_even_when_it_is_named(opened: Any) -> None:
    here = opened(account={**ATELIER, "Name": "Atelier Exempel"})
    here.plan()
    here.loop.journal.reviews.answer(here.loop.org.id, FIRM, ReviewAnswer.NEVER, NOW)
    here.edit(Name="Atelier Exemple")
    here.web.asked.clear()
    assert "a person said never: Atelier Exemple" in notes(here, ids=[FIRM])
    assert here.web.asked == []


def test_whoever_corrects_the_account_has_answered(opened: Any) -> None:
    here = opened(account={**ATELIER, "Name": "Atelier Exempel"})
    here.plan()
    here.edit(Name="Atelier Exemple")
    assert after(the_change(here))["Registration_Number__c"] == SIREN
    assert here.loop.journal.reviews.open(here.loop.org.id) == ()


def test_an_answer_needs_a_question_and_its_candidate(opened: Any) -> None:
    here = opened()
    reviews, org = here.loop.journal.reviews, here.loop.org.id
    with pytest.raises(NotFound, match="nothing is asked"):
        reviews.answer(org, FIRM, ReviewAnswer.NONE, NOW)
    here.edit(Name="Atelier Exempel")
    here.plan()
    with pytest.raises(NotFound, match=f"no candidate 1: there is {SIREN}"):
        reviews.answer(org, FIRM, ReviewAnswer.THIS, NOW, key="1")


def test_a_company_that_has_ceased_gets_no_figures_and_is_told(opened: Any) -> None:
    gone = entry(standing=Standing.CEASED, values={Item.STATUS: "ceased"})
    site = only(SITE, {Item.LINKEDIN: "https://www.linkedin.com/company/a"},
                website="https://atelier.example")  # fmt: skip
    account = {**ATELIER, "Registration_Number__c": SIREN, "Website": "atelier.example"}
    here = opened(site, gone, only(WORLD, {Item.WEBSITE: "https://b.example"}), account=account)
    made = here.plan().plan
    assert made.changes == ()
    (finding,) = made.findings
    assert (finding.code, finding.id) == ("company-ceased", FIRM)
    assert WORLD not in {name for name, _ in here.web.asked}


def test_accounts_are_chosen_by_need(opened: Any) -> None:
    def account(number: int, status: str | None, enriched: datetime | None = None) -> Any:
        at = None if enriched is None else enriched.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        return {"Id": f"00100000000000{number}AAA", "Name": f"Firm {number}", "Status__c": status,
                "Enriched_At__c": at, "CreatedDate": ATELIER["CreatedDate"]}  # fmt: skip

    old, older = NOW - timedelta(days=200), NOW - timedelta(days=300)
    accounts = [
        account(1, "Customer"),
        account(2, "Qualified Pool"),
        account(3, "Unqualified Pool", old),
        account(4, "Unqualified Pool", older),
        account(5, "Unqualified Pool"),
        account(6, "Disqualified"),
        account(7, "Unqualified Pool", NOW - timedelta(days=5)),
        account(8, None),
    ]
    with world(*accounts) as here:
        here.knows()
        here.plan()
        asked = [name for source, name in here.web.asked if source == REGISTER]
        assert asked == [f"Firm {number}" for number in (5, 4, 3, 2, 8, 1)]


def test_a_limit_holds_and_the_next_run_goes_on(opened: Any) -> None:
    accounts = [{**ATELIER, "Id": id, "Name": f"Firm {id[14]}"} for id in (FIRM, SECOND, THIRD)]
    with world(*accounts) as here:
        here.knows()
        assert "Due as well: 1 account" in notes(here, limit=2)
        here.plan(limit=2)
        asked = [name for source, name in here.web.asked if source == REGISTER]
        assert asked == ["Firm 1", "Firm 2", "Firm 3"]
        assert here.plan().plan.judged == 0
        here.later(NOW + timedelta(days=61))
        assert here.plan().plan.judged == 3


def test_only_the_accounts_and_sources_that_are_named_are_asked(opened: Any) -> None:
    here = opened()
    here.plan(ids=[FIRM], only=[WORLD])
    assert here.web.asked == [(WORLD, "Atelier Exemple")]
    with pytest.raises(NotFound, match="knows no record"):
        here.plan(ids=["001000000000009AAA"])
    with pytest.raises(NotFound, match=r'no provider "wikidatta"; did you mean "wikidata"'):
        here.plan(only=["wikidatta"])


def test_progress_is_told_after_each_account(opened: Any) -> None:
    here = opened()
    here.plan()
    assert here.told == [(0, 1, {}), (1, 1, {REGISTER: 1})]


def test_a_source_that_is_down_is_left_out_and_the_account_looked_up_again(opened: Any) -> None:
    second = {**ATELIER, "Id": SECOND, "Name": "Nobody Knows"}
    with world(ATELIER, second) as here:
        here.knows(entry())
        here.web.troubles[WORLD] = SourceUnavailable("wikidata is busy (maxlag)")
        made = here.plan().plan
        assert len(made.changes) == 1
        assert "wikidata did not answer for 2 accounts and was left out: wikidata is busy" in (
            "\n".join(made.notes)
        )
        looked = here.loop.journal.lookups.last(here.loop.org.id)
        assert looked[FIRM].outcome is LookupOutcome.PARTLY
        assert looked[SECOND].outcome is LookupOutcome.FAILED
        here.web.troubles.clear()
        here.later(NOW + timedelta(days=1))
        here.web.asked.clear()
        here.plan()
        # Whatever it may add to what is written is asked for, too.
        assert {(WORLD, "Nobody Knows"), (WORLD, "Atelier Exemple")} <= set(here.web.asked)


def test_while_a_source_is_down_what_is_known_keeps_nobody_else_waiting() -> None:
    pool, other = shipped_policy().enrich.choose[0], shipped_policy().enrich.choose[1]
    first = {**ATELIER, "Status__c": pool}
    second = {**ATELIER, "Id": SECOND, "Name": "Second", "Status__c": other}
    with world(first, second) as here:
        here.knows(entry())
        here.web.troubles[WORLD] = SourceUnavailable("it does not take the key")
        asked = []
        for days in range(4):
            here.later(NOW + timedelta(days=days))
            here.web.asked.clear()
            here.plan(limit=1)
            asked.append({name for _, name in here.web.asked})
        # Of the second nobody knows anything, so that it is in need again a day later.
        assert asked == [{"Atelier Exemple"}, {"Second"}, {"Second"}, {"Second"}]
        here.later(NOW + timedelta(days=shipped_policy().enrich.refresh_days))
        here.web.asked.clear()
        here.plan(limit=1)
        assert {name for _, name in here.web.asked} == {"Atelier Exemple"}


def test_while_a_source_is_down_no_account_is_stamped_day_by_day(opened: Any) -> None:
    here = opened(entry())
    here.web.troubles[WORLD] = SourceUnavailable("wikidata is busy (maxlag)")
    here.apply(here.plan())
    stamp = here.account()["Enriched_At__c"]
    assert stamp
    for days in (1, 2):
        here.later(NOW + timedelta(days=days))
        made = here.plan()
        assert (made.plan.judged, made.plan.changes) == (1, ())
    # Once all have answered, that is said.
    here.web.troubles.clear()
    here.later(NOW + timedelta(days=3))
    (change,) = here.plan().plan.changes
    assert change.fields["Enriched_At__c"].before == stamp


def test_one_question_that_fails_is_counted_and_the_others_go_on(opened: Any) -> None:
    here = opened()
    here.web.troubles[REGISTER] = LookupFailed("an answer without results")
    made = here.plan().plan
    assert made.changes == ()
    assert any(
        f"{REGISTER} did not answer for 1 account: an answer without results" in note
        for note in made.notes
    )


def test_where_nobody_can_be_asked_any_more_the_rest_is_left(opened: Any) -> None:
    second = {**ATELIER, "Id": SECOND, "Name": "Second"}
    with world(ATELIER, second) as here:
        here.knows()
        here.web.troubles[f"{REGISTER} Second"] = SourceUnavailable("refused")
        third = {**ATELIER, "Id": THIRD, "Name": "Third"}
        here.loop.fake.add("Account", **third)
        made = here.plan(only=[REGISTER]).plan
        assert "No source can be asked any more; not looked up: 1 account." in made.notes


def test_where_no_source_answers_at_all_it_is_no_plan(opened: Any) -> None:
    with world(ATELIER, {**ATELIER, "Id": SECOND, "Name": "Second"}) as here:
        here.web.troubles[REGISTER] = SourceUnavailable("refused")
        why = f"no public source could be asked: {REGISTER} did not answer for 1 account"
        with pytest.raises(SourceUnavailable, match=why):
            here.plan(only=[REGISTER])


def test_a_website_alone_cannot_say_which_company_it_is(opened: Any) -> None:
    with pytest.raises(ConfigError, match="no source may be asked that could say which company"):
        opened().plan(only=["website"])


def test_killed_half_way_it_goes_on_where_it_was(opened: Any) -> None:
    accounts = [{**ATELIER, "Id": id, "Name": f"Firm {id[14]}"} for id in (FIRM, SECOND, THIRD)]
    with world(*accounts) as here:
        here.knows()
        here.web.troubles["Firm 2"] = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            here.plan()
        assert set(here.loop.journal.lookups.last(here.loop.org.id)) == {FIRM}
        here.web.troubles.clear()
        here.web.asked.clear()
        here.plan()
        assert {name for _, name in here.web.asked} == {"Firm 2", "Firm 3"}


def test_an_account_edited_between_plan_and_apply_is_left_and_planned_again(opened: Any) -> None:
    here = opened()
    made = here.plan()
    here.later(NOW + timedelta(minutes=30))
    here.edit(Industry="Retail")
    (outcome,) = here.apply(made).outcomes
    assert outcome.state is State.STALE
    assert here.account()["Legal_Name__c"] is None
    assert "Industry" not in the_change(here).fields


def test_fields_that_the_org_lacks_are_left_out_and_named(opened: Any) -> None:
    here = opened()
    here.fake.drop_field("Account", "LinkedIn_URL__c")
    here.fake.drop_field("Account", "Employee_Band__c")
    change = the_change(here)
    assert not {"Employee_Band__c", "Employee_Band_Year__c"} & set(change.fields)
    assert "Account lacks, or does not let us write, Employee_Band__c, LinkedIn_URL__c" in notes(
        here
    )


def test_without_a_file_the_job_says_so(opened: Any) -> None:
    texts = {name: text for name, text in config_texts().items() if "enrich" not in name}
    here = opened(policy=load_policy(texts))
    with pytest.raises(ConfigError, match=r"enrich\.yaml: missing"):
        here.plan()


def test_the_journal_knows_what_was_filled_and_whether_it_was_taken_back(opened: Any) -> None:
    here = opened()
    ran = here.run()
    filled = here.loop.journal.filled(here.loop.org.id, "Account", FIRM)
    assert filled[FIRM, "Employee_Band__c"].value == "20-49"
    assert filled[FIRM, "Employee_Band__c"].source.as_of == "2023"
    assert (FIRM, "Enriched_At__c") not in filled
    here.undo(ran.run.id)
    assert here.loop.journal.filled(here.loop.org.id, "Account") == {}


def test_two_dates_far_apart_of_one_journal_are_told_apart(opened: Any) -> None:
    here = opened()
    here.run()
    assert here.loop.journal.enriched(here.loop.org.id, "Account") == {FIRM: NOW.astimezone(UTC)}


def test_an_older_journal_gets_its_tables_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    with closing(sqlite3.connect(file)) as older:
        older.executescript(";".join(sql_of("4", postgresql=False)))
    for _ in range(2):
        with closing(Journal.open(f"sqlite:///{file}")) as journal:
            assert journal.reviews.all("org") == ()
            looked = LookedUp(FIRM, NOW, LookupOutcome.SURE, (REGISTER, WORLD), "abc", True)
            journal.lookups.note("org", looked)
            assert journal.lookups.last("org") == {FIRM: looked}


def test_one_of_many_numbers_of_its_website_finds_it_in_the_register(opened: Any) -> None:
    numbers = ((Scheme.SIREN, OTHER), (Scheme.SIREN, SIREN))
    site = only(SITE, {}, website="https://atelier.example", identifiers={}, also_claimed=numbers)
    nowhere = {"BillingPostalCode": None, "BillingCity": None, "Website": "atelier.example"}
    here = opened(replace(site, also_claimed=()), entry(), account={**ATELIER, **nowhere})
    assert "Registration_Number__c" not in after(the_change(here))
    here.knows(site, entry())
    assert after(the_change(here, ids=[FIRM]))["Registration_Number__c"] == SIREN


def test_what_is_asked_and_what_has_ceased_is_said_in_french_too(opened: Any) -> None:
    text = (CONFIG / TEXTS_FILE).read_text(encoding="utf-8")
    texts = load_texts(text, TEXTS_FILE, shipped_policy())
    voice = Voice(speech_of("fr", "fr_FR"), "EUR", "Europe/Paris", FieldNames())
    doubt = review_of(opened(account={**ATELIER, "Name": "Atelier Exempel"}))
    gone = entry(standing=Standing.CEASED, values={Item.STATUS: "ceased"})
    ceased = review_of(opened(gone, account={**ATELIER, "Registration_Number__c": SIREN}))
    company = f"ATELIER EXEMPLE ({SIREN}, 31000 TOULOUSE)"
    said = [voice.sentence(each, texts[each.code]) for each in (doubt, ceased)]
    plain = [re.sub(r"[\s\u2066-\u2069]+", " ", each) for each in said]
    assert plain == [
        f"peut-être {company} (source : {REGISTER})",
        f"{company} a cessé son activité (source : {REGISTER})",
    ]
