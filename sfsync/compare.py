"""Does a field hold what was read or planned, however the org spells it?"""

from datetime import datetime

from sfsync.model import Value, from_wire, same_value


def is_same(left: Value, right: Value) -> bool:
    """Tell whether two values are one to Salesforce: as model.same_value, and datetimes by instant.

    The API writes an instant as `+0000`, exports write it as `.000Z`.
    """
    if same_value(left, right):
        return True
    moment = _instant(left)
    return moment is not None and moment == _instant(right)


def _instant(value: Value) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return from_wire(value)
    except (ValueError, OverflowError):
        return None
