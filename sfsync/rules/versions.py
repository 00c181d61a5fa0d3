"""What had another name in an older version of sfsync.yaml, or is gone since?

A version is given a number when names change, not when some are added: what was written for an
older one is read, and told how it is written now.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfsync.lines import Document, Path, without
from sfsync.rules.build import Problems

logger = logging.getLogger(__name__)

_KEY = "version"


@dataclass(frozen=True, slots=True)
class Renamed:
    """A key that has another path now."""

    old: Path
    new: Path


@dataclass(frozen=True, slots=True)
class Removed:
    """A key that is no more, and what to do instead, in words."""

    old: Path
    instead: str


NEWEST = 1
# What came with each version but the first.
CHANGES: Mapping[int, Sequence[Renamed | Removed]] = {}


def as_of_today(
    document: Document,
    problems: Problems,
    changes: Mapping[int, Sequence[Renamed | Removed]] = CHANGES,
    newest: int = NEWEST,
) -> Document:
    """Return the settings as they are written now. What has another name is warned of, what is gone
    is a problem, and so is a version that this sfsync does not know.
    """
    written = document.data.get(_KEY, 1) if isinstance(document.data, dict) else 1
    if not isinstance(written, int) or written < 1:
        # Their shape says what stands there.
        return document
    if written > newest:
        known = f"this sfsync knows version {newest}"
        problems.add((_KEY,), f"version {written} is of a newer sfsync, {known}: install that one")
    for version in range(written + 1, newest + 1):
        for change in changes[version]:
            if _holds(document.data, change.old):
                document = _changed(document, change, version, problems)
    return document


def _changed(
    document: Document, change: Renamed | Removed, version: int, problems: Problems
) -> Document:
    old, place = ".".join(map(str, change.old)), document.place(change.old)
    if isinstance(change, Removed):
        problems.add(change.old, f'there is no "{old}" since version {version}: {change.instead}')
        return without(document, change.old)
    new = ".".join(map(str, change.new))
    if _holds(document.data, change.new):
        problems.add(change.old, f'"{old}" is called "{new}" now, and both are there: keep that')
        return without(document, change.old)
    logger.warning(
        '%s: "%s" is called "%s" since version %d: rename it, and write `version: %d` when nothing'
        " is told any more",
        *(place, old, new, version, version),
    )
    return _moved(document, change)


def _moved(document: Document, change: Renamed) -> Document:
    value = document.data
    for part in change.old:
        value = value[part]
    lines = {
        (*change.new, *path[len(change.old) :]): line
        for path, line in document.lines.items()
        if path[: len(change.old)] == change.old
    }
    rest = without(document, change.old)
    return Document(rest.name, _put(rest.data, change.new, value), {**rest.lines, **lines})


def _put(data: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    data = data if isinstance(data, dict) else {}
    return {**data, path[0]: _put(data.get(path[0]), path[1:], value)}


def _holds(data: Any, path: Path) -> bool:
    for part in path:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True
