"""Are several orgs well? (`sfsync health --org all`)"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sfsync.cli import opening
from sfsync.cli.books import is_ours
from sfsync.cli.health import asked, looked, watched
from sfsync.cli.many import each_of
from sfsync.cli.opening import opened_journal
from sfsync.cli.options import Place
from sfsync.cli.screen import Screen, echo
from sfsync.cli.setting import set_up
from sfsync.errors import ConfigError, ExitCode, JournalError

if TYPE_CHECKING:
    from sfsync.health import Health, Healths
    from sfsync.health.metrics import Scraped
    from sfsync.health.serving import Serving

# Who asks how fifty orgs are does not wait for each in turn.
_AT_ONCE = 8
Places = Callable[[], tuple[Place, ...]]


def tell_healths(
    places: tuple[Place, ...], form: str, screen: Screen, *, without_org: bool
) -> ExitCode:
    """Say how several orgs fare; return the exit code."""
    found = healths_of(places, without_org=without_org)
    if form == "json":
        echo(json.dumps(found.data(), indent=2, ensure_ascii=False))
    else:
        rows = [(name, "not well" if each.problems else "well") for name, each in _sorted(found)]
        screen.table(("org", ""), rows)
        for problem in found.problems:
            screen.tell(f"✗ {problem}")
    return ExitCode.INCOMPLETE if found.problems else ExitCode.DONE


def healths_of(places: tuple[Place, ...], *, without_org: bool, writes: bool = True) -> "Healths":
    """Judge how several orgs fare; one whose configuration is wrong is not well."""
    from sfsync.health import Healths

    at = {str(each.org): each for each in places}

    def look(name: str) -> "Health":
        setting = settings[name]
        return looked(setting, None if without_org else asked(setting, at[name]), writes=writes)

    settings, failed = each_of(places, set_up)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told = dict(zip(settings, pool.map(look, settings), strict=True))
    told |= {name: _refused(error) for name, error in failed.items()}
    return Healths(opening.wall_clock(), {str(each.org): told[str(each.org)] for each in places})


def _refused(error: ConfigError) -> "Health":
    from sfsync.health import Health, OrgHealth

    problem = "; ".join(error.problems)
    return Health(opening.wall_clock(), org=OrgHealth(problem=f"it is not served: {problem}"))


def _sorted(found: "Healths") -> "list[tuple[str, Health]]":
    return sorted(found.orgs.items(), key=lambda each: not each[1].problems)


@contextmanager
def serving_healths(places: Places, port: int, host: str = "127.0.0.1") -> "Iterator[Serving]":
    """Answer /healthz and /metrics in a thread meanwhile, for the orgs that there then are. Raises
    ConfigError where the port cannot be had.
    """
    from sfsync.health.metrics import registry_of_orgs
    from sfsync.health.serving import serve_told

    def look(writes: bool) -> "Healths":
        return healths_of(places(), without_org=True, writes=writes)

    serving = serve_told(registry_of_orgs(lambda: scraped(places())), look, port, host)
    try:
        yield serving
    finally:
        serving.stop()


def scraped(places: tuple[Place, ...]) -> "Iterator[Scraped]":
    """Give each org, while its journal is open: those of fifty orgs are not kept open."""
    from sfsync.health import Health, OrgHealth, read_health
    from sfsync.health.metrics import Scraped

    settings, failed = each_of(places, set_up)
    now = opening.wall_clock()
    for name, setting in settings.items():
        try:
            with opened_journal(setting.settings) as journal:
                found = read_health(journal, watched(setting), now, OrgHealth(), writes=False)
                yield Scraped(name, found, journal, is_ours(setting))
        except (ConfigError, JournalError) as error:
            yield Scraped(name, Health(now, journal=str(error)))
    for name, refused in failed.items():
        yield Scraped(name, _refused(refused))
