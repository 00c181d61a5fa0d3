"""Does each command do, print and return what its users rely on?"""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cut_org import DEMO, IDLE, STAYING, WON, copy_in, crowd, cut

from sfsync.cli import commands, opening
from sfsync.cli.copies import open_recorded
from sfsync.cli.setting import Setting
from sfsync.errors import ExitCode
from sfsync.fake import FakeOrg
from sfsync.fake.faults import Aim, lose_request, meanwhile_at, refuse

CONFIG = DEMO.parent
PUBLIC = CONFIG.parents[1] / "shared" / "data" / "crm-sales-2017"
Call = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def call(small: Path) -> Call:
    """Call the command line on the small org, with its state in `.sfsync`."""

    def called(*args: str, org: Path | str = small, exits: int = ExitCode.DONE) -> Result:
        result = CliRunner().invoke(commands, [*args, "--org", str(org)])
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    return called


def data_of(result: Result) -> Any:
    """Read the whole standard output as JSON: anything else in it would be an error."""
    return json.loads(result.stdout)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        # What was read is kept, and may be thrown away at any time.
        if file.is_file() and file.parent.name != "store"
    }


def newest(call: Call) -> dict[str, Any]:
    run: dict[str, Any] = data_of(call("runs", "--format", "json"))["runs"][0]
    return run


def edit(org: Path, record: str, **fields: Any) -> None:
    """Change an account in the copy, as a person would between two commands."""
    copy_in(Path(".sfsync"), org).edit("Account", record, **fields)


def with_fault(monkeypatch: pytest.MonkeyPatch, make: Callable[[FakeOrg], Any]) -> None:
    """Let the org that commands open answer wrongly."""
    opens = open_recorded

    def broken(setting: Setting) -> FakeOrg:
        fake = opens(setting)
        fake.on_request.append(make(fake))
        return fake

    monkeypatch.setattr(opening, "open_recorded", broken)


# What a plan says, and in which forms.


def test_a_plan_as_json_has_the_documented_form_and_nothing_else_is_printed(call: Call) -> None:
    plan = data_of(call("plan", "hourly", "--format", "json", "-v", "--out", "plan.json"))
    documented = {"version", "job", "made_at", "org", "policy_hash", "api_calls", "changes"}
    assert documented | {"findings"} <= plan.keys()
    assert (plan["version"], plan["job"], plan["org"]) == (1, "hourly", "00DDm0000000001MAA")
    assert plan["api_calls"] > 0
    won = next(change for change in plan["changes"] if change["id"] == WON)
    assert won["object"] == "Account"
    assert won["cause"] == "rule:won"
    assert won["reason"] == "an opportunity was won"
    assert won["fields"]["Status__c"] == {"before": "Working", "after": "Customer"}
    assert {"fact", "value", "record"} == won["evidence"][0].keys()
    (finding,) = (
        each
        for each in plan["findings"]
        if (each["id"], each["code"]) == (STAYING, "target-going-idle")
    )
    assert finding["code"] == "target-going-idle"


def test_what_accompanies_json_goes_to_the_standard_error(call: Call) -> None:
    result = call("plan", "hourly", "--format", "json", "-v", "--out", "plan.json")
    assert "Account: 3 records read" in result.stderr
    assert "sfsync apply plan.json" in result.stderr
    quiet = call("plan", "hourly", "--format", "json", "-q", "--out", "plan.json")
    assert quiet.stderr == ""
    data_of(quiet)


