"""What changed of a table since it was written?"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sfsync.store.files import Table
from sfsync.store.order import replaced
from sfsync.typed import ID

# The column of a file of changes that tells which records are no longer there.
_GONE = "is gone"


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed of an object: the Ids of the records that are no longer there as they were
    (`gone`), and those that are there now (`fresh`, in order), whose Ids are among them.
    """

    gone: pa.Array
    fresh: Table

    @property
    def number(self) -> int:
        """How many records that concerns."""
        return len(self.gone)

    def then(self, later: "Changed") -> "Changed":
        """Return what changed by these changes and later ones."""
        gone = union_of(self.gone, later.gone)
        return Changed(gone, replaced(self.fresh, later.gone, later.fresh))


def table_of_changed(changed: Changed) -> Table:
    """Put changes into one table."""
    fresh = changed.fresh.append_column(_GONE, pa.repeat(False, len(changed.fresh)))
    ids = changed.gone.filter(pc.invert(pc.is_in(changed.gone, value_set=union_of(fresh[ID]))))
    no_more = pa.table({ID: ids, _GONE: pa.repeat(True, len(ids))})
    return pa.concat_tables([fresh, no_more], promote_options="default")


def changed_of(table: Table) -> Changed:
    """Return the changes that were put into a table."""
    fresh = table.filter(pc.invert(table[_GONE])).drop_columns([_GONE])
    return Changed(union_of(table[ID]), fresh)


def union_of(*several: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return all Ids of some, each once."""
    chunks = [
        chunk
        for each in several
        for chunk in (each.chunks if isinstance(each, pa.ChunkedArray) else [each])
    ]
    return pa.chunked_array(chunks, pa.string()).unique()
