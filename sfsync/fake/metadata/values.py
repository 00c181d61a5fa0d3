"""Which values does a package give to a picklist?"""

from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

from sfsync.fake.derive import FORECAST_CATEGORIES
from sfsync.fake.founding import add_setup_row
from sfsync.fake.metadata.component import Component, ComponentRefused, flag_of, text_of
from sfsync.fake.schema import Field, PicklistValue, Schema
from sfsync.fake.state import OrgState

# Name of a standard value set -> the fields that have its values.
VALUE_SETS = {
    "AccountOwnership": (("Account", "Ownership"),),
    "AccountRating": (("Account", "Rating"), ("Lead", "Rating")),
    "AccountType": (("Account", "Type"),),
    "EventSubject": (("Event", "Subject"),),
    "Industry": (("Account", "Industry"), ("Lead", "Industry")),
    "LeadSource": (
        ("Lead", "LeadSource"),
        ("Contact", "LeadSource"),
        ("Opportunity", "LeadSource"),
        ("Account", "AccountSource"),
    ),
    "LeadStatus": (("Lead", "Status"),),
    "OpportunityType": (("Opportunity", "Type"),),
    "Salutation": (("Contact", "Salutation"), ("Lead", "Salutation")),
    "TaskPriority": (("Task", "Priority"),),
    "TaskSubject": (("Task", "Subject"),),
}
# Those whose values are records of their own.
KEPT_AS_RECORDS = {"OpportunityStage": "OpportunityStage", "TaskStatus": "TaskStatus"}


def picklist_of_field(made: Field, element: Element, known: Field | None) -> Field:
    """Return a custom picklist with its values; those it had and has no more become inactive.

    Raises ComponentRefused where there are none, or one comes twice.
    """
    value_set = element.find("valueSet")
    definition = value_set.find("valueSetDefinition") if value_set is not None else None
    if value_set is None or definition is None:
        raise ComponentRefused(
            "Must specify a valueSetDefinition; the fake does not offer global value sets"
        )
    values = list(_values(definition, "value"))
    if not values:
        raise ComponentRefused("A picklist must have at least one value")
    if flag_of(definition, "sorted"):
        values.sort(key=lambda each: each.label)
    there = {each.value for each in values}
    had = [each for each in (known.picklist if known else ()) if each.value not in there]
    return replace(
        made,
        restricted_picklist=bool(flag_of(value_set, "restricted")),
        picklist=(*values, *(_inactive(each) for each in had)),
        length=255 if made.type == "picklist" else 4_099,
    )


def apply_value_set(state: OrgState, component: Component) -> None:
    """Give a standard picklist the values of a StandardValueSet.

    The file stands for the whole set: values it does not name become inactive (a status of tasks
    cannot).

    Raises ComponentRefused on an unknown set.
    """
    element = component.element
    values = list(_values(element, "standardValue"))
    if not values:
        raise ComponentRefused("A picklist must have at least one value")
    if component.name in KEPT_AS_RECORDS:
        _add_rows(state, KEPT_AS_RECORDS[component.name], element)
        return
    places = VALUE_SETS.get(component.name)
    if places is None:
        raise ComponentRefused(f"The fake does not offer the standard value set {component.name}")
    for object_name, field_name in places:
        _add_values(state.store.schema, object_name, field_name, values)


def _add_values(
    schema: Schema, object_name: str, field_name: str, values: list[PicklistValue]
) -> None:
    owner = schema.objects.get(object_name)
    field = owner.fields.get(field_name) if owner is not None else None
    if owner is None or field is None:
        return
    there = {each.value for each in values}
    gone = (each for each in field.picklist if each.value not in there)
    owner.declare(replace(field, picklist=(*values, *(_inactive(each) for each in gone))))


def _inactive(value: PicklistValue) -> PicklistValue:
    return replace(value, active=False, default=False)


def _values(element: Element, tag: str) -> Iterator[PicklistValue]:
    seen: set[str] = set()
    for each in element.findall(tag):
        name = text_of(each, "fullName")
        if name is None:
            raise ComponentRefused("Required field is missing: fullName")
        if name.lower() in seen:
            raise ComponentRefused(f"Duplicate value: {name}")
        seen.add(name.lower())
        yield PicklistValue(
            name,
            text_of(each, "label") or name,
            active=bool(flag_of(each, "isActive", default=True)),
            default=bool(flag_of(each, "default")),
        )


def _add_rows(state: OrgState, object_name: str, element: Element) -> None:
    rows = state.store.table(object_name).rows
    known = {str(row["MasterLabel"]): row for row in rows.values()}
    last = max((int(row.get("SortOrder", 0)) for row in rows.values()), default=0)
    named = {text_of(each, "fullName") for each in element.findall("standardValue")}
    for row in known.values():
        if row["MasterLabel"] not in named and "IsActive" in row:
            state.store.put(object_name, {**row, "IsActive": False})
    for each in element.findall("standardValue"):
        name = text_of(each, "fullName") or ""
        given = _row(each, object_name)
        if name in known:
            changed = {key: value for key, value in given.items() if value is not None}
            state.store.put(object_name, {**known[name], **changed})
        else:
            last += 1
            add_setup_row(
                state, object_name, MasterLabel=name, ApiName=name, SortOrder=last, **given
            )


def _row(element: Element, object_name: str) -> dict[str, str | float | bool | None]:
    closed = bool(flag_of(element, "closed"))
    if object_name == "TaskStatus":
        return {"IsClosed": closed, "IsDefault": bool(flag_of(element, "default"))}
    won = bool(flag_of(element, "won"))
    category = text_of(element, "forecastCategory")
    probability = text_of(element, "probability")
    names = {api: label for label, api in FORECAST_CATEGORIES.items()}
    if category not in names or probability is None or not probability.isdecimal():
        raise ComponentRefused(
            f"A stage needs a probability and a forecastCategory of {', '.join(sorted(names))}"
        )
    return {
        "IsActive": bool(flag_of(element, "isActive", default=True)),
        "IsClosed": closed,
        "IsWon": won,
        "DefaultProbability": float(probability),
        "ForecastCategory": category,
        "ForecastCategoryName": names[category],
    }
