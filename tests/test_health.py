"""Does who watches from outside see how the service fares, fast, and without keeping it?"""

import json
import re
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from cut_org import STAYING
from loop_org import CONFIG, config_texts, shipped_policy
from old_journals import sql_of
from prometheus_client.parser import text_string_to_metric_families

from sfsync.cli import commands, health, opening
from sfsync.cli.copies import open_recorded
from sfsync.cli.setting import Setting
from sfsync.errors import ConfigError, ExitCode, OrgUnavailable
from sfsync.fake import FakeOrg
from sfsync.fake.faults import refuse
from sfsync.health import Health, OrgHealth, expected, read_health
from sfsync.health.reading import Watched
from sfsync.health.serving import Serving, serve_health
from sfsync.journal import Journal
from sfsync.letter import Letter
from sfsync.model import Change, FieldChange, Finding, Outcome, Run, RunState, State
from sfsync.policy import HealthSettings, JobLimits, Policy
from sfsync.rules.load import load_policy

# A Wednesday at 10:10 in Paris; the shipped schedule has hourly passes from 07:05.
NOW = datetime(2026, 11, 25, 9, 10, tzinfo=UTC)
ORG, OTHER = "00D000000000001AAA", "00D000000000002AAA@copy"
MONITORING = CONFIG / "monitoring"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(f"sqlite:///{tmp_path / 'journal.db'}")
    yield journal
    journal.close()


def a_run(
    journal: Journal,
    at: datetime,
    state: RunState = RunState.FINISHED,
    job: str = "hourly",
    org: str = ORG,
    changes: tuple[tuple[str, State], ...] = (),
) -> str:
    run = Run(f"{at:%Y%m%d-%H%M%S}-{job}-{org[14]}", org, job, at, at, None, RunState.RUNNING, "x")
    field = {"Status__c": FieldChange("Target", "Backlog")}
    ids = [f"001{n:012d}AAA" for n in range(len(changes))]
    planned = [
        Change("Account", id, "Acme", field, cause, "because")
        for id, (cause, _) in zip(ids, changes, strict=True)
    ]
    journal.start(run, planned)
    outcomes = [(n, Outcome("Account", ids[n], state)) for n, (_, state) in enumerate(changes)]
    journal.note(run.id, outcomes)
    if state is not RunState.RUNNING:
        journal.finish(run.id, finished=at, state=state, states=None, api_calls=10)
        journal.totals.end(run.id, 30.0, 9_000, 15_000)
    return run.id


def watched(policy: Policy | None = None) -> Watched:
    return Watched("acme", lambda books: books == ORG, policy or shipped_policy(), ("hourly",))


def look(journal: Journal, now: datetime = NOW, policy: Policy | None = None) -> Health:
    return read_health(journal, watched(policy), now, OrgHealth())


def problems(journal: Journal, now: datetime = NOW, policy: Policy | None = None) -> list[str]:
    return list(look(journal, now, policy).problems)


# What is expected.


def since(now: datetime, job: str = "hourly", **given: Any) -> datetime | None:
    policy = shipped_policy()
    asked = expected(
        policy.schedule, given.pop("health", policy.health), now, by_turns=True, known=()
    )
    return next(each.since for each in asked if each.job == job)


def test_a_job_must_have_done_the_work_of_its_last_time_but_one() -> None:
    assert since(NOW) == datetime(2026, 11, 25, 8, 5, tzinfo=UTC)
    # On Monday at 07:10 in Paris that was on Friday evening.
    assert since(datetime(2026, 11, 30, 6, 10, tzinfo=UTC)) == datetime(
        2026, 11, 27, 19, 5, tzinfo=UTC
    )
    assert since(NOW, "full-pass") == datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    limits = HealthSettings(2, {"hourly": JobLimits(timedelta(hours=5), 7)})
    assert since(NOW, health=limits) == NOW - timedelta(hours=5)


def test_cron_is_expected_to_run_what_the_schedule_runs() -> None:
    policy = shipped_policy()
    asked = expected(policy.schedule, policy.health, NOW, by_turns=False, known=("hourly", "other"))
    assert [each.job for each in asked] == ["hourly", "enrich", "other"]
    assert asked[0].since == datetime(2026, 11, 25, 8, 5, tzinfo=UTC)
    assert asked[2].since is None


