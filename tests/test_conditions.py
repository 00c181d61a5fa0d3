"""Which records does a condition hold for, which does it fail for, and what is unknown?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfsync.calendar import start_of
from sfsync.columns import Column, Kind, empty
from sfsync.conditions import OPERATORS, Condition, failing, parse_condition
from sfsync.lines import Path

ZONE = "Europe/Paris"
NOW = np.datetime64("2026-06-15T08:00:00", "s")
TODAY = np.datetime64("2026-06-15", "D")


@dataclass(frozen=True)
class Records:
    """Some records' columns: what a condition looks at."""

    columns: Mapping[str, Column]
    now: np.datetime64 = NOW
    today: np.datetime64 = TODAY

    def column(self, name: str) -> Column:
        return self.columns[name]

    def start_of(self, days: Any) -> Any:
        return start_of(days, ZONE)


def numbers(*values: float | None) -> Column:
    return Column(Kind.NUMBER, np.array([np.nan if v is None else v for v in values]))


def words(*values: str | None) -> Column:
    known = tuple(sorted({v for v in values if v is not None}))
    codes = [-1 if v is None else known.index(v) for v in values]
    return Column(Kind.WORDS, np.array(codes, dtype="int32"), known)


def days(*values: str | None) -> Column:
    return Column(Kind.DATE, np.array([v or "NaT" for v in values], dtype="datetime64[D]"))


def instants(*values: str | None) -> Column:
    return Column(Kind.INSTANT, np.array([v or "NaT" for v in values], dtype="datetime64[s]"))


def flags(*values: bool) -> Column:
    return Column(Kind.FLAG, np.array(values, dtype=bool))


def read(raw: Any, columns: Mapping[str, Column]) -> Condition:
    """The condition; a complaint is a failure."""
    found: list[str] = []
    kinds = {name: column.kind for name, column in columns.items()}
    condition = parse_condition(raw, kinds, lambda path, text: found.append(text))
    assert not found
    return condition


def judged(raw: Any, **columns: Column) -> str:
    """What a condition is for each record: + holds, - fails, ? unknown."""
    condition = read(raw, columns)
    truth = condition.truth(Records(columns))
    assert not (truth.holds & truth.fails).any()
    # The short way says the same.
    assert np.array_equal(condition.holds(Records(columns)), truth.holds)
    pairs = zip(truth.holds.tolist(), truth.fails.tolist(), strict=True)
    return "".join("+" if holds else "-" if fails else "?" for holds, fails in pairs)


SIX = numbers(None, 0, 59, 60, 61, 60.5)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (60, "?--+--"),
        ({"is": 60}, "?--+--"),
        ({"is_not": 60}, "?++-++"),
        ([0, 60], "?+-+--"),
        ({"in": [0, 60]}, "?+-+--"),
        ({"not_in": [0, 60]}, "?-+-++"),
        ({"in": []}, "?-----"),
        ({"at_least": 60}, "?--+++"),
        ({"at_most": 60}, "?+++--"),
        ({"more_than": 60}, "?---++"),
        ({"less_than": 60}, "?++---"),
        ({"at_least": 59, "at_most": 60}, "?-++--"),
        ("present", "-+++++"),
        ("absent", "+-----"),
    ],
)
def test_numbers(raw: Any, expected: str) -> None:
    assert judged({"idle_days": raw}, idle_days=SIX) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Media", "?+-"),
        ({"is_not": "Media"}, "?-+"),
        (["Media", "Energy"], "?+-"),
        ({"not_in": ["Media"]}, "?-+"),
        ("media", "?--"),
        ("absent", "+--"),
    ],
)
def test_words(raw: Any, expected: str) -> None:
    assert judged({"industry": raw}, industry=words(None, "Media", "Retail")) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"before": {"in_days": 0}}, "?+---"),
        ({"on_or_before": {"in_days": 0}}, "?++--"),
        ({"after": {"in_days": 0}}, "?--++"),
        ({"on_or_after": {"in_days": 1}}, "?--++"),
        ({"on_or_before": {"in_days": 1}}, "?+++-"),
        ({"after": date(2026, 6, 15)}, "?--++"),
        ({"before": {"fact": "other"}}, "?+--?"),
        ({"in_last_days": 1}, "?++--"),
        ({"in_last_days": 0}, "?-+--"),
    ],
)
def test_dates(raw: Any, expected: str) -> None:
    ends = days(None, "2026-06-14", "2026-06-15", "2026-06-16", "2026-06-17")
    other = days("2026-06-15", "2026-06-15", "2026-06-15", "2026-06-15", None)
    assert judged({"ends": raw}, ends=ends, other=other) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"before": "now"}, "?+++--"),
        ({"after": "now"}, "?----+"),
        # Thirty days ago began, in Paris, at 22:00 UTC of the day before.
        ({"in_last_days": 30}, "?-+++-"),
        ({"in_last_days": 0}, "?--++-"),
        ({"after": {"fact": "entered"}}, "?--+??"),
    ],
)
def test_instants(raw: Any, expected: str) -> None:
    at = instants(
        *(None, "2026-05-15T21:59:59", "2026-05-15T22:00:00", "2026-06-15T07:59:59"),
        *("2026-06-15T08:00:00", "2026-06-15T08:00:01"),
    )
    entered = instants(*["2026-06-01T00:00:00"] * 4, None, None)
    assert judged({"at": raw}, at=at, entered=entered) == expected


