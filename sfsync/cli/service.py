"""What does a service stand on: its name, its lock, and the configuration that it accepted?"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
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

# Copies of the configuration, in the state folder.
ACCEPTED = "accepted"
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


def kept(setting: Setting) -> Path:
    """Return the folder of a copy of the configuration as it was accepted, for the jobs: what is
    being edited does not concern them before it is accepted, too.

    Raises ConfigError where the configuration was changed meanwhile.
    """
    source = setting.config.path
    files = {file.relative_to(source): file.read_bytes() for file in _files(source)}
    if read_config(setting.settings).texts != setting.config.texts:
        raise ConfigError([f"{source}: it was changed while it was read; have it read again"])
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    folder = setting.settings.state_dir / ACCEPTED / digest.hexdigest()[:12]
    if not folder.exists():
        _write(files, source / DEMO, folder)
    os.utime(folder)
    _forget_older(folder.parent)
    return folder


def environment_of(settings: Settings, config: Path | None) -> Mapping[str, str]:
    """Return the environment of a service's jobs: their settings are those of the service, and
    their configuration is in the folder `config`, or where the settings say.
    """
    folder = config or settings.config
    given = {
        "ORG": settings.org,
        "STATE_DIR": str(settings.state_dir),
        **({"CONFIG": str(folder)} if folder else {}),
    }
    return {**os.environ, **{f"{PREFIX}{name}": value for name, value in given.items()}}


def _files(source: Path) -> Iterator[Path]:
    """Find the files of a configuration; the demo org beside them is none of it."""
    for file in sorted(source.rglob("*")):
        if file.is_file() and file.relative_to(source).parts[0] != DEMO:
            yield file


def _write(files: Mapping[Path, bytes], demo: Path, folder: Path) -> None:
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    make(new)
    for name, content in files.items():
        make((new / name).parent)
        (new / name).write_bytes(content)
    if demo.exists():
        (new / DEMO).symlink_to(demo.absolute(), target_is_directory=True)
    new.rename(folder)


def _forget_older(parent: Path) -> None:
    newest = sorted(parent.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for each in newest[_KEPT:]:
        shutil.rmtree(each)
