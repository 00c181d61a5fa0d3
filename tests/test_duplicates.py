"""Are likely duplicates found, and only those, whatever the order of the records?"""

import random
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import twins_data
from bench_rules import CONFIG, FILES
from rapidfuzz.distance import OSA
from records_org import RecordsOrg

from sfsync.duplicates import likely_duplicates
from sfsync.duplicates.alike import run_together, sorted_text
from sfsync.duplicates.blocks import likely_pairs
from sfsync.duplicates.names import company_words, registration_of, town_of
from sfsync.duplicates.web import domain_of
from sfsync.extract import extract
from sfsync.facts import Look
from sfsync.facts.mailbox import OF_DESKS, PLAIN, Mailbox, is_malformed, mailbox_of
from sfsync.model import Finding
from sfsync.policy import Policy
from sfsync.rules.found import findings_of
from sfsync.rules.load import load_policy
from sfsync.rules.needs import columns_needed

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
USER = "005000000000001AAA"
MAILS = "email-duplicate"
Records = Mapping[str, Iterable[Mapping[str, Any]]]


def policy_with(*, find: bool = True, **settings: str) -> Policy:
    texts = {f"config/{name}": (CONFIG / name).read_text("utf-8") for name in FILES}
    main = texts["config/sfsync.yaml"]
    main, _, _ = main.partition("\nduplicates:")
    lines = [f"  {key}: {value}" for key, value in settings.items()]
    main = "\n".join([main, "duplicates:", f"  find: {str(find).lower()}", *lines]) + "\n"
    return load_policy({**texts, "config/sfsync.yaml": main})


POLICY = policy_with()


def found(records: Records, policy: Policy = POLICY) -> tuple[Finding, ...]:
    """What is told of records that are there twice, by whichever code."""
    objects = {name: [s.field for s in each.values()] for name, each in policy.objects.items()}
    user = {"Id": USER, "Name": "Ada Sample", "IsActive": True}
    org = RecordsOrg({"User": [user], **{n: list(rows) for n, rows in records.items()}}, objects)
    look = Look(extract(org, policy, NOW, None, []), policy)
    nobody = np.zeros(look.size("Contact"), dtype=bool)
    of_mails = findings_of(look, policy.stateless["Contact"], nobody)
    return (*likely_duplicates(look), *(each for each in of_mails if each.code == MAILS))


def account(number: int, name: str, **fields: Any) -> dict[str, Any]:
    return {
        "Id": f"001{number:012d}AAA",
        "Name": name,
        "OwnerId": USER,
        "CreatedDate": f"2026-01-{number:02d}T08:00:00.000+0000",
        **fields,
    }


def contact(number: int, name: str, at: int, email: str | None = None) -> dict[str, Any]:
    return {
        **account(number, name),
        "Id": f"003{number:012d}AAA",
        "AccountId": f"001{at:012d}AAA",
        "Email": email,
    }


def losing(findings: Iterable[Finding]) -> list[int]:
    return [int(each.id[3:15]) for each in findings]


def of_accounts(*rows: Mapping[str, Any]) -> list[int]:
    return losing(found({"Account": rows}))


def of_contacts(*rows: Mapping[str, Any]) -> list[int]:
    return losing(found({"Account": [account(1, "Acme"), account(2, "Bolt")], "Contact": rows}))


