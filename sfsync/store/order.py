"""In which order do the records of a table stand, and where is the one of an Id?

Tables are kept sorted by Id, each record once: where one belongs is then found by looking at a few
Ids, and what changed is put in without sorting all again.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.columns import Array
from sfsync.places import letters_of, rows_among
from sfsync.store.files import Table
from sfsync.typed import ID


def in_order(table: Table) -> Table:
    """Sort a table by Id, each record once: the last of its readings, since it changed in between,
    or since those before are not whole.
    """
    if _is_rising(table[ID]):
        return table
    table = table.sort_by(ID)
    if _is_rising(table[ID]):
        return table
    ids = table[ID].combine_chunks()
    again = pa.concat_arrays([pc.equal(ids[1:], ids[:-1]), pa.array([False])])
    return table.filter(pc.invert(again))


def replaced(table: Table, gone: pa.Array, fresh: Table) -> Table:
    """Take the records of some Ids out of a table, and put others in, whose Ids it has no longer.
    Both tables are in order; where nothing is to be done it is the very same.
    """
    rows = rows_of(table[ID], gone)
    if not len(rows) and not len(fresh):
        return table
    order = pa.array(new_order(table[ID], rows, fresh[ID]))
    return pa.concat_tables([table, fresh]).combine_chunks().take(order)


def new_order(ids: pa.ChunkedArray, gone: Array, fresh: pa.ChunkedArray) -> Array:
    """Return in which order rows come where some are gone (sorted) and others are put in: rows of
    the sorted Ids, and behind them of the fresh ones, which are sorted, too.
    """
    stays = np.delete(np.arange(len(ids)), gone)
    before = np.searchsorted(letters_of(ids), letters_of(fresh))
    before -= np.searchsorted(gone, before)
    return np.insert(stays, before, np.arange(len(ids), len(ids) + len(fresh)))


def rows_of(ids: pa.ChunkedArray, wanted: pa.Array | pa.ChunkedArray) -> Array:
    """Return the rows, sorted, of those Ids that are among sorted ones."""
    rows = np.unique(rows_among(ids, wanted))
    return rows[rows >= 0]


def _is_rising(ids: pa.ChunkedArray) -> bool:
    return len(ids) < 2 or bool(pc.all(pc.less(ids[:-1], ids[1:])).as_py())
