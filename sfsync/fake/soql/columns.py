"""Which value of a row does a field path of a SOQL statement mean?"""

from collections.abc import Callable
from dataclasses import dataclass

from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.soql.syntax import Call, Expression, Path
from sfsync.fake.soql.tokens import WHERE_TO_LOOK, malformed, query_error
from sfsync.fake.store import Store
from sfsync.fake.values import Row, Value

Getter = Callable[[Row], Value | None]
ToParent = Callable[[Row], Row | None]

_MAX_LEVELS = 5
_NAME_FIELDS = (
    ("Id", "id"),
    ("Name", "string"),
    ("Type", "picklist"),
    ("FirstName", "string"),
    ("LastName", "string"),
    ("Email", "email"),
    ("Phone", "phone"),
    ("Title", "string"),
    ("Username", "string"),
    ("Alias", "string"),
    ("IsActive", "boolean"),
)


def _name_object() -> ObjectType:
    made = ObjectType("Name", "---", "Name", "Names", False, False, False)
    made.declare(*(Field(name, kind, name, groupable=True) for name, kind in _NAME_FIELDS))
    return made


# All that can be read of a polymorphic parent without TYPEOF.
NAME = _name_object()


@dataclass(frozen=True, slots=True)
class Step:
    """One lookup of a path: the reference followed, where it leads and how to get there."""

    field: Field
    target: ObjectType
    to_parent: ToParent

    @property
    def name(self) -> str:
        """The relationship's name in the API's own case."""
        return self.field.relationship_name or self.field.name


@dataclass(frozen=True, slots=True)
class Column:
    """What a path leads to."""

    path: Path
    owner: ObjectType
    field: Field
    steps: tuple[Step, ...]
    get: Getter


@dataclass(frozen=True, slots=True)
class Scope:
    """The statement and the object whose fields it names."""

    store: Store
    statement: str
    owner: ObjectType
    alias: str | None = None

    def column(self, path: Path) -> Column:
        """Resolve a path; raises ApiError INVALID_FIELD as the platform words it."""
        names = self._without_alias(path.names)
        if len(names) > _MAX_LEVELS + 1:
            raise malformed(self.statement, path.at, f"Relationship depth exceeds {_MAX_LEVELS}")
        steps: list[Step] = []
        owner = self.owner
        for name in names[:-1]:
            steps.append(self._step(owner, name, path))
            owner = steps[-1].target
        field = owner.find(names[-1])
        if field is None:
            raise self._no_column(owner, names[-1], path)
        return Column(path, owner, field, tuple(steps), _getter(steps, field))

    def plain_column(self, expression: Expression) -> Column:
        """Resolve an expression that must be a field; raises ApiError where it is a function."""
        if isinstance(expression, Call):
            raise malformed(
                self.statement,
                expression.at,
                f"The fake does not offer the function {expression.function} here",
            )
        return self.column(expression)

    def _without_alias(self, names: tuple[str, ...]) -> tuple[str, ...]:
        first = names[0].lower()
        own = {self.owner.name.lower(), (self.alias or self.owner.name).lower()}
        relationship = self.owner.find_relationship(names[0])
        return names[1:] if len(names) > 1 and first in own and relationship is None else names

    def _step(self, owner: ObjectType, name: str, path: Path) -> Step:
        field = owner.find_relationship(name)
        if field is None:
            raise query_error(
                self.statement,
                path.at,
                "INVALID_FIELD",
                f"Didn't understand relationship '{name}' in field path. If you are attempting to "
                "use a custom relationship, be sure to append the '__r' after the custom "
                f"relationship name. {WHERE_TO_LOOK}",
            )
        if field.polymorphic:
            return Step(field, NAME, _to_any(self.store, field.name))
        target = self.store.schema.objects.get(field.reference_to[0])
        if target is None:
            raise self._no_column(owner, name, path)
        return Step(field, target, _to_one(self.store, field.name, target.name))

    def _no_column(self, owner: ObjectType, name: str, path: Path) -> Exception:
        return query_error(
            self.statement,
            path.at,
            "INVALID_FIELD",
            f"No such column '{name}' on entity '{owner.name}'. If you are attempting to use a "
            "custom field, be sure to append the '__c' after the custom field name. "
            f"{WHERE_TO_LOOK}",
        )


def _to_one(store: Store, reference: str, target: str) -> ToParent:
    rows = store.table(target).rows

    def to_parent(row: Row) -> Row | None:
        record_id = row.get(reference)
        return rows.get(record_id) if isinstance(record_id, str) else None

    return to_parent


def _to_any(store: Store, reference: str) -> ToParent:
    def to_parent(row: Row) -> Row | None:
        record_id = row.get(reference)
        found = store.row(record_id) if isinstance(record_id, str) else None
        owner = store.schema.of_id(record_id) if isinstance(record_id, str) else None
        return {**found, "Type": owner.name} if found is not None and owner else None

    return to_parent


def _getter(steps: list[Step], field: Field) -> Getter:
    own = own_getter(field)
    default = False if field.type == "boolean" else None

    def through_parents(row: Row) -> Value | None:
        at = row
        for step in steps:
            parent = step.to_parent(at)
            if parent is None:
                return default
            at = parent
        return own(at)

    return through_parents if steps else own


def own_getter(field: Field) -> Getter:
    """Return how to read a field of a row of its own object; booleans are never null."""
    name = field.name
    if field.type == "boolean":
        return lambda row: row.get(name, False)
    return lambda row: row.get(name)
