"""What was a command told to use, before any org is asked?"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sfsync import shipped
from sfsync.cli.options import Place
from sfsync.cli.salesforce import credentials_of
from sfsync.errors import ConfigError
from sfsync.registry import nearest

if TYPE_CHECKING:
    from sfsync.configuration import ConfigFolder
    from sfsync.org.credentials import Credentials
    from sfsync.orgs import OrgFile
    from sfsync.policy import Policy
    from sfsync.settings import SalesforceSettings, Settings

DEMO, SALESFORCE = shipped.DEMO, shipped.SALESFORCE
_BUILDING = Lock()
READ_ONLY = (
    "SFSYNC_READ_ONLY is set, and this command would write to the org. Nothing was done: look with "
    "`sfsync plan`, or unset it"
)

_UNNAMED = (
    "no org is named, and with --quiet nobody would see that this is the demo org: set SFSYNC_ORG"
    " (salesforce, or demo) in the environment, or in the file .env of the folder in which sfsync"
    " is started, here {folder}"
)


@dataclass(frozen=True)
class Setting:
    """What a command works with before any org is asked: settings, configuration, policy, and the
    file of the org, if it has one.
    """

    settings: "Settings"
    config: "ConfigFolder"
    policy: "Policy"
    file: "OrgFile | None" = None

    @property
    def is_salesforce(self) -> bool:
        """Tell whether the org is a real one, not a recorded one."""
        return self.settings.org == SALESFORCE

    def check_named(self) -> None:
        """Raise ConfigError where nobody said which org is meant: what runs without anybody looking
        would do its work on the demo org for ever.
        """
        if "org" not in self.settings.model_fields_set:
            raise ConfigError([_UNNAMED.format(folder=Path.cwd())])

    @cached_property
    def sign_in(self) -> "SalesforceSettings":
        """What is set for signing in. Raises ConfigError with all problems."""
        from sfsync.orgs import load_sign_in
        from sfsync.settings import load_salesforce

        return load_salesforce() if self.file is None else load_sign_in(self.file)

    def credentials(self) -> "Credentials":
        """Return what to sign in with. Raises ConfigError with all problems."""
        return credentials_of(self.sign_in, self.file)

    @cached_property
    def source(self) -> Path:
        """The folder or zip of the recorded org. Raises ConfigError where there is none."""
        from sfsync.orgs import names_of

        name = self.settings.org
        told = None if self.file is None else self.file.places.get("org")
        if told:
            return _source_of(name, self.config.path, f"{told}: {name}")
        return _source_of(name, self.config.path, f"--org {name}", names_of(self.settings))

    @cached_property
    def copy(self) -> Path:
        """The folder of our copy of the recorded org, named for the recording's content."""
        return copy_of(self.source, self.settings.state_dir)


def set_up(place: Place, *, writes: bool = False) -> Setting:
    """Read settings and configuration. Raises ConfigError with all problems.

    `writes` says that the org is to be written, which some settings forbid: ConfigError, too.
    """
    try:
        settings, file = settings_and_file(place)
    except ConfigError as error:
        raise ConfigError([*error.problems, *_problems_beside(place)]) from error
    if writes and settings.read_only:
        raise ConfigError([READ_ONLY])
    return Setting(settings, *_configured(settings, file), file)


def _configured(settings: "Settings", file: "OrgFile | None") -> "tuple[ConfigFolder, Policy]":
    """Read the configuration, and the policy of an org. Raises ConfigError with all problems."""
    from sfsync.configuration import read_config

    config = read_config(settings, None if file is None else file.own)
    policy = _policy_of(config)
    return config, policy if file is None else _scheduled(policy, file)


def _problems_beside(place: Place) -> tuple[str, ...]:
    """Tell what is wrong with the configuration where the settings are wrong, too."""
    from sfsync.orgs import file_of

    try:
        settings = shared_settings(place)
        _configured(settings, file_of(settings))
    except ConfigError as error:
        return error.problems
    return ()


def settings_of(place: Place) -> "Settings":
    """Read the settings alone. Raises ConfigError with all problems."""
    return settings_and_file(place)[0]


def several(place: Place) -> tuple[Place, ...] | None:
    """Return the places of the orgs where several are meant; None where one is. Raises ConfigError
    where an org that is named has no file.
    """
    from sfsync.orgs import chosen

    names = chosen(shared_settings(place))
    return None if names is None else tuple(replace(place, org=name) for name in names)


def shared_settings(place: Place) -> "Settings":
    """Read the settings without the file of any org. Raises ConfigError with all problems."""
    from sfsync.settings import load_settings

    return load_settings(org=place.org, config=place.config, state_dir=place.state_dir)


def settings_and_file(place: Place) -> "tuple[Settings, OrgFile | None]":
    """Read the settings, and the file of the org where it has one. Raises ConfigError."""
    from sfsync.orgs import with_file

    options = {"org": place.org, "config": place.config, "state_dir": place.state_dir}
    return with_file(shared_settings(place), options)


def _policy_of(config: "ConfigFolder") -> "Policy":
    # Of many orgs most have the same one: it is built once, and kept once.
    with _BUILDING:
        return _built(tuple(config.texts.items()))


@lru_cache(maxsize=2)
def _built(texts: tuple[tuple[str, str], ...]) -> "Policy":
    from sfsync.rules import load

    return load.load_policy(dict(texts))


def _scheduled(policy: "Policy", file: "OrgFile") -> "Policy":
    """Give a policy the schedule of an org's file. Raises ConfigError with all problems."""
    from sfsync.rules.scheduling import own_schedule

    problems: list[str] = []
    schedule = own_schedule(file.document, policy.schedule, problems)
    if problems:
        raise ConfigError(problems)
    return replace(policy, schedule=schedule)


def make(folder: Path) -> None:
    """Make a folder of the state folder. Raises ConfigError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"the state folder {folder} cannot be made ({error.strerror}): name another one"
        raise ConfigError([f"{problem} with --state-dir or SFSYNC_STATE_DIR"]) from error


def texts_file(config: "ConfigFolder") -> tuple[str, str]:
    """Return the text of findings.yaml and what complaints call it; no text where it is missing."""
    from sfsync.rules.texts import TEXTS_FILE

    file = config.file(TEXTS_FILE)
    return (file.read_text(encoding="utf-8") if file.exists() else "", str(file))


def _source_of(name: str, config: Path, told: str, orgs: Sequence[str] = ()) -> Path:
    """Return the folder or zip of the recorded org, of which was `told`. Raises ConfigError where
    there is none, with the nearest of the `orgs` that have a file.
    """
    if name == SALESFORCE:
        problem = "the org is salesforce (by --org or SFSYNC_ORG), which is no recorded one"
        raise ConfigError([f"{problem}: name demo, or a folder or zip, with --org"])
    path = _demo_of(config) if name == DEMO else Path(name)
    if not path.exists():
        instead = f"name one, or demo, or salesforce{nearest(name, orgs)}"
        raise ConfigError([f"{told}: no such folder or zip; {instead}"])
    return path


def _demo_of(config: Path) -> Path:
    """Return the demo org of the configuration folder, else the one that came with the package."""
    own = config / DEMO
    return own if own.exists() else shipped.demo() or own


def copy_of(source: Path, state_dir: Path) -> Path:
    """Return the folder of our copy of a recording, named for the recording's content."""
    digest = hashlib.sha256()
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    for file in files:
        if file.is_file():
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    name = f"{source.resolve().stem}-{digest.hexdigest()[:12]}"
    return state_dir / "orgs" / name
