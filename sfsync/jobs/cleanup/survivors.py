"""Which of several duplicates stays, and which values does it get?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sfsync.jobs.cleanup.holdings import Holding
from sfsync.model import Value, same_value
from sfsync.org import FieldInfo
from sfsync.policy import MergeSettings

_PARTS_OF_ADDRESS = (
    *("Street", "City", "StateCode", "State", "PostalCode", "CountryCode", "Country"),
    *("Latitude", "Longitude", "GeocodeAccuracy"),
)
_ADDRESSES = ("Billing", "Shipping", "Mailing", "Other")
_CREATED, _CHANGED = "CreatedDate", "LastModifiedDate"
_MOMENTS = {"newest": _CREATED, "oldest": _CREATED, "most_recent": _CHANGED}
_IN_WORDS: Mapping[str, str] = {
    "customer": "it is the customer",
    "most_open_deals": "it has the most open opportunities",
    "most_activities": "it has the most activities",
    "most_filled": "it has the most fields filled",
    "oldest": "it is the oldest",
    "newest": "it is the newest",
    "most_recent": "it was changed last",
}
# Who said once not to be written to or called must not be, whichever record stays.
_REFUSALS = frozenset({"DoNotCall", "HasOptedOutOfEmail", "HasOptedOutOfFax"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of a group: its Id, what it holds, and what speaks for it."""

    id: str
    holding: Holding
    is_customer: bool = False
    open_deals: int = 0
    activities: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """A value that the survivor gets, or keeps though another record has another one: the field,
    what stood and what is to stand there, and whose it is (an Id).
    """

    field: str
    before: Value
    after: Value
    whose: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Who stays and why, who goes (the nearest to staying first), and what becomes of the fields in
    which they differ.
    """

    survivor: Candidate
    why: str
    losers: tuple[Candidate, ...]
    taken: tuple[Taken, ...]


@dataclass(frozen=True, slots=True)
class Survivorship:
    """The rules by which a group's survivor and its values are chosen: those for who stays, and for
    each block of fields that can be written whose value it gets.

    A reference to one of those `going` is not taken over. Of `unwritable` fields a refusal cannot
    be.
    """

    order: tuple[str, ...]
    blocks: tuple[tuple[tuple[str, ...], str], ...]
    going: Collection[str]
    unwritable: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        settings: MergeSettings,
        fields: Mapping[str, FieldInfo],
        kept: Collection[str],
        going: Collection[str] = (),
    ) -> "Survivorship":
        """Make the rules for an object's fields; `kept` names fields that are the survivor's own
        unless the settings name them.
        """
        blocks = (
            (tuple(names), settings.fields.get(block) or _rule_of(names, settings, fields, kept))
            for block, names in _blocks(fields).items()
        )
        refusals = sorted(_REFUSALS.intersection(fields))
        unwritable = (name for name in refusals if not fields[name].updateable)
        return cls(settings.survivor, tuple(blocks), going, tuple(unwritable))

    def choose(self, group: Sequence[Candidate]) -> Choice:
        """Choose who of a group stays, and its values."""
        ordered = sorted(group, key=lambda each: each.id)
        for rule in reversed(self.order):
            ordered = _ordered(ordered, rule)
        survivor, *losers = ordered
        deciding = (rule for rule in self.order if _tells_apart(rule, survivor, losers[0]))
        why = _IN_WORDS.get(next(deciding, ""), "it has the lowest Id")
        taken: list[Taken] = []
        for names, rule in self.blocks:
            if any(_held(each, names) for each in losers):
                whose = _whose(names, rule, survivor, losers)
                if any(whose.holding.fields.get(name) in self.going for name in names):
                    whose = survivor
                taken += _taken(names, whose, survivor, losers)
        return Choice(survivor, why, tuple(losers), tuple(taken))

    def lost_refusals(self, choice: Choice) -> list[str]:
        """Name the fields in which one that goes refuses to be written to or called, and who stays
        would not.
        """
        stays = choice.survivor.holding.fields
        return [
            name
            for name in self.unwritable
            if not stays.get(name) and any(e.holding.fields.get(name) for e in choice.losers)
        ]


def _ordered(records: Sequence[Candidate], rule: str) -> list[Candidate]:
    """Put records in the order of a rule; those that it does not tell apart stay as they are."""
    if rule == "oldest":
        # One of which nobody knows when it was made is the newest.
        return sorted(records, key=lambda each: str(each.holding.fields.get(_CREATED) or "~"))
    return sorted(records, key=lambda each: _rank(each, rule), reverse=True)


def _rank(record: Candidate, rule: str) -> tuple[float, str]:
    held = record.holding.fields
    if rule in _MOMENTS:
        return 0.0, str(held.get(_MOMENTS[rule]) or "")
    if rule == "most_filled":
        return float(sum(value not in (None, "") for value in held.values())), ""
    numbers = {
        "customer": record.is_customer,
        "most_open_deals": record.open_deals,
        "most_activities": record.activities,
    }
    return float(numbers[rule]), ""


def _tells_apart(rule: str, one: Candidate, other: Candidate) -> bool:
    return _rank(one, rule) != _rank(other, rule)


def _blocks(fields: Mapping[str, FieldInfo]) -> dict[str, list[str]]:
    """Put the fields that can be written into blocks: an address is one, any other field alone."""
    blocks: dict[str, list[str]] = {}
    for name in sorted(fields):
        if fields[name].updateable and fields[name].type not in ("address", "location"):
            blocks.setdefault(_block_of(name), []).append(name)
    return blocks


def _block_of(name: str) -> str:
    for address in _ADDRESSES:
        if name.removeprefix(address) in _PARTS_OF_ADDRESS and name.startswith(address):
            return f"{address}Address"
    return name


def _rule_of(
    names: Sequence[str],
    settings: MergeSettings,
    fields: Mapping[str, FieldInfo],
    kept: Collection[str],
) -> str:
    named = next((settings.fields[name] for name in names if name in settings.fields), None)
    if names[0] in _REFUSALS:
        return named or "refused"
    info = fields[names[0]]
    is_own = names[0] in kept or info.unique or info.type in ("reference", "boolean")
    return named or ("survivor" if is_own else settings.values)


def _whose(
    names: Sequence[str], rule: str, survivor: Candidate, losers: Sequence[Candidate]
) -> Candidate:
    """Return the record whose value a block gets: the first in the rule's order that has one."""
    if rule == "survivor":
        return survivor
    if rule == "refused":
        refusing = (each for each in losers if each.holding.fields.get(names[0]) is True)
        return survivor if survivor.holding.fields.get(names[0]) else next(refusing, survivor)
    having = [each for each in (survivor, *losers) if _held(each, names)]
    if not having or (rule == "filled" and having[0] is survivor):
        return survivor
    if rule == "longest":
        # Of equally long ones the survivor's, or the nearest to it, comes first.
        return max(having, key=lambda each: len("".join(_held(each, names))))
    return _ordered(having, "most_recent" if rule == "filled" else rule)[0]


def _held(record: Candidate, names: Sequence[str]) -> list[str]:
    values = (record.holding.fields.get(name) for name in names)
    return [str(value) for value in values if value not in (None, "")]


def _taken(
    names: Sequence[str], whose: Candidate, survivor: Candidate, losers: Sequence[Candidate]
) -> list[Taken]:
    """Say, field by field, what is taken over, and what stays though a loser has another value."""
    taken = []
    for name in names:
        before, after = survivor.holding.fields.get(name), whose.holding.fields.get(name)
        if not same_value(before, after):
            taken.append(Taken(name, before, after, whose.id))
        elif any(_has_other(each, name, before) for each in losers):
            taken.append(Taken(name, before, before, survivor.id))
    return taken


def _has_other(record: Candidate, name: str, value: Value) -> bool:
    other = record.holding.fields.get(name)
    return other not in (None, "") and not same_value(other, value)
