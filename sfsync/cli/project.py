"""How is the project folder of `sfsync setup` written, without harm to anybody's work in it?"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from sfsync.cli.screen import Screen, count
from sfsync.errors import ConfigError

# What was written, by file, so that an earlier output is known from an admin's own work.
WRITTEN_FILE = "sfsync-setup.json"
# The part of the folder that tools deploy, whoever wrote what is in it.
_DEPLOYED = "force-app"


def write_project(out: Path, files: Mapping[str, str], screen: Screen) -> None:
    """Write the project folder; what an earlier setup wrote there is replaced.

    Raises ConfigError, and writes nothing, where somebody else's work is in the way.
    """
    earlier = _earlier(out)
    gone = sorted(set(earlier) - set(files))
    for name in gone:
        (out / name).unlink(missing_ok=True)
    for name, text in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    digests = {name: _digest(text.encode()) for name, text in files.items()}
    record = json.dumps({"files": digests}, indent=2) + "\n"
    (out / WRITTEN_FILE).write_text(record, encoding="utf-8", newline="\n")
    screen.say(f"Written to {out}: {count(len(files), 'file')}; read {out}/README.md first.")
    replaced = len(set(earlier) & set(files))
    if replaced or gone:
        screen.say(f"Of an earlier setup {replaced} were replaced and {len(gone)} removed.")


def _earlier(out: Path) -> Mapping[str, str]:
    """Return what an earlier setup wrote there, by file; raises ConfigError for anybody's work."""
    if not out.exists() or not any(out.iterdir()):
        return {}
    record = out / WRITTEN_FILE
    if not record.is_file():
        raise ConfigError([f"--out {out}: something else is in it. Name a new or empty folder"])
    try:
        written: Mapping[str, str] = json.loads(record.read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError([f"{record} is not as setup wrote it: name another folder"]) from error
    changed = [
        f"{out / name}: was changed since setup wrote it. Name another folder, or remove it"
        for name, digest in written.items()
        if (out / name).is_file() and _digest((out / name).read_bytes()) != digest
    ]
    others = [
        f"{path}: setup did not write it, and it would be deployed too. Name another folder, or "
        "move it away"
        for path in _in_the_deployed_part(out)
        if path.relative_to(out).as_posix() not in written
    ]
    if changed or others:
        raise ConfigError([*changed, *others])
    return written


def _in_the_deployed_part(out: Path) -> list[Path]:
    found = (out / _DEPLOYED).rglob("*")
    return [path for path in found if path.is_symlink() or not path.is_dir()]


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]
