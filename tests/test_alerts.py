"""Is each owner alerted once of what is about to go wrong, and in one mail a day?"""

import email
import email.policy
import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result
from entering import connect
from loop_org import CONFIG, Loop, empty_org, enforcing_policy, fill, shipped_policy
from test_commit_gate import COMPLETE

from sfsync.cli import commands, delivery, opening
from sfsync.cli.opening import Opened
from sfsync.errors import ConfigError, ExitCode
from sfsync.facts import FACTS
from sfsync.fake import FakeOrg
from sfsync.journal import Journal
from sfsync.letter import Alerted, AlertNote, EditionNote, Letter, MessageState
from sfsync.mail import Answer, Outbox, Verdict
from sfsync.model import Evidence, Finding, OpenFinding
from sfsync.policy import Policy
from sfsync.report import (
    AlertMail,
    Moved,
    Occasion,
    Person,
    build_alerts,
    load_alerts,
    render_alerts,
)
from sfsync.report.alert_orders import AlertsShape, FoundShape, MovedShape
from sfsync.report.alerts import DAY_COUNTS
from sfsync.report.people import manager_of
from sfsync.report.render import MOST_BYTES
from sfsync.rules.texts import load_texts

# Targets came in on this day; the first pass is 44 days later.
ENTERED = datetime(2026, 5, 1, 8, tzinfo=UTC)
MAUD, THEO, GONE, LOST, ODILE, JOSE = (f"00500000000000{n}AAA" for n in "456789")
DUNE = "001000000000004AAA"
USERS = [
    {"Id": MAUD, "Name": "Maud Verchère-Lys", "Email": "maud@example.com",
     "LanguageLocaleKey": "fr", "LocaleSidKey": "fr_FR"},
    {"Id": THEO, "Name": "Théo Poivrin", "Email": "theo@example.com", "ManagerId": MAUD},
    {"Id": GONE, "Name": "Ada Exemple", "Email": "ada@example.com", "ManagerId": MAUD,
     "IsActive": False},
    {"Id": LOST, "Name": "Rosa Goneby", "Email": "rosa@example.com", "IsActive": False},
    {"Id": ODILE, "Name": "Odile Fontanelle", "Email": "odile@example.com"},
    {"Id": JOSE, "Name": "José Modelo", "Email": "josé@example.com", "ManagerId": MAUD},
]  # fmt: skip
ACME, BETA, CYAN = (f"00100000000000{n}AAA" for n in "123")
DEAL = "006000000000001AAA"


