"""Does a value in a condition fit the field it is compared with?"""

from dataclasses import dataclass

from sfsync.fake.ids import normalise
from sfsync.fake.schema import NUMERIC_TYPES, TEXT_TYPES, Field
from sfsync.fake.soql.columns import Getter
from sfsync.fake.soql.syntax import Literal
from sfsync.fake.soql.tokens import query_error
from sfsync.fake.values import Row, Value, read_date, read_datetime


@dataclass(frozen=True, slots=True)
class Operand:
    """The left side of a condition."""

    name: str
    field: Field
    get: Getter
    comparable: Getter

    @property
    def is_text(self) -> bool:
        """Whether it is compared as text, without regard to case."""
        return is_text(self.field)


def is_text(field: Field) -> bool:
    """Whether values of a field are compared as text, without regard to case."""
    return field.type in TEXT_TYPES and not field.case_sensitive


def operand(name: str, field: Field, get: Getter) -> Operand:
    """Return the left side of a condition on a field."""
    if not is_text(field):
        return Operand(name, field, get, get)

    def folded(row: Row) -> Value | None:
        value = get(row)
        return value.lower() if isinstance(value, str) else value

    return Operand(name, field, get, folded)


def typed(statement: str, left: Operand, literal: Literal) -> Value | None:
    """Return the value a literal stands for when compared with `left.comparable`.

    Raises ApiError INVALID_FIELD where the literal's type is not the field's, and
    INVALID_QUERY_FILTER_OPERATOR for a malformed Id.
    """
    kind = left.field.type
    if literal.kind == "null" or (literal.kind == "string" and literal.text == ""):
        return False if kind == "boolean" else None
    if left.field.is_reference and literal.kind == "string":
        return _record_id(statement, left, literal)
    value = _matching(kind, literal)
    if value is None:
        raise query_error(statement, literal.at, "INVALID_FIELD", _mismatch(left, literal))
    return value.lower() if left.is_text and isinstance(value, str) else value


def _matching(kind: str, literal: Literal) -> Value | None:
    text = literal.text
    if literal.kind == "number" and kind in NUMERIC_TYPES:
        return float(text)
    if literal.kind == "boolean" and kind == "boolean":
        return text == "true"
    if literal.kind == "date" and kind == "date":
        return read_date(text)
    if literal.kind == "datetime" and kind == "datetime":
        return read_datetime(text)
    if literal.kind == "string" and kind in TEXT_TYPES:
        return text
    return None


def _record_id(statement: str, left: Operand, literal: Literal) -> str:
    record_id = normalise(literal.text)
    if record_id is None:
        raise query_error(
            statement,
            literal.at,
            "INVALID_QUERY_FILTER_OPERATOR",
            f"invalid ID field: {literal.text}",
        )
    return record_id


def _mismatch(left: Operand, literal: Literal) -> str:
    kind = {"datetime": "dateTime"}.get(left.field.type, left.field.type)
    quotes = ""
    if literal.kind == "string":
        quotes = " and should not be enclosed in quotes"
    elif left.is_text or left.field.is_reference:
        quotes = " and should be enclosed in quotes"
    return f"value of filter criterion for field '{left.name}' must be of type {kind}{quotes}"
