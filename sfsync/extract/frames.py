"""How do typed tables become the frames that facts look at?"""

from collections.abc import Mapping
from math import isqrt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.beside import column_by_column
from sfsync.columns import position_dtype
from sfsync.extract.order import in_order
from sfsync.places import Places
from sfsync.policy import FieldSpec, Policy
from sfsync.store import Shards, table_of
from sfsync.typed import ID

# Texts of which so many are the same, or null, for each that is distinct are kept as codes.
_RARELY = 4
_TEXT = pd.StringDtype(na_value=np.nan)


def frames_of(tables: Mapping[str, Shards], policy: Policy) -> dict[str, pd.DataFrame]:
    """Build the frames of a snapshot, indexed by Id and sorted by it (dtypes: see snapshot)."""
    # What belongs to several records is in the shard of each.
    sorted_tables = {
        name: in_order(pa.concat_tables(map(table_of, shards))) for name, shards in tables.items()
    }
    indexes = {
        name: pd.Index(_texts(table[ID]), name=ID, copy=False)
        for name, table in sorted_tables.items()
    }
    targets = {spec.to for fields in policy.objects.values() for spec in fields.values()}
    places = {name: Places(index) for name, index in indexes.items() if name in targets}
    return {
        name: pd.DataFrame(
            _columns(table, policy.objects[name], places), index=indexes[name], copy=False
        )
        for name, table in sorted_tables.items()
    }


def _columns(
    table: pa.Table, specs: Mapping[str, FieldSpec], places: Mapping[str, Places]
) -> dict[str, Any]:
    names = [name for name in table.column_names if name != ID]
    made = column_by_column(
        lambda name: _column(table[name], specs[name], places), names, table.num_rows
    )
    return dict(zip(names, made, strict=True))


def _column(column: pa.ChunkedArray, spec: FieldSpec, places: Mapping[str, Places]) -> Any:
    if spec.to is not None:
        # To an object that the org lacks, references lead nowhere.
        target = places.get(spec.to)
        if target is None:
            return np.full(len(column), -1, dtype=position_dtype(0))
        return target.of(column).astype(position_dtype(len(target)))
    if spec.type in ("picklist", "reference"):
        return _categories(_encoded(column))
    if spec.type == "number":
        return column.to_numpy().astype("float64")
    if spec.type == "flag":
        return column.to_numpy().astype(bool)
    if spec.type in ("date", "instant"):
        return column.to_numpy().astype("datetime64[s]")
    if _are_mostly_distinct(column):
        return _texts(column)
    encoded = _encoded(column)
    # Empty fields and subjects such as "Call" are most of the texts.
    distinct = len(encoded.dictionary) - encoded.dictionary.null_count
    if distinct * _RARELY < len(column):
        return _categories(encoded)
    return _texts(column)


def _texts(column: pa.Array | pa.ChunkedArray) -> Any:
    """Return texts as pandas keeps them, of dtype `str`, without making a series of them first."""
    return _TEXT.__from_arrow__(column)  # type: ignore[attr-defined]


def _are_mostly_distinct(column: pa.ChunkedArray) -> bool:
    """Whether a sample says that codes would save nothing: to find all distinct names of accounts
    takes as long as to read them.
    """
    size = len(column)
    count = isqrt(64 * size)
    if count >= size:
        return False
    # By chance, since neighbours are alike; the same one for the same rows.
    rows = np.random.default_rng(size).choice(size, count, replace=False, shuffle=False)
    sample = column.take(pa.array(np.sort(rows))).drop_null()
    met = pc.value_counts(sample).field("counts").to_numpy()
    # Chao's estimate: the fewer of them were met twice among those that were met at all, the more
    # there are besides.
    once, twice = int(np.count_nonzero(met == 1)), int(np.count_nonzero(met == 2))
    distinct = len(met) + once * once / (2 * max(twice, 1))
    return bool(min(distinct, size * len(sample) / count) * _RARELY >= size)


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Give each text a code, null too: no mask is needed then."""
    encoded = column.combine_chunks().dictionary_encode("encode")
    return encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded


def _categories(encoded: pa.DictionaryArray) -> pd.Categorical:
    # Null comes last.
    order = pc.array_sort_indices(encoded.dictionary)
    words = encoded.dictionary.take(order).drop_null()
    places = np.full(len(order), -1, dtype="int32")
    places[order[: len(words)].to_numpy()] = np.arange(len(words))
    codes = places[encoded.indices.to_numpy()]
    return pd.Categorical.from_codes(codes, pd.Index(_texts(words), copy=False), validate=False)
