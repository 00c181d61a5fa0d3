"""How are all records of an object read: page by page, or by a bulk job?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sfsync.errors import OrgUnavailable
from sfsync.org import READ_IN_BULK_FROM
from sfsync.org.soql import select
from sfsync.org.wire import Page, Wire

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Whole:
    """What is to be read of an object: `columns`, `Id` first, of all records that meet all
    `conditions`.

    `instants` are the columns of type datetime; `archived` asks for archived and deleted records.
    `kinds` names the types of columns that need not come as text.
    """

    object: str
    columns: tuple[str, ...]
    instants: tuple[str, ...]
    conditions: tuple[str, ...]
    archived: bool
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def doing(self) -> str:
        """What a message says is being done."""
        return f"reading {self.object}"


def read_whole(wire: Wire, whole: Whole, expected: int) -> Iterator["pa.Table"]:
    """Yield the records as tables of text, in the way that costs fewer calls.

    Raises OrgUnavailable or OrgRefused; what was yielded until then is not the whole.
    """
    if expected <= READ_IN_BULK_FROM:
        pages = _pages(wire, whole)
        first = next(pages)
        if _is_read_in_pages(first):
            table = _table(first, whole)
            # The records of a page take ten times the memory of its table.
            del first
            yield table
            yield from (_table(page, whole) for page in pages)
            return
    # pyarrow takes its time to import; whoever only describes or writes does without.
    from sfsync.org.bulk_read import read_in_bulk

    tables = read_in_bulk(wire, whole)
    if tables is None:
        tables = (_table(page, whole) for page in _pages(wire, whole))
    yield from tables


def _is_read_in_pages(first: Page) -> bool:
    total = first.get("totalSize")
    return bool(first["done"]) or not isinstance(total, int) or total <= READ_IN_BULK_FROM


def _pages(wire: Wire, whole: Whole) -> Iterator[Page]:
    soql = select(whole.object, whole.columns, whole.conditions)
    return wire.pages(soql, whole.doing, archived=whole.archived)


def _table(page: Page, whole: Whole) -> "pa.Table":
    from sfsync.org.text import from_rows

    try:
        return from_rows(page["records"], whole.columns, whole.kinds)
    except KeyError as missing:
        raise OrgUnavailable(
            f"{whole.doing}: the answer lacks the field {missing.args[0]} that was asked for. "
            "Read the object again"
        ) from None
