"""How are the orgs that have a file in `config/orgs`? (`sfsync orgs`)"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from sfsync.cli import HelpfulGroup
from sfsync.cli.books import is_ours
from sfsync.cli.health import looked
from sfsync.cli.hints import helpful
from sfsync.cli.opening import opened_journal, wall_clock
from sfsync.cli.options import Place, format_option, place_options
from sfsync.cli.posting import check_mail_settings
from sfsync.cli.rules import check_others, warnings_of
from sfsync.cli.salesforce import credentials_of
from sfsync.cli.screen import Screen, count, echo
from sfsync.cli.service import name_of
from sfsync.cli.setting import SALESFORCE, Setting, set_up, settings_and_file, several
from sfsync.errors import ConfigError, JournalError
from sfsync.model import to_iso
from sfsync.orgs import ALL, host_of, load_sign_in

if TYPE_CHECKING:
    from sfsync.policy import Schedule


@dataclass(frozen=True, slots=True)
class _Line:
    """What is told of an org; instants are aware UTC; None: there is none, or nobody knows."""

    name: str
    org: str = ""
    state_dir: str = ""
    last_good_run: datetime | None = None
    next_turn: datetime | None = None
    findings: int | None = None
    problems: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """Return it as JSON has it: instants are ISO texts, empty where there is none."""
        last, coming = (to_iso(at) if at else "" for at in (self.last_good_run, self.next_turn))
        return {**asdict(self), "last_good_run": last, "next_turn": coming}


@click.group(cls=HelpfulGroup, invoke_without_command=True)
@format_option("table", "json")
@place_options
@click.pass_context
def orgs(ctx: click.Context, form: str, place: Place, quiet: bool) -> None:
    """List the orgs of config/orgs: last good run, next turn, open findings, health.

    No org is asked. Exit code 0, also where some org is not well: that is what `sfsync health` is
    for.
    """
    if ctx.invoked_subcommand is None:
        _list(_meant(place), form, Screen(is_quiet=quiet))


@orgs.command()
@place_options
def check(place: Place, quiet: bool) -> None:
    """Check the files of config/orgs and the configuration of each org; tell every problem at once.

    Sign-in settings are checked, too, but nobody is asked: `sfsync doctor` does that.
    """
    check_all(_meant(place), Screen(is_quiet=quiet))


def check_all(places: Sequence[Place], screen: Screen) -> None:
    """Check the files and the configuration of several orgs, and say which are right. Raises
    ConfigError with all problems, each with the name of its org.
    """
    from sfsync.cli.many import each_of

    done, failed = each_of(places, _checked)
    at = {str(each.org): each for each in places}
    for name, setting in done.items():
        for warning in warnings_of(setting):
            screen.warn(f"{name}: {helpful(warning, at[name])}")
        screen.say(f"{name}: {_org_of(setting)}, policy {setting.policy.hash[:12]}, is right")
    if failed:
        raise ConfigError([f"{name}: {each}" for name, e in failed.items() for each in e.problems])


def _meant(place: Place) -> tuple[Place, ...]:
    """Return the orgs that are meant: all, where none is named on the command line."""
    found = several(place if place.org else replace(place, org=ALL))
    return (place,) if found is None else found


def _checked(place: Place) -> Setting:
    try:
        setting = set_up(place)
    except ConfigError as error:
        raise ConfigError([*error.problems, *_of_sign_in(place)]) from error
    problems = _problems(setting)
    if problems:
        raise ConfigError(problems)
    return setting


def _of_sign_in(place: Place) -> tuple[str, ...]:
    """Tell what is wrong with signing in, where the configuration is wrong, too."""
    try:
        settings, file = settings_and_file(place)
        if file is not None and settings.org == SALESFORCE:
            credentials_of(load_sign_in(file), file)
    except ConfigError as error:
        return error.problems
    return ()


def _problems(setting: Setting) -> list[str]:
    """Tell what of a configuration that can be read is wrong all the same."""
    problems: list[str] = []
    parts: list[Callable[[], object]] = [
        lambda: check_others(setting),
        lambda: check_mail_settings(setting.settings),
    ]
    parts.append(setting.credentials if setting.is_salesforce else lambda: setting.source)
    for part in parts:
        try:
            part()
        except ConfigError as error:
            problems += error.problems
    return problems


def _list(places: Sequence[Place], form: str, screen: Screen) -> None:
    from sfsync.cli.many import each_of

    now = wall_clock()
    done, failed = each_of(places, lambda place: _line(place, set_up(place), now))
    lines = {str(each.org): done.get(str(each.org)) for each in places}
    told = [line or _Line(name, problems=failed[name].problems) for name, line in lines.items()]
    if form == "json":
        echo(json.dumps({"orgs": [each.data() for each in told]}, indent=2, ensure_ascii=False))
        return
    heads = ("name", "org", "last good run", "next turn", "findings", "health")
    rows = [
        (
            each.name,
            each.org,
            *(screen.moment(at) if at else "" for at in (each.last_good_run, each.next_turn)),
            "" if each.findings is None else str(each.findings),
            count(len(each.problems), "problem") if each.problems else "well",
        )
        for each in told
    ]
    screen.table(heads, rows, whole=("name", *heads[2:4]), right=("findings",))
    screen.say("Times are in UTC.")
    for each in told:
        for problem in each.problems:
            screen.tell(f"✗ {each.name}: {problem}")


def _line(place: Place, setting: Setting, now: datetime) -> _Line:
    settings = setting.settings
    name, state_dir = settings.service or settings.org, str(settings.state_dir)
    coming = _next(setting.policy.schedule, now)
    line = _Line(name, _org_of(setting), state_dir, next_turn=coming)
    wrong = [helpful(each, place) for each in _problems(setting)]
    try:
        with opened_journal(settings) as journal:
            ours = is_ours(setting)
            jobs = [each for each in journal.totals.jobs() if ours(each.org)]
            found = sum(each.number for each in journal.totals.findings(now) if ours(each.org))
            turns = journal.turns.newest(name_of(settings), now)
    except (ConfigError, JournalError) as error:
        return replace(line, problems=tuple(dict.fromkeys([*wrong, str(error)])))
    good = max(filter(None, (each.good for each in jobs)), default=None)
    problems = [*wrong, *looked(setting, None).problems]
    if not wrong and not jobs and not turns:
        problems += _never_done(setting.policy.schedule, place, now)
    known = found if jobs else None
    return replace(line, last_good_run=good, findings=known, problems=tuple(problems))


def _never_done(schedule: "Schedule", place: Place, now: datetime) -> Iterator[str]:
    """Tell what is due of an org for which nothing was done so far."""
    from sfsync.due import due_now

    found = due_now(schedule, {}, now)
    if found:
        first = f"{found[0].job.name} since {Screen().moment(found[0].since)}"
        told = f"nothing was done so far, and due: {count(len(found), 'job')} ({first} UTC)"
        yield helpful(f"{told}: is a scheduler there? `sfsync due` lists what is", place)


def _next(schedule: "Schedule", now: datetime) -> datetime | None:
    from sfsync.due import next_time

    return min(filter(None, (next_time(job, now) for job in schedule.jobs)), default=None)


def _org_of(setting: Setting) -> str:
    """Say in one word which org it is."""
    if not setting.is_salesforce:
        return setting.settings.org
    given = setting.sign_in
    return host_of(given) or given.sf_alias
