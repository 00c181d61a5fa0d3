"""What of a summary does the mail show, and in which words?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sfsync.model import (
    CLOSED_LATER,
    RULE_CAUSE,
    TASK_CAUSE,
    UNDO_CAUSE,
    Run,
    RunState,
    State,
    Value,
)
from sfsync.report.figures import Speech, cleaned, isolated
from sfsync.report.summary import (
    HELD,
    MOVED,
    REFUSED,
    WRITTEN,
    Broken,
    Found,
    Group,
    Left,
    Named,
    Summary,
    Written,
)
from sfsync.rules.texts import FindingText

# A longer part is not read.
MOST_ENTRIES = 40
_LONGEST, _LONGEST_NAME = 400, 80


@dataclass(frozen=True, slots=True)
class Link:
    """A record that is named; `href` is empty where it has no page."""

    name: str
    id: str
    href: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a part: what (`head`), more of it (`detail`), which records, and a figure.

    `label` is a word in a coloured pill, `tone` its colour: high, medium or low.
    """

    head: str
    detail: str = ""
    figure: str = ""
    label: str = ""
    tone: str = "low"
    names: tuple[Link, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Entries of one kind; `more` tells of those that are not shown."""

    title: str
    entries: tuple[Entry, ...]
    more: str


@dataclass(frozen=True, slots=True)
class SummaryView:
    """The mail in words, part by part."""

    language: str
    subject: str
    title: str
    summary: str
    notes: tuple[str, ...]
    parts: tuple[Part, ...]
    endings: tuple[str, ...]
    words: Mapping[str, str]


def summary_view(
    summary: Summary,
    texts: Mapping[str, FindingText],
    speech: Speech,
    most: int = MOST_ENTRIES,
) -> SummaryView:
    """Choose what the mail shows, and say it. `texts` are the findings' by code; of each part the
    first `most` entries are shown.
    """
    writer = _Writer(summary, texts, speech, most)
    counts = writer.counts()
    parts = ", ".join(counts) or writer.runs_and_calls()
    service = summary.period.service
    sender = f"sfsync {service}".strip()
    of_run = f"RUN --org {service}" if service else "RUN"
    why = speech.say("why_summary", show=f"sfsync show {of_run}", undo=f"sfsync undo {of_run}")
    return SummaryView(
        language=speech.language,
        subject=speech.say("runs_subject", sender=sender, parts=parts),
        title=speech.say("runs_title"),
        summary=", ".join([writer.runs_and_calls(), *counts]),
        notes=(writer.note(),),
        parts=tuple(part for part in writer.parts() if part.entries),
        endings=(speech.typeset(why),),
        words={"colon": speech.say("colon")},
    )


class _Writer:
    """Says the parts of one summary."""

    def __init__(
        self,
        summary: Summary,
        texts: Mapping[str, FindingText],
        speech: Speech,
        most: int,
    ) -> None:
        self._most = most
        self._summary = summary
        self._texts = texts
        self._speech = speech

    def counts(self) -> list[str]:
        """What went wrong first."""
        summary = self._summary
        numbers = {
            "broken": sum(len(each.runs) for each in summary.broken),
            **{what: summary.records.get(what, 0) for what in (REFUSED, HELD, MOVED, WRITTEN)},
            "mails": len(summary.mails),
        }
        return [self._speech.count(f"count_{key}", n) for key, n in numbers.items() if n]

    def runs_and_calls(self) -> str:
        summary, count = self._summary, self._speech.count
        calls = summary.api_calls
        told = [count("count_runs", len(summary.runs))]
        return ", ".join(told if calls is None else [*told, count("count_calls", calls)])

    def note(self) -> str:
        period, speech = self._summary.period, self._speech
        moment = speech.moment(period.now, period.zone)
        as_of = speech.say("as_of", moment=moment, zone=period.zone)
        if period.since is None:
            return f"{as_of} {speech.say('runs_one', value=period.run)}"
        since = speech.moment(period.since, period.zone)
        key = "runs_first" if period.is_first else "runs_since"
        return f"{as_of} {speech.typeset(speech.say(key, moment=since))}"

    def parts(self) -> Iterator[Part]:
        summary = self._summary
        refused = [each for each in summary.left if each.state is State.REFUSED]
        held = [each for each in summary.left if each.state is not State.REFUSED]
        moved = [each for each in summary.written if each.way is not None]
        other = [each for each in summary.written if each.way is None]
        yield self._part("broken", map(self._broken, summary.broken))
        yield self._part("refused", map(self._left, refused))
        yield self._part("held", map(self._left, held))
        yield self._part("moved", map(self._written, moved))
        yield self._part("written", map(self._written, other))
        yield self._part("mails", self._mails())
        yield self._part("found", map(self._found, summary.found))
        yield self._part("runs", map(self._run, reversed(summary.runs)))

    def _part(self, key: str, entries: Iterable[Entry]) -> Part:
        every = list(entries)
        rest = len(every) - self._most
        more = self._speech.count("count_more", rest) if rest > 0 else ""
        return Part(self._speech.say(f"section_{key}"), tuple(every[: self._most]), more)

    def _broken(self, each: Broken) -> Entry:
        speech, last = self._speech, each.runs[-1]
        moment = self._moment(last)
        detail = f"{last.job} · {moment} · {last.id}"
        if len(each.runs) > 1:
            several = speech.count("count_runs", len(each.runs))
            detail = f"{several}, {speech.say('last_at', moment=moment)} · {last.id}"
        head = _short(each.error)
        if not head or head.startswith(CLOSED_LATER):
            is_open = each.state is RunState.RUNNING
            head = speech.typeset(speech.say("why_running" if is_open else "why_crashed"))
        return Entry(head, detail, label=speech.say(f"run_{each.state}"), tone="high")

    def _left(self, each: Left) -> Entry:
        speech = self._speech
        if each.state in (State.STALE, State.UNKNOWN):
            head, code = speech.typeset(speech.say(f"why_{each.state}")), ""
        else:
            head, code = _short(each.message) or each.code, each.code
        tone = "medium" if each.state in (State.STALE, State.SKIPPED) else "high"
        return self._entry(head, code, each.group, speech.say(f"state_{each.state}"), tone)

    def _written(self, each: Written) -> Entry:
        cause = each.cause.removeprefix(RULE_CAUSE).removeprefix(TASK_CAUSE)
        if cause.startswith(UNDO_CAUSE):
            cause = self._speech.say("undo_of", value=cause.removeprefix(UNDO_CAUSE))
        if each.way is None:
            # The upkeep of dates and scores; what else is written bears what it is in its cause.
            group = each.group if ":" in each.cause else Group(each.group.records, 1, ())
            return self._entry(cause, each.object, group)
        way = " → ".join(map(self._state, each.way))
        return self._entry(way, f"{cause} · {each.object}", each.group)

    def _state(self, value: Value) -> str:
        return self._speech.say("no_state") if value is None else isolated(str(value))

    def _entry(
        self, head: str, detail: str, group: Group, label: str = "", tone: str = "low"
    ) -> Entry:
        speech = self._speech
        rest = group.records - len(group.first)
        more = speech.count("count_more", rest) if rest and group.first else ""
        figure = speech.count("count_records", group.records)
        if label and group.runs > 1:
            figure = f"{figure} {speech.count('count_in_runs', group.runs)}"
        return Entry(head, detail, figure, label, tone, tuple(map(self._link, group.first)), more)

    def _link(self, named: Named) -> Link:
        url = self._summary.period.url
        has_page = named.id and named.is_there
        href = f"{url}/lightning/r/{named.object}/{named.id}/view" if has_page else ""
        return Link(isolated(_short(named.name, _LONGEST_NAME)) or named.id, named.id, href)

    def _mails(self) -> Iterator[Entry]:
        for each in self._summary.mails:
            kind = each.key.partition(":")[0]
            label, tone = self._speech.say(f"mail_{each.state}"), "high"
            yield Entry(each.recipient, _short(each.words), kind, label, tone)

    def _found(self, each: Found) -> Entry:
        text, speech = self._texts.get(each.code), self._speech
        title = each.code if text is None else text.title[speech.language]
        numbers = {"new": each.new, "solved": each.solved}
        said = [speech.count(f"count_{key}", n) for key, n in numbers.items() if n]
        return Entry(title, figure=", ".join(said))

    def _run(self, run: Run) -> Entry:
        speech = self._speech
        said = [speech.count(f"count_state_{state}", n) for state, n in sorted(run.counts.items())]
        done = ", ".join(said) or speech.say("nothing_done")
        if run.state is not RunState.FINISHED:
            ended = speech.say(f"run_{run.state}")
            done = ended if not said else f"{ended}{speech.say('colon')} {done}"
        calls = "" if run.api_calls is None else speech.count("count_calls", run.api_calls)
        return Entry(f"{self._moment(run)} · {done}", f"{run.job} · {run.id}", calls)

    def _moment(self, run: Run) -> str:
        return self._speech.moment(run.started, self._summary.period.zone)


def _short(text: str, longest: int = _LONGEST) -> str:
    """Return a text on one line, cut where nobody reads on."""
    plain = cleaned(text)
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
