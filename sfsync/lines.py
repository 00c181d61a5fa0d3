"""Which value of a YAML file stands on which line?

Every complaint about configuration names its file and line. PyYAML finds the nodes, in C where it
can. What they mean is said here: YAML 1.2's words and numbers, so that `no` is a word and not
False. What leaves this module are plain values and a way to ask for lines.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sfsync.errors import ConfigError

Path = tuple[str | int, ...]

DEEPEST = 100
# A text has no more values than characters, unless its aliases multiply them.
ROOM_FOR_ALIASES = 10_000
_TOO_DEEP = f"values are nested more than {DEEPEST} deep"
# They end a line for PyYAML, and for no editor: the lines told would be wrong.
_LINE_ENDINGS = re.compile("[\x85\u2028\u2029]")


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
    """Parse a YAML text; of an empty one the data are None. An instant with a zone is aware.

    Raises ConfigError with file and line where it is no YAML, a key comes twice, or aliases stand
    for too much.
    """
    root = _composed(text, name)
    walk = _Walk(name, len(text) + ROOM_FOR_ALIASES)
    return Document(name, None if root is None else walk.value(root, ()), walk.lines)


def _whole(text: str) -> int:
    digits = text.replace("_", "")
    return int(digits, 0 if re.match("[-+]?0[box]", digits) else 10)


def _decimal(text: str) -> float:
    return float(re.sub(r"\.(?=inf|nan)", "", text.replace("_", "").lower()))


def _date(text: str) -> Any:
    constructor = yaml.constructor.SafeConstructor()
    if not constructor.timestamp_regexp.match(text):
        raise ValueError(text)
    return constructor.construct_yaml_timestamp(yaml.ScalarNode(_tag("timestamp"), text))


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of unquoted value: its name in words, how it begins and looks, how it is read."""

    words: str
    first: str
    pattern: str
    read: Callable[[str], Any]


def _tag(name: str) -> str:
    return f"tag:yaml.org,2002:{name}"


# The first that fits counts. More than YAML 1.2 has: `_` groups digits, and dates are dates.
_KINDS = {
    _tag("bool"): _Kind(
        "true or false",
        "tTfF",
        "true|True|TRUE|false|False|FALSE",
        lambda text: {"true": True, "false": False}[text.lower()],
    ),
    _tag("float"): _Kind(
        "number",
        "-+0123456789.",
        r"[-+]?[0-9][0-9_]*(\.[0-9_]*([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)"
        r"|[-+]?\.[0-9_]+([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        _decimal,
    ),
    _tag("int"): _Kind(
        "whole number",
        "-+0123456789",
        "[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)",
        _whole,
    ),
    _tag("null"): _Kind("null", "~nN", "(~|null|Null|NULL)?", lambda _: None),
    _tag("timestamp"): _Kind(
        "date",
        "0123456789",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?"
        r"([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?",
        _date,
    ),
}
_MAP, _SEQ, _MERGE = _tag("map"), _tag("seq"), _tag("merge")
# `<<` is a word like others where it is no key.
_WORDS = (_tag("str"), _MERGE)


def _loader(parser: Any) -> Any:
    """Make a loader of its own, so that other users of PyYAML keep theirs."""
    loader: Any = type("Loader", (parser,), {"yaml_implicit_resolvers": {}})
    for tag, kind in _KINDS.items():
        first = [*kind.first, *([""] if tag == _tag("null") else [])]
        loader.add_implicit_resolver(tag, re.compile(f"^(?:{kind.pattern})$"), first)
    loader.add_implicit_resolver(_MERGE, re.compile("^<<$"), ["<"])
    return loader


_SLOW = _loader(yaml.SafeLoader)
# There are builds of PyYAML without libyaml.
_FAST = _loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _composed(text: str, name: str) -> Any:
    if ending := _LINE_ENDINGS.search(text):
        raise _refused(text, ending.start(), name)
    try:
        return yaml.compose(text, Loader=_FAST)
    except (yaml.YAMLError, UnicodeEncodeError, RecursionError):
        # The parser in Python has better words for what is wrong: they name the character.
        return _composed_slowly(text, name)


