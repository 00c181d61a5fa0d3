"""How does a row look in a reply?"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.soql.columns import NAME, Column, Step
from sfsync.fake.store import Store
from sfsync.fake.values import Row

# Renders one cell of a row; the text is the base of URLs, `/services/data/v62.0`.
Cell = Callable[[Row, str], object]

_ADDRESS_PARTS = (
    ("city", "City"),
    ("country", "Country"),
    ("geocodeAccuracy", ""),
    ("latitude", ""),
    ("longitude", ""),
    ("postalCode", "PostalCode"),
    ("state", "State"),
    ("street", "Street"),
)


@dataclass(slots=True)
class Shape:
    """The keys of an object in a reply in their order, with what renders each."""

    store: Store
    owner: ObjectType
    cells: dict[str, Cell] = field(default_factory=dict)
    parents: "dict[str, Shape]" = field(default_factory=dict)

    def add(self, column: Column) -> bool:
        """Add a selected field, in its parents' objects where it is reached through some.

        Returns False if it was there already.
        """
        shape = self
        for step in column.steps:
            shape = shape._parent(step)
        if column.field.name in shape.cells:
            return False
        shape.cells[column.field.name] = cell_of(column.field)
        return True

    def _parent(self, step: Step) -> "Shape":
        if step.name not in self.parents:
            parent = self.parents[step.name] = Shape(self.store, step.target)
            self.cells[step.name] = _parent_cell(step, parent)
        return self.parents[step.name]

    def render(self, row: Row, base: str) -> dict[str, object]:
        """Return the row's JSON object."""
        return {"attributes": self._attributes(row, base)} | {
            key: cell(row, base) for key, cell in self.cells.items()
        }

    def _attributes(self, row: Row, base: str) -> dict[str, object]:
        record_id = str(row["Id"])
        concrete = self.store.schema.of_id(record_id) if self.owner is NAME else self.owner
        name = concrete.name if concrete is not None else self.owner.name
        return {"type": self.owner.name, "url": f"{base}/sobjects/{name}/{record_id}"}


def _parent_cell(step: Step, parent: Shape) -> Cell:
    to_parent = step.to_parent

    def cell(row: Row, base: str) -> object:
        found = to_parent(row)
        return parent.render(found, base) if found is not None else None

    return cell


def cell_of(shown: Field) -> Cell:
    """Return how a field of a row is rendered; booleans are never null."""
    return _cell_of(shown.name, shown.type)


@cache
def _cell_of(name: str, type: str) -> Cell:
    if type == "address":
        return _address_cell(name.removesuffix("Address"))
    null = False if type == "boolean" else None
    return lambda row, _base: row.get(name, null)


def _address_cell(prefix: str) -> Cell:
    def cell(row: Row, _base: str) -> object:
        parts = {key: row.get(prefix + name) if name else None for key, name in _ADDRESS_PARTS}
        return parts if any(each is not None for each in parts.values()) else None

    return cell


def record_json(
    store: Store, owner: ObjectType, row: Row, fields: list[Field], base: str
) -> dict[str, object]:
    """Return a record as the row resource shows it, with the given fields."""
    shape = Shape(store, owner, {each.name: cell_of(each) for each in fields})
    return shape.render(row, base)
