"""Is the forecast that rests on incomplete deals summed for each manager, and by currency?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from loop_org import amounts_of, empty_org, loop_of, shipped_policy

from sfsync.extract.commitments import read_commitments
from sfsync.extract.currencies import CURRENCY_FIELD, keeps_currencies
from sfsync.model import Finding, OpenFinding
from sfsync.report import (
    Commitment,
    Edition,
    Person,
    Report,
    ReportOrder,
    build_reports,
    incomplete_ids,
    render,
)
from sfsync.report.forecast import Forecast, forecasts_of
from sfsync.rules.texts import FindingText

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
TODAY = date(2026, 6, 15)
ADMIN = Person("admin", "Odile", "odile@example.com")
PEOPLE = {
    id: Person(id, id.title(), f"{id}@example.com", manager, language=language)
    for id, manager, language in (
        ("director", None, "fr"), ("maud", "director", "fr"), ("grace", "director", "en_GB"),
        ("theo", "maud", "en"), ("lea", "maud", "en"), ("wini", "grace", "en"),
    )
}  # fmt: skip
WORDS = {"en": "Commit without acceptance", "fr": "Commit sans accord"}
TEXTS = {
    code: FindingText(code, severity, "manager", WORDS, WORDS)
    for code, severity in (("commit-acceptance", "high"), ("no-industry", "low"))
}
CODES = frozenset({"commit-acceptance"})
DEALS = (
    Commitment("d1", "theo", 120_000, "", is_complete=False),
    Commitment("d2", "lea", 280_000, ""),
    Commitment("d3", "lea", None, "", is_complete=False),
    Commitment("d4", "wini", 50_000, ""),
    Commitment("d5", None, 1_000, "", is_complete=False),
)


def found(
    id: str, owner: str | None, code: str = "commit-acceptance", **life: object
) -> OpenFinding:
    finding = Finding(code, "Opportunity", id, id.upper(), owner, "it is empty")
    return OpenFinding(finding, NOW - timedelta(days=3), NOW, **life)  # type: ignore[arg-type]


def reports(
    deals: Sequence[Commitment] = DEALS, *, adds_up: bool = True, **order: object
) -> dict[str, Report]:
    """The reports by their readers' Ids."""
    edition = Edition(
        ReportOrder("exceptions", **order), NOW, None, "https://acme.example", "Europe/Paris",
        ADMIN, commitments=deals, commit_codes=CODES, adds_up=adds_up,
    )  # type: ignore[arg-type]  # fmt: skip
    several = [
        found("d1", "theo", amount=120_000), found("d5", None, amount=1_000),
        found("a1", "wini", "no-industry"),
    ]  # fmt: skip
    return {each.reader.id: each for each in build_reports(several, PEOPLE, TEXTS, edition)}


def test_each_manager_has_the_sums_of_the_people_below() -> None:
    made = reports()
    assert made["maud"].forecasts == (Forecast("", 400_000, 120_000),)
    assert made["grace"].forecasts == (Forecast("", 50_000, 0),)
    assert made["director"].forecasts == (Forecast("", 450_000, 120_000),)
    assert {each.manager.id: each.forecasts for each in made["director"].teams} == {
        "maud": (Forecast("", 400_000, 120_000),),
        "grace": (Forecast("", 50_000, 0),),
    }
    assert made["admin"].forecasts == (Forecast("", 1_000, 1_000),)


def test_the_mail_says_it_in_the_readers_words_and_figures() -> None:
    made = reports()
    english, french = "of €400,000 in Commit (30%)", "sur 400 000 € en Commit (30 %)"
    told = render(made["maud"], TEXTS, "en", "en_IE")
    sentence = f"Forecast resting on incomplete Commits: €120,000 {english}"
    assert sentence in told.text
    assert sentence in told.html
    told = render(made["maud"], TEXTS)
    plain = told.text.replace("\u202f", " ").replace("\xa0", " ")
    assert f"Prévision reposant sur des Commit incomplets : 120 000 € {french}" in plain
    above = render(made["director"], TEXTS, "en", "en_IE").text
    assert "* Maud: 1 new; €120,000, the oldest 3 days\n  Forecast resting" in above
    assert "€120,000 of €450,000 in Commit (27%)" in above


