"""Is a table in order what its readings say, and is one in which some were replaced?"""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sfsync.store import Changed
from sfsync.store.changes import changed_of, table_of_changed
from sfsync.store.order import in_order, replaced

# Ids as an org has them, and some that are not.
IDS = st.one_of(
    st.integers(0, 40).map(lambda number: f"001000000000{number:06}"),
    st.sampled_from(["1", "001", "001x", "é"]),
)
READINGS = st.lists(st.tuples(IDS, st.integers(-(2**60), 2**60)), max_size=12)


def table_of(readings):
    ids, values = [list(each) for each in zip(*readings, strict=True)] or ([], [])
    # In two pieces, as they come.
    half = len(ids) // 2
    return pa.table(
        {
            "Id": pa.chunked_array([ids[:half], ids[half:]], pa.string()),
            "value": pa.chunked_array([values[:half], values[half:]], pa.int64()),
        }
    )


def rows(table):
    return [*zip(table["Id"].to_pylist(), table["value"].to_pylist(), strict=True)]


@given(READINGS)
def test_the_last_reading_of_each_record_in_the_order_of_ids(readings):
    assert rows(in_order(table_of(readings))) == sorted(dict(readings).items(), key=_letters)


@given(READINGS, st.lists(IDS), READINGS)
def test_what_is_replaced_is_as_if_it_had_always_been_so(before, gone, after):
    old, fresh = in_order(table_of(before)), in_order(table_of(after))
    leaving = pa.array({*gone, *dict(after)}, pa.string())
    left = {id: value for id, value in before if id not in gone} | dict(after)
    found = replaced(old, leaving, fresh)
    assert rows(found) == sorted(left.items(), key=_letters)
    if not after and not {*gone} & {*dict(before)}:
        assert found is old


CHANGES = st.tuples(st.lists(IDS), READINGS)


def changed(gone, after):
    return Changed(pa.array({*gone, *dict(after)}, pa.string()), in_order(table_of(after)))


@given(READINGS, CHANGES, CHANGES)
def test_changes_one_after_the_other_are_one(before, first, second):
    old, first, second = in_order(table_of(before)), changed(*first), changed(*second)
    after = replaced(replaced(old, first.gone, first.fresh), second.gone, second.fresh)
    both = first.then(second)
    assert rows(replaced(old, both.gone, both.fresh)) == rows(after)
    # They are kept as one table.
    again = changed_of(table_of_changed(both))
    assert {*again.gone.to_pylist()} == {*both.gone.to_pylist()}
    assert again.fresh.equals(both.fresh)


def _letters(row):
    return row[0].encode()
