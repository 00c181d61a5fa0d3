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
from sfsync.configuration import read_config
from sfsync.errors import ConfigError
from sfsync.lines import read_yaml
from sfsync.lock import Lock
from sfsync.orgs import ORGS, OrgFile
from sfsync.rules.shape import SETTINGS_FILE
from sfsync.settings import PREFIX, Settings

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
    source, own = setting.config.path, setting.file
    files = {file.relative_to(source): file.read_bytes() for file in _files(source, own)}
    if _is_changed(setting, files):
        raise ConfigError([f"{source}: it was changed while it was read; have it read again"])
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    settings = setting.settings
    folder = settings.state_dir / ACCEPTED / name_of(settings) / digest.hexdigest()[:12]
    return Kept(files, source / DEMO, folder)


def _is_changed(setting: Setting, files: Mapping[Path, bytes]) -> bool:
    own = setting.file
    if own is not None:
        text = files.get(Path(ORGS, f"{own.name}.yaml"), b"").decode("utf-8", "replace")
        if read_yaml(text, own.name).data != own.document.data:
            return True
    texts = read_config(setting.settings, None if own is None else own.own).texts
    return texts != setting.config.texts


def environment_of(
    settings: Settings,
    config: Path | None,
    own: OrgFile | None = None,
    state_dir: Path | None = None,
) -> Mapping[str, str]:
    """Return the environment of a service's jobs: their settings are those of the service, and
    their configuration is in the folder `config`, or where the settings say.

    Jobs of an org that has a file (`own`) read it themselves, in the folder `config`.
    """
    # Its turns are in that journal: the runs must not go elsewhere when .env is edited.
    file = settings.journal_url_file
    if own is not None:
        told = {"ORG": own.name, "STATE_DIR": own.home, "CONFIG": config or settings.config}
        if not {"journal_url", "journal_url_file"} & own.given.keys():
            told |= {"JOURNAL_URL_FILE": file} if file else {"JOURNAL_URL": settings.journal}
        return _environment(told)
    given = {
        "ORG": settings.org,
        "STATE_DIR": settings.state_dir,
        "CONFIG": config or settings.config,
        "SERVICE": settings.service,
        "JOURNAL_URL_FILE": file,
        "JOURNAL_URL": "" if file else settings.journal,
    }
    return _environment(given)


def _environment(given: Mapping[str, object]) -> Mapping[str, str]:
    told = {f"{PREFIX}{name}": str(value) for name, value in given.items() if value}
    return {**os.environ, **told}


def _files(source: Path, own: OrgFile | None) -> Iterator[Path]:
    """Find the files of a configuration; the demo org beside them is none of it, nor is what other
    orgs have of their own.
    """
    mine = () if own is None else (own.name, f"{own.name}.yaml")
    for file in sorted(source.rglob("*")):
        parts = file.relative_to(source).parts
        is_others = parts[0] == ORGS and parts[1:2] and parts[1] not in mine
        if file.is_file() and parts[0] != DEMO and not is_others:
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
