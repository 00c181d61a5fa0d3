"""Of which parts does a parsed SOQL statement consist?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """A field, or a way to one through parents: `Account.Owner.Name`."""

    names: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        """The path as written."""
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a field: an aggregate or a date function; `COUNT()` has no path."""

    function: str
    path: Path | None
    at: int


Expression = Path | Call


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in a condition.

    `kind`: string, number, boolean, null, date, datetime, range (a date literal such as TODAY, with
    `count` for those that take one).
    """

    kind: str
    text: str
    at: int
    count: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`; the operator is one of = != < <= > >= LIKE."""

    left: Expression
    operator: str
    right: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    """`left IN (values)` or `left INCLUDES (values)`, or the negation."""

    left: Expression
    operator: str
    values: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Join:
    """A semi-join (or anti-join): `left IN (SELECT ...)`."""

    left: Expression
    query: "Query"
    negated: bool
    at: int


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a condition."""

    inner: "Condition"


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions that must all hold (AND), or of which one must (OR)."""

    operator: str
    parts: "tuple[Condition, ...]"


Condition = Comparison | Membership | Join | Not | Junction


@dataclass(frozen=True, slots=True)
class Selected:
    """One item of SELECT with its alias."""

    expression: Expression
    alias: str | None


@dataclass(frozen=True, slots=True)
class FieldsOf:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    which: str
    at: int


@dataclass(frozen=True, slots=True)
class Ordering:
    """One item of ORDER BY."""

    expression: Expression
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A statement, or one in parentheses inside another."""

    select: "tuple[Selected | FieldsOf | Query, ...]"
    object_name: str
    object_at: int
    alias: str | None = None
    where: Condition | None = None
    group_by: tuple[Expression, ...] = ()
    having: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    limit_at: int = 0
    offset: int = 0
    offset_at: int = 0