def test_flags_always_have_a_value() -> None:
    assert judged({"is_won": True}, is_won=flags(True, False)) == "+-"
    assert judged({"is_won": False}, is_won=flags(True, False)) == "-+"
    assert judged({"is_won": "present"}, is_won=flags(True, False)) == "++"


def test_what_the_org_lacks_is_unknown_whatever_is_asked() -> None:
    lacking = empty(Kind.NUMBER, 2, known=False)
    for raw in (0, {"at_least": 0}, "present", "absent"):
        assert judged({"score": raw}, score=lacking) == "??"
        assert judged({"not": {"score": raw}}, score=lacking) == "??"
    assert judged({"score": {"at_least": 1}}, score=empty(Kind.NUMBER, 1)) == "?"
    other = {"score": {"at_least": {"fact": "limit"}}}
    assert judged(other, score=numbers(1), limit=empty(Kind.NUMBER, 1, known=False)) == "?"


A, B = numbers(None, None, None, 0, 0, 0, 1, 1, 1), numbers(None, 0, 1, None, 0, 1, None, 0, 1)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"a": 1, "b": 1}, "?-?---?-+"),
        ({"all": [{"a": 1}, {"b": 1}]}, "?-?---?-+"),
        ({"any": [{"a": 1}, {"b": 1}]}, "??+?-++++"),
        ({"not": {"a": 1}}, "???+++---"),
        ({"not": {"any": [{"a": 1}, {"b": 1}]}}, "??-?+----"),
        ({"a": 1, "any": [{"b": 1}, {"b": 0}]}, "???---?++"),
    ],
)
def test_unknown_is_neither_true_nor_false(raw: Any, expected: str) -> None:
    assert judged(raw, a=A, b=B) == expected


