"""Does the doctor find what an org lacks, and say what to do about it?"""

import json
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from doctor_calls import SECRET, Checks, call, examine, problems, signed_in
from entering import connect_reader
from loop_org import empty_org, shipped_policy
from signin_keys import private_pem, public_pem

from sfsync.cli import opening
from sfsync.doctor import Check, Seen, check_org
from sfsync.errors import ExitCode
from sfsync.fake import FakeOrg
from sfsync.fake.faults import refuse
from sfsync.jobs import locked

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeOrg:
    """A real org, as far as the command line can tell, that has all that the rules need."""
    return signed_in(empty_org(NOW, "Europe/Paris"), monkeypatch)


@dataclass(frozen=True)
class Well:
    """What the doctor says of an org that has all that the rules need; tests never change it."""

    org: FakeOrg
    checks: Checks
    logged: str


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Well]:
    """A real org, as far as the command line can tell, that was examined once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("well"))
        org = signed_in(empty_org(NOW, "Europe/Paris"), patch)
        org.edit("User", org.user_id, Username="pia.birch@example.com")
        said = call("doctor", "--format", "json", "-vv")
        yield Well(org, json.loads(said.stdout)["checks"], said.output)


def in_group(checks: Checks, group: str, level: str) -> list[str]:
    return [c["text"] for c in checks if (c["group"], c["level"]) == (group, level)]


RECORDED = Seen("a way", "62.0", None)


def of_the_org(fake: FakeOrg, group: str, seen: Seen = RECORDED) -> list[Check]:
    """One group of what the doctor says of the org itself."""
    org = connect_reader(fake.session(), fake.host, fake.token())
    return [each for each in check_org(org, shipped_policy(), seen) if each.group == group]


def test_the_queue_of_a_task_and_the_right_to_create_it_are_looked_for(fake: FakeOrg) -> None:
    def told() -> list[tuple[str, bool]]:
        found = of_the_org(fake, "permissions")
        return [(each.text, bool(each.remedy)) for each in found if "onboarding" in each.text]

    waits = 'there is no queue "Onboarding" that takes tasks: onboarding-handover waits for it'
    assert told() == [(waits, True)]
    queue = fake.add("Group", Name="Newcomers", DeveloperName="Onboarding", Type="Queue")
    assert told() == [(waits, True)]
    fake.add("QueueSobject", QueueId=queue, SobjectType="Task")
    takes = 'the queue "Onboarding" takes the tasks onboarding-handover'
    assert told() == [(takes, False)]
    fake.state.store.schema.objects["Task"].createable = False
    first, second = told()
    assert first == (
        "the service's user may not create Task records: onboarding-handover waits, while all else"
        " of a pass goes on",
        True,
    )
    assert second == (takes, False)


def test_an_org_that_has_everything_is_well_and_nothing_is_written(well: Well) -> None:
    assert problems(well.checks) == {}
    assert in_group(well.checks, "objects and fields", "good") == [
        "Account, AccountHistory, Contact, Event, Lead, OpportunityContactRole, OpportunityHistory,"
        " Task, User: all 89 fields that are needed are right"
    ]
    # The platform's own lead sources are not the company's five.
    assert in_group(well.checks, "objects and fields", "note") == [
        "Opportunity.LeadSource does not list Outbound, Inbound, Referral, Partnership, Upsell, "
        "which rules know",
        "the org lacks or hides what config/sfsync.yaml names and no rule needs: "
        "Account.RecordTypeId, Opportunity.RecordTypeId",
    ]
    calls = well.org.calls
    posted = {path.rpartition("/")[2] for method, path in calls if method == "POST"}
    assert [path for method, path in calls if method in ("PATCH", "PUT", "DELETE")] == []
    # a sign-in, and questions that were too long for a URL
    assert posted <= {"token", "composite", "userinfo"}


def test_it_tells_the_org_the_user_and_the_way_in(well: Well) -> None:
    fake = well.org
    (org, user) = in_group(well.checks, "sign-in", "good")

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

    assert [each["group"] for each in checks] == ["sign-in", "journal", "files", "mail"]
    assert "invalid_client" in checks[0]["text"]


def test_what_was_found_before_the_org_failed_is_told(fake: FakeOrg) -> None:
    fake.on_request.append(refuse("/limits", 503, "SERVER_UNAVAILABLE", "busy", times=9))
    checks = examine(ExitCode.UNREACHABLE)

    assert in_group(checks, "sign-in", "good")
    (failed,) = [each["text"] for each in checks if each["level"] == "problem"]
    assert "asking for the API limits: " in failed


def test_used_up_calls_are_told_as_such(fake: FakeOrg) -> None:
    fake.state.daily_quota = 0
    checks = examine(ExitCode.STOPPED)
    (told,) = [each for each in checks if each["level"] == "problem"]

    assert told["group"] == "limits"
    assert "used up: wait until some are free again" in told["text"]


@pytest.mark.usefixtures("fake")
def test_settings_that_are_wrong_are_checks_like_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALESFORCE_API_VERSION", "999.0")
    (told,) = problems(examine(ExitCode.CONFIGURATION)).values()
    assert told["group"] == "settings"
    assert "999.0" in told["text"]

    monkeypatch.setenv("SFSYNC_READONLY", "1")
    monkeypatch.setenv("SFSYNC_OGR", "demo")
    checks = examine(ExitCode.CONFIGURATION)
    assert {each["group"] for each in checks} == {"settings"}
    assert "environment: there is no setting SFSYNC_READONLY" in checks[1]["text"]
    said = call("doctor", exits=ExitCode.CONFIGURATION).stdout.splitlines()
    assert said[0].startswith("settings\tproblem\tenvironment: there is no setting SFSYNC_OGR")
    assert said[-1] == "2 to put right, nothing else to know."


def test_what_no_rule_needs_is_told_in_one_line(fake: FakeOrg, well: Well) -> None:
    # as an org has it that has no record types
    names = ["Account.RecordTypeId", "Opportunity.RecordTypeId"]
    (told,) = [each for each in well.checks if "no rule needs" in each["text"]]
    assert told["level"] == "note"
    assert told["text"].endswith(f"names and no rule needs: {', '.join(names)}")
    assert told["fields"] == names

    fake.declare("Account", {"name": "RecordTypeId", "type": "reference"})
    # of what rules need another line tells
    fake.drop_field("Account", "Enriched_At__c")
    checks = examine(ExitCode.CONFIGURATION)
    (told,) = [each for each in checks if "no rule needs" in each["text"]]
    assert told["fields"] == ["Opportunity.RecordTypeId"]


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


def test_fields_of_other_types_are_told(fake: FakeOrg) -> None:
    types: dict[str, tuple[dict[str, object], str]] = {
        "Backlog_Until__c": ({"type": "datetime"}, "a datetime, and config/sfsync.yaml says date"),
        "Target_At__c": ({"type": "date"}, "a date, and config/sfsync.yaml says instant"),
        "Backlog_Count__c": ({"type": "string", "length": 9}, "a string, and "),
        "Status__c": ({"type": "multipicklist"}, "a multipicklist, and "),
    }
    for field, (described, _) in types.items():
        fake.drop_field("Account", field)
        fake.declare("Account", {"name": field, **described})
    told = problems(examine(ExitCode.CONFIGURATION))

    assert told.keys() == {f"Account.{field}" for field in types}
    for field, (_, found) in types.items():
        assert f"Account.{field} is {found}" in told[f"Account.{field}"]["text"]
        assert "correct the type" in told[f"Account.{field}"]["remedy"]


def test_what_rules_write_must_be_writable(fake: FakeOrg) -> None:
    fake.declare("Account", {"name": "Potential_Score__c", "updateable": False})
    fake.declare("Account", {"name": "Backlog_Count__c", "calculated": True})
    # rules only read these
    fake.declare("Account", {"name": "Subscription_End__c", "updateable": False})
    fake.declare("Opportunity", {"name": "StageName", "calculated": True})
    told = problems(examine(ExitCode.CONFIGURATION))

    assert told.keys() == {"Account.Potential_Score__c", "Account.Backlog_Count__c"}
    locked, computed = told["Account.Potential_Score__c"], told["Account.Backlog_Count__c"]
    assert "the service's user may not write" in locked["text"]
    assert "give the user Edit" in locked["remedy"]
    assert "is computed by the org" in computed["text"]
    assert "name another field" in computed["remedy"]


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
    for name in ("Task", "AccountHistory", "OpportunityHistory"):
        fake.drop_object(name)
    checks = examine(ExitCode.CONFIGURATION)
    found, remedies = problems(checks), {" ".join(c["fields"]): c["remedy"] for c in checks}

    assert "Access Activities" in found["Task"]["remedy"]
    assert any("idle (no Task)" in each for each in in_group(checks, "objects and fields", "note"))
    # nobody gives rights on a history
    assert remedies["AccountHistory"].startswith("give the service's user Read on Account by")
    assert "fields are tracked: Setup, Object Manager, Account" in remedies["AccountHistory"]
    assert remedies["OpportunityHistory"].endswith("Read on Opportunity by a permission set")
    assert "shows no AccountHistory" in in_group(checks, "history", "note")[0]


def test_a_hidden_field_is_no_better_than_none_and_the_platforms_own_is_not_to_be_made(
    fake: FakeOrg,
) -> None:
    fake.hide_field("Account", "Status__c")
    fake.hide_field("Account", "Industry")
    found = problems(examine(ExitCode.CONFIGURATION))
    own, standard = found["Account.Status__c"]["remedy"], found["Account.Industry"]["remedy"]

    assert own.startswith("make it, or let the user see it: ")
    assert "sfsync setup" in own
    assert standard.startswith("let the user see it: Setup, Object Manager, Account")
    assert "sfsync setup" not in standard


def test_the_field_history_is_told_as_far_as_it_can_be(fake: FakeOrg, well: Well) -> None:
    assert "or it is not tracked" in in_group(well.checks, "history", "note")[0]
    account = fake.add("Account", Name="Atelier Fictif", Status__c="Target")
    fake.edit("Account", account, Status__c="Working")

    (told,) = of_the_org(fake, "history")
    assert told.level == "good"
    assert "it is tracked" in told.text


def test_calls_are_counted_by_the_headers_where_the_limits_are_hidden(
    fake: FakeOrg, well: Well
) -> None:
    assert "kept for others" in in_group(well.checks, "limits", "good")[0]
    fake.on_request.append(refuse("/limits", 403, "FUNCTIONALITY_NOT_ENABLED", "no", times=9))

    (told,) = of_the_org(fake, "limits")
    assert told.level == "good"
    assert "kept for others" in told.text


@pytest.mark.parametrize(
    ("seconds", "with_key", "level", "words"),
    [
        (0, True, "good", "agrees with the org's (+0 s)"),
        (60, True, "note", "60 s ahead of the org's"),
        (-600, True, "problem", "10 minutes behind the org's"),
        (-600, False, "note", "10 minutes behind the org's"),
        (163 * 86_400, False, "note", "163 days ahead of the org's"),
    ],
)
def test_a_clock_that_goes_wrong_is_grave_where_a_key_signs_by_it(
    well: Well, seconds: int, with_key: bool, level: str, words: str
) -> None:
    def skewed() -> datetime:
        return well.org.clock.now() + timedelta(seconds=seconds)

    told = of_the_org(well.org, "clock", Seen("a way", "62.0", skewed, signs_by_clock=with_key))[-1]

    assert told.level == level
    assert words in told.text


def test_a_key_is_known_to_sign_by_the_clock(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.register_key(public_pem())
    fake.edit("User", fake.user_id, Username="pia.birch@example.com")
    monkeypatch.delenv("SALESFORCE_CLIENT_SECRET")
    monkeypatch.setenv("SALESFORCE_USERNAME", "pia.birch@example.com")
    monkeypatch.setenv("SALESFORCE_PRIVATE_KEY", private_pem())
    monkeypatch.setattr(opening, "wall_clock", lambda: fake.clock.now() - timedelta(seconds=160))
    checks = examine(ExitCode.CONFIGURATION)

    assert "2 minutes behind" in in_group(checks, "clock", "problem")[0]


@pytest.mark.usefixtures("fake")
def test_a_journal_that_does_not_open_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFSYNC_JOURNAL_URL", "sqlite:////nowhere/at/all/journal.db")

    assert in_group(examine(ExitCode.CONFIGURATION), "journal", "problem")


def test_the_journal_says_what_ran_last(fake: FakeOrg) -> None:
    call("run", "hourly")
    assert ": 1 run; the last, " in in_group(examine(), "journal", "good")[0]


class Killed(BaseException):
    """The process ends here, whatever it was doing."""


def test_a_run_whose_process_died_is_no_run_at_work(fake: FakeOrg) -> None:
    for place in range(3):
        fake.add("Account", Name=f"Atelier Fictif {place}", NumberOfEmployees=20)

    def kill(request: object) -> None:
        if (getattr(request, "when", ""), getattr(request, "method", "")) == ("after", "PATCH"):
            raise Killed

    fake.on_request.append(kill)
    with pytest.raises(Killed):
        call("run", "hourly")
    fake.on_request.remove(kill)
    checks = examine()
    (told,) = [each for each in checks if (each["group"], each["level"]) == ("journal", "note")]
    assert told["text"].endswith("ended early; 3 changes sent, not settled")
    assert told["remedy"] == "the next `run` on its org closes its books"
    assert "the last" not in in_group(checks, "journal", "good")[0]

    # as long as somebody holds the lock, it is at work
    with locked(Path(".sfsync") / opening.LOCK):
        checks = examine()
    assert in_group(checks, "journal", "note") == []
    assert in_group(checks, "journal", "good")[0].endswith(", running")

    call("run", "hourly")
    assert in_group(examine(), "journal", "note") == []


def test_lines_and_quiet_lines(fake: FakeOrg) -> None:
    fake.drop_field("Account", "Enriched_At__c")
    lines = call("doctor", exits=ExitCode.CONFIGURATION).stdout.splitlines()
    quiet = call("doctor", "--quiet", exits=ExitCode.CONFIGURATION).stdout.splitlines()

    assert lines[0].startswith("sign-in\tgood\t")
    blind = "Account has rules that cannot judge: qualified-by-data (no Account.Enriched_At__c)"
    # the field is the problem, and no rule one more
    assert f"objects and fields\tnote\t{blind}\tthis ends as soon as that is there" in lines
    assert lines[-1].startswith("1 to put right, ")
    assert {line.split("\t")[1] for line in quiet} <= {"problem", "note"}


def test_the_secret_is_not_in_what_is_said(well: Well) -> None:
    assert "GET" in well.logged
    assert [each for each in (SECRET, *well.org.state.sessions) if each in well.logged] == []


# Where partitions are judged.


def test_an_engine_that_cannot_work_is_a_problem(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_group(examine(), "engine", "good") == []
    monkeypatch.setenv("SFSYNC_ENGINE", "dask")
    (well,) = in_group(examine(), "engine", "good")
    assert well == "a large org is judged by processes of this machine"
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("SFSYNC_DASK_SCHEDULER", address)
        met = pool.submit(server.accept)
        # As Dask greets: the length of what follows.
        met.add_done_callback(lambda done: done.result()[0].sendall((9).to_bytes(8, "little")))
        (well,) = in_group(examine(), "engine", "good")
        met.result()[0].close()
    assert f"the Dask scheduler at {address}, which answers" in well
    (problem,) = in_group(examine(exits=ExitCode.CONFIGURATION), "engine", "problem")
    assert problem.startswith(f"no Dask scheduler answers at {address} (SFSYNC_DASK_SCHEDULER): ")
    monkeypatch.setenv("SFSYNC_DASK_SCHEDULER", "10.0.0.5")
    said = call("doctor", exits=ExitCode.CONFIGURATION).stdout
    assert "10.0.0.5: no address of a Dask scheduler" in said


def test_an_engine_that_is_not_installed_is_a_problem(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFSYNC_ENGINE", "dask")
    for name in [each for each in sys.modules if each.startswith("sfsync.engine.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = call("doctor", exits=ExitCode.CONFIGURATION).stdout
    assert "distributed is not installed: pip install 'sfsync[dask]'" in said
