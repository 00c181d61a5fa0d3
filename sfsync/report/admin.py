"""What is the admin told at once, and how does the mail say it?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sfsync.errors import ExitCode
from sfsync.model import OpenFinding
from sfsync.report.figures import Speech, cleaned, isolated
from sfsync.report.people import Person
from sfsync.report.summary_view import Entry, Link, Part, SummaryView
from sfsync.rules.sayings import FIELDS, PASSES, REFUSAL

ADMIN = "admin"
_LONGEST, _LONGEST_NAME, _LONGEST_KEY = 400, 80, 200
_REMEDIES = {
    ExitCode.INTERNAL: ("do_internal", "sfsync runs"),
    ExitCode.USAGE: ("do_usage", "sfsync rules check"),
    ExitCode.STOPPED: ("do_stopped", "sfsync plan {job}"),
    ExitCode.CONFIGURATION: ("do_configuration", "sfsync doctor"),
    ExitCode.UNREACHABLE: ("do_unreachable", "sfsync doctor"),
}
_DIED = ("do_died", "sfsync runs")


@dataclass(frozen=True, slots=True)
class Failed:
    """A job failed: with which words and exit code (None: its process died), when its last good
    run ended (None: never), and how many runs failed since.
    """

    job: str
    error: str
    exit_code: int | None
    good: datetime | None
    failures: int

    @property
    def cause(self) -> str:
        """By what it goes: of each cause there is one mail an hour at most."""
        return f"failed:{self.job}"


@dataclass(frozen=True, slots=True)
class Recovered:
    """A job that failed works again; `since` is when the admin was told of the failure."""

    job: str
    since: datetime

    @property
    def cause(self) -> str:
        """By what it goes."""
        return f"recovered:{self.job}"


@dataclass(frozen=True, slots=True)
class RefusedAgain:
    """Records that the org refused to update in pass after pass."""

    found: tuple[OpenFinding, ...]

    @property
    def cause(self) -> str:
        """By what it goes."""
        return "refused"


@dataclass(frozen=True, slots=True)
class ReserveTouched:
    """The org has fewer API calls left than are kept for others."""

    left: int
    total: int
    kept: int

    @property
    def cause(self) -> str:
        """By what it goes."""
        return "reserve"


Occasion = Failed | Recovered | RefusedAgain | ReserveTouched


@dataclass(frozen=True, slots=True)
class AdminNews:
    """What is told, to whom (`language`: as ordered), as of which moment (aware UTC), in which
    zone; `url` is the org's, empty where it is not known. `service` is the org's name, where there
    are several.
    """

    reader: Person
    language: str
    now: datetime
    zone: str
    url: str
    occasions: tuple[Occasion, ...]
    service: str = ""

    @property
    def key(self) -> str:
        """The key of its message: two of one second tell different things."""
        causes = "+".join(each.cause.replace(":", "-") for each in self.occasions)
        return f"{ADMIN}:{self.now:%Y%m%dT%H%M%SZ}-{causes}:{self.reader.id}"[:_LONGEST_KEY]


def admin_view(news: AdminNews, speech: Speech, most: int) -> SummaryView:
    """Say what is told; of records the first `most` are shown."""
    writer = _Writer(news, speech, most)
    heads = ", ".join(map(writer.head, news.occasions))
    is_good = all(isinstance(each, Recovered) for each in news.occasions)
    moment = speech.moment(news.now, news.zone)
    sender = f"sfsync {news.service}".strip()
    return SummaryView(
        language=speech.language,
        subject=speech.typeset(f"{sender}: {heads}"),
        title=speech.say("admin_title_good" if is_good else "admin_title"),
        summary=f"{news.service}: {heads}" if news.service else heads,
        notes=(speech.say("as_of", moment=moment, zone=news.zone),),
        parts=tuple(map(writer.part, news.occasions)),
        endings=(speech.typeset(speech.say("why_admin")),),
        words={"colon": speech.say("colon")},
    )


class _Writer:
    """Says the parts of one mail."""

    def __init__(self, news: AdminNews, speech: Speech, most: int) -> None:
        self._news = news
        self._speech = speech
        self._most = most

    def head(self, each: Occasion) -> str:
        say = self._speech.say
        if isinstance(each, Failed):
            return say("admin_failed", job=each.job)
        if isinstance(each, Recovered):
            return say("admin_recovered", job=each.job)
        if isinstance(each, RefusedAgain):
            return self._speech.count("admin_refused", len(each.found))
        return say("admin_reserve")

    def part(self, each: Occasion) -> Part:
        if isinstance(each, Failed):
            entries, more = self._failed(each), ""
        elif isinstance(each, Recovered):
            entries, more = self._recovered(each), ""
        elif isinstance(each, RefusedAgain):
            rest = len(each.found) - self._most
            more = self._speech.count("count_more", rest) if rest > 0 else ""
            entries = self._refused(each)
        else:
            entries, more = self._reserve(each), ""
        title = self.head(each)
        if not isinstance(each, (Failed, Recovered)):
            # A job is written as it is called.
            title = title[:1].upper() + title[1:]
        return Part(title, tuple(entries), more)

    def _failed(self, each: Failed) -> Iterator[Entry]:
        say = self._speech.say
        head = _short(each.error) or self._say("failed_silent")
        detail = self._say("good_never")
        if each.good is not None:
            detail = self._say("good_last", moment=self._moment(each.good))
        if each.failures > 1:
            detail = f"{detail} {self._speech.count('count_failures', each.failures)}."
        yield Entry(head, detail, label=say("pill_failed"), tone="high")
        code = each.exit_code
        known = code in _REMEDIES and code is not None
        remedy, command = _REMEDIES[ExitCode(code)] if known and code is not None else _DIED
        yield self._to_do(remedy, command.format(job=each.job))

    def _recovered(self, each: Recovered) -> Iterator[Entry]:
        told = self._say("recovered_since", moment=self._moment(each.since))
        yield Entry(told, label=self._speech.say("pill_recovered"), tone="low")
        yield self._to_do("recovered_do", "sfsync runs")

    def _refused(self, each: RefusedAgain) -> Iterator[Entry]:
        yield self._to_do("do_refused", "sfsync findings list --code update-refused")
        for open_finding in each.found[: self._most]:
            finding = open_finding.finding
            told = {piece.fact: piece.value for piece in finding.evidence}
            passes = int(str(told.get(PASSES, 0)))
            detail = f"{told.get(FIELDS, '')} · {self._speech.count('count_passes', passes)}"
            url = self._news.url
            href = f"{url}/lightning/r/{finding.object}/{finding.id}/view" if url else ""
            name = isolated(_short(finding.name, _LONGEST_NAME)) or finding.id
            yield Entry(
                _short(str(told.get(REFUSAL, finding.message))),
                detail,
                label=self._speech.say("pill_refused"),
                tone="high",
                names=(Link(name, finding.id, href),),
            )

    def _reserve(self, each: ReserveTouched) -> Iterator[Entry]:
        numbers = {"left": each.left, "total": each.total, "kept": each.kept}
        written = {name: self._speech.number(number) for name, number in numbers.items()}
        told = self._say("reserve_told", **written)
        yield Entry(told, label=self._speech.say("pill_reserve"), tone="medium")
        yield self._to_do("do_reserve", "sfsync doctor")

    def _to_do(self, remedy: str, command: str) -> Entry:
        of_org = f" --org {self._news.service}" if self._news.service else ""
        look = self._say("look_with", command=f"{command}{of_org}")
        return Entry(self._say(remedy), look, label=self._speech.say("pill_do"), tone="low")

    def _say(self, key: str, **values: str) -> str:
        # Figures of some locales hold blanks at which no line may break.
        return self._speech.say(key, **values)

    def _moment(self, moment: datetime) -> str:
        return self._speech.moment(moment, self._news.zone)


def _short(text: str, longest: int = _LONGEST) -> str:
    plain = cleaned(text)
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def refused_again(found: Sequence[OpenFinding], passes: int) -> tuple[OpenFinding, ...]:
    """Return the findings of refused updates that say so of so many passes in a row, or more; the
    oldest first.
    """
    chosen = [each for each in found if _passes(each) >= passes]
    return tuple(sorted(chosen, key=lambda each: (each.first_seen, each.finding.id)))


def _passes(each: OpenFinding) -> int:
    told = [piece.value for piece in each.finding.evidence if piece.fact == PASSES]
    return next((int(value) for value in told if isinstance(value, int)), 0)
