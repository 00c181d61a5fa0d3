"""How does a text name commands and settings so that they work, and are found, where a person is?

Texts name commands as `sfsync show RUN`. Where several orgs are served, or the command line said
where it works, such a command would look elsewhere: what it needs is added. Settings are named by
their variables: of an org that has a file its key and line are said instead.
"""

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from sfsync.errors import ConfigError

if TYPE_CHECKING:
    from sfsync.cli.options import Place
    from sfsync.orgs import OrgFile

_PLACE = "sfsync.place"
# They are about no org, or about all.
_WITHOUT_ORG = ("init", "orgs")
_COMMAND = re.compile(rf"`(sfsync (?!(?:{'|'.join(_WITHOUT_ORG)})\b)[a-z][^`]*)`")
# Names that are quoted, or said to be none, are meant as they are; so is that of the org.
_VARIABLE = re.compile(r"(?<![\"\w])(?<!setting )(SFSYNC|SALESFORCE)_(?!ORG\b)([A-Z_]+)")
_FILE = "_file"


def note_place(place: "Place") -> None:
    """Note what the command line says of where it works."""
    click.get_current_context().meta[_PLACE] = place


def helpful(text: str, place: "Place | None" = None) -> str:
    """Return a text whose commands, those in backticks, work when they are copied, and whose
    settings are named as they are set; `place` is the one that it is about, if that is not the one
    of the command line.
    """
    place = place or _noted()
    if place is None:
        return text
    if _COMMAND.search(text):
        added = _added(place)
        text = _COMMAND.sub(lambda found: f"`{_with(found[1], added)}`", text)
    if _VARIABLE.search(text) and (file := _file_of(place)) is not None:
        text = _VARIABLE.sub(lambda found: _key(found, file), text)
    return text


def command(words: Iterable[str], place: "Place") -> str:
    """Say a command line about a place, of which `words` follow `sfsync`."""
    return _with(shlex.join(("sfsync", *words)), _added(place))


def _noted() -> "Place | None":
    context = click.get_current_context(silent=True)
    return context.meta.get(_PLACE) if context else None


def _with(line: str, added: Sequence[str]) -> str:
    given = {word.partition("=")[0] for word in line.split()}
    kept = [
        each
        for name, value in zip(added[::2], added[1::2], strict=True)
        if name not in given
        for each in (name, value)
    ]
    return " ".join([line, shlex.join(kept)]) if kept else line


def _added(place: "Place") -> list[str]:
    """Return the options that say where a command works, each followed by its value."""
    said = (
        ("--org", _named(place)),
        ("--config", place.config),
        ("--state-dir", place.state_dir),
    )
    return [str(each) for name, value in said if value for each in (name, value)]


def _named(place: "Place") -> str:
    """Return the org that a command must name; nothing where it is the only one, or one of several
    that the command line meant.
    """
    from sfsync.cli.setting import shared_settings
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


def _file_of(place: "Place") -> "OrgFile | None":
    from sfsync.cli.setting import shared_settings
    from sfsync.orgs import file_of

    try:
        return file_of(shared_settings(place))
    except ConfigError:
        return None


def _key(found: re.Match[str], file: "OrgFile") -> str:
    """Return how an org's file names a setting, and where if the text says nothing of the file; of
    one that the file does not have, what the text says, unless nothing else would do.
    """
    name = found[2].lower()
    names = (name, name.removesuffix(_FILE), f"{name}{_FILE}")
    place = next((file.places[each] for each in names if each in file.places), "")
    if not place:
        return name if found[1] == "SALESFORCE" else found[0]
    if found.start() == 0 and found.string[found.end() :].startswith(": "):
        return place
    where, _, key = place.rpartition(": ")
    return key if f"{file.document.name}:" in found.string else f"{key} ({where})"
