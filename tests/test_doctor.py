"""Does the doctor find what an org lacks, and say what to do about it?"""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from doctor_calls import SECRET, Checks, call, examine, problems, signed_in
from loop_org import empty_org
from test_cli import once

from sfsync.cli import opening
from sfsync.errors import ExitCode
from sfsync.fake import FakeOrg
from sfsync.fake.faults import refuse
from sfsync.rules import load

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def alone(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without any setting of the machine's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(load, "load_policy", lambda texts: once(tuple(texts.items())))
    for name in [name for name in os.environ if name.startswith(("SFSYNC_", "SALESFORCE_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeOrg:
    """A real org, as far as the command line can tell, that has all that the rules need."""
    return signed_in(empty_org(NOW, "Europe/Paris"), monkeypatch)


def in_group(checks: Checks, group: str, level: str) -> list[str]:
    return [c["text"] for c in checks if (c["group"], c["level"]) == (group, level)]


def test_an_org_that_has_everything_is_well_and_nothing_is_written(fake: FakeOrg) -> None:
    checks = examine()

    assert problems(checks) == {}
    assert in_group(checks, "objects and fields", "good") == [
        "Account, AccountHistory, Contact, Event, Opportunity, OpportunityHistory, Task, User: "
        "all 73 fields are right"
    ]
    written = [path for method, path in fake.calls if method in ("PATCH", "PUT", "DELETE")]
    posted = {path.rpartition("/")[2] for method, path in fake.calls if method == "POST"}
    assert written == []
    # a sign-in, and questions that were too long for a URL
    assert posted <= {"token", "composite", "userinfo"}


def test_it_tells_the_org_the_user_and_the_way_in(fake: FakeOrg) -> None:
    fake.edit("User", fake.user_id, Username="pia.birch@example.com")
    (org, user) = in_group(examine(), "sign-in", "good")

    assert org == (
        f"{fake.records('Organization')[0]['Name']} ({fake.state.org_id}), sandbox, Developer "
        f"Edition, at https://{fake.host}"
    )
    assert user.endswith("(pia.birch@example.com): client credentials, API 62.0")


def test_a_token_that_is_there_is_another_way_in(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGIN_URL", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"SALESFORCE_{name}")
    monkeypatch.setenv("SALESFORCE_INSTANCE_URL", f"https://{fake.host}")
    monkeypatch.setenv("SALESFORCE_ACCESS_TOKEN", fake.token())

    assert "an existing token, API 62.0" in in_group(examine(), "sign-in", "good")[1]


@pytest.mark.usefixtures("fake")
def test_a_refused_sign_in_is_told_and_the_journal_is_looked_at_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", "wrong")
    checks = examine(ExitCode.UNREACHABLE)

    assert [each["group"] for each in checks] == ["sign-in", "journal"]
    assert "invalid_client" in checks[0]["text"]


def test_what_was_found_before_the_org_failed_is_told(fake: FakeOrg) -> None:
    fake.on_request.append(refuse("Event/describe", 403, "API_DISABLED_FOR_ORG", "no", times=9))
    checks = examine(ExitCode.UNREACHABLE)

    assert in_group(checks, "sign-in", "good")
    (failed,) = [each["text"] for each in checks if each["level"] == "problem"]
    assert "describing Event: API_DISABLED_FOR_ORG" in failed


def test_fields_that_are_not_there_are_named_with_their_types(fake: FakeOrg) -> None:
    for field in ("Status__c", "Backlog_Until__c", "Enriched_At__c"):
        fake.drop_field("Account", field)
    fake.drop_field("Opportunity", "Lost_Reason__c")
    checks = examine(ExitCode.CONFIGURATION)
    found = problems(checks)

    written = found["Account.Backlog_Until__c Account.Status__c"]
    assert "2 fields that rules write: Backlog_Until__c (Date), Status__c (Pick" in written["text"]
    assert "Setup, Object Manager, Account, Fields & Relationships" in written["remedy"]
    assert "sfsync setup --out DIR" in written["remedy"]
    assert "a field that rules need" in found["Account.Enriched_At__c"]["text"]
    # the reason of a loss only counts as empty
    (note,) = [each for each in checks if each["fields"] == ["Opportunity.Lost_Reason__c"]]
    assert note["level"] == "note"


def test_rules_that_cannot_judge_are_named(fake: FakeOrg) -> None:
    fake.drop_field("Account", "Enriched_At__c")
    (told,) = [each for each in problems(examine(ExitCode.CONFIGURATION)) if "rules" in each]

    assert (
        told == "Account has rules that cannot judge: qualified-by-data (no Account.Enriched_At__c)"
    )


def test_a_hidden_field_is_no_better_than_none(fake: FakeOrg) -> None:
    fake.hide_field("Account", "Status__c")

    assert "Account.Status__c" in problems(examine(ExitCode.CONFIGURATION))


@pytest.mark.parametrize(
    ("field", "described", "found"),
    [
        (
            "Backlog_Until__c",
            {"type": "datetime"},
            "is a datetime, and config/sfsync.yaml says date",
        ),
        ("Target_At__c", {"type": "date"}, "is a date, and config/sfsync.yaml says instant"),
        ("Backlog_Count__c", {"type": "string", "length": 9}, "is a string, "),
        ("Status__c", {"type": "multipicklist"}, "is a multipicklist, "),
    ],
)
def test_a_field_of_another_type_is_told(
    fake: FakeOrg, field: str, described: dict[str, object], found: str
) -> None:
    fake.drop_field("Account", field)
    fake.declare("Account", {"name": field, **described})
    told = problems(examine(ExitCode.CONFIGURATION))[f"Account.{field}"]

    assert found in told["text"]
    assert "correct the type" in told["remedy"]


@pytest.mark.parametrize(
    ("described", "found", "remedy"),
    [
        ({"updateable": False}, "the service's user may not write", "give the user Edit"),
        ({"calculated": True}, "is computed by the org", "name another field"),
    ],
)
def test_what_rules_write_must_be_writable(
    fake: FakeOrg, described: dict[str, object], found: str, remedy: str
) -> None:
    fake.declare("Account", {"name": "Potential_Score__c", **described})
    # rules only read these
    fake.declare("Account", {"name": "Subscription_End__c", **described})
    fake.declare("Opportunity", {"name": "StageName", **described})
    (told,) = problems(examine(ExitCode.CONFIGURATION)).values()

    assert told["fields"] == ["Account.Potential_Score__c"]
    assert found in told["text"]
    assert remedy in told["remedy"]


@pytest.mark.parametrize("restricted", [True, False])
def test_a_picklist_without_a_value_is_a_problem_only_where_it_takes_no_others(
    fake: FakeOrg, restricted: bool
) -> None:
    values = [{"value": "Target"}, {"value": "Churn", "active": False}]
    fake.declare(
        "Account",
        {"name": "Status__c", "picklistValues": values, "restrictedPicklist": restricted},
    )
    checks = examine(ExitCode.CONFIGURATION if restricted else ExitCode.DONE)
    (told,) = [each for each in checks if each["fields"] == ["Account.Status__c"]]

    assert told["level"] == ("problem" if restricted else "note")
    assert "Unqualified Pool, Qualified Pool, Working, Customer" in told["text"]
    # what is inactive cannot be chosen
    assert "Churn" in told["text"]
    assert "Target" not in told["text"]


def test_an_object_that_is_hidden_is_as_grave_as_the_rules_that_need_it(fake: FakeOrg) -> None:
    fake.drop_object("Contact")
    assert problems(examine()) == {}
    fake.drop_object("Task")
    found = problems(examine(ExitCode.CONFIGURATION))

    assert "Access Activities" in found["Task"]["remedy"]
    assert any("idle (no Task)" in each for each in found)


def test_the_field_history_is_told_as_far_as_it_can_be(fake: FakeOrg) -> None:
    assert "or it is not tracked" in in_group(examine(), "history", "note")[0]
    account = fake.add("Account", Name="Atelier Fictif", Status__c="Target")
    fake.edit("Account", account, Status__c="Working")
    assert "it is tracked" in in_group(examine(), "history", "good")[0]
    fake.drop_object("AccountHistory")
    assert "shows no AccountHistory" in in_group(examine(), "history", "note")[0]


def test_calls_that_nobody_may_count_are_a_note(fake: FakeOrg) -> None:
    assert "kept for others" in in_group(examine(), "limits", "good")[0]
    fake.on_request.append(refuse("/limits", 403, "FUNCTIONALITY_NOT_ENABLED", "no", times=9))

    checks = examine()
    # the headers of other answers tell it, too
    assert in_group(checks, "limits", "good") or in_group(checks, "limits", "note")


@pytest.mark.parametrize(("seconds", "level"), [(0, "good"), (60, "note"), (-600, "problem")])
def test_a_clock_that_goes_wrong_is_told(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch, seconds: int, level: str
) -> None:
    def skewed() -> datetime:
        return fake.clock.now() + timedelta(seconds=seconds)

    monkeypatch.setattr(opening, "wall_clock", skewed)
    checks = examine(ExitCode.CONFIGURATION if level == "problem" else ExitCode.DONE)
    told = in_group(checks, "clock", level)[-1]

    assert {0: "agrees", 60: "60 s ahead of", -600: "600 s behind"}[seconds] in told


@pytest.mark.usefixtures("fake")
def test_a_journal_that_does_not_open_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFSYNC_JOURNAL_URL", "sqlite:////nowhere/at/all/journal.db")

    assert in_group(examine(ExitCode.CONFIGURATION), "journal", "problem")


def test_the_journal_says_what_ran_last(fake: FakeOrg) -> None:
    call("run", "hourly")
    assert ": 1 run; the last, " in in_group(examine(), "journal", "good")[0]


def test_lines_and_quiet_lines(fake: FakeOrg) -> None:
    fake.drop_field("Account", "Enriched_At__c")
    lines = call("doctor", exits=ExitCode.CONFIGURATION).stdout.splitlines()
    quiet = call("doctor", "--quiet", exits=ExitCode.CONFIGURATION).stdout.splitlines()

    assert lines[0].startswith("sign-in\tgood\t")
    assert lines[-1].startswith("2 to put right, ")
    assert {line.split("\t")[1] for line in quiet} <= {"problem", "note"}


def test_the_secret_is_not_in_what_is_said(fake: FakeOrg) -> None:
    said = call("doctor", "-vv").output

    assert [each for each in (SECRET, *fake.state.sessions) if each in said] == []
