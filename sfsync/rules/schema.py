"""What may stand in a rule file, said so that an editor can complete and check it?

The keys come from the shapes, the names from the facts and from `config/`, and what may be asked of
a name from the operators and the name's kind.
"""

from collections.abc import Mapping
from typing import Any

from sfsync.bounds import MOST_DAYS
from sfsync.columns import Kind
from sfsync.conditions import OPERATORS, PRESENCE
from sfsync.facts import FACTS
from sfsync.policy import NO_STATE, Policy
from sfsync.rules.shape import RuleFile

Schema = dict[str, Any]

_IN_DAYS: Schema = {"type": "integer", "minimum": -MOST_DAYS, "maximum": MOST_DAYS}
_PLAIN: Mapping[Kind, Schema] = {
    Kind.NUMBER: {"type": "number"},
    Kind.FLAG: {"type": "boolean"},
    Kind.WORDS: {"type": "string"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.INSTANT: {"const": "now"},
}
_CONDITION: Schema = {"$ref": "#/$defs/Condition"}
_STATES: Schema = {"$ref": "#/$defs/StateNames"}
_CONDITIONS: Schema = {"type": "array", "items": _CONDITION, "minItems": 1}


def rule_file_schema(policy: Policy, object_name: str) -> Schema:
    """Return the JSON Schema of the rule file of one object, with all its names.

    The object has a file in the policy, whose states and scores are among the names.
    """
    schema = RuleFile.model_json_schema(by_alias=True)
    machine = policy.judged[object_name]
    fields = {name: spec.kind for name, spec in policy.objects[object_name].items()}
    names = _meanings(policy, object_name)
    facts = {each.name: each.kind for each in FACTS.values() if each.object == object_name}
    kinds = {**fields, **facts, **dict.fromkeys(machine.scores, Kind.NUMBER)}
    definitions = schema["$defs"]
    definitions |= {_asked(kind): _question(kind, kinds) for kind in Kind}
    definitions["Condition"] = _condition(kinds, names)
    definitions["Set"] = _set(fields, kinds, {machine.state, *machine.entered_fields()})
    states = [name for name in machine.states if name != NO_STATE]
    definitions["StateNames"] = _one_or_more({"enum": [NO_STATE, *states]})
    _name_everything(definitions, states, fields, kinds)
    schema["properties"]["object"] = {"const": object_name}
    schema["properties"]["state"] = {"enum": _of_kind(fields, Kind.WORDS)}
    return schema


def _meanings(policy: Policy, object_name: str) -> dict[str, str]:
    """Return every name that a condition may ask about, with what it means."""
    facts = {each.name: each.meaning for each in FACTS.values() if each.object == object_name}
    scores = dict.fromkeys(policy.judged[object_name].scores, "a score of this file")
    fields = {name: f"the field {f.field}" for name, f in policy.objects[object_name].items()}
    return {**facts, **scores, **fields}


def _of_kind(kinds: Mapping[str, Kind], kind: Kind) -> list[str]:
    return [name for name, its in kinds.items() if its is kind]


def _mapping(properties: Mapping[str, Schema], **more: Any) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        **more,
    }


def _only(key: str, value: Schema) -> Schema:
    return _mapping({key: value}, required=[key])


def _one_or_more(value: Schema) -> Schema:
    return {"anyOf": [value, {"type": "array", "items": value}]}


def _asked(kind: Kind) -> str:
    return f"{kind.value.capitalize()}Test"


def _condition(kinds: Mapping[str, Kind], names: Mapping[str, str]) -> Schema:
    """Describe a condition: it may hold others, which may hold others."""
    asked = {
        name: {"$ref": f"#/$defs/{_asked(kinds[name])}", "description": meaning}
        for name, meaning in names.items()
    }
    groups = {"all": _CONDITIONS, "any": _CONDITIONS, "not": _CONDITION}
    return _mapping({**groups, **asked}, minProperties=1)


def _question(kind: Kind, kinds: Mapping[str, Kind]) -> Schema:
    """Describe what may be asked of a name of that kind: in short, or by operators."""
    fitting = [each.name for each in OPERATORS.values() if kind in each.kinds]
    ways: list[Schema] = [{"enum": list(PRESENCE)}]
    if "is" in fitting:
        ways.append(_PLAIN[kind])
    if "in" in fitting:
        ways.append({"type": "array", "items": _PLAIN[kind]})
    if fitting:
        operators = {name: _operand(name, kind, kinds) for name in fitting}
        ways.append(_mapping(operators, minProperties=1))
    return {"anyOf": ways}


def _operand(operator: str, kind: Kind, kinds: Mapping[str, Kind]) -> Schema:
    if operator == "in_last_days":
        return {"type": "integer", "minimum": 0, "maximum": MOST_DAYS}
    if operator in ("in", "not_in"):
        return {"type": "array", "items": _PLAIN[kind]}
    # Words are compared with words of the file only.
    if kind is Kind.WORDS:
        return _PLAIN[kind]
    return {"anyOf": [_PLAIN[kind], *_reckoned(kind, kinds)]}


def _reckoned(kind: Kind, kinds: Mapping[str, Kind]) -> list[Schema]:
    """Describe the values that each record has of its own, or each day."""
    alike = _of_kind(kinds, kind)
    facts = [_only("fact", {"enum": alike})] if alike else []
    return [*facts, *([_only("in_days", _IN_DAYS)] if kind is Kind.DATE else [])]


def _set(fields: Mapping[str, Kind], kinds: Mapping[str, Kind], moved: set[str]) -> Schema:
    """Describe what may be written: into all fields but those that the move itself writes."""
    return _mapping(
        {name: _written(kind, kinds) for name, kind in fields.items() if name not in moved}
    )


def _written(kind: Kind, kinds: Mapping[str, Kind]) -> Schema:
    if kind is Kind.REFERENCE:
        return {"type": "null"}
    plain = {**_PLAIN[kind], "minLength": 1} if kind is Kind.WORDS else _PLAIN[kind]
    null: list[Schema] = [] if kind is Kind.FLAG else [{"type": "null"}]
    return {"anyOf": [plain, *null, *_reckoned(kind, kinds)]}


def _name_everything(
    definitions: Schema,
    states: list[str],
    fields: Mapping[str, Kind],
    kinds: Mapping[str, Kind],
) -> None:
    """Put the names into the shapes' definitions, which leave them open."""
    known: Mapping[str, Schema] = {
        "when": _CONDITION,
        "set": {"$ref": "#/$defs/Set"},
        "to": {"enum": states},
        "fact": {"enum": _of_kind(kinds, Kind.INSTANT)},
        "entered": {"enum": [*_of_kind(fields, Kind.INSTANT), None]},
        "may_become": {"type": "array", "items": {"enum": states}},
        **dict.fromkeys(("from", "in", "staying_in", "ending_in"), _STATES),
    }
    shapes = ("State", "RuleShape", "KeepShape", "FindingShape", "TaskShape", "ScoreShape")
    for name in (*shapes, "FactRef"):
        properties = definitions[name]["properties"]
        for key in properties.keys() & known.keys():
            described = {k: v for k, v in properties[key].items() if k == "description"}
            properties[key] = {**known[key], **described}
