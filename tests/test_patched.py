"""Are frames into which changes were put the same as those made of everything anew?"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random

import pandas as pd
import pyarrow as pa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from loop_org import shipped_policy

from sfsync.extract.frames import frames_of
from sfsync.extract.patched import patched
from sfsync.policy import FieldSpec, Policy
from sfsync.store import Changed, Table
from sfsync.store.order import in_order, replaced
from sfsync.typed import ID, arrow_type

KINDS = ("text", "picklist", "number", "flag", "date", "instant", "reference")
# Where references lead: to the object itself, to others, to one that the org lacks.
LEADS = {
    "Account": ("Account", "User", "Lead"),
    "Task": ("Account", "Task"),
    "User": ("User",),
}
PREFIXES = {"Account": "001", "Task": "00T", "User": "005", "Lead": "00Q"}
DAY, MOMENT = date(2026, 6, 15), datetime(2026, 6, 15, 8, tzinfo=UTC).replace(tzinfo=None)


@cache
def policy() -> Policy:
    """The shipped policy, with objects that have a column of each kind."""
    objects = {
        name: {
            **{kind: FieldSpec(kind, kind, kind, None) for kind in KINDS},
            **{f"to_{to}": FieldSpec(f"to_{to}", to, "reference", to) for to in leads},
        }
        for name, leads in LEADS.items()
    }
    return replace(shipped_policy(), objects=objects)


def id_of(name: str, number: int) -> str:
    return f"{PREFIXES[name]}{number:012}AAA"


def value(chance: Random, kind: str, words: int) -> object:
    if kind == "flag":
        return chance.random() < 0.5
    if chance.random() < 0.2:
        return None
    number = chance.randrange(words)
    return {
        "text": f"tëxt {number}",
        "picklist": f"word {number % 7}",
        "reference": id_of("Lead", number),
        "number": float(number),
        "date": DAY + timedelta(days=number),
        "instant": MOMENT + timedelta(hours=number),
    }[kind]


def table(chance: Random, name: str, numbers: list[int], span: int, words: int) -> Table:
    """Records with these numbers; references lead to any of so many, there or not."""
    specs = policy().objects[name]
    columns: dict[str, pa.Array] = {
        ID: pa.array([id_of(name, each) for each in numbers], pa.string())
    }
    for column, spec in specs.items():
        values = [
            value(chance, spec.type, words)
            if spec.to is None
            else chance.choice([None, id_of(spec.to, chance.randrange(span))])
            for _ in numbers
        ]
        columns[column] = pa.array(values, arrow_type(spec.type))
    return in_order(pa.table(columns))


def changed(chance: Random, name: str, span: int, words: int, share: float) -> Changed:
    def some() -> list[int]:
        return [number for number in range(span) if chance.random() < share]

    fresh, gone = some(), some()
    ids = [id_of(name, each) for each in {*fresh, *gone}]
    return Changed(pa.array(ids, pa.string()), table(chance, name, fresh, span, words))


@given(
    chance=st.randoms(use_true_random=False),
    span=st.sampled_from([0, 3, 12, 150]),
    words=st.sampled_from([1, 10, 400]),
    share=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
)
@settings(max_examples=120, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_changes_put_into_frames_give_the_frames_of_all(
    chance: Random, span: int, words: int, share: float
) -> None:
    numbers = {name: [n for n in range(span) if chance.random() < 0.6] for name in LEADS}
    before = {name: table(chance, name, numbers[name], span, words) for name in LEADS}
    changes = {name: changed(chance, name, span, words, share) for name in LEADS}
    after = {name: replaced(before[name], *_parts(changes[name])) for name in LEADS}
    found = patched(frames(before), before, changes, policy())
    expected = frames(after)
    assert found.keys() == expected.keys()
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(found[name], frame, obj=name)


def _parts(change: Changed) -> tuple[pa.Array, Table]:
    return change.gone, change.fresh


def frames(tables: Mapping[str, Table]) -> dict[str, pd.DataFrame]:
    return frames_of({name: (each,) for name, each in tables.items()}, policy())
