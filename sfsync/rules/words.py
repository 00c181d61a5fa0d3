"""How is a decision about one record said to a person: its name, its reason, its evidence?"""

from collections.abc import Iterable, Iterator
from string import Formatter
from zoneinfo import ZoneInfo

from sfsync.columns import Column, Kind
from sfsync.conditions import Condition
from sfsync.facts import Look
from sfsync.model import Evidence, from_wire
from sfsync.policy import FindingRule, Keep, Rule


def facts_of(sources: Iterable[Rule | Keep | FindingRule]) -> list[str]:
    """Name the facts and fields that decide, in the order written, each once."""
    names: dict[str, None] = {}
    for source in sources:
        if source.when is not None:
            names.update(dict.fromkeys(tested(source.when)))
        if isinstance(source, Keep):
            names.update(dict.fromkeys(each.fact for each in source.set if each.fact))
            names.update(dict.fromkeys([source.entered_fact] if source.entered_fact else []))
    return list(names)


def tested(condition: Condition) -> Iterator[str]:
    """Yield the names of the facts and fields that a condition asks about."""
    for test in condition.tests():
        yield test.name
        if test.operand.fact is not None:
            yield test.operand.fact


def evidence_of(
    look: Look, object_name: str, row: int, names: Iterable[str]
) -> tuple[Evidence, ...]:
    """Return each named fact's value for one record, with the record that proves it."""
    evidence = []
    for name in names:
        column = look.column(object_name, name)
        proof = column.proof.at(row) if column.proof is not None else None
        record = None if proof is None else str(look.frame(proof[0]).index[proof[1]])
        evidence.append(Evidence(name, column.at(row), record))
    return tuple(evidence)


def name_of(look: Look, object_name: str, row: int) -> str:
    """Return a record's name; its Id where the org has none."""
    frame = look.frame(object_name)
    name = frame["name"].iloc[row] if "name" in frame else None
    return str(name) if isinstance(name, str) else str(frame.index[row])


def in_words(look: Look, object_name: str, row: int, text: str) -> str:
    """Fill a reason's template with the values of one record; instants are shown in the org's
    zone.
    """
    names = {name for _, name, _, _ in Formatter().parse(text) if name}
    return text.format(**{name: shown(look, look.column(object_name, name), row) for name in names})


def shown(look: Look, column: Column, row: int) -> str:
    """Say a value as a person reads it."""
    value = column.at(row)
    if value is None:
        return "unknown"
    if column.kind is Kind.INSTANT:
        local = from_wire(str(value)).astimezone(ZoneInfo(look.snapshot.zone))
        return local.strftime("%Y-%m-%d %H:%M")
    return str(value)