def wire(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def target(id: str = ACME, owner: str = THEO, since: datetime = ENTERED) -> dict[str, Any]:
    return {
        "Id": id,
        "Name": f"Firm {id[14]}",
        "OwnerId": owner,
        "CreatedDate": wire(since - timedelta(days=1)),
        "Status__c": "Target",
        "Target_At__c": wire(since),
        "SystemModstamp": wire(since),
    }


def deal(stage: str, field: str, since: datetime = ENTERED) -> dict[str, Any]:
    return {
        "Id": DEAL,
        "AccountId": CYAN,
        "Name": "Deal",
        "OwnerId": THEO,
        "StageName": stage,
        "Amount": 1234,
        "CloseDate": "2027-01-01",
        "CreatedDate": wire(since - timedelta(days=1)),
        "LastStageChangeDate": wire(since),
        field: wire(since),
        "SystemModstamp": wire(since),
    }


@dataclass
class World:
    """An org, its books on the disk, and the command that alerts, on the days that tests choose."""

    fake: FakeOrg
    folder: Path
    seen: set[Path] = field(default_factory=set)
    policy: Policy = field(default_factory=shipped_policy)

    @contextmanager
    def loop(self) -> Iterator[Loop]:
        """The loop at the org's present moment."""
        org = connect(self.fake.session(), self.fake.host, self.fake.token(), sleep=lambda _: None)
        with closing(Journal.open(f"sqlite:///{self.folder / 'journal.db'}")) as journal:
            now = self.fake.clock.now()
            chance = Random(now.timestamp())
            yield Loop(self.fake, org, journal, now, chance=chance, policy=self.policy)

    @contextmanager
    def opened(self, setting: Any, now: datetime | None) -> Iterator[Opened]:
        """What the command opens."""
        with self.loop() as loop:
            yield Opened(loop.org, loop.org, loop.services, self.fake.clock.now, setting)

    def on(self, days: float, *, passes: bool = True) -> None:
        """Go on to so many days after the entry, and make a pass."""
        self.fake.clock.set(ENTERED + timedelta(days=days))
        if passes:
            with self.loop() as loop:
                loop.run()

    def call(self, *args: str, exits: int = ExitCode.DONE, of: str = "alerts") -> Result:
        result = CliRunner().invoke(commands, ["report", of, *args])
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    def sent(self) -> dict[str, str]:
        """Send; return the texts of the mails that are new in the outbox, by their readers."""
        self.call("--send")
        return self.fresh()

    def fresh(self) -> dict[str, str]:
        files = set(Path(".sfsync/outbox").glob("*.eml")) - self.seen
        self.seen |= files
        mails = [mail_in(file) for file in files]
        found = {mail["To"].addresses[0].username: text_in(mail) for mail in mails}
        assert len(found) == len(files)
        return found


def mail_in(file: Path) -> EmailMessage:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_in(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return f"{mail['Subject']}\n{body.get_content()}".replace("\r\n", "\n")


@pytest.fixture
def world(alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Make a world of these records; the admin is set."""
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", "odile@example.com")

    def made(**records: Any) -> World:
        fake = empty_org(ENTERED - timedelta(days=2), "Europe/Paris")
        fill(fake, {"User": USERS, **records})
        made = World(fake, tmp_path)
        monkeypatch.setattr(delivery, "opened", made.opened)
        return made

    return made


def test_a_target_alerts_at_45_days_and_not_again_when_it_is_moved(world: Any) -> None:
    org = world(Account=[target()])
    org.on(44)
    assert org.sent() == {}
    org.on(45)
    (text,) = org.sent().values()
    assert text.startswith("Sales alerts: Target about to go to the backlog\n")
    assert "Call the company, or plan a next step" in text
    assert f"/lightning/r/Account/{ACME}/view" in text
    assert org.sent() == {}
    for days in (60, 61):
        org.on(days)
        assert org.sent() == {}
    assert org.fake.record("Account", ACME)["Status__c"] == "Backlog"


def test_who_was_not_alerted_before_is_when_it_is_moved(world: Any) -> None:
    org = world(Account=[target()])
    org.on(61)
    (text,) = org.sent().values()
    assert "Target moved to the backlog\n" in text
    assert "* Firm 1 - after 61 days\n    Target → Backlog" in text
    assert "about to go" not in text
    assert org.sent() == {}
    org.on(62)
    assert org.sent() == {}


def test_an_activity_begins_a_new_spell(world: Any) -> None:
    org = world(Account=[target()])
    org.on(45)
    assert org.sent()
    org.fake.add("Task", WhatId=ACME, Subject="Call", Status="Completed",
                 CompletedDateTime=wire(ENTERED + timedelta(days=45, hours=1)))  # fmt: skip
    org.on(89)
    assert org.sent() == {}
    org.on(90)
    assert "Target about to go to the backlog" in org.sent()["theo"]


def test_a_trial_alerts_once_a_stay_and_closing_every_seven_days(world: Any) -> None:
    in_trial = deal("Free Trial", "Free_Trial_At__c")
    org = world(Opportunity=[in_trial], Account=[{"Id": CYAN, "Name": "Cyan", "OwnerId": THEO}])
    told = []
    for days in (8, 9):
        org.on(days)
        told += [(days, text) for text in org.sent().values()]
    ((day, text),) = told
    assert day == 8
    assert "Money at stake: €1,234" in text
    assert "* Deal - €1,234, 8 days" in text
    org.fake.edit("Opportunity", DEAL, StageName="Closing")
    days_told = []
    for days in (9 + 14, 9 + 20, 9 + 21):
        org.on(days)
        days_told += [days - 9 for _ in org.sent()]
    assert days_told == [14, 21]


def test_where_no_mail_reaches_the_owner_it_goes_to_the_manager_else_to_the_admin(
    world: Any,
) -> None:
    several = [target(ACME, GONE), target(BETA, LOST), target(CYAN, MAUD), target(DUNE, JOSE)]
    org = world(Account=several)
    org.on(45)
    told = org.sent()
    assert set(told) == {"maud", "odile"}
    # In French, and the reader's own first.
    mine, _, theirs = told["maud"].partition("Pour Ada Exemple, dont le compte est inactif (1)")
    assert "Les vôtres (1)" in mine
    assert "* Firm 3 - 45 jours" in mine
    assert "* Firm 1 - 45 jours" in theirs
    assert "cible sans activité depuis 45 jours, et rien n'est prévu" in theirs
    assert "For Rosa Goneby, who is inactive (1)" in told["odile"]
    # One address that nobody can write to keeps no other mail back.
    assert "Pour José Modelo, qu'aucun message n'atteint (1)" in theirs


@pytest.mark.parametrize("email", ["", "josé@example.com", "ana", "ana@", "a b@example.com"])
def test_an_address_that_cannot_be_written_to_reaches_nobody(email: str) -> None:
    person = Person(JOSE, "José", email, MAUD)
    assert not person.can_read
    above = {JOSE: person, MAUD: replace(person, id=MAUD, manager=ODILE), ODILE: PEOPLE[THEO]}
    assert manager_of(JOSE, above) == PEOPLE[THEO]


def test_a_reader_gets_one_mail_a_day_and_the_rest_the_next_day(world: Any) -> None:
    later = ENTERED + timedelta(hours=30)
    org = world(Account=[target(), target(BETA), target(CYAN, since=later)])
    org.on(45)
    assert org.sent()["theo"].count("/lightning/") == 2
    org.on(46)
    # A file says what would be told; it tells nobody.
    said = org.call("--to", "theo@example.com").stdout
    assert "alerts-2026-06-16-theo (.html, .txt, .eml)" in said
    assert org.sent()["theo"].count("/lightning/") == 1
    org.fake.add("Opportunity", **deal("Closing", "Closing_At__c"))
    org.on(46.3)
    said = org.call("--send").stdout
    assert "Théo Poivrin: today's mail of alerts is out, or waits; 1 alert left" in said
    assert "sent" not in said
    assert org.fresh() == {}
    org.on(47)
    assert "Closing without activity" in org.sent()["theo"]


def test_where_a_mail_was_put_off_its_reader_gets_no_other_that_day(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = world(Account=[target(), target(BETA, since=ENTERED + timedelta(days=1))])
    monkeypatch.setattr(opening, "wall_clock", org.fake.clock.now)
    monkeypatch.setattr(opening, "sleep", lambda _: None)
    org.on(45)
    with monkeypatch.context() as outage:
        away = Answer(Verdict.UNREACHABLE, "away")
        outage.setattr(Outbox, "carry", lambda *_: away)
        org.call("--send", exits=ExitCode.INCOMPLETE)
        org.on(46)
        # It waits, and what came up since then behind it.
        assert "1 alert left for the next day's" in org.call(
            "--send", exits=ExitCode.INCOMPLETE).stdout  # fmt: skip
    said = org.call("--send").stdout
    assert "1 alert left for the next day's" in said
    assert f"/{ACME}/" in org.fresh()["theo"]
    assert org.sent() == {}
    org.on(47, passes=False)
    assert f"/{BETA}/" in org.sent()["theo"]


def test_what_is_set_aside_alerts_nobody_before_its_day(world: Any) -> None:
    org = world(Account=[target(), target(BETA)])
    org.on(45)
    code, until = "target-going-idle", date(2026, 6, 20)
    with org.loop() as loop:
        loop.journal.snooze(loop.org.id, code, ACME, until)
        loop.journal.waive(loop.org.id, code, BETA, until, "agreed")
    assert org.sent() == {}
    org.on(49.5, passes=False)
    assert org.sent() == {}
    org.on(50, passes=False)
    assert org.sent()["theo"].count("/lightning/") == 2


def test_a_move_that_was_taken_back_alerts_nobody(world: Any) -> None:
    org = world(Account=[target(), target(BETA)])
    org.on(61)
    with org.loop() as loop:
        (run,) = loop.journal.runs(loop.org.id)
        loop.undo(run.id)
    org.fake.edit("Account", BETA, Status__c="Working")
    text = org.sent()["theo"]
    assert "moved to the backlog" not in text
    assert text.count(f"/{ACME}/") == 1


def test_a_deal_that_was_taken_back_says_what_is_missing_in_the_readers_language(
    world: Any,
) -> None:
    lacks = {**COMPLETE, "Plan__c": "TBD", "Quote_Signed_On__c": None, "OwnerId": MAUD}
    account = {"Id": CYAN, "Name": "Cyan", "Status__c": "Working", "OwnerId": MAUD}
    org = world(Opportunity=[{**deal("Commit", "Commit_At__c"), **lacks}], Account=[account])
    org.policy = enforcing_policy()
    org.on(6)
    text = org.sent()["maud"]
    assert "Commit → Closing\n    - aucun devis signé, montant" in text
    assert "    - aucune réunion d'onboarding n'est prévue" in text
    assert re.search(r"    - informations insuffisantes .* à renseigner.*: \S", text)
    assert "accord écrit" not in text


def test_moves_of_long_ago_are_no_news(world: Any) -> None:
    org = world(Account=[target()])
    org.on(61)
    org.on(69, passes=False)
    assert org.sent() == {}


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("of", ["alerts", "exceptions"])
def test_a_process_that_dies_while_it_sends_loses_and_doubles_nothing(
    world: Any, monkeypatch: pytest.MonkeyPatch, of: str, done: bool
) -> None:
    org = world(Account=[target(ACME, ODILE), target(BETA, THEO)])
    org.on(45)
    child = os.fork()
    if child == 0:
        carry = Outbox.carry

        def dies(self: Outbox, *given: Any) -> Answer:
            if done:
                carry(self, *given)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

        monkeypatch.setattr(Outbox, "carry", dies)
        try:
            org.call("--send", of=of)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    # On another day, so that the keys of the day's own mails are no help.
    org.on(46, passes=False)
    assert "was sent" in org.call("--send", of=of).stdout
    names = [file.name for file in Path(".sfsync/outbox").iterdir()]
    of_yesterday = [name for name in names if "2026-06-15" in name]
    if of == "alerts":
        assert len(names) == len(of_yesterday) == 2
        return
    # Who has yesterday's report is told what is new since.
    assert (len(names), len(of_yesterday)) == (4, 2)
    today = [file for file in Path(".sfsync/outbox").iterdir() if file.name not in of_yesterday]
    told = [text_in(mail_in(file)) for file in today]
    assert sum("depuis le 15/06/2026" in text for text in told) == 1
    assert sum("since 6/15/2026" in text for text in told) == 1


BOOKS, SENT_AT = "00D000000000001AAA", datetime(2026, 6, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "handed_over", "counts", "is_edition"),
    [
        (MessageState.PLANNED, 0, True, False),
        (MessageState.SENDING, 1, True, True),
        (MessageState.UNKNOWN, 2, True, True),
        (MessageState.SENT, 1, True, True),
        (MessageState.REFUSED, 1, True, True),
        (MessageState.REFUSED, 0, False, False),
    ],
)
def test_what_a_mail_tells_counts_by_what_became_of_it(
    state: MessageState, handed_over: int, counts: bool, is_edition: bool
) -> None:
    notes = (
        AlertNote("target-going-idle", "Account", ACME, "2026-05-01", THEO, SENT_AT),
        EditionNote("exceptions", THEO, SENT_AT),
    )
    with closing(Journal.open("sqlite://")) as journal:
        letter = Letter("alerts:2026-06-15:1", "theo@example.com", "<1>", b"", notes)
        journal.messages.plan(BOOKS, [letter, letter], SENT_AT)
        journal.messages.note(BOOKS, letter.key, state, "", handed_over, SENT_AT)
        told = {("target-going-idle", "Account", ACME): Alerted("2026-05-01", SENT_AT)}
        assert journal.alerts.last(BOOKS) == (told if counts else {})
        assert journal.alerts.last("other") == {}
        assert journal.editions.last(BOOKS, "exceptions") == ({THEO: SENT_AT} if is_edition else {})


PEOPLE = {THEO: Person(THEO, "Théo", "theo@example.com", MAUD, language="en_US")}
OCCASION = Occasion(SENT_AT, "https://acme.my.salesforce.com", "Europe/Paris", PEOPLE[THEO])


@cache
def shipped() -> dict[str, Any]:
    known = load_texts((CONFIG / "findings.yaml").read_text("utf-8"), "findings.yaml")
    file = (CONFIG / "reports.yaml").read_text("utf-8")
    return {"texts": known, "orders": load_alerts(file, "r", known, {"idle", "commit-incomplete"})}


def a_finding(
    number: int = 1, code: str = "target-going-idle", days: int | None = 45, name: str = "Firm"
) -> OpenFinding:
    evidence = (Evidence("next_step_on", None), Evidence("idle_days", days))
    id = f"001{number:012d}AAA"
    finding = Finding(code, "Account", id, name, THEO, "idle", evidence if days else ())
    return OpenFinding(finding, SENT_AT - timedelta(days=3), SENT_AT)


def built(
    *found: OpenFinding, told: Alerted | None = None, moves: tuple[Moved, ...] = ()
) -> tuple[AlertMail, ...]:
    known = {} if told is None else {
        (each.finding.code, "Account", each.finding.id): told for each in found
    }  # fmt: skip
    return build_alerts(found, moves, PEOPLE, told=known, occasion=OCCASION, **shipped())


@pytest.mark.parametrize(
    ("spell", "is_told"),
    [("2026-04-30", True), ("2026-05-01", False), ("2026-05-02", False)],
    ids=["new spell", "same spell", "its activity was deleted"],
)
def test_a_spell_begins_so_many_days_before_the_pass(spell: str, is_told: bool) -> None:
    told = Alerted(spell, SENT_AT - timedelta(days=40))
    assert bool(built(a_finding(), told=told)) is is_told
    (mail,) = built(a_finding())
    (note,) = mail.notes
    assert note == AlertNote(
        "target-going-idle", "Account", a_finding().finding.id, "2026-05-01", THEO, SENT_AT
    )


def test_a_finding_that_counts_no_days_has_its_spell_since_it_was_found() -> None:
    (mail,) = built(a_finding(days=None))
    assert mail.notes[0].spell == "2026-06-12T08:00:00+00:00"
    assert built(a_finding(days=None), told=Alerted(mail.notes[0].spell, SENT_AT)) == ()


def test_nothing_is_repeated_within_its_days_even_where_a_spell_begins_anew() -> None:
    told = Alerted("2026-01-01", SENT_AT - timedelta(days=6))
    assert built(a_finding(code="closing-idle"), told=told) == ()
    told = replace(told, as_of=SENT_AT - timedelta(days=7))
    assert built(a_finding(code="closing-idle"), told=told)


def test_what_is_solved_or_alerts_nobody_is_not_told() -> None:
    assert built(replace(a_finding(), solved_at=SENT_AT), a_finding(code="source-missing")) == ()


def test_what_a_mail_has_no_room_for_is_not_noted_and_follows_another_day() -> None:
    several = [a_finding(n, name=f"{n} {'🚀é' * 100}") for n in range(1, 251)]
    (mail,) = built(*several)
    shown, rendered = render_alerts(mail)
    assert len(rendered.html.encode()) < MOST_BYTES
    assert len(shown.notes) == rendered.text.count("/lightning/") == rendered.html.count("<a ")
    assert 0 < len(shown.notes) <= 100
    left = 250 - len(shown.notes)
    assert f"{left} more have no room here and follow in the next mails." in rendered.text


def test_a_mail_of_alerts_escapes_what_people_named_records() -> None:
    (mail,) = built(a_finding(name="<script>alert(1)</script>\r\nBcc: x@example.com"))
    _, rendered = render_alerts(mail)
    assert "<script>" not in rendered.html
    assert "\n" not in rendered.subject


def test_a_move_of_which_no_finding_is_open_says_its_reason() -> None:
    moved = Moved("commit-incomplete", "Opportunity", DEAL, "Deal", THEO, "Commit", "Closing",
                  SENT_AT, reason="incomplete: no <b>quote", found=("commit-quote",))  # fmt: skip
    (mail,) = built(moves=(moved,))
    _, rendered = render_alerts(mail)
    assert "Commit → Closing\n    - incomplete: no <b>quote\n" in rendered.text
    assert "incomplete: no &lt;b&gt;quote" in rendered.html
    (mail,) = built(moves=(replace(moved, found=()),))
    assert "incomplete" not in render_alerts(mail)[1].text


def test_who_had_which_report_is_known_from_the_table_of_older_versions(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    Journal.open(f"sqlite:///{file}").close()
    with closing(sqlite3.connect(file)) as old, old:
        old.execute("CREATE TABLE editions (org, report, reader, as_of)")
        rows = [(BOOKS, name, THEO, "2026-06-01T08:00:00.000000Z") for name in ("a", "b")]
        old.executemany("INSERT INTO editions VALUES (?, ?, ?, ?)", rows)
    with closing(Journal.open(f"sqlite:///{file}")) as journal:
        letter = Letter("b:2026-06-15:1", "t@example.com", "<1>", b"",
                        (EditionNote("b", THEO, SENT_AT),))  # fmt: skip
        journal.messages.plan(BOOKS, [letter], SENT_AT)
        journal.messages.note(BOOKS, letter.key, MessageState.SENT, "", 1, SENT_AT)
        last = [journal.editions.last(BOOKS, name) for name in ("a", "b")]
    assert last == [{THEO: datetime(2026, 6, 1, 8, tzinfo=UTC)}, {THEO: SENT_AT}]


def test_the_facts_that_count_the_days_of_a_spell_are_facts() -> None:
    assert set(DAY_COUNTS) <= {name.partition(".")[2] for name in FACTS}


ALERTS = "reports: []\nalerts:\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  findings:\n    - {code: trial-endng}\n",
         'r:4: no finding "trial-endng"; did you mean "trial-ending"?'),
        ("  findings:\n    - {code: trial-ending, repeat: 0}\n",
         'r:4: alerts.findings.repeat: "0" will not do: write 1 or more'),
        ("  findings:\n    - {code: trial-ending, repeat: twice}\n",
         'r:4: alerts.findings.repeat: "twice" will not do: write'),
        ("  findings:\n    - {code: trial-ending, repeats: 1}\n",
         'r:4: unknown key "repeats"; did you mean "repeat"?'),
        ("  findings:\n    - {code: trial-ending}\n    - {code: trial-ending}\n",
         'r:5: "trial-ending" alerts already: leave one out'),
        ("  moves:\n    - {rule: idel, title: {en: a, fr: b}, remedy: {en: a, fr: b}}\n",
         'r:4: no rule "idel"; did you mean "idle"?'),
        ("  moves:\n    - {rule: idle, title: {en: a}, remedy: {en: a, fr: b}}\n",
         'r:4: "fr" is missing'),
        ("  moves:\n    - {rule: idle, spell_of: x, title: {en: a, fr: b}, remedy: {en: a, fr: b}"
         "}\n",
         'r:4: no finding "x" among the alerts'),
        ("  task: true\n", 'r:3: unknown key "task"'),
    ],
)  # fmt: skip
def test_what_is_wrong_in_alerts_is_told_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_alerts(ALERTS + text, "r", shipped()["texts"], {"idle", "activity"})
    assert error.value.problems[0].startswith(problem), error.value.problems


def test_without_alerts_nobody_is_alerted() -> None:
    nothing = load_alerts("reports: []\n", "r", (), ())
    assert build_alerts([a_finding()], [], PEOPLE, {}, nothing, {}, OCCASION) == ()


def test_each_key_of_alerts_stands_in_the_docs_and_in_the_file() -> None:
    page = (CONFIG.parent / "docs" / "configuration.md").read_text("utf-8")
    file = (CONFIG / "reports.yaml").read_text("utf-8")
    for shape in (AlertsShape, FoundShape, MovedShape):
        for key in shape.model_fields:
            assert f"`{key}`" in page, key
            assert re.search(rf"^#.*\b{key}\b", file, re.M), key
