"""Which keys may stand in `enrich.yaml` and `industries.yaml`, and what do they say?

Which providers there are is not known here: `sfsync.enrich` checks their names.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, RootModel, ValidationError, model_validator

from sfsync.columns import Kind
from sfsync.lines import Document, Path
from sfsync.policy import NO_STATE, EnrichSettings, FieldSpec, Machine
from sfsync.registry import nearest
from sfsync.rules.build import Problems
from sfsync.rules.kinds import Days, Name, Shape
from sfsync.rules.running import RetentionShape
from sfsync.rules.shape import ENRICH_FILE, INDUSTRIES_FILE

_ACCOUNT = "Account"

Text = Literal[
    "registration_number",
    "vat_number",
    "legal_name",
    "status",
    "employees_band",
    "activity",
    "industry",
    "website",
    "linkedin",
    "street",
    "postal_code",
    "city",
    "country",
]
Number = Literal["employees_year", "number_of_employees", "revenue", "revenue_year"]
Group = Literal[
    "registration_number",
    "vat_number",
    "legal_name",
    "status",
    "employees",
    "revenue",
    "activity",
    "website",
    "linkedin",
    "address",
]
_NUMBERS = ("employees_year", "number_of_employees", "revenue", "revenue_year")
Code = Annotated[str, Field(pattern=r"^\d[\d.]*[A-Z]?$")]


class WebsitesShape(Shape):
    """Whether companies' own websites are read."""

    read: bool = True
    only_hosts: frozenset[str] = frozenset()


class RevenueShape(Shape):
    """Which revenues are believed."""

    currency: str = Field("EUR", pattern="^[A-Z]{3}$")
    most_times: float = Field(20, gt=1)
    per_employee: tuple[float, float] = (1_000, 20_000_000)

    @model_validator(mode="after")
    def _is_a_span(self) -> "RevenueShape":
        if not 0 <= self.per_employee[0] < self.per_employee[1]:
            raise ValueError("per_employee: give the least, then the most")
        return self


class EnrichFile(Shape):
    """The file enrich.yaml."""

    providers: tuple[str, ...]
    limit: int = Field(200, ge=1)
    refresh_days: Annotated[Days, Field(ge=1)] = 180
    look_again_days: Annotated[Days, Field(ge=1)] = 60
    most_years: int = Field(3, ge=0, le=100)
    number_of_employees: Literal["never", "least"] = "never"
    websites: WebsitesShape = WebsitesShape.model_construct()
    choose: tuple[str, ...]
    enriched_at: Name
    source: Name
    fields: dict[Text | Number, Name]
    precedence: dict[Group, tuple[str, ...]] = Field(default_factory=dict)
    revenue: RevenueShape = RevenueShape.model_construct()


class IndustriesFile(RootModel[dict[Name, dict[Code, str | None]]]):
    """The file industries.yaml."""


def enrich_settings(
    file: EnrichFile,
    problems: Problems,
    objects: Mapping[str, Mapping[str, FieldSpec]],
    machines: Mapping[str, Machine],
    industries: Mapping[str, Mapping[str, str | None]],
) -> EnrichSettings:
    """Make the settings of a file; what in it fits no field, status or file is told in
    `problems`.
    """
    _check_fields(file, problems, objects.get(_ACCOUNT, {}), machines)
    machine = machines.get(_ACCOUNT)
    valid = [*machine.states, NO_STATE] if machine else []
    for place, name in enumerate(file.choose):
        if machine and name not in valid:
            hint = nearest(name, valid)
            problems.add(("choose", place), f'{_ACCOUNT} has no state "{name}"{hint}')
        elif name in file.choose[:place]:
            problems.add(("choose", place), f'"{name}" is named twice')
    if "industry" in file.fields and not industries:
        problems.add(("fields", "industry"), f"there is no {INDUSTRIES_FILE}: leave industry out")
    return EnrichSettings(
        **{name: getattr(file, name) for name in _ALIKE},
        fields={str(item): name for item, name in file.fields.items()},
        precedence={str(group): order for group, order in file.precedence.items()},
        read_websites=file.websites.read,
        only_hosts=file.websites.only_hosts,
        currency=file.revenue.currency,
        most_times=file.revenue.most_times,
        revenue_per_employee=file.revenue.per_employee,
        industries=industries,
    )


_ALIKE = (
    *("providers", "limit", "refresh_days", "look_again_days", "most_years"),
    *("number_of_employees", "choose", "enriched_at", "source"),
)


def _check_fields(
    file: EnrichFile,
    problems: Problems,
    known: Mapping[str, FieldSpec],
    machines: Mapping[str, Machine],
) -> None:
    """Check that each field is there, of the right kind, free for enrichment, and written once."""
    machine = machines.get(_ACCOUNT)
    taken: dict[str, str] = {"name": "what people call the account"}
    if machine:
        taken[machine.state] = "the state of the account"
        taken |= dict.fromkeys(machine.entered_fields(), "written by rules")
    for path, name, kind in _written(file):
        spec = known.get(name)
        if spec is None:
            hint = nearest(name, known)
            problems.add(path, f'{_ACCOUNT} has no field "{name}" in sfsync.yaml{hint}')
        elif spec.kind is not kind:
            problems.add(path, f'"{name}" is a {spec.type}; this is {_WANTED[kind]}')
        elif name in taken:
            problems.add(path, f'"{name}" is not to be written here: it is {taken[name]}')
        else:
            taken[name] = "named already"


_WANTED: Mapping[Kind, str] = {
    Kind.INSTANT: "an instant",
    Kind.WORDS: "a text or picklist",
    Kind.NUMBER: "a number",
}


def _written(file: EnrichFile) -> list[tuple[Path, str, Kind]]:
    items: list[tuple[Path, str, Kind]] = [
        (("enriched_at",), file.enriched_at, Kind.INSTANT),
        (("source",), file.source, Kind.WORDS),
    ]
    for item, name in file.fields.items():
        kind = Kind.NUMBER if item in _NUMBERS else Kind.WORDS
        items.append((("fields", item), name, kind))
    return items


def industries_of(document: Document, found: list[str]) -> Mapping[str, Mapping[str, str | None]]:
    """Read the table of industries, by classification and beginning of a code; what is wrong is
    added to `found`, and then there is none.
    """
    try:
        return IndustriesFile.model_validate(document.data or {}).root
    except ValidationError as error:
        problems = Problems(document, found)
        for each in error.errors():
            path = tuple(part for part in each["loc"] if part != "[key]")
            problems.add(path, f"{'.'.join(map(str, path))}: {each['msg']}")
        return {}


def check_retention(retention: RetentionShape, enrich: EnrichSettings, problems: Problems) -> None:
    """Check that a look-up is kept for as long as it saves asking again."""
    days = max(enrich.refresh_days, enrich.look_again_days)
    if retention.lookups < days:
        problems.add(
            ("retention", "lookups"),
            f"retention.lookups: {days} at least, as {ENRICH_FILE} asks again after so many days",
        )
