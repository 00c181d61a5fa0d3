"""How does a command get at the org, the policy and the journal that it was told to use?

The entry points read the clocks; below them time is passed in. A recorded org (the demo is one) has
a clock of its own, which stands at its last change: so a rehearsal gives the same result on any
day.
"""

import hashlib
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sfsync.cli.options import Place
from sfsync.cli.salesforce import Entrance, enter_salesforce
from sfsync.errors import ConfigError, Locked
from sfsync.settings import ConfigFolder, Settings, load_settings, read_config

if TYPE_CHECKING:
    from sfsync.fake import FakeOrg
    from sfsync.jobs import Services
    from sfsync.journal import Journal
    from sfsync.org import Org, OrgReader
    from sfsync.policy import Policy

DEMO = "demo"
SALESFORCE = "salesforce"
LOCK = "run.lock"
READ_ONLY = (
    "SFSYNC_READ_ONLY is set, and this command would write to the org. Nothing was done: look with "
    "`sfsync plan`, or unset it"
)

sleep = time.sleep
_DESCRIBED = {
    "text": "string",
    "picklist": "string",
    "reference": "string",
    "number": "double",
    "flag": "boolean",
    "date": "date",
    "instant": "datetime",
}


def wall_clock() -> datetime:
    """Return the machine's time: aware UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - an entry point


@dataclass(frozen=True)
class Setting:
    """What a command works with before any org is asked: settings, configuration, policy."""

    settings: Settings
    config: ConfigFolder
    policy: "Policy"

    @property
    def is_salesforce(self) -> bool:
        """Tell whether the org is a real one, not a recorded one."""
        return self.settings.org == SALESFORCE

    @cached_property
    def source(self) -> Path:
        """The folder or zip of the recorded org. Raises ConfigError where there is none."""
        return _source_of(self.settings, self.config.path)

    @cached_property
    def copy(self) -> Path:
        """The folder of our copy of the recorded org, named for the recording's content."""
        return _copy_of(self.source, self.settings.state_dir)


def set_up(place: Place, *, writes: bool = False) -> Setting:
    """Read settings and configuration. Raises ConfigError with all problems.

    `writes` says that the org is to be written, which some settings forbid: ConfigError, too.
    """
    from sfsync.rules.load import load_policy

    settings = settings_of(place)
    if writes and settings.read_only:
        raise ConfigError([READ_ONLY])
    config = read_config(settings)
    return Setting(settings, config, load_policy(config.texts))


def settings_of(place: Place) -> Settings:
    """Read the settings alone. Raises ConfigError with all problems."""
    return load_settings(org=place.org, config=place.config, state_dir=place.state_dir)


@dataclass(frozen=True, slots=True)
class Opened:
    """An org that is open: its clock, and the services for jobs.

    `writer` is the way to write to it; None for commands that only look, and where settings forbid
    it.
    """

    org: "OrgReader"
    writer: "Org | None"
    services: "Services"
    clock: Callable[[], datetime]
    setting: Setting


@contextmanager
def opened_journal(settings: Settings) -> Iterator["Journal"]:
    """Open the journal, and close it afterwards. Raises ConfigError where it cannot be."""
    from sfsync.journal import Journal

    _make(settings.state_dir)
    journal = Journal.open(settings.journal)
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def opened(
    setting: Setting,
    now: datetime | None = None,
    at_least: datetime | None = None,
    *,
    writes: bool = False,
    whole: bool = False,
) -> Iterator[Opened]:
    """Open org and journal for a pass at `now`; None: the org's present moment.

    `at_least` is a moment that a recorded org's clock must have reached, such as that of a plan to
    be applied. Without `writes`, and where settings forbid it, what is opened cannot write. `whole`
    reads everything afresh, whatever is kept of it.
    """
    from sfsync.jobs import Services
    from sfsync.org.client import open_org, open_reader
    from sfsync.store import Store

    with opened_journal(setting.settings) as journal:
        entrance = (
            enter_salesforce(wall_clock, sleep=sleep)
            if setting.is_salesforce
            else _enter_recorded(setting, now, at_least)
        )
        may_write = writes and not setting.settings.read_only
        way, version = (entrance.session, entrance.tokens), entrance.version
        writer = open_org(*way, version=version, sleep=sleep) if may_write else None
        org = writer or open_reader(*way, version=version, sleep=sleep)

        def clock() -> datetime:
            # The org's own: this machine's may be ahead of it, or behind.
            return org.told_at or wall_clock()

        books = org.id if setting.is_salesforce else f"{org.id}@{_name_of_copy(setting)}"
        store = Store(_folder_of(setting, org.id) / "store")
        moment = now or clock()
        services = Services(
            org, journal, setting.policy, moment, wall_clock, clock, books, store, whole
        )
        yield Opened(org, writer, services, clock, setting)


