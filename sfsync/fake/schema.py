"""Which objects and fields does the org have?"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

NUMERIC_TYPES = frozenset({"int", "long", "double", "currency", "percent"})
TEXT_TYPES = frozenset(
    {"string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url"}
    | {"encryptedstring", "anyType"}
)
_PARTS_OF_ADDRESS = frozenset(
    {"Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode", "Latitude"}
    | {"Longitude", "GeocodeAccuracy"}
)
# Parts of a name that can be empty: who sees the name sees them.
_ALWAYS_SEEN = frozenset({"FirstName", "Salutation", "RecordTypeId"})


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """One value of a picklist."""

    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object, in the words of Salesforce's describe."""

    name: str
    type: str
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    createable: bool = False
    updateable: bool = False
    nillable: bool = False
    defaulted_on_create: bool = False
    filterable: bool = True
    groupable: bool = False
    sortable: bool = True
    aggregatable: bool = True
    restricted_picklist: bool = False
    polymorphic: bool = False
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    child_relationship: str | None = None
    picklist: tuple[PicklistValue, ...] = ()
    external_id: bool = False
    unique: bool = False
    id_lookup: bool = False
    case_sensitive: bool = False
    calculated: bool = False
    custom: bool = False
    history_tracked: bool = False
    default_value: bool | float | str | None = None

    @property
    def is_reference(self) -> bool:
        """Whether the value is the Id of a record (of this object or another)."""
        return self.type in ("reference", "id")

    @property
    def permissionable(self) -> bool:
        """Whether field-level security can hide the field: it may be empty, and people fill it."""
        filled = self.createable or self.updateable or self.custom or self.type == "address"
        checkbox = self.custom and self.type == "boolean"
        return filled and (self.nillable or checkbox) and self.name not in _ALWAYS_SEEN


@dataclass(slots=True)
class ObjectType:
    """One object: its fields by API name, and which of them field-level security hides.

    `hidden` fields are hidden from everybody, `guarded` ones from whoever has no permission set
    that shows them. What the user of the request under way may not see or write is told by `look`.
    """

    name: str
    key_prefix: str
    label: str
    label_plural: str
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    fields: dict[str, Field] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    guarded: set[str] = field(default_factory=set)
    _withheld: frozenset[str] = frozenset()
    _read_only: frozenset[str] = frozenset()
    _seen: list[Field] = field(default_factory=list)
    _addresses: list[str] = field(default_factory=list)
    _by_lower: dict[str, Field] = field(default_factory=dict)
    _by_relationship: dict[str, Field] = field(default_factory=dict)

    def declare(self, *declared: Field) -> None:
        """Add fields, or replace those of the same name."""
        self.fields.update({each.name: each for each in declared})
        self.refresh()

    def refresh(self) -> None:
        """Rebuild the look-ups after `fields` or `hidden` changed."""
        concealed = self.concealed
        self._seen = seen = [
            replace(each, createable=False, updateable=False)
            if each.name in self._read_only
            else each
            for each in self.fields.values()
            if each.name not in concealed
        ]
        self._addresses = [each.name for each in self.fields.values() if each.type == "address"]
        self._by_lower = {each.name.lower(): each for each in seen}
        self._by_relationship = {
            each.relationship_name.lower(): each for each in seen if each.relationship_name
        }

    def look(
        self, withheld: frozenset[str] = frozenset(), read_only: frozenset[str] = frozenset()
    ) -> None:
        """Show the object as one user sees it; without arguments as the setup does."""
        self._withheld, self._read_only = withheld, read_only
        self.refresh()

    @property
    def concealed(self) -> frozenset[str]:
        """The names of the fields that field-level security hides now."""
        return self._withheld.union(self.hidden)

    def address_of(self, name: str) -> str | None:
        """Return the address that a field is part of (`BillingAddress` of BillingCity), or None."""
        for address in self._addresses:
            prefix = address.removesuffix("Address")
            if name.startswith(prefix) and name != address:
                return address if name.removeprefix(prefix) in _PARTS_OF_ADDRESS else None
        return None

    def visible(self) -> list[Field]:
        """Return the fields that the API shows, in order; read-only ones are not writable."""
        return self._seen

    def find(self, name: str) -> Field | None:
        """Return the visible field of a name in any case, or None."""
        return self._by_lower.get(name.lower())

    def is_hidden(self, name: str) -> bool:
        """Whether field-level security hides the field of a name in any case."""
        return name.lower() in {each.lower() for each in self.concealed if each in self.fields}

    def find_relationship(self, name: str) -> Field | None:
        """Return the visible reference field behind a relationship name in any case, or None."""
        return self._by_relationship.get(name.lower())


class Schema:
    """The objects of an org, found by name in any case or by key prefix."""

    def __init__(self, objects: Iterable[ObjectType] = ()) -> None:
        self.objects: dict[str, ObjectType] = {}
        self.withheld: frozenset[str] = frozenset()
        self._by_lower: dict[str, ObjectType] = {}
        self._by_prefix: dict[str, ObjectType] = {}
        for each in objects:
            self.declare(each)

    def declare(self, object_type: ObjectType) -> None:
        """Add an object, or replace the one of the same name."""
        object_type.refresh()
        self.objects[object_type.name] = object_type
        self._by_lower[object_type.name.lower()] = object_type
        # The history objects share one prefix; no reference points at them.
        self._by_prefix.setdefault(object_type.key_prefix, object_type)

    def drop(self, name: str) -> None:
        """Remove an object; raises KeyError if there is none of that name."""
        dropped = self.objects.pop(name)
        del self._by_lower[name.lower()]
        if self._by_prefix.get(dropped.key_prefix) is dropped:
            del self._by_prefix[dropped.key_prefix]

    def find(self, name: str) -> ObjectType | None:
        """Return the object of a name in any case, or None; a withheld one is not found."""
        found = self._by_lower.get(name.lower())
        return None if found is None or found.name in self.withheld else found

    def visible(self) -> list[ObjectType]:
        """Return the objects that the user of the request under way may see."""
        return [each for each in self.objects.values() if each.name not in self.withheld]

    def of_id(self, record_id: str) -> ObjectType | None:
        """Return the object that an Id's key prefix belongs to, or None."""
        return self._by_prefix.get(record_id[:3])

    def children(self, parent: str) -> list[tuple[ObjectType, Field]]:
        """Return every visible reference field that points at an object, with its own object."""
        return [
            (child, each)
            for child in self.visible()
            for each in child.visible()
            if parent in each.reference_to
        ]

    def find_child(self, parent: str, relationship: str) -> tuple[ObjectType, Field] | None:
        """Return the object and reference field behind a child relationship name, or None."""
        wanted = relationship.lower()
        for child, each in self.children(parent):
            if each.child_relationship and each.child_relationship.lower() == wanted:
                return child, each
        return None
