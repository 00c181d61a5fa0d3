"""Is every mistake in the configuration told, with its line and what was probably meant?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from loop_org import CONFIG_FILES, config_texts
from random_orgs import part
from records_org import RecordsOrg

from sfsync.errors import ConfigError
from sfsync.extract import extract
from sfsync.facts import Look
from sfsync.lines import read_yaml
from sfsync.rules import load
from sfsync.rules.judge import judge
from sfsync.rules.load import load_policy
from sfsync.rules.needs import columns_needed

SETTINGS, ACCOUNTS, OPPORTUNITIES, CONTACTS, LEADS = CONFIG_FILES
READ = cache(read_yaml)


@pytest.fixture(autouse=True, scope="module")
def the_same_text_is_read_once() -> Iterator[None]:
    """Each test changes one file of seven."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "read_yaml", READ)
        yield


def problems(texts: dict[str, str]) -> list[str]:
    try:
        load_policy(texts)
    except ConfigError as error:
        return list(error.problems)
    return []


def changed(file: str, *changes: tuple[str, str]) -> tuple[dict[str, str], int]:
    """The configuration with some texts replaced, and the line of the first of them."""
    texts = dict(config_texts())
    line = texts[file][: texts[file].index(changes[0][0])].count("\n") + 1
    for old, new in changes:
        assert old in texts[file], f"{file} holds no {old!r} any more"
        texts[file] = texts[file].replace(old, new, 1)
    return texts, line


def test_the_shipped_configuration_loads() -> None:
    policy = load_policy(config_texts())
    assert list(policy.machines) == ["Account", "Opportunity"]
    account = policy.machines["Account"]
    assert [rule.name for rule in account.rules] == [
        *("won", "opportunity-opened", "out-of-target", "subscription-ended"),
        *("opportunities-lost", "activity", "idle", "backlog-expired-high"),
        *("backlog-expired-low", "churn-cooled-down", "qualified-by-data"),
        *("entered-high", "entered-low"),
    ]
    assert len(account.states) == 8
    assert len(policy.machines["Opportunity"].states) == 7
    assert account.rules[0].place == f"{ACCOUNTS}:{line_of(ACCOUNTS, '- name: won')}"


def line_of(file: str, text: str) -> int:
    whole = config_texts()[file]
    return whole[: whole.index(text)].count("\n") + 1


