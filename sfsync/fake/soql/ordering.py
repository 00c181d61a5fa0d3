"""In which order do rows come?

Nulls come first, ascending or descending, unless NULLS LAST is said (which the platform ignores for
references). Text is compared by its capitals, picklists by their order in the setup.
"""

from collections.abc import Callable

from sfsync.fake.picklists import picklist_of
from sfsync.fake.schema import Field
from sfsync.fake.soql.columns import Getter
from sfsync.fake.soql.literals import is_text
from sfsync.fake.store import Store
from sfsync.fake.values import Row

SortKey = Callable[[Row], tuple[int, str | float]]


def sort_key(store: Store, owner_name: str, field: Field, get: Getter) -> SortKey:
    """Return the key of a row's non-null value: rank first, then the value."""
    if field.type in ("picklist", "combobox"):
        ranks = {each.value: at for at, each in enumerate(picklist_of(store, owner_name, field))}
        return _by_rank(get, ranks)
    if is_text(field):
        return lambda row: (0, str(get(row)).upper())
    if field.type in ("boolean", "int", "long", "double", "currency", "percent"):
        return lambda row: (0, float(get(row) or 0))
    return lambda row: (0, str(get(row)))


def _by_rank(get: Getter, ranks: dict[str, int]) -> SortKey:
    last = len(ranks)

    def key(row: Row) -> tuple[int, str | float]:
        text = str(get(row))
        return ranks.get(text, last), text.upper()

    return key


def sort_rows(
    rows: list[Row], get: Getter, key: SortKey, *, descending: bool, nulls_last: bool
) -> list[Row]:
    """Return rows in order of one column; rows with equal values keep their order."""
    nulls = [row for row in rows if get(row) is None]
    others = sorted((row for row in rows if get(row) is not None), key=key, reverse=descending)
    return [*others, *nulls] if nulls_last else [*nulls, *others]
