"""Which object does a CSV's header, with its values and description, declare?"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sfsync.fake.describing import default_field, field_from_json
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.standard import label_of, standard_object
from sfsync.fake.values import read_date, read_datetime, zoned

# Needed to keep books of a record, so they exist even where the recording leaves them out.
ALWAYS = ("Id", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp")
_NAME = re.compile(r"[A-Za-z]\w*")
# A leading zero is kept: such a column holds postal codes or the like.
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,8})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SHORT_TEXT = 255


@dataclass(frozen=True, slots=True)
class Description:
    """What describe.json says about one object."""

    fields: Sequence[Mapping[str, object]] = ()
    about: Mapping[str, object] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of the described fields."""
        return [str(each.get("name")) for each in self.fields]


def read_description(found: object) -> Description:
    """Return an object's description.

    A list of fields, or an object with `fields` as in a describe.

    Raises ValueError where it is neither.
    """
    about = found if isinstance(found, Mapping) else {}
    fields = about.get("fields") if about else found
    if not isinstance(fields, list) or not all(isinstance(each, Mapping) for each in fields):
        raise ValueError("must be a list of field descriptions, or an object with `fields`")
    return Description(fields, about)


class Inference:
    """Guesses the type of a column from all its values; from `likely` where it has none."""

    def __init__(self, likely: str | None = None) -> None:
        self._likely = likely
        self._possible = ["boolean", "int", "double", "date", "datetime"]
        self._longest = 0
        self._any = False

    def see(self, text: str) -> None:
        """Take one non-empty cell into account."""
        self._any = True
        self._longest = max(self._longest, len(text))
        self._possible = [kind for kind in self._possible if _fits(kind, text)]

    def field(self, name: str) -> Field:
        """Return the field: the narrowest type for all values; without any, the likely one."""
        if not self._any and self._likely:
            return default_field(name, self._likely)
        if self._any and self._possible:
            return default_field(name, self._possible[0])
        kind = "string" if self._longest <= _SHORT_TEXT else "textarea"
        return default_field(name, kind)


def _fits(kind: str, text: str) -> bool:
    if kind == "boolean":
        return text in ("true", "false")
    if kind == "int":
        return _WHOLE.fullmatch(text) is not None
    if kind == "double":
        return _DECIMAL.fullmatch(text) is not None
    return (read_date(text) if kind == "date" else read_datetime(zoned(text))) is not None


def unknown_columns(name: str, header: Iterable[str], description: Description) -> list[str]:
    """Return the columns whose type only their values can tell."""
    standard = standard_object(name)
    known = {*(standard.fields if standard else ()), *_described_types(description)}
    return [each for each in header if each not in known]


def _described_types(description: Description) -> list[str]:
    return [str(each.get("name")) for each in description.fields if "type" in each]


def build_object(
    name: str, header: Sequence[str], inferred: Mapping[str, Field], description: Description
) -> ObjectType:
    """Return the object with the fields of its header and description, and those it always has.

    Raises ValueError on a description that makes no sense.
    """
    made = standard_object(name) or _own_object(name)
    wanted = {*header, *description.names, *ALWAYS}
    kept = [each for each in made.fields.values() if each.name in wanted or _is_shown(each, wanted)]
    made.fields = {each.name: each for each in (*kept, *inferred.values())}
    known = made.fields
    made.declare(
        *(field_from_json(each, known.get(str(each.get("name")))) for each in description.fields)
    )
    _apply_about(made, description.about)
    told = {*header, *description.names}
    if header and "CreatedDate" in made.fields and "CreatedDate" not in told:
        # Made up to keep books of the record, so nobody may see it: it tells nothing true.
        made.hidden.add("CreatedDate")
    made.refresh()
    return made


def _is_shown(field: Field, wanted: set[str]) -> bool:
    prefix = field.name.removesuffix("Address")
    return field.type == "address" and any(
        prefix + part in wanted for part in ("Street", "City", "Country")
    )


def _own_object(name: str) -> ObjectType:
    label = label_of(name)
    made = ObjectType(name, "", label, f"{label}s")
    account = standard_object("Account")
    if account is not None:
        made.declare(
            *(account.fields[each] for each in (*ALWAYS, "CreatedById", "OwnerId", "Name"))
        )
    return made


def _apply_about(made: ObjectType, about: Mapping[str, object]) -> None:
    made.key_prefix = str(about.get("keyPrefix") or made.key_prefix)
    made.label = str(about.get("label") or made.label)
    made.label_plural = str(about.get("labelPlural") or made.label_plural)
    made.createable = bool(about.get("createable", made.createable))
    made.updateable = bool(about.get("updateable", made.updateable))
    made.deletable = bool(about.get("deletable", made.deletable))
    made.hidden, made.guarded = (_names(about.get(each)) for each in ("hidden", "guarded"))


def _names(found: object) -> set[str]:
    return {str(each) for each in found} if isinstance(found, list) else set()


def check_header(file: str, header: Sequence[str]) -> list[str]:
    """Return what is wrong with the names of the columns."""
    problems = [
        f"{file}:1: column {each!r} is no field name"
        for each in header
        if not _NAME.fullmatch(each)
    ]
    repeated = sorted({each for each in header if header.count(each) > 1})
    problems += [f"{file}:1: column {each} is there twice" for each in repeated]
    if "Id" not in header:
        problems.append(f"{file}:1: there is no column Id")
    return problems