_SET = "set: {backlog_until: null}"
_NUMBER = "backlog_count: {fact: next_backlog_count}"
_ABOUT_IDLE = "for {idle_days} days and"
VALUES = [
    (_SET, "set: {backlog_until: soon}", "'soon' is no date; what fits: a date such as 2026-06-15"),
    (_SET, "set: {backlog_until: 2026-06-15 10:00:00}", "is no date"),
    (_SET, "set: {backlog_until: true}", "'true' is no date"),
    (_SET, "set: {backlog_until: now}", "`now` is an instant, this is a date"),
    (_SET, "set: {backlog_until: {in_days: 1.5}}", "a whole number of days"),
    (_SET, "set: {backlog_until: {in_days: 36501}}", "from -36,500 to 36,500"),
    (_SET, "set: {backlog_until: {in_days: true}}", "a whole number of days"),
    (_SET, "set: {backlog_until: {in_dayz: 3}}", "what fits: a date such as"),
    (_SET, "set: {backlog_until: {fact: [a]}}", "is no date"),
    (_SET, "set: {backlog_until: {fact: pause_end_on}}", 'did you mean "pause_ends_on"?'),
    (_SET, "set: {enriched_at: 2026-06-15}", "what fits: `now`, null or {fact: name}"),
    (_SET, "set: {enriched_at: {in_days: 3}}", "what fits: `now`, null or {fact: name}"),
    (_SET, "set: {owner: 005000000000001AAA}", "a field that is a reference; what fits: null"),
    (_SET, "set: {owner: {fact: owner}}", "a field that is a reference; what fits: null"),
    (_SET, "set: {industry: 3}", "'3' is no words; what fits: a text"),
    (_SET, 'set: {industry: ""}', "does not fit a field that is a words"),
    (_NUMBER, "backlog_count: many", "'many' is no number; what fits: a finite number"),
    (_NUMBER, "backlog_count: true", "'true' is no number"),
    (_NUMBER, "backlog_count: .nan", "nan is no finite number"),
    (_NUMBER, "backlog_count: -.inf", "-inf is no finite number"),
    (_NUMBER, f"backlog_count: 1{'0' * 400}", "is no finite number"),
    ("idle_days: {at_least: 60}", "idle_days: {at_least: .nan}", "nan is no finite number"),
    ("idle_days: {at_least: 60}", "idle_days: {in: [3, .inf]}", "inf is no finite number"),
    ("idle_days: {at_least: 60}", "idle_days: {at_least: {fact: [a]}}", "no fact or field"),
    ("before: {in_days: 0}", "before: {in_days: -36501}", "from -36,500 to 36,500"),
    ("before: {in_days: 0}", "before: 2026-06-15 10:00:00", "is no date"),
    ("{in_last_days: 30}", "{in_last_days: 40000}", "in_last_days takes a number of days"),
    ("points: 25,", "points: .nan,", "finite number"),
    (_ABOUT_IDLE, "for {idle_days days and", "the braces do not pair"),
    (_ABOUT_IDLE, "for idle_days} days and", "the braces do not pair"),
    (_ABOUT_IDLE, "for {idle_days:.0f} days and", "{idle_days} takes no format"),
    (_ABOUT_IDLE, "for {idle_days!r} days and", "{idle_days} takes no format"),
    (_ABOUT_IDLE, "for {idle_days.real} days and", '"idle_days.real"; did you mean "idle_days"?'),
    (_ABOUT_IDLE, "for {} days and", 'no fact or field ""'),
    ("from: Target\n", "from: [Target, Backlog]\n", 'moves to "Backlog", so it cannot move'),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        # Shape: keys and kinds of values.
        (ACCOUNTS, "because: an opportunity was won", "becaus: x", 'did you mean "because"?'),
        (ACCOUNTS, "state: status", "stat: status", 'unknown key "stat"; did you mean "state"?'),
        (ACCOUNTS, "points: 25,", "points: many,", "points"),
        (
            ACCOUNTS,
            "- name: status-unknown",
            "- name: update-refused",
            "sfsync itself finds things",
        ),
        (SETTINGS, "recent_days: 365", "recent_dayz: 365", 'did you mean "recent_days"?'),
        (SETTINGS, "recent_days: 365", "recent_days: -1", "greater than or equal to 0"),
        (SETTINGS, "recent_days: 365", "recent_days: 36501", "less than or equal to 36500"),
        (SETTINGS, "plan_hours: 24", "plan_hours: .inf", "finite number"),
        (SETTINGS, "moved_share: 0.20", "moved_share: 20", "less than or equal to 1"),
        (SETTINGS, "pause_days: [90, 180, 365]", "pause_days: []", "at least 1 item"),
        (SETTINGS, "type: picklist}\n    industry", "type: pickliste}\n    industry", "'picklist'"),
        (ACCOUNTS, "- name: won", "- name: Won!", "should match pattern"),
        # Names: facts, fields, states, operators, objects.
        (ACCOUNTS, "won_since_entry: true", "won_since_entri: true", '"won_since_entry"?'),
        (ACCOUNTS, "idle_days: {at_least: 60}", "idle_days: {at_leest: 60}", '"at_least"?'),
        (ACCOUNTS, "to: Disqualified", "to: Disqualifed", 'did you mean "Disqualified"?'),
        (ACCOUNTS, "from: Customer", "from: Custommer", 'did you mean "Customer"?'),
        (ACCOUNTS, "staying_in: Backlog", "staying_in: Backlogg", 'did you mean "Backlog"?'),
        (ACCOUNTS, "in: Target\n", "in: Targett\n", 'did you mean "Target"?'),
        (ACCOUNTS, "entered: target_at", "entered: targt_at", 'did you mean "target_at"?'),
        (ACCOUNTS, "may_become: [Churn]", "may_become: [Chrun]", 'did you mean "Churn"?'),
        (
            ACCOUNTS,
            "none:             {may_become: [Customer",
            "none: {may_become: [Custmer",
            '"Custmer"',
        ),
        (ACCOUNTS, "set: {backlog_until: null}", "set: {backlog_untill: null}", '"backlog_until"?'),
        (ACCOUNTS, "{fact: next_backlog_count}", "{fact: next_backlog_cont}", "backlog_count"),
        (ACCOUNTS, "{fact: entered_status_at}}\n    to", "{fact: entered_at}}\n    to", '"entered'),
        (ACCOUNTS, "for {idle_days} days and", "for {idle_day} days and", '"idle_days"?'),
        (ACCOUNTS, "object: Account", "object: Acount", 'did you mean "Account"?'),
        (
            SETTINGS,
            "OwnerId, type: reference, to: User}",
            "OwnerId, type: reference, to: Usr}",
            '"User"?',
        ),
        (
            SETTINGS,
            "leave_out: {Lead: {is_converted: true}}",
            "leave_out: {Acount: {type: Partner}}",
            '"Account"?',
        ),
        (
            SETTINGS,
            "leave_out: {Lead: {is_converted: true}}",
            "leave_out: {Account: {typ: Partner}}",
            '"type"?',
        ),
        (
            SETTINGS,
            "leave_out: {Lead: {is_converted: true}}",
            "leave_out: {Account: {idle_days: 3}}",
            "no fact or field",
        ),
        (SETTINGS, "[none, Working]", "[none, Wroking]", 'did you mean "Working"?'),
        (
            SETTINGS,
            "qualified_stages: [Qualified Opportunity,",
            "qualified_stages: [Qualified,",
            "state",
        ),
        # Kinds: what does not fit together.
        (
            ACCOUNTS,
            "next_step_on: absent\n    to",
            "next_step_on: 3\n    to",
            "does not fit next_step_on",
        ),
        (
            ACCOUNTS,
            "idle_days: {at_least: 60}",
            "idle_days: {before: now}",
            "does not fit idle_days",
        ),
        (ACCOUNTS, "state: status", "state: created", "is a instant"),
        (ACCOUNTS, "{fact: next_backlog_count}", "{fact: pause_ends_on}", "is no number"),
        (
            ACCOUNTS,
            "entered_field: {fact: entered_status_at}",
            "entered_field: {fact: potential}",
            "instant",
        ),
        # Values: what `set` writes, and what is compared with.
        *((ACCOUNTS, old, new, words) for old, new, words in VALUES),
        # Sense: moves, names given twice, what the move itself writes.
        (ACCOUNTS, "to: Churn\n", "to: Target\n", '"Customer" may not become "Target"'),
        (ACCOUNTS, "- name: opportunity-opened", "- name: won", "is the name of something above"),
        (
            ACCOUNTS,
            "set: {backlog_until: null}",
            "set: {status: Target}",
            "written by the move itself",
        ),
        (
            ACCOUNTS,
            "set: {potential_score: {fact: potential}}\n",
            "\n",
            'either "set" or "entered_field"',
        ),
        (SETTINGS, "    website: {field", "    idle_days: {field", "is the name of a fact"),
        (SETTINGS, "    status: {field: Status__c, type: picklist}\n", "", "status"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_what_was_meant(
    file: str, old: str, new: str, words: str
) -> None:
    texts, _ = changed(file, (old, new))
    found = problems(texts)
    assert found, "nothing was found"
    assert any(words in each for each in found), found
    assert all(re.match(r"\S+\.yaml:\d+: ", each) for each in found), found


def test_a_wrong_value_is_told_on_its_own_line() -> None:
    texts, line = changed(ACCOUNTS, (_NUMBER, "backlog_count: .nan"))
    assert any(each.startswith(f"{ACCOUNTS}:{line}: backlog_count: ") for each in problems(texts))


@pytest.mark.parametrize(
    ("value", "field", "written"),
    [
        ("{enriched_at: now}", "Enriched_At__c", "2026-06-15T08:00:00.000+0000"),
        ("{backlog_until: 2027-01-31}", "Backlog_Until__c", "2027-01-31"),
        ("{backlog_until: {in_days: -3}}", "Backlog_Until__c", "2026-06-12"),
        ("{backlog_count: 7}", "Backlog_Count__c", 7),
        ("{backlog_count: 2.5}", "Backlog_Count__c", 2.5),
        ("{industry: Media}", "Industry", "Media"),
        ("{industry: null}", "Industry", None),
    ],
)
def test_what_fits_is_written(value: str, field: str, written: object) -> None:
    texts, _ = changed(
        ACCOUNTS, ("won_since_entry: true", "name: present"), (_SET, f"set: {value}")
    )
    policy = load_policy(texts)
    columns = {name: [f.field for f in each.values()] for name, each in policy.objects.items()}
    account = {"Id": "001000000000001AAA", "Name": "Firm", "Status__c": "Target",
               "Industry": "Retail", "CreatedDate": "2020-01-01T09:00:00.000+0000"}  # fmt: skip
    now = datetime(2026, 6, 15, 8, tzinfo=UTC)
    org = RecordsOrg({"Account": [account]}, columns)
    (change,) = judge(Look(extract(org, policy, now), policy)).changes
    assert change.fields[field].after == written


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("object: [", "expected"),
        ("object: Account\nobject: Account\n", "duplicate key"),
        ("a: b: c\n", "mapping values are not allowed"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, words: str) -> None:
    found = problems({**config_texts(), ACCOUNTS: text})
    assert any(each.startswith(f"{ACCOUNTS}:") and words in each for each in found), found


def test_a_missing_file_is_told() -> None:
    texts = dict(config_texts())
    assert any("sfsync.yaml: missing" in each for each in problems({ACCOUNTS: texts[ACCOUNTS]}))
    without_rules = problems({SETTINGS: texts[SETTINGS]})
    assert any("no file in rules/ says the states of Account" in each for each in without_rules)
    twice = problems({**texts, "rules/again.yaml": texts[ACCOUNTS]})
    assert any("Account has its rules in another file already" in each for each in twice)


def test_an_object_without_states_may_have_findings() -> None:
    policy = load_policy(config_texts())
    assert list(policy.machines) == ["Account", "Opportunity"]
    assert list(policy.judged) == ["Account", "Opportunity", "Contact", "Lead"]
    assert not policy.stateless["Lead"].states


COMPANY = "    company: {field: Company, type: text}\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (LEADS, "object: Lead", "object: Led", 'did you mean "Lead"?'),
        (LEADS, "findings:", "scores: {}\nfindigs:", 'did you mean "findings"?'),
        (LEADS, "findings:", "scores: {s: []}\nkeep: []\nstates: {A: {}}\nfindings:", "only"),
        (LEADS, "findings:", "states: {New: {}}\nfindings:", '"state" is missing'),
        (LEADS, "findings:", "state: status\nfindings:", '"states" is missing'),
        (LEADS, "lead-untouched ", "lead-untouched\n    in: none\n ", 'no state "none"'),
        (ACCOUNTS, "state: status          #", "#", '"state" is missing: only findings'),
        (LEADS, "idle_days: {at_least: 7}", "idle_dayz: {at_least: 7}", '"idle_days"?'),
        (SETTINGS, "    lead: {field: WhoId, type: reference, to: Lead}\n", "", "reads Task.lead"),
        (SETTINGS, f"{COMPANY}    owner:", f"{COMPANY}    whose:", "owner's field of Lead"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_without_states_is_told(
    file: str, old: str, new: str, words: str
) -> None:
    texts, _ = changed(file, (old, new))
    found = problems(texts)
    assert any(words in each for each in found), found


def test_an_org_without_leads_can_do_without_them() -> None:
    texts = dict(config_texts())
    del texts[LEADS]
    needed = columns_needed(load_policy(texts))
    assert "Lead" not in needed
    assert "lead" not in needed["Task"]
    assert {"email", "account_id"} <= set(needed["Contact"])


def test_all_mistakes_of_all_files_are_told_at_once_in_order() -> None:
    texts, first = changed(
        ACCOUNTS,
        ("won_since_entry: true", "won_since_entri: true"),
        ("to: Disqualified", "to: Gone"),
    )
    settings, second = changed(
        SETTINGS,
        ("leave_out: {Lead: {is_converted: true}}", "leave_out: {Acount: {type: Partner}}"),
    )
    texts[SETTINGS] = settings[SETTINGS]
    stages, third = changed(OPPORTUNITIES, ("entered: commit_at", "entered: comit_at"))
    texts[OPPORTUNITIES] = stages[OPPORTUNITIES]
    found = problems(texts)
    assert found == sorted(found)
    told = "\n".join(found)
    for place in (f"{ACCOUNTS}:{first}: ", f"{SETTINGS}:{second}: ", f"{OPPORTUNITIES}:{third}: "):
        assert place in told
    assert 'no state "Gone"' in told


def test_a_mistake_in_the_settings_does_not_hide_one_in_the_rules() -> None:
    texts, _ = changed(SETTINGS, ("recent_days: 365", "recent_dayz: 365"))
    rules, _ = changed(ACCOUNTS, ("state: status", "stat: status"))
    found = problems({**texts, ACCOUNTS: rules[ACCOUNTS]})
    assert any('"recent_dayz"' in each for each in found)
    assert any('"stat"' in each for each in found)


@dataclass(frozen=True, slots=True)
class Word:
    """A key or a name in a file of the configuration: where it stands, and what it says."""

    file: str
    line: int
    column: int
    text: str


# Words that are free: reasons, titles, our own names of rules, and the org's names and values.
FREE_KEYS = frozenset({"because", "field", "name", "decision_maker_titles", "service_mark"}) | {
    "placeholders",
    "onboarding_event_types",
    "closed_lead_statuses",
    # What a task says, and whose it is, are words of the company's.
    *("queue", "subject", "description"),
}
FREE_PATHS = (
    r"scores/potential/\d+/when/(industry|last_lost_reason)",
    r"facts/pause_days_by_lost_reason",
    r"findings/\d+/when/any/\d+/lead_source/not_in",
    r"findings/\d+/when/any/\d+/all/\d+/stage",
    r"findings/\d+/when/account_status",
    r"rules/\d+/when/any/\d+/industry",
    # The name of a field in the API: only an org can tell whether it is one.
    r"merge/\w+/fields/Description",
    # Which commands there are the command line says (tests/test_due.py).
    r"schedule/jobs/\d+/command",
)


def words_of(file: str) -> Iterator[Word]:
    root = yaml.compose(config_texts()[file], Loader=yaml.SafeLoader)
    for path, node in scalars(root, ()):
        place = "/".join(str(each) for each in path)
        free = any(re.match(each, place) for each in FREE_PATHS)
        if not free and FREE_KEYS.isdisjoint(path) and re.fullmatch(r"[A-Za-z_ -]{4,}", node.value):
            yield Word(file, node.start_mark.line, node.start_mark.column, node.value)


def scalars(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The nodes of keys and of texts, each with its path."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not is_ours(path):
                yield (*path, key.value), key
            yield from scalars(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from scalars(value, (*path, number))
    elif node.tag == "tag:yaml.org,2002:str":
        yield path, node


def is_ours(path: tuple[Any, ...]) -> bool:
    """Whether the keys of this mapping are names that the file itself gives: nothing else says
    them, so that a wrong one is wrong only where it is used.
    """
    if path[:1] == ("objects",):
        return len(path) in (1, 2)
    return path in (("states",), ("scores",))


WORDS = [word for file in CONFIG_FILES for word in words_of(file)]


def test_there_are_words_to_mistype() -> None:
    assert len(WORDS) > 250
    for word in WORDS:
        line = config_texts()[word.file].splitlines()[word.line]
        assert line[word.column :].strip("\"'").startswith(word.text)


@settings(max_examples=part(0.3))
@given(st.sampled_from(WORDS), st.data())
def test_a_mistyped_key_or_name_is_told_on_its_very_line(word: Word, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(word.text) - 1))
    typo = word.text[:place] + data.draw(st.sampled_from("xqz")) + word.text[place:]
    assume(typo not in config_texts()[word.file])
    lines = config_texts()[word.file].splitlines(keepends=True)
    line = lines[word.line]
    lines[word.line] = line[: word.column] + line[word.column :].replace(word.text, typo, 1)
    found = problems({**config_texts(), word.file: "".join(lines)})
    here = [each for each in found if each.startswith(f"{word.file}:{word.line + 1}: ")]
    assert here, (lines[word.line], found)
