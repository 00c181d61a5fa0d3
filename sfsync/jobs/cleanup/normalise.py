"""Which values mean what another form says, and are to be written in that one form?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import numpy as np

from sfsync.columns import Array, Kind
from sfsync.errors import Misused, NotFound
from sfsync.facts import Look
from sfsync.facts.blank import blank_texts_of, says_nothing
from sfsync.jobs.cleanup.canonical.forms import MAKERS
from sfsync.jobs.cleanup.cleanup import Cleanup, Found, Option, Wishes, Written, asked_for
from sfsync.org import OrgReader
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
# Kinds of which each value stands on a list, and their columns: several words mean one value.
_OF_LISTS = ("sources", "industries", "countries")
_MEANT = frozenset(each for kind in _OF_LISTS for each in _COLUMNS[kind])


def check(wishes: Wishes, _today: date) -> None:
    """Raise Misused for what nothing here is called."""
    for name in _several(wishes, ONLY):
        if name not in _COLUMNS:
            known = ", ".join(_COLUMNS)
            raise Misused(f'--only "{name}"{nearest(name, _COLUMNS)}: there is {known}')


def find(look: Look, wishes: Wishes) -> Found:
    """Find what stands in another form than its own one.

    Notes say, for each field, which values are left since nothing says what they mean, and which
    fields are left out. Raises NotFound for a field that is not looked at.
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
            some, left = _of_column(look, kind, object_name, name, rows)
            for row, one in some.items():
                written.setdefault(object_name, {}).setdefault(row, []).append(one)
            if left:
                named = {f'"{text}"': count for text, count in left.items()}
                notes.append(f"{_api(look, each)}, {_LEFT[kind]}: {_listed(named)}.")
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
            and _is_text(look, each)
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
    return look.policy.field(object_name, name), name, _api(look, column), column


def _left_out(look: Look, wishes: Wishes) -> Iterator[str]:
    """Say which fields nobody named, and which the org lacks."""
    if _several(wishes, FIELD):
        return
    kinds = _several(wishes, ONLY) or tuple(_COLUMNS)
    named = _named(look, kinds)
    unnamed = [each for kind in kinds for each in _COLUMNS[kind] if each not in named]
    if unnamed:
        yield f"Not named in {SETTINGS_FILE}, and left out: {', '.join(unnamed)}."
    lacking = [_api(look, each) for each in named if look.lacks(each)]
    if lacking:
        yield f"Not there, or not to be read, and left out: {', '.join(lacking)}."
    wrong = [each for each in named if not _is_text(look, each)]
    if wrong:
        yield f"No text or picklist by {SETTINGS_FILE}, and left out: {', '.join(wrong)}."


def fit(org: OrgReader, look: Look, found: Found) -> Found:
    """Take out the values that a picklist of the org lacks; say what several words become, and what
    is left since there is no such value.
    """
    written: dict[str, dict[int, list[Written]]] = {}
    become: dict[str, Counter[str]] = {}
    lacking: Counter[str] = Counter()
    for object_name, rows in found.written.items():
        fields = org.fields(object_name) or {}
        for row, several in rows.items():
            for each in several:
                column = f"{object_name}.{each.column}"
                info = fields.get(look.policy.field(object_name, each.column))
                if info is not None and info.values and each.after not in info.values:
                    lacking[f'{_api(look, column)} "{each.after}"'] += 1
                    continue
                written.setdefault(object_name, {}).setdefault(row, []).append(each)
                if column in _MEANT:
                    become.setdefault(_api(look, column), Counter())[each.reason] += 1
    notes = [f"{name}: {_listed(meant)}." for name, meant in become.items()]
    if lacking:
        notes.append(f"Left, since the picklist has no such value: {_listed(lacking)}.")
    return Found(written, (*notes, *found.notes))


def _of_column(
    look: Look, kind: str, object_name: str, name: str, rows: Array
) -> tuple[dict[int, Written], Counter[str]]:
    """Return what is to be written into one column, by row, and which values are left."""
    form_of = MAKERS[kind](look, object_name, name)
    blank = blank_texts_of(look.policy)
    column = look.column(object_name, name)
    written, left = {}, Counter[str]()
    for row, code in zip(rows.tolist(), column.values[rows].tolist(), strict=True):
        if code < 0:
            continue
        text = column.words[code]
        form = form_of(row, text)
        if form.text and form.text != text:
            written[row] = Written(name, form.text, form.why, form.evidence, form.rests)
        elif not form.text and (kind in _OF_LISTS or not says_nothing(text, blank)):
            left[text] += 1
    return written, left


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


def _listed(values: Mapping[str, int]) -> str:
    """List values with how many records have each, the most frequent first."""
    order = sorted(values.items(), key=lambda each: (-each[1], each[0]))
    more = len(order) - _MOST_NAMED
    named = ", ".join(f"{text} ({number})" for text, number in order[:_MOST_NAMED])
    return named + (f", and {more} other values" if more > 0 else "")


def _is_text(look: Look, column: str) -> bool:
    object_name, _, name = column.partition(".")
    return look.policy.objects[object_name][name].kind is Kind.WORDS


def _api(look: Look, column: str) -> str:
    """Return a column by the names that the org has for it."""
    object_name, _, name = column.partition(".")
    return f"{object_name}.{look.policy.field(object_name, name)}"


CLEANUP = Cleanup(
    "normalise",
    "Write sources, countries, phones, websites … in one form.",
    find,
    (ONLY, FIELD),
    reads=(
        *(each for columns in _COLUMNS.values() for each in columns),
        *("Contact.account", "Account.country"),
    ),
    fit=fit,
    check=check,
)