RAW = st.recursive(
    st.builds(lambda name, value: {name: value}, st.sampled_from("ab"), st.sampled_from([0, 1])),
    lambda inner: (
        st.builds(lambda one: {"not": one}, inner)
        | st.builds(lambda each: {"all": each}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda each: {"any": each}, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=6,
)


def by_hand(raw: Mapping[str, Any], a: float | None, b: float | None) -> bool | None:
    """Whether a condition holds for one record; None is unknown."""
    (key, value), *_ = raw.items()
    if key == "not":
        inner = by_hand(value, a, b)
        return None if inner is None else not inner
    if key in ("all", "any"):
        each = [by_hand(one, a, b) for one in value]
        decisive = key == "any"
        return decisive if decisive in each else None if None in each else not decisive
    known = {"a": a, "b": b}[key]
    return None if known is None else known == value


@given(RAW)
def test_any_nesting_is_judged_as_by_hand(raw: dict[str, Any]) -> None:
    pairs = [(a, b) for a in (None, 0, 1) for b in (None, 0, 1)]
    signs = {True: "+", False: "-", None: "?"}
    assert judged(raw, a=A, b=B) == "".join(signs[by_hand(raw, a, b)] for a, b in pairs)


@given(RAW, st.integers(0, 8))
def test_failing_names_parts_that_do_not_hold_and_nothing_where_all_holds(
    raw: dict[str, Any], row: int
) -> None:
    columns = {"a": A, "b": B}
    condition, sight = read(raw, columns), Records(columns)
    holds = bool(condition.truth(sight).holds[row])
    parts = failing(condition, sight, row)
    assert bool(parts) == (not holds)
    for part, fails, _ in parts:
        truth = part.truth(sight)
        assert not truth.holds[row]
        assert bool(truth.fails[row]) == fails


def test_failing_tells_the_present_value() -> None:
    columns = {"idle_days": numbers(45), "next_step_on": days("2026-06-20")}
    condition = read({"idle_days": {"at_least": 60}, "next_step_on": "absent"}, columns)
    told = [(t.name, fails, value) for t, fails, value in failing(condition, Records(columns), 0)]
    assert told == [("idle_days", True, 45), ("next_step_on", True, "2026-06-20")]


KINDS = {
    "days": Kind.NUMBER,
    "industry": Kind.WORDS,
    "kind": Kind.WORDS,
    "is_won": Kind.FLAG,
    "ends": Kind.DATE,
    "at": Kind.INSTANT,
}


def complaints(raw: Any) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    parse_condition(raw, KINDS, lambda path, text: found.append((path, text)))
    return found


@pytest.mark.parametrize(
    ("raw", "path", "text"),
    [
        ({}, (), "a condition is a mapping"),
        (["days"], (), "a condition is a mapping"),
        ({"dayz": 3}, ("dayz",), 'no fact or field "dayz"; did you mean "days"?'),
        ({"days": {"atleast": 3}}, ("days", "atleast"), 'did you mean "at_least"?'),
        ({"days": {}}, ("days",), "what about days?"),
        ({"days": "many"}, ("days",), "'many' is no number"),
        ({"days": True}, ("days",), "is no number"),
        ({"days": {"in": 3}}, ("days", "in"), "in takes a list"),
        ({"days": [1, "two"]}, ("days",), "'two' is no number"),
        ({"days": {"before": 3}}, ("days", "before"), '"before" does not fit days, a number'),
        ({"industry": {"at_least": 3}}, ("industry", "at_least"), "does not fit industry"),
        ({"industry": 3}, ("industry",), "is no words"),
        ({"is_won": "yes"}, ("is_won",), "is no flag"),
        ({"ends": {"before": "now"}}, ("ends", "before"), "`now` is an instant, this is a date"),
        ({"ends": {"before": {"in_days": "x"}}}, ("ends", "before"), "a whole number of days"),
        ({"ends": {"in_last_days": -1}}, ("ends", "in_last_days"), "takes a number of days"),
        ({"at": {"before": {"in_days": 1}}}, ("at", "before"), "in_days is a date"),
        ({"at": {"after": {"fact": "ends"}}}, ("at", "after"), "cannot be compared"),
        ({"at": {"after": {"fact": "an"}}}, ("at", "after"), 'no fact or field "an"'),
        ({"at": {"after": {"days": 3}}}, ("at", "after"), "a value is plain, `now`"),
        ({"all": {"days": 3}}, ("all",), "takes a list of conditions"),
        ({"any": []}, ("any",), "takes a list of conditions"),
        ({"any": [{"days": 1}, {"dais": 1}]}, ("any", 1, "dais"), 'did you mean "days"?'),
        ({"not": {"dais": 1}}, ("not", "dais"), 'did you mean "days"?'),
    ],
)
def test_what_is_no_condition_is_said_with_its_place(raw: Any, path: Path, text: str) -> None:
    found = complaints(raw)
    assert [place for place, _ in found] == [path]
    assert text in found[0][1]


def test_all_mistakes_are_said_at_once() -> None:
    raw = {"dayz": 1, "days": {"atleast": 1, "at_most": "x"}, "any": [{"ends": 3}]}
    assert [path for path, _ in complaints(raw)] == [
        ("dayz",), ("days", "atleast"), ("days", "at_most"), ("any", 0, "ends"),
    ]  # fmt: skip


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_fits_some_kind_and_no_other(operator: str) -> None:
    operands: Mapping[Kind, Any] = {
        Kind.NUMBER: 1, Kind.WORDS: "x", Kind.FLAG: True,
        Kind.DATE: date(2026, 6, 15), Kind.INSTANT: "now",
    }  # fmt: skip
    by_kind = {kind: name for name, kind in KINDS.items()}
    for kind, name in by_kind.items():
        value = [operands[kind]] if operator in ("in", "not_in") else operands[kind]
        value = 3 if operator == "in_last_days" else value
        fits = kind in OPERATORS[operator].kinds
        assert (complaints({name: {operator: value}}) == []) == fits


@pytest.mark.parametrize("typo", ["presnt", "pxresent", "absnt", "abzsent"])
def test_a_mistyped_present_or_absent_is_not_taken_for_a_word(typo: str) -> None:
    ((path, text),) = complaints({"industry": typo})
    assert path == ("industry",)
    assert f'"{typo}" is neither present nor absent; did you mean' in text
    assert complaints({"industry": {"is": typo}}) == []
