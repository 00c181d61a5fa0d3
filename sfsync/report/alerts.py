"""Which owner is alerted of what, today?

An alert is told once a spell, or again after its days. A spell is what the facts say: it began so
many days ago as the finding or the move counts them, however often a pass found it. A finding that
counts no days has its spell since it was found.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sfsync.letter import Alerted, AlertNote, Subject
from sfsync.model import Evidence, Finding, OpenFinding
from sfsync.policy import DAY_COUNTS
from sfsync.report.alert_orders import SECTION, AlertOrders
from sfsync.report.lines import Line, Report, Standing, day_in, sum_up, worst_first
from sfsync.report.people import People, Person, manager_of
from sfsync.rules.texts import FindingText

# What was moved longer ago is no news any more.
MOVES_TOLD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Moved:
    """A record that a rule moved, and that still stands where the rule put it.

    `at` is the moment judged (aware UTC), `owner_id` the present owner, `reason` that of the
    change. `found` are the codes of the findings for which the rule asks.
    """

    rule: str
    object: str
    id: str
    name: str
    owner_id: str | None
    before: str | None
    after: str | None
    at: datetime
    evidence: tuple[Evidence, ...] = ()
    amount: float | None = None
    reason: str = ""
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """When owners are alerted (aware), of which org (its URL and zone), and who the admin is."""

    now: datetime
    url: str
    zone: str
    admin: Person


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, of a finding or a move: its line in the mail, its owner (None: nobody known), and
    of what spell it is. `because` are the findings that made a rule move the record, each with its
    texts; where it asks for findings and none of them is open, `reason` says why it did.
    """

    line: Line
    owner: Person | None
    series: str
    spell: str
    is_move: bool
    because: tuple[tuple[Finding, FindingText], ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AlertMail:
    """All alerts of one day for one reader, the worst first; `left` more have no room in it.

    `report` holds the same lines in the form of a report, whose `reader` it goes to.
    """

    report: Report
    alerts: tuple[Alert, ...]
    left: int = 0

    @property
    def notes(self) -> tuple[AlertNote, ...]:
        """What the reader is then told: of what was left they are told another day."""
        reader, now = self.report.reader.id, self.report.now
        return tuple(
            AlertNote(each.series, *each.line.record, each.spell, reader, now)
            for each in self.alerts
        )

    def first(self, most: int) -> "AlertMail":
        """Return a mail of the worst alerts alone, so many at most."""
        kept = self.alerts[:most]
        lines = tuple(each.line for each in kept)
        report = replace(self.report, lines=lines, sums=sum_up(lines))
        return AlertMail(report, kept, self.left + len(self.alerts) - len(kept))


def build_alerts(
    found: Sequence[OpenFinding],
    moves: Sequence[Moved],
    people: People,
    texts: Mapping[str, FindingText],
    orders: AlertOrders,
    told: Mapping[Subject, Alerted],
    occasion: Occasion,
) -> tuple[AlertMail, ...]:
    """Sort what alerts today into one mail for each reader, by their names.

    `told` says of what somebody was alerted before. Findings that are solved, snoozed or waived
    alert nobody, and neither does a move in the spell of such a one, or one of long ago. `moves`
    are those since the findings were found, or longer. A record's alert goes to its owner; where no
    mail reaches them, to their nearest manager whom one reaches, else to the admin.
    """
    desk = _Desk(people, orders, told, occasion)
    alerts = [*desk.of_moves(moves, found, texts), *desk.of_findings(found, texts)]
    by_reader: dict[str, list[Alert]] = {}
    readers: dict[str, Person] = {}
    for alert in alerts:
        reader = _reader(alert, people, occasion.admin)
        readers[reader.id] = reader
        by_reader.setdefault(reader.id, []).append(alert)
    mails = [_mail(readers[id], theirs, orders, occasion) for id, theirs in by_reader.items()]
    return tuple(sorted(mails, key=lambda each: (each.report.reader.name, each.report.reader.id)))


def _reader(alert: Alert, people: People, admin: Person) -> Person:
    owner = alert.owner
    if owner is not None and owner.can_read:
        return owner
    return manager_of(owner.id if owner else None, people) or admin


def _mail(
    reader: Person, alerts: Iterable[Alert], orders: AlertOrders, occasion: Occasion
) -> AlertMail:
    worst = tuple(sorted(alerts, key=lambda each: worst_first(each.line)))
    lines = tuple(each.line for each in worst)
    day = day_in(occasion.zone, occasion.now)
    report = Report(
        key=f"{SECTION}:{day.isoformat()}:{reader.id}",
        name=SECTION,
        reader=reader,
        capacity="owner",
        language=orders.language,
        currency=orders.currency,
        now=occasion.now,
        since=None,
        zone=occasion.zone,
        lines=lines,
        teams=(),
        sums=sum_up(lines, adds_up=bool(orders.currency)),
        trend=(),
        put_off=0,
    )
    return AlertMail(report, worst)


@dataclass(slots=True)
class _Desk:
    """Decides what alerts today."""

    people: People
    orders: AlertOrders
    told: Mapping[Subject, Alerted]
    occasion: Occasion
    moved: set[Subject] = field(default_factory=set)

    def of_moves(
        self,
        moves: Iterable[Moved],
        found: Sequence[OpenFinding],
        texts: Mapping[str, FindingText],
    ) -> Iterator[Alert]:
        """Yield the alerts of moves; of several of one record by one rule that of the last."""
        hidden = {_subject(each) for each in found if each.is_hidden(self._today)}
        known = {_subject(each): each for each in found}
        for move in {(each.rule, each.object, each.id): each for each in moves}.values():
            order = self.orders.moves[move.rule]
            subject = (order.series, move.object, move.id)
            self.moved.add(subject)
            spell, began = self._spell(move.evidence, move.at)
            is_news = move.at >= self.occasion.now - MOVES_TOLD_FOR
            if not is_news or subject in hidden or not self._is_new_spell(subject, spell):
                continue
            message = " → ".join(each or "-" for each in (move.before, move.after))
            finding = Finding(
                move.rule, move.object, move.id, move.name, move.owner_id, message, move.evidence
            )
            days = (day_in(self.occasion.zone, move.at) - began).days
            line = self._line(OpenFinding(finding, move.at, move.at, move.amount), order.text, days)
            owner = self.people.get(move.owner_id or "")
            because = tuple(
                (each.finding, texts[each.finding.code]) for each in _asked_for(move, known)
            )
            reason = move.reason if move.found and not because else ""
            yield Alert(line, owner, order.series, spell, True, because, reason)

    def of_findings(
        self, found: Iterable[OpenFinding], texts: Mapping[str, FindingText]
    ) -> Iterator[Alert]:
        """Yield the alerts of findings, but of those whose records were moved on their account."""
        for each in found:
            code, subject = each.finding.code, _subject(each)
            if code not in self.orders.findings or subject in self.moved:
                continue
            if each.solved_at is not None or each.is_hidden(self._today):
                continue
            spell, began = self._spell(each.finding.evidence, each.last_seen, each.first_seen)
            if self._is_due(subject, spell, self.orders.findings[code]):
                line = self._line(each, texts[code], (self._today - began).days)
                owner = self.people.get(each.finding.owner_id or "")
                yield Alert(line, owner, code, spell, is_move=False)

    @property
    def _today(self) -> date:
        return day_in(self.occasion.zone, self.occasion.now)

    def _spell(
        self, evidence: Iterable[Evidence], judged: datetime, since: datetime | None = None
    ) -> tuple[str, date]:
        """Return the name of a spell, which sorts by its beginning, and the day of that: counted
        back from the moment judged, else `since` then or that moment.
        """
        zone = self.occasion.zone
        for each in evidence:
            if each.fact in DAY_COUNTS and isinstance(each.value, int | float):
                began = day_in(zone, judged) - timedelta(days=int(each.value))
                return began.isoformat(), began
        moment = since or judged
        return moment.isoformat(), day_in(zone, moment)

    def _is_new_spell(self, subject: Subject, spell: str) -> bool:
        # A beginning before the one that was told is no new spell: somebody deleted an activity.
        last = self.told.get(subject)
        return last is None or last.spell < spell

    def _is_due(self, subject: Subject, spell: str, repeat: int | None) -> bool:
        last = self.told.get(subject)
        if last is None:
            return True
        if repeat is None:
            return self._is_new_spell(subject, spell)
        return (self._today - day_in(self.occasion.zone, last.as_of)).days >= repeat

    def _line(self, found: OpenFinding, text: FindingText, days: int) -> Line:
        finding = found.finding
        owner = self.people.get(finding.owner_id or "")
        link = f"{self.occasion.url}/lightning/r/{finding.object}/{finding.id}/view"
        return Line(found, text, owner.name if owner else "", Standing.OPEN, max(0, days), link)


def _asked_for(move: Moved, known: Mapping[Subject, OpenFinding]) -> Iterator[OpenFinding]:
    """Yield the findings that made the rule move a record, and are open still."""
    for code in move.found:
        found = known.get((code, move.object, move.id))
        if found is None or found.solved_at is not None:
            continue
        if found.first_seen <= move.at <= found.last_seen:
            yield found


def _subject(found: OpenFinding) -> Subject:
    return found.finding.code, found.finding.object, found.finding.id
