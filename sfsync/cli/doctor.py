"""Is everything there that the service needs? (`sfsync doctor`)"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from sfsync.cli import opening
from sfsync.cli.hints import helpful
from sfsync.cli.opening import is_at_work, opened_journal
from sfsync.cli.options import Place, format_option, place_options
from sfsync.cli.posting import check_mail
from sfsync.cli.salesforce import Entrance
from sfsync.cli.screen import Screen, count, echo, one_line
from sfsync.cli.setting import Setting, set_up
from sfsync.cli.workplace import check_engine
from sfsync.errors import ConfigError, ExitCode, LimitReached, OrgError, SfsyncError
from sfsync.model import Run, RunState, State
from sfsync.settings import secret_files

if TYPE_CHECKING:
    from sfsync.doctor import Check, Level
    from sfsync.org import OrgReader

# The states of messages that somebody should know of.
_UNSENT = ("planned", "sending", "refused", "unknown")
_MARKS = {"good": ("✓", "green"), "note": ("•", "yellow"), "problem": ("✗", "bold red")}


@click.command()
@format_option("table", "json")
@place_options
def doctor(form: str, place: Place, quiet: bool) -> None:
    """Check sign-in, limits, fields, permissions, journal, mail, engine and clock.

    Each problem comes with what to do about it. Exit code 0 only where all that the active rules
    need is there, else 5; 6 where the org cannot be reached, 4 where its API calls are used up.
    Nothing is written, and no mail sent; a mail server that is set is signed in to.
    """
    try:
        setting = set_up(place)
    except ConfigError as error:
        _report(_of_settings(error), form, quiet)
        code = error.exit_code
    else:
        code = examine(setting, form=form, quiet=quiet)
    click.get_current_context().exit(code)


def examine(setting: Setting, *, form: str = "table", quiet: bool = False) -> ExitCode:
    """Check everything, print what was found, and say how the process is to end."""
    from sfsync.doctor import LIMITS, SIGN_IN, Check, Level, check_files, is_well

    checks: list[Check] = []
    code = ExitCode.DONE
    try:
        # What was found before the org failed is told all the same.
        checks.extend(_of_org(setting, opening.enter(setting)))
    except ConfigError as error:
        checks += _of_settings(error)
        code = error.exit_code
    except OrgError as error:
        group = checks[-1].group if checks else SIGN_IN
        group = LIMITS if isinstance(error, LimitReached) else group
        checks.append(Check(group, Level.PROBLEM, one_line(str(error))))
        code = error.exit_code
    checks += _of_journal(setting)
    checks += check_files(setting.settings.state_dir, _secrets(setting))
    checks += check_mail(setting.settings, is_real=setting.is_salesforce)
    checks += check_engine(setting.settings)
    if code is ExitCode.DONE and not is_well(checks):
        code = ExitCode.CONFIGURATION
    _report(checks, form, quiet)
    return code


def _report(checks: Sequence["Check"], form: str, quiet: bool) -> None:
    from sfsync.doctor import is_well

    checks = [replace(c, text=helpful(c.text), remedy=helpful(c.remedy)) for c in checks]
    if form == "json":
        echo(json.dumps(_data(checks, is_well(checks)), indent=2, ensure_ascii=False))
    else:
        _show(checks, Screen(is_quiet=quiet))


def _of_settings(error: ConfigError) -> list["Check"]:
    """Make a check of each thing that is wrong in settings or configuration."""
    from sfsync.doctor import SETTINGS, Check, Level

    return [Check(SETTINGS, Level.PROBLEM, one_line(problem)) for problem in error.problems]


def reader_of(entrance: Entrance) -> "OrgReader":
    """Open the org for reading; raises OrgUnavailable or OrgRefused."""
    from sfsync.org.client import open_reader

    return open_reader(
        entrance.session, entrance.tokens, version=entrance.version, sleep=opening.sleep
    )


def _of_org(setting: Setting, entrance: Entrance) -> Iterator["Check"]:
    from sfsync.cli.setup import wishes_of
    from sfsync.doctor import (
        ASKED_ABOUT,
        Seen,
        check_fields,
        check_org,
        check_spare_fields,
        hidden_fields,
    )
    from sfsync.gaps import absent_fields, find_gaps, objects_needed

    org, policy = reader_of(entrance), setting.policy
    # All in one call, instead of one for each.
    org.describe([*policy.objects, *ASKED_ABOUT])
    is_real = setting.is_salesforce
    clock = opening.wall_clock if is_real else None
    has_key = is_real and bool(setting.sign_in.private_key)
    wishes = wishes_of(setting)
    names = wishes.permission_set.name, wishes.cleanups.permission_set.name
    seen = Seen(entrance.how, entrance.version, clock, *names, has_key)
    yield from check_org(org, policy, seen)
    described = {name: org.fields(name) for name in policy.objects}
    needed = {name: described[name] for name in objects_needed(policy)}
    hidden = hidden_fields(org, absent_fields(policy, needed))
    yield from check_fields(policy, find_gaps(policy, needed, hidden))
    yield from check_spare_fields(policy, described)


def _secrets(setting: Setting) -> list[Path]:
    """Return the files with secrets; where those of signing in are wrong, that is told already."""
    found = secret_files(setting.settings)
    if setting.is_salesforce:
        with suppress(ConfigError):
            found += secret_files(setting.sign_in)
    return list(dict.fromkeys(found))


def _of_journal(setting: Setting) -> list["Check"]:
    from sfsync.doctor import JOURNAL, Check, Level

    settings = setting.settings
    where = "the database of SFSYNC_JOURNAL_URL" if settings.journal_url else settings.state_dir
    try:
        with opened_journal(settings) as journal:
            runs, messages = journal.runs(), journal.messages.counts()
    except SfsyncError as error:
        return [Check(JOURNAL, Level.PROBLEM, one_line(str(error)))]
    open_runs = [run for run in runs if run.state is RunState.RUNNING]
    # Whose process is gone, nobody holds the lock for.
    dead = [] if is_at_work(settings) else open_runs
    told = count(len(runs), "run") if runs else "no run yet"
    if runs and runs[0] not in dead:
        told += f"; the last, {runs[0].id}, {runs[0].state.value}"
    return [
        Check(JOURNAL, Level.GOOD, f"{where}: {told}"),
        *map(_of_dead_run, dead),
        *_of_messages(messages),
    ]


def _of_dead_run(run: Run) -> "Check":
    from sfsync.doctor import JOURNAL, Check, Level

    sent = run.counts.get(State.SENT, 0) + run.counts.get(State.UNKNOWN, 0)
    unsettled = f"{count(sent, 'change')} sent, not settled" if sent else "no change is unsettled"
    text = f"the run {run.id} ended early; {unsettled}"
    return Check(JOURNAL, Level.NOTE, text, "the next `run` on its org closes its books")


def _of_messages(counts: Mapping[str, int]) -> Iterator["Check"]:
    """Tell of mails that did not arrive, or of which nobody knows."""
    from sfsync.doctor import MAIL, Check, Level

    wrong = [f"{counts[state]} {state}" for state in _UNSENT if state in counts]
    if wrong:
        text = f"of the mails so far {', '.join(wrong)}"
        yield Check(MAIL, Level.NOTE, text, "docs/operate.md, Mail, says what that means")


def _data(checks: Sequence["Check"], well: bool) -> dict[str, Any]:
    from sfsync.doctor import GROUPS

    ordered = sorted(checks, key=lambda check: GROUPS.index(check.group))
    return {
        "ok": well,
        "checks": [
            {
                "group": check.group,
                "level": check.level.value,
                "text": check.text,
                "remedy": check.remedy,
                "fields": list(check.fields),
            }
            for check in ordered
        ],
    }


def _show(checks: Sequence["Check"], screen: Screen) -> None:
    from sfsync.doctor import GROUPS, Level

    for group in GROUPS:
        told = [check for check in checks if check.group == group]
        if screen.is_quiet:
            told = [check for check in told if check.level is not Level.GOOD]
        _show_group(group, told, screen)
    screen.say(_summary([check.level for check in checks]))


def _show_group(group: str, checks: Iterable["Check"], screen: Screen) -> None:
    if not screen.is_terminal:
        for check in checks:
            echo("\t".join([group, check.level.value, check.text, check.remedy]).rstrip())
        return
    for place, check in enumerate(checks):
        if place == 0:
            Console().print(Text(group, style="bold"))
        mark, style = _MARKS[check.level.value]
        # rich has no hanging indent of its own but in a grid.
        _print_hanging(Text(mark, style=style), _sentence(check.text))
        if check.remedy:
            _print_hanging(Text("  →", style="dim"), Text(_capital(check.remedy), style="dim"))


def _print_hanging(mark: Text, text: Text) -> None:
    from rich.table import Table

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(mark, text)
    Console().print(Padding(grid, (0, 0, 0, 2)))


def _sentence(text: str) -> Text:
    return Text(_capital(text))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _summary(levels: Sequence["Level"]) -> str:
    problems = sum(level.value == "problem" for level in levels)
    notes = sum(level.value == "note" for level in levels)
    told = f"{notes} to know" if notes else "nothing else to know"
    if problems:
        return f"{problems} to put right, {told}."
    return f"All that the active rules need is there; {told}."
