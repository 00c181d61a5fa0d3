"""Do `sfsync findings` and its kin say whose a finding is, and until when it is set aside?"""

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cut_org import DEMO, copy_in, cut, write

from sfsync.cli import commands
from sfsync.cli.person import meant
from sfsync.cli.screen import Screen
from sfsync.errors import ExitCode, NotFound
from sfsync.report import Person

# Accounts of the demo with an incomplete deal in Commit, and with a complete one.
BARE, COMPLETE = "001Dm000000000DIAQ", "001Dm000000000CIAQ"
BARE_DEAL = "006Dm000000000GIAQ"
JULES, SACHA, QUEUE = "005Dm000000000GIAQ", "005Dm0000000009IAA", "00GDm0000000001MAA"
LEAD, QUEUED = "00QDm0000000001MAA", "00QDm0000000002MAA"
WAIVED = ("findings", "waive", "commit-quote", BARE_DEAL)
SNOOZED = ("findings", "snooze", "commit-quote", BARE_DEAL)
Call = Callable[..., Result]


def rows_of(name: str, *ids: str) -> tuple[list[str], list[dict[str, str]]]:
    with (DEMO / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows = [row for row in reader if not ids or row["Id"] in ids]
        return list(reader.fieldnames or ()), rows


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded org of two accounts and two leads, of which a queue owns one; never changed."""
    folder = cut(tmp_path_factory.mktemp("recordings") / "two", (BARE, COMPLETE))
    heads, leads = rows_of("Lead", LEAD, QUEUED)
    owners = {LEAD: SACHA, QUEUED: QUEUE}
    write(folder / "Lead.csv", heads, [{**row, "OwnerId": owners[row["Id"]]} for row in leads])
    return folder


@pytest.fixture(scope="module")
def passed(org: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder after a whole pass on the small org; tests work on copies of it."""
    state = tmp_path_factory.mktemp("passed") / "state"
    words = ["run", "hourly", "-q", "--org", str(org), "--state-dir", str(state)]
    assert CliRunner().invoke(commands, words).exit_code == ExitCode.DONE
    return state


@pytest.fixture
def call(alone: None, org: Path, passed: Path) -> Call:
    """Call a command on the small org after a pass; its day is 2026-06-15."""
    shutil.copytree(passed, ".sfsync")

    def called(*args: str, exits: int = ExitCode.DONE) -> Result:
        result = CliRunner().invoke(commands, [*args, "--org", str(org)])
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    return called


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands write to a terminal of 80 columns."""
    monkeypatch.setattr(Screen, "is_terminal", property(lambda screen: True))
    monkeypatch.setenv("COLUMNS", "80")


def listed(call: Call, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        call("findings", "list", "--format", "json", *args).stdout
    )["findings"]
    return found


def line_of(said: str, word: str) -> str:
    (line,) = [line for line in said.splitlines() if word in line]
    return line


def test_what_is_set_aside_is_marked_in_a_pipe(call: Call) -> None:
    call(*SNOOZED, "--until", "2026-07-01")
    call("findings", "waive", "commit-billing", BARE_DEAL, "--until", "2099-01-01", "--why", "paid")
    said = call("findings", "list", "--all").stdout
    assert line_of(said, "commit-quote:").endswith("\tsnoozed until 2026-07-01")
    assert line_of(said, "commit-billing:").endswith("\twaived until 2099-01-01: paid")
    assert "until" not in line_of(said, "commit-acceptance:")


@pytest.mark.usefixtures("narrow")
def test_what_is_set_aside_is_marked_in_a_terminal_of_80_columns(call: Call) -> None:
    call(*WAIVED, "--until", "2026-07-01", "--why", "a signed one is in the post, says Jules")
    said = call("findings", "list", "--all", "--code", "commit-quote").stdout
    assert max(map(len, said.splitlines())) <= 80
    words = " ".join(said.split())
    assert "waived until 2026-07-01: a signed one is in the post, says Jules" in words


def test_a_waiver_that_ended_is_told_to_those_who_ask_later(call: Call, org: Path) -> None:
    call(*WAIVED, "--until", "2026-06-16", "--why", "paid in advance")
    assert (
        "  waived until 2026-06-16: paid in advance\n" in call("findings", "show", BARE_DEAL).stdout
    )
    later = copy_in(Path(".sfsync"), org)
    later.clock.set(datetime(2026, 6, 18, 8, tzinfo=UTC))
    later.edit("Opportunity", BARE_DEAL, NextStep="Call them")
    assert "  was waived until 2026-06-16: paid in advance\n" in (
        call("findings", "show", BARE_DEAL).stdout
    )
    assert "waived" not in line_of(call("findings", "list").stdout, "commit-quote:")


def test_show_names_the_owner_and_links_to_the_record(call: Call) -> None:
    said = call("findings", "show", BARE_DEAL).stdout
    assert f"/lightning/r/Opportunity/{BARE_DEAL}/view\n  owned by Jules Sanslien\n" in said
    assert "  owned by no user\n" in call("findings", "show", QUEUED).stdout


def test_lists_name_the_owner(call: Call) -> None:
    assert {(each["owner_id"], each["owner"]) for each in listed(call)} >= {
        (JULES, "Jules Sanslien"),
        (SACHA, "Sacha N'Gorane"),
        (None, None),
    }
    text = call("findings", "list", "--format", "csv").stdout
    assert {"Jules Sanslien", "Sacha N'Gorane"} <= {
        row["owner"] for row in csv.DictReader(io.StringIO(text))
    }
    assert "\tJules Sanslien\t" in call("findings", "list", "--code", "commit-quote").stdout


@pytest.mark.usefixtures("narrow")
def test_a_terminal_shows_the_owner_where_there_is_room(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("findings", "list", "--code", "commit-quote")
    assert "Jules" not in call(*words).stdout
    monkeypatch.setenv("COLUMNS", "120")
    assert "Jules Sanslien" in call(*words).stdout


@pytest.mark.parametrize(
    "typed", ["Sacha N'Gorane", "SACHA", "sacha.n-gorane@example.com", SACHA, SACHA[:15]]
)
def test_an_owner_is_found_by_name_beginning_address_or_id(call: Call, typed: str) -> None:
    found = listed(call, "--owner", typed)
    assert {each["owner_id"] for each in found} == {SACHA}
    assert len(found) == sum(each["owner_id"] == SACHA for each in listed(call))


def test_who_may_be_nobody_or_several_is_said(call: Call, org: Path) -> None:
    said = call("findings", "list", "--owner", "Jules Sansliens", exits=ExitCode.USAGE).stderr
    assert 'did you mean "Jules Sanslien"?' in said
    assert "A name or its beginning, an e-mail address or an Id is understood." in said
    # Somebody of whose records nothing was ever found.
    assert listed(call, "--owner", "005Dm0000000004IAA") == []


def test_a_beginning_that_fits_two_is_refused(
    call: Call, tmp_path: Path, org: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = tmp_path / "twins"
    shutil.copytree(org, twins)
    heads, users = rows_of("User")
    names = {SACHA: "Jules N'Gorane"}
    write(twins / "User.csv", heads, [{**u, "Name": names.get(u["Id"], u["Name"])} for u in users])
    words = ["--org", str(twins), "--state-dir", "twins-state"]
    CliRunner().invoke(commands, ["run", "hourly", "-q", *words])
    refused = CliRunner().invoke(commands, ["findings", "list", "--owner", "jules", *words])
    assert refused.exit_code == ExitCode.USAGE
    assert "Jules N'Gorane, Jules Sanslien" in refused.stderr


def test_the_names_that_a_beginning_fits_are_listed_where_they_are_few() -> None:
    people = [Person(f"005{n:015}", f"Jean Exemple{n}", "") for n in range(400)]
    with pytest.raises(NotFound) as few:
        meant("jean", people[:3], "nobody")
    assert "(Jean Exemple0, Jean Exemple1, Jean Exemple2)" in str(few.value)
    with pytest.raises(NotFound) as many:
        meant("jean", people, "nobody")
    assert "begins several names (400 of them)" in str(many.value)


@pytest.mark.parametrize("command", [SNOOZED, (*WAIVED, "--why", "paid")])
@pytest.mark.parametrize("day", ["2026-06-15", "2020-01-01"])
def test_a_day_that_is_not_to_come_is_refused(
    call: Call, command: tuple[str, ...], day: str
) -> None:
    refused = call(*command, "--until", day, exits=ExitCode.USAGE).stderr
    assert f"{day} is not after today, 2026-06-15" in refused
    assert "commit-quote" in {each["code"] for each in listed(call)}


def test_nobody_snoozes_for_more_than_a_year(call: Call) -> None:
    for day in ("9999-12-31", "2027-06-17"):
        refused = call(*SNOOZED, "--until", day, exits=ExitCode.USAGE).stderr
        assert "more than a year ahead: what is rightly so is waived" in refused
    call(*SNOOZED, "--until", "2027-06-15")
    call(*WAIVED, "--until", "9999-12-31", "--why", "never signed, by agreement")


def test_snooze_and_waiver_are_taken_back(call: Call) -> None:
    call(*SNOOZED, "--until", "2026-07-01")
    call(*WAIVED, "--until", "2026-07-01", "--why", "paid in advance")
    assert "commit-quote" not in {each["code"] for each in listed(call)}
    call(*SNOOZED, "--end")
    assert "is waived no more" in call(*WAIVED, "--end").stdout
    (quote,) = [each for each in listed(call) if each["code"] == "commit-quote"]
    assert quote["why"] == "paid in advance"
    shown = call("findings", "show", BARE_DEAL).stdout
    assert "was waived until 2026-06-15: paid in advance" in shown
    for command, word in ((SNOOZED, "snoozed"), (WAIVED, "waived")):
        refused = call(*command, "--end", exits=ExitCode.USAGE).stderr
        assert f"commit-quote of {BARE_DEAL} is not {word}" in refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (SNOOZED, "--until DATE, or take it back with --end"),
        ((*SNOOZED, "--until", "2026-07-01", "--end"), "--until DATE, or take it back with --end"),
        ((*WAIVED, "--until", "2026-07-01"), "say why"),
        ((*WAIVED, "--end", "--why", "so"), "leave out --why"),
        (("findings", "list", "--open", "--solved"), "choose one of --open, --solved and --all"),
        (("findings", "list", "--all", "--solved"), "choose one of --open, --solved and --all"),
    ],
)
def test_what_contradicts_itself_is_a_usage_error(
    call: Call, words: tuple[str, ...], said: str
) -> None:
    assert said in call(*words, exits=ExitCode.USAGE).stderr


def test_only_before_the_first_pass_it_is_said_who_enters_findings(call: Call) -> None:
    assert call("findings", "list", "--solved").stdout == "Nothing is to be shown.\n"
    shutil.rmtree(".sfsync")
    said = call("findings", "list").stdout
    assert re.search(r"`sfsync run hourly( --org \S+)?` enters what it finds", said)
