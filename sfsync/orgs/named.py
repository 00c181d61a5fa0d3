"""Which orgs have a file, which are meant, and with which settings does each work?"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sfsync.configuration import config_folder, shown
from sfsync.errors import ConfigError
from sfsync.orgs.doubles import Known, doubles
from sfsync.orgs.file import ALL, ORGS, OrgFile, read_file
from sfsync.registry import nearest
from sfsync.settings import PREFIX, OrgSettings, SalesforceSettings, Settings, load
from sfsync.shipped import SALESFORCE

_FILE = "_file"
# What apps prove themselves with: one app may be that of many orgs.
_SECRETS = {"private_key", "client_secret"}
_ONE_ORG = (
    "this command works on one org: name one, such as --org {first} (`sfsync orgs` lists them)."
    " Only scheduler, due, health, orgs and rules check take several"
)

T = TypeVar("T")


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
    file = file_of(settings)
    if file is None:
        return settings, None
    said = {name: value for name, value in options.items() if value is not None}
    given = {"org": SALESFORCE, **file.given}
    theirs = {"org": given["org"], "state_dir": file.state_dir, "service": file.name}
    problems = [*file.problems, *_shared_state(settings, file)]
    found = _tried(problems, lambda: load(OrgSettings, {**given, **said, **theirs}, file.places))
    # Of a key that is mistyped it is a mere consequence.
    if given["org"] == SALESFORCE and not file.sign_in and not file.problems:
        problem = f'"{SALESFORCE}" is missing: say there how to sign in, or name a recorded org'
        problems.append(f"{file.document.place(())}: {problem} under `org`")
    if found is None or problems:
        # Who signs in would be told of these next.
        _tried(problems, lambda: load_sign_in(file))
        raise ConfigError(problems)
    return found, file


def file_of(settings: Settings) -> OrgFile | None:
    """Read the file of the org that is named; None where it has none. What is wrong with its keys
    is among its `problems`. Raises ConfigError where it cannot be read as a whole.
    """
    if settings.org not in names_of(settings):
        return None
    return read_file(config_folder(settings) / ORGS, settings.org, settings.state_dir)


def _tried(problems: list[str], do: Callable[[], T]) -> T | None:
    """Do something; add to the problems what stands against it, and return None then."""
    try:
        return do()
    except ConfigError as error:
        problems += error.problems
        return None


def _shared_state(settings: Settings, file: OrgFile) -> Iterator[str]:
    """Tell where a file names the state folder of another org: books and locks of two orgs would
    be one.
    """
    if "state_dir" not in file.given:
        return
    folder = config_folder(settings) / ORGS
    known = []
    for name in names_of(settings):
        # Whose file cannot be read does nothing until it can.
        with suppress(ConfigError):
            if name != file.name:
                other = read_file(folder, name, settings.state_dir)
                known.append(Known(name, other.state_dir, None))
    found = doubles([*known, Known(file.name, file.state_dir, None)])
    if file.name in found:
        yield f"{file.places['state_dir']}: {found[file.name]}"


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
