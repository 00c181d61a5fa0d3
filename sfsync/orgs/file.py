"""What does the file of an org say?"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfsync.configuration import shown
from sfsync.errors import ConfigError
from sfsync.lines import Document, read_yaml, without
from sfsync.orgs.unreadable import in_words
from sfsync.registry import nearest
from sfsync.settings import PREFIX, SalesforceSettings, Settings, variable
from sfsync.shipped import DEMO, SALESFORCE

ORGS = "orgs"
ALL = "all"
# In the state folder that all share: the state folder of each.
BY_ORG = "by-org"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SCHEDULE = "schedule"
_KEYS = "write keys, each with a colon and its value"
_ENV, _FILE = "_env", "_file"
# They say how a process works, and not on which org.
_OF_PROCESSES = {"config", "log_format", "at_once", "service"}
_FILES = ("sfsync.yaml", "enrich.yaml", "industries.yaml", "normalise.yaml", "findings.yaml")
_MORE_FILES = ("reports.yaml", "setup.yaml", "rules/*.yaml")

Kind = type[Settings] | type[SalesforceSettings]


@dataclass(frozen=True, slots=True)
class OrgFile:
    """What `config/orgs/NAME.yaml` says: the document, and what of it are settings, of the service
    and of signing in, by the settings' names; `places` says where each stands. `own` is the folder
    of its files of the configuration, `home` the state folder that all orgs share, `problems` what
    is wrong with its keys and its files. Some of the settings are secrets.
    """

    name: str
    document: Document
    own: Path
    home: Path
    given: Mapping[str, Any] = field(repr=False)
    sign_in: Mapping[str, Any] = field(repr=False)
    places: Mapping[str, str]
    problems: tuple[str, ...]

    @property
    def state_dir(self) -> Path:
        """The org's own state folder."""
        return self.home / str(self.given.get("state_dir", Path(BY_ORG, self.name)))


def read_file(folder: Path, name: str, home: Path) -> OrgFile:
    """Read the file of an org. Raises ConfigError where that cannot be."""
    path = folder / f"{name}.yaml"
    if not path.exists():
        raise ConfigError([_unnamed(folder, name)])
    if not _NAME.fullmatch(name) or name in (DEMO, SALESFORCE, ALL):
        problem = "no name for an org: letters, digits and . _ - make one, and not demo, salesforce"
        raise ConfigError([f"{shown(path)}: {name!r} is {problem} or all"])
    try:
        document = read_yaml(path.read_text(encoding="utf-8"), shown(path))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ConfigError([f"{shown(path)}: cannot be read: {why}"]) from error
    except ConfigError as error:
        raise ConfigError([in_words(each) for each in error.problems]) from error
    problems = [*_strangers(folder / name)]
    top = document.data if isinstance(document.data, dict) else {}
    inner = top.get(SALESFORCE, {})
    if not isinstance(document.data, dict) or not isinstance(inner, dict):
        where = () if not isinstance(document.data, dict) else (SALESFORCE,)
        raise ConfigError([*problems, f"{document.place(where)}: {_KEYS}"])
    if not isinstance(top.get(_SCHEDULE, {}), dict):
        problems.append(f"{document.place((_SCHEDULE,))}: {_SCHEDULE}: {_KEYS}")
        document = without(document, (_SCHEDULE,))
    reader = _Reader(document, problems)
    given = reader.settings(Settings, (), (SALESFORCE, _SCHEDULE), _OF_PROCESSES)
    sign_in = reader.settings(SalesforceSettings, (SALESFORCE,), (), set())
    _check_way(document, sign_in, problems)
    if told := _wrong_state(given, home):
        problems.append(f"{reader.places['state_dir']}: {told}")
        given = {key: value for key, value in given.items() if key != "state_dir"}
    parts = (name, document, folder / name, home, given, sign_in, reader.places)
    return OrgFile(*parts, tuple(problems))


