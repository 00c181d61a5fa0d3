"""Which columns does a query have, as clients ask (`columns=true`) before they print its rows?"""

from dataclasses import dataclass
from dataclasses import field as dataclass_field

from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.soql.columns import Column, Scope
from sfsync.fake.soql.syntax import Call, FieldsOf, Path, Query
from sfsync.fake.store import Store

_NUMBERS = frozenset({"int", "double", "currency", "percent", "long"})
_APEX_TYPES = {
    "boolean": "Boolean",
    "currency": "Decimal",
    "date": "Date",
    "datetime": "Datetime",
    "double": "Double",
    "id": "Id",
    "int": "Integer",
    "percent": "Double",
    "reference": "Id",
}
Data = dict[str, object]


@dataclass(slots=True)
class _Column:
    """A column with those below it: of a parent, or of a child subquery."""

    name: str
    shown: str
    field: Field | None = None
    aggregate: bool = False
    below: "dict[str, _Column]" = dataclass_field(default_factory=dict)

    def as_json(self) -> Data:
        kind = self.field.type if self.field is not None else ""
        return {
            "aggregate": self.aggregate,
            "apexType": _APEX_TYPES.get(kind, "String") if kind else None,
            "booleanType": kind == "boolean",
            "columnName": self.name,
            "custom": self.field is not None and self.field.custom,
            "displayName": self.shown,
            "foreignKeyName": self.field.relationship_name if self.field is not None else None,
            "insertable": self.field is not None and self.field.createable,
            "joinColumns": [each.as_json() for each in self.below.values()],
            "numberType": kind in _NUMBERS,
            "textType": bool(kind) and kind not in _NUMBERS and kind not in _APEX_TYPES,
            "updatable": self.field is not None and self.field.updateable,
        }


def column_metadata(store: Store, statement: str, query: Query) -> Data:
    """Return what the platform tells of a statement that it understood, instead of its rows."""
    owner = store.existing(query.object_name)
    columns = _columns(store, statement, query, owner)
    return {
        "columnMetadata": [each.as_json() for each in columns.values()],
        "entityName": owner.name,
        "groupBy": bool(query.group_by),
        "idSelected": "Id" in columns,
        "keyPrefix": owner.key_prefix,
    }


def _columns(store: Store, statement: str, query: Query, owner: ObjectType) -> dict[str, _Column]:
    columns: dict[str, _Column] = {}
    unnamed = 0
    for each in query.select:
        if isinstance(each, Query):
            found = store.schema.find_child(owner.name, each.object_name)
            if found is not None:
                name = found[1].child_relationship or each.object_name
                below = _columns(store, statement, each, found[0])
                columns[name] = _Column(name, name, aggregate=True, below=below)
        elif isinstance(each, FieldsOf):
            columns |= {field.name: _leaf(field) for field in _fields_of(owner, each.which)}
        elif isinstance(each.expression, Path):
            column = Scope(store, statement, owner, query.alias).column(each.expression)
            _place(columns, column, each.alias)
        else:
            name = each.alias or f"expr{unnamed}"
            unnamed += 0 if each.alias else 1
            columns[name] = _Column(name, _call_text(each.expression), aggregate=True)
    return columns


def _place(columns: dict[str, _Column], column: Column, alias: str | None) -> None:
    for step in column.steps:
        columns = columns.setdefault(step.name, _Column(step.name, step.name)).below
    columns[alias or column.field.name] = _leaf(column.field)


def _leaf(field: Field) -> _Column:
    return _Column(field.name, field.name, field)


def _fields_of(owner: ObjectType, which: str) -> list[Field]:
    wanted = {"ALL": (True, False), "CUSTOM": (True,), "STANDARD": (False,)}[which.upper()]
    return [each for each in owner.visible() if each.custom in wanted]


def _call_text(call: Call) -> str:
    inside = ".".join(call.path.names) if call.path is not None else ""
    return f"{call.function}({inside})"
