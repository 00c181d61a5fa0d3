"""Which values mean what another form says, and are to be written in that one form?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from sfsync.columns import Array, Kind
from sfsync.errors import Misused, NotFound
from sfsync.facts import Look
from sfsync.facts.blank import blank_texts_of, says_nothing
from sfsync.jobs.cleanup.canonical.forms import MAKERS
from sfsync.jobs.cleanup.cleanup import Cleanup, Found, Option, Wishes, Written, asked_for
from sfsync.registry import nearest
from sfsync.rules.shape import NORMALISE_FILE, SETTINGS_FILE

ONLY = Option(
    "only", "text", "Only sources, industries, countries, phones, websites or names.", several=True
)
FIELD = Option("field", "text", "Only this field, such as Account.Phone or Phone.", several=True)
# The columns that are looked at, where the policy names them.
_COLUMNS = {
    "sources": (
        *("Account.lead_source", "Contact.lead_source"),
        *("Lead.lead_source", "Opportunity.lead_source"),
    ),
    "industries": ("Account.industry", "Lead.industry"),
    "countries": ("Account.country", "Contact.country", "Lead.country"),
    "phones": (
        *("Account.phone", "Contact.phone", "Contact.mobile_phone"),
        *("Lead.phone", "Lead.mobile_phone"),
    ),
    "websites": ("Account.website", "Lead.website"),
    "names": (
        *("Account.name", "Contact.first_name", "Contact.last_name", "Lead.first_name"),
        *("Lead.last_name", "Lead.company", "Opportunity.name"),
    ),
}
# So many values are named in a note.
_MOST_NAMED = 40
_MAPPED = ("sources", "industries", "countries")


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of one field: what becomes what, and which values are left, how many times."""

    name: str
    kind: str
    become: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    def in_words(self) -> Iterator[str]:
        """Yield a note about what several values become, and one about what is left."""
        if self.become:
            pairs = [(f'"{old}" to {new}', n) for (old, new), n in self.become.items()]
            yield f"{self.name}, as config/{NORMALISE_FILE} says: {_listed(pairs)}."
        if self.unknown:
            named = [(f'"{text}"', n) for text, n in self.unknown.items()]
            yield f"{self.name}, {_LEFT[self.kind]}: {_listed(named)}."


def check(wishes: Wishes, _today: date) -> None:
    """Raise Misused for what nothing here is called."""
    for name in _several(wishes, ONLY):
        if name not in _COLUMNS:
            known = ", ".join(_COLUMNS)
            raise Misused(f'--only "{name}"{nearest(name, _COLUMNS)}: there is {known}')


def find(look: Look, wishes: Wishes) -> Found:
    """Find what stands in another form than its own one.

    Notes say, for each field, which words become which value, and which are left since nothing says
    what they mean; and which fields are left out. Raises NotFound for a field that is not looked
    at.
    """
    written: dict[str, dict[int, list[Written]]] = {}
    notes: list[str] = []
    for kind, columns in _wished(look, wishes):
        if kind == "sources" and not look.policy.normalise.sources:
            notes.append(f"config/{NORMALISE_FILE} names no sources: they are left alone.")
            continue
        for each in columns:
            object_name, _, name = each.partition(".")
            rows = np.flatnonzero(asked_for(look, object_name, wishes))
            some, told = _of_column(look, kind, object_name, name, rows)
            for row, one in some.items():
                written.setdefault(object_name, {}).setdefault(row, []).append(one)
            notes += told.in_words()
    return Found(written, (*notes, *_left_out(look, wishes)))


