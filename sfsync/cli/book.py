"""What is a person told of a finding: whose it is, since when, and until when it is set aside?"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from sfsync.cli.opening import opened
from sfsync.cli.options import Place
from sfsync.cli.screen import Screen, count
from sfsync.cli.setting import set_up, texts_file
from sfsync.model import OpenFinding, to_iso

if TYPE_CHECKING:
    from sfsync.journal import Journal
    from sfsync.org import OrgReader
    from sfsync.report import Person
    from sfsync.rules.texts import FindingText

LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Book:
    """The findings of the org that is meant, the org's day, and how they are shown.

    `owners` holds, by Id, the users whose names are known.
    """

    org: "OrgReader"
    journal: "Journal"
    books: str
    today: date
    screen: Screen
    texts: "Mapping[str, FindingText]"
    owners: "Mapping[str, Person]" = field(default_factory=dict)

    def known(self, code: str) -> str:
        """Check a code; raises NotFound with the nearest one."""
        from sfsync.errors import NotFound
        from sfsync.registry import nearest

        if code not in self.texts:
            raise NotFound(f'no finding is called "{code}"{nearest(code, self.texts)}')
        return code

    def with_owners(self, found: Iterable[OpenFinding]) -> Self:
        """Ask the org who owns the records of these findings."""
        return replace(self, owners=self.users({each.finding.owner_id or "" for each in found}))

    def users(self, ids: Iterable[str]) -> "Mapping[str, Person]":
        """Ask the org for these users, by Id; who is none, or is hidden from us, is absent."""
        from sfsync.extract.people import read_users

        return read_users(self.org, ids)

    def owner(self, each: OpenFinding) -> str:
        """Name the user who owns the finding's record, by the Id where the org tells no name; empty
        where none does (but a queue).
        """
        id = each.finding.owner_id or ""
        return self.owners[id].name if id in self.owners else id

    def link(self, each: OpenFinding) -> str:
        """Return the address of the record's page."""
        return f"{self.screen.url}/lightning/r/{each.finding.object}/{each.finding.id}/view"

    def day(self, moment: datetime) -> date:
        """Return the org's day of a moment."""
        return moment.astimezone(ZoneInfo(self.screen.zone)).date()

    def age(self, each: OpenFinding) -> str:
        """Say for how many days a finding is open, and whether it is back."""
        if each.solved_at is not None:
            return f"solved {self.day(each.solved_at)}"
        days = (self.today - self.day(each.first_seen)).days
        words = count(days, "day") if days else "today"
        return f"{words}, returned" if each.returned else words

    def since(self, each: OpenFinding) -> str:
        """Say since when a finding is open, or since when it is not."""
        if each.solved_at is not None:
            return self.age(each)
        return f"{self.day(each.first_seen)} ({self.age(each)})"

    def aside(self, each: OpenFinding, *, once: bool = False) -> list[str]:
        """Say until when a finding is snoozed or waived, and why; `once`: or was so before."""
        why = f": {each.why}" if each.why else ""
        said = []
        for until, verb, reason in (
            (each.snoozed_until, "snoozed", ""),
            (each.waived_until, "waived", why),
        ):
            if until is not None and (once or self.today < until):
                was = "" if self.today < until else "was "
                said.append(f"{was}{verb} until {until}{reason}")
        return said

    def data(self, each: OpenFinding) -> dict[str, Any]:
        """Return a finding as JSON data, with its texts and its link; times in ISO form, UTC."""
        finding = each.finding
        text = self.texts.get(finding.code)
        return {
            **asdict(finding),
            "owner": self.owner(each) or None,
            "severity": text.severity if text else None,
            "goes_to": text.goes_to if text else None,
            "title": text.title[LANGUAGE] if text else None,
            "remedy": text.remedy[LANGUAGE] if text else None,
            "link": self.link(each),
            "amount": each.amount,
            "first_seen": _plain(each.first_seen),
            "last_seen": _plain(each.last_seen),
            "returned": each.returned,
            "solved_at": _plain(each.solved_at),
            "snoozed_until": _plain(each.snoozed_until),
            "waived_until": _plain(each.waived_until),
            "why": each.why,
        }


@contextmanager
def open_book(place: Place, *, quiet: bool) -> Iterator[Book]:
    """Open the findings of the org that is meant."""
    from sfsync.rules.texts import load_texts

    setting = set_up(place)
    texts = load_texts(*texts_file(setting.config))
    with opened(setting) as at:
        services, zone = at.services, at.org.zone
        today = services.now.astimezone(ZoneInfo(zone)).date()
        screen = Screen(zone, at.org.url, quiet)
        yield Book(at.org, services.journal, services.books, today, screen, texts)


def _plain(value: date | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return to_iso(value)
    return None if value is None else value.isoformat()
