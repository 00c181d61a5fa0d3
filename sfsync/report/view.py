"""What of a report does the mail show, and in which words?

Templates only lay out what stands here: each text is written, in the reader's language and locale.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile

from sfsync.report.figures import isolated
from sfsync.report.files import file_name
from sfsync.report.forecast import Forecast
from sfsync.report.lines import SEVERITIES, Line, Report, Standing, at_stake, oldest_first
from sfsync.report.parts import (
    Bar,
    Block,
    OwnerPart,
    Point,
    RecordBlock,
    Row,
    Section,
    TeamRow,
    View,
)
from sfsync.report.sentence import Voice
from sfsync.report.shown import MOST_LINES, shown_of
from sfsync.rules.texts import FindingText

# The height of the highest bar, in pixels.
_HIGHEST = 48
_SHORTEST_TREND = 2


def view_of(
    report: Report,
    texts: Mapping[str, FindingText],
    voice: Voice,
    most: int = MOST_LINES,
) -> View:
    """Choose what the mail shows, and say it. `texts` are the findings' by code; of those not
    solved some `most` are shown.
    """
    writer, speech = Writer(report, texts, voice, most), voice.speech
    counts = writer.counts()
    return View(
        language=speech.language,
        subject=speech.say("subject", parts=counts),
        title=speech.say(f"title_{report.capacity}"),
        summary=counts,
        money=writer.money(report.sums.amount),
        forecasts=writer.forecasts(report.forecasts),
        notes=tuple(writer.notes()),
        bars=writer.bars(),
        teams=tuple(writer.teams()),
        sections=tuple(writer.sections()),
        endings=tuple(writer.endings()),
        words={key: speech.say(key) for key in FIXED},
    )


FIXED = ("at_stake", "once", "todo", "colon", "trend", "teams", "teams_note")


class Writer:
    """Says the parts of one report."""

    def __init__(
        self, report: Report, texts: Mapping[str, FindingText], voice: Voice, most: int
    ) -> None:
        self._report = report
        self._texts = texts
        self._voice = voice
        self._speech = voice.speech
        self._shown = shown_of(report.lines, most)

    def money(self, amount: float | None) -> str:
        return self._speech.money(amount, self._report.currency)

    def forecasts(self, forecasts: Iterable[Forecast]) -> tuple[str, ...]:
        """Say how much in Commit rests on deals that lack something, a sentence a currency."""
        speech = self._speech
        return tuple(
            speech.say(
                "forecast",
                incomplete=speech.money(each.incomplete, each.currency or self._report.currency),
                total=speech.money(each.total, each.currency or self._report.currency),
                share=speech.share(each.share),
            )
            for each in forecasts
        )

    def counts(self) -> str:
        sums = self._report.sums
        numbers = {"new": sums.new, "open": sums.open, "high": sums.high, "solved": sums.solved}
        said = [self._speech.count(f"count_{key}", n) for key, n in numbers.items() if n]
        return ", ".join(said)

    def notes(self) -> Iterator[str]:
        report, speech = self._report, self._speech
        moment = speech.moment(report.now, report.zone)
        as_of = speech.say("as_of", moment=moment, zone=report.zone)
        if report.since is None:
            yield f"{as_of} {speech.say('first')}"
        else:
            since = speech.say("since", moment=speech.moment(report.since, report.zone))
            yield f"{as_of} {since}"
        if not report.adds_up:
            yield speech.say("currencies")

    def endings(self) -> Iterator[str]:
        report, speech = self._report, self._speech
        if report.put_off:
            yield speech.count("put_off", report.put_off)
        if report.lines:
            yield speech.say("attached", file=self._table)
        yield speech.say(f"why_{report.capacity}")

    def bars(self) -> tuple[Bar, ...]:
        """From the first week of which something is known; one week alone shows no trend."""
        known = [*dropwhile(lambda week: not week.open, self._report.trend)]
        if len(known) < _SHORTEST_TREND:
            return ()
        highest = max(week.open for week in known)
        return tuple(
            Bar(
                self._speech.short_day(week.ends),
                self._speech.number(week.open),
                max(1, round(_HIGHEST * week.open / highest)),
            )
            for week in known
        )

    def teams(self) -> Iterator[TeamRow]:
        for team in self._report.teams:
            sums = team.sums
            numbers = {"new": sums.new, "open": sums.open, "solved": sums.solved}
            said = [self._speech.count(f"count_{key}", n) for key, n in numbers.items() if n]
            age = self._speech.say("oldest_is", age=self._age(sums.oldest)) if sums.oldest else ""
            facts = ", ".join(filter(None, [self.money(sums.amount), age]))
            name, forecasts = isolated(team.manager.name), self.forecasts(team.forecasts)
            yield TeamRow(name, ", ".join(said), facts, forecasts)

    def sections(self) -> Iterator[Section]:
        speech = self._speech
        for standing, shown in self._shown.items():
            number = sum(line.standing is standing for line in self._report.lines)
            rest = number - len(shown)
            key = "more_solved" if standing is Standing.SOLVED else "more_lines"
            more = speech.count(key, rest, file=self._table) if rest else ""
            if number:
                owners = tuple(self._owners(shown, standing))
                title = speech.say(standing.value)
                yield Section(title, standing.value, speech.number(number), owners, more)

    @property
    def _table(self) -> str:
        """The name of the attached file: who reads the text alone finds it by that."""
        return f"{file_name(self._report.key, self._report.reader)}.csv"

    def _owners(self, lines: Sequence[Line], standing: Standing) -> Iterator[OwnerPart]:
        """Those with the most money at stake first."""
        by_owner: dict[str, list[Line]] = {}
        for line in lines:
            by_owner.setdefault(line.owner, []).append(line)

        def most(item: tuple[str, list[Line]]) -> tuple[float, int, str]:
            return -(at_stake(item[1]) or 0.0), -len(item[1]), item[0]

        for owner, theirs in sorted(by_owner.items(), key=most):
            name = isolated(owner) or self._speech.say("no_owner")
            number = self._speech.number(len(theirs))
            money = self.money(at_stake(theirs)) if self._report.adds_up else ""
            facts = " · ".join(filter(None, [number, money]))
            is_solved = standing is Standing.SOLVED
            blocks = self._blocks(theirs) if is_solved else self._by_record(theirs)
            yield OwnerPart(name, facts, tuple(blocks))

    def _by_record(self, lines: Sequence[Line]) -> Iterator[Block | RecordBlock]:
        """A block for each record with which several things are wrong, and for each thing that is
        the only one; the severest first.
        """
        by_record: dict[tuple[str, str], list[Line]] = {}
        for line in sorted(lines, key=oldest_first):
            by_record.setdefault(line.record, []).append(line)
        several = [self._record(each) for each in by_record.values() if len(each) > 1]
        alone = [line for each in by_record.values() if len(each) == 1 for line in each]
        blocks: list[Block | RecordBlock] = [*several, *self._blocks(alone)]
        yield from sorted(blocks, key=lambda each: SEVERITIES.index(each.severity))

    def _record(self, lines: Sequence[Line]) -> RecordBlock:
        finding = lines[0].found.finding
        ranked = sorted(lines, key=lambda line: SEVERITIES.index(line.text.severity))
        name = isolated(finding.name) or finding.id
        points = tuple(map(self._point, ranked))
        return RecordBlock(name, lines[0].link, self.money(at_stake(lines)), points)

    def _point(self, line: Line) -> Point:
        severity, text, language = line.text.severity, line.text, self._speech.language
        return Point(
            severity,
            self._speech.say(severity),
            text.title[language],
            self._voice.sentence(line.found.finding, text),
            text.remedy[language],
            self._since(line),
        )

    def _blocks(self, lines: Iterable[Line]) -> Iterator[Block]:
        """The severest first, of the same severity what was found first."""
        by_code: dict[tuple[int, str], list[Line]] = {}
        for line in sorted(lines, key=oldest_first):
            key = SEVERITIES.index(line.text.severity), line.text.code
            by_code.setdefault(key, []).append(line)
        # Sorting is stable: within a severity the order of first appearance stays.
        for (rank, code), alike in sorted(by_code.items(), key=lambda item: item[0][0]):
            text = self._texts.get(code, alike[0].text)
            yield Block(
                SEVERITIES[rank],
                self._speech.say(SEVERITIES[rank]),
                text.title[self._speech.language],
                text.remedy[self._speech.language],
                tuple(map(self._row, alike)),
            )

    def _row(self, line: Line) -> Row:
        finding = line.found.finding
        is_solved = line.standing is Standing.SOLVED
        since = (self._solved_after(line.days),) if is_solved else self._since(line)
        facts = tuple(filter(None, [self.money(line.found.amount), *since]))
        message = "" if is_solved else self._voice.sentence(finding, line.text)
        return Row(isolated(finding.name) or finding.id, line.link, message, facts)

    def _since(self, line: Line) -> tuple[str, ...]:
        back = self._speech.say("returned") if line.found.returned else ""
        return tuple(filter(None, [self._age(line.days), back]))

    def _age(self, days: int) -> str:
        return self._speech.count("days", days) if days else self._speech.say("today")

    def _solved_after(self, days: int) -> str:
        if days:
            return self._speech.count("solved_after", days)
        return self._speech.say("solved_today")
