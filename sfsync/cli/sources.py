"""Which public sources are asked, for what, and how are things with each?
(`sfsync enrich sources`)
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from textwrap import fill, indent
from typing import TYPE_CHECKING

import click
from rich.text import Text

from sfsync.cli import opening
from sfsync.cli.options import Place, format_option, place_options
from sfsync.cli.screen import Cell, Screen, echo
from sfsync.cli.setting import Setting, set_up
from sfsync.cli.sheet import NARROW
from sfsync.cli.sourcing import answers_of
from sfsync.settings import PREFIX

if TYPE_CHECKING:
    from sfsync.enrich.http import Rest, Use
    from sfsync.enrich.provider import Provider

ON, OFF = "on", "off"
_CONTACT = f"{PREFIX}ENRICH_CONTACT"
_WEBSITE = "website"
_COUNTRIES_SHOWN = 3
_STATE_WIDTH = 20


@dataclass(frozen=True, slots=True)
class SourceState:
    """A public source as it is set up: its place among those asked (None: not asked), why it is
    not asked (`on` where it is), what its word counts for, and today's use.

    `key` is `none` where it needs none, else `found` or `missing`; `contact` likewise; `wants`
    names the setting that is missing. `requests` and `from_cache` are of today (UTC).
    """

    place: int | None
    name: str
    title: str
    state: str
    gives: tuple[str, ...]
    countries: tuple[str, ...]
    per_second: float
    key: str
    contact: str
    wants: str
    requests: int
    from_cache: int
    keeps_days: float
    home: str
    licence: str
    attribution: str


@click.command()
@format_option("table", "json")
@place_options
def sources(form: str, place: Place, quiet: bool) -> None:
    """List the public sources in the order in which they are asked.

    What each is for, its licence and quota, whether its key is there, and today's use. The texts
    that name the sources are in docs/enrich.md.
    """
    setting = set_up(place)
    states = list(_states(setting))
    answers = answers_of(setting)
    if form == "json":
        data = {
            "sources": [asdict(each) for each in states],
            "answers": None if answers is None else str(answers),
        }
        echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    screen = Screen(is_quiet=quiet)
    rows = [_row(each, screen) for each in states]
    heads = ("source", "its word counts for", "today", "state")
    screen.table(heads, rows, whole=("source", "today", "state"))
    for wants in dict.fromkeys(each.wants for each in states if each.wants):
        names = ", ".join(each.name for each in states if each.wants == wants)
        screen.say(f"{wants} is not set: {names}")
    if answers is not None:
        screen.say(f"Nobody is asked: recorded answers stand in for the sources ({answers}).")
    elif not setting.settings.enrich_contact:
        screen.say(f"{_CONTACT} tells those who run the sources who asks: a mail address of yours.")


def _states(setting: Setting) -> Iterator[SourceState]:
    """Give all sources: first those that are asked, in order, then the others by name."""
    from sfsync.enrich import PROVIDERS

    asked = setting.policy.enrich.providers
    use, rests = _remembered(setting)
    others = sorted(set(PROVIDERS) - set(asked))
    for name in (*asked, *others):
        provider = PROVIDERS.find(name)
        place = asked.index(name) + 1 if name in asked else None
        yield _state(provider, place, setting, use.get(name), rests.get(name))


def _state(
    provider: "Provider",
    place: int | None,
    setting: Setting,
    use: "Use | None",
    rest: "Rest | None",
) -> SourceState:
    enrich, settings = setting.policy.enrich, setting.settings
    gives = [group for group in _groups() if provider.name in enrich.order(group)]
    has_key = bool(provider.key and getattr(settings, provider.key))
    has_contact = bool(settings.enrich_contact) or answers_of(setting) is not None
    key = "none" if not provider.key else "found" if has_key else "missing"
    contact = "none" if not provider.needs_contact else "found" if has_contact else "missing"
    state, wants = ON, ""
    if place is None:
        state = f"{OFF}: not in enrich.yaml"
    elif key == "missing":
        state, wants = f"{OFF}: no key", f"{PREFIX}{provider.key.upper()}"
    elif contact == "missing":
        state, wants = f"{OFF}: no contact", _CONTACT
    else:
        state = _on_or_off(provider.name, setting, rest)
    return SourceState(
        place,
        provider.name,
        provider.title,
        state,
        tuple(each.replace("_", " ") for each in gives),
        tuple(sorted(provider.countries)),
        provider.quota.per_second,
        key,
        contact,
        wants,
        use.requests if use else 0,
        use.hits if use else 0,
        provider.keeps_days,
        provider.home,
        provider.licence,
        provider.attribution,
    )


def _on_or_off(name: str, setting: Setting, rest: "Rest | None") -> str:
    """Say whether a source is asked that is set up well."""
    if name == _WEBSITE and not setting.policy.enrich.read_websites:
        return f"{OFF}: by enrich.yaml"
    return f"{OFF} until {rest.until:%Y-%m-%d %H:%M} UTC: {rest.why}" if rest else ON


def _groups() -> Sequence[str]:
    from sfsync.enrich.values import GROUPS

    return tuple(GROUPS)


def _remembered(setting: Setting) -> "tuple[Mapping[str, Use], Mapping[str, Rest]]":
    """Return how often each source was asked today (UTC), and which are left alone for now; nothing
    where none was ever asked.
    """
    from sfsync.enrich.http import Cache
    from sfsync.enrich.http.cache import FILE

    path, now = setting.settings.state_dir / FILE, opening.wall_clock()
    if not path.exists():
        return {}, {}
    cache = Cache(path, now)
    try:
        return cache.use_of(now.date()), cache.rests(now)
    finally:
        cache.close()


def _row(each: SourceState, screen: Screen) -> list[Cell]:
    """Return a source as a row: in a terminal what belongs together below each other."""
    place = str(each.place or "-")
    gives = ", ".join(each.gives) or "-"
    countries = _countries(each)
    quota = f"{each.per_second:g}/s{' a site' if each.name == _WEBSITE else ''}"
    if not screen.is_terminal:
        key = "" if each.key == "none" else f"key {each.key}"
        today = [str(each.requests), str(each.from_cache)]
        return [place, each.name, each.state, key, quota, *today, countries, gives, each.licence]
    licence = indent(fill(each.licence, NARROW - 2), "  ")
    source = Text.assemble(f"{place} {each.name}\n", (licence, "dim"))
    today = [f"{each.requests} asked", f"{each.from_cache} from cache", f"({quota})"]
    key = "\nkey found" if each.key == "found" else ""
    state = fill(each.state, _STATE_WIDTH)
    return [source, f"{countries}: {gives}", "\n".join(today), f"{state}{key}"]


def _countries(each: SourceState) -> str:
    if not each.countries:
        return "all countries"
    if len(each.countries) <= _COUNTRIES_SHOWN:
        return ", ".join(each.countries)
    # The overseas parts of France have codes of their own.
    return "FR" if "FR" in each.countries and "DE" not in each.countries else "EU"
