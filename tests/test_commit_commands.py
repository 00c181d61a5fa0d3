"""What do explain, report and run say of deals in Commit to who calls them?"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from cut_org import DEMO, copy_in, cut

from sfsync.cli import commands

CONFIG = DEMO.parent
# Accounts of the demo with a deal in Commit: complete, and without anything.
COMPLETE, BARE = "001Dm000000000CIAQ", "001Dm000000000DIAQ"
COMPLETE_DEAL, BARE_DEAL, TRIAL_DEAL = (
    *("006Dm000000000FIAQ", "006Dm000000000GIAQ", "006Dm0000000004IAA"),
)
TRIAL = "001Dm0000000003IAA"
Call = Callable[..., str]


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded org of three accounts; tests never change it."""
    return cut(tmp_path_factory.mktemp("recordings") / "commit", (COMPLETE, BARE, TRIAL))


@pytest.fixture
def call(alone: None, org: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call a command on the small org in an empty folder; return what it said."""
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", "odile.fontanelle@example.com")

    def called(*args: str) -> str:
        result = CliRunner().invoke(commands, [*args, "--org", str(org)])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    return called


def forecasts(call: Call, *args: str) -> set[str]:
    """What the mails say of the forecast."""
    shutil.rmtree("look", ignore_errors=True)
    call("report", "exceptions", "--out", "look", *args)
    texts = [file.read_text("utf-8") for file in Path("look").glob("*.txt")]
    lines = (line.strip() for text in texts for line in text.splitlines())
    begins = "Prévision reposant sur des Commit incomplets\u00a0: "
    told = {line.removeprefix(begins) for line in lines if line.startswith(begins)}
    return {each.replace("\u202f", " ").replace("\xa0", " ") for each in told}


def test_explain_says_what_is_there_and_what_proves_it(call: Call) -> None:
    said = call("explain", COMPLETE_DEAL)
    kick_off = "onboarding_meetings: 1 (Kick-off, 2026-06-18, 00UDm0000000001MAA)"
    assert f"commit-onboarding-meeting\tmet\t{kick_off}" in said
    assert "commit-acceptance\tmet\tAcceptance_Received_On__c: 2026-06-10" in said
    assert f"Account.BillingStreet: 4 rue du Modèle ({COMPLETE})" in said
    data = json.loads(call("explain", COMPLETE_DEAL, "--format", "json"))
    item = data["commit"]["items"][3]
    meeting = {"id": "00UDm0000000001MAA", "subject": "Kick-off", "day": "2026-06-18"}
    assert (item["standing"], item["meetings"]) == ("met", [meeting])
    straight = "not asked: it was won straight from Free Trial, not from Commit"
    assert f"What Commit needs is {straight}." in call("explain", TRIAL_DEAL)


def test_the_forecast_is_of_what_the_last_pass_saw_in_commit(call: Call, org: Path) -> None:
    bare, complete = "12 000 € sur 12 000 € en Commit (100 %)", "0 € sur 14 400 € en Commit (0 %)"
    assert forecasts(call) == {bare, complete}
    call("run", "hourly", "-q")
    assert forecasts(call) == {bare, complete}
    copy_in(Path(".sfsync"), org).edit("Opportunity", COMPLETE_DEAL, StageName="Closing")
    assert forecasts(call) == {bare}


def test_enforced_it_goes_back_and_its_history_says_why(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config, ignore=shutil.ignore_patterns("demo"))
    settings = config / "sfsync.yaml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("mode: report ", "mode: enforce "), "utf-8")
    monkeypatch.setenv("SFSYNC_CONFIG", str(config))
    assert "commit-incomplete\tCommit\tClosing\tcommit_is_enforced is true and days_in_stage" in (
        listed := call("rules", "list")
    )
    assert " and found: commit-acceptance, commit-quote, " in listed
    assert "Commit --> Closing: commit-incomplete" in call(
        "rules", "graph", "--object", "Opportunity"
    )
    assert "in Commit for 4 days, and incomplete: no written acceptance" in call("plan", "hourly")
    said = call("explain", BARE_DEAL)
    assert said.count("no written acceptance") == 1
    items = "commit-acceptance, commit-quote, commit-start-date, commit-onboarding-meeting"
    assert f"because: in Commit for 4 days, and incomplete: {items}, " in said
    assert "commit-incomplete\tmoves it\tas said above\n" in said
    rules = json.loads(call("explain", BARE_DEAL, "--format", "json"))["rules"]
    assert "no written acceptance" in rules[0]["reason"]
    ran = call("run", "hourly", "--only", "commit-incomplete")
    assert "StageName" in ran
    assert "rule:commit-incomplete" in call("explain", BARE_DEAL)


def test_explain_says_of_each_field_of_a_missing_item_whether_it_is_blank(
    call: Call, org: Path
) -> None:
    call("run", "hourly", "-q")
    copy_in(Path(".sfsync"), org).edit("Opportunity", BARE_DEAL, Plan__c="TBD")
    lines = call("explain", BARE_DEAL).splitlines()
    (billing,) = [line for line in lines if line.startswith("commit-billing\tmissing\t")]
    assert "Invoice_Scheduled_On__c, Account.BillingStreet; Account.BillingCity is" in billing
    assert "Account.BillingCity is filled in: Lyon (001Dm000000000DIAQ); " in billing
    (information,) = [line for line in lines if line.startswith("commit-onboarding-information")]
    assert "; Plan__c is blank: TBD" in information


def test_undo_says_that_rules_that_hold_do_the_same_again(call: Call) -> None:
    call("run", "hourly", "-q")
    (run,) = json.loads(call("runs", "--format", "json"))["runs"]
    again = "note: while the rules that did this hold, the next pass does it again: "
    assert again in call("undo", run["id"])
    assert again in call("undo", run["id"], "--apply")
    (undone, _) = json.loads(call("runs", "--format", "json"))["runs"]
    assert again not in call("undo", undone["id"])
