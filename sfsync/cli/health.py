"""Is the service well? (`sfsync health`)"""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

import click

from sfsync.cli import HelpfulGroup, Stop, opening
from sfsync.cli.books import is_ours
from sfsync.cli.hints import helpful
from sfsync.cli.logs import logger
from sfsync.cli.opening import enter, opened_journal
from sfsync.cli.options import Place, format_option, place_options
from sfsync.cli.screen import Screen, echo
from sfsync.cli.service import name_of
from sfsync.cli.setting import Setting, set_up, several
from sfsync.errors import ConfigError, ExitCode, JournalError, SfsyncError

if TYPE_CHECKING:
    from sfsync.health import Health, OrgHealth
    from sfsync.health.reading import Watched
    from sfsync.health.serving import Serving
    from sfsync.journal import Journal

# Who asks how things are does not wait as long for the org as who works with it.
ORG_SECONDS = 10.0


@click.group(cls=HelpfulGroup, invoke_without_command=True)
@click.option(
    "--without-org", is_flag=True, help="Do not ask the org: for who looks every few seconds."
)
@format_option("table", "json")
@place_options
@click.pass_context
def health(ctx: click.Context, without_org: bool, form: str, place: Place, quiet: bool) -> None:
    """Say whether all is well: jobs, turns, journal, org, mails.

    Exit code 0 where it is, else 3. What counts as unhealthy is said in sfsync.yaml (`health`).
    """
    if ctx.invoked_subcommand is not None:
        return
    places = several(place)
    if places is not None:
        from sfsync.cli.healths import tell_healths

        sys.exit(tell_healths(places, form, Screen(is_quiet=quiet), without_org=without_org))
    setting = set_up(place)
    found = looked(setting, None if without_org else asked(setting, place))
    if form == "json":
        echo(json.dumps(found.data(), indent=2, ensure_ascii=False))
    else:
        _show(found, Screen(is_quiet=quiet))
    sys.exit(ExitCode.INCOMPLETE if found.problems else ExitCode.DONE)


@health.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Where (0, the default: any free one)."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Another address than loopback."
)
@place_options
def serve(port: int, host: str, place: Place, quiet: bool) -> None:
    """Answer /healthz and /metrics over HTTP, until Ctrl-C or `kill` ends it.

    The org is not asked. There is no sign-in: on another address than loopback everybody who
    reaches it reads it.
    """
    with _served(place, port, host) as serving:
        Screen(is_quiet=quiet).say(f"Health is served at {serving.url}/healthz and /metrics.")
        # Whoever ends it means no harm.
        with suppress(KeyboardInterrupt, Stop):
            Event().wait()


def _served(place: Place, port: int, host: str) -> "AbstractContextManager[Serving]":
    if several(place) is None:
        setting = set_up(place)
        return serving_health(lambda: setting, port, host)
    from sfsync.cli.healths import serving_healths

    return serving_healths(lambda: several(place) or (), port, host)


@contextmanager
def serving_health(
    setting: Callable[[], Setting], port: int, host: str = "127.0.0.1"
) -> "Iterator[Serving]":
    """Answer /healthz and /metrics in a thread meanwhile, by what `setting` then says. Raises
    ConfigError where the port cannot be had.
    """
    from sfsync.health.serving import serve_health

    with opened_journal(setting().settings) as journal:
        serving = serve_health(journal, _looker(setting, journal), port, host)
        try:
            yield serving
        finally:
            serving.stop()


def _looker(setting: Callable[[], Setting], journal: "Journal") -> "Callable[[bool], Health]":
    from sfsync.health import OrgHealth, read_health

    return lambda writes: read_health(
        journal, watched(setting()), opening.wall_clock(), OrgHealth(), writes=writes
    )


def watched(setting: Setting) -> "Watched":
    """Say whose health is meant."""
    from sfsync.health.reading import Watched
    from sfsync.jobs import JOBS

    settings = setting.settings
    return Watched(name_of(settings), is_ours(setting), setting.policy, tuple(JOBS))


def looked(setting: Setting, org: "OrgHealth | None", *, writes: bool = True) -> "Health":
    """Judge the health; a journal that cannot be opened is a part of it. With `writes`, try whether
    it can be written.
    """
    from sfsync.health import Health, OrgHealth, read_health

    org = org or OrgHealth()
    now = opening.wall_clock()
    try:
        with opened_journal(setting.settings) as journal:
            return read_health(journal, watched(setting), now, org, writes=writes)
    except (ConfigError, JournalError) as error:
        return Health(now=now, journal=str(error), org=org)


def asked(setting: Setting, place: Place) -> "OrgHealth":
    """Ask the org of a place for its limits: one call, beside signing in. Who waits does not wait
    long.
    """
    found = _answered(setting)
    return replace(found, problem=helpful(found.problem, place))


def _answered(setting: Setting) -> "OrgHealth":
    from sfsync.health import OrgHealth

    answer: Future[OrgHealth] = Future()
    Thread(target=lambda: _answer(setting, answer), daemon=True).start()
    try:
        return answer.result(ORG_SECONDS)
    except TimeoutError:
        late = f"the org has not answered within {ORG_SECONDS:.0f} seconds"
        return OrgHealth(False, f"{late}: `sfsync doctor` tells more")


def _answer(setting: Setting, answer: "Future[OrgHealth]") -> None:
    try:
        answer.set_result(_ask(setting))
    except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
        answer.set_exception(error)


def _ask(setting: Setting) -> "OrgHealth":
    from sfsync.health import OrgHealth
    from sfsync.org.client import ask_budget

    try:
        entrance = enter(setting)
        budget = ask_budget(entrance.session, entrance.tokens, version=entrance.version)
    except SfsyncError as error:
        logger.debug("the org cannot be asked: %s", error)
        return OrgHealth(False, f"the org cannot be reached: {error.logged}")
    if budget is None:
        return OrgHealth(True)
    return OrgHealth(True, "", budget.left, budget.total)


def _show(found: "Health", screen: Screen) -> None:
    rows = [
        (
            each.job,
            _ago(each.good, found.now),
            str(each.failures),
            "well" if not each.problems else "not well",
        )
        for each in found.jobs
    ]
    screen.table(("job", "last good run", "failures", ""), rows, right=("failures",))
    for each in found.turns:
        screen.tell(f"{each.job} is at work since {each.started:%Y-%m-%d %H:%M} UTC")
    org = found.org
    if org.api_left is not None:
        screen.tell(f"API calls left: {org.api_left} of {org.api_total}")
    if found.mails:
        waiting = ", ".join(f"{number} {state}" for state, number in found.mails.items())
        screen.tell(f"mails that wait: {waiting}")
    for problem in found.problems:
        screen.tell(f"✗ {problem}")
    if not found.problems:
        screen.tell("✓ all is well")


def _ago(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "never"
    minutes = int((now - moment).total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} min ago"
    hours = minutes // 60
    return f"{hours} h ago" if hours < 72 else f"{hours // 24} days ago"
