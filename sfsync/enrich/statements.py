"""Which of a Wikidata item's statements count, and of when are they?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sfsync.enrich.answers import Part

_MOMENT = "P585"
_TO_THE_DAY, _TO_THE_YEAR = 11, 9
_TIME = re.compile(r"\+(\d{4})-(\d\d)-(\d\d)T")
_AMOUNT = re.compile(r"\+?(\d{1,15})(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said, and its qualifiers."""

    value: Part
    qualifiers: Part

    def item(self) -> str:
        """Return the item that it names, `Q142`; "" where it names none."""
        return self.value.at("id").text()

    def moment(self) -> str:
        """Return the newest date of which it is: a day, a year, "" where there is none."""
        return max((_date(value) for value in self.qualified(_MOMENT)), default="")

    def qualified(self, name: str) -> tuple[Part, ...]:
        """Return the values of a qualifier."""
        snaks = self.qualifiers.at(name).each()
        return tuple(_value(snak) for snak in snaks if snak.at("snaktype").text() == "value")


def _value(snak: Part) -> Part:
    return snak.at("datavalue", "value")


def statements(claims: Part, name: str) -> tuple[Statement, ...]:
    """Return the statements of the best rank that say a value; those deprecated say nothing."""
    by_rank: dict[str, list[Statement]] = {"preferred": [], "normal": []}
    for claim in claims.at(name).each():
        snak = claim.at("mainsnak")
        rank = claim.at("rank").text()
        if rank in by_rank and snak.at("snaktype").text() == "value":
            by_rank[rank].append(Statement(_value(snak), claim.at("qualifiers")))
    return tuple(by_rank["preferred"] or by_rank["normal"])


def is_said(claims: Part, name: str) -> bool:
    """Tell whether something is said to have happened, also where nobody knows when."""
    return any(
        claim.at("rank").text() != "deprecated"
        and claim.at("mainsnak", "snaktype").text() in ("value", "somevalue")
        for claim in claims.at(name).each()
    )


def _date(value: Part) -> str:
    time, precision = _TIME.match(value.at("time").text()), value.at("precision").whole()
    if not time or precision is None or precision < _TO_THE_YEAR:
        return ""
    return "-".join(time.groups()) if precision >= _TO_THE_DAY else time[1]


def newest(claims: Part, name: str) -> Iterator[tuple[int, str, str]]:
    """Give amount, unit and date of the newest statement that has a date and is more than zero."""
    dated = []
    for each in statements(claims, name):
        moment, unit = each.moment(), each.value.at("unit").text()
        amount = _AMOUNT.fullmatch(each.value.at("amount").text())
        if moment and amount and int(amount[1]) > 0:
            dated.append((moment, int(amount[1]), unit))
    if dated:
        moment, number, unit = max(dated)
        yield number, unit, moment