def test_the_configuration_says_what_is_unhealthy_and_changes_no_plan() -> None:
    texts = dict(config_texts())
    said = "\nhealth:\n  most_failures: 2\n  jobs: {hourly: {most_hours: 1.5, most_failures: 1}}\n"
    texts["sfsync.yaml"] = re.sub(r"\nhealth:\n(  .*\n)*", "\n", texts["sfsync.yaml"]) + said
    policy = load_policy(texts)
    assert policy.health.most_failures == 2
    assert policy.health.limits("hourly") == JobLimits(timedelta(minutes=90), 1)
    assert policy.hash == shipped_policy().hash
    with pytest.raises(ConfigError, match="most_hours"):
        load_policy({**texts, "sfsync.yaml": texts["sfsync.yaml"].replace("1.5", "-1")})


# How jobs fare.


def test_runs_tell_how_a_job_fares_where_cron_runs_it(journal: Journal) -> None:
    assert problems(journal) == []
    a_run(journal, NOW - timedelta(minutes=70))
    (job, _) = look(journal).jobs
    assert (job.job, job.good, job.failures) == ("hourly", NOW - timedelta(minutes=70), 0)
    told = "the last good run ended at 2026-11-25 08:00 UTC, one was due by 2026-11-25 08:05"
    assert job.problems == (f"hourly: {told}",)
    for minutes in (60, 50, 40):
        a_run(journal, NOW - timedelta(minutes=minutes), RunState.STOPPED)
    assert problems(journal)[0] == "hourly: 3 failures in a row"
    # Another org's, and one at work, tell nothing of it.
    a_run(journal, NOW - timedelta(minutes=30), org=OTHER)
    a_run(journal, NOW - timedelta(minutes=20), RunState.RUNNING)
    assert len(problems(journal)) == 2
    a_run(journal, NOW - timedelta(minutes=10))
    assert problems(journal) == []


def test_of_several_orgs_the_calls_of_the_newest_run_are_told(journal: Journal) -> None:
    a_run(journal, NOW - timedelta(hours=2), org="00D000000000001AAA")
    run = a_run(journal, NOW - timedelta(hours=1), org="00D000000000005AAA")
    journal.totals.end(run, 30.0, 77, 15_000)
    every = Watched("acme", lambda books: True, shipped_policy())
    assert read_health(journal, every, NOW, OrgHealth()).org.api_left == 77


def test_turns_tell_how_a_job_fares_where_a_scheduler_serves(journal: Journal) -> None:
    def ended(job: str, hours: float, code: int | None) -> None:
        due = NOW - timedelta(hours=hours)
        number = journal.turns.begin("acme", job, due, due).number
        journal.turns.end(number, due, code)

    for job in ("full-pass", "enrichment", "alerts", "exceptions", "summary"):
        ended(job, 0.5, ExitCode.DONE)
    ended("hourly", 4, ExitCode.INCOMPLETE)
    for hours, code in ((3, ExitCode.UNREACHABLE), (2, None), (1.5, ExitCode.LOCKED), (1, 137)):
        ended("hourly", hours, code)
    assert problems(journal) == [
        "hourly: 3 failures in a row",
        "hourly: the last good run ended at 2026-11-25 05:10 UTC, one was due by 2026-11-25 08:05",
    ]
    ended("hourly", 0.1, ExitCode.DONE)
    assert problems(journal) == []
    journal.turns.begin("acme", "alerts", NOW - timedelta(hours=5), NOW - timedelta(hours=5))
    (problem,) = problems(journal)
    assert problem.startswith("alerts: its turn of 2026-11-25 04:10 UTC has not ended")
    journal.turns.begin("other", "alerts", NOW, NOW)
    assert len(look(journal).turns) == 1


def test_a_job_whose_age_is_set_and_that_never_ran_is_not_well(journal: Journal) -> None:
    texts = dict(config_texts())
    shipped = re.sub(r"\nhealth:\n(  .*\n)*", "\n", texts["sfsync.yaml"])
    texts["sfsync.yaml"] = f"{shipped}\nhealth: {{jobs: {{hourly: {{most_hours: 2}}}}}}\n"
    assert problems(journal, policy=load_policy(texts)) == ["hourly: no good run so far"]


