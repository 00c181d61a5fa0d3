"""Is nothing written twice, and nothing told wrongly, when a write meets trouble?"""

from collections.abc import Iterator

import pytest
import requests
import responses
from responses.registries import OrderedRegistry
from scripted_org import (
    ACCOUNT,
    DAILY,
    DATA,
    OTHER,
    TOKEN,
    Script,
    done,
    refused,
)

from sfsync.errors import OrgRefused, OrgUnavailable


@pytest.fixture
def script() -> Iterator[Script]:
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        yield Script(mock)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (requests.ConnectionError("reset"), 0),
        (requests.ReadTimeout(), 0),
        ("", 503),
        ("<html>", 200),
        ("[]", 200),
        ("{}", 200),
        ('["done"]', 200),
    ],
)
def test_a_write_whose_answer_is_lost_is_never_repeated(
    script: Script, body: Exception | str, status: int
) -> None:
    script.account()
    script.mock.patch(f"{DATA}/composite/sobjects", body=body, status=status or 200)

    with pytest.raises(OrgUnavailable):
        script.org.update("Account", [(ACCOUNT, {"Name": "B"})])

    assert script.slept == []


def test_an_answer_for_another_record_counts_as_lost(script: Script) -> None:
    script.account()
    script.patch([done(OTHER)])

    with pytest.raises(OrgUnavailable, match="Read the records"):
        script.org.update("Account", [(ACCOUNT, {"Name": "B"})])


def test_only_locked_rows_are_sent_again_and_results_keep_their_order(script: Script) -> None:
    script.account()
    script.patch([refused("UNABLE_TO_LOCK_ROW"), refused("STRING_TOO_LONG")])
    script.patch([refused("UNABLE_TO_LOCK_ROW")])
    script.patch([done(ACCOUNT)])

    results = script.org.update("Account", [(ACCOUNT, {"Name": "B"}), (OTHER, {"Name": "C"})])

    assert [(row.id, row.ok, row.code) for row in results] == [
        (ACCOUNT, True, ""),
        (OTHER, False, "STRING_TOO_LONG"),
    ]
    assert len(script.slept) == 2


def test_a_row_that_stays_locked_is_refused_after_three_more_tries(script: Script) -> None:
    script.account()
    for _ in range(4):
        script.patch([refused("UNABLE_TO_LOCK_ROW")])

    results = script.org.update("Account", [(ACCOUNT, {"Name": "B"})])

    assert [row.code for row in results] == ["UNABLE_TO_LOCK_ROW"]


def test_a_locked_row_that_was_changed_meanwhile_is_not_sent_again(script: Script) -> None:
    script.account()
    script.patch([refused("UNABLE_TO_LOCK_ROW"), refused("UNABLE_TO_LOCK_ROW")])
    script.patch([done(OTHER)])
    asked: list[list[str]] = []

    def unchanged(ids: list[str]) -> list[str]:
        asked.append(list(ids))
        return [id for id in ids if id == OTHER]

    rows = [(ACCOUNT, {"Name": "B"}), (OTHER, {"Name": "C"})]
    results = script.org.update("Account", rows, unchanged=unchanged)

    assert [row.ok for row in results] == [False, True]
    assert asked[0] == [ACCOUNT, OTHER]


def test_waiting_ends_where_every_locked_row_was_changed(script: Script) -> None:
    script.account()
    script.patch([refused("UNABLE_TO_LOCK_ROW")])

    (result,) = script.org.update("Account", [(ACCOUNT, {"Name": "B"})], unchanged=lambda _: [])

    assert result.code == "UNABLE_TO_LOCK_ROW"
    assert len(script.slept) == 1


def test_a_refusal_of_the_repetition_does_not_hide_what_was_written(script: Script) -> None:
    script.account()
    script.patch([done(ACCOUNT), refused("UNABLE_TO_LOCK_ROW")])
    script.patch(DAILY, 403)

    results = script.org.update("Account", [(ACCOUNT, {"Name": "B"}), (OTHER, {"Name": "C"})])

    assert [row.ok for row in results] == [True, False]


def test_every_request_has_timeouts_and_names_us_and_writes_wait_longest(script: Script) -> None:
    script.account()
    script.patch([done(ACCOUNT)])
    script.org.update("Account", [(ACCOUNT, {"Name": "B"})])

    timeouts = [call.request.req_kwargs["timeout"] for call in script.mock.calls]

    assert set(timeouts[:-1]) == {(10.0, 130.0)}
    assert timeouts[-1] == (10.0, 610.0)
    for call in script.mock.calls:
        assert call.request.headers["User-Agent"].startswith("sfsync/")
        assert call.request.headers["X-PrettyPrint"] == "0"
        assert call.request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert script.org.calls == len(script.mock.calls)


def test_a_write_never_lets_assignment_rules_change_the_owner(script: Script) -> None:
    script.account()
    script.patch([done(ACCOUNT)])
    script.org.update("Account", [(ACCOUNT, {"Name": "B"})])

    assert script.mock.calls[-1].request.headers["Sforce-Auto-Assign"] == "FALSE"


def test_a_redirected_write_is_refused_and_not_sent_on(script: Script) -> None:
    script.account()
    script.mock.patch(
        f"{DATA}/composite/sobjects", status=307, headers={"Location": "https://example.org/"}
    )

    with pytest.raises(OrgRefused, match="My Domain"):
        script.org.update("Account", [(ACCOUNT, {"Name": "B"})])
