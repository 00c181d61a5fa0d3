"""Does a message become a mail that every reader and server understands, and no other one?"""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sfsync.mail import Address, Attachment, Letterhead, Message, to_eml
from sfsync.mail.model import one_line

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
HEAD = Letterhead(
    Address("sales-loop@example.com", "Sales loop"),
    Address("admin@example.com"),
    Address("leave@example.com"),
)
ID = "<1@example.com>"
NAME = "Zoé Lefèvre de la Société Générale d’Été à Saint-Étienne (direction « Été »)"
CSV = "Id;Nom\r\n001;Société Générale d’Été\r\n".encode()


def a_message(
    subject: str = "3 exceptions", name: str = "Ana Birch", text: str = "Hello.\n", file: str = ""
) -> Message:
    attachments = (Attachment(file, "text/csv", CSV),) if file else ()
    to = Address("ana@example.com", name)
    return Message(to, subject, text, f"<p>{text}</p>", "key", attachments)


def read(content: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(content, policy=default))


def name_in(content: bytes) -> str:
    """The reader's name; the library itself puts spaces between the parts of a long one."""
    written = message_from_bytes(content)["To"].strip()
    if written.startswith("=?"):
        return str(make_header(decode_header(written.rpartition("<")[0].strip())))
    name: str = read(content)["To"].addresses[0].display_name
    return name


def written(message: Message) -> bytes:
    return to_eml(message, HEAD, NOW, ID)


def test_a_mail_says_from_whom_to_whom_when_and_how_to_be_left_alone() -> None:
    mail = read(written(a_message()))
    assert {name: str(mail[name]) for name in mail if name != "Content-Type"} == {
        "From": "Sales loop <sales-loop@example.com>",
        "To": "Ana Birch <ana@example.com>",
        "Subject": "3 exceptions",
        "Date": "Mon, 15 Jun 2026 08:00:00 +0000",
        "Message-ID": ID,
        "Reply-To": "admin@example.com",
        "List-Unsubscribe": "<mailto:leave@example.com?subject=unsubscribe>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
    }
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")


def test_letters_of_any_language_come_through() -> None:
    subject = "Relance: société « Été » 🎯 " * 6
    text = "Été à l’école: 12 500,00 €\n" + "x" * 3000 + "\n.\n..\n"
    content = written(a_message(subject, NAME, text, "été.csv"))
    mail = read(content)
    assert str(mail["Subject"]) == subject.strip()
    assert name_in(content) == NAME
    body, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert body is not None
    assert html is not None
    assert body.get_content().splitlines() == text.splitlines()
    assert html.get_content().splitlines() == f"<p>{text}</p>".splitlines()
    (csv,) = mail.iter_attachments()
    assert (csv.get_filename(), csv.get_content_type()) == ("été.csv", "text/csv")
    assert csv.get_payload(decode=True) == CSV
    assert csv.get_content_charset() == "utf-8"


TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
@example("=?utf-8?q?a=0D=0ABcc:_all@example.org?=", "=?utf-8?q?a=0ABcc:_b@example.org?=", "", "")
@example("x" * 999, "y" * 999, "z" * 999, "é" * 300)
@settings(max_examples=40)
def test_whatever_stands_in_names_and_subjects_no_header_is_added(
    subject: str, name: str, text: str, file: str
) -> None:
    content = written(a_message(subject, name, text, f"{file}.csv"))
    mail, plain = read(content), read(written(a_message(file="a.csv")))
    assert [part.get_content_type() for part in mail.walk()] == [
        part.get_content_type() for part in plain.walk()
    ]
    assert mail.keys() == plain.keys()
    assert str(mail["Subject"]) == one_line(subject).replace("=?", "= ?")
    assert name_in(content) == one_line(name).replace("=?", "= ?")
    assert [address.addr_spec for address in mail["To"].addresses] == ["ana@example.com"]
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert content.isascii()
    assert not any(mark in line for line in lines for mark in (b"\r", b"\n"))


def test_an_injected_header_ends_up_in_the_subject() -> None:
    mail = read(written(a_message("News\r\nBcc: all@example.org", "Ana\nBcc: all@example.org")))
    assert mail["Bcc"] is None
    assert str(mail["Subject"]) == "News Bcc: all@example.org"


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ana",
        "ana@",
        "@example.com",
        "ana@example..com",
        "ana birch@example.com",
        "ana@example.com\nBcc: all@example.org",
        "ana@example.com>\r\nRCPT TO:<all@example.org",
        "ana@example.com,bea@example.com",
        "<ana@example.com>",
        "zoé@example.com",
        "ana@@example.com",
        "a@b@example.com",
        "a" * 250 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(ValueError, match="no mail address"):
        Address(email)


def test_addresses_are_read_as_people_write_them() -> None:
    assert Address.parse("Ana Birch <ana@example.com>") == Address("ana@example.com", "Ana Birch")
    assert Address.parse("o'neil+x@example.com").email == "o'neil+x@example.com"
    assert Address("ana@société.example").email == "ana@xn--socit-esab.example"
    with pytest.raises(ValueError, match="no mail address"):
        Address.parse("nobody")


def test_the_same_message_is_the_same_mail() -> None:
    assert written(a_message(file="a.csv")) == written(a_message(file="a.csv"))


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_eml(a_message(), HEAD, NOW.replace(tzinfo=None), ID)