def _folder_of(setting: Setting, org_id: str) -> Path:
    """Return the folder of what is kept of an org: for a recorded one that of our copy."""
    return setting.settings.state_dir / "orgs" / org_id if setting.is_salesforce else setting.copy


def _enter_recorded(setting: Setting, now: datetime | None, at_least: datetime | None) -> Entrance:
    from sfsync.org.client import API_VERSION
    from sfsync.org.tokens import Grant, Tokens

    fake = open_recorded(setting)
    moments = [fake.clock.now(), *(moment for moment in (now, at_least) if moment)]
    fake.clock.set(max(moments))
    tokens = Tokens(Grant(fake.host, fake.token()))
    return Entrance(fake.session(), tokens, API_VERSION)


def open_recorded(setting: Setting) -> "FakeOrg":
    """Load a recorded org, with what was written to our copy of it.

    Raises ConfigError with all that is wrong in the recording.
    """
    from sfsync.fake import RecordingError, load_folder

    _make(setting.copy)
    log = setting.copy / "writes.jsonl"
    try:
        return load_folder(setting.source, log=log, likely=_likely_types(setting.policy))
    except RecordingError as error:
        raise ConfigError(error.problems) from error


def _likely_types(policy: "Policy") -> dict[str, dict[str, str]]:
    """Say what the policy's fields are in Salesforce's words, for columns that are empty."""
    return {
        name: {spec.field: _DESCRIBED[spec.type] for spec in fields.values()}
        for name, fields in policy.objects.items()
    }


def _make(folder: Path) -> None:
    """Make a folder of the state folder. Raises ConfigError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"the state folder {folder} cannot be made ({error.strerror}): name another one"
        raise ConfigError([f"{problem} with --state-dir or SFSYNC_STATE_DIR"]) from error


def _source_of(settings: Settings, config: Path) -> Path:
    """Return the folder or zip of the recorded org. Raises ConfigError where there is none."""
    name = settings.org
    if name == SALESFORCE:
        raise ConfigError(["--org salesforce: no recorded org; name a folder or zip, or demo"])
    path = config / DEMO if name == DEMO else Path(name)
    if not path.exists():
        raise ConfigError(
            [f"--org {name}: no such folder or zip; name one, or demo, or salesforce"]
        )
    return path


def _copy_of(source: Path, state_dir: Path) -> Path:
    digest = hashlib.sha256()
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    for file in files:
        if file.is_file():
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    name = f"{source.resolve().stem}-{digest.hexdigest()[:12]}"
    return state_dir / "orgs" / name


def _name_of_copy(setting: Setting) -> str:
    """Return the name of our copy of a recorded org, which it gets when it is first opened.

    The books of a copy are its own: those of the org that was recorded, of another copy, or of this
    one before it was reset would tell of changes that it never saw.
    """
    file = setting.copy / "name"
    with suppress(FileExistsError), file.open("x", encoding="utf-8") as stream:
        stream.write(secrets.token_hex(4))
    return file.read_text(encoding="utf-8")


def forget_copy(setting: Setting) -> bool:
    """Throw away our copy of a recorded org; tell whether there was one."""
    if not setting.copy.exists():
        return False
    shutil.rmtree(setting.copy)
    return True


@contextmanager
def lock_of(setting: Setting) -> Iterator[None]:
    """Hold the lock of the runs in this state folder, and that of our copy of a recorded org.

    Raises Locked where another run, or who serves the copy, has it.
    """
    from sfsync.jobs import locked

    _make(setting.settings.state_dir)
    with locked(setting.settings.state_dir / LOCK):
        if setting.is_salesforce:
            yield
        else:
            with lock_of_copy(setting):
                yield


@contextmanager
def lock_of_copy(setting: Setting) -> Iterator[None]:
    """Hold the lock of our copy of a recorded org: two writers would not see each other's changes.

    Raises Locked where another process writes or serves it.
    """
    from sfsync.jobs import locked

    # Beside the folder, not in it: `sfsync org reset` throws the folder away.
    path = setting.copy.with_name(f".{setting.copy.name}.lock")
    _make(path.parent)
    try:
        held = locked(path)
    except Locked as error:
        raise Locked(
            f"this copy of the org is being served or written by another process ({path}): "
            "end that first, or name another state folder with --state-dir"
        ) from error
    with held:
        yield


def is_at_work(settings: Settings) -> bool:
    """Tell whether some process holds the lock of the runs: if none does, no open run is alive."""
    from filelock import FileLock, Timeout

    path = settings.state_dir / LOCK
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
