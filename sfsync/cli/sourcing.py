"""How does a job get its plan, and how the one that asks public sources at these?"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfsync.cli import opening
from sfsync.cli.lookups import shown_look_ups
from sfsync.cli.opening import Opened
from sfsync.cli.options import Errand, Scope, Workplace
from sfsync.cli.screen import Screen
from sfsync.cli.setting import DEMO, Setting, make
from sfsync.cli.workplace import at_work, check_idle
from sfsync.errors import ConfigError

if TYPE_CHECKING:
    from sfsync.enrich.provider import Web
    from sfsync.jobs import Planned, Sources

ENRICH = "enrich"
LOCK = "enrich.lock"
# The demo's recorded answers, beside its records.
ANSWERS = "enrich"


def planned(
    job: str,
    at: Opened,
    scope: Scope,
    errand: Errand,
    workplace: Workplace,
    screen: Screen,
) -> "Planned":
    """Let a job make its plan, with the way to public sources where it asks any, and the engine
    where it judges partitions.
    """
    from sfsync.jobs import plan_job

    if job != ENRICH:
        if errand.limit is not None or errand.providers:
            raise click.UsageError(f"--limit and --provider are of the job {ENRICH}")
        with at_work(job, at, workplace) as working:
            return plan_job(job, working.services, only=scope.only, ids=scope.ids)
    check_idle(job, workplace)
    if scope.only:
        raise click.UsageError("--only names rules; of the job enrich use --provider")
    with sources_of(at, scope, errand) as sources, shown_look_ups(job, screen) as looked:
        return plan_job(job, replace(at.services, sources=replace(sources, looked=looked)))


@contextmanager
def sources_of(at: Opened, scope: Scope, errand: Errand) -> Iterator["Sources"]:
    """Open the way to public sources, or to the recorded answers that stand in for them."""
    from sfsync.enrich import PROVIDERS
    from sfsync.jobs import Sources

    settings = at.setting.settings
    keys = {each.key: getattr(settings, each.key) for each in PROVIDERS.values() if each.key}
    _check(keys)
    with _web(at) as web:
        yield Sources(
            web,
            PROVIDERS,
            keys=keys,
            has_contact=bool(settings.enrich_contact) or answers_of(at.setting) is not None,
            limit=errand.limit,
            ids=scope.ids,
            only=errand.providers,
        )


def _check(keys: Mapping[str, str]) -> None:
    """Raise ConfigError for keys that cannot stand in a header; they are not shown."""
    from sfsync.settings import PREFIX

    wrong = [name for name, key in keys.items() if not re.fullmatch(r"[\x21-\x7e]*", key)]
    if wrong:
        told = "a key is one word of ASCII letters, digits and signs: copy it again"
        raise ConfigError([f"{PREFIX}{name.upper()}: {told}" for name in wrong])


def answers_of(setting: Setting) -> Path | None:
    """Return the folder of recorded answers that stands in for public sources, None where they are
    asked themselves. The demo's companies are invented: nobody is ever asked about them.
    """
    if setting.settings.enrich_answers is not None:
        return setting.settings.enrich_answers
    return setting.source / ANSWERS if setting.settings.org == DEMO else None


@contextmanager
def _web(at: Opened) -> Iterator["Web"]:
    from sfsync.enrich import PROVIDERS
    from sfsync.enrich.http import Cache, Clock, HttpWeb, Manners, Recorded
    from sfsync.enrich.http.cache import FILE
    from sfsync.jobs import locked

    answers = answers_of(at.setting)
    if answers is not None:
        if not answers.is_dir():
            problem = f"{answers}: there are no recorded answers"
            raise ConfigError([f"{problem}; name a folder in SFSYNC_ENRICH_ANSWERS"])
        yield Recorded(answers, at.services.now)
        return
    settings, enrich = at.setting.settings, at.setting.policy.enrich
    manners = Manners(settings.enrich_contact, enrich.read_websites, enrich.only_hosts)
    make(settings.state_dir)
    clock = Clock(opening.wall_clock, time.monotonic, opening.sleep)
    # Two processes that plan at a time would ask twice as often as a quota allows.
    with (
        locked(settings.state_dir / LOCK),
        closing(Cache(settings.state_dir / FILE, clock.now())) as cache,
        HttpWeb(cache, clock, manners, PROVIDERS) as web,
    ):
        yield web
