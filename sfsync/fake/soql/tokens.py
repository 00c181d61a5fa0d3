"""Of which words does a SOQL statement consist, and where do they stand?"""

import re
from dataclasses import dataclass

from sfsync.fake.errors import ApiError, refuse_request

_TOKEN = re.compile(
    r"""\s+
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))
    | (?P<date>\d{4}-\d{2}-\d{2}(?![\dT]))
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w]))
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    | (?P<mark><=|>=|!=|<>|[=<>(),:])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_EXCERPT_REACH = 32
WHERE_TO_LOOK = "Please reference your WSDL or the describe call for the appropriate names."


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a statement: kind (string, datetime, date, number, word, mark, end) and place."""

    kind: str
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of the given keywords (in capitals)."""
        return self.kind == "word" and self.text.upper() in words


def tokens_of(statement: str) -> list[Token]:
    """Split a statement; the last token is of kind `end`. Raises ApiError MALFORMED_QUERY."""
    found: list[Token] = []
    at = 0
    while at < len(statement):
        match = _TOKEN.match(statement, at)
        if match is None:
            raise unexpected(statement, at, statement[at])
        if match.lastgroup is not None:
            found.append(Token(match.lastgroup, match.group(), at))
        at = match.end()
    return [*found, Token("end", "<EOF>", len(statement))]


def unescape(statement: str, token: Token, *, pattern: bool = False) -> str:
    """Return what a quoted string means; raises ApiError MALFORMED_QUERY on an unknown escape.

    `pattern`: for LIKE, `\\_` and `\\%` are allowed and, with `\\\\`, stay escaped.
    """
    parts: list[str] = []
    text, at = token.text[1:-1], 0
    while at < len(text):
        if text[at] != "\\":
            parts.append(text[at])
            at += 1
            continue
        parts.append(_escaped(statement, token, text[at + 1], at, pattern=pattern))
        at += 2
    return "".join(parts)


def _escaped(statement: str, token: Token, mark: str, at: int, *, pattern: bool) -> str:
    if pattern and mark in "_%\\":
        return "\\" + mark
    if mark in "\"'\\":
        return mark
    if mark.lower() in _ESCAPES:
        return _ESCAPES[mark.lower()]
    raise malformed(
        statement,
        token.at + 1 + at,
        f"Invalid string literal '\\{mark}'. Illegal character sequence",
    )


def query_error(statement: str, at: int, code: str, text: str) -> ApiError:
    """Return a query's refusal with excerpt, caret and place, as the platform words it."""
    line_start = statement.rfind("\n", 0, at) + 1
    row = statement.count("\n", 0, at) + 1
    column = at - line_start + 1
    start = max(line_start, at - _EXCERPT_REACH)
    end = statement.find("\n", at)
    stop = min(len(statement) if end < 0 else end, at + _EXCERPT_REACH)
    excerpt = statement[start:stop]
    return refuse_request(
        400,
        code,
        f"\n{excerpt}\n{' ' * (at - start)}^\nERROR at Row:{row}:Column:{column}\n{text}",
    )


def malformed(statement: str, at: int, text: str) -> ApiError:
    """Return a MALFORMED_QUERY refusal at a place of the statement."""
    return query_error(statement, at, "MALFORMED_QUERY", text)


def unexpected(statement: str, at: int, text: str) -> ApiError:
    """Return the refusal of a word that may not stand at its place."""
    return malformed(statement, at, f"unexpected token: '{text}'")
