"""Is what means the same written in the same way, and is nothing lost by that?"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from case_files import FOLDER
from click.testing import CliRunner
from cut_org import STAYING, cut, give
from hypothesis import given
from hypothesis import strategies as st
from loop_org import CONFIG, Loop, config_texts, empty_org, fill, loop_of

from sfsync.cli import commands
from sfsync.errors import ConfigError, ExitCode
from sfsync.fake.ids import with_checksum
from sfsync.jobs import Planned
from sfsync.jobs.cleanup import Part, plan_cleanup
from sfsync.jobs.cleanup.canonical.blanks import without_stray_blanks
from sfsync.jobs.cleanup.canonical.phones import canonical_phone
from sfsync.jobs.cleanup.canonical.websites import canonical_website
from sfsync.lines import read_yaml
from sfsync.model import State
from sfsync.policy import Policy
from sfsync.rules.load import load_policy

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
FILE = FOLDER / "cleanups" / "normalise.yaml"
TABLES: Mapping[str, list[dict[str, Any]]] = read_yaml(
    FILE.read_text(encoding="utf-8"), FILE.name
).data
# The object and the field in which each table is tried.
TRIED = {
    "sources": ("Opportunity", "LeadSource"),
    "industries": ("Account", "Industry"),
    "countries": ("Account", "BillingCountry"),
    "phones": ("Account", "Phone"),
    "websites": ("Account", "Website"),
    "names": ("Account", "Name"),
}
STAMPS = {"SystemModstamp", "LastModifiedDate", "LastModifiedById", "CreatedDate"}
OWNER = {"OwnerId": "005000000000001AAA"}


@cache
def policy(said: str = "") -> Policy:
    """The shipped configuration; with another normalise.yaml where one is given."""
    shipped = (CONFIG / "normalise.yaml").read_text(encoding="utf-8")
    return load_policy({**config_texts(), "normalise.yaml": said or shipped})


@contextmanager
def org_of(records: Mapping[str, list[dict[str, Any]]], rules: Policy) -> Iterator[Loop]:
    fake = empty_org(NOW, "Europe/Paris")
    # The picklist of a new org has none of the five.
    five = list(read_yaml((CONFIG / "normalise.yaml").read_text("utf-8"), "").data["sources"])
    fake.declare("Opportunity", {"name": "LeadSource", "picklistValues": five})
    fill(fake, {name: [OWNER | row for row in rows] for name, rows in records.items()})
    with loop_of(fake, NOW, rules) as loop:
        yield loop


def planned(loop: Loop, **wishes: Any) -> Planned:
    return plan_cleanup("normalise", loop.services, wishes, Part())


def wanted(made: Planned) -> dict[str, dict[str, Any]]:
    return {
        each.id: {field: value.after for field, value in each.fields.items()}
        for each in made.plan.changes
    }


def standing(loop: Loop, *objects: str) -> dict[str, dict[str, Any]]:
    return {
        str(row["Id"]): {name: value for name, value in row.items() if name not in STAMPS}
        for name in objects
        for row in loop.fake.records(name)
    }


def id_of(prefix: str, number: int) -> str:
    return with_checksum(f"{prefix}{number:012d}")


@pytest.fixture(scope="module")
def tables() -> Iterator[tuple[Loop, dict[str, list[str]]]]:
    """An org with a record for each line of the tables, and their Ids by table."""
    records: dict[str, list[dict[str, Any]]] = {"Account": [], "Opportunity": []}
    ids: dict[str, list[str]] = {}
    for table, lines in TABLES.items():
        name, field = TRIED[table]
        for line in lines:
            number = len(records[name]) + 1
            row = {"Id": id_of("001" if name == "Account" else "006", number), "Name": "Fictif"}
            if name == "Opportunity":
                row |= {"StageName": "Closing", "CloseDate": "2026-12-31"}
            country = {"BillingCountry": line["country"]} if "country" in line else {}
            records[name].append(row | country | {field: line["is"]})
            ids.setdefault(table, []).append(row["Id"])
    with org_of(records, policy()) as loop:
        yield loop, ids


@pytest.mark.parametrize("table", TABLES)
def test_each_value_becomes_what_the_table_says(
    tables: tuple[Loop, dict[str, list[str]]], table: str
) -> None:
    loop, ids = tables
    made = planned(loop, only=(table,))
    changed, field = wanted(made), TRIED[table][1]
    got = [changed.get(id, {}).get(field) for id in ids[table]]
    assert got == [line.get("becomes") for line in TABLES[table]]
    listed = [note for note in made.plan.notes if ", left, since " in note]
    left = {line["is"] for line in TABLES[table] if line.get("left")}
    assert len(listed) == (1 if left else 0), made.plan.notes
    assert all(f'"{each}" ' in listed[0] for each in left)
    for line in TABLES[table]:
        assert line["is"] in left or not any(f'"{line["is"]}" ' in each for each in listed)


def test_what_is_shown_is_done_once_and_taken_back(
    tables: tuple[Loop, dict[str, list[str]]],
) -> None:
    loop, _ = tables
    made, before = planned(loop), standing(loop, "Account", "Opportunity")
    ran = loop.apply(made)
    now = standing(loop, "Account", "Opportunity")
    assert {
        id: {name: now[id][name] for name in fields} for id, fields in wanted(made).items()
    } == wanted(made)
    changed = {id for id in before if before[id] != now[id]}
    assert changed == wanted(made).keys()
    assert wanted(planned(loop)) == {}
    loop.undo(ran.run.id)
    assert standing(loop, "Account", "Opportunity") == before
    assert wanted(planned(loop)) == wanted(made)


def test_what_several_words_become_is_told_with_how_many_records(
    tables: tuple[Loop, dict[str, list[str]]],
) -> None:
    loop, _ = tables
    said = "\n".join(planned(loop, only=("countries", "sources")).plan.notes)
    assert 'Opportunity.LeadSource: "  cold   CALL " means Outbound (1), ' in said
    assert '"England" means United Kingdom (1)' in said
    assert 'left, since nothing says what it means: "Atlantis" (2), "NA" (1).' in said


def test_a_contact_s_number_is_dialled_in_its_own_country_or_else_its_account_s() -> None:
    account = {"Id": id_of("001", 1), "Name": "Fictif", "BillingCountry": "Italy"}
    contact = {"LastName": "Example", "AccountId": account["Id"], "Phone": "011 0001763"}
    contacts = [
        {**contact, "Id": id_of("003", 1)},
        {**contact, "Id": id_of("003", 2), "MailingCountry": "FR", "Phone": "01 99 00 97 27"},
        {**contact, "Id": id_of("003", 3), "MailingCountry": "tbd"},
        {**contact, "Id": id_of("003", 4), "AccountId": None},
    ]
    with org_of({"Account": [account], "Contact": contacts}, policy()) as loop:
        made = planned(loop, field=("Contact.Phone",))
        # Whoever moves the account abroad meanwhile is not overruled.
        loop.fake.clock.advance(60)
        loop.fake.edit("Account", account["Id"], BillingCountry="France")
        states = {each.id: each.state for each in loop.apply(made).outcomes}
    first, second, third = (id_of("003", number) for number in (1, 2, 3))
    assert states == {first: State.STALE, second: State.APPLIED, third: State.STALE}
    italian = {"Phone": "+390110001763"}
    assert wanted(made) == {first: italian, second: {"Phone": "+33199009727"}, third: italian}
    (proof,) = made.plan.changes[0].evidence
    assert (proof.value, proof.record) == ("Italy", account["Id"])


def test_countries_may_be_held_as_codes_and_have_names_of_their_own() -> None:
    texts = ("Namibia", "NA", "fr", "Hexagone")
    rows = [
        {"Id": id_of("001", number), "Name": "Fictif", "BillingCountry": text}
        for number, text in enumerate(texts)
    ]
    said = "countries: {hold: codes, means: {FR: [hexagone]}}"
    with org_of({"Account": rows}, policy(said)) as loop:
        made = planned(loop)
        assert list(wanted(made).values()) == [
            {"BillingCountry": code} for code in ("NA", "FR", "FR")
        ]
        loop.apply(made)
        assert wanted(planned(loop)) == {}
        assert "names no sources: they are left alone" in " ".join(made.plan.notes)
    said = "countries: {names: {FR: French Republic}}"
    with org_of({"Account": rows[2:3]}, policy(said)) as loop:
        loop.apply(planned(loop))
        assert standing(loop, "Account")[rows[2]["Id"]]["BillingCountry"] == "French Republic"
        assert wanted(planned(loop)) == {}


def test_a_value_that_a_picklist_lacks_is_never_written_and_told() -> None:
    rows = [{"Id": id_of("001", 1), "Name": " Fictif", "Industry": "Rockets"}]
    rules = policy("industries: {Spacefaring: [rockets]}")
    with org_of({"Account": rows}, rules) as loop:
        made = planned(loop)
    assert wanted(made) == {rows[0]["Id"]: {"Name": "Fictif"}}
    told = 'Left, since the picklist has no such value: Account.Industry "Spacefaring" (1).'
    assert told in made.plan.notes


WRONG = """\
sources:
  Inbound: [Web, "-"]
  Referral: [web, inbound]
  Upsell:
