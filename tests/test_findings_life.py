"""Does the journal know since when each finding is open, and do commands say and set it aside?"""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from loop_org import empty_org, fill, loop_of
from old_journals import sql_of

from sfsync.cli import commands
from sfsync.cli.screen import Screen
from sfsync.errors import ExitCode, NotFound
from sfsync.journal import FindingCounts, Journal
from sfsync.model import Evidence, Finding, OpenFinding

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
BOOKS, OTHER_BOOKS = "00D000000000001AAA", "00D000000000002AAA"
DEAL = "006000000000001AAA"


def a_finding(number: int = 1, code: str = "close-date-past", message: str = "late") -> Finding:
    evidence = (Evidence("close_date", "2026-06-01"), Evidence("account", None, "001"))
    return Finding(code, "Opportunity", f"006{number:012d}AAA", "Deal", "005", message, evidence)


@pytest.fixture
def journal() -> Iterator[Journal]:
    with closing(Journal.open("sqlite://")) as opened:
        yield opened


def test_a_finding_is_new_then_open_then_solved_then_returned(journal: Journal) -> None:
    first, second = a_finding(1), a_finding(2)
    days = [NOW + timedelta(days=n) for n in range(4)]
    counts = [
        journal.merge_findings(BOOKS, days[0], [(first, 12.5), (second, None)]),
        journal.merge_findings(BOOKS, days[1], [(replace(first, message="later"), 15.0)]),
        journal.merge_findings(BOOKS, days[2], [(first, 15.0), (second, 7.0)]),
    ]
    assert counts == [
        FindingCounts(new=2, open=0, solved=0, returned=0),
        FindingCounts(new=0, open=1, solved=1, returned=0),
        FindingCounts(new=0, open=1, solved=0, returned=1),
    ]
    assert journal.findings(BOOKS) == (
        OpenFinding(first, days[0], days[2], 15.0),
        OpenFinding(second, days[2], days[2], 7.0, returned=True),
    )
    assert journal.merge_findings(BOOKS, days[3], []).solved == 2
    assert journal.findings(BOOKS, is_open=True) == ()
    assert [each.solved_at for each in journal.findings(BOOKS, is_open=False)] == [days[3]] * 2
    # What was solved long ago is not solved again.
    assert journal.merge_findings(BOOKS, LATER, []).solved == 0


def test_what_a_pass_would_make_of_findings_is_foreseen(journal: Journal) -> None:
    days = [NOW + timedelta(days=n) for n in range(4)]
    first, second, third, fourth = map(a_finding, range(1, 5))
    journal.merge_findings(BOOKS, days[0], [(first, 1.0), (second, 2.0), (fourth, None)])
    journal.merge_findings(BOOKS, days[1], [(first, 1.0), (fourth, None)])
    journal.snooze(BOOKS, "close-date-past", first.id, date(2026, 7, 1))
    # Still there, back again, new; the fourth is solved.
    found = [(first, 3.0), (second, 2.0), (third, None)]
    foreseen = journal.findings_foreseen(BOOKS, days[2], found)
    assert len(journal.findings(BOOKS, is_open=True)) == 2
    # A look back: what came up later was not there, what was solved later was.
    early = journal.findings_foreseen(BOOKS, days[0] - timedelta(days=1), [(second, 2.0)])
    assert [(each.finding.id, each.solved_at, each.returned) for each in early] == [
        (second.id, None, False)
    ]
    journal.merge_findings(BOOKS, days[2], found)
    assert foreseen == journal.findings(BOOKS)


def test_what_is_told_is_that_of_the_last_pass(journal: Journal) -> None:
    journal.merge_findings(BOOKS, NOW, [(a_finding(message="1 day"), 1.0)])
    told = replace(a_finding(message="4 days"), owner_id="006", name="Larger deal", evidence=())
    journal.merge_findings(BOOKS, LATER, [(told, None)])
    assert journal.findings(BOOKS) == (OpenFinding(told, NOW, LATER, None),)


