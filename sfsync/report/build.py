"""Which reader gets which report?"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sfsync.model import OpenFinding
from sfsync.report.forecast import Commitment, forecasts_of
from sfsync.report.lines import (
    Line,
    Report,
    Standing,
    Team,
    day_in,
    oldest_first,
    sum_up,
    trend_of,
)
from sfsync.report.orders import ReportOrder
from sfsync.report.people import People, Person, manager_of
from sfsync.rules.texts import FindingText


@dataclass(frozen=True, slots=True)
class Edition:
    """One issue of a report: which, as of when, since which one before.

    `told` says as of when each reader got the last one, by their Ids, `since` when all others did
    (None: this is the first). All instants are aware UTC. `url` and `zone` are the org's. `admin`
    reads what nobody else can. `commitments` are the deals in Commit, of which the findings with
    `commit_codes` tell. `adds_up` is False where the org keeps several currencies.
    """

    order: ReportOrder
    now: datetime
    since: datetime | None
    url: str
    zone: str
    admin: Person
    told: Mapping[str, datetime] = field(default_factory=dict)
    commitments: Sequence[Commitment] = ()
    commit_codes: Collection[str] = ()
    adds_up: bool = True

    def last_told(self, reader: Person) -> datetime | None:
        """Return as of when a reader got the report before; None: this is their first."""
        return self.told.get(reader.id, self.since)


def build_reports(
    found: Sequence[OpenFinding],
    people: People,
    texts: Mapping[str, FindingText],
    edition: Edition,
) -> tuple[Report, ...]:
    """Sort findings, open and solved, onto the desks of those who are to read of them.

    Returns the reports by their readers' names; none for whom there is nothing to say. A manager
    gets the findings of their people, and of each manager below the sums. What has no owner, or
    whose owner has no manager whom mail reaches, goes to the admin, and so does a code without a
    text.
    """
    office = _Office(people, edition)
    for each in found:
        text = texts.get(each.finding.code) or _without_text(each.finding.code)
        if edition.order.tells(text):
            office.take(each, text)
    codes = sorted(edition.commit_codes)
    told_of = [texts[each] for each in codes if each in texts and edition.order.tells(texts[each])]
    for deal in edition.commitments if told_of else ():
        office.count(deal, told_of[0])
    reports = [office.report(desk) for desk in office.desks.values()]
    told = [each for each in reports if each.lines or each.teams]
    return tuple(sorted(told, key=lambda each: (each.reader.name, each.reader.id)))


def _without_text(code: str) -> FindingText:
    return FindingText(code, "medium", "admin", {"en": code, "fr": code}, {"en": "", "fr": ""})


@dataclass(slots=True)
class _Desk:
    """What lies on one reader's desk: their lines, and those below by the manager between."""

    reader: Person
    lines: list[Line] = field(default_factory=list)
    below: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    history: list[OpenFinding] = field(default_factory=list)
    put_off: int = 0


