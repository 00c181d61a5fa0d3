"""What does the mail of a day's alerts show, and in which words?"""

from collections.abc import Iterator
from dataclasses import replace

from sfsync.report.alerts import Alert, AlertMail
from sfsync.report.figures import isolated
from sfsync.report.lines import Line, day_in
from sfsync.report.parts import OwnerPart, Row, Section, View
from sfsync.report.sentence import Voice
from sfsync.report.view import FIXED, Writer


def alert_view(mail: AlertMail, voice: Voice) -> View:
    """Say a mail of alerts in a reader's language."""
    writer, speech = _AlertWriter(mail, voice), voice.speech
    day = speech.day(day_in(mail.report.zone, mail.report.now))
    return View(
        language=speech.language,
        subject=speech.say("alert_subject", parts=writer.titles()),
        title=speech.say("alert_title", moment=day),
        summary=speech.count("count_alerts", len(mail.alerts)),
        money=writer.money(mail.report.sums.amount),
        notes=tuple(writer.notes()),
        bars=(),
        teams=(),
        sections=tuple(writer.sections()),
        endings=(speech.say("alert_why"),),
        words={key: speech.say(key) for key in FIXED},
    )


class _AlertWriter(Writer):
    """Says the parts of a mail of alerts."""

    def __init__(self, mail: AlertMail, voice: Voice) -> None:
        super().__init__(mail.report, {}, voice, len(mail.alerts))
        self._mail = mail
        self._moves = {_named(each.line): each for each in mail.alerts if each.is_move}

    def titles(self) -> str:
        """What the alerts are, each once, the worst first, with how many there are of it."""
        counts: dict[str, int] = {}
        for alert in self._mail.alerts:
            title = alert.line.text.title[self._speech.language]
            counts[title] = counts.get(title, 0) + 1
        numbers = {
            title: f" ({self._speech.number(n)})" if n > 1 else "" for title, n in counts.items()
        }
        return ", ".join(f"{title}{number}" for title, number in numbers.items())

    def notes(self) -> Iterator[str]:
        report, speech = self._report, self._speech
        moment = speech.moment(report.now, report.zone)
        yield speech.say("as_of", moment=moment, zone=report.zone)
        if self._mail.left:
            yield speech.count("more_alerts", self._mail.left)

    def sections(self) -> Iterator[Section]:
        """The reader's own first, then those in whose place they read, by name."""
        reader = self._report.reader
        by_owner: dict[tuple[bool, str, str], list[Alert]] = {}
        for alert in self._mail.alerts:
            owner = alert.owner
            key = (owner != reader, owner.name if owner else "", owner.id if owner else "")
            by_owner.setdefault(key, []).append(alert)
        for _, alerts in sorted(by_owner.items()):
            blocks = tuple(self._blocks([each.line for each in alerts]))
            count = self._speech.number(len(alerts))
            yield Section(self._whose(alerts[0]), "open", count, (OwnerPart("", "", blocks),), "")

    def _row(self, line: Line) -> Row:
        row = super()._row(line)
        alert = self._moves.get(_named(line))
        if alert is None:
            return row
        # What moved it ended the spell, whose days do not go on.
        after = [self._speech.count("solved_after", line.days)] if line.days else []
        facts = filter(None, [self.money(line.found.amount), *after])
        sentences = [self._voice.sentence(*each) for each in alert.because]
        if alert.reason:
            sentences.append(isolated(alert.reason))
        return replace(row, facts=tuple(facts), because=tuple(sentences))

    def _whose(self, alert: Alert) -> str:
        owner, speech = alert.owner, self._speech
        if owner is None:
            return speech.say("no_owner")
        if owner == self._report.reader:
            return speech.say("alert_own")
        name = isolated(owner.name)
        return speech.say("alert_unmailed" if owner.is_active else "alert_inactive", owner=name)


def _named(line: Line) -> tuple[str, tuple[str, str]]:
    return line.text.code, line.record