def test_each_org_has_its_own_findings(journal: Journal) -> None:
    journal.merge_findings(BOOKS, NOW, [(a_finding(), None)])
    assert journal.merge_findings(OTHER_BOOKS, NOW, []).solved == 0
    assert journal.findings(OTHER_BOOKS) == ()
    with pytest.raises(NotFound):
        journal.snooze(OTHER_BOOKS, "close-date-past", DEAL, date(2026, 7, 1))
    assert len(journal.findings(BOOKS, is_open=True)) == 1


@pytest.mark.parametrize("way", ["snooze", "waive"])
def test_what_is_set_aside_is_back_on_its_day(journal: Journal, way: str) -> None:
    journal.merge_findings(BOOKS, NOW, [(a_finding(1), None), (a_finding(2), None)])
    until = date(2026, 7, 1)
    if way == "snooze":
        journal.snooze(BOOKS, "close-date-past", DEAL, until)
    else:
        journal.waive(BOOKS, "close-date-past", DEAL, until, "agreed")
    journal.merge_findings(BOOKS, LATER, [(a_finding(1), None), (a_finding(2), None)])

    def shown(day: date) -> list[str]:
        return [each.finding.id for each in journal.findings(BOOKS, shown_on=day)]

    assert shown(until - timedelta(days=1)) == [a_finding(2).id]
    assert shown(until) == [a_finding(1).id, a_finding(2).id]
    (kept, _) = journal.findings(BOOKS)
    assert (kept.first_seen, kept.last_seen) == (NOW, LATER)
    assert kept.why == ("agreed" if way == "waive" else "")


def test_what_is_not_open_cannot_be_set_aside(journal: Journal) -> None:
    journal.merge_findings(BOOKS, NOW, [(a_finding(), None)])
    journal.merge_findings(BOOKS, LATER, [])
    with pytest.raises(NotFound, match="no open finding close-date-past of 006000000000001AAA"):
        journal.waive(BOOKS, "close-date-past", DEAL, date(2026, 7, 1), "agreed")


def test_findings_are_chosen_by_code_and_record(journal: Journal) -> None:
    other = a_finding(2, code="amount-missing")
    journal.merge_findings(BOOKS, NOW, [(a_finding(1), None), (other, None)])
    for wanted in ({"code": "amount-missing"}, {"record_id": other.id}):
        assert [each.finding for each in journal.findings(BOOKS, **wanted)] == [other]


def test_findings_are_chosen_by_owner_and_all_owners_are_told(journal: Journal) -> None:
    solved, queued, still = (
        replace(a_finding(number), owner_id=owner)
        for number, owner in ((1, "005A"), (2, None), (3, "005a"))
    )
    journal.merge_findings(BOOKS, NOW, [(each, None) for each in (solved, queued, still)])
    journal.merge_findings(BOOKS, LATER, [(still, None)])
    assert journal.finding_owners(BOOKS) == {"005A", "005a"}
    assert journal.finding_owners(OTHER_BOOKS) == frozenset()
    found = journal.findings(BOOKS, owner_ids=["005a", "005X"])
    assert [each.finding for each in found] == [still]
    assert journal.findings(BOOKS, is_open=True, owner_ids=["005A"]) == ()
    assert journal.findings(BOOKS, owner_ids=()) == ()