def test_two_plans_of_one_moment_differ_in_nothing_but_when_they_were_made(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = ("--now", "2026-07-01T08:00:00Z", "--format", "json")
    first = data_of(call("plan", "hourly", *moment))
    later = opening.wall_clock().replace(year=2035)
    monkeypatch.setattr(opening, "wall_clock", lambda: later)
    second = data_of(call("plan", "hourly", *moment))
    assert first.pop("made_at") != second.pop("made_at")
    assert first == second


def test_planning_writes_neither_to_the_recording_nor_to_its_copy_nor_to_the_journal(
    call: Call, small: Path
) -> None:
    call("run", "hourly", "--id", WON)
    before = files_of(small), files_of(Path(".sfsync/orgs")), call("runs").stdout
    call("plan", "hourly", "--now", "2027-01-01T08:00:00Z")
    call("explain", IDLE)
    call("undo", newest(call)["id"])
    assert before == (files_of(small), files_of(Path(".sfsync/orgs")), call("runs").stdout)
    assert any(name.endswith("writes.jsonl") for name in before[1])


def test_planning_leaves_alone_what_another_process_is_just_writing(
    call: Call, small: Path
) -> None:
    call("run", "hourly", "--id", WON)
    (log,) = Path(".sfsync/orgs").glob("*/writes.jsonl")
    half = log.read_bytes() + b'{"now": "2026-06-15T08'
    log.write_bytes(half)
    call("plan", "hourly")
    assert log.read_bytes() == half
    call("run", "hourly")
    assert copy_in(Path(".sfsync"), small).record("Account", IDLE)["Status__c"] == "Backlog"


def test_a_run_changes_the_copy_and_never_the_recording(call: Call, small: Path) -> None:
    before = files_of(small)
    call("run", "hourly")
    assert files_of(small) == before
    assert copy_in(Path(".sfsync"), small).record("Account", WON)["Status__c"] == "Customer"


def test_a_plan_in_a_pipe_says_what_where_and_as_of_when_and_closes_with_the_counts(
    call: Call,
) -> None:
    lines = call("plan", "hourly").stdout.splitlines()
    assert lines[0] == (
        "hourly on Société de Démonstration (00DDm0000000001MAA),"
        " as of 2026-06-15 10:00 Europe/Paris"
    )
    assert lines[-1].startswith("3 accounts judged, ")
    row = next(line for line in lines if WON in line).split("\t")
    assert row[:3] == ["rule:won", "Account", WON]
    assert row[4] == "Status__c: Working → Customer; Customer_At__c: - → 2026-06-15 10:00"


def test_a_plan_as_csv_has_a_row_for_each_field(call: Call) -> None:
    rows = list(csv.DictReader(io.StringIO(call("plan", "hourly", "--format", "csv").stdout)))
    mine = {row["field"]: (row["before"], row["after"]) for row in rows if row["id"] == WON}
    assert mine["Status__c"] == ("Working", "Customer")
    assert mine["Customer_At__c"] == ("", "2026-06-15T08:00:00.000+0000")


def test_a_plan_is_narrowed_to_rules_and_records(call: Call) -> None:
    by_rule = data_of(call("plan", "hourly", "--only", "idle", "--format", "json"))
    assert {change["id"] for change in by_rule["changes"]} == {IDLE}
    by_id = data_of(call("plan", "hourly", "--id", WON[:15], "--format", "json"))
    assert {change["id"] for change in by_id["changes"]} == {WON}


def test_another_moment_is_rehearsed_ahead_and_back(call: Call) -> None:
    def moved(now: str) -> dict[str, str]:
        plan = data_of(call("plan", "hourly", "--now", now, "--format", "json"))
        states = {each["id"]: each["fields"].get("Status__c") for each in plan["changes"]}
        return {record: state["after"] for record, state in states.items() if state}

    assert STAYING not in moved("2026-06-15T21:59:59Z")
    assert moved("2026-06-15T22:00:00Z")[STAYING] == "Backlog"
    assert moved("2031-06-15T08:00:00Z")[STAYING] == "Backlog"
    assert IDLE not in moved("2026-06-10T08:00:00Z")


def test_every_rule_of_accounts_is_in_the_demo_plan(call: Call) -> None:
    plan = data_of(call("plan", "hourly", "--format", "json", org="demo"))
    rules = {line.split("\t")[0] for line in call("rules", "list").stdout.splitlines()}
    causes = {change["cause"] for change in plan["changes"]}
    expected = "won opportunity-opened out-of-target subscription-ended opportunities-lost activity"
    expected += " idle backlog-expired-high backlog-expired-low churn-cooled-down qualified-by-data"
    expected += " entered-high entered-low"
    assert set(expected.split()) <= rules
    assert {f"rule:{name}" for name in expected.split()} <= causes
    assert {"pause", "timestamps", "score"} <= causes


# Applying, running again, taking back.


def test_a_plan_that_was_applied_does_nothing_a_second_time(call: Call, small: Path) -> None:
    call("plan", "hourly", "--out", "plan.json")
    first = call("apply", "plan.json").stdout
    changes = len(json.loads(Path("plan.json").read_text())["changes"])
    assert f"{changes} applied" in first
    before = files_of(Path(".sfsync/orgs"))
    second = call("apply", "plan.json").stdout
    assert f"{changes} skipped, already so" in second
    assert files_of(Path(".sfsync/orgs")) == before


def test_the_second_run_has_nothing_to_do_and_runs_lists_both_newest_first(call: Call) -> None:
    call("run", "hourly")
    assert "nothing to do" in call("run", "hourly").stdout
    listed = data_of(call("runs", "--format", "json"))["runs"]
    assert len(listed) == 2
    assert all(run.keys() >= {"id", "job", "started", "finished", "state"} for run in listed)
    assert listed[0]["counts"] == {}
    assert listed[1]["counts"].keys() == {"applied"}
    assert listed[0]["started"] >= listed[1]["started"]
    assert len(data_of(call("runs", "--format", "json", "--limit", "1"))["runs"]) == 1


def test_runs_and_show_say_times_in_the_orgs_zone(call: Call) -> None:
    call("run", "hourly")
    listed = call("runs").stdout
    assert "\t2026-06-15 10:00\tfinished\t" in listed
    assert listed.endswith("Times are in Europe/Paris.\n")
    shown = call("show", newest(call)["id"][:12]).stdout
    assert "as of 2026-06-15 10:00 Europe/Paris" in shown
    assert "Customer_At__c: - → 2026-06-15 10:00" in shown
    elsewhere = call("runs", org="demo", exits=0)
    assert "Europe/Paris" in elsewhere.stdout


def test_a_run_is_taken_back_and_the_undo_itself_too(call: Call, small: Path) -> None:
    call("run", "hourly")
    run = newest(call)["id"]
    assert "Nothing was written" in call("undo", run).stdout
    assert copy_in(Path(".sfsync"), small).record("Account", WON)["Status__c"] == "Customer"
    call("undo", run, "--apply")
    record = copy_in(Path(".sfsync"), small).record("Account", WON)
    assert (record["Status__c"], record["Customer_At__c"]) == ("Working", None)
    undo = newest(call)
    assert (undo["job"], undo["undoes"]) == ("undo", run)
    call("undo", undo["id"], "--apply")
    assert copy_in(Path(".sfsync"), small).record("Account", WON)["Status__c"] == "Customer"


def test_undo_leaves_and_lists_what_somebody_changed_since(call: Call, small: Path) -> None:
    call("run", "hourly")
    run = newest(call)["id"]
    edit(small, WON, Customer_At__c="2026-06-14T08:00:00.000Z")
    said = call("undo", run, "--apply", "--id", WON).stdout
    wrote = "Customer_At__c: the run sent 2026-06-15 10:00, it is 2026-06-14 10:00"
    assert f"{WON}\t{wrote}\tsomebody changed it after the run" in said
    record = copy_in(Path(".sfsync"), small).record("Account", WON)
    assert record["Status__c"] == "Working"
    assert record["Customer_At__c"] == "2026-06-14T08:00:00.000+0000"


def test_show_as_json_has_each_change_with_its_outcome(call: Call) -> None:
    call("run", "hourly", "--only", "won")
    shown = data_of(call("show", newest(call)["id"], "--format", "json"))
    (change,) = shown["changes"]
    assert change["id"] == WON
    assert change["outcome"]["state"] == "applied"
    assert change["fields"]["Status__c"]["after"] == "Customer"


def test_a_quiet_run_prints_nothing_where_all_was_done(call: Call) -> None:
    result = call("run", "hourly", "--quiet")
    assert (result.stdout, result.stderr) == ("", "")
    assert newest(call)["counts"].keys() == {"applied"}


def test_a_quiet_run_wants_an_org_that_somebody_named(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = CliRunner().invoke(commands, ["run", "hourly", "--quiet"])
    assert refused.exit_code == ExitCode.CONFIGURATION
    assert "set SFSYNC_ORG (salesforce, or demo)" in refused.stderr
    assert not Path(".sfsync").exists()
    monkeypatch.setenv("SFSYNC_ORG", str(small))
    assert CliRunner().invoke(commands, ["run", "hourly", "--quiet"]).exit_code == ExitCode.DONE


def test_a_run_never_goes_back_and_says_where_the_clock_stays(call: Call) -> None:
    call("run", "hourly", "--now", "2026-06-16T08:00:00Z")
    again = call("run", "hourly", "--now", "2026-06-16T12:00:00Z").stdout
    assert "the clock of this copy of the org stays where it was" in again
    back = call("run", "hourly", "--now", "2026-06-15T08:00:00Z", exits=ExitCode.USAGE).stderr
    assert "which has gone on to 2026-06-16 10:00 Europe/Paris" in " ".join(back.split())
    assert (
        "as of 2026-06-15 10:00" in call("plan", "hourly", "--now", "2026-06-15T08:00:00Z").stdout
    )


# Explaining.


def test_explain_answers_in_its_first_three_lines(call: Call) -> None:
    staying = call("explain", STAYING).stdout.splitlines()
    assert staying[0].endswith(f"(silent 59 days): Target (Account {STAYING})")
    assert staying[1] == "It stays; if nothing happens, idle moves it to Backlog on 2026-06-16."
    assert staying[2] == "What holds idle back: needs idle_days at least 60; it is 59."
    moving = call("explain", WON).stdout.splitlines()
    assert moving[1].startswith("It moves to Customer in the next pass (rule won, as of 2026-06-15")
    assert moving[2] == "because: an opportunity was won."


@pytest.mark.parametrize("spelled", [WON[:15], WON.lower(), WON.upper()])
def test_an_id_is_known_in_15_characters_and_in_lost_case(call: Call, spelled: str) -> None:
    assert data_of(call("explain", spelled, "--format", "json"))["id"] == WON


def test_explain_as_json_tells_what_the_service_did_before(call: Call, small: Path) -> None:
    call("run", "hourly")
    found = data_of(call("explain", WON, "--format", "json"))
    assert found["state"] == "Customer"
    assert [each["cause"] for each in found["history"]] == ["rule:won"]
    opportunity = copy_in(Path(".sfsync"), small).records("Opportunity")[0]["Id"]
    assert data_of(call("explain", str(opportunity), "--format", "json"))["object"] == "Opportunity"


@pytest.mark.parametrize(
    ("spelled", "said"),
    [
        ("garbage", "it has 15 or 18 letters and digits"),
        ("001Dm0000000001IAB", "its last three do not fit the rest"),
        ("001Dm000000zzzz", "no Account or Opportunity that the rules see in this org has this Id"),
    ],
)
def test_explain_refuses_what_is_no_record(call: Call, spelled: str, said: str) -> None:
    assert said in call("explain", spelled, exits=ExitCode.USAGE).stderr.replace("\n", " ")


# Exit codes, each from a real situation.


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["plan", "hourli"], 'no job is called "hourli"; did you mean "hourly"?'),
        (["pln", "hourly"], 'there is no command "pln"; did you mean "plan"?'),
        (["plan", "hourly", "--only", "wonn"], 'no rule is called "wonn"; did you mean "won"?'),
        (["plan", "hourly", "--now", "2026-06-15"], "is no instant with its time zone"),
        (["plan", "hourly", "--id", "001Dm0000099999"], "the job hourly knows no record"),
        (["show", "2020"], "no run '2020' in the journal; the journal has none yet"),
        (["undo", "2020"], "no run '2020' in the journal; the journal has none yet"),
    ],
)
def test_what_does_not_exist_is_a_usage_error(call: Call, args: list[str], said: str) -> None:
    assert said in call(*args, exits=ExitCode.USAGE).stderr


