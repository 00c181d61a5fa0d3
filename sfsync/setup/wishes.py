"""How are fields, stages and validation rules to be made? (config/setup.yaml)"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from sfsync.errors import ConfigError
from sfsync.lines import Path, read_yaml
from sfsync.policy import Policy
from sfsync.registry import nearest
from sfsync.rules.kinds import Shape
from sfsync.rules.shape import keys_at

SETUP_FILE = "setup.yaml"

ApiName = Annotated[str, Field(pattern=r"^[A-Za-z](_?[A-Za-z0-9])*$", max_length=40)]
CustomName = Annotated[str, Field(pattern=r"^[A-Za-z](_?[A-Za-z0-9])*__c$", max_length=43)]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$", max_length=80)]
FieldPath = Annotated[str, Field(pattern=r"^([A-Za-z]\w*\.)?[A-Za-z]\w*$")]
Label = Annotated[str, Field(min_length=1, max_length=40)]
MadeType = Literal["text", "long_text", "email", "url", "number", "flag", "date", "instant"]


# What a field that sfsync.yaml calls a text may be on the platform.
SORTS_OF_TEXT = ("long_text", "email", "url")


class PermissionSetWish(Shape):
    """The permission set of the service's user."""

    name: ApiName = "Sfsync_Service"
    label: Annotated[str, Field(min_length=1, max_length=80)] = "sfsync service"


class CleanupWish(Shape):
    """What a second permission set opens, which the service's user has while cleaning up: objects
    to edit, with the fields that are a matter of permissions, and objects of which records are
    deleted.
    """

    permission_set: PermissionSetWish = PermissionSetWish(
        name="Sfsync_Cleanup", label="sfsync cleanup"
    )
    edit: dict[ApiName, tuple[FieldName, ...]] = Field(default_factory=dict)
    delete: tuple[ApiName, ...] = ()


class FieldWish(Shape):
    """How one field is made."""

    type: MadeType | None = None
    label: Label | None = None
    length: Annotated[int, Field(ge=1, le=131_072)] | None = None
    decimals: Annotated[int, Field(ge=0, le=8)] = 0


class StageWish(Shape):
    """What a stage means."""

    probability: Annotated[int, Field(ge=0, le=100)]
    forecast: Literal["Omitted", "Pipeline", "BestCase", "MostLikely", "Forecast", "Closed"]
    closed: Literal["won", "lost"] | None = None


class Requirement(Shape):
    """A field that must be complete, and when it is not."""

    field: FieldPath
    not_zero: bool = False
    not_past: bool = False
    where_empty_or_from: dict[FieldPath, float] = Field(default_factory=dict)


class RuleWish(Shape):
    """A validation rule at a stage's door."""

    name: ApiName
    entering: str
    or_from_it_to: str | None = None
    message: Annotated[str, Field(min_length=1, max_length=255)]
    complete_with: Annotated[tuple[Requirement, ...], Field(min_length=1)]


class Wishes(Shape):
    """The file setup.yaml."""

    permission_set: PermissionSetWish = PermissionSetWish()
    cleanups: CleanupWish = CleanupWish()
    fields: dict[str, dict[CustomName, FieldWish]] = Field(default_factory=dict)
    stages: dict[str, StageWish] = Field(default_factory=dict)
    validation_rules: tuple[RuleWish, ...] = ()

    def field(self, object_name: str, field: str) -> FieldWish:
        """Return what is said of a field; the defaults where nothing is."""
        return self.fields.get(object_name, {}).get(field, FieldWish())


def load_wishes(text: str, name: str, policy: Policy) -> Wishes:
    """Read config/setup.yaml; `name` is what complaints call the file.

    Raises ConfigError with all problems, each with its line.
    """
    document = read_yaml(text, name)
    data = {} if document.data is None else document.data
    try:
        wishes = Wishes.model_validate(data)
    except ValidationError as error:
        raise ConfigError(
            [
                f"{document.place(each['loc'])}: {_words(each['loc'], each['type'], each['msg'])}"
                for each in error.errors()
            ]
        ) from error
    found = {
        **_untyped(wishes, policy),
        **_stateless(wishes, policy),
        **_unnamed(wishes.cleanups, policy),
    }
    problems = [f"{document.place(path)}: {words}" for path, words in found.items()]
    if problems:
        raise ConfigError(problems)
    return wishes


def _words(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f'unknown key "{loc[-1]}"{nearest(str(loc[-1]), keys_at(Wishes, loc[:-1]))}'
    return f"{'.'.join(str(part) for part in loc)}: {message.removeprefix('Value error, ')}"


def object_of(wish: RuleWish, policy: Policy) -> str:
    """Return the object whose states a validation rule speaks of; empty where there is none."""
    names = {wish.entering, wish.or_from_it_to or wish.entering}
    fitting = [name for name, each in policy.machines.items() if names <= set(each.states)]
    return fitting[0] if fitting else ""


def _stateless(wishes: Wishes, policy: Policy) -> Mapping[Path, str]:
    """Find what speaks of states that no file in rules/ knows."""
    states = {state for machine in policy.machines.values() for state in machine.states}
    problems: dict[Path, str] = {}
    for name in wishes.stages:
        if name not in states:
            problems["stages", name] = f'no rules know the state "{name}"{nearest(name, states)}'
    for place, wish in enumerate(wishes.validation_rules):
        if not object_of(wish, policy):
            unknown = {wish.entering, wish.or_from_it_to or wish.entering} - states
            said = ", ".join(f'"{name}"{nearest(name, states)}' for name in sorted(unknown))
            problems["validation_rules", place] = (
                f"{wish.name}: no object has the state {said}"
                if unknown
                else f"{wish.name}: both states must be of one object"
            )
    return problems


def _unnamed(wish: CleanupWish, policy: Policy) -> Mapping[Path, str]:
    """Find the objects for cleanups that sfsync.yaml does not name: no cleanup knows them."""
    problems: dict[Path, str] = {}
    places: list[tuple[Path, str]] = [(("cleanups", "edit", name), name) for name in wish.edit]
    places += [(("cleanups", "delete", at), name) for at, name in enumerate(wish.delete)]
    for place, name in places:
        if name not in policy.objects:
            known = nearest(name, policy.objects)
            problems[place] = f'sfsync.yaml names no object "{name}"{known}'
        elif place[1] == "delete" and name not in wish.edit:
            problems[place] = f"{name}: what is deleted must also be under `edit`"
    return problems


def _untyped(wishes: Wishes, policy: Policy) -> Mapping[Path, str]:
    """Find the fields whose type is said nowhere, or twice."""
    problems: dict[Path, str] = {}
    for object_name, fields in wishes.fields.items():
        known = {spec.field: spec.type for spec in policy.objects.get(object_name, {}).values()}
        for field, wish in fields.items():
            is_of_text = known.get(field) == "text" and wish.type in SORTS_OF_TEXT
            if field in known and wish.type is not None and not is_of_text:
                problems["fields", object_name, field] = (
                    f"{field}: sfsync.yaml says its type; leave it out"
                )
            if field not in known and wish.type is None:
                problems["fields", object_name, field] = (
                    f"{field}: sfsync.yaml does not name it, so its type is needed here"
                )
    return problems
