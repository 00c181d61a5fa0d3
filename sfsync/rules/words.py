"""How are decisions about records said to a person: their names, reasons and evidence?

Records are said many at a time where that can be, since whole columns are read faster than single
elements.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import Formatter
from zoneinfo import ZoneInfo

import numpy as np

from sfsync.columns import Array, Kind
from sfsync.conditions import Condition
from sfsync.facts import FACTS, Look
from sfsync.model import Evidence, Value, from_wire
from sfsync.policy import MISSING, FindingRule, Keep, Rule, TaskRule


def facts_of(sources: Iterable[Rule | Keep | FindingRule | TaskRule]) -> list[str]:
    """Name the facts and fields that decide, in the order written, each once."""
    names: dict[str, None] = {}
    for source in sources:
        if source.when is not None:
            names.update(dict.fromkeys(tested(source.when)))
        if isinstance(source, TaskRule) and source.spell_of:
            names[source.spell_of] = None
        if isinstance(source, Keep):
            names.update(dict.fromkeys(each.fact for each in source.set if each.fact))
            names.update(dict.fromkeys([source.entered_fact] if source.entered_fact else []))
    return list(names)


def proofs_of(rule: FindingRule) -> list[str]:
    """Name what a finding is to prove: the facts and fields that decide, then those that its words
    tell; each once.
    """
    told = [name for _, name, _, _ in Formatter().parse(rule.because) if name]
    names = dict.fromkeys([*facts_of([rule]), *told])
    return [name for name in names if name != MISSING]


def facts_read(look: Look, object_name: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the columns (`Object.column`) that the named facts and scores are made of."""
    machine = look.policy.machines.get(object_name)
    for name in names:
        spec = FACTS.get(f"{object_name}.{name}")
        if spec is not None:
            yield from spec.reads
        elif machine is not None and name in machine.scores:
            inner = (each for line in machine.scores[name] for each in tested(line.when))
            yield from facts_read(look, object_name, inner)


def tested(condition: Condition) -> Iterator[str]:
    """Yield the names of the facts and fields that a condition asks about."""
    for test in condition.tests():
        yield test.name
        if test.operand.fact is not None:
            yield test.operand.fact


def ids_of(look: Look, object_name: str, rows: Array) -> list[str]:
    """Return the Ids of records by their rows in the object's frame."""
    return look.frame(object_name).index[rows].tolist()


def names_of(look: Look, object_name: str, rows: Array) -> list[str]:
    """Return the names of records; the Id where the org has none."""
    frame = look.frame(object_name)
    ids = ids_of(look, object_name, rows)
    if "name" not in frame:
        return ids
    names = frame["name"].iloc[rows].tolist()
    return [name if isinstance(name, str) else id for name, id in zip(names, ids, strict=True)]


def name_of(look: Look, object_name: str, row: int) -> str:
    """Return one record's name; its Id where the org has none."""
    return names_of(look, object_name, np.array([row]))[0]


def evidence_for(
    look: Look, object_name: str, rows: Array, names: Iterable[str]
) -> list[tuple[Evidence, ...]]:
    """Return, for each record, each named fact's value with the record that proves it."""
    columns = [_evidence(look, object_name, rows, name) for name in names]
    return list(zip(*columns, strict=True)) if columns else [()] * len(rows)


def evidence_of(
    look: Look, object_name: str, row: int, names: Iterable[str]
) -> tuple[Evidence, ...]:
    """Return each named fact's value for one record, with the record that proves it."""
    return evidence_for(look, object_name, np.array([row]), names)[0]


def _evidence(look: Look, object_name: str, rows: Array, name: str) -> list[Evidence]:
    values = standing(look, object_name, name, rows)
    proof = look.column(object_name, name).proof
    if proof is None:
        return made_evidence(name, values)
    records: list[str | None] = [None] * len(rows)
    for proving, here, proofs in proof.by_table(rows):
        for place, record in zip(here.tolist(), ids_of(look, proving, proofs), strict=True):
            records[place] = record
    return made_evidence(name, values, records)


def standing(look: Look, object_name: str, name: str, rows: Array) -> Sequence[Value]:
    """Return what stands in a field or fact of some records, as on the wire: of a reference, the
    Id.
    """
    column = look.column(object_name, name)
    to = look.policy.objects[object_name][name].to if column.kind is Kind.REFERENCE else None
    return column.take(rows) if to is None else referred_ids(look, to, column.values[rows])


def referred_ids(look: Look, object_name: str, places: Array) -> list[str | None]:
    """Return the Ids of records by their rows, as a reference holds them; None where there is none
    (-1).
    """
    # Many lead to the same few.
    distinct, each = np.unique(places, return_inverse=True)
    first = np.count_nonzero(distinct < 0)
    ids = [*[None] * first, *ids_of(look, object_name, distinct[first:])]
    return [ids[place] for place in each.tolist()]


def made_evidence(
    name: str, values: Sequence[Value], records: Sequence[str | None] | None = None
) -> list[Evidence]:
    """Return a fact's values with the records that prove them; without these, what is the same is
    only made once.
    """
    if records is None:
        made = {value: Evidence(name, value) for value in {*values}}
        return [made[value] for value in values]
    return [Evidence(name, *each) for each in zip(values, records, strict=True)]


def all_in_words(
    look: Look,
    object_name: str,
    rows: Array,
    text: str,
    given: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """Fill a reason's template with the values of each record; instants are shown in the org's
    zone. What is `given`, a word a record, goes before facts and fields of that name.
    """
    given = given or {}
    parsed = [(literal, name) for literal, name, _, _ in Formatter().parse(text)]
    words = [
        given[name] if name in given else _shown(look, object_name, name, rows)
        for _, name in parsed
        if name
    ]
    # Many records are told the same.
    told = [*zip(*words, strict=True)] if words else [()] * len(rows)
    form = "".join(literal.replace("%", "%%") + ("%s" if name else "") for literal, name in parsed)
    said = {each: form % each for each in {*told}}
    return [said[each] for each in told]


def _shown(look: Look, object_name: str, name: str, rows: Array) -> list[str]:
    """Say values as a person reads them, each distinct one put into words once."""
    values = standing(look, object_name, name, rows)
    shown = {value: str(value) for value in {*values}}
    if look.column(object_name, name).kind is Kind.INSTANT:
        zone = ZoneInfo(look.snapshot.zone)
        for value, text in shown.items():
            if value is not None:
                shown[value] = from_wire(text).astimezone(zone).strftime("%Y-%m-%d %H:%M")
    shown[None] = "unknown"
    return [shown[value] for value in values]
