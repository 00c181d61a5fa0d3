"""Does the door write what it is told, record by record, and tell what became of each?"""

from datetime import UTC, datetime

import pytest
import requests
from entering import connect_reader

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.fake import Call, FakeOrg
from sfsync.fake.faults import answer
from sfsync.fake.wire import json_reply
from sfsync.org import Org

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
UNKNOWN = "001000000000zzzAAA"


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg.standard(NOW, zone="Europe/Paris")


def add_accounts(fake: FakeOrg, count: int) -> list[str]:
    return [fake.add("Account", Name=f"Account {number}") for number in range(count)]


def test_a_reader_has_no_way_to_write(fake: FakeOrg) -> None:
    reader = connect_reader(fake.session(), fake.host, fake.token())

    assert not [name for name in dir(reader) if name in ("update", "create", "delete", "upsert")]


def test_an_update_changes_just_what_it_names_in_one_call(fake: FakeOrg, org: Org) -> None:
    first, second = add_accounts(fake, 2)
    org.fields("Account")
    before = org.calls

    results = org.update(
        "Account", [(second, {"Website": "example.com"}), (first, {"Website": None, "Sic": "7"})]
    )

    assert [(row.id, row.ok) for row in results] == [(second, True), (first, True)]
    assert org.calls == before + 1
    assert fake.record("Account", second)["Website"] == "example.com"
    assert fake.record("Account", second)["Name"] == "Account 1"
    assert fake.record("Account", first)["Sic"] == "7"


def test_one_refused_record_stops_no_other(fake: FakeOrg, org: Org) -> None:
    good, long, fixed, infinite = add_accounts(fake, 4)

    results = org.update(
        "Account",
        [
            (long, {"Name": "x" * 300}),
            (UNKNOWN, {"Name": "nobody"}),
            (fixed, {"LastActivityDate": "2026-01-01"}),
            (infinite, {"AnnualRevenue": float("inf")}),
            ("nonsense", {"Name": "nobody"}),
            (good, {"Name": "better"}),
        ],
    )

    assert [row.code for row in results] == [
        "STRING_TOO_LONG",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "MALFORMED_ID",
        "",
    ]
    assert all(row.message for row in results[:-1])
    assert fake.record("Account", good)["Name"] == "better"


def test_a_hidden_field_is_refused_row_by_row(fake: FakeOrg, org: Org) -> None:
    first, second = add_accounts(fake, 2)

    results = org.update("Account", [(first, {"Nope__c": 1}), (second, {"Name": "better"})])

    assert [row.code for row in results] == ["INVALID_FIELD", ""]


def test_updates_of_no_record_too_many_or_one_twice(fake: FakeOrg, org: Org) -> None:
    (id,) = add_accounts(fake, 1)

    assert org.update("Account", []) == []
    with pytest.raises(ValueError, match="1001 records"):
        org.update("Account", [(id, {})] * 1_001)
    with pytest.raises(ValueError, match="twice"):
        org.update("Account", [(id, {"Name": "a"}), (id[:15], {"Name": "b"})])
    with pytest.raises(OrgRefused, match="Nothing was written"):
        org.update("Nonsense__c", [(id, {"Name": "a"})])


def test_a_thousand_records_are_one_call_and_each_is_answered(fake: FakeOrg, org: Org) -> None:
    ids = add_accounts(fake, 450)
    fake.remove("Account", ids[205])
    org.fields("Account")
    before = fake.call_count

    results = org.update("Account", [(id, {"Name": f"new {id}"}) for id in ids])

    assert fake.call_count - before == 1
    assert [each.id for each in results] == ids
    assert [each.ok for each in results] == [place != 205 for place in range(450)]
    assert results[205].code == "ENTITY_IS_DELETED"
    assert fake.record("Account", ids[449])["Name"] == f"new {ids[449]}"


@pytest.mark.parametrize(
    ("statuses", "error"),
    # Where all pieces were refused nothing was written; where some were, nobody may think so.
    [((400, 400), OrgRefused), ((200, 400), OrgUnavailable), ((503, 503), OrgUnavailable)],
)
def test_a_call_of_which_pieces_were_refused(
    fake: FakeOrg, org: Org, statuses: tuple[int, ...], error: type[Exception]
) -> None:
    ids = add_accounts(fake, 201)
    refusal = [{"errorCode": "JSON_PARSER_ERROR", "message": "no"}]
    done = [{"id": id, "success": True, "errors": []} for id in ids]
    pieces = (done[:200], done[200:])
    entries = [
        {
            "body": piece if status == 200 else refusal,
            "httpHeaders": {},
            "httpStatusCode": status,
            "referenceId": f"q{place}",
        }
        for place, (status, piece) in enumerate(zip(statuses, pieces, strict=True))
    ]
    reply = json_reply({"compositeResponse": entries})
    fake.on_request.append(answer("/composite", reply, method="POST"))

    with pytest.raises(error):
        org.update("Account", [(id, {"Name": "x"}) for id in ids])


def lose_answers_to_writes(call: Call) -> None:
    if call.when == "after" and call.method == "PATCH":
        raise requests.ConnectionError("reset")


def test_an_answer_lost_after_the_commit_is_unavailable_and_not_sent_again(
    fake: FakeOrg, org: Org
) -> None:
    (id,) = add_accounts(fake, 1)
    org.fields("Account")
    fake.on_request.append(lose_answers_to_writes)
    before = fake.call_count

    with pytest.raises(OrgUnavailable, match="updating 1 records of Account: NO_ANSWER"):
        org.update("Account", [(id, {"Name": "better"})])

    assert fake.record("Account", id)["Name"] == "better"
    assert fake.call_count == before + 1


def test_a_validation_rule_refuses_in_its_own_words(fake: FakeOrg, org: Org) -> None:
    good, bad = add_accounts(fake, 2)
    fake.add_validation_rule(
        "Account", lambda _, after: "Ask Finance" if after["Name"] == "bad" else None
    )

    results = org.update("Account", [(bad, {"Name": "bad"}), (good, {"Name": "good"})])

    assert (results[0].code, results[0].message) == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Ask Finance",
    )
    assert results[1].ok
