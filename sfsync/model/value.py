"""How does Salesforce write a value, and when are two the same?"""

from datetime import UTC, datetime

Value = str | int | float | bool | None


def to_wire(moment: datetime) -> str:
    """Write an aware instant as Salesforce does: `2026-06-15T08:00:00.000+0000`, cut to whole
    seconds.
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def to_iso(moment: datetime) -> str:
    """Write an aware instant as programs and SOQL like it: `2026-06-15T08:00:00Z`, cut to whole
    seconds.
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_wire(text: str) -> datetime:
    """Read an instant in any ISO form with an offset (`Z`, `+0000`, `+02:00`) as aware UTC, cut to
    whole seconds.

    Raises ValueError where the text is no instant or has no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: end it with Z or an offset such as +02:00")
    return moment.astimezone(UTC).replace(microsecond=0)


def same_value(left: Value, right: Value) -> bool:
    """Tell whether two field values are the same to Salesforce.

    Null equals blank text, 3 equals 3.0, lines may end in one way or the other, and datetimes are
    compared by instant: the API writes `+0000`, exports write `.000Z`.
    """
    if left in (None, "") or right in (None, ""):
        return left in (None, "") and right in (None, "")
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if left == right:
        return True
    if isinstance(left, str) and isinstance(right, str) and "\r" in left + right:
        return left.replace("\r\n", "\n") == right.replace("\r\n", "\n")
    moment = _instant(left)
    return moment is not None and moment == _instant(right)


def _instant(value: Value) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return from_wire(value)
    except (ValueError, OverflowError):
        return None
