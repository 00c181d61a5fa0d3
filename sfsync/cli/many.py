"""What does a command do that is meant for several orgs? (`--org all`, `--org acme,bolt`)"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from sfsync.cli.hints import helpful
from sfsync.cli.options import Place
from sfsync.cli.scheduler import Doorbell, Jobs, at_post, heeding, ready
from sfsync.cli.setting import SALESFORCE, settings_and_file, several, shared_settings
from sfsync.configuration import config_folder, shown
from sfsync.errors import BY_SIGNAL, ConfigError, ExitCode
from sfsync.orgs import ORGS, Known, OrgFile, doubles, load_sign_in
from sfsync.settings import Settings

if TYPE_CHECKING:
    from sfsync.scheduler import Roster, Scheduler, Slots

T = TypeVar("T")
# From the worst on: what wants somebody at once, what comes right by itself, what is no failure.
_BADNESS = (
    ExitCode.INTERNAL,
    ExitCode.USAGE,
    ExitCode.CONFIGURATION,
    ExitCode.UNREACHABLE,
    ExitCode.STOPPED,
    ExitCode.INCOMPLETE,
    ExitCode.LOCKED,
    ExitCode.DONE,
)


def worst(codes: Iterable[int]) -> int:
    """Return the worst of several exit codes: that of a signal, then 1, 2, 5, 6, 4, 3, 7, 0."""
    found = set(codes)
    by_signal = [code for code in found if code >= BY_SIGNAL]
    return max(by_signal, default=None) or next(
        (int(code) for code in _BADNESS if code in found), ExitCode.DONE
    )


def each_of(
    places: Iterable[Place], do: Callable[[Place], T]
) -> tuple[dict[str, T], dict[str, ConfigError]]:
    """Do something for each org; return what came of it and what stood against it, by name. One
    that is the same as another before it is refused.
    """
    places = list(places)
    refused = _doubles(places)
    done: dict[str, T] = {}
    failed: dict[str, ConfigError] = {}
    for place in places:
        name = str(place.org)
        try:
            if name in refused:
                raise ConfigError([refused[name]])
            done[name] = do(place)
        except ConfigError as error:
            failed[name] = type(error)([helpful(each, place) for each in error.problems])
    return done, failed


@contextmanager
def opened_roster(
    place: Place, *, quiet: bool, keeps: bool = True, health_port: int | None = None
) -> "Iterator[Roster]":
    """Give what serves the orgs that are meant, and heeds signals; as `opened_scheduler` does for
    one.
    """
    from sfsync.cli.healths import serving_healths
    from sfsync.scheduler import Orgs, Roster, Slots

    with ready(quiet=quiet) as stack:
        served = _Served(place, Slots(shared_settings(place).at_once), keeps=keeps)
        bell = stack.enter_context(Doorbell())
        roster = Roster(Orgs(served.names, served.open), bell.wait)
        if health_port is not None:
            stack.enter_context(serving_healths(served.places, health_port))
        with heeding(roster):
            yield roster


class _Served:
    """The orgs that are meant, and how the scheduler of each is opened."""

    def __init__(self, place: Place, slots: "Slots", *, keeps: bool) -> None:
        self._place = place
        self._slots = slots
        self._keeps = keeps
        self._refused: Mapping[str, str] = {}

    def places(self) -> tuple[Place, ...]:
        """Return the places of the orgs. Raises ConfigError."""
        return several(self._place) or ()

    def names(self) -> Mapping[str, Hashable]:
        """Tell which orgs there are, and on what each stands. Raises ConfigError."""
        places = self.places()
        self._refused = _doubles(places)
        return {str(each.org): _ground(each) for each in places}

    @contextmanager
    def open(self, name: str, bell: Event) -> "Iterator[Scheduler]":
        """Open the scheduler of an org. Raises what stands against it."""
        if name in self._refused:
            raise ConfigError([self._refused[name]])
        place = replace(self._place, org=name)
        try:
            with self._opened(place, name, bell) as scheduler:
                yield scheduler
        except ConfigError as error:
            raise ConfigError([helpful(each, place) for each in error.problems]) from error

    @contextmanager
    def _opened(self, place: Place, name: str, bell: Event) -> "Iterator[Scheduler]":
        def pause(seconds: float) -> None:
            bell.wait(seconds)
            bell.clear()

        jobs = Jobs(place, settings_and_file(place)[0], keeps=self._keeps)
        with at_post(jobs, pause, self._slots.of(name), f"{name}: ") as scheduler:
            yield scheduler


def _ground(place: Place) -> Hashable:
    try:
        settings, _ = settings_and_file(place)
    except ConfigError:
        return None
    return settings.org, settings.state_dir, settings.journal


def _doubles(places: Iterable[Place]) -> Mapping[str, str]:
    """Tell which orgs are the same as another; what else is wrong is told elsewhere."""
    found = []
    for place in places:
        try:
            settings, file = settings_and_file(place)
            if file is not None:
                found.append(_known(settings, file))
        except ConfigError:
            continue
    return doubles(found)


def _known(settings: Settings, file: OrgFile) -> Known:
    sign_in = load_sign_in(file) if settings.org == SALESFORCE else None
    return Known(file.name, settings.state_dir, sign_in)


def folder_of_orgs(place: Place) -> str:
    """Name the folder of the orgs' files. Raises ConfigError where there is no configuration."""
    return shown(config_folder(shared_settings(place)) / ORGS)
