"""Which value of a YAML file stands on which line?

Every complaint about configuration names its file and line. The parser is ruamel.yaml (YAML 1.2, so
that `no` is a word and not False); what leaves this module are plain values and a way to ask for
lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from sfsync.errors import ConfigError

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its name, its plain values, and the line (from 1) of each path in it."""

    name: str
    data: Any
    lines: Mapping[Path, int]

    def place(self, path: Path) -> str:
        """Say where a path stands, as `file:line`; the nearest parent's line where the path itself
        is absent.
        """
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return f"{self.name}:{self.lines.get(known, 1)}"


def without(document: Document, path: Path) -> Document:
    """Return the document without the value at `path`.

    The lines of what follows it in a list stay true.
    """
    parent, last = path[:-1], path[-1]
    lines: dict[Path, int] = {}
    for known, line in document.lines.items():
        if known[: len(path)] == path:
            continue
        step = (
            known[len(parent)]
            if known[: len(parent)] == parent and len(known) > len(parent)
            else None
        )
        if isinstance(last, int) and isinstance(step, int) and step > last:
            known = (*parent, step - 1, *known[len(path) :])
        lines[known] = line
    return Document(document.name, _pruned(document.data, path), lines)


def _pruned(data: Any, path: Path) -> Any:
    first, rest = path[0], path[1:]
    items = list(data.items()) if isinstance(data, dict) else list(enumerate(data))
    kept = [
        (key, _pruned(value, rest) if key == first else value)
        for key, value in items
        if rest or key != first
    ]
    return dict(kept) if isinstance(data, dict) else [value for _, value in kept]


def read_yaml(text: str, name: str) -> Document:
    """Parse a YAML text. Raises ConfigError with file and line where it is no YAML or a key comes
    twice.
    """
    try:
        node = YAML(typ="rt").load(StringIO(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(
            [f"{name}:{line}: {str(error.problem or error).splitlines()[0]}"]
        ) from error
    except YAMLError as error:
        raise ConfigError([f"{name}:1: {error}"]) from error
    lines: dict[Path, int] = {(): 1}
    return Document(name, _plain(node, (), lines), lines)


def _plain(node: Any, path: Path, lines: dict[Path, int]) -> Any:
    if isinstance(node, CommentedMap):
        for key in node:
            lines[(*path, key)] = node.lc.key(key)[0] + 1
        return {key: _plain(value, (*path, key), lines) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        for place in range(len(node)):
            lines[(*path, place)] = node.lc.item(place)[0] + 1
        return [_plain(value, (*path, place), lines) for place, value in enumerate(node)]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    """Strip the parser's own number and text types down to Python's."""
    if isinstance(node, bool) or node is None:
        return node
    for plain in (int, float, str):
        if isinstance(node, plain):
            return plain(node)
    return node
