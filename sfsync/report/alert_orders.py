"""Of what are owners alerted, and how often? (`alerts` in `config/reports.yaml`)"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sfsync.bounds import MOST_DAYS
from sfsync.lines import Document
from sfsync.registry import nearest
from sfsync.rules.kinds import RuleName, Shape
from sfsync.rules.texts import FindingText, Languages

SECTION = "alerts"
ONCE = "once"


def _days(value: object) -> object:
    return None if value == ONCE else value


class FoundShape(Shape):
    """A finding that alerts the record's owner."""

    code: str = Field(description="The finding.")
    repeat: Annotated[Annotated[int, Field(ge=1, le=MOST_DAYS)] | None, BeforeValidator(_days)] = (
        Field(
            None,
            description="After how many days it alerts again while it is open; `once` a spell.",
        )
    )


class MovedShape(Shape):
    """A rule whose moves alert the record's owner."""

    rule: RuleName = Field(description="The rule that moved the record.")
    spell_of: str = Field(
        "", description="Who was alerted of this finding in the same spell is not alerted again."
    )
    severity: Literal["high", "medium", "low"] = Field("medium", description="How bad it is.")
    title: Languages = Field(description="What happened, in each language.")
    remedy: Languages = Field(description="What to do about it, in each language.")


class AlertsShape(Shape):
    """What owners are alerted of."""

    language: Literal["reader", "en", "fr"] = Field(
        "reader", description="The mail's language; `reader`: the one of the reader's user."
    )
    currency: str = Field("EUR", pattern="^[A-Z]{3}$", description="The org's currency (ISO 4217).")
    findings: list[FoundShape] = Field([], description="The findings that alert.")
    moves: list[MovedShape] = Field([], description="The rules whose moves alert.")


@dataclass(frozen=True, slots=True)
class MoveOrder:
    """A rule whose moves alert, with what people read; `series` names the alerts of which one is
    enough in a spell: those of a finding, or of the rule itself (`rule:idle`).
    """

    rule: str
    series: str
    text: FindingText


@dataclass(frozen=True, slots=True)
class AlertOrders:
    """What alerts owners: findings by code, each with the days after which it alerts again (None:
    once a spell), and moves by rule.
    """

    findings: Mapping[str, int | None] = field(default_factory=dict)
    moves: Mapping[str, MoveOrder] = field(default_factory=dict)
    language: str = "reader"
    currency: str = "EUR"


def misnamed_in(
    shape: AlertsShape, document: Document, codes: Collection[str], rules: Collection[str]
) -> Iterator[str]:
    """Yield what `alerts` names and nobody knows, or names twice, each with its place."""
    told: set[str] = set()
    for number, found in enumerate(shape.findings):
        place = document.place((SECTION, "findings", number, "code"))
        if found.code not in codes:
            yield f'{place}: no finding "{found.code}"{nearest(found.code, codes)}'
        if found.code in told:
            yield f'{place}: "{found.code}" alerts already: leave one out'
        told.add(found.code)
    moved: set[str] = set()
    for number, move in enumerate(shape.moves):
        place = document.place((SECTION, "moves", number, "rule"))
        if move.rule not in rules:
            yield f'{place}: no rule "{move.rule}"{nearest(move.rule, rules)}'
        if move.rule in moved:
            yield f'{place}: the moves of "{move.rule}" alert already: leave one out'
        moved.add(move.rule)
        if move.spell_of and move.spell_of not in told:
            place = document.place((SECTION, "moves", number, "spell_of"))
            hint = nearest(move.spell_of, told)
            yield f'{place}: no finding "{move.spell_of}" among the alerts{hint}'


def alert_orders(shape: AlertsShape, cause: str) -> AlertOrders:
    """Return what `alerts` orders; `cause` is what stands before the name of a rule."""
    moves = {
        each.rule: MoveOrder(
            each.rule,
            each.spell_of or f"{cause}{each.rule}",
            FindingText(
                each.rule,
                each.severity,
                "owner",
                each.title.model_dump(),
                each.remedy.model_dump(),
            ),
        )
        for each in shape.moves
    }
    findings = {each.code: each.repeat for each in shape.findings}
    return AlertOrders(findings, moves, shape.language, shape.currency)
