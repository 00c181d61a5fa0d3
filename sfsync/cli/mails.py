"""How do the mails of a command reach files, or their readers?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sfsync.cli import opening
from sfsync.cli.posting import letterhead_of, postman_of
from sfsync.cli.screen import Screen, count
from sfsync.errors import ConfigError
from sfsync.settings import Settings

if TYPE_CHECKING:
    from sfsync.journal import Journal
    from sfsync.letter import Note
    from sfsync.mail import Delivery, Message
    from sfsync.report import Person, Rendered

_NO_ADMIN = (
    "there is nobody to send it to: name the admin in SFSYNC_ADMIN_EMAIL (it tells what has no "
    "manager, and what only an admin can mend)"
)
_SET_IT = "set SFSYNC_SMTP_HOST again, and the next --send sends what it was to take"
# Spreadsheets take a file for UTF-8 where it begins with this.
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one reader. `key` (`exceptions:2026-06-15:005…`) is that of its message, `now` the
    moment that it tells of, `notes` what its reader then knows. `later` says what becomes of it
    where its reader had a mail under this key already and this one tells other things, or has to
    get the like of an earlier day first; without it, the two tell the same.
    """

    key: str
    reader: "Person"
    now: datetime
    rendered: "Rendered"
    notes: "tuple[Note, ...]" = ()
    later: str = ""


class Mails:
    """Writes mails to files, or sends them in the name of an org's books."""

    def __init__(self, settings: Settings, journal: "Journal", books: str, screen: Screen) -> None:
        self._settings = settings
        self._journal = journal
        self._books = books
        self._screen = screen
        self._done: dict[str, Delivery] = {}

    def write(self, mails: Sequence[Mail], folder: Path) -> None:
        """Write each as mail, page, text and table into a folder that is there, and say where."""
        from sfsync.report import file_name

        names = [file_name(mail.key, mail.reader) for mail in mails]
        times = Counter(names)
        for mail, called in zip(mails, names, strict=True):
            # The same person at two domains: one's files would replace the other's.
            name = called if times[called] == 1 else f"{called}-{mail.reader.id}"
            rendered = mail.rendered
            files = {
                "html": rendered.html.encode(),
                "txt": rendered.text.encode(),
                "csv": f"{_MARK}{rendered.csv}".encode() if rendered.csv else b"",
                "eml": self._eml(mail),
            }
            written = [kind for kind, content in files.items() if content]
            for kind in written:
                (folder / f"{name}.{kind}").write_bytes(files[kind])
            kinds = ", ".join(f".{kind}" for kind in written)
            self._screen.say(f"{mail.reader.name}: {folder / name} ({kinds})")
            if not mail.reader.email:
                self._screen.warn(f"{mail.reader.name}: {_NO_ADMIN}", _NO_ADMIN)

    def resume(self) -> bool:
        """Send what earlier processes left, and say what became of it; tell whether all is sent."""
        deliveries = postman_of(self._settings, self._journal, self._books).resume()
        waiting = sum(each.is_waiting for each in deliveries)
        if waiting:
            wait = "waits" if waiting == 1 else "wait"
            self._screen.warn(f"{count(waiting, 'mail')} {wait} for the mail server: {_SET_IT}")
        return self._told(deliveries)

    def send(self, mails: Sequence[Mail]) -> bool:
        """Send each that has a reader, and say what became of it; tell whether all were sent."""
        postman = postman_of(self._settings, self._journal, self._books)
        unread = [mail for mail in mails if not mail.reader.email]
        for mail in unread:
            self._screen.warn(f"{mail.reader.name}: {_NO_ADMIN}", _NO_ADMIN)
        waiting = self._waiting(mails)
        for mail in waiting:
            self._screen.say(f"{mail.reader.name}: {mail.later}")
        # What was just tried as left behind is not tried once more.
        passed = {mail.key for mail in (*unread, *waiting)} | self._done.keys()
        is_done = self._told(
            postman.send([message_of(mail) for mail in mails if mail.key not in passed])
        )
        self._sum_up(len(unread))
        return is_done and not unread

    def _waiting(self, mails: Sequence[Mail]) -> list[Mail]:
        keys = [mail.key for mail in mails if mail.later]
        if not keys:
            return []
        used = {each.key for each in self._journal.messages.read(self._books, keys)}
        late = {_kind_and_reader(key) for key in self._late()}
        return [
            mail
            for mail in mails
            if mail.later and (mail.key in used or _kind_and_reader(mail.key) in late)
        ]

    def _late(self) -> Iterator[str]:
        """Yield the keys of the mails of earlier days that were sent today, or are to be sent."""
        from sfsync.letter import MessageState

        messages, zone = self._journal.messages, ZoneInfo(self._screen.zone)
        yield from (each.key for each in messages.in_states(self._books, [MessageState.PLANNED]))
        today = datetime.combine(opening.wall_clock().astimezone(zone), time(), zone)
        for each in messages.sent_since(self._books, today):
            if each.planned_at < today:
                yield each.key

    def _told(self, deliveries: "Sequence[Delivery]") -> bool:
        """Say what became of messages in this run; tell whether all are sent."""
        for delivery in deliveries:
            self._done[delivery.key] = delivery
            if not _is_sent(delivery) and not delivery.is_waiting:
                self._screen.warn(delivery.sentence)
            elif _is_sent(delivery) and not delivery.is_earlier:
                tell = self._screen.warn if delivery.is_doubled else self._screen.say
                tell(delivery.sentence)
        return all(map(_is_sent, deliveries))

    def _sum_up(self, unread: int) -> None:
        """Say how many mails are out now, of all that were to go out, and how many were before."""
        sent = sum(_is_sent(each) and not each.is_earlier for each in self._done.values())
        earlier = sum(_is_sent(each) and each.is_earlier for each in self._done.values())
        tried = len(self._done) - earlier + unread
        told = [f"{count(sent, 'mail')} of {tried} sent"] if tried else []
        if earlier:
            was, now = "was" if earlier == 1 else "were", "" if tried else ": nothing was sent now"
            before = f"{count(earlier, 'mail')} {was} sent by an earlier run"
            told.append(f"{before}, and none is sent twice{now}")
        if told:
            self._screen.say("; ".join(told))

    def _eml(self, mail: Mail) -> bytes:
        from sfsync.mail import to_eml

        if not mail.reader.email:
            return b""
        head = letterhead_of(self._settings)
        # A file is no mail that was sent: the same report gives the same bytes.
        message_id = f"<{mail.key.replace(':', '.')}@{head.sender.domain}>"
        return to_eml(message_of(mail), head, mail.now, message_id)


def message_of(mail: Mail) -> "Message":
    """Make the message of a mail. Raises ConfigError where its reader's address is none."""
    from sfsync.mail import Address, Attachment, Message
    from sfsync.report import file_name

    rendered, reader = mail.rendered, mail.reader
    name = f"{file_name(mail.key, reader)}.csv"
    table = Attachment(name, "text/csv", f"{_MARK}{rendered.csv}".encode())
    try:
        to = Address(reader.email, reader.name)
    except ValueError as error:
        raise ConfigError([f"{reader.name} (User {reader.id}): {error}"]) from error
    tables = (table,) if rendered.csv else ()
    written = (rendered.subject, rendered.text, rendered.html)
    return Message(to, *written, mail.key, tables, mail.notes)


def _is_sent(delivery: "Delivery") -> bool:
    from sfsync.letter import MessageState

    return delivery.state is MessageState.SENT


def _kind_and_reader(key: str) -> tuple[str, str]:
    kind, _, rest = key.partition(":")
    return kind, rest.rpartition(":")[2]
