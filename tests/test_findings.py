"""Is each finding found where it must be, and nowhere else; has each its texts?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from case_files import REFERENCES, Case, ids_of, records_of
from loop_org import CONFIG, config_texts, empty_org, fill, loop_of, shipped_policy

from sfsync.duplicates import likely_duplicates
from sfsync.errors import ConfigError
from sfsync.extract import extract
from sfsync.facts import Look
from sfsync.lines import read_yaml
from sfsync.model import Evidence, Finding, from_wire
from sfsync.policy import (
    COMPANY_CEASED,
    DUPLICATES,
    ENRICHMENT_REVIEW,
    MAIL_REFUSED,
    NUMBER_INVALID,
    TASK_WAITING,
    UPDATE_REFUSED,
    Policy,
)
from sfsync.report import FieldNames
from sfsync.report.figures import speech_of
from sfsync.report.sentence import Voice
from sfsync.rules.judge import judge
from sfsync.rules.load import load_policy
from sfsync.rules.texts import TEXTS_FILE, check_texts, codes_of, load_texts

FOLDER = Path(__file__).parent / "cases" / "findings"
NOW = from_wire("2026-06-15T08:00:00Z")
CODES = sorted(codes_of(shipped_policy()))
# What only runs meet with: test_troubles.py, test_tasks.py and test_enrich.py have their cases.
OF_RUNS = {UPDATE_REFUSED, MAIL_REFUSED, TASK_WAITING, ENRICHMENT_REVIEW, COMPANY_CEASED}
OF_RUNS |= {NUMBER_INVALID}
TEXTS = (CONFIG / TEXTS_FILE).read_text(encoding="utf-8")
FINDING_TEXTS = load_texts(TEXTS, TEXTS_FILE, shipped_policy())


def bodies() -> list[dict[str, Any]]:
    """The cases of all files, each with a key of its own."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml"))}
    read = [body for name, text in texts.items() for body in read_yaml(text, name).data]
    return [{**body, "key": f"{body['code']}-{n}"} for n, body in enumerate(read)]


CASES = bodies()


def without_rules(policy: Policy) -> Policy:
    """The policy whose accounts no rule moves."""
    machines = {name: replace(each, rules=()) for name, each in policy.machines.items()}
    return replace(policy, machines=machines)


def in_one_org() -> Case:
    """All cases side by side in one org, the Ids of each behind its key: reading takes longest."""
    given: dict[str, list[dict[str, Any]]] = {}
    for body in CASES:
        for name, rows in body["given"].items():
            given.setdefault(name, []).extend(
                {
                    field: f"{body['key']}/{value}" if value and field in REFERENCES else value
                    for field, value in row.items()
                }
                for row in rows
            )
    return Case("", 0, {"case": "", "now": NOW, "given": given})


@pytest.fixture(scope="module")
def found() -> Mapping[bool, Mapping[str, Sequence[Finding]]]:
    """What is found, by code and with the readable Ids: with the rules (True), and without."""
    case = in_one_org()
    ids = ids_of(case)
    names = {record: name for name, record in ids.items()}
    fake = empty_org(NOW, case.zone)
    fill(fake, records_of(case, ids))
    with loop_of(fake, NOW) as loop:
        look = loop.look()
    told: dict[bool, dict[str, list[Finding]]] = {True: {}, False: {}}
    for rules, policy in ((True, look.policy), (False, without_rules(look.policy))):
        seen = Look(look.snapshot, policy)
        for each in (*judge(seen).findings, *likely_duplicates(seen)):
            told[rules].setdefault(each.code, []).append(replace(each, id=names[each.id]))
    return told


@pytest.mark.parametrize("body", CASES, ids=lambda body: body["key"])
def test_a_finding_is_found_where_the_case_says_and_nowhere_else(
    body: dict[str, Any], found: Mapping[bool, Mapping[str, Sequence[Finding]]]
) -> None:
    key = body["key"]
    mine = [
        each
        for each in found[not body.get("without_rules")].get(body["code"], ())
        if each.id.startswith(f"{key}/")
    ]
    assert sorted(each.id for each in mine) == [f"{key}/{name}" for name in body["found"]]
    for each in mine:
        assert body.get("says", "") in each.message
        assert "{" not in each.message


