"""What are the frames of an org in which some records changed since frames of it were made?

To make them anew takes as long as all that is judged by them. What changed in an hour is little:
columns are taken over, and so the old frames can be made while the org is asked for what changed.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.beside import column_by_column
from sfsync.columns import Array, position_dtype
from sfsync.extract.frames import categories, column_of, index_of, settled_text
from sfsync.places import rows_among
from sfsync.policy import FieldSpec, Policy
from sfsync.store import Changed, Table
from sfsync.store.order import in_order, new_order, rows_of
from sfsync.typed import ID


def patched(
    frames: Mapping[str, pd.DataFrame],
    tables: Mapping[str, Table],
    changes: Mapping[str, Changed],
    policy: Policy,
) -> dict[str, pd.DataFrame]:
    """Return what `frames_of` makes of tables with these changes, of the frames that it made of the
    tables before them.
    """
    objects = {
        name: _Object(frames[name], in_order(table), changes[name])
        for name, table in tables.items()
    }
    return {name: _frame(each, policy.objects[name], objects) for name, each in objects.items()}


class _Object:
    """The records of an object before and after its changes."""

    def __init__(self, frame: pd.DataFrame, table: Table, changed: Changed) -> None:
        self.frame = frame
        self.table = table
        self.fresh = changed.fresh
        self._gone = rows_of(table[ID], changed.gone)
        self.is_same = not len(self._gone) and not len(self.fresh)
        self._order = new_order(table[ID], self._gone, self.fresh[ID])
        self._only_more = len(self._order) == len(table) + len(self.fresh) and bool(
            (np.diff(self._order) == 1).all()
        )

    def __len__(self) -> int:
        return len(self._order)

    def put_in(self, old: Array, fresh: Array) -> Array:
        """Return a column's values, of what they were and those of fresh records."""
        both = np.concatenate([old, fresh])
        return both if self._only_more else both[self._order]

    def texts(self, old: pa.ChunkedArray, fresh: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return texts as `put_in` does."""
        both = pa.chunked_array([*old.chunks, *fresh.chunks], old.type)
        return both if self._only_more else both.take(pa.array(self._order))

    @cached_property
    def index(self) -> pd.Index:
        """The Ids after the changes."""
        if self.is_same:
            return self.frame.index
        return index_of(self.texts(self.table[ID], self.fresh[ID]))

    @cached_property
    def moved(self) -> Array:
        """The row after the changes of each record that was there before, -1 where it is gone; and
        -1 behind all.
        """
        size = len(self.table)
        rows = np.full(size + len(self.fresh) + 1, -1)
        rows[self._order] = np.arange(len(self._order))
        again = rows_among(self.fresh[ID], self.table[ID].take(pa.array(self._gone)))
        rows[self._gone] = np.where(again >= 0, rows[size + again], -1)
        return np.append(rows[:size], -1)

    @cached_property
    def came(self) -> pa.Array:
        """The Ids of the records that were not there before."""
        rows = rows_among(self.table[ID], self.fresh[ID])
        return self.fresh[ID].filter(pa.array(rows < 0)).combine_chunks()


def _frame(
    each: _Object, specs: Mapping[str, FieldSpec], objects: Mapping[str, _Object]
) -> pd.DataFrame:
    names = each.frame.columns.tolist()
    made = column_by_column(
        lambda name: _column(each, name, specs[name], objects), names, len(each)
    )
    return pd.DataFrame(dict(zip(names, made, strict=True)), index=each.index, copy=False)


def _column(each: _Object, name: str, spec: FieldSpec, objects: Mapping[str, _Object]) -> Any:
    old, fresh = each.frame[name].array, each.fresh[name]
    if spec.to is not None:
        return _references(each, name, objects.get(spec.to))
    if each.is_same:
        return old
    if isinstance(old, pd.Categorical):
        made = _codes(each, old, fresh, spec)
        return settled_text(made) if spec.type == "text" else made
    if isinstance(old.dtype, pd.StringDtype):
        return column_of(each.texts(each.table[name], fresh), spec, {})
    return each.put_in(old.to_numpy(), np.asarray(column_of(fresh, spec, {})))


def _references(each: _Object, name: str, to: _Object | None) -> Any:
    old = each.frame[name].to_numpy()
    # To an object that the org lacks, references lead nowhere.
    if to is None or (each.is_same and to.is_same):
        return old if each.is_same else each.put_in(old, np.full(len(each.fresh), -1, old.dtype))
    if not to.is_same:
        led_to = to.moved[old]
        if len(to.came):
            # What was not there, or was hidden, may have been referred to all the time.
            waiting = pc.is_in(each.table[name], value_set=to.came).to_numpy()
            rows = np.flatnonzero(waiting)
            led_to[rows] = rows_among(to.index, each.table[name].take(pa.array(rows)))
        old = led_to
    there = each.fresh[name].is_valid().to_numpy()
    leads = np.full(len(there), -1)
    leads[there] = rows_among(to.index, each.fresh[name].drop_null())
    return each.put_in(old, leads).astype(position_dtype(len(to)))


def _codes(
    each: _Object, old: pd.Categorical, fresh: pa.ChunkedArray, spec: FieldSpec
) -> pd.Categorical:
    """Return the codes of texts, sorted by their words, of which each is there."""
    more = categories(fresh)
    words = old.categories
    places = _places(words, more.categories, spec)
    codes = old.codes.astype("int32")
    if (places < 0).any():
        words = words.union(more.categories[places < 0], sort=False).sort_values()
        codes = np.append(_places(words, old.categories, spec), -1)[codes]
        places = _places(words, more.categories, spec)
    codes = each.put_in(codes, np.append(places, -1)[more.codes])
    used = np.bincount(codes[codes >= 0], minlength=len(words)) > 0
    if not used.all():
        codes = np.append(np.where(used, np.cumsum(used) - 1, -1), -1)[codes]
        words = words[used]
    return pd.Categorical.from_codes(codes, words, validate=False)


def _places(words: pd.Index, wanted: pd.Index, spec: FieldSpec) -> Array:
    """Return where some words stand, -1 where they do not. Ids are very many, and quickly found
    where they are sorted.
    """
    if spec.type == "reference":
        return rows_among(words, wanted)
    return np.asarray(words.get_indexer(wanted))
