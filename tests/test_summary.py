"""Is the admin told what the runs did, each time once?"""

import email
import email.policy
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cut_org import crowd
from test_report import CONFIG, Page, person, shipped_texts
from test_report_cli import ODILE

from sfsync.cli import commands, opening
from sfsync.errors import ConfigError, ExitCode
from sfsync.letter import JournalledMessage, MessageState
from sfsync.model import (
    Action,
    Change,
    FieldChange,
    Finding,
    JournalledChange,
    OpenFinding,
    Outcome,
    Run,
    RunState,
    State,
)
from sfsync.report import (
    Period,
    Rendered,
    Summary,
    SummaryOrder,
    load_summary_order,
    render_summary,
    summarise,
)
from sfsync.report.render import MOST_BYTES

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
PASS = NOW - timedelta(hours=2)
FIELDS = {"Account": "Status__c", "Opportunity": "StageName"}
ADMIN = replace(person("odile"), language="en_US", locale="en_US")
RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def a_run(number: int = 1, state: RunState = RunState.FINISHED, **more: Any) -> Run:
    at = PASS + timedelta(minutes=number)
    told = {"finished": at, "policy_hash": "", "api_calls": 15, "zone": "Europe/Paris", **more}
    return Run(f"20260615-{number:06d}-abcd", "00D", "hourly", at, at, state=state, **told)


def change(
    name: str, cause: str = "rule:idle", way: tuple[Any, Any] | None = ("Target", "Backlog")
) -> Change:
    fields = {"Score__c": FieldChange(1, 2)}
    fields |= {} if way is None else {"Status__c": FieldChange(*way)}
    id = "".join(filter(str.isalnum, name))[-12:]
    return Change("Account", f"001{id}", name, fields, cause, "since it is so")


def told(
    run: Run,
    changes: Sequence[Change],
    state: State = State.APPLIED,
    code: str = "",
    words: str = "",
) -> tuple[Run, list[JournalledChange]]:
    """A run and what became of its changes: of all the same."""
    entries = [
        JournalledChange(
            run.id, seq, each, Outcome(each.object, each.id, state, code, words), run.started
        )
        for seq, each in enumerate(changes)
    ]
    return replace(run, counts={state.value: len(entries)} if entries else {}), entries


def summary(*done: tuple[Run, Sequence[JournalledChange]], **more: Any) -> Summary:
    since = NOW - timedelta(days=1)
    reader = more.pop("reader", ADMIN)
    url = "https://acme.my.salesforce.com"
    period = Period(SummaryOrder(), reader, NOW, since, url, "Europe/Paris", FIELDS)
    return summarise(period, done, **more)


def mail(*done: tuple[Run, Sequence[JournalledChange]], **more: Any) -> Rendered:
    return render_summary(summary(*done, **more), shipped_texts())


def test_a_record_that_moved_there_and_back_is_one_record() -> None:
    there, back = ("Target", "Backlog"), ("Backlog", "Target")
    made = summary(
        told(a_run(), [change("Acme", way=there), change("Birch", way=there)]),
        told(a_run(2), [change("Acme", way=back)]),
    )
    assert "2 records moved" in render_summary(made, shipped_texts()).text


def test_commands_can_be_copied_where_there_are_several_orgs() -> None:
    one = summary(told(a_run(), [change("Acme")]))
    several = replace(one, period=replace(one.period, service="north"))
    for made, of_org in ((one, ""), (several, " --org north")):
        text = " ".join(render_summary(made, shipped_texts()).text.split())
        assert (
            f"sfsync show RUN{of_org} lists each change of a run, sfsync undo RUN{of_org}" in text
        )


