"""Which native validation rules ask for what a stage needs?

Only what fields alone can tell: an onboarding meeting, for one, is no field of the opportunity.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sfsync.setup.metadata import Component, put, put_all, root
from sfsync.setup.wishes import Requirement, RuleWish

# Tells the describe type of a field of the rule's object, or of its account (`Account.Name`); None
# where there is no such field.
TypeOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A validation rule, and the fields it should ask for and cannot, because there are none."""

    component: Component | None
    missing: tuple[str, ...]


def validation_rule(
    wish: RuleWish, object_name: str, stage_field: str, type_of: TypeOf
) -> WrittenRule:
    """Write a validation rule, inactive. What has no field is left out of it; without any field
    there is no rule.

    It only looks at a record whose stage changes: what the service writes into a record that is
    incomplete already is not refused.
    """
    named = [name for each in wish.complete_with for name in _fields(each)]
    missing = tuple(dict.fromkeys(name for name in named if type_of(name) is None))
    asked = [each for each in wish.complete_with if not set(_fields(each)) & set(missing)]
    if not asked:
        return WrittenRule(None, missing)
    incomplete = [_incomplete(each, wish, stage_field, type_of) for each in asked]
    moves = f"OR(ISNEW(), ISCHANGED({stage_field}))"
    formula = _call("AND", [moves, _at_the_door(wish, stage_field), _any(incomplete)])
    element = root("ValidationRule")
    put_all(element, [("fullName", wish.name), ("active", False)])
    put(element, "description", f"What {wish.entering} needs. Made by sfsync setup.")
    put_all(element, [("errorConditionFormula", formula), ("errorMessage", wish.message)])
    return WrittenRule(Component("ValidationRule", f"{object_name}.{wish.name}", element), missing)


def _fields(requirement: Requirement) -> list[str]:
    return [requirement.field, *requirement.where_empty_or_from]


def _at_the_door(wish: RuleWish, stage_field: str) -> str:
    inside = f"ISPICKVAL({stage_field}, {_quoted(wish.entering)})"
    if wish.or_from_it_to is None:
        return inside
    from_it = f"ISPICKVAL(PRIORVALUE({stage_field}), {_quoted(wish.entering)})"
    beyond = f"ISPICKVAL({stage_field}, {_quoted(wish.or_from_it_to)})"
    return f"OR({inside}, AND({beyond}, {from_it}))"


def _incomplete(each: Requirement, wish: RuleWish, stage_field: str, type_of: TypeOf) -> str:
    ways = [_blank(each.field, type_of)]
    if each.not_zero:
        ways.append(f"{each.field} = 0")
    if each.not_past:
        inside = f"ISPICKVAL({stage_field}, {_quoted(wish.entering)})"
        ways.append(f"AND({inside}, {each.field} < TODAY())")
    where = [
        f"OR({_blank(name, type_of)}, {name} >= {_number(number)})"
        for name, number in each.where_empty_or_from.items()
    ]
    return f"AND({', '.join([*where, _any(ways)])})" if where else _any(ways)


def _blank(field: str, type_of: TypeOf) -> str:
    # ISBLANK takes no picklist, and a checkbox is never blank.
    kind = type_of(field)
    if kind == "boolean":
        return f"NOT({field})"
    return f"ISBLANK(TEXT({field}))" if kind == "picklist" else f"ISBLANK({field})"


def _any(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"OR({', '.join(parts)})"


def _call(name: str, parts: Iterable[str]) -> str:
    inner = ",\n".join(f"  {part}" for part in parts)
    return f"{name}(\n{inner}\n)"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(value: float) -> str:
    # Formulas know no exponents.
    return f"{value:f}".rstrip("0").rstrip(".")
