"""Does each message reach its reader once, whatever the mail server says or does not say?"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from mail_server import CUT, PASSWORD, USER, Post, certificates, serving
from old_journals import sql_of

from sfsync.errors import Locked
from sfsync.journal import Journal
from sfsync.letter import MessageState
from sfsync.mail import (
    Address,
    Delivery,
    Letterhead,
    Message,
    Outbox,
    Pace,
    Postman,
    Security,
    Server,
    SmtpCarrier,
)
from sfsync.mail.postman import GIVE_UP

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
BOOKS = "00D000000000001EAA"
HEAD = Letterhead(Address("sales-loop@example.com", "Sales loop"))
PLANNED, SENT, REFUSED, UNKNOWN = (
    MessageState(word) for word in ("planned", "sent", "refused", "unknown")
)


@dataclass
class Office:
    """Runs that send messages, one after the other, with the books that they share."""

    journal: Journal
    now: datetime = NOW
    waited: list[float] = field(default_factory=list)
    per_minute: float | None = None

    def postman(self, post: Post, **server: Any) -> Postman:
        return self.with_carrier(carrier_to(post, **server))

    def with_carrier(self, carrier: Any) -> Postman:
        pace = Pace(lambda: self.now, self.sleep, self.per_minute, monotonic=self.monotonic)
        return Postman(carrier, self.journal.messages, BOOKS, HEAD, pace)

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    def monotonic(self) -> float:
        return sum(self.waited)


def carrier_to(post: Post, tell: Callable[[str], None] = print, **server: Any) -> SmtpCarrier:
    given = {"security": Security.NONE, "timeout": 5.0, **server}
    return SmtpCarrier(Server("localhost", post.port, **given), tell)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    journal = Journal.open(f"sqlite:///{tmp_path / 'journal.db'}")
    yield Office(journal)
    journal.close()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine trust the authority of the tests' mail server."""
    file = tmp_path / "authority.pem"
    file.write_bytes(certificates().authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def messages(*names: str, day: str = "2026-06-15") -> list[Message]:
    return [
        Message(
            Address(f"{name}@example.com"),
            f"For {name}",
            f".\nHello {name}\n",
            "",
            f"{day}:{name}",
        )
        for name in names
    ]


def to(*names: str) -> list[str]:
    return [f"{name}@example.com" for name in names]


def states(deliveries: Sequence[Delivery]) -> list[MessageState]:
    return [each.state for each in deliveries]


def test_messages_arrive_in_order_over_one_connection_and_never_again(office: Office) -> None:
    with serving() as post:
        done = office.postman(post).send(messages("ana", "bea", "cyd"))
        assert states(done) == [SENT] * 3
        assert post.recipients == to("ana", "bea", "cyd")
        assert post.connections == 1
        assert post.senders == ["sales-loop@example.com"] * 3
        assert post.mails[0].get_content().splitlines() == [".", "Hello ana"]

        again = office.postman(post).send(messages("ana", "bea", "dan"))
        assert [each.is_earlier for each in again] == [True, True, False]
        assert again[0].sentence.startswith("the mail to ana@example.com was sent (250 OK: queued)")
        assert post.recipients == to("ana", "bea", "cyd", "dan")
        assert office.postman(post).resume() == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_they_arrive_encrypted_and_signed_in(office: Office, security: Security) -> None:
    tls = security is Security.TLS
    told: list[str] = []
    with serving(starttls=not tls, tls=tls, login=True) as post:
        carrier = carrier_to(post, told.append, security=security, user=USER, password=PASSWORD)
        assert states(office.with_carrier(carrier).send(messages("ana"))) == [SENT]
        assert post.sign_ins == 1
    if not tls:
        assert post.secure == [True]
    assert told == [
        f"connected to localhost, port {post.port}",
        "encrypted with TLSv1.3; the certificate is good",
        f"signed in as {USER}",
        "mail from sales-loop@example.com to ana@example.com is welcome",
    ]


@pytest.mark.usefixtures("trusted")
def test_a_password_may_hold_any_letters(office: Office) -> None:
    with serving(starttls=True, login=True, password="clé d’été") as post:
        way = {"security": Security.STARTTLS, "user": USER, "password": "clé d’été"}
        assert states(office.postman(post, **way).send(messages("ana"))) == [SENT]
        way["password"] = "clé d’hiver"
        (done,) = office.postman(post, **way).send(messages("bea"))
        assert (done.state, "refuses the sign-in" in done.words) == (PLANNED, True)


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_told_and_not_tried_again_and_nothing_is_lost(office: Office) -> None:
    with serving(starttls=True, login=True) as post:
        way = {"security": Security.STARTTLS, "user": USER}
        done = office.postman(post, **way, password="wr0ng").send(messages("ana", "bea"))
        assert states(done) == [PLANNED] * 2
        assert f"refuses the sign-in of {USER}: 535 " in done[0].words
        assert "check SFSYNC_SMTP_USER and SFSYNC_SMTP_PASSWORD" in done[1].words
        assert "wr0ng" not in repr(done) + repr(Server("a", 1, Security.TLS, "u", "wr0ng"))
        assert office.waited == []
        assert post.delivered == []
        # smtplib tries each way to sign in that the server offers, once
        assert post.sign_ins <= 2

        later = office.postman(post, **way, password=PASSWORD).resume()
        assert states(later) == [SENT] * 2
        assert not any(each.is_doubled for each in later)


def test_nothing_goes_out_where_the_certificate_is_not_good(office: Office) -> None:
    with serving(starttls=True) as post:
        (done,) = office.postman(post, security=Security.STARTTLS).send(messages("ana"))
    assert done.state is PLANNED
    assert "shows a certificate that is not good: " in done.words
    assert "SSL_CERT_FILE" in done.words
    assert (post.delivered, office.waited) == ([], [])


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_nothing_goes_out_in_the_clear_where_the_server_cannot_encrypt(
    office: Office, security: Security
) -> None:
    with serving() as post:
        (done,) = office.postman(post, security=security).send(messages("ana"))
    assert (done.state, post.delivered, office.waited) == (PLANNED, [], [])
    assert "check SFSYNC_SMTP_HOST, SFSYNC_SMTP_PORT and SFSYNC_SMTP_SECURITY" in done.words


def test_a_refused_recipient_keeps_nobody_else_from_theirs_and_is_never_tried_again(
    office: Office,
) -> None:
    with serving(refused=set(to("bea"))) as post:
        done = office.postman(post).send(messages("ana", "bea", "cyd"))
        assert states(done) == [SENT, REFUSED, SENT]
        assert done[1].words == (
            "the mail server does not take mail to bea@example.com: "
            "550 5.1.1 <bea@example.com>: no such user"
        )
        assert post.recipients == to("ana", "cyd")
        post.refused.clear()
        assert office.postman(post).resume() == []
        assert office.postman(post).send(messages("bea"))[0].is_earlier
        assert post.recipients == to("ana", "cyd")


@pytest.mark.parametrize(
    "asked", ["to_sender", "to_recipient", "to_letter"], ids=lambda name: str(name)
)
@pytest.mark.parametrize("code", [421, 451])
def test_what_the_server_puts_off_is_tried_again_after_the_others(
    office: Office, asked: str, code: int
) -> None:
    with serving(**{asked: [f"{code} 4.7.1 try again later"]}) as post:
        done = office.postman(post).send(messages("ana", "bea"))
    assert states(done) == [SENT] * 2
    assert post.recipients == to("bea", "ana")
    assert office.waited == [5]
    assert not done[0].is_doubled


def test_what_stays_put_off_is_left_to_the_next_run_for_three_days(office: Office) -> None:
    slow = ["450 4.2.1 busy"] * 4
    with serving(to_recipient=slow * 3) as post:
        (done,) = office.postman(post).send(messages("ana"))
        assert (done.state, done.words[-14:]) == (PLANNED, "450 4.2.1 busy")
        assert "is put off, and the next run tries again" in done.sentence
        assert office.waited == [5, 30, 90]
        office.now += timedelta(days=2)
        assert states(office.postman(post).resume()) == [PLANNED]
        office.now += timedelta(days=1)
        (last,) = office.postman(post).resume()
        assert (last.state, last.words[:24]) == (REFUSED, "given up after 3 days: t")
        assert office.postman(post).resume() == []
    assert post.delivered == []


@pytest.mark.parametrize("asked", ["to_sender", "to_recipient"])
def test_a_connection_cut_before_the_letter_loses_and_doubles_nothing(
    office: Office, asked: str
) -> None:
    with serving(**{asked: [CUT]}) as post:
        done = office.postman(post).send(messages("ana", "bea"))
    assert states(done) == [SENT] * 2
    assert sorted(post.recipients) == to("ana", "bea")
    assert not any(each.is_doubled for each in done)


def test_a_connection_cut_after_the_letter_is_said_and_the_next_run_sends_it_once_more(
    office: Office,
) -> None:
    with serving(to_letter=[CUT]) as post:
        first, second = office.postman(post).send(messages("ana", "bea"))
        assert (first.state, second.state) == (UNKNOWN, SENT)
        assert "was perhaps sent; the next run sends it again, once" in first.sentence
        assert post.recipients == to("ana", "bea")

        (again,) = office.postman(post).resume()
        assert (again.state, again.is_doubled) == (SENT, True)
        assert "perhaps it is there twice" in again.sentence
        assert post.recipients == to("ana", "bea", "ana")
        ana, _, twin = post.mails
        assert ana["Message-ID"] == twin["Message-ID"]
        assert ana.as_bytes() == twin.as_bytes()
        assert office.postman(post).resume() == []
        assert office.postman(post).send(messages("ana"))[0].is_earlier
    assert len(post.delivered) == 3


def test_a_letter_in_doubt_waits_for_all_others(office: Office) -> None:
    with serving(to_letter=[CUT]) as post:
        office.postman(post).send(messages("ana"))
        office.postman(post).send(messages("ana", "bea", "cyd"))
    assert post.recipients == to("ana", "bea", "cyd", "ana")


def test_a_letter_in_doubt_twice_is_left_to_people(office: Office) -> None:
    with serving(to_letter=[CUT, CUT]) as post:
        office.postman(post).send(messages("ana"))
        (again,) = office.postman(post).send(messages("ana"))
        assert (again.state, again.handed_over) == (UNKNOWN, 2)
        assert "handed over twice, each time without an answer, and is not" in again.sentence
        assert office.postman(post).resume() == []
        assert len(post.delivered) == 2


def test_a_letter_in_doubt_that_is_put_off_stays_in_doubt(office: Office) -> None:
    with serving(to_letter=[CUT]) as post:
        office.postman(post).send(messages("ana"))
        post.to_letter = ["451 busy"] * 4
        (later,) = office.postman(post).resume()
        assert (later.state, later.handed_over) == (UNKNOWN, 1)
        post.to_letter = ["554 spam"]
        (last,) = office.postman(post).resume()
        assert (last.state, last.handed_over) == (REFUSED, 1)
        assert "is not sent again, and nobody knows whether it came" in last.sentence


def test_a_server_that_is_away_is_asked_again_after_pauses(office: Office) -> None:
    with serving() as post:
        pass
    done = office.postman(post).send(messages("ana", "bea"))
    assert states(done) == [PLANNED] * 2
    assert office.waited == [5, 30, 90]
    assert "cannot be reached: Connection refused" in done[1].words
    with serving() as back:
        assert states(office.postman(back).resume()) == [SENT] * 2


def test_a_server_that_hung_up_on_who_was_silent_is_called_again(office: Office) -> None:
    with serving() as post:
        carrier = carrier_to(post)

        class Silent:
            is_outbox = False

            def carry(self, *given: Any) -> Any:
                answer = carrier.carry(*given)
                assert carrier._smtp is not None
                assert carrier._smtp.sock is not None
                carrier._smtp.sock.shutdown(2)
                return answer

            def close(self) -> None:
                carrier.close()

        assert states(office.with_carrier(Silent()).send(messages("ana", "bea"))) == [SENT] * 2
        assert (post.connections, office.waited) == (2, [])


def test_who_may_not_send_sends_nothing_more(office: Office) -> None:
    with serving(to_sender=["550 5.7.60 not allowed to send as this sender"] * 2) as post:
        done = office.postman(post).send(messages("ana", "bea"))
        assert len(post.to_sender) == 1
    assert states(done) == [PLANNED] * 2
    assert "check SFSYNC_MAIL_FROM" in done[1].words


def test_no_more_go_out_in_a_minute_than_the_server_bears(office: Office) -> None:
    office.per_minute = 30
    with serving() as post:
        office.postman(post).send(messages("ana", "bea", "cyd"))
    assert office.waited == [2, 2]


def test_what_cannot_be_written_as_a_mail_is_refused_alone(office: Office) -> None:
    broken = Message(Address("ana@example.com"), "half of \ud83d", "a", "", "broken")
    with serving() as post:
        done = office.postman(post).send([broken, *messages("bea")])
    assert states(done) == [REFUSED, SENT]
    assert "cannot be written as a mail" in done[0].words


def test_of_two_processes_only_one_sends_a_message(office: Office) -> None:
    with serving() as post:
        office.postman(post).send([])
        late = office.postman(post)
        keys = office.journal.messages
        late._plan(messages("ana"))
        (seen,) = keys.read(BOOKS, ["2026-06-15:ana"])
        office.postman(post).resume()
        with pytest.raises(Locked, match="another process is sending the message 2026-06-15:ana"):
            keys.mark_sending(BOOKS, seen.key, seen.handed_over, NOW)
    assert post.recipients == to("ana")


def test_without_a_server_mails_go_to_files_once_each(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    done = office.with_carrier(Outbox(folder)).send(messages("ana", "bea"))
    assert states(done) == [SENT] * 2
    first, second = sorted(folder.iterdir())
    assert first.name.startswith("20260615-080000-2026-06-15-ana-")
    assert done[1].words == f"written to {second}"
    assert message_from_bytes(first.read_bytes())["To"] == "ana@example.com"
    office.with_carrier(Outbox(folder)).send(messages("ana"))
    assert len(list(folder.iterdir())) == 2


def test_what_waits_for_a_server_is_given_up_after_the_same_time(
    office: Office, tmp_path: Path
) -> None:
    with serving() as post:
        pass
    office.postman(post).send(messages("ana"))
    outbox = Outbox(tmp_path / "outbox")
    office.now = NOW + GIVE_UP - timedelta(seconds=1)
    (waits,) = office.with_carrier(outbox).resume()
    assert (waits.state, waits.is_waiting) == (PLANNED, True)
    office.now = NOW + GIVE_UP
    (over,) = office.with_carrier(outbox).resume()
    assert (over.state, over.is_waiting, over.is_earlier) == (REFUSED, False, False)
    assert over.words == "given up after 3 days: no mail server is set"
    office.now = NOW + timedelta(days=60)
    with serving() as back:
        assert office.postman(back).resume() == []
    assert back.recipients == []
    assert not (tmp_path / "outbox").exists()


def test_what_was_sent_or_refused_is_no_longer_kept(office: Office) -> None:
    kept = office.journal.messages
    with serving(refused=set(to("bea")), to_letter=["250 OK", CUT]) as post:
        office.postman(post).send(messages("ana", "bea", "cyd"))
    keys = [message.key for message in messages("ana", "bea", "cyd")]
    assert [kept.letter(BOOKS, key) is None for key in keys] == [True, True, False]
    assert kept.counts() == {"sent": 1, "refused": 1, "unknown": 1}
    assert [each.key for each in kept.in_states(BOOKS, [REFUSED, UNKNOWN])] == keys[1:]


def test_a_journal_from_before_there_were_messages_takes_them(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(";".join(sql_of("4", postgresql=False)))
    journal = Journal.open(f"sqlite:///{file}")
    with serving() as post:
        assert states(Office(journal).postman(post).send(messages("ana"))) == [SENT]
    journal.close()
    again = Journal.open(f"sqlite:///{file}")
    assert again.messages.counts() == {"sent": 1}
    again.close()


def test_the_books_of_one_org_are_not_those_of_another(office: Office) -> None:
    with serving() as post:
        office.postman(post).send(messages("ana"))
        pace = Pace(lambda: NOW, office.sleep)
        other = Postman(carrier_to(post), office.journal.messages, "another", HEAD, pace)
        assert states(other.send(messages("ana"))) == [SENT]
    assert post.recipients == to("ana", "ana")
