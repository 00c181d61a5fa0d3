"""Can people see what public sources leave open, answer it, and see who is asked and how far it is?

The accounts are the demo's, and so are the recorded answers.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cut_org import DEMO, copy_in, cut
from rich.console import Console, Group

from sfsync.cli import commands, lookups, opening
from sfsync.cli import review as reviewing
from sfsync.cli.screen import Screen
from sfsync.enrich.http import Cache, Rest
from sfsync.enrich.http.cache import FILE
from sfsync.errors import ExitCode

HOMONYMS, WRONG, CEASED = "001Dm000000006kIAA", "001Dm0000000068IAA", "001Dm000000005sIAA"
MASKED, PARTLY, CHECKSUM = "001Dm000000006mIAA", "001Dm000000006uIAA", "001Dm000000006WIAQ"
BY_SITE, BY_PLACE, BY_NUMBER = "001Dm000000006PIAQ", "001Dm000000006NIAQ", "001Dm000000005kIAA"
SPANISH, UNKNOWN = "001Dm000000006MIAQ", "001Dm000000006LIAQ"
ACCOUNTS = (HOMONYMS, WRONG, CEASED, MASKED, PARTLY, CHECKSUM, BY_SITE, BY_PLACE, BY_NUMBER,
            SPANISH, UNKNOWN)  # fmt: skip
SECOND = "000950048"
Call = Callable[..., Result]


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cut(tmp_path_factory.mktemp("orgs") / "org", accounts=ACCOUNTS)


@pytest.fixture
def call(tmp_path: Path, org: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the command line on some accounts of the demo, in an empty state folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SFSYNC_ENRICH_ANSWERS", str(DEMO / "enrich"))
    monkeypatch.setenv("SFSYNC_ORG", str(org))

    def called(*args: str, exits: int = ExitCode.DONE, typed: str | None = None) -> Result:
        result = CliRunner().invoke(commands, args, input=typed)
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    return called


def lines(result: Result) -> list[list[str]]:
    return [line.split("\t") for line in result.output.splitlines()]


def answered(call: Call) -> Mapping[str, str]:
    rows = [row for row in lines(call("enrich", "review", "--answered")) if len(row) > 3]
    return {row[1]: row[3] for row in rows}


def records(org: Path) -> Mapping[str, Mapping[str, object]]:
    return {str(row["Id"]): row for row in copy_in(Path(".sfsync"), org).records("Account")}


def test_the_demos_answers_give_what_they_say(call: Call) -> None:
    plan = json.loads(call("plan", "enrich", "--format", "json").output)
    written = {each["id"]: set(each["fields"]) for each in plan["changes"]}
    assert set(written) == {BY_SITE, BY_PLACE, BY_NUMBER, SPANISH}
    assert "LinkedIn_URL__c" in written[BY_SITE]
    assert {each["code"]: each["id"] for each in plan["findings"]}["company-ceased"] == CEASED
    asked = {each["id"] for each in plan["findings"]} - {CEASED}
    assert asked == {HOMONYMS, WRONG, PARTLY, CHECKSUM}
    assert not [note for note in plan["notes"] if "did not answer" in note]


def test_what_is_open_is_listed_shown_and_answered_and_the_next_run_goes_by_it(
    call: Call, org: Path
) -> None:
    assert "Nothing is asked." in call("enrich", "review").output
    call("run", "enrich")
    *rows, last = lines(call("enrich", "review"))
    assert {row[1] for row in rows} == {HOMONYMS, WRONG, CEASED, PARTLY, CHECKSUM}
    assert last[0].startswith("5 accounts; `sfsync enrich review ID`")
    mine = next(row for row in rows if row[1] == HOMONYMS)
    assert mine[2].count("ATELIERS GRANDCHENU") == 3
    assert mine[3:] == ["several companies of that name there: 3", "2026-06-15"]

    shown = lines(call("enrich", "review", HOMONYMS))
    assert shown[0][:3] == ["account", HOMONYMS, "Ateliers Grandchenu"]
    page = f"https://annuaire-entreprises.data.gouv.fr/entreprise/{SECOND}"
    assert ["candidate", "2", SECOND, "ATELIERS GRANDCHENU", "42000 SAINT-ETIENNE", "active", page]\
        in shown  # fmt: skip
    assert ["clue", "2", "✓", "postal code", "42000", "42000"] in shown
    assert ["clue", "2", "–", "legal form", "", "sas"] in shown
    assert ["figure", "2", "", "employees", "250", "250-499 (2023)"] in shown
    assert ["would write", "2", "Employee_Band__c", "250-499 (2023)"] in shown
    # What stands there already would stay.
    assert not [row for row in shown if row[0] == "would write" and row[2] == "AnnualRevenue"]
    would = json.loads(call("enrich", "review", HOMONYMS, "--format", "json").output)

    said = call("enrich", "review", HOMONYMS, "--answer", "2").output
    assert f"Noted: Ateliers Grandchenu is ATELIERS GRANDCHENU ({SECOND})." in said
    assert f"`sfsync run enrich --id {HOMONYMS}` does so at once" in said
    assert "4 more to be answered" in said
    assert "1 applied" in call("run", "enrich", "--id", HOMONYMS).output
    row = records(org)[HOMONYMS]
    promised = would["candidates"][1]["would_write"]
    assert {field: row[field] for field in promised} == {
        field: values["after"] for field, values in promised.items()
    }


def test_each_answer_is_kept_and_another_one_replaces_it(call: Call) -> None:
    call("plan", "enrich")
    call("enrich", "review", WRONG, "--answer", "none")
    call("enrich", "review", CEASED, "--answer", "1")
    call("enrich", "review", PARTLY, "--answer", "later", "--days", "10")
    said = call("enrich", "review", CHECKSUM, "--answer", "NEVER").output
    assert "is not looked up any more" in said
    assert answered(call) == {
        WRONG: "none",
        CEASED: "this: LABORATOIRE ROQUEVIVE (000000364)",
        PARTLY: "later: from 2026-06-25 on",
        CHECKSUM: "never",
    }
    assert {row[1] for row in lines(call("enrich", "review"))[:-1]} == {HOMONYMS}
    assert "a person said never" in call("plan", "enrich", "--id", CHECKSUM).output
    said = call("enrich", "review", CEASED, "--answer", "none").output
    assert "What the earlier answer wrote stays" in said
    call("enrich", "review", CHECKSUM, "--answer", "later")
    assert answered(call)[CEASED] == "none"
    assert answered(call)[CHECKSUM] == "later: from 2026-07-15 on"
    assert "a person said never" not in call("plan", "enrich", "--id", CHECKSUM).output
    data = json.loads(call("enrich", "review", "--answered", "--format", "json").output)
    assert {each["account"] for each in data["reviews"]} == {WRONG, CEASED, PARTLY, CHECKSUM}


NONSENSE = (
    ([HOMONYMS, "--answer", "4"], '"4" is no answer here: say 1 to 3 for that one, none'),
    ([HOMONYMS, "--answer", "0"], '"0" is no answer here'),
    ([HOMONYMS, "--answer", ""], '"" is no answer here'),
    ([CEASED, "--answer", "2"], '"2" is no answer here: say 1 for that one, none, later'),
    ([HOMONYMS, "--answer", "none", "--days", "3"], "--days is of --answer later"),
    ([HOMONYMS, "--answer", "later", "--days", "0"], "0 is not in the range"),
    (["--answer", "none"], "--answer is about one account: give its ID"),
    ([HOMONYMS, "--answered"], "--answered lists all accounts"),
    ([BY_PLACE], f"nothing is asked about {BY_PLACE}: `sfsync enrich review` lists what is"),
    (["12"], "is no record Id"),
)


def test_nonsense_is_refused_and_changes_nothing(call: Call) -> None:
    call("plan", "enrich", "--id", HOMONYMS, "--id", CEASED)
    for args, words in NONSENSE:
        assert words in call("enrich", "review", *args, exits=ExitCode.USAGE).output
    assert "Nothing was answered yet." in call("enrich", "review", "--answered").output


def test_a_person_is_asked_until_the_answer_is_one(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("plan", "enrich", "--id", HOMONYMS)
    monkeypatch.setattr(reviewing, "_may_ask", lambda _: True)
    said = call("enrich", "review", HOMONYMS, typed="\n").output
    assert f"Answer with `sfsync enrich review {HOMONYMS} --answer ...`" in said
    call("enrich", "review", HOMONYMS, typed="")
    assert answered(call) == {}
    said = call("enrich", "review", HOMONYMS, typed="7\nlater\nsoon\n20\n").output
    assert '"7" is no answer here' in said
    assert '"soon" is no number of days' in said
    assert answered(call) == {HOMONYMS: "later: from 2026-07-05 on"}
    call("enrich", "review", HOMONYMS, typed="later\n\n")
    assert answered(call) == {HOMONYMS: "later: from 2026-07-15 on"}
    call("enrich", "review", HOMONYMS, typed=" 3 \n")
    assert answered(call)[HOMONYMS].startswith("this: ATELIERS GRANDCHENU (000950055)")


def test_an_account_that_is_gone_is_shown_as_gone(call: Call, org: Path) -> None:
    call("plan", "enrich", "--id", HOMONYMS)
    copy_in(Path(".sfsync"), org).remove("Account", HOMONYMS)
    assert "(deleted or merged)" in call("enrich", "review").output
    assert "(deleted or merged)" in call("enrich", "review", HOMONYMS).output
    call("enrich", "review", HOMONYMS, "--answer", "none")


def test_what_is_shown_in_a_terminal_fits_into_it(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("run", "enrich")
    now = opening.wall_clock()
    cache = Cache(Path(".sfsync") / FILE, now)
    why = "it answers with status 429 and asks to wait 3600 seconds"
    cache.rest("recherche-entreprises", Rest(now + timedelta(hours=1), why))
    cache.close()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(Screen, "is_terminal", property(lambda _: True))
    run = json.loads(call("runs", "--format", "json").output)["runs"][0]["id"]
    for args in (
        ("enrich", "review"),
        ("enrich", "review", HOMONYMS),
        ("enrich", "sources"),
        ("show", run),
        ("undo", run),
        ("explain", BY_SITE),
    ):
        for line in call(*args).output.splitlines():
            assert len(line) <= 80, (args, line)
    shown = call("enrich", "review", HOMONYMS).output
    assert "✓  postal code  42000                        42000" in shown
    assert "would write Activity_Code__c naf2:25.62B" in shown
    # A name is never squeezed into a few letters.
    assert "Construcciones Castrojimeno" in call("show", run).output
    assert "Châtelneuf Conseil" in call("undo", run).output


# Sources


def test_sources_tells_who_is_asked_in_order_and_why_not(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {row[1]: row for row in lines(call("enrich", "sources")) if len(row) > 1}
    assert list(rows)[:2] == ["website", "recherche-entreprises"]
    assert rows["recherche-entreprises"][2:8] == ["on", "", "4/s", "0", "0", "FR"]
    assert "revenue" in rows["recherche-entreprises"][8]
    assert rows["insee-sirene"][2:4] == ["off: no key", "key missing"]
    said = call("enrich", "sources").output
    assert "SFSYNC_INSEE_KEY is not set: insee-sirene" in said
    assert "Nobody is asked: recorded answers stand in" in said

    monkeypatch.delenv("SFSYNC_ENRICH_ANSWERS")
    monkeypatch.setenv("SFSYNC_INSEE_KEY", "abc")
    said = call("enrich", "sources").output
    rows = {row[1]: row for row in lines(call("enrich", "sources")) if len(row) > 1}
    assert rows["insee-sirene"][2:4] == ["on", "key found"]
    assert rows["wikidata"][2] == "off: no contact"
    assert "SFSYNC_ENRICH_CONTACT is not set: wikidata, sec-edgar" in said
    assert "abc" not in said
    monkeypatch.setenv("SFSYNC_ENRICH_CONTACT", "ana@example.com")
    assert "no contact" not in call("enrich", "sources").output


def test_sources_tells_todays_use_and_makes_no_file(call: Call) -> None:
    call("enrich", "sources")
    file = Path(".sfsync") / FILE
    assert not file.exists()
    now = opening.wall_clock()
    cache = Cache(file, now)
    cache.count("gleif", now.date(), requests=3, hits=2)
    until = now + timedelta(hours=1)
    cache.rest("wikidata", Rest(until, "it answers with status 429"))
    cache.close()
    data = json.loads(call("enrich", "sources", "--format", "json").output)
    gleif = next(each for each in data["sources"] if each["name"] == "gleif")
    assert (gleif["requests"], gleif["from_cache"], gleif["state"]) == (3, 2, "on")
    wikidata = next(each for each in data["sources"] if each["name"] == "wikidata")
    told = f"off until {until:%Y-%m-%d %H:%M} UTC: it answers with status 429"
    assert wikidata["state"] == told
    assert gleif["licence"] == "CC0 1.0"
    assert gleif["attribution"] == "Source: GLEIF, LEI data"


# Progress


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lookups, "monotonic", clock)
    return clock


def test_a_pipe_gets_a_line_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with lookups.shown_look_ups("enrich", Screen()) as looks:
        looks(0, 700, {})
        for done in range(1, 701):
            clock.now += 0.25
            looks(done, 700, {"gleif": 1, "recherche-entreprises": done // 2})
    out, err = capsys.readouterr()
    assert out == ""
    first, *others = err.splitlines()
    assert first == (
        "enrich: 120 of 700 accounts looked up, 4.0/s, 2 min left;"
        " sure: recherche-entreprises 60, gleif 1"
    )
    assert len(others) == 4


def test_who_wants_to_hear_nothing_hears_nothing(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with lookups.shown_look_ups("enrich", Screen(is_quiet=True)) as looks:
        for done in range(5):
            clock.now += 100
            looks(done, 5, {})
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_bar_with_rate_time_left_and_hits() -> None:
    bar = lookups._Bar("enrich")
    looks = lookups.Looks(bar.tell)
    for done in range(40):
        looks(done, 200, {"recherche-entreprises": 31, "website": 12, "wikidata": 3, "gleif": 2})
    console = Console(width=80, file=StringIO(), force_terminal=False)
    console.print(Group(*bar.get_renderables()))
    first, second = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert "39/200" in first
    assert first.rstrip().endswith("left")
    assert "/s " in first
    assert second == "sure: recherche-entreprises 31, website 12, wikidata 3, gleif 2"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (3_599, "1 h 00 min"), (7_500, "2 h 05 min")],
)
def test_a_time_is_said_roughly(seconds: float, words: str) -> None:
    assert lookups.in_words(seconds) == words
