"""Which orgs are named in `config/orgs`, and what does the file of each say?

`config/orgs/NAME.yaml` holds settings of one org: they win over environment and `.env`, which are
the defaults of all. Files in `config/orgs/NAME/` take the place of those of the configuration.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sfsync.configuration import config_folder, shown
from sfsync.errors import ConfigError
from sfsync.lines import Document, read_yaml
from sfsync.registry import nearest
from sfsync.settings import PREFIX, OrgSettings, SalesforceSettings, Settings, load, variable
from sfsync.shipped import DEMO, SALESFORCE

ORGS = "orgs"
ALL = "all"
# In the state folder that all share: the state folder of each.
BY_ORG = "by-org"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SCHEDULE = "schedule"
_ENV, _FILE = "_env", "_file"
# They say how a process works, and not on which org.
_OF_PROCESSES = {"config", "log_format", "at_once", "service"}
# What apps prove themselves with: one app may be that of many orgs.
_SECRETS = {"private_key", "client_secret"}
# There people of many orgs sign in; everywhere else a host is that of one org.
_OF_MANY = ("login.salesforce.com", "test.salesforce.com")
_FILES = ("sfsync.yaml", "enrich.yaml", "industries.yaml", "normalise.yaml", "findings.yaml")
_MORE_FILES = ("reports.yaml", "setup.yaml", "rules/*.yaml")
_ONE_ORG = (
    "this command works on one org: name one, such as --org {first} (`sfsync orgs` lists them)."
    " Only scheduler, due, health, orgs and rules check take several"
)

Kind = type[Settings] | type[SalesforceSettings]


@dataclass(frozen=True, slots=True)
class OrgFile:
    """What `config/orgs/NAME.yaml` says: the document, and what of it are settings, of the service
    and of signing in, by the settings' names; `places` says where each stands. `own` is the folder
    of its files of the configuration, `home` the state folder that all orgs share. Some of the
    settings are secrets.
    """

    name: str
    document: Document
    own: Path
    home: Path
    given: Mapping[str, Any] = field(repr=False)
    sign_in: Mapping[str, Any] = field(repr=False)
    places: Mapping[str, str]


def names_of(settings: Settings) -> tuple[str, ...]:
    """Return the names of the orgs that have a file, or a folder alone, which is told where it is
    read; sorted; none where there is no configuration: who needs one says so.
    """
    try:
        folder = config_folder(settings) / ORGS
    except ConfigError:
        return ()
    files = [*folder.glob("*.yaml"), *folder.glob("*.yml")]
    names = [each.stem for each in files] + [each.name for each in folder.glob("*/")]
    return tuple(sorted({each for each in names if not each.startswith(".")}))


def chosen(settings: Settings) -> tuple[str, ...] | None:
    """Return the names of the orgs that are meant where several are: `all`, or names with commas
    between; None where one is. Raises ConfigError with the nearest name of what is none.
    """
    org = settings.org
    if org != ALL and ("," not in org or Path(org).exists()):
        return None
    known = names_of(settings)
    if not known:
        folder = shown(config_folder(settings) / ORGS)
        raise ConfigError(
            [f"there is no org in {folder}: write a file for each, NAME.yaml, with `org:` in it"]
        )
    if org == ALL:
        return known
    wanted = [each.strip() for each in org.split(",") if each.strip()]
    problems = [
        f'--org {org}: there is no org "{each}" in {shown(config_folder(settings) / ORGS)}'
        f"{nearest(each, known)}"
        for each in wanted
        if each not in known
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(dict.fromkeys(wanted))


def with_file(settings: Settings, options: Mapping[str, object]) -> tuple[Settings, OrgFile | None]:
    """Return the settings of the org that is named, and its file; where the org has none, what was
    given, and None. What the command line said (`options`; None: nothing) wins over the file.

    Raises ConfigError with all problems of the file, and where several orgs are meant.
    """
    several = chosen(settings)
    if several is not None:
        named = "--org " if options.get("org") else f"{PREFIX}ORG="
        raise ConfigError([f"{named}{settings.org}: {_ONE_ORG.format(first=several[0])}"])
    if settings.org not in names_of(settings):
        return settings, None
    file = _read(config_folder(settings) / ORGS, settings.org, settings.state_dir)
    state = settings.state_dir / str(file.given.get("state_dir", Path(BY_ORG, file.name)))
    said = {name: value for name, value in options.items() if value is not None}
    _check_alone(settings, file, state)
    given = {"org": SALESFORCE, **file.given}
    theirs = {"org": given["org"], "state_dir": state, "service": file.name}
    found = load(OrgSettings, {**given, **said, **theirs}, file.places)
    if found.org == SALESFORCE and not file.sign_in:
        problem = f'"{SALESFORCE}" is missing: say there how to sign in, or name a recorded org'
        raise ConfigError([f"{file.document.place(())}: {problem} under `org`"])
    return found, file


def _check_alone(settings: Settings, file: OrgFile, state: Path) -> None:
    """Raise ConfigError where a file names the state folder of another org: books and locks of two
    orgs would be one.
    """
    if "state_dir" not in file.given:
        return
    folder = config_folder(settings) / ORGS
    for name in names_of(settings):
        try:
            other = file if name == file.name else _read(folder, name, settings.state_dir)
        except ConfigError:
            # Whose file is wrong does nothing until it is right.
            continue
        theirs = settings.state_dir / str(other.given.get("state_dir", Path(BY_ORG, name)))
        if name != file.name and theirs.resolve() == state.resolve():
            told = f"is the state folder of {name}: one org has one of its own"
            raise ConfigError([f"{file.places['state_dir']} {state} {told}"])


def load_sign_in(file: OrgFile) -> SalesforceSettings:
    """Read what is set for signing in to the org of a file; the environment gives only what leads
    nobody to another org. Raises ConfigError with all problems.
    """
    names = {each.removesuffix(_FILE) for each in file.sign_in}
    shared = {"api_version"}
    if "login_url" in names:
        shared |= {"client_id"} if _SECRETS & names else {"client_id", *_SECRETS}
    blank = {
        name: None if name.endswith(_FILE) else ""
        for name in SalesforceSettings.model_fields
        if name.removesuffix(_FILE) not in shared
    }
    return load(SalesforceSettings, {**blank, **file.sign_in}, file.places)


def _read(folder: Path, name: str, home: Path) -> OrgFile:
    """Read the file of an org. Raises ConfigError with all problems."""
    path = folder / f"{name}.yaml"
    if not path.exists():
        raise ConfigError([_unnamed(folder, name)])
    if not _NAME.fullmatch(name) or name in (DEMO, SALESFORCE, ALL):
        problem = "no name for an org: letters, digits and . _ - make one, and not demo, salesforce"
        raise ConfigError([f"{shown(path)}: {name!r} is {problem} or all"])
    try:
        document = read_yaml(path.read_text(encoding="utf-8"), shown(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{shown(path)}: cannot be read: {error}"]) from error
    problems = [*_strangers(folder / name)]
    top = document.data if isinstance(document.data, dict) else {}
    inner = top.get(SALESFORCE, {})
    if not isinstance(document.data, dict) or not isinstance(inner, dict):
        where = () if not isinstance(document.data, dict) else (SALESFORCE,)
        raise ConfigError([*problems, f"{document.place(where)}: write keys with values"])
    reader = _Reader(document, problems)
    given = reader.settings(Settings, (), (SALESFORCE, _SCHEDULE), _OF_PROCESSES)
    sign_in = reader.settings(SalesforceSettings, (SALESFORCE,), (), set())
    _check_way(document, sign_in, problems)
    if problems:
        raise ConfigError(problems)
    return OrgFile(name, document, folder / name, home, given, sign_in, reader.places)


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


def _strangers(own: Path) -> Iterator[str]:
    """Tell of files in the folder of an org that nobody would read."""
    known = {*_FILES, *_MORE_FILES}
    for file in sorted(own.rglob("*")):
        name = file.relative_to(own).as_posix()
        is_rule = file.parent == own / "rules" and file.suffix == ".yaml"
        if file.is_file() and not (name in known or is_rule or file.name.startswith(".")):
            told = "no file of the configuration is called so"
            yield f"{shown(file)}: {told}{nearest(name, known)}"


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
                self._add(place, f'there is no key "{key}" here{nearest(str(key), known)}')
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


@dataclass(frozen=True, slots=True)
class Known:
    """What tells one org from another: its name, state folder, and how it is signed in to (None: a
    recorded one).
    """

    name: str
    state_dir: Path
    sign_in: SalesforceSettings | None


def doubles(orgs: Sequence[Known]) -> Mapping[str, str]:
    """Tell, by name, which orgs may not be served beside one that stands before them, and why: they
    share its state folder, or are the same org.
    """
    found: dict[str, str] = {}
    seen: dict[tuple[str, str], str] = {}
    for org in orgs:
        for mark, told in _marks(org):
            first = seen.setdefault(mark, org.name)
            if first != org.name:
                why = f"{ORGS}/{first}.yaml {told}: one org has one file, and a state folder"
                found.setdefault(org.name, f"{why} of its own")
    return found


def _marks(org: Known) -> Iterator[tuple[tuple[str, str], str]]:
    yield ("state", str(org.state_dir.absolute())), f"has the same state folder, {org.state_dir}"
    given = org.sign_in
    if given is None:
        return
    for folder in sorted((org.state_dir / ORGS).glob("00D*")):
        yield ("id", folder.name), f"is the same org, {folder.name}"
    host = urlsplit(given.login_url or given.instance_url).hostname or ""
    if host and host not in _OF_MANY:
        yield ("host", host), f"is the same org, at {host}"
    for kind, value in (("user", given.username), ("alias", given.sf_alias)):
        if value:
            yield (kind, value.lower()), f"is signed in to as the same user, {value}"
