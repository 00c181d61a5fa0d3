"""Whose word counts for each item, and which figures are too old or not to be believed?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sfsync.enrich.heeded import OWN_SITE
from sfsync.enrich.industry import industry_of
from sfsync.enrich.looking import Sure
from sfsync.enrich.model import Found, Item
from sfsync.model import Source, Value
from sfsync.policy import EnrichSettings

# Items that are taken together, from one provider; the first is what the others are about.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "registration_number": ("registration_number",),
    "vat_number": ("vat_number",),
    "legal_name": ("legal_name",),
    "status": ("status",),
    "employees": ("employees_band", "employees_year", "number_of_employees"),
    "revenue": ("revenue", "revenue_year"),
    "activity": ("activity", "industry"),
    "website": ("website",),
    "linkedin": ("linkedin",),
    "address": ("street", "postal_code", "city", "country"),
}
_YEAR_DIGITS = 4


class RemarkKind(StrEnum):
    """What is to be said of a run beside its changes."""

    UNMAPPED = "unmapped"
    UNLISTED = "unlisted"
    DOUBTFUL = "doubtful"
    FOREIGN = "foreign"
    TOO_LONG = "too long"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was left out, and why in words; `about` is what it is counted by."""

    kind: RemarkKind
    about: str


@dataclass(frozen=True, slots=True)
class Pick:
    """A value for an item, and where it comes from. `least` and `most` are a band's bounds (None
    where it has none).
    """

    value: Value
    source: Source
    least: int | None = None
    most: int | None = None


@dataclass(slots=True)
class Picks:
    """The values picked, by item as `config/enrich.yaml` names them, and what was left out."""

    values: dict[str, Pick] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def pick(
    sure: Sequence[Sure], settings: EnrichSettings, now: datetime, revenue_before: float | None
) -> Picks:
    """Pick each item's value from the provider whose word counts first.

    `revenue_before` is the revenue that enrichment itself wrote before, None where there is none.
    """
    picks = Picks()
    by_name = {each.entry.provider: each for each in sure}
    for group, items in GROUPS.items():
        if group in ("employees", "revenue", "activity"):
            continue
        for name in settings.order(group):
            found = _found(by_name.get(name), items)
            if found:
                each = by_name[name]
                picks.values |= {item: _as_pick(one, each) for item, one in found.items()}
                break
    _pick_employees(by_name, settings, now, picks)
    _pick_revenue(by_name, settings, now, revenue_before, picks)
    _pick_activity(by_name, settings, picks)
    return picks


def _found(sure: Sure | None, items: Sequence[str]) -> dict[str, Found]:
    """Return what an entry says of some items; blank texts say nothing."""
    if sure is None:
        return {}
    return {
        each.item.value: each
        for each in sure.entry.found
        if each.item.value in items and each.value not in (None, "")
    }


def _as_pick(found: Found, sure: Sure) -> Pick:
    return Pick(found.value, _source(sure, found.as_of))


def _source(sure: Sure, as_of: str) -> Source:
    entry = sure.entry
    return Source(entry.provider, entry.url, as_of, sure.fetched_on, sure.confidence)


def _pick_employees(
    by_name: Mapping[str, Sure], settings: EnrichSettings, now: datetime, picks: Picks
) -> None:
    for name in settings.order("employees"):
        sure = by_name.get(name)
        found = _found(sure, (*_BAND, Item.EMPLOYEES_YEAR))
        least, most = (_whole(found.get(item)) for item in _BAND[1:])
        said = found.get(Item.EMPLOYEES_BAND)
        band = str(said.value) if said else _band_in_words(least, most)
        year = _year(found, Item.EMPLOYEES_YEAR)
        if year is None and name == OWN_SITE and sure is not None:
            # A page has no other date than the day on which it is read.
            year = int(sure.fetched_on[:_YEAR_DIGITS])
        if sure is None or not band or not _is_fresh(year, settings, now):
            continue
        source = _source(sure, str(year))
        picks.values["employees_band"] = Pick(band, source, least, most)
        picks.values["employees_year"] = Pick(year, source)
        if settings.number_of_employees == "least" and least is not None:
            picks.values["number_of_employees"] = Pick(least, source, least, most)
        return


