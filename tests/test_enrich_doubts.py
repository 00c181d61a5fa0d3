"""Does one source's doubt hold against another one's certainty, and is who hides left alone?"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from enrich_world import (
    ATELIER,
    FIRM,
    NOW,
    OTHER,
    REGISTER,
    SEAT,
    SIREN,
    SITE,
    WORLD,
    World,
    entry,
    only,
    world,
)
from loop_org import CONFIG, shipped_policy

from sfsync.enrich.matching import weigh_own_site
from sfsync.enrich.model import Company, Entry, Item, Match, Scheme, Verdict
from sfsync.enrich.provider import Provider, Web
from sfsync.errors import SourceUnavailable
from sfsync.jobs.hourly import hourly
from sfsync.jobs.questions import asked
from sfsync.journal import ReviewAnswer
from sfsync.model import Change
from sfsync.report import FieldNames
from sfsync.report.figures import speech_of
from sfsync.report.sentence import Voice
from sfsync.rules.texts import TEXTS_FILE, load_texts

LEI, VIES = "gleif", "vies"
LINKEDIN = "https://www.linkedin.com/company/"
OWN_SITE = "https://atelier-exemple.fr"
NUMBERED = {**ATELIER, "Registration_Number__c": SIREN}


@pytest.fixture
def opened() -> Iterator[Any]:
    """Open worlds that are closed after the test."""
    with ExitStack() as stack:

        def open_world(*entries: Entry, account: Any = ATELIER) -> World:
            here = stack.enter_context(world(account))
            here.knows(*entries)
            return here

        yield open_world


def after(change: Change) -> dict[str, Any]:
    return {name: each.after for name, each in change.fields.items()}


def causes(here: World, **wishes: Any) -> list[str]:
    return [each.cause for each in here.plan(**wishes).plan.changes]


def codes(here: World, **wishes: Any) -> list[str]:
    return [each.code for each in here.plan(**wishes).plan.findings]


def answer(here: World, said: ReviewAnswer, **what: Any) -> None:
    here.loop.journal.reviews.answer(here.loop.services.books, FIRM, said, here.now, **what)


def listed(key: str = "LEI of the other") -> Entry:
    """What the list of LEIs has: only one of the companies of that name."""
    return entry(LEI, key, identifiers={Scheme.SIREN: OTHER})


def website(slug: str) -> Entry:
    found = {Item.LINKEDIN: LINKEDIN + slug}
    numbers = {Scheme.SIREN: SIREN}
    return only(SITE, found, key=f"{OWN_SITE} {slug}", identifiers=numbers, website=OWN_SITE)


def says(here: World, name: str, *entries: Entry, match: Match | None = None) -> None:
    """Let a source of the world answer as it does for its own reasons."""
    known = here._provider

    def look_up(company: Company, web: Web, key: str) -> Match | None:
        return match or weigh_own_site(company, entries, doubt="two pages at LinkedIn")

    def provider(called: str) -> Provider:
        made = known(called)
        return replace(made, look_up=look_up) if called == name else made

    here._provider = provider  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "doubted",
    [
        (entry(), entry(key=OTHER)),
        (entry(legal_form="sci"),),
        (entry(names=("ATELIER EXEMPEL",)),),
    ],
    ids=["two namesakes there", "another legal form", "a name that is near"],
)
def test_a_source_that_knows_one_of_several_does_not_settle_it(
    doubted: tuple[Entry, ...], opened: Any
) -> None:
    here = opened(*doubted, listed(), account={**ATELIER, "Name": "Atelier Exemple SAS"})
    made = here.plan().plan
    assert made.changes == ()
    (finding,) = made.findings
    assert f"({REGISTER})" in finding.message


def test_once_a_person_says_that_it_is_none_of_these_the_other_source_settles_it(
    opened: Any,
) -> None:
    here = opened(entry(), listed(), account={**ATELIER, "Name": "Atelier Exempel"})
    here.knows(entry(), entry(LEI, "its LEI", names=("ATELIER EXEMPEL",), identifiers={}))
    assert codes(here) == ["enrichment-review"]
    answer(here, ReviewAnswer.NONE)
    assert causes(here) == [f"enrich:{LEI}"]


def test_the_same_number_in_both_settles_a_name_that_the_register_does_not_know(
    opened: Any,
) -> None:
    number = {Scheme.SIREN: SIREN}
    brand = only(WORLD, {Item.WEBSITE: OWN_SITE}, key="Q1", identifiers=number)
    here = opened(entry(names=("ZORGLUB HOLDING",)), brand, account=NUMBERED)
    assert causes(here) == [f"enrich:{WORLD}"]


def test_a_number_that_is_another_companys_is_shown_though_a_website_agrees(opened: Any) -> None:
    account = {**ATELIER, "Registration_Number__c": OTHER, "Website": OWN_SITE}
    brand = only(WORLD, {}, key="Q1", identifiers={Scheme.WIKIDATA: "Q1"}, website=OWN_SITE)
    here = opened(entry(key=OTHER, names=("ZORGLUB INDUSTRIES",)), brand, account=account)
    made = here.plan().plan
    assert made.changes == ()
    assert [each.code for each in made.findings] == ["enrichment-review"]


def test_the_accounts_own_website_tells_namesakes_apart(opened: Any) -> None:
    found = {Item.LINKEDIN: LINKEDIN + "atelier"}
    brand = only(WORLD, found, key="Q1", identifiers={}, website=OWN_SITE)
    account = {**ATELIER, "Website": OWN_SITE}
    here = opened(entry(), entry(key=OTHER), brand, account=account)
    assert causes(here) == [f"enrich:{WORLD}"]


@pytest.mark.parametrize("how", ["is_person", "is_masked"])
def test_of_who_hides_nothing_is_taken_from_anybody(how: str, opened: Any) -> None:
    hidden = entry(names=(), places=(), found=(), **{how: True})
    site = only(SITE, {Item.LEGAL_NAME: "Atelier Exemple"}, website=OWN_SITE, identifiers={})
    others = (site, entry(LEI, "its LEI"), only(WORLD, {Item.WEBSITE: OWN_SITE}, key="Q1"))
    account = {**NUMBERED, "Website": OWN_SITE}
    here = opened(hidden, *others, account=account)
    made = here.plan().plan
    assert (made.changes, made.findings) == ((), ())
    assert "The number on 1 account is a person's" in " ".join(made.notes)
    assert {name for name, _ in here.web.asked} == {SITE, REGISTER}
    assert here.plan().plan.judged == 0


def test_whoever_has_two_pages_at_linkedin_rejects_the_pages_and_not_the_number(
    opened: Any,
) -> None:
    here = opened(account={**ATELIER, "Website": OWN_SITE})
    says(here, SITE, website("a"), website("b"))
    assert codes(here) == ["enrichment-review"]
    answer(here, ReviewAnswer.NONE)
    here.knows(entry())
    (change,) = here.plan().plan.changes
    assert after(change)["Registration_Number__c"] == SIREN
    assert "LinkedIn_URL__c" not in after(change)


def test_a_page_that_a_person_chose_makes_no_number_of_the_site_the_accounts(opened: Any) -> None:
    here = opened(account={**ATELIER, "Website": OWN_SITE})
    says(here, SITE, website("a"), website("b"))
    here.plan()
    answer(here, ReviewAnswer.THIS, key=f"{OWN_SITE} a")
    # The host's, by its name: sure by a number of the account's own, a claim of the website's.
    here.knows(entry(names=("ATELIER EXOTIQUE HEBERGEMENT",), places=()))
    (change,) = here.plan().plan.changes
    assert set(after(change)) == {"LinkedIn_URL__c", "Enriched_At__c", "Enrichment_Source__c"}


INVALID = Match(VIES, Verdict.REVIEW, (), "the VAT number DE136695976 is not valid", 0.0)


def test_a_number_that_is_not_valid_goes_to_a_person_until_it_is_answered(opened: Any) -> None:
    account = {**ATELIER, "BillingCountry": "Germany", "VAT_Number__c": "DE136695976"}
    here = opened(account=account)
    says(here, VIES, match=INVALID)
    (finding,) = here.plan().plan.findings
    assert finding.code == "number-invalid"
    assert finding.message == "the VAT number DE136695976 is not valid, says vies"
    services = replace(here.loop.services, policy=here.policy)
    assert "number-invalid" in {each.code for each in hourly(services).plan.findings}
    (review,) = here.loop.journal.reviews.open(here.loop.services.books)
    assert asked(services, review).changes == ()
    answer(here, ReviewAnswer.NONE)
    here.later(NOW + timedelta(days=100))
    assert codes(here) == []
    says(here, VIES, match=replace(INVALID, why="the VAT number DE129273398 is not valid"))
    assert codes(here, ids=[FIRM]) == ["number-invalid"]


def test_a_number_that_is_not_valid_is_said_in_french_too(opened: Any) -> None:
    here = opened(account={**ATELIER, "VAT_Number__c": "DE136695976"})
    says(here, VIES, match=INVALID)
    (finding,) = here.plan().plan.findings
    texts = load_texts((CONFIG / TEXTS_FILE).read_text(encoding="utf-8"), "f", shipped_policy())
    voice = Voice(speech_of("fr", "fr_FR"), "EUR", "Europe/Paris", FieldNames())
    said = voice.sentence(finding, texts[finding.code])
    assert said.startswith("le numéro de TVA n'est pas valide")
    assert VIES in said


@pytest.mark.parametrize("stands", ["BillingStreet", "BillingPostalCode"])
def test_what_the_source_does_not_say_of_an_address_agrees_with_nothing(
    stands: str, opened: Any
) -> None:
    parts = {"BillingStreet": "99 avenue Ailleurs", "BillingPostalCode": "75001"}
    nowhere = dict.fromkeys(("BillingStreet", "BillingPostalCode", "BillingCity"), None)
    lacks = Item.STREET if stands == "BillingStreet" else Item.POSTAL_CODE
    account = {**NUMBERED, **nowhere, stands: parts[stands]}
    here = opened(entry(values={lacks: None}), account=account)
    (change,) = here.plan().plan.changes
    assert not {"BillingStreet", "BillingPostalCode", "BillingCity"} & set(after(change))


def test_a_revenue_is_written_into_an_account_of_its_own_currency_only(opened: Any) -> None:
    for kept_in, is_written in (("EUR", True), ("USD", False)):
        with world(ATELIER) as here:
            here.fake.declare("Account", {"name": "CurrencyIsoCode", "type": "string"})
            here.edit(CurrencyIsoCode=kept_in)
            here.knows(entry())
            made = here.plan().plan
            assert ("AnnualRevenue" in after(made.changes[0])) is is_written
            told = f"Atelier Exemple is kept in {kept_in}"
            assert (told in " ".join(made.notes)) is not is_written


def test_websites_that_are_not_to_be_read_are_no_trouble(opened: Any) -> None:
    here = opened(entry(), account={**ATELIER, "Website": OWN_SITE})
    policy = shipped_policy()
    here.policy = replace(policy, enrich=replace(policy.enrich, read_websites=False))
    notes = " ".join(here.plan().plan.notes)
    assert SITE not in {name for name, _ in here.web.asked}
    assert "did not answer" not in notes


def test_while_a_register_is_down_another_ones_word_is_only_half(opened: Any) -> None:
    here = opened(entry(), entry(LEI, "its LEI"))
    here.web.troubles[REGISTER] = SourceUnavailable("down for an hour")
    made = here.plan().plan
    assert (made.changes, made.findings) == ((), ())
    here.knows(entry(), entry(LEI, "its LEI", names=("ATELIER EXEMPEL",)))
    here.later(NOW + timedelta(days=1))
    # Nor is anybody asked who it is, when the register may know it tomorrow.
    assert codes(here) == []
    here.web.troubles.clear()
    here.later(NOW + timedelta(days=2))
    assert causes(here) == [f"enrich:{REGISTER}"]


def test_a_register_of_another_country_is_not_waited_for(opened: Any) -> None:
    abroad = {**ATELIER, "BillingCountry": "Germany"}
    there = replace(SEAT, country="DE")
    here = opened(entry(LEI, "its LEI", places=(there,)), account=abroad)
    known = here._provider

    def provider(called: str) -> Provider:
        made = known(called)
        return replace(made, countries=frozenset({"FR"})) if called == REGISTER else made

    here._provider = provider  # type: ignore[method-assign]
    second = {**abroad, "Id": "001000000000002AAA"}
    with world(abroad, second) as two:
        two.knows(entry(LEI, "its LEI", places=(there,)))
        two._provider = here._provider  # type: ignore[method-assign]
        two.entries = here.entries
        two.web = here.web
        here.web.troubles[f"{REGISTER} Atelier Exemple"] = SourceUnavailable("down")
        # The first that asks meets with the trouble, the second only hears of it.
        outcomes = " ".join(two.plan().plan.notes)
        assert "1 failed, 1 sure" in outcomes


def test_a_run_that_asks_one_source_leaves_the_rest_to_the_next(opened: Any) -> None:
    here = opened(account={**ATELIER, "Name": "Atelier Exempel"})
    here.plan(only=[WORLD])
    assert here.loop.journal.lookups.last(here.loop.services.books) == {}
    here.knows(entry())
    assert codes(here) == ["enrichment-review"]
    # Nor does it take back what another source asks.
    here.plan(only=[WORLD], ids=[FIRM])
    here.knows(entry(WORLD, "Q1", names=("ATELIER EXEMPEL DE TOULOUSE",)))
    here.plan(only=[WORLD], ids=[FIRM])
    (review,) = here.loop.journal.reviews.open(here.loop.services.books)
    assert review.provider == REGISTER


def test_what_came_of_another_company_is_refreshed_at_once(opened: Any) -> None:
    here = opened(entry(), account=ATELIER)
    here.apply(here.plan())
    assert here.account()["Employee_Band__c"] == "20-49"
    # A person finds out that it is another company.
    here.edit(Registration_Number__c=OTHER)
    here.knows(entry(key=OTHER, values={Item.EMPLOYEES_BAND: "50-99", Item.EMPLOYEES_LEAST: 50}))
    (change,) = here.plan(ids=[FIRM]).plan.changes
    assert after(change)["Employee_Band__c"] == "50-99"
    assert "Registration_Number__c" not in after(change)
