"""Does a YAML file mean what it says, on the lines on which it says it, and is it told in words why
it cannot be read?
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from math import inf, isnan
from pathlib import Path
from typing import Any

import pytest
import yaml

from sfsync import lines
from sfsync.errors import ConfigError
from sfsync.lines import DEEPEST, ROOM_FOR_ALIASES, read_yaml

ROOT = Path(__file__).parents[1]
FILES = sorted(
    # Those for deployment others read.
    [
        *(each for each in (ROOT / "config").rglob("*.yaml") if "deploy" not in each.parts),
        *(ROOT / "tests" / "cases").rglob("*.yaml"),
    ]
)
BUILDS = {"with libyaml": lines._FAST, "without libyaml": lines._SLOW}


@pytest.fixture(params=BUILDS)
def build(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The build of PyYAML that reads: both do it alike."""
    monkeypatch.setattr(lines, "_FAST", BUILDS[request.param])
    return str(request.param)


def data_of(text: str) -> Any:
    return read_yaml(text, "f.yaml").data


def problem(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_yaml(text, "f.yaml")
    (told,) = caught.value.problems
    return told


VALUES = [
    *((word, word) for word in ("yes", "no", "on", "off", "y", "n", "Yes", "NO", "tRUE", "nULL")),
    *((word, word) for word in (".iNF", "12:30", "1.5.6", ".", "..", "+", "-x")),
    *((word, True) for word in ("true", "True", "TRUE")),
    *((word, False) for word in ("false", "False", "FALSE")),
    *((word, None) for word in ("~", "null", "Null", "NULL")),
    *[("0", 0), ("-1", -1), ("+1", 1), ("007", 7), ("010", 10), ("0o17", 15), ("0x1F", 31)],
    *[("0b11", 3), ("1_000", 1000), ("0o8", "0o8"), ("0XFF", "0XFF"), ("+_", "+_")],
    *[("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1000.0), ("1_0.5", 10.5), ("00.5", 0.5)],
    *[(".inf", inf), ("-.Inf", -inf), ("+.INF", inf), ("inf", "inf"), ("nan", "nan")],
    *[('"true"', "true"), ("'1'", "1"), ("!!str 1", "1"), ("!!int '4'", 4), ("!!float 3", 3.0)],
    *[("<<", "<<"), ("=", "="), ("2026-06-15", date(2026, 6, 15)), ("2026-6-15", "2026-6-15")],
    ("2026-06-15 10:00:00", datetime(2026, 6, 15, 10)),  # noqa: DTZ001
    ("2026-06-15T10:00:00Z", datetime(2026, 6, 15, 10, tzinfo=UTC)),
    ("2026-6-5t1:00:00.5Z", datetime(2026, 6, 5, 1, 0, 0, 500000, tzinfo=UTC)),
    ("2026-06-15 10:00:00 +02:00", datetime(2026, 6, 15, 8, tzinfo=UTC)),
    ("2026-06-15T10:00", "2026-06-15T10:00"),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_word_or_number_means_what_yaml_1_2_says(text: str, value: Any, build: str) -> None:
    (read,) = data_of(f"- {text}\n")
    assert (read, type(read)) == (value, type(value))


def test_an_instant_keeps_its_zone(build: str) -> None:
    (read,) = data_of("- 2026-06-15T10:00:00+02:00\n")
    assert read.tzinfo == timezone(timedelta(hours=2))
    (read,) = data_of("- 2026-06-15 10:00:00\n")
    assert read.tzinfo is None


def test_no_number_is_none(build: str) -> None:
    assert all(map(isnan, data_of("[.nan, .NaN, .NAN]")))


def test_other_users_of_the_parser_keep_theirs() -> None:
    assert yaml.safe_load("[no, 010]") == [False, 8]
    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    assert yaml.load("[no, 010]", Loader=fast) == [False, 8]


@pytest.mark.parametrize("text", ["", "# only\n# comments\n", "\n  \n", "---\n"])
def test_an_empty_file_holds_nothing(text: str, build: str) -> None:
    document = read_yaml(text, "f.yaml")
    assert document.data is None
    assert document.place(("a", 1)) == "f.yaml:1"


def test_the_lines_are_those_of_keys_and_items(build: str) -> None:
    text = "\ufeffa: 1\nb:\n  - x\n  -\n  - c: >\n      long\n\n    3: y\nd: {e: [f,\n g]}\n"
    document = read_yaml(text.replace("\n", "\r\n"), "f.yaml")
    assert document.data == {
        "a": 1,
        "b": ["x", None, {"c": "long\n", 3: "y"}],
        "d": {"e": ["f", "g"]},
    }
    assert document.lines == {
        (): 1, ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 2): 5, ("b", 2, "c"): 5,
        ("b", 2, 3): 8, ("d",): 9, ("d", "e"): 9, ("d", "e", 0): 9, ("d", "e", 1): 10,
    }  # fmt: skip
    assert document.place(("d", "e", 1, "unknown")) == "f.yaml:10"


def test_what_an_alias_stands_for_has_the_lines_of_what_it_names(build: str) -> None:
    document = read_yaml("a: &x\n  b: [1]\nc:\n  - *x\n", "f.yaml")
    assert document.data["c"] == [{"b": [1]}]
    assert document.data["c"][0] is not document.data["a"]
    assert [document.lines["c", 0], document.lines["c", 0, "b"]] == [1, 2]


def test_a_mapping_merges_others_and_its_own_keys_win(build: str) -> None:
    text = "a: &x {p: 1, q: 2}\nb: &y {p: 5, s: 6}\nc:\n  q: 3\n  <<: [*x, *y]\nd:\n  <<: *x\n"
    document = read_yaml(text, "f.yaml")
    assert document.data["c"] == {"p": 1, "q": 3, "s": 6}
    assert document.data["d"] == document.data["a"]
    assert [document.lines["c", key] for key in "pqs"] == [1, 4, 2]
    assert data_of("a: {'<<': 1}") == {"a": {"<<": 1}}


ALIASES = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
PROBLEMS = [
    ("a:\n  b: 1\n c: 2\n", 3, "while parsing a block mapping (line 1), expected <block end>"),
    ("a:\n  - x\n - y\n", 3, "expected <block end>, but found '<block sequence start>'"),
    ("a:\n\tb: 1\n", 2, r"found character '\t' that cannot start any token"),
    ('a: 1\nb: "open\nc: 3\n', 4, "while scanning a quoted scalar (line 2), found unexpected end"),
    ("a: [b,\n", 2, "expected the node content, but found '<stream end>'"),
    ("a: {b: 1\nc: 2\n", 2, "while parsing a flow mapping (line 1), expected ',' or '}'"),
    ("a: b: c\n", 1, "mapping values are not allowed here"),
    ("a: 1\nword\nb: 2\n", 3, "while scanning a simple key (line 2), could not find expected ':'"),
    ("a: 1\nb: @x\n", 2, "found character '@' that cannot start any token"),
    ('a: "\\q"\n', 1, "found unknown escape character 'q'"),
    ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", 5, 'found duplicate key "c": line 3 has it too'),
    ("a: {b: 1, c: {x: 1}, b: 2}\n", 1, 'found duplicate key "b": line 1 has it too'),
    ("a: &x {b: 1}\nc:\n  <<: *x\n  <<: *x\n", 4, 'found duplicate key "<<"'),
    ("a:\n  <<: word\n", 2, 'only mappings can be merged by "<<"'),
    ("a: &x {b: 1}\nc:\n  <<: [*x, 3]\n", 3, 'only mappings can be merged by "<<"'),
    ("a: 1\nb: *nobody\n", 2, "found undefined alias 'nobody'"),
    ("a: &x 1\nb: &x 2\n", 2, "found duplicate anchor 'x'; first occurrence (line 1), second"),
    (
        "a: 1\n---\nb: 2\n",
        2,
        "expected a single document in the stream (line 1), but found another",
    ),
    ("a: 1\nb: !who 3\n", 2, "unknown tag !who"),
    ("a: 1\nb: !who {c: 1}\n", 2, "unknown tag !who"),
    ("a: 1\nb: !!python/object/apply:os.system ['x']\n", 2, "unknown tag !!python/object/apply:os"),
    ("a: !!set {b}\n", 1, "unknown tag !!set"),
    ("a: !!map [b]\n", 1, "unknown tag !!map"),
    ("a: 1\n? [b, c]\n: 2\n", 2, "a key is a word or a number, no list and no mapping"),
    ("a: 1\nb: {{c}: 2}\n", 2, "a key is a word or a number, no list and no mapping"),
    ("a: 1\nb: 2026-02-30\n", 2, '"2026-02-30" is no date'),
    ("a: 2026-06-15T25:00:00Z\n", 1, '"2026-06-15T25:00:00Z" is no date'),
    ("a: !!timestamp soon\n", 1, '"soon" is no date'),
    ("a: !!int x\n", 1, '"x" is no whole number'),
    ("a: !!bool yes\n", 1, '"yes" is no true or false'),
    (f"a: {'1' * 5000}\n", 1, f'"{"1" * 40}" is no whole number'),
    ("a: 1\nb: x\0y\n", 2, "the character U+0000 is not allowed"),
    ("a: 1\nb: x\ud800y\n", 2, "the character U+D800 is not allowed"),
    ("a: 1\nb: x\u2028y\n", 2, "the character U+2028 is not allowed"),
    ("a: &a [*a]\n", 1, "an alias holds itself"),
    ("a: &a {b: *a}\n", 1, "an alias holds itself"),
    ("a: &a\n  <<: *a\n", 1, "an alias holds itself"),
    ("a: " + "[" * 500 + "]" * 500, 1, f"values are nested more than {DEEPEST} deep"),
    ("[" * 1001, 1, f"values are nested more than {DEEPEST} deep"),
    (ALIASES, None, "its aliases stand for too many values; write them out"),
]


@pytest.mark.parametrize(("text", "line", "words"), PROBLEMS, ids=[each[2] for each in PROBLEMS])
def test_what_cannot_be_read_is_told_with_its_line(
    text: str, line: int | None, words: str, build: str
) -> None:
    told = problem(text)
    assert words in told
    assert re.match(rf"f\.yaml:{line or '[0-9]+'}: ", told), told
    assert "\n" not in told


def test_a_few_aliases_are_no_bomb(build: str) -> None:
    text = f"a: &a [{'x, ' * 99}x]\nb: [{'*a, ' * (ROOM_FOR_ALIASES // 100 - 2)}*a]\n"
    assert sum(map(len, data_of(text)["b"])) == ROOM_FOR_ALIASES - 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_our_own_files_need_no_libyaml(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    fast = read_yaml(text, path.name)
    monkeypatch.setattr(lines, "_FAST", lines._SLOW)
    assert read_yaml(text, path.name) == fast
