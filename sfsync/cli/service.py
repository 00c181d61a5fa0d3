"""What does a service stand on: its name, its lock, and the configuration that it accepted?"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from sfsync.cli.jobs import quiet
from sfsync.cli.opening import lock_named
from sfsync.cli.options import Place
from sfsync.cli.rules import check_others
from sfsync.cli.setting import DEMO, SALESFORCE, Setting, make, set_up
from sfsync.errors import ConfigError
from sfsync.lock import Lock
from sfsync.rules.shape import SETTINGS_FILE
from sfsync.settings import PREFIX, Settings, read_config

if TYPE_CHECKING:
    from sfsync.policy import Schedule

# Copies of the configuration, in the state folder: by service, then by content.
ACCEPTED, _BEGUN = "accepted", ".begun-"
# A job that has just begun may still read the one before.
_KEPT = 2


def name_of(settings: Settings) -> str:
    """Name the service in the journal: as set, else after the org."""
    if settings.service:
        return settings.service
    name = settings.org if settings.org in (DEMO, SALESFORCE) else Path(settings.org).stem
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)


def lock_of_service(settings: Settings) -> Lock:
    """Return the lock that is held by who carries out the schedule."""
    make(settings.state_dir)
    name = name_of(settings)
    return lock_named(settings, f"scheduler-{name}.lock", f"another scheduler serves {name}")


def accepted(place: Place) -> "tuple[Setting, Schedule]":
    """Read and check the whole configuration; return it with the schedule, whose commands are
    quiet.

    Raises ConfigError with all problems, and where nothing is scheduled.
    """
    setting = set_up(place)
    check_others(setting)
    if not setting.policy.schedule.jobs:
        problem = f"{SETTINGS_FILE} names no jobs under `schedule`: there is nothing to carry out"
        raise ConfigError([f"{setting.config.path}: {problem}"])
    return setting, quiet(setting.policy.schedule)


@dataclass(frozen=True, slots=True)
class Kept:
    """A copy of the configuration as it was accepted, for the jobs: what is being edited does not
    concern them before it is accepted, too.
    """

    files: Mapping[Path, bytes]
    demo: Path
    folder: Path

    def at_hand(self) -> Path:
        """Return the copy's folder, written where it is missing. Raises OSError where it cannot be.

        Other processes keep theirs beside it, and let go of what was not asked for lately.
        """
        if not self.folder.exists():
            self._write()
        os.utime(self.folder)
        _forget_older(self.folder)
        return self.folder

    def _write(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(mkdtemp(prefix=_BEGUN, dir=self.folder.parent))
        for name, content in self.files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)
        if self.demo.exists():
            (new / DEMO).symlink_to(self.demo.absolute(), target_is_directory=True)
        try:
            new.rename(self.folder)
        except OSError:
            # Another process may have been quicker: the same content has the same name.
            shutil.rmtree(new, ignore_errors=True)
            if not self.folder.exists():
                raise


def kept(setting: Setting) -> Kept:
    """Read the configuration as it was accepted, to keep a copy of it.

    Raises ConfigError where it was changed meanwhile, OSError where a file cannot be read.
    """
    source = setting.config.path
    files = {file.relative_to(source): file.read_bytes() for file in _files(source)}
    if read_config(setting.settings).texts != setting.config.texts:
        raise ConfigError([f"{source}: it was changed while it was read; have it read again"])
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    settings = setting.settings
    folder = settings.state_dir / ACCEPTED / name_of(settings) / digest.hexdigest()[:12]
    return Kept(files, source / DEMO, folder)


def environment_of(settings: Settings, config: Path | None) -> Mapping[str, str]:
    """Return the environment of a service's jobs: their settings are those of the service, and
    their configuration is in the folder `config`, or where the settings say.
    """
    # Its turns are in that journal: the runs must not go elsewhere when .env is edited.
    file = settings.journal_url_file
    given = {
        "ORG": settings.org,
        "STATE_DIR": settings.state_dir,
        "CONFIG": config or settings.config,
        "SERVICE": settings.service,
        "JOURNAL_URL_FILE": file,
        "JOURNAL_URL": "" if file else settings.journal,
    }
    told = {f"{PREFIX}{name}": str(value) for name, value in given.items() if value}
    return {**os.environ, **told}


def _files(source: Path) -> Iterator[Path]:
    """Find the files of a configuration; the demo org beside them is none of it."""
    for file in sorted(source.rglob("*")):
        if file.is_file() and file.relative_to(source).parts[0] != DEMO:
            yield file


def _forget_older(folder: Path) -> None:
    """Delete the copies that are not this one, nor one of the newest."""
    found = {}
    for each in folder.parent.iterdir():
        # Another process may be deleting it, too.
        with suppress(FileNotFoundError):
            found[each] = each.stat().st_mtime
    others = sorted(found.keys() - {folder}, key=lambda each: found[each], reverse=True)
    for each in others[_KEPT - 1 :]:
        shutil.rmtree(each, ignore_errors=True)
