"""Does a pass enter what the org and the mail server refused, and for as long as they do?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from loop_org import CONFIG, Loop, empty_org, fill, loop_of, shipped_policy

from sfsync.jobs.troubles import refused_mails, refused_updates
from sfsync.letter import Letter, MessageState
from sfsync.model import OpenFinding, Outcome, State
from sfsync.policy import MAIL_REFUSED, UPDATE_REFUSED
from sfsync.report import FieldNames
from sfsync.report.figures import speech_of
from sfsync.report.sentence import Voice
from sfsync.rules.texts import TEXTS_FILE, codes_of, load_texts

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
REP = "005000000000002AAA"
SILENT, OTHER = "001000000000001AAA", "001000000000002AAA"
WORDS = "Ask the boss first"
LONG_AGO = "2026-01-01T09:00:00.000+0000"


@pytest.fixture
def refusing() -> set[str]:
    """The records that the org refuses."""
    return {SILENT}


@pytest.fixture
def loop(refusing: set[str]) -> Iterator[Loop]:
    """Two targets that are idle; the org refuses one of them."""
    fake = empty_org(NOW, "Europe/Paris")
    idle = {"Status__c": "Target", "Target_At__c": LONG_AGO, "OwnerId": REP}
    rows = [{"Id": id, "Name": f"Firm {id[14]}", **idle} for id in (SILENT, OTHER)]
    fill(fake, {"User": [{"Id": REP, "Name": "Ada Exemple", "IsActive": True}], "Account": rows})
    fake.add_validation_rule("Account", lambda _, row: WORDS if row["Id"] in refusing else None)
    with loop_of(fake, NOW) as loop:
        yield loop


def passes(loop: Loop, hours: int) -> None:
    """Run a pass so many hours later."""
    now = NOW + timedelta(hours=hours)
    loop.fake.clock.set(now)
    replace(loop, now=now).run()


def found(loop: Loop, code: str, *, is_open: bool = True) -> list[OpenFinding]:
    return list(loop.journal.findings(loop.org.id, is_open=is_open, code=code))


def test_both_codes_have_their_texts_checked() -> None:
    assert {UPDATE_REFUSED, MAIL_REFUSED} <= set(codes_of(shipped_policy()))


def test_what_the_org_refuses_is_found_with_its_words_and_in_how_many_passes(loop: Loop) -> None:
    for hours in range(3):
        passes(loop, hours)
    (refused,) = found(loop, UPDATE_REFUSED)
    finding = refused.finding
    assert (finding.object, finding.id, finding.owner_id) == ("Account", SILENT, REP)
    assert finding.message.startswith("the org refused to write Backlog_At__c, ")
    assert f"in 3 passes: FIELD_CUSTOM_VALIDATION_EXCEPTION: {WORDS}" in finding.message
    assert refused.first_seen == NOW
    assert {e.fact: e.value for e in finding.evidence}["passes"] == 3


def test_both_have_a_french_sentence(loop: Loop) -> None:
    mail(loop, REP, 13, MessageState.REFUSED, "550 no such user")
    passes(loop, 0)
    texts = load_texts(
        (CONFIG / TEXTS_FILE).read_text(encoding="utf-8"), TEXTS_FILE, shipped_policy()
    )
    voice = Voice(speech_of("fr", "fr_FR"), "EUR", "Europe/Paris", FieldNames())
    refused, silent = (
        voice.sentence(found(loop, code)[0].finding, texts[code])
        for code in (UPDATE_REFUSED, MAIL_REFUSED)
    )
    assert refused.startswith("l'org refuse d'écrire Backlog_At__c, ")
    assert refused.endswith(f"FIELD_CUSTOM_VALIDATION_EXCEPTION: {WORDS}")
    assert silent.startswith("les e-mails à ada@example.com n'arrivent pas")


def test_it_is_solved_when_the_org_takes_the_update(loop: Loop, refusing: set[str]) -> None:
    passes(loop, 0)
    assert "in 1 pass: " in found(loop, UPDATE_REFUSED)[0].finding.message
    refusing.clear()
    passes(loop, 1)
    assert found(loop, UPDATE_REFUSED) == []
    loop.fake.edit("Account", SILENT, Status__c="Target", Target_At__c=LONG_AGO)
    refusing.add(SILENT)
    passes(loop, 2)
    (returned,) = found(loop, UPDATE_REFUSED)
    assert returned.returned
    assert "in 1 pass: " in returned.finding.message


def test_a_pass_that_could_not_try_leaves_it_found(loop: Loop, refusing: set[str]) -> None:
    passes(loop, 0)
    planned = replace(loop, now=NOW + timedelta(hours=1)).plan()
    stale = [Outcome(each.object, each.id, State.STALE) for each in planned.plan.changes]
    told = list(refused_updates(planned, stale, loop.journal, loop.org.id))
    assert [(each.id, each.message.count("in 1 pass")) for each in told] == [(SILENT, 1)]
    applied = [replace(each, state=State.APPLIED) for each in stale]
    assert list(refused_updates(planned, applied, loop.journal, loop.org.id)) == []


def mail(loop: Loop, reader: str, day: int, state: MessageState, words: str = "") -> None:
    """Let the books say what became of the mail of a day."""
    key = f"exceptions:2026-06-{day}:{reader}"
    messages = loop.journal.messages
    messages.plan(loop.org.id, [Letter(key, "ada@example.com", f"<{key}>", b"")], NOW)
    messages.note(loop.org.id, key, state, words, 0, NOW)


def test_a_refused_mail_is_found_until_a_later_one_arrives(loop: Loop) -> None:
    mail(loop, REP, 12, MessageState.SENT)
    passes(loop, 0)
    assert found(loop, MAIL_REFUSED) == []
    mail(loop, REP, 13, MessageState.REFUSED, "550 no such user")
    passes(loop, 1)
    (refused,) = found(loop, MAIL_REFUSED)
    assert (refused.finding.object, refused.finding.id) == ("User", REP)
    assert refused.finding.message == "mails to ada@example.com do not arrive: 550 no such user"
    # One of which nobody knows yet tells nothing.
    mail(loop, REP, 14, MessageState.UNKNOWN)
    passes(loop, 2)
    assert len(found(loop, MAIL_REFUSED)) == 1
    mail(loop, REP, 15, MessageState.SENT)
    passes(loop, 3)
    assert found(loop, MAIL_REFUSED) == []


def test_a_refused_mail_to_nobody_of_the_org_is_no_finding_of_a_record(loop: Loop) -> None:
    mail(loop, "admin", 12, MessageState.REFUSED, "550 no such user")
    assert list(refused_mails(loop.journal, loop.org.id)) == []
