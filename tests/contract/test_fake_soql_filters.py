"""Does a WHERE let through what it does on the platform? (contract 4.1, 4.2)"""

from datetime import UTC, datetime

import pytest
from contract_org import CUSTOM_FIELDS, NOW, sign_in
from hypothesis import given, settings
from hypothesis import strategies as st
from simple_salesforce import Salesforce, format_soql
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sfsync.fake import FakeOrg


def names(sf: Salesforce, where: str, *, all_rows: bool = False) -> set[str]:
    """Return the names of the accounts that a condition lets through."""
    statement = f"SELECT Name FROM Account WHERE {where}"
    return {row["Name"] for row in sf.query_all(statement, include_deleted=all_rows)["records"]}


@pytest.fixture
def three(org: FakeOrg) -> FakeOrg:
    """Acme with every value, Fern with other ones, Null with none."""
    org.add(
        "Account",
        Name="Acme",
        Phone="Abc",
        NumberOfEmployees=10,
        Until__c="2026-03-04",
        Target_At__c=datetime(2026, 3, 4, 9, tzinfo=UTC),
        Vip__c=True,
        Tags__c="A;B",
        Score__c=1.5,
    )
    org.add(
        "Account",
        Name="Fern",
        Phone="xyz",
        NumberOfEmployees=20,
        Until__c="2026-03-05",
        Tags__c="C",
        Score__c=20,
    )
    org.add("Account", Name="Null")
    return org


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Phone = 'ABC'", {"Acme"}),
        ("Phone != 'abc'", {"Fern", "Null"}),
        ("Phone <> 'abc'", {"Fern", "Null"}),
        ("NOT Phone = 'abc'", {"Fern", "Null"}),
        ("Phone IN ('abc', 'nope')", {"Acme"}),
        ("Phone NOT IN ('abc')", {"Fern", "Null"}),
        ("Phone = ''", {"Null"}),
        ("Phone = null", {"Null"}),
        ("Phone != ''", {"Acme", "Fern"}),
        ("Phone IN ('abc', null)", {"Acme", "Null"}),
        ("Phone NOT IN ('abc', null)", {"Fern"}),
        ("Phone > 'b'", {"Fern"}),
        ("Phone <= 'ABC'", {"Acme"}),
        ("Phone LIKE 'a%'", {"Acme"}),
        ("Phone LIKE '_yz'", {"Fern"}),
        ("(NOT Phone LIKE 'a%')", {"Fern", "Null"}),
        ("NumberOfEmployees >= 10 AND NumberOfEmployees < 20", {"Acme"}),
        ("NumberOfEmployees < 100", {"Acme", "Fern"}),
        ("NumberOfEmployees = null", {"Null"}),
        ("Score__c = 1.5", {"Acme"}),
        ("Score__c > 1.5e0", {"Fern"}),
        ("Vip__c = true", {"Acme"}),
        ("Vip__c = null", {"Fern", "Null"}),
        ("Vip__c != null", {"Acme"}),
        ("Tags__c INCLUDES ('A;B', 'C')", {"Acme", "Fern"}),
        ("Tags__c INCLUDES ('a')", {"Acme"}),
        ("Tags__c EXCLUDES ('A')", {"Fern", "Null"}),
        ("Until__c = 2026-03-04", {"Acme"}),
        ("Target_At__c = 2026-03-04T10:00:00+01:00", {"Acme"}),
        ("Target_At__c > 2026-03-04T08:59:59.000Z", {"Acme"}),
        ("Name = 'Acme' OR (Name = 'Fern' AND Phone = 'abc')", {"Acme"}),
        ("nAmE = 'acme' aNd pHone = 'abc'", {"Acme"}),
        ("Account.Name = 'Fern'", {"Fern"}),
    ],
)  # fmt: skip
def test_a_condition_lets_through_the_platforms_rows(
    three: FakeOrg, where: str, expected: set[str]
) -> None:
    """Contract 4.1, 4.2, 4.3: case, null, booleans, ranges, multi-select."""
    assert names(sign_in(three), where) == expected


