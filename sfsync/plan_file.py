"""How is a plan written down: to be applied later, or to be looked at in a spreadsheet?"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
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
    to_iso,
)

VERSION = 1
_PROBLEMS_SHOWN = 20


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


_CHANGES = TypeAdapter(list[Change])
_FINDINGS = TypeAdapter(list[Finding])


def to_json(plan: Plan) -> str:
    """Write a plan down; the same plan gives the same text."""
    data: Mapping[str, Any] = {
        "version": VERSION,
        "job": plan.job,
        "made_at": to_iso(plan.made_at),
        "now": to_iso(plan.now),
        "read_at": to_iso(plan.read_at),
        "org": plan.org,
        "policy_hash": plan.policy_hash,
        "api_calls": plan.api_calls,
        "judged": plan.judged,
        "notes": list(plan.notes),
        "changes": [
            with_told_sources(each)
            for each in _CHANGES.dump_python(list(plan.changes), mode="json")
        ],
        "findings": _FINDINGS.dump_python(list(plan.findings), mode="json"),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


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