def groups(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """Return all pairs of Ids that are said to be one, each with the lower Id first."""
    together: dict[str, set[str]] = {}
    for each in findings:
        ids = {each.id, *(e.record for e in each.evidence if e.record)}
        whole = ids.union(*(together.get(id, set()) for id in ids))
        together.update(dict.fromkeys(whole, whole))
    return {pair for ids in together.values() for pair in combinations(sorted(ids), 2)}


def quality(twins: twins_data.Twins, object_name: str, pairs: set[tuple[str, str]]) -> Any:
    """Return precision and recall over pairs of one object."""
    members: dict[int, list[str]] = {}
    for row in twins.records[object_name]:
        members.setdefault(twins.truth[row["Id"]], []).append(row["Id"])
    true = {pair for ids in members.values() for pair in combinations(sorted(ids), 2)}
    told = {pair for pair in pairs if pair[0][:3] == row["Id"][:3]}
    assert len(true) > 50, "too few to measure"
    return len(told & true) / len(told), len(told & true) / len(true)


@pytest.mark.parametrize("seed", [1])
def test_most_of_what_is_found_is_true_and_most_of_what_is_true_is_found(seed: int) -> None:
    twins = twins_data.make(1500, seed, people=1000)
    findings = found(twins.records)
    pairs = groups(findings)
    precision, recall = quality(twins, "Account", pairs)
    assert precision >= 0.90
    assert recall >= 0.92
    precision, recall = quality(twins, "Contact", pairs)
    assert precision >= 0.98
    assert recall >= 0.98
    of_mails = groups(each for each in findings if each.code == MAILS)
    of_likeness = groups(each for each in findings if each.code != MAILS)
    assert of_mails
    assert not of_mails & of_likeness, "nobody is told the same thing twice"


def test_the_order_of_the_records_does_not_matter() -> None:
    twins = twins_data.make(250, 5, people=150)
    dice = random.Random(7)
    shuffled = {name: dice.sample(rows, len(rows)) for name, rows in twins.records.items()}
    findings = found(twins.records)
    assert len(findings) > 15
    assert found(shuffled) == findings


def test_the_newest_loses_and_its_finding_names_the_other_and_why() -> None:
    (finding,) = found(
        {
            "Account": [
                account(9, "Dupont & Fils SARL", Website="www.dupont.example.fr"),
                account(3, "S.A.R.L. DUPONT et fils", Website="https://dupont.example.fr/a?b"),
            ]
        }
    )
    assert (finding.code, finding.object, finding.id) == (
        "likely-duplicate",
        "Account",
        "001000000000009AAA",
    )
    assert finding.owner_id == USER
    assert finding.message == (
        "likely the same as S.A.R.L. DUPONT et fils (001000000000003AAA): "
        "same website domain example.fr"
    )
    assert [(e.fact, e.value, e.record) for e in finding.evidence] == [
        ("alike", "S.A.R.L. DUPONT et fils", "001000000000003AAA"),
        ("same_domain", "example.fr", "001000000000003AAA"),
    ]


LYON = {"BillingCity": "Lyon"}


@pytest.mark.parametrize(
    ("left", "right", "is_one"),
    [
        (("Garage Bertrand", LYON), ("GARAGE BERTRAND SAS", {"BillingCity": "Lyon 3e"}), True),
        (("Garage Bertrand", LYON), ("Bertrand Garage", LYON), True),
        (("Garage Bertrand", LYON), ("Garage Bretrand", LYON), True),
        (("Auto Motive", LYON), ("Automotive", LYON), True),
        (("Garage Bertrand", LYON), ("Garage Bertrand", {"BillingCity": "Nice"}), False),
        (("Garage Bertrand", LYON), ("Garage Bertrand", {}), False),
        (("Garage Bertrand", LYON), ("Garage Bertrand Nord", LYON), False),
        (("Garage 12", LYON), ("Garage 13", LYON), False),
        (
            ("Bertrand", {**LYON, "Website": "bertrand.fr"}),
            ("Bertrans", {**LYON, "Website": "bertrans.com"}),
            False,
        ),
        (
            ("Bertrand", {**LYON, "Website": "bertrand.fr"}),
            ("Bertrans", {**LYON, "Website": "bertrand.com"}),
            True,
        ),
        (("Acme", {"Website": "acme.fr"}), ("Zulu", {"Website": "http://ACME.fr:80/"}), True),
        (("Acme", {"Website": "facebook.com/a"}), ("Zulu", {"Website": "facebook.com/b"}), False),
        (("Acme", {"Website": "a.co.uk"}), ("Zulu", {"Website": "b.co.uk"}), False),
        (
            ("Acme", {"Website": "acme.fr"}),
            ("Zulu", {"Website": "acme.fr", "ParentId": "001000000000001AAA"}),
            False,
        ),
        (
            ("Acme", {"Website": "acme.fr", "Registration_Number__c": "123456789"}),
            ("Acme", {"Website": "acme.fr", "Registration_Number__c": "987654321"}),
            False,
        ),
        (
            ("Acme", {"Registration_Number__c": "123 456 789"}),
            ("Zulu", {"Registration_Number__c": "12345678900012"}),
            True,
        ),
        (
            ("Acme", {"Registration_Number__c": "000000000"}),
            ("Zulu", {"Registration_Number__c": "000000000"}),
            False,
        ),
    ],
)
def test_two_accounts(left: Any, right: Any, is_one: bool) -> None:
    both = account(1, left[0], **left[1]), account(2, right[0], **right[1])
    assert of_accounts(*both) == ([2] if is_one else [])


@pytest.mark.parametrize(
    ("left", "right", "is_one"),
    [
        (("Ann Sample", 1, "a@b.example"), ("Anna S.", 2, "A@B.example"), True),
        (("Ann Sample", 1, "a@b.example"), ("Bob Model", 1, "a+x@b.example"), False),
        (("Ann Sample", 1, "a@b.example"), ("Sample Ann", 2, "a+x@b.example"), True),
        (("Ann Sample", 1, "info@b.example"), ("Bob Model", 1, "info@b.example"), False),
        (("Ann Sample", 1, "info@b.example"), ("ann sample", 2, "info@b.example"), True),
        (("Ann Sample", 1, None), ("SAMPLE Ann", 1, None), True),
        (("Ann Sample", 1, None), ("Ann Samlpe", 1, None), True),
        (("Ann Sample", 1, "x@b.example"), ("Ann Samples", 1, "y@b.example"), False),
        (("Ann Sample", 1, None), ("Ann Sample", 2, None), False),
        (("Ann", 1, None), ("Ann", 1, None), False),
        (("Ann Sample", 1, "n/a"), ("Bob Model", 2, "n/a"), False),
    ],
)
def test_two_contacts(left: Any, right: Any, is_one: bool) -> None:
    both = contact(1, left[0], *left[1:]), contact(2, right[0], *right[1:])
    assert of_contacts(*both) == ([2] if is_one else [])


def test_the_shops_of_a_chain_are_none_unless_town_and_name_agree() -> None:
    towns = ("Lyon", "Nice", "Metz", "Nice")
    shops = [
        account(n, f"Brioche {n if n != 4 else 2}", BillingCity=town, Website="brioche.fr")
        for n, town in enumerate(towns, 1)
    ]
    assert of_accounts(*shops) == [4]


def test_two_names_that_many_have_differ_by_no_slip() -> None:
    known = [account(n, f"{w} {n}", **LYON) for n, w in enumerate(["Bertrand", "Bertrant"] * 4, 3)]
    assert of_accounts(account(1, "Bertrand", **LYON), account(2, "Bertrant", **LYON)) == [2]
    assert of_accounts(account(1, "Bertrand", **LYON), account(2, "Bertrant", **LYON), *known) == []


def test_a_chain_of_weak_links_is_no_group() -> None:
    names = ("Abcdefghijkl", "Abcdefghijkm", "Abcdefghijnm", "Abcdefghopnm")
    rows = [account(n, name, **LYON) for n, name in enumerate(names, 1)]
    findings = found({"Account": rows}, policy=policy_with(near_name="90"))
    assert losing(findings) == [2], "1 is like 2 and 2 like 3, and 1 is not like 3"


def test_what_very_many_share_says_nothing() -> None:
    rows = [account(n, f"Firm{'x' * n}", Website="portal.fr") for n in range(1, 12)]
    assert of_accounts(*rows) == []
    assert len(of_accounts(*rows[:10])) == 9


def test_a_company_can_name_more_shared_hosts_and_switch_it_off() -> None:
    rows = [account(1, "Acme", Website="list.fr/a"), account(2, "Zulu", Website="list.fr/b")]
    assert losing(found({"Account": rows})) == [2]
    assert found({"Account": rows}, policy=policy_with(shared_hosts="[list.fr]")) == ()
    off = policy_with(find=False)
    assert found({"Account": rows}, policy=off) == ()
    assert "parent" not in columns_needed(off)["Account"]


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://user@www.Acme.co.uk:8080/x?y#z", "acme.co.uk"),
        ("http:\\\\acme.fr", "acme.fr"),
        ("http://münchen-bau.de/", "xn--mnchen-bau-9db.de"),
        ("xn--mnchen-bau-9db.de", "xn--mnchen-bau-9db.de"),
        ("acme.wixsite.com/home", "acme.wixsite.com"),
        ("www.acme.notaires.fr", "acme.notaires.fr"),
        ("https://linkedin.com/company/acme", None),
        ("10.0.0.1", None),
        ("www.co.uk", None),
        ("à compléter", None),
        ("é..fr", None),
        ("", None),
    ],
)
def test_the_domain_of_a_website(website: str, domain: str | None) -> None:
    assert domain_of(website) == domain


