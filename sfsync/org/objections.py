"""What does the door refuse itself, before the org is asked?"""

from collections.abc import Mapping, Sequence
from math import isfinite

from sfsync.model import Value
from sfsync.org import MOST_ROWS, FieldInfo, RowResult
from sfsync.org.read import is_id
from sfsync.org.upload import EMPTIES
from sfsync.org.ways import Rows


def check_number(rows: Sequence[object]) -> None:
    """Raise ValueError for more rows than one request may hold."""
    if len(rows) > MOST_ROWS:
        raise ValueError(f"{len(rows)} records in one request: the platform takes {MOST_ROWS}")


def check_once(rows: Rows) -> None:
    """Raise ValueError for an Id given twice."""
    if len({id[:15] for id, _ in rows}) < len(rows):
        raise ValueError("a record is given twice in one update: put its fields into one")


def unwritable(id: str, values: Mapping[str, Value]) -> RowResult | None:
    """Say why a bulk job cannot write a record as wanted; None where it can."""
    # In a bulk job the words mean that the field is to be emptied.
    emptying = sorted(name for name, value in values.items() if value == EMPTIES)
    if not emptying:
        return None
    words = f"a bulk job cannot write the text {EMPTIES}: {', '.join(emptying)}"
    return RowResult(id, False, "FIELD_INTEGRITY_EXCEPTION", words)


def objection(
    id: str, values: Mapping[str, Value], known: Mapping[str, FieldInfo]
) -> RowResult | None:
    """Say why a record cannot be updated so; None where it can. `known`: the object's fields."""
    # For some of these the platform refuses the whole request: one record would stop all others.
    if not is_id(id):
        return RowResult(
            id, False, "MALFORMED_ID", f"{id!r} is not a Salesforce Id of 15 or 18 characters"
        )
    fixed = [name for name in values if name in known and not known[name].updateable]
    return _misfit(id, values, known, fixed)


def cannot_create(values: Mapping[str, Value], known: Mapping[str, FieldInfo]) -> RowResult | None:
    """Say why a record cannot be created so; None where it can. `known`: the object's fields."""
    fixed = [name for name in values if name in known and not known[name].createable]
    return _misfit("", values, known, fixed)


def _misfit(
    id: str, values: Mapping[str, Value], known: Mapping[str, FieldInfo], fixed: Sequence[str]
) -> RowResult | None:
    missing = sorted(name for name in values if name not in known)
    if missing:
        return RowResult(
            id,
            False,
            "INVALID_FIELD",
            f"no such field, or hidden from the service's user: {', '.join(missing)}",
        )
    if fixed:
        return RowResult(
            id,
            False,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"not editable for the service's user: {', '.join(sorted(fixed))}. "
            "Give its permission set edit access",
        )
    endless = sorted(
        name for name, value in values.items() if isinstance(value, float) and not isfinite(value)
    )
    if endless:
        # JSON has no such number: the request could not even be written.
        return RowResult(
            id, False, "NUMBER_OUTSIDE_VALID_RANGE", f"not a finite number: {', '.join(endless)}"
        )
    return None
