"""How is the schedule carried out, day and night? (`sfsync scheduler`)"""

import logging
import os
import select
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Self

import click

from sfsync.cli.admin import tell_of_turn
from sfsync.cli.health import serving_health
from sfsync.cli.logs import JSON, PassedOn, is_json
from sfsync.cli.opening import opened_journal, wall_clock
from sfsync.cli.options import Place, place_options
from sfsync.cli.service import Kept, accepted, environment_of, kept, lock_of_service, name_of
from sfsync.cli.setting import Setting, set_up, settings_of, several
from sfsync.logs import logs_tell_of
from sfsync.settings import PREFIX, Settings

if TYPE_CHECKING:
    from sfsync.policy import Schedule
    from sfsync.scheduler import Child, Roster, Scheduler, Slot


@click.command()
@click.option(
    "--health-port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Answer /healthz and /metrics there, on loopback.",
)
@place_options
def scheduler(health_port: int | None, place: Place, quiet: bool) -> None:
    """Carry out the schedule of sfsync.yaml, until it is stopped.

    One job at a time, each in a process of its own; what was missed is caught up once. Beside
    another scheduler of the same service it waits, and takes over when that one ends. SIGTERM and
    Ctrl-C end it within 10 seconds, without harm; SIGHUP lets it read the configuration again.
    """
    from sfsync.cli.many import opened_roster

    opened = opened_scheduler if several(place) is None else opened_roster
    with opened(place, quiet=quiet, health_port=health_port) as serving:
        serving.serve()


@contextmanager
def opened_scheduler(
    place: Place, *, quiet: bool, keeps: bool = True, health_port: int | None = None
) -> "Iterator[Scheduler]":
    """Open journal and lock of a service; give its scheduler, which heeds signals, and tells of
    each turn unless it is to be quiet. Meanwhile its health is told at `health_port`, if that is
    given.

    Without `keeps`, its jobs read the configuration as it then stands. Raises ConfigError with all
    problems.
    """
    with ready(quiet=quiet) as stack:
        jobs = Jobs(place, settings_of(place), keeps=keeps)
        bell = stack.enter_context(Doorbell())
        stack.enter_context(logs_tell_of(service=name_of(jobs.settings)))
        serving = stack.enter_context(at_post(jobs, bell.wait))
        if health_port is not None:
            stack.enter_context(serving_health(lambda: jobs.setting, health_port))
        with heeding(serving):
            yield serving


@contextmanager
def ready(*, quiet: bool) -> Iterator[ExitStack]:
    """Get ready to serve: tell of turns unless it is to be quiet, and heed no SIGHUP before there
    is somebody to heed it; give what is closed afterwards.
    """
    logging.getLogger("sfsync.scheduler").setLevel(logging.WARNING if quiet else logging.INFO)
    # What it asks for is about to be done: the configuration is read for the first time.
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_IGN))
        yield stack


@contextmanager
def at_post(
    jobs: "Jobs", pause: Callable[[float], None], slot: "Slot | None" = None, label: str = ""
) -> "Iterator[Scheduler]":
    """Open journal and lock of a service; give its scheduler, which waits by `pause`. Beside others
    it has a `slot`, and what it tells begins with `label`. Raises ConfigError and JournalError.
    """
    from sfsync.scheduler import Scheduler, World

    beside = {} if slot is None else {"slot": slot}
    with opened_journal(jobs.settings) as journal:
        world = World(
            service=name_of(jobs.settings),
            load=jobs.load,
            turns=journal.turns,
            lock=lock_of_service(jobs.settings),
            clock=wall_clock,
            pause=pause,
            start=jobs.start,
            after=lambda turn: tell_of_turn(jobs.setting, turn, hurries=serving.is_stopping),
            label=label,
            **beside,
        )
        serving = Scheduler(world)
        yield serving


class Jobs:
    """How jobs are begun: under the configuration that was accepted last, and under the settings
    that the service stands on since it began.
    """

    def __init__(self, place: Place, settings: Settings, *, keeps: bool) -> None:
        """Without `keeps`, jobs read the configuration as it stands."""
        self._place = place
        self.settings = settings
        self._keeps = keeps
        self._kept: Kept | None = None
        self._setting: Setting | None = None

    @property
    def setting(self) -> Setting:
        """What was accepted last; before that, what is set."""
        return self._setting or set_up(self._place)

    def load(self) -> "Schedule":
        """Read the configuration and accept it. Raises ConfigError where it is wrong, and where no
        org is named: nobody would see that this is the demo org. Raises OSError where no copy of it
        can be kept. Then what was accepted before goes on.
        """
        setting, schedule = accepted(self._place)
        setting.check_named()
        if self._keeps:
            copy = kept(setting)
            copy.at_hand()
            self._kept = copy
        self._setting = setting
        return schedule

    def start(self, words: Sequence[str]) -> "Child":
        """Begin a job. Raises OSError where the system cannot."""
        from sfsync.scheduler import start

        folder = None if self._kept is None else self._kept.at_hand()
        environment = environment_of(self.settings, folder, self.setting.file)
        if not is_json():
            return start(words, environment)
        return start(words, {**environment, f"{PREFIX}LOG_FORMAT": JSON}, PassedOn())


class Doorbell:
    """A pause that a signal ends."""

    def __enter__(self) -> Self:
        self._heard, self._button = os.pipe()
        os.set_blocking(self._heard, False)
        os.set_blocking(self._button, False)
        self._before = signal.set_wakeup_fd(self._button, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._before)
        os.close(self._heard)
        os.close(self._button)

    def wait(self, seconds: float) -> None:
        """Wait so many seconds, or until a signal comes."""
        select.select([self._heard], [], [], seconds)
        with suppress(BlockingIOError):
            while os.read(self._heard, 64):
                pass


@contextmanager
def heeding(serving: "Scheduler | Roster") -> Iterator[None]:
    """Let signals reach the scheduler: SIGTERM and SIGINT stop it, SIGHUP has it reload."""
    handlers: dict[signal.Signals, Callable[[], None]] = {
        signal.SIGTERM: serving.stop,
        signal.SIGINT: serving.stop,
        signal.SIGHUP: serving.reload,
    }
    before = {
        number: signal.signal(number, lambda *_, heed=heed: heed())
        for number, heed in handlers.items()
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