def everything() -> Summary:
    """A summary with all that there can be in one."""
    long = "é" * 200
    names = ("Atelier <b>Bâti</b>", long, "شركة النور", "🚀 Fusée", "Acme")
    refused = "Le budget est obligatoire dès l'étape « Closing » " * 5
    message = JournalledMessage(
        "exceptions:2026-06-15:005", "ana@example.com", "<1@example.com>", MessageState.REFUSED, 0,
        "550 no such user", NOW, NOW,
    )  # fmt: skip
    found = Finding("amount-missing", "Opportunity", "006", "Deal", None, "no amount")
    first = a_run()
    return summary(
        told(first, [change(name) for name in names]),
        told(a_run(2), [change(name, "rule:won", (None, "Customer")) for name in names]),
        told(a_run(3), [change(name, "score", None) for name in names]),
        told(a_run(4), [change(names[1])], State.REFUSED, RULE, refused),
        told(a_run(5), [change("Bolt")], State.STALE, words="was 1 when read, is 2 now"),
        told(a_run(6), [change("Cask")], State.UNKNOWN, words="changed by somebody"),
        told(a_run(7), [change("Dune")], State.SKIPPED, words="the org has 3 API calls left"),
        told(a_run(8, RunState.STOPPED, error="nothing was written:\n60 of 60 accounts"), []),
        told(a_run(9, RunState.CRASHED, error=f"the run {'W' * 300}"), []),
        told(a_run(10, RunState.RUNNING, finished=None, api_calls=None), []),
        mails=[message],
        found=[OpenFinding(found, first.now, NOW)],
        reader=replace(ADMIN, language="fr", locale="fr_FR"),
    )


def test_moves_are_told_by_rule_and_way_with_the_first_names() -> None:
    idle = [change(f"Idle {n}") for n in range(5)]
    made = summary(
        told(a_run(1), [*idle, change("Won", "rule:won", (None, "Customer"))]),
        told(a_run(2), [change("Score", "score", None), *idle[:1]]),
    )
    assert [
        (each.cause, each.way, each.group.records, each.group.runs) for each in made.written
    ] == [
        ("rule:idle", ("Target", "Backlog"), 5, 2),
        ("rule:won", (None, "Customer"), 1, 1),
        ("score", None, 1, 1),
    ]
    assert [each.name for each in made.written[0].group.first] == ["Idle 0", "Idle 1", "Idle 2"]
    text = render_summary(made, {}).text
    assert "* Target → Backlog - 5 records" in text
    assert "Idle 2 (001Idle2),\n  and 2 more" in text
    assert "* none → Customer - 1 record\n  won · Account" in text
    assert "30 API calls" in text


def test_what_was_refused_is_told_by_the_orgs_message_and_in_how_many_runs() -> None:
    records = [change("Acme"), change("Bolt")]
    made = mail(
        told(a_run(1), records, State.REFUSED, RULE, "Budget is required"),
        told(a_run(2), records[:1], State.REFUSED, RULE, "Budget is required"),
        told(a_run(3), records[:1], State.REFUSED, "UNABLE_TO_LOCK_ROW", "somebody has it"),
    )
    # Each record once, for whatever reasons.
    assert made.subject == "sfsync: 2 records refused"
    assert "* Refused: Budget is required - 2 records in 2 runs" in made.text
    assert f"  {RULE}\n  Acme (001Acme),\n  Bolt (001Bolt)" in made.text
    assert "* Refused: somebody has it - 1 record\n" in made.text


def test_what_was_held_says_why() -> None:
    made = mail(
        told(a_run(1), [change("A"), change("B")], State.STALE, words="each has another reason"),
        told(a_run(2), [change("C")], State.SKIPPED, words="3 API calls are left"),
        told(a_run(3), [change("D")], State.UNKNOWN, words="is gone"),
    )
    assert made.subject == "sfsync: 4 records left as they were"
    assert "* Stale: Changed by somebody after it was read" in made.text
    assert "* Skipped: 3 API calls are left - 1 record" in made.text
    assert "* Unknown: Sent, and nobody can tell" in made.text


