"""How do typed tables become the frames that facts look at?"""

from collections.abc import Callable, Mapping
from functools import partial
from math import isqrt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.beside import column_by_column
from sfsync.columns import Array, position_dtype
from sfsync.places import Places
from sfsync.policy import FieldSpec, Policy
from sfsync.store import Shards, table_of
from sfsync.store.order import in_order
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
    indexes = {name: index_of(table[ID]) for name, table in sorted_tables.items()}
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
        lambda name: column_of(table[name], specs[name], places), names, table.num_rows
    )
    return dict(zip(names, made, strict=True))


def index_of(ids: pa.ChunkedArray) -> pd.Index:
    """Return the index of a frame."""
    index: pd.Index = pd.Index(_texts(ids), name=ID, copy=False)
    return index


def column_of(column: pa.ChunkedArray, spec: FieldSpec, places: Mapping[str, Places]) -> Any:
    """Return a column of a frame (dtypes: see snapshot); `places` are those of the objects that it
    may refer to.
    """
    if spec.to is not None:
        # To an object that the org lacks, references lead nowhere.
        target = places.get(spec.to)
        if target is None:
            return np.full(len(column), -1, dtype=position_dtype(0))
        return target.of(column).astype(position_dtype(len(target)))
    if spec.type in ("picklist", "reference"):
        return categories(column)
    if spec.type == "number":
        return column.to_numpy().astype("float64")
    if spec.type == "flag":
        return column.to_numpy().astype(bool)
    if spec.type in ("date", "instant"):
        return column.to_numpy().astype("datetime64[s]")
    if _are_mostly_distinct(len(column), partial(_met, column)):
        return _texts(column)
    encoded = _encoded(column)
    # Empty fields and subjects such as "Call" are most of the texts.
    distinct = len(encoded.dictionary) - encoded.dictionary.null_count
    if distinct * _RARELY < len(column):
        return _categories(encoded)
    return _texts(column)


def settled_text(texts: pd.Categorical) -> Any:
    """Return texts that were codes as `column_of` has them: codes, or no longer."""
    size = len(texts)

    def met(rows: Array) -> Array:
        codes = np.asarray(texts.codes[rows])
        return np.unique(codes[codes >= 0], return_counts=True)[1]

    if len(texts.categories) * _RARELY < size and not _are_mostly_distinct(size, met):
        return texts
    words = pa.array(texts.categories, pa.large_string())
    places = pa.array(texts.codes, pa.int32(), mask=texts.codes < 0)
    return _texts(words.take(places))


def categories(column: pa.ChunkedArray) -> pd.Categorical:
    """Return texts as codes of those that are there, sorted."""
    return _categories(_encoded(column))


def _texts(column: pa.Array | pa.ChunkedArray) -> Any:
    """Return texts as pandas keeps them, of dtype `str`, without making a series of them first."""
    return _TEXT.__from_arrow__(column)  # type: ignore[attr-defined]


def _met(column: pa.ChunkedArray, rows: Array) -> Array:
    sample = column.take(pa.array(rows)).drop_null()
    return np.asarray(pc.value_counts(sample).field("counts").to_numpy())


def _are_mostly_distinct(size: int, met_in: Callable[[Array], Array]) -> bool:
    """Whether a sample says that codes would save nothing: to find all distinct names of accounts
    takes as long as to read them. `met_in` says how often each text is met in some rows.
    """
    count = isqrt(64 * size)
    if count >= size:
        return False
    # By chance, since neighbours are alike; the same one for the same rows.
    rows = np.random.default_rng(size).choice(size, count, replace=False, shuffle=False)
    met = met_in(np.sort(rows))
    # Chao's estimate: the fewer of them were met twice among those that were met at all, the more
    # there are besides.
    once, twice = int(np.count_nonzero(met == 1)), int(np.count_nonzero(met == 2))
    distinct = len(met) + once * once / (2 * max(twice, 1))
    return bool(min(distinct, size * int(met.sum()) / count) * _RARELY >= size)


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
