"""Is each finding found where it must be, and nowhere else; has each its texts?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from case_files import REFERENCES, Case, ids_of, records_of
from loop_org import CONFIG, config_texts, empty_org, fill, loop_of, shipped_policy
from ruamel.yaml import YAML

from sfsync.duplicates import likely_duplicates
from sfsync.errors import ConfigError
from sfsync.facts import Look
from sfsync.model import Finding, from_wire
from sfsync.policy import COMPANY_CEASED, ENRICHMENT_REVIEW, Policy
from sfsync.rules.judge import judge
from sfsync.rules.load import load_policy
from sfsync.rules.texts import TEXTS_FILE, check_texts, codes_of, load_texts

FOLDER = Path(__file__).parent / "cases" / "findings"
NOW = from_wire("2026-06-15T08:00:00Z")
CODES = sorted(codes_of(shipped_policy()))
TEXTS = (CONFIG / TEXTS_FILE).read_text(encoding="utf-8")


def bodies() -> list[dict[str, Any]]:
    """The cases of all files."""
    reader = YAML(typ="safe")
    texts = (path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml")))
    return [body for text in texts for body in reader.load(text)]


CASES = bodies()


def without_rules(policy: Policy) -> Policy:
    """The policy whose accounts no rule moves."""
    machines = {name: replace(each, rules=()) for name, each in policy.machines.items()}
    return replace(policy, machines=machines)


def in_one_org() -> Case:
    """All cases side by side in one org, the Ids of each behind its code: reading takes longest."""
    given: dict[str, list[dict[str, Any]]] = {}
    for body in CASES:
        for name, rows in body["given"].items():
            given.setdefault(name, []).extend(
                {
                    field: f"{body['code']}/{value}" if value and field in REFERENCES else value
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


@pytest.mark.parametrize("body", CASES, ids=lambda body: body["code"])
def test_a_finding_is_found_where_the_case_says_and_nowhere_else(
    body: dict[str, Any], found: Mapping[bool, Mapping[str, Sequence[Finding]]]
) -> None:
    code = body["code"]
    mine = [
        each
        for each in found[not body.get("without_rules")].get(code, ())
        if each.id.startswith(f"{code}/")
    ]
    assert sorted(each.id for each in mine) == [f"{code}/{name}" for name in body["found"]]
    for each in mine:
        assert body.get("says", "") in each.message
        assert "{" not in each.message


# What people are asked after a look-up stands in the journal, not in records: see test_enrich.py.
@pytest.mark.parametrize("code", sorted({*CODES} - {ENRICHMENT_REVIEW, COMPANY_CEASED}))
def test_each_code_is_found_in_a_case_and_not_found_in_it(code: str) -> None:
    mine = [body for body in CASES if body["code"] == code]
    assert mine, f"no case has `code: {code}`; write one in {FOLDER.name}/"
    for body in mine:
        rows = [
            row["Id"] for name in ("Account", "Opportunity") for row in body["given"].get(name, ())
        ]
        assert body["found"]
        assert set(rows) - set(body["found"])


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_title_and_remedy_in_both_languages(code: str) -> None:
    text = load_texts(TEXTS, TEXTS_FILE)[code]
    for words in (text.title, text.remedy):
        assert set(words) == {"en", "fr"}
        assert all(each.strip() for each in words.values())
        assert words["en"] != words["fr"]


def test_the_shipped_texts_are_right() -> None:
    check_texts(TEXTS, TEXTS_FILE, shipped_policy())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("amount-missing:", "amount-mising:", ':64: no rule finds "amount-mising"; did you mean'),
        ("amount-missing:", "amount-mising:", 'no texts for the finding "amount-missing"'),
        ("severity: low", "severity: tiny", "severity: Input should be"),
        ("  goes_to: owner", "  goes_tp: owner", 'unknown key "goes_tp"; did you mean "goes_to"?'),
        ("fr: Montant absent}", "}", '"title.fr" is missing'),
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