_BAND = (Item.EMPLOYEES_BAND, Item.EMPLOYEES_LEAST, Item.EMPLOYEES_MOST)


def _band_in_words(least: int | None, most: int | None) -> str:
    if least is None:
        return "" if most is None else f"0-{most}"
    if most is None:
        return f"{least}+"
    return str(least) if least == most else f"{least}-{most}"


def _whole(found: Found | None) -> int | None:
    value = None if found is None else found.value
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _year(found: Mapping[str, Found], item: Item) -> int | None:
    """Return of which year figures are, as they say or are dated."""
    year = _whole(found.get(item))
    if year is not None:
        return year
    dated = [each.as_of[:_YEAR_DIGITS] for each in found.values()]
    years = [int(each) for each in dated if len(each) == _YEAR_DIGITS and each.isdigit()]
    return min(years, default=None)


def _is_fresh(year: int | None, settings: EnrichSettings, now: datetime) -> bool:
    return year is not None and now.year - settings.most_years <= year <= now.year


def _pick_revenue(
    by_name: Mapping[str, Sure],
    settings: EnrichSettings,
    now: datetime,
    before: float | None,
    picks: Picks,
) -> None:
    known: dict[str, tuple[float, int, Sure]] = {}
    for name in settings.order("revenue"):
        sure = by_name.get(name)
        found = _found(sure, (Item.REVENUE, Item.REVENUE_YEAR, Item.REVENUE_CURRENCY))
        amount = found[Item.REVENUE].value if Item.REVENUE in found else None
        year = _year(found, Item.REVENUE_YEAR)
        if sure is None or not isinstance(amount, int | float) or year is None:
            continue
        currency = found.get(Item.REVENUE_CURRENCY)
        if currency is None or currency.value != settings.currency:
            picks.remarks.append(Remark(RemarkKind.FOREIGN, str(currency and currency.value)))
        elif amount > 0 and _is_fresh(year, settings, now):
            known[name] = (amount, year, sure)
    if not known:
        return
    amount, year, sure = next(iter(known.values()))
    others = [each[0] for each in known.values()] + ([before] if before else [])
    if doubt := _doubt(amount, others, picks.values.get("employees_band"), settings):
        about = f"{sure.entry.names[0]}: {amount:,.0f} {settings.currency} of {year}, {doubt}"
        picks.remarks.append(Remark(RemarkKind.DOUBTFUL, about))
        return
    source = _source(sure, str(year))
    picks.values["revenue"] = Pick(amount, source)
    picks.values["revenue_year"] = Pick(year, source)


def _doubt(
    amount: float, others: Sequence[float], band: Pick | None, settings: EnrichSettings
) -> str:
    for other in others:
        if max(amount, other) > settings.most_times * min(amount, other):
            return f"against {other:,.0f}"
    least, most = settings.revenue_per_employee
    if band is None:
        return ""
    # Whatever the number within the band, the share is not to be believed.
    is_little = amount / max(1, band.least or 1) < least
    is_much = band.most is not None and amount / max(1, band.most) > most
    return f"with {band.value} employees" if is_little or is_much else ""


def _pick_activity(by_name: Mapping[str, Sure], settings: EnrichSettings, picks: Picks) -> None:
    """Pick the code of the first who has one, and the first Industry that a code means."""
    for name in settings.order("activity"):
        found = _found(by_name.get(name), (Item.ACTIVITY,)).get(Item.ACTIVITY)
        if found is None:
            continue
        picks.values.setdefault("activity", _as_pick(found, by_name[name]))
        industry, is_known = industry_of(str(found.value), settings.industries)
        if industry is not None and "industry" not in picks.values:
            picks.values["industry"] = Pick(industry, _source(by_name[name], found.as_of))
        if not is_known and settings.industries and "industry" not in picks.values:
            picks.remarks.append(Remark(RemarkKind.UNMAPPED, str(found.value)))
