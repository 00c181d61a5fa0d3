"""Does the JSON Schema let an editor complete and check a rule file as `rules check` does?"""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner
from loop_org import CONFIG, config_texts, shipped_policy

from sfsync.cli import commands
from sfsync.conditions import OPERATORS
from sfsync.facts import FACTS
from sfsync.lines import read_yaml
from sfsync.rules.schema import rule_file_schema

FILES = {
    "Account": "rules/accounts.yaml",
    "Opportunity": "rules/opportunities.yaml",
    "Lead": "rules/leads.yaml",
}
Schema = Mapping[str, Any]
ACCOUNT = rule_file_schema(shipped_policy(), "Account")


def fits(value: Any, schema: Schema, whole: Schema) -> bool:
    """Judge a value by the words of JSON Schema that ours use; an unknown word is an error."""
    # The type first: what is said of mappings says nothing of other values.
    words = sorted(schema, key=lambda word: word != "type")
    return all(_holds(value, word, schema, whole) for word in words)


TYPES: Mapping[str, Any] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    "boolean": bool, "null": type(None),
}  # fmt: skip
SAYS_NOTHING = {"title", "description", "default", "$defs", "pattern", "format"}


def _holds(value: Any, word: str, schema: Schema, whole: Schema) -> bool:
    said = schema[word]
    if word == "type":
        is_flag_as_number = isinstance(value, bool) and said in ("integer", "number")
        return isinstance(value, TYPES[said]) and not is_flag_as_number
    if word == "$ref":
        return fits(value, whole["$defs"][said.removeprefix("#/$defs/")], whole)
    if word == "anyOf":
        return any(fits(value, each, whole) for each in said)
    if word == "enum":
        return value in said
    if word == "const":
        return bool(value == said)
    if isinstance(value, dict):
        return _holds_of_mapping(value, word, schema, whole)
    if isinstance(value, list) and word in ("items", "minItems"):
        return (
            len(value) >= said
            if word == "minItems"
            else all(fits(each, said, whole) for each in value)
        )
    if word == "minLength":
        return len(value) >= said
    if word in ("minimum", "maximum"):
        return bool(value >= said if word == "minimum" else value <= said)
    assert word in SAYS_NOTHING, word
    return True


def _holds_of_mapping(value: dict[str, Any], word: str, schema: Schema, whole: Schema) -> bool:
    said = schema[word]
    known = schema.get("properties", {})
    if word == "properties":
        return all(fits(value[key], said[key], whole) for key in said.keys() & value.keys())
    if word == "patternProperties":
        return all(
            fits(each, inner, whole)
            for pattern, inner in said.items()
            for key, each in value.items()
            if re.search(pattern, key)
        )
    if word == "additionalProperties":
        others = [each for key, each in value.items() if key not in known]
        return not others if said is False else all(fits(each, said, whole) for each in others)
    if word == "required":
        return set(said) <= value.keys()
    if word == "minProperties":
        return len(value) >= said
    assert word in SAYS_NOTHING, word
    return True


@pytest.mark.parametrize("object_name", FILES)
def test_the_shipped_file_fits(object_name: str) -> None:
    data = read_yaml(config_texts()[FILES[object_name]], "rules.yaml").data
    schema = rule_file_schema(shipped_policy(), object_name)
    assert fits(data, schema, schema)
    other = next(name for name in FILES if name != object_name)
    assert not fits(read_yaml(config_texts()[FILES[other]], "rules.yaml").data, schema, schema)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("won_since_entry: true", "won_since_entri: true"),
        ("won_since_entry: true", "won_since_entry: 1"),
        ("idle_days: {at_least: 60}", "idle_days: {at_leest: 60}"),
        ("idle_days: {at_least: 60}", "idle_days: {before: now}"),
        ("idle_days: {at_least: 60}", "idle_days: {at_least: {fact: created}}"),
        ("idle_days: {at_least: 60}", "idle_days: {}"),
        ("next_step_on: absent\n    to", "next_step_on: missing\n    to"),
        ("        - number_of_employees:", "        - number_of_employes:"),
        ("in_last_days: 30", "in_last_days: -30"),
        ("{before: {in_days: 0}}", "{before: {in_days: 0.5}}"),
        ("to: Customer", "to: Custommer"),
        ("from: Customer", "from: Custommer"),
        ("[none, Unqualified Pool", "[nome, Unqualified Pool"),
        ("staying_in: Backlog", "staying_in: Backlogg"),
        ("in: Target\n", "in: Targett\n"),
        ("may_become: [Churn]", "may_become: [Chrun]"),
        ("entered: target_at", "entered: targt_at"),
        ("state: status", "state: created"),
        ("set: {backlog_until: null}", "set: {backlog_untill: null}"),
        ("set: {backlog_until: null}", "set: {backlog_until: true}"),
        ("set: {backlog_until: null}", "set: {status: Target}"),
        ("backlog_count: {fact: next_backlog_count}", "backlog_count: {fact: pause_ends_on}"),
        ("entered_field: {fact: entered_status_at}", "entered_field: {fact: potential}"),
        ("when: {ever_qualified: true}", "when: {ever_qualifyed: true}"),
    ],
)
def test_a_mistake_does_not_fit(old: str, new: str) -> None:
    text = config_texts()[FILES["Account"]]
    assert old in text
    assert not fits(read_yaml(text.replace(old, new, 1), "rules.yaml").data, ACCOUNT, ACCOUNT)


def test_an_editor_can_complete_every_name_and_operator() -> None:
    definitions = ACCOUNT["$defs"]
    names = definitions["Condition"]["properties"]
    facts = {each.name for each in FACTS.values() if each.object == "Account"}
    assert names.keys() == {
        *("all", "any", "not", "potential"), *facts, *shipped_policy().objects["Account"]
    }  # fmt: skip
    assert names["idle_days"]["description"].startswith("Days since")
    offered = {
        key
        for name, each in definitions.items()
        if name.endswith("Test")
        for way in each["anyOf"]
        for key in way.get("properties", ())
    }
    assert offered == set(OPERATORS)
    assert (
        "amount" in rule_file_schema(shipped_policy(), "Opportunity")["$defs"]["Set"]["properties"]
    )


def test_the_command_prints_it_for_the_object_asked_for() -> None:
    def printed(*args: str) -> Any:
        found = CliRunner().invoke(commands, ["rules", "schema", "--config", str(CONFIG), *args])
        return found.stdout, found.exit_code

    assert json.loads(printed()[0]) == ACCOUNT
    assert json.loads(printed("--object", "Opportunity")[0])["properties"]["object"] == {
        "const": "Opportunity"
    }
    assert printed("--object", "Oportunity")[1] != 0
    assert "limits" in json.loads(printed("--settings")[0])["properties"]
