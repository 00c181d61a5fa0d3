"""Is a configuration of another version read, and told what is called otherwise now?"""

import logging

import pytest
from loop_org import config_texts, shipped_policy

from sfsync.errors import ConfigError
from sfsync.lines import read_yaml
from sfsync.rules.build import Problems
from sfsync.rules.load import load_policy
from sfsync.rules.versions import NEWEST, Removed, Renamed, as_of_today

# What a version 2 might bring, and a version 3.
MADE_UP = {
    2: (Renamed(("limits", "share"), ("limits", "moved", "share")),),
    3: (Removed(("colour",), "the screen says itself which colours it has"),),
}
OLD = """\
limits:
  share: {most: 0.2}
  hours: 24
colour: blue
"""


def read(text: str) -> tuple[object, dict[tuple[str | int, ...], str], list[str]]:
    """What a file says to a sfsync of version 3, the place of each path, and the problems."""
    found: list[str] = []
    document = read_yaml(text, "sfsync.yaml")
    made = as_of_today(document, Problems(document, found), MADE_UP, 3)
    return made.data, {path: made.place(path) for path in made.lines}, found


def test_what_has_another_name_is_read_on_its_line_and_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        data, places, _ = read(OLD.replace("colour: blue\n", ""))
    assert data == {"limits": {"hours": 24, "moved": {"share": {"most": 0.2}}}}
    assert places["limits", "moved", "share", "most"] == "sfsync.yaml:2"
    assert [each.getMessage() for each in caplog.records] == [
        'sfsync.yaml:2: "limits.share" is called "limits.moved.share" since version 2: rename it,'
        " and write `version: 2` when nothing is told any more"
    ]


def test_what_is_gone_is_a_problem_that_says_what_to_do() -> None:
    data, _, problems = read(OLD)
    assert "colour" not in str(data)
    assert problems == [
        'sfsync.yaml:4: there is no "colour" since version 3: the screen says itself which colours'
        " it has"
    ]


def test_an_old_name_beside_the_new_one_is_a_problem() -> None:
    _, _, problems = read("limits: {share: 1, moved: {share: 2}}\n")
    assert problems == [
        'sfsync.yaml:1: "limits.share" is called "limits.moved.share" now, and both are there: keep'
        " that"
    ]


def test_of_a_file_of_today_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    text = f"version: 3\n{OLD}"
    assert read(text)[0] == read_yaml(text, "").data
    assert read(text)[2] == []
    assert not caplog.records


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (NEWEST + 1, r"sfsync\.yaml:4: version 2 is of a newer sfsync.*knows version 1: install"),
        (0, r"sfsync\.yaml:4: version: Input should be greater than or equal to 1"),
        ("'1.0'", r"sfsync\.yaml:4: version: Input should be a valid integer"),
    ],
)
def test_a_version_that_is_none_is_told(version: object, words: str) -> None:
    texts = dict(config_texts())
    said = texts["sfsync.yaml"].replace(f"version: {NEWEST} ", f"version: {version} ")
    assert said != texts["sfsync.yaml"]
    with pytest.raises(ConfigError, match=words):
        load_policy({**texts, "sfsync.yaml": said})


def test_what_changes_no_plan_changes_no_hash() -> None:
    texts = dict(config_texts())
    head, retention, rest = texts["sfsync.yaml"].partition("retention:\n  runs: 730")
    first = head.replace(f"version: {NEWEST} ", "# ")
    policy = load_policy({**texts, "sfsync.yaml": f"{first}{retention}0{rest}"})
    assert policy.retention.runs == 7300
    assert policy.hash == shipped_policy().hash


def test_a_look_up_is_kept_for_as_long_as_it_saves_asking_again() -> None:
    texts = dict(config_texts())
    said = texts["sfsync.yaml"].replace("lookups: 1095", "lookups: 100")
    with pytest.raises(ConfigError, match=r"sfsync\.yaml:\d+: retention\.lookups: 180 at least"):
        load_policy({**texts, "sfsync.yaml": said})