@pytest.mark.parametrize("code", sorted(set(CODES) - OF_RUNS))
def test_each_code_is_found_in_a_case_and_not_found_in_it(code: str) -> None:
    mine = [body for body in CASES if body["code"] == code]
    assert mine, f"no case has `code: {code}`; write one in {FOLDER.name}/"
    for body in mine:
        judged = shipped_policy().judged
        rows = [row["Id"] for name in judged for row in body["given"].get(name, ())]
        assert body["found"]
        assert set(rows) - set(body["found"])


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_title_and_remedy_in_both_languages(code: str) -> None:
    text = FINDING_TEXTS[code]
    for words in (text.title, text.remedy):
        assert set(words) == {"en", "fr"}
        assert all(each.strip() for each in words.values())
        assert words["en"] != words["fr"]


def voice(language: str, locale: str) -> Voice:
    names = FieldNames(
        {("Opportunity", "Acceptance_Received_On__c"): "Accord reçu le"},
        frozenset({("Opportunity", "Amount")}),
    )
    return Voice(speech_of(language, locale), "EUR", "Europe/Paris", names)


@pytest.mark.parametrize("code", [code for code in CODES if code not in OF_RUNS])
def test_each_code_has_a_sentence_in_both_languages_that_its_evidence_fills(
    code: str, found: Mapping[bool, Mapping[str, Sequence[Finding]]]
) -> None:
    text = FINDING_TEXTS[code]
    assert text.says.get("fr"), f"{TEXTS_FILE}: {code} has no `says: {{fr: ...}}`"
    for each in found[False][code]:
        # What it falls back to, were something missing, is not in the sentence.
        fallback = replace(each, message="as the pass said it")
        french = voice("fr", "fr_FR").sentence(fallback, text)
        assert french != fallback.message
        assert not set("{}") & set(french)
        if code != DUPLICATES:
            assert voice("en_US", "en_US").sentence(fallback, text) != fallback.message


def said(code: str, locale: str, found: Mapping[str, Sequence[Finding]]) -> list[str]:
    told = sorted(found[code], key=lambda each: each.id)
    mine = [each for each in told if re.match(rf"{code}-\d+/", each.id)]
    return [voice(locale, locale).sentence(each, FINDING_TEXTS[code]) for each in mine]


def test_a_sentence_has_the_readers_words_dates_and_money(
    found: Mapping[bool, Mapping[str, Sequence[Finding]]],
) -> None:
    told = found[True]
    large, without = said("commit-quote", "fr_FR", told)
    assert large == (
        "aucun devis signé, montant\u00a0: 10\u202f000\u00a0€\u00a0; "
        "à renseigner\u00a0: Quote_Signed_On__c"
    )
    assert "montant\u00a0: vide" in without
    assert "amount €10,000: Quote_Signed_On__c is empty" in said("commit-quote", "en_US", told)[0]
    assert said("commit-start-date", "fr_FR", told)[1].endswith("14/06/2026")
    assert said("commit-start-date", "en_US", told)[1].endswith("it is 6/14/2026")
    assert said("commit-acceptance", "fr_FR", told)[0].endswith("Accord reçu le")
    (twin, *_) = said(DUPLICATES, "fr_FR", told)
    assert re.match(r"sans doute la même fiche que .+ \(00.{16}\)\u00a0: même ", twin)


def test_what_the_evidence_lacks_is_said_as_the_pass_said_it() -> None:
    """Findings in the journal may be older than the words."""
    text = FINDING_TEXTS["closing-idle"]
    bare = Finding("closing-idle", "Opportunity", "006", "Deal", None, "idle for 20 days")
    assert voice("fr", "fr").sentence(bare, text) == "idle for 20 days"
    assert voice("fr", "fr").sentence(replace(bare, object="Lead"), text) == "idle for 20 days"
    other = replace(text, says={"fr": "rien depuis {idle_days} jours"})
    proven = replace(bare, evidence=(Evidence("idle_days", 20),))
    assert voice("fr", "fr").sentence(proven, other) == "rien depuis 20 jours"