def test_what_was_created_is_led_to_by_its_id_and_what_is_not_there_is_not() -> None:
    new = [replace(change(name, "task:handover", None), object="Task", action=Action.CREATE)
           for name in ("Made", "Lost")]  # fmt: skip
    gone = replace(change("Gone", "undo:20260615", None), object="Task", action=Action.DELETE)
    run, (made, lost, deleted) = told(a_run(), [*new, gone])
    made = replace(made, outcome=replace(made.outcome, created="00T000000000001EAA"))
    lost = replace(lost, outcome=replace(lost.outcome, state=State.REFUSED, message="not allowed"))
    shown = mail((run, [made, lost, deleted]))
    page = Page(shown.html)
    assert [link.split("/")[-3:] for link in page.links] == [["Task", "00T000000000001EAA", "view"]]
    assert "* handover - 1 record\n  Task\n  Made (00T000000000001EAA)\n" in shown.text
    assert "  Lost\n" in shown.text
    assert "  Gone (001Gone)\n" in shown.text


def test_runs_that_ended_alike_are_told_together() -> None:
    away = [told(a_run(n, RunState.STOPPED, error="the org is away"), []) for n in range(3)]
    dead = told(a_run(7, RunState.RUNNING, finished=None), [])
    made = mail(*away, dead)
    assert made.subject == "sfsync: 4 runs stopped or broken off"
    assert "* Stopped: the org is away\n  3 runs, the last one 6/15/2026 8:02" in made.text
    assert "* Ended early: Its process ended before its books were closed" in made.text


def test_findings_count_for_the_runs_that_saw_them_come_and_go() -> None:
    finding = Finding("amount-missing", "Opportunity", "006", "Deal", None, "no amount")
    runs = [told(a_run(n), [change("Acme")]) for n in (1, 2)]
    first, second = (run.now for run, _ in runs)
    made = summary(
        *runs,
        found=[
            OpenFinding(finding, first, NOW),
            OpenFinding(finding, NOW - timedelta(days=9), NOW, solved_at=second),
            OpenFinding(finding, NOW - timedelta(days=9), NOW),
        ],
    )
    assert "* No amount - 1 new, 1 solved" in render_summary(made, shipped_texts()).text


def test_where_nothing_happened_there_is_nothing_to_tell() -> None:
    finding = Finding("amount-missing", "Opportunity", "006", "Deal", None, "no amount")
    quiet = a_run()
    assert not summary(
        told(quiet, []), found=[OpenFinding(finding, quiet.now, NOW)]
    ).is_worth_telling
    assert summary(told(quiet, [change("Acme")])).is_worth_telling
    assert summary(told(a_run(2, RunState.CRASHED), [])).is_worth_telling


def test_the_page_tells_what_the_text_tells_and_needs_nothing_from_outside() -> None:
    made = render_summary(everything(), shipped_texts())
    page = Page(made.html)
    assert not {"img", "script", "link"} & set(page.tags)
    assert all(link.startswith("https://acme.my.salesforce.com/lightning/") for link in page.links)
    words = " ".join(page.words)
    for line in ("Refusées par Salesforce", "aucun → Customer", "550 no such user", "Périmée"):
        assert line in words
        assert line in made.text
    assert "Atelier <b>Bâti</b>" in words
    assert "<b>Bâti" not in made.html
    assert '<html lang="fr">' in made.html
    assert "\n" not in made.subject


def test_a_long_summary_is_cut_so_that_gmail_cuts_nothing() -> None:
    refused = [
        told(
            a_run(n), [change(f"{'é' * 90} {n}{m}") for m in range(3)], State.REFUSED, "CODE", words
        )
        for n, words in enumerate(f"{'é' * 500} {n}" for n in range(60))
        for words in (f"{n} {words}",)
    ]
    made = mail(*refused)
    assert len(made.html.encode()) < MOST_BYTES
    assert "\n(and 40 more)\n" in made.text