def test_a_record_edited_after_the_plan_is_stale_and_left(call: Call, small: Path) -> None:
    call("plan", "hourly", "--out", "plan.json")
    edit(small, WON, Status__c="Disqualified")
    said = call("apply", "plan.json", exits=ExitCode.INCOMPLETE).stdout
    moved = "Status__c was 'Working' when read, is 'Disqualified' now"
    assert f"{WON}\t{moved}" in said
    assert "1 stale" in said
    assert copy_in(Path(".sfsync"), small).record("Account", WON)["Status__c"] == "Disqualified"


def test_even_a_quiet_run_lists_what_was_not_done(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deleted_by_somebody(fake: FakeOrg) -> Any:
        # The first such call describes the objects, the second looks before the write.
        return meanwhile_at(Aim("composite", at=2), lambda: fake.remove("Account", WON))

    with_fault(monkeypatch, deleted_by_somebody)
    result = call("run", "hourly", "--quiet", exits=ExitCode.INCOMPLETE)
    (line,) = result.stdout.splitlines()
    assert line.startswith("stale\t")
    assert WON in line


def test_a_run_that_would_move_too_many_stops_before_it_writes(call: Call, tmp_path: Path) -> None:
    org = crowd(tmp_path / "crowd", 60)
    stopped = call("run", "hourly", org=org, exits=ExitCode.STOPPED)
    assert "60 of 60 accounts would change their status, more than 20%" in stopped.stderr
    assert "add --allow-large-change" in stopped.stderr
    (run,) = data_of(call("runs", "--format", "json"))["runs"]
    assert (run["state"], run["counts"]) == ("stopped", {})
    assert "60 of 60 accounts" in run["error"]
    assert run["api_calls"] > 0
    assert "stopped\tnothing was written: 60 of 60" in call("runs").stdout
    shown = call("show", run["id"]).stdout
    assert f"hourly, stopped, {run['api_calls']} API calls" in shown
    assert "nothing was written" in shown
    assert data_of(call("findings", "list", "--format", "json", org=org))["findings"] == []
    assert "60 applied" in call("run", "hourly", "--allow-large-change", org=org).stdout


def test_a_plan_is_refused_where_it_does_not_fit(call: Call, tmp_path: Path) -> None:
    call("plan", "hourly", "--out", "plan.json")
    plan = json.loads(Path("plan.json").read_text())
    wrong = {
        "the plan is for the org 00D": {"org": "00D000000000009AAA"},
        "the plan was made under the policy": {"policy_hash": "0" * 16},
        "hours ago": {"made_at": "2020-01-01T08:00:00Z"},
        "made_at": {"made_at": "2020-01-01T08:00:00"},
        "version": {"version": 2},
        "changes.0.fields": {"changes": [{**plan["changes"][0], "fields": {"Name": "x"}}]},
        "has two changes": {"changes": plan["changes"][:1] * 2},
    }
    for said, changed in wrong.items():
        Path("edited.json").write_text(json.dumps({**plan, **changed}))
        assert said in call("apply", "edited.json", exits=ExitCode.STOPPED).stderr
    for garbage in (b"no plan", b"\xff\xfe\x00", b"[]", b""):
        Path("edited.json").write_bytes(garbage)
        refused = call("apply", "edited.json", exits=ExitCode.STOPPED).stderr
        assert "edited.json is no plan as sfsync writes it" in refused
    assert data_of(call("runs", "--format", "json"))["runs"] == []


def test_an_org_that_does_not_answer_is_said_to_be_unreachable(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "sleep", lambda _seconds: None)
    with_fault(monkeypatch, lambda _fake: lose_request("/", times=10_000))
    result = call("plan", "hourly", exits=ExitCode.UNREACHABLE)
    *tries, last = result.stderr.splitlines()
    assert len(tries) == 3
    assert last.startswith("sfsync: describing Organization: NO_ANSWER: no answer came")


def test_an_org_that_refuses_the_sign_in_is_said_too(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = refuse("/", 401, "INVALID_SESSION_ID", "Session expired or invalid", times=10_000)
    with_fault(monkeypatch, lambda _fake: fault)
    result = call("plan", "hourly", exits=ExitCode.UNREACHABLE)
    assert "INVALID_SESSION_ID" in result.stderr


# Configuration and settings.


def test_all_problems_of_the_rules_come_at_once_with_file_line_and_nearest_name(
    call: Call, tmp_path: Path
) -> None:
    config = tmp_path / "mine"
    shutil.copytree(CONFIG / "rules", config / "rules")
    shutil.copy(CONFIG / "sfsync.yaml", config)
    rules = config / "rules" / "accounts.yaml"
    text = rules.read_text(encoding="utf-8")
    for right, wrong in (
        ("won_since_entry: true\n    to: Customer", "won_since_entri: true\n    to: Customer"),
        ("idle_days: {at_least: 60}", "idle_days: {at_leest: 60}"),
        ("from: Working", "from: Workin"),
    ):
        assert right in text
        text = text.replace(right, wrong, 1)
    rules.write_text(text, encoding="utf-8")
    told = call("rules", "check", "--config", str(config), exits=ExitCode.CONFIGURATION).stderr
    assert told.startswith("sfsync: there are 3 problems:\n")
    for hint in ('did you mean "won_since_entry"', 'did you mean "at_least"', '"Working"'):
        assert hint in told
    assert told.count("mine/rules/accounts.yaml:") == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [", "accounts.yaml:"),
        ("a: 1\na: 2", "accounts.yaml:2:"),
        ("", "accounts.yaml:1:"),
        ("- just\n- a list", "accounts.yaml:1:"),
    ],
)
def test_a_file_that_is_no_rule_file_is_told_with_its_line(
    call: Call, tmp_path: Path, text: str, said: str
) -> None:
    config = tmp_path / "mine"
    shutil.copytree(CONFIG / "rules", config / "rules")
    shutil.copy(CONFIG / "sfsync.yaml", config)
    (config / "rules" / "accounts.yaml").write_text(text, encoding="utf-8")
    told = call("rules", "check", "--config", str(config), exits=ExitCode.CONFIGURATION).stderr
    assert said in told


def test_a_missing_configuration_folder_is_named(call: Call) -> None:
    told = call("rules", "check", "--config", "nowhere", exits=ExitCode.CONFIGURATION).stderr
    assert told == "sfsync: nowhere: there is no sfsync.yaml in it (--config, SFSYNC_CONFIG)\n"


def test_an_unknown_setting_is_refused_wherever_it_stands(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("SFSYNC_ORGG=demo\n")
    monkeypatch.setenv("SFSYNC_STATEDIR", "x")
    told = call("runs", exits=ExitCode.CONFIGURATION).stderr
    assert '.env: there is no setting SFSYNC_ORGG; did you mean "SFSYNC_ORG"?' in told
    assert 'environment: there is no setting SFSYNC_STATEDIR; did you mean "SFSYNC_S' in told


def test_settings_come_from_the_env_file_too(small: Path) -> None:
    Path(".env").write_text(f"SFSYNC_ORG={small}\nSFSYNC_STATE_DIR=elsewhere\n")
    result = CliRunner().invoke(commands, ["run", "hourly"])
    assert "3 accounts judged" in result.stdout
    assert Path("elsewhere/journal.db").is_file()
    assert not Path(".sfsync").exists()


def test_a_state_folder_that_cannot_be_made_is_named(call: Call) -> None:
    Path("file").touch()
    for command in (["runs"], ["plan", "hourly"], ["run", "hourly"]):
        told = call(*command, "--state-dir", "file", exits=ExitCode.CONFIGURATION).stderr
        assert told.startswith("sfsync: the state folder file cannot be made")
        assert "--state-dir" in told


def test_a_file_that_cannot_be_written_is_named(call: Call) -> None:
    told = call("plan", "hourly", "--out", "no/plan.json", exits=ExitCode.CONFIGURATION).stderr
    assert told == "sfsync: no/plan.json: No such file or directory\n"


# Recorded orgs.


def test_all_problems_of_a_recording_come_at_once(call: Call, tmp_path: Path) -> None:
    org = cut(tmp_path / "bad")
    (org / "Account.csv").write_text('Id,Name\n001,"Too short"\n', encoding="utf-8")
    (org / "Task.csv").write_text("Name\nno Id\n", encoding="utf-8")
    told = call("plan", "hourly", org=org, exits=ExitCode.CONFIGURATION).stderr
    assert "Account.csv:2:" in told
    assert "Task.csv:1:" in told


def test_an_empty_folder_and_a_missing_one_are_no_recordings(call: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    empty = call("plan", "hourly", org="empty", exits=ExitCode.CONFIGURATION).stderr
    assert "no file named <Object>.csv" in empty
    missing = call("plan", "hourly", org="missing", exits=ExitCode.CONFIGURATION).stderr
    assert "--org missing: no such folder or zip" in missing
    door = call("plan", "hourly", org="salesforce", exits=ExitCode.CONFIGURATION).stderr
    assert "nothing is set to sign in with" in door


def test_a_zip_is_an_org_as_its_folder_is(call: Call, small: Path, tmp_path: Path) -> None:
    zipped = shutil.make_archive(str(tmp_path / "small"), "zip", small)
    folder = data_of(call("plan", "hourly", "--format", "json"))
    assert (
        data_of(call("plan", "hourly", "--format", "json", org=zipped))["changes"]
        == (folder["changes"])
    )


def test_an_org_that_lacks_things_is_told_which_rules_cannot_judge(
    call: Call, tmp_path: Path
) -> None:
    org = cut(tmp_path / "lacking")
    for name in ("Task", "Event"):
        (org / f"{name}.csv").unlink()
    described = json.loads((org / "describe.json").read_text(encoding="utf-8"))
    for name in ("Task", "Event"):
        del described[name]
    (org / "describe.json").write_text(json.dumps(described), encoding="utf-8")
    said = call("plan", "hourly", org=org).stdout
    assert "note: The org lacks the objects Event, Task; they count as empty." in said
    assert "note: Account has rules that cannot judge: activity, idle (no Event, Task)," in said


@pytest.mark.parametrize("name", ["Account", "Opportunity"])
def test_an_org_may_lack_even_what_the_loop_is_about(call: Call, tmp_path: Path, name: str) -> None:
    org = cut(tmp_path / "lacking")
    (org / f"{name}.csv").unlink()
    described = json.loads((org / "describe.json").read_text(encoding="utf-8"))
    del described[name]
    (org / "describe.json").write_text(json.dumps(described), encoding="utf-8")
    said = call("plan", "hourly", org=org).stdout
    assert f"note: The org lacks the object {name}; it counts as empty." in said


def test_a_journal_that_is_none_is_named(call: Call) -> None:
    Path("state").mkdir()
    Path("state/journal.db").write_bytes(b"no database" * 500)
    told = call("runs", "--state-dir", "state", exits=ExitCode.CONFIGURATION).stderr
    assert "state/journal.db cannot be opened: file is not a database" in told
    assert "put a copy of it in its place" in " ".join(told.split())


def test_org_says_where_the_copy_is_saves_it_and_forgets_it(call: Call, small: Path) -> None:
    where = call("org", "where").stdout
    assert f"recording\t{small}\n" in where
    assert "copy\t.sfsync/orgs/small-" in where
    assert call("org", "reset").stdout == "There was nothing to forget.\n"
    call("run", "hourly")
    call("org", "save", "saved")
    saved = data_of(call("explain", WON, "--format", "json", org="saved"))
    assert saved["state"] == "Customer"
    assert call("org", "reset").stdout == "The org is as it was recorded.\n"
    assert data_of(call("explain", WON, "--format", "json"))["state"] == "Working"


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public data is not at hand here")
def test_a_public_export_without_our_fields_is_sorted_and_not_written_to(call: Call) -> None:
    now = ("--now", "2018-01-02T08:00:00Z")
    plan = data_of(call("plan", "hourly", *now, "--format", "json", org=PUBLIC))
    assert len(plan["changes"]) == 85
    assert all(change["fields"]["Status__c"]["after"] for change in plan["changes"])
    *lacking, large = plan["notes"]
    assert len(lacking) <= 8
    assert large.startswith("85 of 85 accounts would change their status")
    lacks = "Account: the org lacks, or hides, Customer_At__c, Status__c"
    result = call("run", "hourly", *now, org=PUBLIC, exits=ExitCode.STOPPED)
    assert "85 of 85 accounts would change their status" in result.stderr
    assert "--allow-large-change" in result.stderr
    assert lacks in result.stderr
    large = "--allow-large-change"
    result = call("run", "hourly", *now, large, org=PUBLIC, exits=ExitCode.CONFIGURATION)
    assert lacks in result.stderr
    runs = data_of(call("runs", "--format", "json", org=PUBLIC))["runs"]
    assert {(run["state"], run["error"].count("nothing was written")) for run in runs} == {
        ("stopped", 1),
        ("stopped", 0),
    }
    assert all(run["counts"] == {} for run in runs)


# The rules.


def test_the_rules_are_checked_listed_drawn_and_described(call: Call) -> None:
    assert "are right (policy " in call("rules", "check").stdout
    assert "Target --> Backlog: idle" in call("rules", "graph").stdout
    assert "idle_days\tnumber\t" in call("rules", "facts").stdout
    schema = json.loads(CliRunner().invoke(commands, ["rules", "schema"]).stdout)
    assert "rules" in schema["properties"]
