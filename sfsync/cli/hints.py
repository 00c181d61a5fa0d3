"""How is a command said so that it works when it is copied?

Texts name commands as `sfsync show RUN`. Where several orgs are served, or the command line said
where it works, such a command would look elsewhere: what it needs is added before a person reads
it.
"""

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sfsync.cli.options import Place

_PLACE = "sfsync.place"
# They are about no org, or about all.
_WITHOUT_ORG = ("init", "orgs")
_COMMAND = re.compile(rf"`(sfsync (?!(?:{'|'.join(_WITHOUT_ORG)})\b)[a-z][^`]*)`")
_ORG = "--org"


def note_place(place: "Place") -> None:
    """Note what the command line says of where it works."""
    click.get_current_context().meta[_PLACE] = place


def copied(text: str, org: str = "") -> str:
    """Return a text whose commands, those in backticks, work when they are copied; `org` is the one
    that it is about, if that is not the one of the command line.
    """
    if not _COMMAND.search(text):
        return text
    added = _added(org)
    return _COMMAND.sub(lambda found: f"`{_with(found[1], added)}`", text)


def command(words: Iterable[str], org: str = "") -> str:
    """Say a command line, of which `words` follow `sfsync`; `org` as of `copied`."""
    return _with(shlex.join(("sfsync", *words)), _added(org))


def _with(line: str, added: Sequence[str]) -> str:
    given = {word.partition("=")[0] for word in line.split()}
    kept = [
        each
        for name, value in zip(added[::2], added[1::2], strict=True)
        if name not in given
        for each in (name, value)
    ]
    return " ".join([line, shlex.join(kept)]) if kept else line


def _added(org: str) -> list[str]:
    """Return the options that say where a command works, each followed by its value."""
    context = click.get_current_context(silent=True)
    place: Place | None = context.meta.get(_PLACE) if context else None
    if place is None:
        return [_ORG, org] if org else []
    said = (
        (_ORG, org or _named(place)),
        ("--config", place.config),
        ("--state-dir", place.state_dir),
    )
    return [str(each) for name, value in said if value for each in (name, value)]


def _named(place: "Place") -> str:
    """Return the org that a command must name; nothing where it is the only one, or one of several
    that the command line meant.
    """
    from sfsync.cli.setting import shared_settings
    from sfsync.errors import ConfigError
    from sfsync.orgs import ALL, names_of

    try:
        settings = shared_settings(place)
    except ConfigError:
        return place.org or ""
    if settings.org == ALL:
        return ""
    # Of one that has a file the environment may say nothing when the text is read.
    known = names_of(settings)
    return settings.org if place.org or settings.org in known else ""