def test_the_shipped_order_is_daily_and_mistakes_are_told() -> None:
    assert load_summary_order((CONFIG / "reports.yaml").read_text("utf-8"), "r") == SummaryOrder()
    assert load_summary_order("reports: []\n", "r") == SummaryOrder()
    with pytest.raises(ConfigError, match='r:3: unknown key "evry"; did you mean "every"'):
        load_summary_order("reports: []\nruns:\n  evry: daily\n", "r")


Call = Callable[..., Result]


@pytest.fixture
def call(alone: None, small: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call sfsync on the small org, in an empty folder, with an admin set."""
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", ODILE)

    def called(*args: str, org: Path = small, exits: int = ExitCode.DONE) -> Result:
        result = CliRunner().invoke(commands, [*args, "--org", str(org)])
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    return called


def wall(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """Let the machine's clock tell a moment."""
    monkeypatch.setattr(opening, "wall_clock", lambda: datetime.fromisoformat(moment))


def test_one_mail_a_day_tells_of_all_runs_since_the_last(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall(monkeypatch, "2026-11-26T08:00:00Z")
    call("run", "hourly", "-q")
    call("run", "hourly", "-q")
    wall(monkeypatch, "2026-11-26T09:00:00Z")
    assert "1 mail of 1 sent" in call("report", "runs", "--send").stdout
    (file,) = Path(".sfsync/outbox").iterdir()
    sent = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert sent["To"].addresses[0].username == "odile.fontanelle"
    text = sent.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.count("hourly · 20261126-0800") == 2
    assert re.search(r"2 exécutions, \d\d appels API, 2 fiches déplacées", text)
    assert "so there is no mail" in call("report", "runs", "--send").stdout
    wall(monkeypatch, "2026-11-26T10:00:00Z")
    call("run", "hourly", "-q", "--now", "2026-12-16T08:00:00Z")
    # The mail of the day was sent; what ran since then is told tomorrow.
    assert "1 mail was sent by an earlier run" in call("report", "runs", "--send").stdout
    wall(monkeypatch, "2026-11-27T09:00:00Z")
    call("report", "runs", "--send")
    assert len(list(Path(".sfsync/outbox").iterdir())) == 2


def test_a_run_that_stopped_is_told_and_one_run_may_be_asked_for(
    call: Call, tmp_path: Path
) -> None:
    org = crowd(tmp_path / "crowd", 60)
    call("run", "hourly", "-q", org=org, exits=ExitCode.STOPPED)
    call("report", "runs", "--out", "look", org=org)
    (file,) = Path("look").glob("runs-*.txt")
    assert "60 of 60 accounts would change their status" in file.read_text("utf-8")
    (stopped,) = json.loads(call("runs", "--format", "json").stdout)["runs"]
    run = stopped["id"]
    call("report", "runs", "--run", run[:-2], "--out", "one", org=org)
    (text,) = (each.read_text("utf-8") for each in Path("one").glob(f"run-{run}-*.txt"))
    assert f"Il s'agit de l'exécution {run}." in text
    assert f"1 exécution, {stopped['api_calls']} appels API, 1 exécution arrêtée" in text
    assert "name its org with --org" in call("report", "runs", "--run", run, exits=2).stderr


def test_a_mail_of_some_runs_does_not_count_as_one_of_all(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = crowd(tmp_path / "crowd", 60)
    for hour in ("07", "08"):
        wall(monkeypatch, f"2026-11-26T{hour}:00:00Z")
        call("run", "hourly", "-q", org=org, exits=ExitCode.STOPPED)
    call("report", "runs", "--send", "--since", "2026-11-26T07:30:00Z", org=org)
    wall(monkeypatch, "2026-11-27T06:00:00Z")
    call("report", "runs", "--out", "look", org=org)
    (file,) = Path("look").glob("runs-*.txt")
    assert file.read_text("utf-8").count("hourly · 20261126-0") == 2
    call("report", "runs", "--send", "--since", "2026-11-26T05:00:00Z", org=org)
    assert "so there is no mail" in call("report", "runs", org=org).stdout