industries:
  Tech: [Banking]
countries:
  hold: both
  names: {ZZZ: Nowhere, FR: Frankreich}
  means: {DE: [frankreich]}
websites:
  tracking: ["a b", "utm_*"]
  tracing: 1
"""


def test_all_that_is_wrong_with_the_file_is_told_at_once_with_its_line() -> None:
    with pytest.raises(ConfigError) as told:
        load_policy({**config_texts(), "config/normalise.yaml": WRONG})
    found = {each.removeprefix("config/normalise.yaml:") for each in told.value.problems}
    beginnings = (
        '2: "-" has no letter and no digit',
        '3: "web" means Inbound already, and cannot mean Referral',
        '3: "inbound" means Inbound already, and cannot mean Referral',
        '6: "Banking" means Banking already, and cannot mean Tech',
        "8: countries.hold: Input should be 'names' or 'codes'",
        '9: "ZZZ" is no country',
        '10: "frankreich" means FR already, and cannot mean DE',
        "12: websites.tracking.0",
        '13: unknown key "tracing"; did you mean "tracking"?',
    )
    assert len(found) == len(beginnings), found
    for beginning in beginnings:
        assert any(each.startswith(beginning) for each in found), beginning


@pytest.mark.usefixtures("alone")
def test_the_command_is_narrowed_and_says_what_it_left_out() -> None:
    folder = cut(Path("org"), accounts=(STAYING,))
    give(folder / "Account.csv", Phone="01 99 00 97 27", Website="EXAMPLE.COM")

    def said(*args: str, exits: int = ExitCode.DONE) -> str:
        asked = ["cleanup", "normalise", "--org", "org", *args]
        result = CliRunner().invoke(commands, asked)
        assert result.exit_code == exits, result.output
        return result.stdout + result.stderr

    both = said("--only", "phones", "--only", "websites")
    assert "Phone: 01 99 00 97 27 → +33199009727" in both
    assert "Website: EXAMPLE.COM → example.com" in both
    assert "Not there, or not to be read, and left out: Lead.MobilePhone" in both
    assert "Phone:" not in said("--field", "Account.Website")
    wrong = said("--only", "phone", exits=ExitCode.USAGE)
    assert '--only "phone"; did you mean "phones"?: there is sources, industries' in wrong
    assert "is called Fone" in said("--field", "Fone", exits=ExitCode.USAGE)


TEXTS = st.text(
    st.characters(codec="utf-8") | st.sampled_from(" \t\u00a0\u200b\u200c\u200d\u202f\ufeff.a/"),
    max_size=20,
)


@given(TEXTS)
def test_stray_blanks_go_at_once_and_nothing_else_does(text: str) -> None:
    plain = without_stray_blanks(text)
    assert without_stray_blanks(plain) == plain
    assert "  " not in plain
    assert plain == plain.strip()
    unseen = "\u200b\u200c\u200d\u2060\ufeff\u00ad"

    def seen(each: str) -> str:
        return "".join(sign for sign in each if sign not in unseen and not sign.isspace())

    assert seen(plain) == seen(text)


REGIONS = ("FR", "GB", "US", "IT", "DE")
FORMATS = vars(phonenumbers.PhoneNumberFormat)
NUMBERS = [
    phonenumbers.format_number(phonenumbers.example_number(region), FORMATS[form])
    for region in REGIONS
    for form in ("NATIONAL", "INTERNATIONAL", "E164", "RFC3966")
]
PHONES = st.builds(
    "{}{}".format, st.sampled_from(NUMBERS), st.sampled_from(["", " x12", " ext. 007", "/12"])
)
ANY_PHONES = PHONES | st.from_regex(r"\A(\+|00)?[0-9(][0-9 ().-]{6,16}\Z") | TEXTS


@given(ANY_PHONES, st.sampled_from(["", *REGIONS]))
def test_a_number_in_the_one_form_stays_and_keeps_its_digits(text: str, region: str) -> None:
    number = canonical_phone(text, region)
    if number is not None:
        assert canonical_phone(number, region) == number
        assert canonical_phone(number, "") == number
        digits = "".join(each for each in text if each.isdecimal())
        # Its last ones are those of the subscriber, which no prefix touches.
        plain = "".join(each for each in number if each.isdecimal())
        assert plain.endswith(digits[-5:])


@pytest.mark.parametrize("region", REGIONS)
def test_a_number_means_the_same_however_it_is_written(region: str) -> None:
    example = phonenumbers.example_number(region)
    forms = [phonenumbers.format_number(example, FORMATS[form]) for form in ("NATIONAL", "RFC3966")]
    assert {canonical_phone(form, region) for form in forms} == {
        phonenumbers.format_number(example, FORMATS["E164"])
    }


WEB = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "http://", "HTTPS://", "ftp://", "https://user:Pw@"]),
    st.from_regex(r"\A[A-Za-z0-9]{1,5}\.(Com|fr|EXAMPLE)(:80|:443|:)?\Z"),
    st.sampled_from(["", "/", "/A/", "/b//C", "/%C3%A9?"]),
    st.sampled_from(["", "?", "?utm_a=1", "?x=1&gclid=2", "?q&utm_b&&y"]),
    st.sampled_from(["", "#", "#Top"]),
)


@given(WEB | TEXTS)
def test_an_address_in_the_one_form_stays_and_names_the_same_page(text: str) -> None:
    tracking = ("utm_*", "gclid")
    found = canonical_website(text, tracking)
    if found is None:
        return
    assert canonical_website(found.text, tracking) == type(found)(found.text)
    before, after = without_stray_blanks(text), found.text
    if not found.dropped:
        # But for the case of scheme and host, a port and the first page's stroke.
        plain = [each.casefold().replace(":80", "").replace(":443", "") for each in (before, after)]
        short, long = plain[1].rstrip(":/"), plain[0].rstrip(":/")
        assert short.replace(":", "") == long.replace(":", "")
    for part in ("/A/", "/b//C", "#Top", "Pw@", "x=1"):
        assert (part in before) == (part in after)