def _wished(look: Look, wishes: Wishes) -> Iterator[tuple[str, list[str]]]:
    """Yield, by kind of value, the columns that are wished, named and there."""
    fields = _several(wishes, FIELD)
    for wanted in fields:
        known = [name for each in _named(look, _COLUMNS) for name in _names_of(look, each)]
        if wanted not in known:
            told = f"no field to normalise is called {wanted}{nearest(wanted, known)}"
            raise NotFound(f"{told}: those are looked at that {SETTINGS_FILE} names")
    for kind in _several(wishes, ONLY) or tuple(_COLUMNS):
        columns = [
            each
            for each in _named(look, [kind])
            if not look.lacks(each)
            and (not fields or set(fields) & {*_names_of(look, each)})
            and look.column(*each.split(".")).kind is Kind.WORDS
        ]
        yield kind, columns


def _named(look: Look, kinds: Iterable[str]) -> list[str]:
    """Return the columns that the policy names."""
    columns = (each.split(".") for kind in kinds for each in _COLUMNS[kind])
    objects = look.policy.objects
    return [f"{name}.{column}" for name, column in columns if column in objects.get(name, ())]


def _names_of(look: Look, column: str) -> tuple[str, ...]:
    """Return by which names a field may be wished."""
    object_name, _, name = column.partition(".")
    api = look.policy.field(object_name, name)
    return api, name, f"{object_name}.{api}", column


def _left_out(look: Look, wishes: Wishes) -> Iterator[str]:
    """Say which fields nobody named, and which the org lacks."""
    if _several(wishes, FIELD):
        return
    kinds = _several(wishes, ONLY) or tuple(_COLUMNS)
    named = _named(look, kinds)
    unnamed = [each for kind in kinds for each in _COLUMNS[kind] if each not in named]
    if unnamed:
        yield f"Not named in {SETTINGS_FILE}, and left out: {', '.join(unnamed)}."
    lacking = [_names_of(look, each)[2] for each in named if look.lacks(each)]
    if lacking:
        yield f"Not there, or not to be read, and left out: {', '.join(lacking)}."


def _of_column(
    look: Look, kind: str, object_name: str, name: str, rows: Array
) -> tuple[dict[int, Written], _Told]:
    """Return what is to be written into one column, by row, and what is said of it."""
    told = _Told(f"{object_name}.{look.policy.field(object_name, name)}", kind)
    form_of = MAKERS[kind](look, object_name, name)
    blank = blank_texts_of(look.policy)
    column = look.column(object_name, name)
    written = {}
    for row, code in zip(rows.tolist(), column.values[rows].tolist(), strict=True):
        if code < 0:
            continue
        text = column.words[code]
        form = form_of(row, text)
        if form.text and form.text != text:
            written[row] = Written(name, form.text, form.why, form.evidence)
            if kind in _MAPPED:
                told.become[text, form.text] += 1
        elif not form.text and (kind in _MAPPED or not says_nothing(text, blank)):
            told.unknown[text] += 1
    return written, told


# What is left though something stands there, and why.
_NOT_SAID = "left, since nothing says what it means"
_LEFT = {
    "sources": _NOT_SAID,
    "industries": _NOT_SAID,
    "countries": _NOT_SAID,
    "phones": "left, since it is not one valid number, or nobody knows its country",
    "websites": "left, since it is no web address",
    "names": "left, since nothing would stay",
}


def _several(wishes: Wishes, option: Option) -> tuple[str, ...]:
    found = wishes.get(option.name)
    return found if isinstance(found, tuple) else ()


def _listed(values: Sequence[tuple[str, int]]) -> str:
    """List values with how many records have each, the most frequent first."""
    order = sorted(values, key=lambda each: (-each[1], each[0]))
    more = len(order) - _MOST_NAMED
    named = ", ".join(f"{text} {number}" for text, number in order[:_MOST_NAMED])
    return named + (f", and {more} other values" if more > 0 else "")


CLEANUP = Cleanup(
    "normalise",
    "Write sources, countries, phones, websites … in one form.",
    find,
    (ONLY, FIELD),
    may_read=(
        *(each for columns in _COLUMNS.values() for each in columns),
        *("Contact.account", "Account.country"),
    ),
    check=check,
)
