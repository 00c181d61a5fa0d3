"""How far are the look-ups in public sources, and how long will they take?

In a terminal a bar, in a pipe a line now and then: a scheduler's log shows that it goes on, and a
result on the standard output stays as it is.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from sfsync.cli.logs import complain
from sfsync.cli.screen import Screen, count

TOLD_EVERY = 30.0
"""Seconds between two lines in a pipe."""
_MINUTE = 60


def monotonic() -> float:
    """Return seconds of a clock that nobody sets."""
    return time.monotonic()


@dataclass(slots=True)
class Looks:
    """The look-ups of one run so far: how many of how many, and how often each provider was sure.

    `tell` shows them.
    """

    tell: Callable[["Looks"], None]
    done: int = 0
    total: int = 0
    hits: Mapping[str, int] = field(default_factory=dict)

    def __call__(self, done: int, total: int, hits: Mapping[str, int]) -> None:
        """Take notice of where the job stands."""
        self.done, self.total, self.hits = done, total, dict(hits)
        self.tell(self)

    def hits_in_words(self) -> str:
        """Say how often each provider was sure, the most often first; "" where none was."""
        ordered = sorted(self.hits.items(), key=lambda each: (-each[1], each[0]))
        return ", ".join(f"{name} {number}" for name, number in ordered)

    def kept_in_words(self) -> str:
        """Say what is kept of look-ups that were broken off, and how to go on."""
        return (
            f"Stopped after {self.done} of {count(self.total, 'account')}. Nothing was written to"
            " the org. What was looked up is kept: the same command goes on from there, and asks"
            " the sources for the rest only."
        )


@contextmanager
def shown_look_ups(what: str, screen: Screen) -> Iterator[Looks]:
    """Show how far look-ups are: a bar in a terminal, a line now and then on the standard error
    elsewhere, nothing where it is to be quiet. Whoever breaks them off is told what is kept.
    """
    looks: Looks | None = None
    try:
        with _shown(what, screen) as looks:
            yield looks
    except BaseException:
        if looks is not None and looks.total:
            screen.warn(looks.kept_in_words())
        raise


@contextmanager
def _shown(what: str, screen: Screen) -> Iterator[Looks]:
    if screen.is_quiet:
        yield Looks(lambda _: None)
    elif screen.is_terminal:
        with _Bar(what) as bar:
            yield Looks(bar.tell)
    else:
        yield Looks(_Lines(what).tell)


class _Rate(ProgressColumn):
    """How many accounts a second, of late."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{_rate(speed)}/s", style="progress.data.speed")


class _Bar(Progress):
    """Two lines: the bar with rate and time left, and below it who knew how many."""

    def __init__(self, what: str) -> None:
        self._below = ""
        self._task: TaskID | None = None
        super().__init__(
            TextColumn(what),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("left"),
            transient=True,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """Give the bar, and what is below it."""
        yield from super().get_renderables()
        if self._below:
            yield Text(f"sure: {self._below}", style="dim", no_wrap=True, overflow="ellipsis")

    def tell(self, looks: Looks) -> None:
        """Show where the look-ups stand."""
        self._below = looks.hits_in_words()
        if self._task is None:
            self._task = self.add_task("", total=looks.total)
        self.update(self._task, completed=looks.done, total=looks.total)


class _Lines:
    """A line now and then."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began = self._told_at = monotonic()

    def tell(self, looks: Looks) -> None:
        now = monotonic()
        if now - self._told_at < TOLD_EVERY or looks.done in (0, looks.total):
            return
        self._told_at = now
        rate = looks.done / (now - self._began)
        left = in_words((looks.total - looks.done) / rate)
        sure = f"; sure: {looks.hits_in_words()}" if looks.hits else ""
        far = f"{looks.done} of {count(looks.total, 'account')} looked up"
        complain(f"{self._what}: {far}, {_rate(rate)}/s, {left} left{sure}")


def _rate(speed: float) -> str:
    return f"{speed:.1f}" if speed >= 0.1 else f"{speed:.2f}"


def in_words(seconds: float) -> str:
    """Say how long something takes, roughly: `20 s`, `3 min`, `2 h 05 min`."""
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / _MINUTE)
    hours, rest = divmod(minutes, _MINUTE)
    return f"{hours} h {rest:02} min" if hours else f"{minutes} min"