def test_names_towns_numbers_and_addresses_as_they_are_compared() -> None:
    assert company_words("S.A.S. L'Étoile & Fils") == ("etoile", "fils")
    assert company_words("SA") == ("sa",)
    assert town_of("ST-DENIS CEDEX 08") == town_of("93200 Saint Denis") == "saint denis"
    assert registration_of("FR 12 345 678 901") == "345678901"
    assert registration_of("N/A") is None
    assert mailbox_of("a b@c.fr") is None


@pytest.mark.parametrize(
    "email",
    [
        "ann@acme.example", " Ann.O'Neil+fair@sub.acme-1.example ", "a..b@acme.example",
        "a.@acme.example", "rené@société.example", "用户@例子.example", "ann@acme.example.",
        '"ann sample"@acme.example', "ann(home)@acme.example", "ann@[192.0.2.1]", "a=b@c.example",
        "ann@acme.example.com.invalid", "ann@1and1.example", "ann_@a_b.example", "", "   ",
    ],
)  # fmt: skip
def test_what_the_platform_takes_is_no_malformed_address(email: str) -> None:
    assert not is_malformed(email)


@pytest.mark.parametrize(
    "email",
    [
        "n/a", "ann", "ann@", "@acme.example", "ann@acme", "ann@acme..example", "ann@-acme.example",
        ".ann@acme.example", "ann sample@acme.example", "ann@acme example.com", "a@b@acme.example",
        "ann@acme.example, bob@acme.example", "ann@acme.example;", "Ann <ann@acme.example>",
        "mailto:ann@acme.example", "ann(at)acme.example", "ann@acme.example/", "http://acme.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_malformed(email: str) -> None:
    assert is_malformed(email)


def test_an_address_that_looks_plain_is_read_as_by_careful_reading() -> None:
    dice = random.Random(3)
    parts = ["a", "Z", "9", ".", "..", "-", "_", "+", "info", " ", "é", "(", "x" * 62, "xn--a"]
    ends = ["example", "FR", "co1", "x" * 64, "fr\n", "fr."]
    pick = dice.choices
    texts = [
        f"{''.join(pick(parts, k=n % 4))}@{''.join(pick(parts, k=2))}.{dice.choice(ends)}"
        for n in range(40_000)
    ]
    plain = [text for text in texts if re.fullmatch(PLAIN, text)]
    assert len(plain) > 100
    for text in plain:
        small = text.lower()
        assert mailbox_of(text) == Mailbox(small, small.partition("@")[0] not in OF_DESKS)
        assert not is_malformed(text)


def test_the_letters_of_names_keep_apart_none_that_are_alike() -> None:
    dice = random.Random(4)
    names = []
    for _ in range(60):
        start = " ".join("".join(dice.choices("aabcdeéz8鈴", k=dice.randrange(2, 9))) for _ in "12")
        slips = [twins_data.misspelled(dice, start) for _ in range(5)]
        twice = [twins_data.misspelled(dice, each) for each in slips[:2]]
        names += [tuple(each.split()) for each in (start, *slips, *twice)]
    places = np.repeat(np.arange(60), 8)
    spread = {word: 1 for words in names for word in words}
    for at_least in (60, 75, 85):
        close = [
            (left, right)
            for first in range(0, len(names), 8)
            for left, right in combinations(range(first, first + 8), 2)
            if any(
                OSA.normalized_similarity(spell(names[left]), spell(names[right]))
                >= (at_least - 0.5) / 100
                for spell in (sorted_text, run_together)
            )
        ]
        assert 100 < len(close) < 60 * 28
        assert likely_pairs(names, places, lambda: spread, at_least) == close
