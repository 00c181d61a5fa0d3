"""Ids are looked up as numbers: what is found is what a dict of the texts would find, whatever the
texts are and however Arrow holds them.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfsync import places
from sfsync.places import Places

# Few letters, so that Ids meet; two that differ in their last two letters alone have equal hashes.
_ID = st.builds(
    lambda start, middle, end: f"{start}{middle:013d}{end}",
    st.sampled_from(["001", "006"]),
    st.integers(0, 9),
    st.sampled_from(["AA", "AB", "aA"]),
)
_TEXT = st.one_of(_ID, _ID, _ID, st.sampled_from(["", "001", "001000000000001", "é" * 9, "é" * 18]))
_WANTED = st.lists(st.one_of(_ID, _TEXT, st.none()), max_size=12)
_TYPES = st.sampled_from([pa.string(), pa.large_string()])


@pytest.fixture(params=["as numbers", "as text"], autouse=True, scope="module")
def few(request: pytest.FixtureRequest) -> Iterator[None]:
    """Few Ids are looked up as text, and many as numbers: here each way is taken by all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "_FEW", 0 if request.param == "as numbers" else 10**9)
        yield


def by_dict(known: Sequence[str], wanted: Sequence[str | None]) -> list[int]:
    """Look up as text; of an Id that is there twice the first row."""
    rows = {id: row for row, id in reversed([*enumerate(known)])}
    return [-1 if id is None else rows.get(id, -1) for id in wanted]


@given(st.lists(_ID, max_size=8), _WANTED, _TYPES)
def test_finds_what_a_dict_finds_among_ids(
    known: list[str], wanted: list[str | None], kind: pa.DataType
) -> None:
    found = Places(pa.array(known, kind)).of(pa.array(wanted, kind))
    assert found.dtype == np.int32
    assert found.tolist() == by_dict(known, wanted)


@given(st.lists(_TEXT, max_size=8), st.lists(_WANTED, max_size=3), st.integers(0, 3))
def test_finds_what_a_dict_finds_among_any_texts_in_any_pieces(
    known: list[str], pieces: list[list[str | None]], start: int
) -> None:
    wanted = pa.chunked_array([pa.array(each, pa.string()) for each in pieces], pa.string())
    expected = by_dict(known[start:], wanted.to_pylist())
    assert Places(pa.array(known, pa.string()).slice(start)).of(wanted).tolist() == expected


def test_bytes_behind_a_null_are_no_id() -> None:
    known = ["001000000000001AAA", "001000000000002AAA"]
    whole = pa.array(known)
    # The first is null, yet Arrow may hold its letters.
    holed = pa.Array.from_buffers(pa.string(), 2, [pa.py_buffer(b"\x02"), *whole.buffers()[1:]])
    assert holed.to_pylist() == [None, known[1]]
    assert Places(pd.Index(known)).of(holed).tolist() == [-1, 1]
    assert Places(holed).of(whole).tolist() == [-1, 1]


def test_ids_with_equal_hashes_are_told_apart() -> None:
    mine, others = "001000000000001AAA", pa.array(["001000000000001AAB", "001000000000001AAA"])
    assert Places(pa.array([mine])).of(others).tolist() == [-1, 0]
    assert Places(others).of(pa.array([mine])).tolist() == [1]


def test_more_than_are_looked_up_at_once() -> None:
    ids = [f"001{number:012d}AAA" for number in range(260_000)]
    known = Places(pd.Index(ids[1:]))
    assert known.of(pa.array([*ids, None])).tolist() == [*range(-1, 259_999), -1]