def test_where_nothing_is_in_commit_nothing_is_said() -> None:
    for deals in ((), [Commitment("d3", "lea", None, "")]):
        made = reports(deals)
        assert made["maud"].forecasts == ()
        assert "Forecast" not in render(made["maud"], TEXTS, "en", "en_IE").text


def test_deals_in_commit_alone_are_no_reason_for_a_mail() -> None:
    edition = Edition(ReportOrder("exceptions"), NOW, None, "", "UTC", ADMIN,
                      commitments=DEALS, commit_codes=CODES)  # fmt: skip
    assert build_reports([], PEOPLE, TEXTS, edition) == ()


@pytest.mark.parametrize(
    "order", [{"codes": ("no-industry",)}, {"severities": ("low",)}, {"to": "owners"}]
)
def test_a_report_that_does_not_tell_of_commit_has_no_forecast(order: dict[str, object]) -> None:
    assert all(each.forecasts == () for each in reports(**order).values())


def test_the_admins_report_counts_everything() -> None:
    assert reports(to="admin")["admin"].forecasts == (Forecast("", 451_000, 121_000),)


def test_currencies_are_summed_each_for_itself_and_nothing_else_is_summed() -> None:
    deals = [replace(DEALS[0], currency="USD"), replace(DEALS[1], currency="GBP")]
    made = reports(deals, adds_up=False)["maud"]
    assert made.forecasts == (Forecast("GBP", 280_000, 0), Forecast("USD", 120_000, 120_000))
    assert made.sums.amount is None
    told = render(made, TEXTS, "en", "en_IE")
    assert "£0 of £280,000 in Commit (0%)" in told.text
    assert "US$120,000 of US$120,000 in Commit (100%)" in told.text
    assert "Money at stake" not in told.text
    assert "Theo - 1\n" in told.text
    assert "D1 - 120,000, 3 days" in told.text
    assert "The org keeps several currencies" in told.text
    assert "€" not in told.text + told.html + told.csv
    assert "EUR" not in told.csv


def test_amounts_of_one_currency_are_added_once() -> None:
    assert forecasts_of(DEALS) == (Forecast("", 451_000, 121_000),)
    assert forecasts_of([Commitment("d", None, 0, "")]) == ()


@pytest.mark.parametrize(
    ("life", "counts"),
    [
        ({}, True),
        ({"snoozed_until": date(2026, 7, 1)}, True),
        ({"waived_until": date(2026, 7, 1), "why": "agreed"}, False),
        ({"waived_until": TODAY, "why": "agreed"}, True),
        ({"solved_at": NOW}, False),
    ],
)
def test_what_is_waived_or_solved_makes_no_deal_incomplete(
    life: dict[str, object], counts: bool
) -> None:
    several = [found("d1", "theo", **life), found("d2", "lea", "no-industry")]
    assert incomplete_ids(several, CODES, TODAY) == ({"d1"} if counts else set())


@pytest.mark.parametrize("several_currencies", [False, True])
def test_what_is_in_commit_is_read_with_its_currency_if_there_is_one(
    several_currencies: bool,
) -> None:
    fake, policy = empty_org(NOW, "Europe/Paris"), shipped_policy()
    account = fake.add("Account", Name="Acme", Status__c="Working")
    ids = []
    if several_currencies:
        fake.declare("Opportunity", {"name": CURRENCY_FIELD, "type": "picklist"})
    for stage, amount, currency in (
        ("Commit", 500, "USD"), ("Commit", None, "GBP"), ("Closing", 700, "EUR")
    ):  # fmt: skip
        more = {CURRENCY_FIELD: currency} if several_currencies else {}
        ids.append(fake.add("Opportunity", Name="Deal", AccountId=account, StageName=stage,
                            CloseDate="2026-07-01", Amount=amount, **more))  # fmt: skip
    owner = fake.record("Opportunity", ids[0])["OwnerId"]
    with loop_of(fake, NOW) as loop:
        assert keeps_currencies(loop.org) == several_currencies
        read = read_commitments(loop.org, policy, {ids[1]})
        amounts = amounts_of(loop.plan())
    told = ("USD", "GBP") if several_currencies else ("", "")
    assert sorted(read, key=lambda each: each.id) == [
        Commitment(ids[0], str(owner), 500, told[0]),
        Commitment(ids[1], str(owner), None, told[1], is_complete=False),
    ]
    assert amounts["Opportunity", ids[0]] == 500
    assert (("Account", account) in amounts) is not several_currencies
