"""Which fields of an account are filled or refreshed with what sources say, and which are left?

Human values win: only a field in which nothing stands is filled, and one that enrichment itself
filled, and that still holds what it wrote, is refreshed once it is old.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sfsync.enrich.account import Account
from sfsync.enrich.heeded import OWN_SITE
from sfsync.enrich.looking import Looked, Sure, is_partly
from sfsync.enrich.matching import country_of
from sfsync.enrich.targets import Countries, Target
from sfsync.enrich.values import GROUPS, Pick, Picks, Remark, RemarkKind, pick
from sfsync.facts.blank import says_nothing
from sfsync.facts.people import folded
from sfsync.journal import Filled
from sfsync.model import (
    ENRICH_CAUSE,
    Change,
    Evidence,
    FieldChange,
    Source,
    Stamp,
    Value,
    from_wire,
    same_value,
    to_wire,
)
from sfsync.policy import EnrichSettings

_ADDRESS = GROUPS["address"]
# What is about another item is written only beside it.
_ABOUT = {"employees_year": "employees_band", "revenue_year": "revenue"}


@dataclass(frozen=True, slots=True)
class Written:
    """What is written into an account, None where nothing is, and what is to be said of it."""

    change: Change | None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Writer:
    """What deciding needs: the fields that the org has, by item (`enriched_at` and `source` among
    them); what enrichment filled before, by (Id, field); and which texts fill nothing in.
    """

    settings: EnrichSettings
    targets: Mapping[str, Target]
    filled: Mapping[tuple[str, str], Filled]
    blank_texts: frozenset[str]
    countries: Countries
    now: datetime

    def wants(self, account: Account, provider: str, sure: Sequence[Sure]) -> bool:
        """Tell whether a provider may have something that nobody better has given."""
        given = pick(sure, self.settings, self.now, None).values
        for group, items in GROUPS.items():
            order = self.settings.order(group)
            open_items = [item for item in items if self._may_write(account, item)]
            if provider not in order or not open_items:
                continue
            from_whom = [given[item].source.provider for item in items if item in given]
            if all(order.index(provider) < order.index(each) for each in from_whom):
                return True
        return False

    def write(self, account: Account, looked: Looked) -> Written:
        """Decide what is written into an account of what is sure."""
        identity = looked.identity
        if identity is None:
            return Written(None)
        picks = pick(looked.sure, self.settings, self.now, self._revenue_before(account))
        if self._is_foreign(account):
            self._leave_revenue(account, picks)
        deciding = _Deciding(self, account, picks)
        fields, words = deciding.fields()
        stamps = self._stamps(account, looked.sure)
        # While a source is down an account is looked up every day: that alone is no news of it.
        is_asked_again = is_partly(looked) and self._is_stamped(account)
        if not fields and (not stamps or is_asked_again):
            return Written(None, tuple(picks.remarks))
        entry = identity.entry
        told = "; ".join(words) or "nothing new"
        change = Change(
            object="Account",
            id=account.id,
            name=account.name,
            fields=dict(sorted({**fields, **stamps}.items())),
            cause=f"{ENRICH_CAUSE}{entry.provider}",
            reason=f"{entry.names[0] if entry.names else entry.key} ({entry.provider} {entry.key}),"
            f" {identity.why}: {told}",
            evidence=_evidence(identity),
            rests_on=(Stamp("Account", account.id, account.modified),),
        )
        return Written(change, tuple(picks.remarks))

    def _is_foreign(self, account: Account) -> bool:
        """Tell whether an amount of the account would be taken for one of another currency."""
        return account.currency not in ("", self.settings.currency)

    def _leave_revenue(self, account: Account, picks: Picks) -> None:
        if "revenue" in picks.values:
            about = f"{account.name} is kept in {account.currency}"
            picks.remarks.append(Remark(RemarkKind.FOREIGN, about))
        for item in GROUPS["revenue"]:
            picks.values.pop(item, None)

    def _stamps(self, account: Account, sure: Sequence[Sure]) -> dict[str, FieldChange]:
        """Say in the record when it was enriched, and by whom."""
        values: dict[str, Value] = {"enriched_at": to_wire(self.now)}
        names = list(dict.fromkeys(each.entry.provider for each in sure))
        if target := self.targets.get("source"):
            while len(", ".join(names)) > target.info.length > 0 and len(names) > 1:
                names.pop()
            values["source"] = ", ".join(names)
        return {
            target.info.name: FieldChange(account.values.get(target.name), value)
            for item, value in values.items()
            if (target := self.targets.get(item))
            and not same_value(account.values.get(target.name), value)
        }

    def _is_stamped(self, account: Account) -> bool:
        """Tell whether the record says that it was enriched, and that this is not yet old."""
        at = account.values.get(self.settings.enriched_at)
        stale = timedelta(days=self.settings.refresh_days)
        return isinstance(at, str) and at != "" and self.now - from_wire(at) < stale

    def _revenue_before(self, account: Account) -> float | None:
        target = self.targets.get("revenue")
        if target is None or self.own(account, target) is None:
            return None
        value = account.values.get(target.name)
        return value if isinstance(value, int | float) and value > 0 else None

    def own(self, account: Account, target: Target) -> Filled | None:
        """Return how enrichment filled a field that still holds what it wrote; else None."""
        filled = self.filled.get((account.id, target.info.name))
        stands = filled is not None and same_value(filled.value, account.values.get(target.name))
        return filled if stands else None

    def is_blank(self, account: Account, target: Target) -> bool:
        """Tell whether nothing stands in a field."""
        return says_nothing(account.values.get(target.name), self.blank_texts)

    def is_due(self, filled: Filled | None, found: Source) -> bool:
        """Tell whether what enrichment filled is to be refreshed with what was found: once it is
        old, or at once where the same source has another company now. (A website's address may
        change.)
        """
        if filled is None:
            return False
        before = filled.source
        is_register = before.provider == found.provider != OWN_SITE
        return self.is_old(filled) or (is_register and before.url != found.url)

    def _may_write(self, account: Account, item: str) -> bool:
        target = self.targets.get(item)
        if target is None or (item in GROUPS["revenue"] and self._is_foreign(account)):
            return False
        return self.is_blank(account, target) or self.is_old(self.own(account, target))

    def is_old(self, filled: Filled | None) -> bool:
        """Tell whether what enrichment filled is to be refreshed."""
        stale = timedelta(days=self.settings.refresh_days)
        return filled is not None and self.now - filled.at >= stale


@dataclass(slots=True)
class _Deciding:
    """One account beside what was picked for it."""

    writer: Writer
    account: Account
    picks: Picks
    words: dict[str, list[str]] = field(default_factory=dict)

    def fields(self) -> tuple[dict[str, FieldChange], list[str]]:
        """Return the fields that change, by API name, and in words which are filled and which
        refreshed.
        """
        fields: dict[str, FieldChange] = {}
        address_fits = self._address_fits()
        for items in GROUPS.values():
            for item in items:
                target, found = self.writer.targets.get(item), self.picks.values.get(item)
                is_left = item in _ADDRESS and not address_fits
                if target is None or found is None or is_left or not self._belongs(item, fields):
                    continue
                change = self._change(item, target, found)
                if change is not None:
                    fields[target.info.name] = change
        return fields, [f"{verb} {', '.join(names)}" for verb, names in self.words.items()]

    def _change(self, item: str, target: Target, found: Pick) -> FieldChange | None:
        before = self.account.values.get(target.name)
        verb = self._verb(item, target, found)
        if not verb:
            return None
        value = self._fitting(item, target, found.value)
        if value is None or same_value(before, value):
            return None
        name = target.info.name
        detail = f" by {self.picks.values['activity'].value}" if item == "industry" else ""
        self.words.setdefault(verb, []).append(name + detail)
        return FieldChange(before, value, found.source)

    def _verb(self, item: str, target: Target, found: Pick) -> str:
        """Say how a field is to be written; "" where what stands there stays."""
        writer, own = self.writer, self.writer.own(self.account, target)
        if writer.is_blank(self.account, target):
            return "fills"
        if item == "number_of_employees":
            is_outside = _is_outside(self.account.values.get(target.name), found)
            if is_outside and own is None:
                about = f"{self.account.name}: {self.account.values.get(target.name)}, band"
                # A person's number stays, however far it is from the band.
                remark = Remark(RemarkKind.OUTSIDE, f"{about} {_span(found)}")
                self.picks.remarks.append(remark)
            return "refreshes" if is_outside and writer.is_due(own, found.source) else ""
        if item == "registration_number":
            # Another number would be another company: that is nothing to be refreshed.
            return ""
        return "refreshes" if writer.is_due(own, found.source) else ""

    def _fitting(self, item: str, target: Target, value: Value) -> Value:
        """Return the value as the field takes it; None, with a remark, where it does not."""
        info = target.info
        if item == "country":
            value = self.writer.countries.word(str(value), info)
        elif info.type == "picklist" and value not in info.values:
            self.picks.remarks.append(Remark(RemarkKind.UNLISTED, f"{info.name} {value}"))
            return None
        if isinstance(value, str) and 0 < info.length < len(value):
            self.picks.remarks.append(Remark(RemarkKind.TOO_LONG, info.name))
            return None
        return value or None if isinstance(value, str) else value

    def _belongs(self, item: str, fields: Mapping[str, FieldChange]) -> bool:
        """Tell whether what an item is about is, or will be, what was picked: the year of a band
        that somebody typed is not ours to say.
        """
        main = _ABOUT.get(item)
        if main is None:
            return True
        target, found = self.writer.targets.get(main), self.picks.values.get(main)
        if target is None or found is None:
            return False
        stands = self.account.values.get(target.name)
        is_own = self.writer.own(self.account, target) is not None
        return target.info.name in fields or (is_own and same_value(stands, found.value))

    def _address_fits(self) -> bool:
        """Tell whether what stands of the address is that of the source, or is to be refreshed: two
        addresses are never mixed. What the source does not say agrees with nothing.
        """
        for item in _ADDRESS:
            target, found = self.writer.targets.get(item), self.picks.values.get(item)
            if target is None or self.writer.is_blank(self.account, target):
                continue
            if found is None:
                return False
            stands = str(self.account.values.get(target.name))
            is_same = (
                country_of(stands) == found.value
                if item == "country"
                else folded(stands) == folded(str(found.value))
            )
            own = self.writer.own(self.account, target)
            if not is_same and not self.writer.is_due(own, found.source):
                return False
        return True


def _is_outside(value: Value, band: Pick) -> bool:
    if not isinstance(value, int | float):
        return False
    most = band.most if band.most is not None else float("inf")
    return not (band.least or 0) <= value <= most


def _span(band: Pick) -> str:
    return f"{band.least}+" if band.most is None else f"{band.least}-{band.most}"


def _evidence(sure: Sure) -> tuple[Evidence, ...]:
    """Give what spoke for the entry."""
    spoke = (clue for clue in sure.candidate.clues if clue.agreement == "for" and clue.theirs)
    return tuple(Evidence(f"same {clue.of}", clue.theirs) for clue in spoke)