def test_a_missing_parent_counts_as_null(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 4.1: filters on a missing parent; its booleans are false."""
    account = org.add("Account", Name="Acme", Vip__c=True)
    org.add("Contact", LastName="Reed", AccountId=account)
    org.add("Contact", LastName="Free")

    def found(where: str) -> list[str]:
        rows = sf.query(f"SELECT LastName FROM Contact WHERE {where}")["records"]
        return [row["LastName"] for row in rows]

    assert found("Account.Name = null") == ["Free"]
    assert found("Account.Name != 'Acme'") == ["Free"]
    assert found("Account.Vip__c = false") == ["Free"]
    assert found("Account.Owner.Name = 'Service User'") == ["Reed"]
    assert found(f"AccountId = '{account}'") == ["Reed"]
    assert found("AccountId = null") == ["Free"]
    assert set(found(f"AccountId IN ('{account}', null)")) == {"Reed", "Free"}
    assert found(f"AccountId NOT IN ('{account}')") == ["Free"]
    assert found(f"AccountId IN ('{account}', '{account[:15]}') AND LastName = 'Free'") == []


# Wednesday 2026-03-04, 10:30 in Paris.
@pytest.mark.parametrize(
    ("literal", "first", "last"),
    [
        ("TODAY", "2026-03-04", "2026-03-04"),
        ("YESTERDAY", "2026-03-03", "2026-03-03"),
        ("TOMORROW", "2026-03-05", "2026-03-05"),
        ("THIS_WEEK", "2026-03-01", "2026-03-07"),
        ("LAST_WEEK", "2026-02-22", "2026-02-28"),
        ("NEXT_WEEK", "2026-03-08", "2026-03-14"),
        ("THIS_MONTH", "2026-03-01", "2026-03-31"),
        ("LAST_MONTH", "2026-02-01", "2026-02-28"),
        ("NEXT_MONTH", "2026-04-01", "2026-04-30"),
        ("THIS_QUARTER", "2026-01-01", "2026-03-31"),
        ("LAST_QUARTER", "2025-10-01", "2025-12-31"),
        ("NEXT_QUARTER", "2026-04-01", "2026-06-30"),
        ("THIS_YEAR", "2026-01-01", "2026-12-31"),
        ("LAST_YEAR", "2025-01-01", "2025-12-31"),
        ("NEXT_YEAR", "2027-01-01", "2027-12-31"),
        ("LAST_90_DAYS", "2025-12-04", "2026-03-04"),
        ("NEXT_90_DAYS", "2026-03-05", "2026-06-02"),
        ("LAST_N_DAYS:1", "2026-03-03", "2026-03-04"),
        ("LAST_N_DAYS:30", "2026-02-02", "2026-03-04"),
        ("NEXT_N_DAYS:2", "2026-03-05", "2026-03-06"),
        ("N_DAYS_AGO:3", "2026-03-01", "2026-03-01"),
        ("LAST_N_WEEKS:2", "2026-02-15", "2026-02-28"),
        ("NEXT_N_WEEKS:1", "2026-03-08", "2026-03-14"),
        ("N_WEEKS_AGO:1", "2026-02-22", "2026-02-28"),
        ("LAST_N_MONTHS:2", "2026-01-01", "2026-02-28"),
        ("NEXT_N_MONTHS:1", "2026-04-01", "2026-04-30"),
        ("N_MONTHS_AGO:3", "2025-12-01", "2025-12-31"),
        ("LAST_N_QUARTERS:1", "2025-10-01", "2025-12-31"),
        ("N_QUARTERS_AGO:2", "2025-07-01", "2025-09-30"),
        ("LAST_N_YEARS:2", "2024-01-01", "2025-12-31"),
        ("NEXT_N_YEARS:1", "2027-01-01", "2027-12-31"),
        ("N_YEARS_AGO:1", "2025-01-01", "2025-12-31"),
        ("THIS_FISCAL_QUARTER", "2026-02-01", "2026-04-30"),
        ("LAST_FISCAL_YEAR", "2025-02-01", "2026-01-31"),
        ("THIS_FISCAL_YEAR", "2026-02-01", "2027-01-31"),
        ("LAST_N_FISCAL_QUARTERS:1", "2025-11-01", "2026-01-31"),
        ("N_FISCAL_YEARS_AGO:1", "2025-02-01", "2026-01-31"),
    ],
)  # fmt: skip
def test_a_date_literal_means_the_days_of_the_guide(literal: str, first: str, last: str) -> None:
    """Contract 4.2: the table of date literals, here with a fiscal year from February."""
    from datetime import date, timedelta

    org = FakeOrg.standard(NOW, custom_fields=CUSTOM_FIELDS)
    org.edit("Organization", org.state.org_id, FiscalYearStartMonth=2)
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    days = {begin - timedelta(days=1), begin, end, end + timedelta(days=1)}
    for day in days:
        org.add("Account", Name=day.isoformat(), Until__c=day)
    sf = sign_in(org)
    inside = {first, last}
    before, after = ((begin - timedelta(days=1)).isoformat(), (end + timedelta(days=1)).isoformat())
    assert names(sf, f"Until__c = {literal}") == inside
    assert names(sf, f"Until__c != {literal}") == {before, after}
    assert names(sf, f"Until__c < {literal}") == {before}
    assert names(sf, f"Until__c <= {literal}") == {before} | inside
    assert names(sf, f"Until__c > {literal}") == {after}
    assert names(sf, f"Until__c >= {literal}") == {after} | inside


def test_a_day_begins_at_midnight_of_the_running_user(org: FakeOrg) -> None:
    """Contract 4.2: relative literals are in the running user's zone."""
    for hour, name in ((22, "late"), (23, "midnight in Paris"), (5, "morning")):
        day = 4 if hour == 5 else 3
        org.add("Account", Name=name, Target_At__c=datetime(2026, 3, day, hour, tzinfo=UTC))
    tokyo = org.add(
        "User", Name="Aki Elm", Username="aki.elm@example.com", TimeZoneSidKey="Asia/Tokyo"
    )
    where = "Target_At__c = TODAY"
    assert names(sign_in(org), where) == {"midnight in Paris", "morning"}
    assert names(sign_in(org, tokyo), where) == {"late", "midnight in Paris", "morning"}


def test_the_last_days_of_an_instant_end_now(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 4.2: LAST_N_DAYS runs through now, so later today is after it."""
    org.add("Account", Name="now", Target_At__c=NOW)
    org.add("Account", Name="later", Target_At__c=NOW.replace(hour=12))
    assert names(sf, "Target_At__c = LAST_N_DAYS:1") == {"now"}
    assert names(sf, "Target_At__c > LAST_N_DAYS:1") == {"later"}


def test_weeks_begin_on_monday_outside_america(org: FakeOrg) -> None:
    """Contract 4.2: the locale says when a week starts."""
    german = org.add("User", Name="Uwe Ash", Username="uwe.ash@example.com", LocaleSidKey="de_DE")
    org.add("Account", Name="Sunday", Until__c="2026-03-01")
    org.add("Account", Name="Monday", Until__c="2026-03-02")
    assert names(sign_in(org), "Until__c = THIS_WEEK") == {"Sunday", "Monday"}
    assert names(sign_in(org, german), "Until__c = THIS_WEEK") == {"Monday"}


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY"),
        ("Name = 'a' OR Name = 'b' AND Name = 'c'", "MALFORMED_QUERY"),
        ('Name = "a"', "MALFORMED_QUERY"),
        ("Name = 'a\\d'", "MALFORMED_QUERY"),
        ("Name = 'a\\_'", "MALFORMED_QUERY"),
        ("Name IN ()", "MALFORMED_QUERY"),
        ("Name = Phone", "MALFORMED_QUERY"),
        ("Until__c = '2026-03-04'", "INVALID_FIELD"),
        ("Until__c = 2026-03-04T00:00:00Z", "INVALID_FIELD"),
        ("Target_At__c = 2026-03-04", "INVALID_FIELD"),
        ("NumberOfEmployees = '5'", "INVALID_FIELD"),
        ("Name = 5", "INVALID_FIELD"),
        ("Name = TODAY", "INVALID_FIELD"),
        ("Vip__c = 'true'", "INVALID_FIELD"),
        ("Description = 'x'", "INVALID_FIELD"),
        ("Id = 'nope'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("NumberOfEmployees LIKE '1%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("Vip__c > false", "INVALID_QUERY_FILTER_OPERATOR"),
        ("Name INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR"),
    ],
)
def test_a_senseless_condition_is_refused(sf: Salesforce, where: str, code: str) -> None:
    """Contract 3.3, 4.1, 4.2."""
    with pytest.raises(SalesforceMalformedRequest) as error:
        names(sf, where)
    assert error.value.content[0]["errorCode"] == code


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])
    | st.sampled_from("\n\t\r'\\%_\""),
    min_size=1,
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_escaped_text_finds_exactly_itself(text: str, other: str) -> None:
    """Contract 4.1: what format_soql escapes comes back as it was, also in LIKE."""
    org = FakeOrg.standard(NOW)
    mine = org.add("Account", Name=f"x{text}x")
    org.add("Account", Name=f"y{other}y")
    sf = sign_in(org)
    equal = sf.query(format_soql("SELECT Id FROM Account WHERE Name = {}", f"x{text}x"))
    assert [row["Id"] for row in equal["records"]] == [mine]
    like = sf.query(format_soql("SELECT Id FROM Account WHERE Name LIKE 'x{:like}%'", text))
    assert [row["Id"] for row in like["records"]] == [mine]