class _Office:
    """The desks of one edition's readers."""

    def __init__(self, people: People, edition: Edition) -> None:
        self.desks: dict[str, _Desk] = {}
        self._commitments: dict[str, list[Commitment]] = defaultdict(list)
        self._below: dict[tuple[str, str], list[Commitment]] = defaultdict(list)
        self._people = people
        self._edition = edition
        self._today = day_in(edition.zone, edition.now)

    def take(self, found: OpenFinding, text: FindingText) -> None:
        """Lay a finding on its reader's desk, and in the sums of each manager above."""
        reader = self._reader(found.finding.owner_id, text)
        desk = self._desk(reader)
        # A finding is told again on the day until which it was put off.
        if found.solved_at is None and found.is_hidden(self._today):
            desk.put_off += 1
            return
        desk.history.append(found)
        desk.lines += self._line(found, text, reader)
        if self._edition.order.to != "managers" or reader == self._edition.admin:
            return
        for below, manager in _ranks(reader, self._people):
            above = self._desk(manager)
            above.history.append(found)
            above.below[below.id] += self._line(found, text, manager)

    def count(self, deal: Commitment, text: FindingText) -> None:
        """Count a deal in Commit for its reader and each manager above; it opens no desk."""
        reader = self._reader(deal.owner_id, text)
        self._commitments[reader.id].append(deal)
        if self._edition.order.to != "managers" or reader == self._edition.admin:
            return
        for below, manager in _ranks(reader, self._people):
            self._commitments[manager.id].append(deal)
            self._below[manager.id, below.id].append(deal)

    def report(self, desk: _Desk) -> Report:
        """Write the report of what lies on a desk."""
        edition, order = self._edition, self._edition.order
        below = sorted(desk.below.items(), key=lambda item: self._people[item[0]].name)
        everything = [*desk.lines, *(line for _, lines in below for line in lines)]
        return Report(
            key=f"{order.name}:{self._period()}:{desk.reader.id}",
            name=order.name,
            reader=desk.reader,
            capacity=self._capacity(desk.reader),
            language=order.language,
            currency=order.currency if edition.adds_up else "",
            now=edition.now,
            since=edition.last_told(desk.reader),
            zone=edition.zone,
            lines=tuple(sorted(desk.lines, key=oldest_first)),
            teams=tuple(self._team(desk, id, lines) for id, lines in below if lines),
            sums=sum_up(everything, adds_up=edition.adds_up),
            trend=trend_of(desk.history, edition.now, edition.zone),
            put_off=desk.put_off,
            forecasts=forecasts_of(self._commitments[desk.reader.id]),
            adds_up=edition.adds_up,
        )

    def _team(self, desk: _Desk, manager: str, lines: Sequence[Line]) -> Team:
        deals = self._below[desk.reader.id, manager]
        sums = sum_up(lines, adds_up=self._edition.adds_up)
        return Team(self._people[manager], sums, forecasts_of(deals))

    def _desk(self, reader: Person) -> _Desk:
        return self.desks.setdefault(reader.id, _Desk(reader))

    def _reader(self, owner_id: str | None, text: FindingText) -> Person:
        order, admin = self._edition.order, self._edition.admin
        if order.to == "admin" or text.goes_to == "admin":
            return admin
        owner = self._people.get(owner_id or "")
        if order.to == "owners" and owner is not None and owner.can_read:
            return owner
        return manager_of(owner_id, self._people) or admin

    def _line(self, found: OpenFinding, text: FindingText, reader: Person) -> list[Line]:
        """Return a finding's line; none where it was solved before the reader's last report."""
        standing = self._standing(found, self._edition.last_told(reader))
        if standing is None:
            return []
        finding, edition = found.finding, self._edition
        owner = self._people.get(finding.owner_id or "")
        until = day_in(edition.zone, found.solved_at or edition.now)
        days = max(0, (until - day_in(edition.zone, found.first_seen)).days)
        link = f"{edition.url}/lightning/r/{finding.object}/{finding.id}/view"
        return [Line(found, text, "" if owner is None else owner.name, standing, days, link)]

    def _standing(self, found: OpenFinding, since: datetime | None) -> Standing | None:
        if found.solved_at is not None:
            is_news = since is not None and since < found.solved_at <= self._edition.now
            return Standing.SOLVED if is_news else None
        return Standing.NEW if since is None or found.first_seen > since else Standing.OPEN

    def _capacity(self, reader: Person) -> str:
        if reader == self._edition.admin:
            return "admin"
        return "owner" if self._edition.order.to == "owners" else "manager"

    def _period(self) -> str:
        """Return the day or week of the edition, in the org's zone: `2026-06-15`, `2026-W25`."""
        is_daily = self._edition.order.every == "daily"
        return self._today.isoformat() if is_daily else f"{self._today:%G-W%V}"


def _ranks(reader: Person, people: People) -> Iterator[tuple[Person, Person]]:
    """Go up from a reader: each with the manager above who reads mail; in a circle, once."""
    seen = {reader.id}
    below, manager = reader, manager_of(reader.id, people)
    while manager is not None and manager.id not in seen:
        yield below, manager
        seen.add(manager.id)
        below, manager = manager, manager_of(manager.id, people)