def test_the_shipped_texts_are_right() -> None:
    check_texts(TEXTS, TEXTS_FILE, shipped_policy())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("amount-missing:", "amount-mising:", ':80: no rule finds "amount-mising"; did you mean'),
        ("amount-missing:", "amount-mising:", 'no texts for the finding "amount-missing"'),
        ("severity: low", "severity: tiny", "severity: Input should be"),
        ("  goes_to: owner", "  goes_tp: owner", 'unknown key "goes_tp"; did you mean "goes_to"?'),
        ("fr: Montant absent}", "}", '"title.fr" is missing'),
        ("{idle_days} jours", "{idel_days} jours", 'field "idel_days"; did you mean "idle_days"?'),
        ("{idle_days} jours", "{idle_days jours", "the braces do not pair"),
        ("prévue le {close_date}", "prévue le {missing}", 'no fact or field "missing"'),
        ("n'est plus actif\"", 'est {stage}"', 'owner-inactive: there is no fact or field "stage"'),
        ("says: {fr:", "says: {fx:", 'unknown key "fx"; there is: en, fr'),
    ],
)
def test_wrong_texts_are_told_with_their_place(old: str, new: str, words: str) -> None:
    assert old in TEXTS
    with pytest.raises(ConfigError) as caught:
        check_texts(TEXTS.replace(old, new, 1), TEXTS_FILE, shipped_policy())
    assert any(words in problem for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("missing: [amuont]", 'no field "amuont"; did you mean "amount"?'),
        ("missing: [acount.website]", 'no reference is called "acount"; did you mean "account"?'),
        ("missing: [account.websit]", 'Account has no field "websit"; did you mean "website"?'),
    ],
)
def test_a_mistyped_missing_field_is_told(new: str, words: str) -> None:
    texts = dict(config_texts())
    old = texts["rules/opportunities.yaml"]
    texts["rules/opportunities.yaml"] = old.replace("missing: [amount]", new)
    assert texts["rules/opportunities.yaml"] != old
    with pytest.raises(ConfigError) as caught:
        load_policy(texts)
    assert any(words in problem for problem in caught.value.problems), caught.value.problems


def test_what_the_org_lacks_is_not_found_missing_everywhere() -> None:
    fake = empty_org(NOW, "Europe/Paris")
    fill(fake, {"Opportunity": [{"Id": "006000000000001AAA", "StageName": "Closing",
                                 "CloseDate": "2026-06-01", "Name": "Deal"}]})  # fmt: skip
    fake.drop_field("Opportunity", "Need__c")
    fake.drop_field("Opportunity", "LeadSource")
    with loop_of(fake, NOW) as loop:
        plan = loop.plan().plan
    codes = {each.code for each in plan.findings}
    assert "close-date-past" in codes
    assert not codes & {"bant-incomplete", "source-missing"}
    (note,) = [each for each in plan.notes if each.startswith("Opportunity has findings")]
    assert "bant-incomplete (no Opportunity.Need__c)" in note
    assert "source-missing (no Opportunity.LeadSource)" in note


def test_an_org_without_leads_is_judged_and_its_contacts_too() -> None:
    fake = empty_org(NOW, "Europe/Paris")
    alone = {"Id": "003000000000001AAA", "LastName": "Muster", "Name": "Muster", "Email": "none"}
    fill(fake, {"Contact": [alone]})
    fake.drop_object("Lead")
    fake.drop_field("Contact", "AccountId")
    with loop_of(fake, NOW) as loop:
        plan = loop.plan().plan
    assert [(each.code, each.id) for each in plan.findings] == [("email-malformed", alone["Id"])]
    assert "The org lacks the object Lead; it counts as empty." in plan.notes
    (note,) = [each for each in plan.notes if each.startswith("Contact has findings")]
    assert "contact-without-account (no Contact.AccountId)" in note


def test_the_contact_of_an_account_that_is_left_out_is_not_without_one() -> None:
    texts = dict(config_texts())
    old = texts["sfsync.yaml"]
    texts["sfsync.yaml"] = old.replace("leave_out: {", "leave_out: {Account: {type: Partner}, ", 1)
    fake = empty_org(NOW, "Europe/Paris")
    partner = {"Id": "001000000000001AAA", "Name": "Partner", "Type": "Partner"}
    theirs = {"Id": "003000000000001AAA", "LastName": "Muster", "AccountId": partner["Id"]}
    fill(fake, {"Account": [partner], "Contact": [theirs]})
    with loop_of(fake, NOW) as loop:
        snapshot = extract(loop.org, load_policy(texts), NOW)
    assert not len(snapshot.frames["Account"])
    assert not judge(Look(snapshot, load_policy(texts))).findings