def _composed_slowly(text: str, name: str) -> Any:
    try:
        return yaml.compose(text, Loader=_SLOW)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1
        raise ConfigError([f"{name}:{line}: {_problem(error)}"]) from error
    except yaml.reader.ReaderError as error:
        raise _refused(text, error.position, name) from error
    except RecursionError as error:
        raise ConfigError([f"{name}:1: {_TOO_DEEP}"]) from error


def _problem(error: Any) -> str:
    if not error.context:
        return str(error.problem)
    begins = f" (line {error.context_mark.line + 1})" if error.context_mark else ""
    return f"{error.context}{begins}, {error.problem}"


def _refused(text: str, position: int, name: str) -> ConfigError:
    line = text.count("\n", 0, position) + 1
    character = f"U+{ord(text[position]):04X}"
    return ConfigError([f"{name}:{line}: the character {character} is not allowed"])


class _Walk:
    """Reads nodes, at most so many, and keeps their lines."""

    def __init__(self, name: str, most: int) -> None:
        self.lines: dict[Path, int] = {(): 1}
        self._name = name
        self._left = most
        self._depth = 0

    def value(self, node: Any, path: Path) -> Any:
        """Return what a node and all below it mean. Raises ConfigError."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._left -= len(node.value)
        if self._left < 0:
            raise self._wrong(node, "its aliases stand for too many values; write them out")
        if self._depth == DEEPEST:
            raise self._wrong(node, f"{_TOO_DEEP}, or an alias holds itself")
        if node.tag != (_MAP if isinstance(node, yaml.MappingNode) else _SEQ):
            raise self._unknown(node)
        self._depth += 1
        read = self._mapping if node.tag == _MAP else self._list
        value = read(node, path)
        self._depth -= 1
        return value

    def _list(self, node: Any, path: Path) -> list[Any]:
        for place, item in enumerate(node.value):
            self.lines[(*path, place)] = item.start_mark.line + 1
        return [self.value(item, (*path, place)) for place, item in enumerate(node.value)]

    def _mapping(self, node: Any, path: Path) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        # Its own keys come after those it merges, so that theirs are the lines that stay.
        for each in reversed(self._merges(node)):
            merged |= self.value(each, path)
        values: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self._key(key_node)
            here = (*path, key)
            if key in values:
                line = self.lines[here]
                raise self._wrong(key_node, f'found duplicate key "{key}": line {line} has it too')
            self.lines[here] = key_node.start_mark.line + 1
            values[key] = self.value(value_node, here)
        return merged | values

    def _merges(self, node: Any) -> list[Any]:
        """Return the mappings that stand at the key `<<`, the strongest first."""
        pairs = [pair for pair in node.value if pair[0].tag == _MERGE]
        if len(pairs) > 1:
            raise self._wrong(pairs[1][0], 'found duplicate key "<<": a list merges several')
        named = [value for _, value in pairs]
        if named and isinstance(named[0], yaml.SequenceNode):
            named = named[0].value
        for each in named:
            if not isinstance(each, yaml.MappingNode):
                raise self._wrong(each, 'only mappings can be merged by "<<"')
        return named

    def _key(self, node: Any) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise self._wrong(node, "a key is a word or a number, no list and no mapping")
        return self._scalar(node)

    def _scalar(self, node: Any) -> Any:
        if node.tag in _WORDS:
            return node.value
        if node.tag not in _KINDS:
            raise self._unknown(node)
        kind = _KINDS[node.tag]
        try:
            return kind.read(node.value)
        except (ValueError, KeyError) as error:
            raise self._wrong(node, f'"{node.value[:40]}" is no {kind.words}') from error

    def _unknown(self, node: Any) -> ConfigError:
        return self._wrong(node, f"unknown tag {node.tag.replace(_tag(''), '!!')}")

    def _wrong(self, node: Any, problem: str) -> ConfigError:
        return ConfigError([f"{self._name}:{node.start_mark.line + 1}: {problem}"])
