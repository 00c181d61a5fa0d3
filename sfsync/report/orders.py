"""Which reports go to whom, how often, in which language and currency?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from sfsync.complaint import complaint, key_of
from sfsync.errors import ConfigError
from sfsync.lines import Document, read_yaml
from sfsync.model import RULE_CAUSE
from sfsync.registry import nearest
from sfsync.report.alert_orders import (
    SECTION,
    AlertOrders,
    AlertsShape,
    alert_orders,
    misnamed_in,
)
from sfsync.rules.kinds import RuleName, Shape
from sfsync.rules.shape import keys_at
from sfsync.rules.texts import FindingText

REPORTS_FILE = "reports.yaml"
# What begins the keys of mails that are no such reports.
_OTHER_MAILS = (SECTION, "runs", "run")
# The language of each reader, as their user says.
OF_READER = "reader"


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class OrderShape(Shape):
    """One report."""

    name: RuleName = Field(description="What it is called, also in file names.")
    codes: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (), description="The findings it tells; without any, all."
    )
    severities: Annotated[
        tuple[Literal["high", "medium", "low"], ...], BeforeValidator(_listed)
    ] = Field((), description="How bad what it tells must be; without any, all.")
    to: Literal["managers", "owners", "admin"] = Field("managers", description="Who gets it.")
    every: Literal["daily", "weekly"] = Field("daily", description="How often, at most.")
    language: Literal["reader", "en", "fr"] = Field(
        "reader", description="The mail's language; `reader`: the one of the reader's user."
    )
    currency: str = Field("EUR", pattern="^[A-Z]{3}$", description="The org's currency (ISO 4217).")


class SummaryShape(Shape):
    """The summary of the runs, for the admin."""

    every: Literal["daily", "weekly"] = Field("daily", description="How often, at most.")
    language: Literal["reader", "en", "fr"] = Field(
        "reader", description="The mail's language; `reader`: the one of the admin's user."
    )


class ReportsFile(Shape):
    """The file reports.yaml."""

    runs: SummaryShape = Field(
        SummaryShape(every="daily", language="reader"), description="The summary of the runs."
    )
    reports: list[OrderShape] = Field(description="The reports that are sent.")
    alerts: AlertsShape = Field(
        AlertsShape.model_validate({}), description="What owners are alerted of."
    )


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """One report as the admin ordered it; empty `codes` or `severities` leave nothing out."""

    name: str
    codes: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    to: str = "managers"
    every: str = "daily"
    language: str = OF_READER
    currency: str = "EUR"

    def tells(self, text: FindingText) -> bool:
        """Tell whether the report tells of findings with this text."""
        if self.codes and text.code not in self.codes:
            return False
        if self.severities and text.severity not in self.severities:
            return False
        return self.to != "owners" or text.goes_to == "owner"


@dataclass(frozen=True, slots=True)
class SummaryOrder:
    """The summary of the runs as the admin ordered it."""

    every: str = "daily"
    language: str = OF_READER


def load_summary_order(text: str, name: str) -> SummaryOrder:
    """Read what `reports.yaml` says of the summary of the runs.

    Raises ConfigError with all problems at once, as `load_orders` does.
    """
    runs = _file(read_yaml(text, name)).runs
    return SummaryOrder(runs.every, runs.language)


def load_orders(text: str, name: str, texts: Mapping[str, FindingText]) -> tuple[ReportOrder, ...]:
    """Read `reports.yaml`, in its order; `texts` are those of the findings that there are.

    Raises ConfigError with all problems at once, each with file, line and the nearest valid name.
    """
    document = read_yaml(text, name)
    file = _file(document)
    orders = tuple(_order(each) for each in file.reports)
    problems = _misnamed(file, document, texts) or _silent(orders, document, texts)
    if problems:
        raise ConfigError(problems)
    return orders


def load_alerts(
    text: str, name: str, codes: Collection[str], rules: Collection[str]
) -> AlertOrders:
    """Read `alerts` of `reports.yaml`; `codes` are the findings that there are, `rules` the rules.

    Raises ConfigError with all problems at once, each with file, line and the nearest valid name.
    """
    document = read_yaml(text, name)
    file = _file(document)
    problems = list(misnamed_in(file.alerts, document, codes, rules))
    if problems:
        raise ConfigError(problems)
    return alert_orders(file.alerts, RULE_CAUSE)


def _file(document: Document) -> ReportsFile:
    try:
        return ReportsFile.model_validate(document.data)
    except ValidationError as error:
        problems = [f"{document.place(each['loc'])}: {_words(each)}" for each in error.errors()]
        raise ConfigError(problems) from error


def _words(error: ErrorDetails) -> str:
    loc, kind = error["loc"], error["type"]
    if not loc:
        return "the file must hold `reports`, a list, as the one that came with sfsync does"
    if kind == "extra_forbidden":
        return f'unknown key "{loc[-1]}"{nearest(str(loc[-1]), keys_at(ReportsFile, loc[:-1]))}'
    if kind == "missing":
        return f'"{loc[-1]}" is missing'
    return f"{key_of(error)}: {complaint(error)}"


def _misnamed(file: ReportsFile, document: Document, codes: Collection[str]) -> list[str]:
    problems, taken = [], set()
    for place, order in enumerate(file.reports):
        if order.name in taken:
            where = document.place(("reports", place, "name"))
            problems.append(f'{where}: there is another report "{order.name}": rename one')
        if order.name in _OTHER_MAILS:
            where = document.place(("reports", place, "name"))
            problems.append(f'{where}: "{order.name}" is the name of other mails: rename it')
        taken.add(order.name)
        for code in order.codes:
            if code not in codes:
                where = document.place(("reports", place, "codes"))
                problems.append(f'{where}: no finding "{code}"{nearest(code, codes)}')
    return problems


def _silent(
    orders: Sequence[ReportOrder], document: Document, texts: Mapping[str, FindingText]
) -> list[str]:
    """Tell of reports that leave out all findings that there are."""
    problems = []
    for place, order in enumerate(orders):
        if not any(map(order.tells, texts.values())):
            which = f" of {', '.join(sorted(order.codes))}" if order.codes else ""
            bad = (
                f" of {' or '.join(sorted(order.severities))} severity" if order.severities else ""
            )
            whose = " goes to owners" if order.to == "owners" else " is there"
            where = document.place(("reports", place))
            problems.append(
                f'{where}: the report "{order.name}" can never tell anything: no finding'
                f"{which}{bad}{whose}; findings.yaml says how bad each is, and to whom it goes"
            )
    return problems


def _order(shape: OrderShape) -> ReportOrder:
    return ReportOrder(
        shape.name,
        frozenset(shape.codes),
        frozenset(shape.severities),
        shape.to,
        shape.every,
        shape.language,
        shape.currency,
    )