def test_mails_that_wait_for_a_day_are_told(journal: Journal) -> None:
    letter = Letter("exceptions:1:2", "ana@example.com", "<1@example.com>", b"x")
    journal.messages.plan(ORG, [letter], NOW - timedelta(hours=25))
    found = look(journal)
    assert found.mails == {"planned": 1}
    assert found.problems == ("mails: 1 not sent, the oldest since 2026-11-24 08:10 UTC",)


def test_a_journal_that_cannot_be_written_is_told_one_that_is_being_written_can(
    journal: Journal, tmp_path: Path
) -> None:
    file = tmp_path / "journal.db"
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert problems(journal) == []
        other.execute("ROLLBACK")
    only = Journal.open(f"sqlite:///file:{file}?mode=ro&uri=true")
    (problem,) = problems(only)
    assert "the journal failed" in problem
    assert "readonly" in problem
    only.close()


# The command.


@pytest.fixture
def alone_at_now(alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "wall_clock", lambda: NOW)


def asked(org: Path, *args: str, exits: int = ExitCode.DONE) -> Result:
    result = CliRunner().invoke(commands, ["health", *args, "--org", str(org)])
    assert result.exit_code == exits, (result.output, result.exception)
    return result


@pytest.mark.usefixtures("alone_at_now")
def test_the_command_says_all_is_well_or_ends_with_3(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = json.loads(asked(small, "--format", "json").stdout)
    assert (data["healthy"], data["problems"]) == (True, [])
    assert data["org"]["reachable"] is True
    assert data["org"]["api_left"] > 1000
    # Signing in is free here, so this is the whole price.
    assert data["org"]["api_total"] - data["org"]["api_left"] <= 1

    opens = open_recorded

    def away(setting: Setting) -> FakeOrg:
        fake = opens(setting)
        fake.on_request.append(refuse("/limits", 503, "SERVER_UNAVAILABLE", STAYING, times=99))
        return fake

    monkeypatch.setattr(opening, "open_recorded", away)
    shown = asked(small, exits=ExitCode.INCOMPLETE).stdout
    assert "✗ the org cannot be reached" in shown
    assert "✓ all is well" in asked(small, "--without-org").stdout
    data = json.loads(asked(small, "--without-org", "--format", "json").stdout)
    assert data["org"]["reachable"] is None


@pytest.mark.usefixtures("alone_at_now")
def test_an_org_that_does_not_answer_keeps_nobody_long(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "ORG_SECONDS", 0.2)
    is_over = Event()

    def silent(_: Setting) -> FakeOrg:
        is_over.wait(5)
        raise OrgUnavailable("nobody is there")

    monkeypatch.setattr(opening, "open_recorded", silent)
    began = time.monotonic()
    data = json.loads(asked(small, "--format", "json", exits=ExitCode.INCOMPLETE).stdout)
    assert time.monotonic() - began < 1.5
    is_over.set()
    assert "has not answered within" in data["problems"][0]


@pytest.mark.usefixtures("alone_at_now")
def test_a_journal_that_cannot_be_opened_is_a_part_of_the_answer(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFSYNC_JOURNAL_URL", "sqlite:////nowhere/journal.db")
    data = json.loads(
        asked(small, "--without-org", "--format", "json", exits=ExitCode.INCOMPLETE).stdout
    )
    assert data["journal"] == {"writable": False}
    assert "cannot be opened" in data["problems"][0]


# What monitoring sees.


@pytest.fixture
def full(journal: Journal) -> Journal:
    """A journal that has something for each metric."""
    changes = (("rule:idle", State.APPLIED), ("rule:idle", State.REFUSED), ("undo:x", State.STALE))
    a_run(journal, NOW - timedelta(minutes=30), changes=changes)
    a_run(journal, NOW - timedelta(minutes=20), RunState.STOPPED)
    number = journal.turns.begin("acme", "hourly", NOW, NOW).number
    journal.turns.end(number, NOW, ExitCode.DONE)
    journal.turns.begin("acme", "alerts", NOW, NOW)
    journal.messages.plan(ORG, [Letter("a:1:2", "ana@example.com", "<1@x>", b"x")], NOW)
    finding = Finding("bant", "Account", "001000000000001AAA", "Acme", None, "no budget")
    journal.merge_findings(ORG, NOW, [(finding, None)])
    return journal


@pytest.fixture
def serving(full: Journal) -> Iterator[Serving]:
    serving = serve_health(full, lambda _: look(full), 0)
    yield serving
    serving.stop()


def answer(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def families(text: str) -> dict[str, Any]:
    return {each.name: each for each in text_string_to_metric_families(text)}


def values(family: Any) -> dict[tuple[str, ...], float]:
    return {tuple(each.labels.values()): each.value for each in family.samples}


def test_metrics_tell_what_the_journal_holds(serving: Serving) -> None:
    status, text = answer(f"{serving.url}/metrics")
    assert status == 200
    told = families(text)
    assert all(each.documentation for each in told.values())
    samples = [sample for each in told.values() for sample in each.samples]
    found = {(each.name, *sorted(each.labels.values())): each.value for each in samples}
    assert found["sfsync_runs_total", ORG, "finished", "hourly"] == 1
    assert found["sfsync_runs_total", ORG, "hourly", "stopped"] == 1
    assert found["sfsync_run_seconds_sum", ORG, "hourly"] == 60
    assert found["sfsync_run_seconds_count", ORG, "hourly"] == 2
    assert found["sfsync_api_calls_total", ORG, "hourly"] == 20
    assert found["sfsync_api_calls_left", ORG] == 9_000
    assert found["sfsync_api_calls_limit", ORG] == 15_000
    changes = {key[2:]: value for key, value in found.items() if key[0] == "sfsync_changes_total"}
    assert changes == {
        ("applied", "rule:idle"): 1,
        ("refused", "rule:idle"): 1,
        ("stale", "undo"): 1,
    }
    assert found["sfsync_findings_open", ORG, "bant"] == 1
    assert found["sfsync_mails", ORG, "planned"] == 1
    assert found["sfsync_turns_total", "0", "acme", "hourly"] == 1
    assert found["sfsync_turns_open", "acme", "alerts"] == 1
    assert found["sfsync_seconds_since_good_run", "hourly"] == 0
    assert found["sfsync_failures_in_a_row", "hourly"] == 0
    assert found["sfsync_job_healthy", "hourly"] == 1
    assert found["sfsync_healthy",] == 1
    # Prometheus has labels of its own.
    assert not {"job", "instance"}.intersection(*(each.labels for each in samples))


def test_healthz_says_with_its_status_whether_all_is_well(serving: Serving, full: Journal) -> None:
    assert serving.url.startswith("http://127.0.0.1:")
    status, text = answer(f"{serving.url}/healthz")
    assert (status, json.loads(text)["healthy"]) == (200, True)
    full.messages.plan(
        ORG, [Letter("b:1:2", "ana@example.com", "<2@x>", b"x")], NOW - timedelta(days=2)
    )
    status, text = answer(f"{serving.url}/healthz")
    assert (status, json.loads(text)["healthy"]) == (503, False)
    assert "ana@example.com" not in text
    assert answer(f"{serving.url}/")[0] == 404
    with pytest.raises(ConfigError, match="name another port or host"):
        serve_health(full, lambda _: look(full), int(serving.url.rpartition(":")[2]))


def test_a_scrape_of_a_million_changes_is_fast_and_keeps_nobody(
    journal: Journal, tmp_path: Path
) -> None:
    """The counts of 10,000 runs, each of ten causes with ten changes."""
    run = a_run(journal, NOW - timedelta(hours=1), changes=(("rule:idle", State.APPLIED),))
    file = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    columns = [row[1] for row in file.execute("PRAGMA table_info(runs)")]
    others = ", ".join(each for each in columns if each not in ("number", "id"))
    numbers = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
    file.execute("BEGIN")
    file.execute(
        f"{numbers} INSERT INTO runs (number, id, {others})"
        f" SELECT i, 'run' || i, {others} FROM n, runs WHERE id = '{run}'"
    )
    file.execute(
        "INSERT INTO run_ends (run, seconds, api_left, api_total)"
        " SELECT number, 30.0, 9000, 15000 FROM runs WHERE number > 1"
    )
    causes = ", ".join(f"('rule:r{n}')" for n in range(10))
    file.execute(
        "INSERT INTO run_counts (run, org, cause, outcome, changes)"
        f" SELECT number, org, column1, 'applied', 10 FROM runs, (VALUES {causes}) WHERE number > 1"
    )
    file.execute("COMMIT")
    serving = serve_health(
        journal, lambda writes: read_health(journal, watched(), NOW, OrgHealth(), writes=writes), 0
    )
    answer(f"{serving.url}/metrics")
    # Somebody writes meanwhile, and neither waits for the other.
    file.execute("BEGIN IMMEDIATE")
    began = time.perf_counter()
    _, text = answer(f"{serving.url}/metrics")
    took = time.perf_counter() - began
    file.execute("COMMIT")
    file.close()
    serving.stop()
    assert sum(values(families(text)["sfsync_changes"]).values()) == 999_901
    # 0.1 s where nothing else is at work.
    assert took < 1


@pytest.mark.parametrize(
    "there",
    [
        "",
        # An older sfsync wrote to it after the table was made.
        "CREATE TABLE run_counts (number INTEGER PRIMARY KEY, run INTEGER NOT NULL, org VARCHAR(80)"
        " NOT NULL, cause TEXT NOT NULL, outcome VARCHAR(16) NOT NULL, changes INTEGER NOT NULL)",
    ],
)
def test_old_journals_are_counted_when_they_are_opened(tmp_path: Path, there: str) -> None:
    run = "20261125-190301-aaaa"
    with sqlite3.connect(tmp_path / "journal.db") as file:
        closed = "UPDATE runs SET state = 'finished', finished = started"
        file.executescript(";".join([*sql_of("4", postgresql=False), closed, there]))
    journal = Journal.open(f"sqlite:///{tmp_path / 'journal.db'}")
    others = {"task:call": {"unknown": 1}}
    assert journal.totals.of_run(run) == {"rule:idle": {"sent": 2}, **others}
    # What was unknown is settled later, and counted again.
    journal.note(run, [(1, Outcome("Account", "x", State.APPLIED))])
    assert journal.totals.of_run(run) == {"rule:idle": {"applied": 1, "sent": 1}, **others}
    journal.close()


# The examples for monitoring, against what is offered.

_METRIC = re.compile(r"\bsfsync_\w+|\bup\b")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"|by \(([^)]*)\)|\$labels\.(\w+)|{{(\w+)}}")


def expressions(file: str) -> Iterator[tuple[str, str]]:
    """Each expression of an example, with the texts that name its labels."""
    text = (MONITORING / file).read_text("utf-8")
    if file.endswith(".json"):
        for panel in json.loads(text)["panels"]:
            for target in panel["targets"]:
                yield target["expr"], target["legendFormat"]
        return
    for group in yaml.safe_load(text)["groups"]:
        for rule in group["rules"]:
            assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
            assert re.fullmatch(r"\d+[mhd]", rule.get("for", "1m"))
            yield rule["expr"], " ".join(rule["annotations"].values())


@pytest.mark.parametrize("file", ["alerts.yaml", "grafana.json"])
def test_the_examples_name_metrics_and_labels_that_there_are(file: str, serving: Serving) -> None:
    offered: dict[str, set[str]] = {"up": {"job"}}
    for each in families(answer(f"{serving.url}/metrics")[1]).values():
        for sample in each.samples:
            offered.setdefault(sample.name, set()).update(sample.labels)
    every = list(expressions(file))
    assert len(every) >= 8
    for expression, said in every:
        named = set(_METRIC.findall(expression))
        assert named
        assert named <= offered.keys(), expression
        labels = {
            label
            for found in _LABEL.findall(f"{expression} {said}")
            for names in found
            for label in names.replace(",", " ").split()
        }
        assert labels <= set.union(*(offered[name] for name in named)), (expression, labels)
