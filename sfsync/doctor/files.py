"""Who else on this machine can read what the service keeps, and its secrets?"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from sfsync.doctor.check import FILES, Check, Level

_GROUP_AND_OTHERS = 0o077
_OTHERS = 0o007
_NAMED = 3


def check_files(state_dir: Path, secrets: Iterable[Path]) -> Iterator[Check]:
    """Compare the modes of the state folder, and of all in it, with those that the service gives
    (0700, 0600), and see that secrets are nobody's but their owner's and group's.

    Says nothing where files have no such modes.
    """
    if os.name != "posix":
        return
    open_ones = [path for path in _all_in(state_dir) if _mode(path) & _GROUP_AND_OTHERS]
    if open_ones:
        told = ", ".join(f"{path} ({_mode(path):04o})" for path in open_ones[:_NAMED])
        told += f" and {len(open_ones) - _NAMED} more" if len(open_ones) > _NAMED else ""
        text = f"others than the service's user may get at what it keeps: {told}"
        yield Check(FILES, Level.NOTE, text, f"chmod -R go= {state_dir}")
    elif state_dir.exists():
        yield Check(FILES, Level.GOOD, f"{state_dir} is the service's user's alone")
    for path in secrets:
        if path.exists() and _mode(path) & _OTHERS:
            text = f"{path} holds secrets, and everybody may read or write it ({_mode(path):04o})"
            yield Check(FILES, Level.NOTE, text, f"chmod o= {path}")


def _all_in(folder: Path) -> Iterator[Path]:
    if folder.exists():
        yield folder
        yield from sorted(path for path in folder.rglob("*") if not path.is_symlink())


def _mode(path: Path) -> int:
    """Return the mode's bits; 0 for what is gone meanwhile, as a run's files may be."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return 0