def _unnamed(folder: Path, name: str) -> str:
    """Say what to do about an org without its file."""
    if (folder / f"{name}.yml").exists():
        return f"{shown(folder / name)}.yml: call it {name}.yaml"
    told = f"a folder of an org that has no file: write {name}.yaml beside it, with `org:` in it"
    return f"{shown(folder / name)}: {told}, or take the folder away"


def _check_way(document: Document, sign_in: Mapping[str, Any], problems: list[str]) -> None:
    ways = ("login_url", "instance_url", "sf_alias")
    if sign_in and not any(sign_in.get(name) for name in ways):
        told = "say which org it is: login_url, instance_url or sf_alias"
        problems.append(f"{document.place((SALESFORCE,))}: {told}")


def _wrong_state(given: Mapping[str, Any], home: Path) -> str:
    """Tell why a state folder will not do; nothing where it does, or none is named."""
    named = given.get("state_dir", BY_ORG + "/any")
    if not isinstance(named, str) or not named.strip():
        return f'"{named}" will not do: write the name of a folder'
    if (home / BY_ORG).resolve().is_relative_to((home / named).resolve()):
        return f'"{named}" holds the state of other orgs: name a folder for this one alone'
    return ""


def _strangers(own: Path) -> Iterator[str]:
    """Tell of files in the folder of an org that nobody would read."""
    known = {*_FILES, *_MORE_FILES}
    for file in sorted(own.rglob("*")):
        name = file.relative_to(own).as_posix()
        is_rule = file.parent == own / "rules" and file.suffix == ".yaml"
        if file.is_file() and not (name in known or is_rule or file.name.startswith(".")):
            told = "no file of the configuration is called so"
            yield f"{shown(file)}: {told}{nearest(name, known)}"


def _nearest(key: str, known: Collection[str]) -> str:
    """Name the nearest key; where none is near, not all of them."""
    if key in _OF_PROCESSES:
        return f": it is of a whole process: set {PREFIX}{key.upper()} in the environment or .env"
    near = nearest(key, known)
    return near if "did you mean" in near else "; .env.example explains each"


class _Reader:
    """Reads settings from the keys of a document, and notes where they stand and what is wrong."""

    def __init__(self, document: Document, problems: list[str]) -> None:
        self._document = document
        self._problems = problems
        self.places: dict[str, str] = {}

    def settings(
        self, kind: Kind, path: tuple[str, ...], others: Sequence[str], left_out: set[str]
    ) -> dict[str, Any]:
        """Return the settings of a kind that stand at a path, secrets from where they are, by name;
        of a secret its other forms are said to be empty.
        """
        data = self._document.data
        for part in path:
            data = data.get(part, {})
        fields = kind.model_fields
        secret = {name for name, info in fields.items() if not info.repr}
        plain = set(fields) - left_out - secret
        known = plain | {f"{name}{_ENV}" for name in secret} | set(others)
        found: dict[str, Any] = {}
        for key, value in data.items():
            place = self._document.place((*path, key))
            name = str(key).removesuffix(_ENV)
            if key in secret:
                self._add(place, f"{key}: no secret stands here: {self._instead(key, fields)}")
            elif key not in known:
                self._add(place, f'there is no key "{key}" here{_nearest(str(key), known)}')
            elif key not in others:
                self.places[name] = f"{place}: {key}"
                found[name] = self._of_variable(place, key, value) if name != key else value
        for name in secret & {each.removesuffix(_FILE) for each in found}:
            found = {name: "", f"{name}{_FILE}": None, **found}
        return found

    def _of_variable(self, place: str, key: str, name: object) -> str:
        value = variable(str(name))
        if not value:
            self._add(place, f"{key}: {name} is not set, neither in the environment nor in .env")
        return value

    def _instead(self, name: str, fields: Mapping[str, object]) -> str:
        by_file = (
            f"{name}{_FILE} names a file that holds it, " if f"{name}{_FILE}" in fields else ""
        )
        return f"{by_file}{name}{_ENV} a variable of the environment"

    def _add(self, place: str, problem: str) -> None:
        self._problems.append(f"{place}: {problem}")
