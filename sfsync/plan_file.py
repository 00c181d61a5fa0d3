"""How is a plan written down: to be applied later, or to be looked at in a spreadsheet?"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from sfsync.errors import PlanRefused
from sfsync.model import (
    MASTER_FIELD,
    Action,
    Change,
    FieldChange,
    Finding,
    Plan,
    Source,
)

VERSION = 1
_PROBLEMS_SHOWN = 20
_AT_ONCE = 200


class _File(BaseModel):
    """A plan as it is written down."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1]
    job: str
    made_at: AwareDatetime
    now: AwareDatetime
    read_at: AwareDatetime
    org: str
    policy_hash: str
    api_calls: int
    judged: int
    notes: list[str]
    changes: list[Change]
    findings: list[Finding]


_CHANGE = TypeAdapter(Change)
_FINDING = TypeAdapter(Finding)


def to_json(plan: Plan) -> str:
    """Write a plan down; the same plan gives the same text."""
    return "".join(written(plan))


def written(plan: Plan) -> Iterator[str]:
    """Write a plan down as `to_json` does, piece by piece."""
    head: Mapping[str, Any] = {
        "version": VERSION,
        "job": plan.job,
        "made_at": plan.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "now": plan.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "read_at": plan.read_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "org": plan.org,
        "policy_hash": plan.policy_hash,
        "api_calls": plan.api_calls,
        "judged": plan.judged,
        "notes": list(plan.notes),
    }
    changes = (_CHANGE.dump_python(each, mode="json") for each in plan.changes)
    findings = (_FINDING.dump_python(each, mode="json") for each in plan.findings)
    yield json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}")
    yield from _listed("changes", map(with_told_sources, changes))
    yield from _listed("findings", findings)
    yield "\n}\n"


def _listed(name: str, things: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Write a list down as the last key so far, a few things at a time."""
    yield f',\n  "{name}": ['
    rest, before = iter(things), ""
    while some := [*islice(rest, _AT_ONCE)]:
        text = json.dumps(some, indent=2, ensure_ascii=False)
        inner = text.removeprefix("[\n").removesuffix("\n]").replace("\n", "\n  ")
        yield f"{before}\n  {inner}"
        before = ","
    yield "\n  ]" if before else "]"


def with_told_sources(change: dict[str, Any]) -> dict[str, Any]:
    """Leave out, in a change as plain data, the sources of fields that come from none, and the
    losers of what is not merged.
    """
    told = {
        name: {key: value for key, value in field.items() if key != "source" or value is not None}
        for name, field in change["fields"].items()
    }
    kept = {key: value for key, value in change.items() if key != "losers" or value}
    return {**kept, "fields": told}


def from_json(text: str | bytes, name: str) -> Plan:
    """Read a plan that `to_json` wrote. Raises PlanRefused naming the file and all that is wrong in
    it.
    """
    try:
        file = _File.model_validate_json(text, strict=False)
    except ValidationError as error:
        problems = [
            f"  {'.'.join(str(part) for part in each['loc']) or 'the file'}: {each['msg']}"
            for each in error.errors()
        ]
        head = f"{name} is no plan as sfsync writes it; make one with `sfsync plan --out FILE`:"
        raise PlanRefused("\n".join([head, *problems[:_PROBLEMS_SHOWN]])) from error
    # Into one record many may be merged, one after the other.
    single = ((c.object, c.id) for c in file.changes if c.action is not Action.MERGE)
    twice = [key for key, count in Counter(single).items() if count > 1]
    if twice:
        raise PlanRefused(f"{name}: {twice[0][0]} {twice[0][1]} has two changes; a record has one")
    data = {key: value for key, value in file if key != "version"}
    tuples: Mapping[str, Callable[[Any], Any]] = dict.fromkeys(
        ("changes", "findings", "notes"), tuple
    )
    return Plan(**{key: tuples.get(key, lambda value: value)(value) for key, value in data.items()})


def source_in_words(source: Source | None) -> str:
    """Say where a value comes from: provider, of when it is, and the address; empty for None."""
    if source is None:
        return ""
    as_of = f" of {source.as_of}" if source.as_of else ""
    return f"{source.provider}{as_of}, {source.url}"


def to_csv_rows(plan: Plan) -> list[dict[str, object]]:
    """Return one row a field that is written, and one a record that is merged into another: object,
    id, name, field, before, after, cause, reason, action, source (in words; empty where it is no
    public one).
    """
    return [
        {
            "object": change.object,
            "id": id,
            "name": name,
            "field": field,
            "before": values.before,
            "after": values.after,
            "cause": change.cause,
            "reason": change.reason,
            "action": change.action.value,
            "source": source_in_words(values.source),
        }
        for change in plan.changes
        for id, name, field, values in _written(change)
    ]


def _written(change: Change) -> Iterator[tuple[str, str, str, FieldChange]]:
    for field, values in change.fields.items():
        yield change.id, change.name, field, values
    for loser in change.losers:
        yield loser.id, loser.name, MASTER_FIELD, FieldChange(None, change.id)
