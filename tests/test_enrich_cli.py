"""Do the commands enrich accounts, say from where, and take it back?"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cut_org import DEMO, cut, write
from register_answers import FRENCH, SIREN

from sfsync.cli import commands
from sfsync.enrich.http import Recorded
from sfsync.errors import ExitCode, SourceUnavailable
from sfsync.jobs import locked

FIRM = "001Dm0000000001IAA"
PROVIDERS = "[recherche-entreprises, companies-house, wikidata]"
Call = Callable[..., Result]
ANSWERS = """
otherwise: nothing
answers:
  - provider: recherche-entreprises
    url: https://recherche-entreprises.api.gouv.fr/search
    file: atelier.json
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the command line on a recorded org of one account, with recorded answers."""
    monkeypatch.chdir(tmp_path)
    org = cut(tmp_path / "org", accounts=())
    account = {
        "Id": FIRM,
        "Name": "Atelier Exemple",
        "CreatedDate": "2026-01-05T08:00:00.000Z",
        "OwnerId": "005Dm0000000002IAA",
        "Status__c": "Unqualified Pool",
        "BillingPostalCode": "31000",
        "BillingCity": "Toulouse",
        "BillingCountry": "France",
        "Industry": "Media",
    }
    write(org / "Account.csv", list(account), [account])
    answers = tmp_path / "answers"
    answers.mkdir()
    (answers / "answers.yaml").write_text(ANSWERS, encoding="utf-8")
    (answers / "atelier.json").write_text(json.dumps(FRENCH), encoding="utf-8")
    config = tmp_path / "config"
    shutil.copytree(DEMO.parent, config, ignore=shutil.ignore_patterns("demo"))
    lines = (config / "enrich.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(
        f"providers: {PROVIDERS}\n" if line.startswith("providers:") else line for line in lines
    )
    # So the test does not depend on who else there is.
    text = text.replace("website, wikidata", "wikidata").replace(", website", "")
    (config / "enrich.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("SFSYNC_ENRICH_ANSWERS", str(answers))
    monkeypatch.setenv("SFSYNC_CONFIG", str(config))
    monkeypatch.setenv("SFSYNC_ORG", str(org))

    def called(*args: str, exits: int = ExitCode.DONE) -> Result:
        result = CliRunner().invoke(commands, args)
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    return called


def test_a_plan_is_shown_applied_explained_and_taken_back(call: Call) -> None:
    shown = call("plan", "enrich").output
    assert "enrich:recherche-entreprises" in shown
    assert "Employee_Band__c: - → 20-49 (recherche-entreprises, 2023)" in shown
    assert "note: Left out for want of a key: companies-house." in shown
    assert "1 account judged, 1 change" in shown
    rows = call("plan", "enrich", "--format", "csv").output
    page = f"https://annuaire-entreprises.data.gouv.fr/entreprise/{SIREN}"
    assert f'"recherche-entreprises of 2023, {page}"' in rows
    assert "1 applied" in call("run", "enrich").output
    assert "0 changes" in call("plan", "enrich").output
    run = json.loads(call("runs", "--format", "json").output)["runs"][0]
    assert run["job"] == "enrich"
    assert (
        "VAT_Number__c: - → FR44732829320 (recherche-entreprises" in call("show", run["id"]).output
    )
    said = call("explain", FIRM).output
    assert "Filled from public sources" in said
    line = next(each for each in said.splitlines() if each.startswith("Employee_Band__c\t"))
    assert line.split("\t")[1:6] == ["20-49", "recherche-entreprises", "2023", "2026-06-15", "90%"]
    assert line.split("\t")[6:] == ["yes", page]
    told = json.loads(call("explain", FIRM, "--format", "json").output)["enriched"]
    assert all(each["stands"] for each in told)
    assert "Industry" not in {each["field"] for each in told}
    call("undo", run["id"], "--apply")
    assert "Filled from public sources" not in call("explain", FIRM).output


def test_a_plan_file_is_applied_as_it_was_shown(call: Call) -> None:
    call("plan", "enrich", "--out", "plan.json")
    assert "1 applied" in call("apply", "plan.json").output


def test_options_that_are_of_one_job_are_refused_for_the_other(call: Call) -> None:
    said = call("plan", "hourly", "--limit", "3", exits=ExitCode.USAGE).output
    assert "of the job enrich" in said
    said = call("plan", "enrich", "--only", "idle", exits=ExitCode.USAGE).output
    assert "use --provider" in said
    said = call("plan", "enrich", "--provider", "gleif", exits=ExitCode.USAGE).output
    assert 'enrich.yaml has no provider "gleif"' in said
    said = call("plan", "enrich", "--id", "001Dm0000000009IAA", exits=ExitCode.USAGE).output
    assert "the job enrich knows no record 001Dm0000000009IAA" in said


def test_whoever_stops_it_is_told_what_is_kept(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Recorded.get

    def once_and_stop(self: Recorded, provider: str, *args: object) -> object:
        if provider == "wikidata":
            raise KeyboardInterrupt
        return ask(self, provider, *args)  # type: ignore[arg-type]

    call("plan", "enrich", "--provider", "recherche-entreprises")
    monkeypatch.setattr(Recorded, "get", once_and_stop)
    said = call("run", "enrich", exits=130).output
    assert "Stopped after 0 of 1 account. Nothing was written to the org." in said
    # Not "the next run first closes the books": there are none.
    assert said.endswith("sfsync: stopped\n")


def test_a_key_that_fits_no_header_is_a_setting_to_mend(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFSYNC_INSEE_KEY", "clé secrète")
    said = call("plan", "enrich", exits=ExitCode.CONFIGURATION).output
    assert "SFSYNC_INSEE_KEY: a key is one word" in said
    assert "secr" not in said


def test_only_one_process_at_a_time_asks_the_sources(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SFSYNC_ENRICH_ANSWERS")
    (tmp_path / ".sfsync").mkdir()
    lock = locked(tmp_path / ".sfsync" / "enrich.lock")
    said = call("plan", "enrich", exits=ExitCode.LOCKED).output
    lock.free()
    assert "another run is at work (.sfsync/enrich.lock)" in said


def test_where_every_source_is_down_the_exit_code_says_so(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(self: Recorded, provider: str, *args: object) -> object:
        raise SourceUnavailable(f"{provider} is down")

    monkeypatch.setattr(Recorded, "get", down)
    said = call("plan", "enrich", exits=ExitCode.UNREACHABLE).stderr
    assert "no public source could be asked" in said
    assert "recherche-entreprises did not answer for 1 account and was left out" in said


def test_where_no_source_may_be_asked_it_is_said_what_is_missing(call: Call) -> None:
    said = call("plan", "enrich", "--provider", "companies-house", exits=ExitCode.CONFIGURATION)
    assert "Left out for want of a key: companies-house" in said.stderr


def test_rules_check_tells_every_problem_of_the_files(call: Call) -> None:
    assert "are right" in call("rules", "check").output
    file = Path("config/enrich.yaml")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("companies-house, wikidata]", "wikidatta]", 1), encoding="utf-8")
    said = call("rules", "check", exits=ExitCode.CONFIGURATION).output
    assert 'config/enrich.yaml:6: no provider is called "wikidatta"; did you mean "wikidata"?' in (
        said
    )
    broken = text.replace("limit: 200", "limit: none").replace("city: billing_city", "city: town")
    broken = broken.replace("legal_name: legal_name", "legal_name: name")
    broken = broken.replace("[Unqualified Pool,", "[Unqualified Pol,")
    file.write_text(broken, encoding="utf-8")
    table = Path("config/industries.yaml")
    table.write_text(table.read_text(encoding="utf-8") + '  "x7": Media\n', encoding="utf-8")
    said = call("rules", "check", exits=ExitCode.CONFIGURATION).output
    assert "config/enrich.yaml:8: limit" in said
    assert "config/industries.yaml" in said
    file.write_text(broken.replace("limit: none", "limit: 200"), encoding="utf-8")
    said = call("rules", "check", exits=ExitCode.CONFIGURATION).output
    assert 'Account has no field "town" in sfsync.yaml' in said
    assert '"name" is not to be written here: it is what people call the account' in said
    assert 'Account has no state "Unqualified Pol"; did you mean "Unqualified Pool"?' in said


def test_without_recorded_answers_the_demo_says_so(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFSYNC_ENRICH_ANSWERS", "nowhere")
    said = call("plan", "enrich", exits=ExitCode.CONFIGURATION).output
    assert "nowhere: there are no recorded answers" in said
