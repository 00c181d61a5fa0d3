"""How do typed tables become the frames that facts look at?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.policy import FieldSpec, Policy
from sfsync.snapshot import refer
from sfsync.store import Shards, table_of
from sfsync.typed import ID


def frames_of(tables: Mapping[str, Shards], policy: Policy) -> dict[str, pd.DataFrame]:
    """Build the frames of a snapshot, indexed by Id and sorted by it (dtypes: see snapshot)."""
    sorted_tables = {name: _sorted(shards) for name, shards in tables.items()}
    indexes = {
        name: pd.Index(table[ID].to_pandas(), dtype="str", name=ID)
        for name, table in sorted_tables.items()
    }
    nothing = pd.Index([], dtype="str")
    return {
        name: pd.DataFrame(
            {
                column: _column(table[column], policy.objects[name][column], indexes, nothing)
                for column in table.column_names
                if column != ID
            },
            index=indexes[name],
        )
        for name, table in sorted_tables.items()
    }


def _sorted(shards: Shards) -> pa.Table:
    table = pa.concat_tables(map(table_of, shards))
    if _is_rising(table[ID]):
        return table
    table = table.sort_by(ID)
    if _is_rising(table[ID]):
        return table
    # What belongs to several records is in the shard of each.
    ids = table[ID].combine_chunks()
    again = pa.concat_arrays([pa.array([False]), pc.equal(ids[1:], ids[:-1])])
    return table.filter(pc.invert(again))


def _is_rising(ids: pa.ChunkedArray) -> bool:
    return len(ids) < 2 or bool(pc.all(pc.less(ids[:-1], ids[1:])).as_py())


def _column(
    column: pa.ChunkedArray,
    spec: FieldSpec,
    indexes: Mapping[str, pd.Index],
    nothing: pd.Index,
) -> Any:
    if spec.to is not None:
        # To an object that the org lacks, references lead nowhere.
        return refer(column, indexes.get(spec.to, nothing))
    if spec.type in ("picklist", "reference"):
        return _categories(column)
    if spec.type == "number":
        return column.to_numpy().astype("float64")
    if spec.type == "flag":
        return column.to_numpy().astype(bool)
    if spec.type in ("date", "instant"):
        return column.to_numpy().astype("datetime64[s]")
    return pd.array(column.to_pandas(), dtype="str")


def _categories(column: pa.ChunkedArray) -> pd.Categorical:
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    words = np.array(encoded.dictionary.to_pylist(), dtype=object)
    order = np.argsort(words)
    places = np.empty(len(words) + 1, dtype="int32")
    places[order] = np.arange(len(words))
    places[-1] = -1
    codes = encoded.indices.fill_null(-1).to_numpy()
    return pd.Categorical.from_codes(places[codes], pd.Index(words[order], dtype="str"))
