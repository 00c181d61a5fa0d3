"""What does the WHERE or HAVING of a SOQL statement say?"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from sfsync.fake.soql.dates import RANGE_NAMES, takes_count
from sfsync.fake.soql.syntax import (
    Call,
    Comparison,
    Condition,
    Expression,
    Join,
    Junction,
    Literal,
    Membership,
    Not,
    Path,
)
from sfsync.fake.soql.tokens import Token, malformed, tokens_of, unescape, unexpected

if TYPE_CHECKING:
    from sfsync.fake.soql.syntax import Query

_MAX_STRING = 4_000


class ConditionParser(ABC):
    """Reads tokens one after the other; the clauses of a query are in `grammar`."""

    def __init__(self, statement: str) -> None:
        self.statement = statement
        self._tokens = tokens_of(statement)
        self._next = 0

    @property
    def current(self) -> Token:
        """The token to be read next."""
        return self._tokens[self._next]

    @property
    def following(self) -> Token:
        """The token after that."""
        return self._tokens[min(self._next + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Read a token."""
        token = self.current
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def accept(self, mark: str) -> bool:
        """Read a punctuation mark if it stands here."""
        if self.current.kind == "mark" and self.current.text == mark:
            self.take()
            return True
        return False

    def expect(self, mark: str) -> None:
        """Read a punctuation mark; raises ApiError if another word stands here."""
        if not self.accept(mark):
            raise self.unexpected()

    def accept_word(self, keyword: str) -> bool:
        """Read a keyword if it stands here."""
        if self.current.is_word(keyword):
            self.take()
            return True
        return False

    def expect_word(self, keyword: str) -> None:
        """Read a keyword; raises ApiError if another word stands here."""
        if not self.accept_word(keyword):
            raise self.unexpected()

    def word(self) -> Token:
        """Read a name."""
        if self.current.kind != "word":
            raise self.unexpected()
        return self.take()

    def whole_number(self) -> int:
        """Read a number without fraction."""
        if self.current.kind != "number" or not self.current.text.isdigit():
            raise self.unexpected()
        return int(self.take().text)

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.current.kind != "end":
            raise self.unexpected()

    def unexpected(self) -> Exception:
        """Return the refusal of the token that stands here."""
        return unexpected(self.statement, self.current.at, self.current.text)

    @abstractmethod
    def query(self) -> "Query":
        """Parse a query in parentheses; known to `grammar`."""

    def expression(self) -> Expression:
        """Parse a field, or a function of one."""
        name = self.word()
        if not self.accept("("):
            return Path(tuple(name.text.split(".")), name.at)
        path = None
        if not self.accept(")"):
            inner = self.word()
            path = Path(tuple(inner.text.split(".")), inner.at)
            self.expect(")")
        return Call(name.text.upper(), path, name.at)

    def condition(self) -> Condition:
        """Parse conditions joined by AND alone, or by OR alone."""
        parts = [self._single()]
        operator = self.current.text.upper()
        if operator not in ("AND", "OR"):
            return parts[0]
        while self.accept_word(operator):
            parts.append(self._single())
        # Salesforce refuses to guess a precedence between AND and OR.
        if self.current.is_word("AND", "OR"):
            raise self.unexpected()
        return Junction(operator, tuple(parts))

    def _single(self) -> Condition:
        if self.accept_word("NOT"):
            return Not(self._single())
        if self.accept("("):
            inner = self.condition()
            self.expect(")")
            return inner
        left = self.expression()
        negated = self.accept_word("NOT")
        operator = self.take()
        if operator.is_word("IN"):
            return self._membership(left, negated=negated)
        if negated:
            raise unexpected(self.statement, operator.at, operator.text)
        if operator.is_word("INCLUDES", "EXCLUDES"):
            values = self._list_of_values()
            return Membership(left, "INCLUDES", values, operator.is_word("EXCLUDES"))
        if operator.is_word("LIKE"):
            return Comparison(left, "LIKE", self._literal(pattern=True))
        if operator.kind != "mark" or operator.text in "(),:":
            raise unexpected(self.statement, operator.at, operator.text)
        sign = "!=" if operator.text == "<>" else operator.text
        return Comparison(left, sign, self._literal())

    def _membership(self, left: Expression, *, negated: bool) -> Condition:
        if self.current.text == "(" and self.following.is_word("SELECT"):
            at = self.take().at
            query = self.query()
            self.expect(")")
            return Join(left, query, negated, at)
        return Membership(left, "IN", self._list_of_values(), negated)

    def _list_of_values(self) -> tuple[Literal, ...]:
        self.expect("(")
        values = [self._literal()]
        while self.accept(","):
            values.append(self._literal())
        self.expect(")")
        return tuple(values)

    def _literal(self, *, pattern: bool = False) -> Literal:
        token = self.take()
        if token.kind == "string":
            text = unescape(self.statement, token, pattern=pattern)
            if len(text) > _MAX_STRING:
                raise malformed(self.statement, token.at, "String literal is too long")
            return Literal("string", text, token.at)
        if token.kind in ("number", "date", "datetime"):
            return Literal(token.kind, token.text, token.at)
        if token.is_word("TRUE", "FALSE"):
            return Literal("boolean", token.text.lower(), token.at)
        if token.is_word("NULL"):
            return Literal("null", "null", token.at)
        if token.kind == "word" and token.text.upper() in RANGE_NAMES:
            return self._range(token)
        raise unexpected(self.statement, token.at, token.text)

    def _range(self, token: Token) -> Literal:
        name = token.text.upper()
        if not takes_count(name):
            return Literal("range", name, token.at)
        self.expect(":")
        return Literal("range", name, token.at, self.whole_number())