def test_a_journal_of_layout_2_gets_its_findings(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(";".join(sql_of("2", postgresql=False)))
    with closing(Journal.open(f"sqlite:///{path}")) as journal:
        journal.merge_findings(BOOKS, NOW, [(a_finding(), None)])
        assert len(journal.findings(BOOKS)) == 1


def test_whole_runs_enter_what_they_find_with_the_money_at_stake() -> None:
    deals = [
        {"Id": f"00600000000000{n}AAA", "AccountId": "001000000000001AAA", "Name": "Deal",
         "StageName": "Closing", "CloseDate": day, "Amount": amount}
        for n, day, amount in ((1, "2026-06-01", 100), (2, "2026-09-01", 20))
    ]  # fmt: skip
    account = {"Id": "001000000000001AAA", "Name": "Firm", "Status__c": "Prospect"}
    fake = empty_org(NOW, "Europe/Paris")
    fill(fake, {"Account": [account], "Opportunity": deals})
    with loop_of(fake, NOW) as loop:
        planned = loop.plan()
        assert loop.journal.findings(loop.org.id) == ()
        loop.apply(replace(planned, whole=False, states={}))
        assert loop.journal.findings(loop.org.id) == ()
        loop.run()
        kept = {each.finding.code: each for each in loop.journal.findings(loop.org.id)}
        assert kept["close-date-past"].amount == 100
        assert kept["status-unknown"].amount == 120
        assert kept["close-date-past"].first_seen == NOW
        assert kept["close-date-past"].finding in planned.plan.findings


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of a demo org whose findings are entered."""
    done = sf(tmp_path, "run", "hourly", "-q", "--allow-large-change")
    assert done[0] == ExitCode.DONE
    return tmp_path


def sf(state: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands, [*words, "--org", "demo", "--state-dir", str(state)])
    return result.exit_code, result.output


def test_the_commands_list_show_snooze_and_waive(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = json.loads(sf(state, "findings", "list", "--format", "json")[1])["findings"]
    quote = next(each for each in listed if each["code"] == "commit-quote")
    id = quote["id"]
    assert quote["severity"] == "high"
    assert quote["link"].endswith(f"/lightning/r/Opportunity/{id}/view")
    assert "What to do: Have the quote signed" in sf(state, "findings", "show", id)[1]

    narrowed = sf(state, "findings", "list", "--code", "commit-quote")[1]
    assert id in narrowed
    assert "commit-billing" not in narrowed
    assert sf(state, "findings", "snooze", "commit-quote", id, "--until", "2026-07-01")[0] == 0
    assert id not in sf(state, "findings", "list", "--code", "commit-quote")[1]
    assert id in sf(state, "findings", "list", "--all", "--code", "commit-quote")[1]
    why = ("--until", "2026-06-20", "--why", "paid in advance")
    assert sf(state, "findings", "waive", "commit-billing", id, *why)[0] == 0
    shown = sf(state, "findings", "show", id)[1]
    assert "snoozed until 2026-07-01" in shown
    assert "waived until 2026-06-20: paid in advance" in shown

    monkeypatch.setattr(Screen, "is_terminal", property(lambda screen: True))
    monkeypatch.setenv("COLUMNS", "80")
    table = sf(state, "findings", "list")[1]
    assert max(map(len, table.splitlines())) <= 80
    assert re.search(r"^contact-role-missing \(\d\d\), medium: No contact role$", table, re.M)
    assert re.search(r"more: --code contact-role-missing shows them all$", table, re.M)
    roles = [each for each in listed if each["code"] == "contact-role-missing"]
    table = sf(state, "findings", "list", "--code", "contact-role-missing")[1]
    assert all(each["id"] in table for each in roles)
    assert "Winifred Hartsease" in table
    monkeypatch.undo()

    text = sf(state, "findings", "list", "--all", "--format", "csv")[1]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(listed)
    assert {"paid in advance"} == {row["why"] for row in rows} - {""}
    assert sf(state, "findings", "list", "--solved", "--format", "csv")[1].count("\n") == 1


def test_a_mistyped_code_or_record_is_told(state: Path) -> None:
    assert (
        '; did you mean "commit-quote"?'
        in sf(state, "findings", "list", "--code", "comit-quote")[1]
    )
    until = ("--until", "2026-07-01")
    code, said = sf(state, "findings", "snooze", "commit-quote", "006000000000009AAA", *until)
    assert code != ExitCode.DONE
    assert "no open finding commit-quote of 006000000000009AAA" in said
    code, said = sf(state, "findings", "show", "006000000000009AAA")
    assert code != ExitCode.DONE
    assert "nothing was found of 006000000000009AAA" in said
