"""What makes a plan: which changes are in it, how is it written down, and may it be applied here
and now?
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from sfsync.errors import NotFound, PlanRefused
from sfsync.model import (
    MASTER_FIELD,
    RULE_CAUSE,
    TASK_CAUSE,
    Action,
    Change,
    FieldChange,
    Finding,
    Plan,
    Source,
)
from sfsync.policy import Limits, Policy
from sfsync.portions import writing_calls
from sfsync.registry import nearest

VERSION = 1
# Between the clock that a plan judges by and the reading there are moments.
_A_WHILE = timedelta(hours=1)
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


def narrowed(
    plan: Plan, policy: Policy, *, only: Sequence[str] = (), ids: Sequence[str] = ()
) -> Plan:
    """Keep the changes of some causes, and of some records (with their findings); none named: all.

    `only` takes names of rules and keeps, `ids` Ids of 15 or 18 characters. Raises NotFound for a
    name that is none.
    """
    if not only and not ids:
        return plan
    known = {rule.name for machine in policy.machines.values() for rule in machine.rules}
    known |= {keep.name for machine in policy.machines.values() for keep in machine.keep}
    known |= {task.name for machine in policy.machines.values() for task in machine.tasks}
    wanted = {_name(cause) for cause in only}
    for name in sorted(wanted - known):
        raise NotFound(f'no rule is called "{name}"{nearest(name, known)}')
    starts = tuple(ids)

    def is_in(record_id: str) -> bool:
        return not starts or record_id.startswith(starts)

    changes = [
        change
        for change in plan.changes
        if (not wanted or _name(change.cause) in wanted) and is_in(change.about)
    ]
    findings = tuple(finding for finding in plan.findings if not wanted and is_in(finding.id))
    return replace(
        plan,
        changes=tuple(changes),
        findings=findings,
        api_calls=writing_calls(changes),
    )


def _name(cause: str) -> str:
    return cause.removeprefix(RULE_CAUSE).removeprefix(TASK_CAUSE)


def passed_limits(
    plan: Plan,
    limits: Limits,
    state_fields: Mapping[str, str],
    *,
    budget: tuple[int, int] | None,
    allow_large: bool,
) -> list[str]:
    """Say in words which limits a plan passes: records moved or created, and the org's API calls.

    `state_fields` names the field of the state for each object. `budget` is what remains of the
    org's daily calls and their total, None where the org does not tell.
    """
    large = "" if allow_large else moves_too_many(plan, limits, state_fields)
    passed = [large] if large else []
    if budget is not None:
        left, total = budget
        others = int(total * limits.api_reserve)
        calls = writing_calls(plan.changes)
        if calls > left - others:
            passed.append(
                f"applying the plan needs about {calls} API calls; the org has {left} left today,"
                f" of which {others} are kept for others (limits.api_reserve)"
            )
    return passed


def moves_too_many(plan: Plan, limits: Limits, state_fields: Mapping[str, str]) -> str:
    """Say in words that the plan moves, creates or merges more records than the limits allow;
    empty where it does not.

    Whatever changes the field of its object's state (`state_fields`) is moved, be it by a rule or
    by an undo. Where the plan does not know how many accounts there are, no share of them is too
    large. Of other records only the number counts: most of them have reached their last state, so
    that a share of all of them says nothing.
    """
    moved = Counter(
        change.object for change in plan.changes if state_fields.get(change.object) in change.fields
    )
    accounts = moved.pop("Account", 0)
    said = []
    if plan.judged and accounts > max(limits.moved_at_least, limits.moved_share * plan.judged):
        said.append(
            f"{accounts} of {plan.judged} accounts would change their status, more than"
            f" {limits.moved_share:.0%} (limits.moved_share)"
        )
    created = Counter(each.object for each in plan.changes if each.action is Action.CREATE)
    merged = Counter(each.object for each in plan.changes for _ in each.losers)
    said += [
        f"{number} records of {name} would {what}, more than {limits.moved_at_least}"
        " (limits.moved_at_least)"
        for what, many in (
            ("change their state", moved),
            ("be created", created),
            ("be merged into others", merged),
        )
        for name, number in sorted(many.items())
        if number > limits.moved_at_least
    ]
    if not said:
        return ""
    return f"{', and '.join(said)}: look at the plan; if it is right, add --allow-large-change"


def check_fits(
    plan: Plan, *, org: str, policy: Policy, at: datetime, rehearses: bool = True
) -> None:
    """Raise PlanRefused where a plan is another org's or policy's, too old at the machine's time
    `at`, or, unless the org `rehearses`, judges another moment than that at which it was read.
    """
    if plan.org != org:
        raise PlanRefused(f"the plan is for the org {plan.org}, this is {org}: make a new one here")
    if plan.policy_hash != policy.hash:
        raise PlanRefused(
            f"the plan was made under the policy {plan.policy_hash}, config/ is now {policy.hash}:"
            " make a new one"
        )
    if not rehearses and abs(plan.now - plan.read_at) > _A_WHILE:
        raise PlanRefused(
            f"the plan rehearses {plan.now:%Y-%m-%d %H:%M} UTC, and a real org would get that"
            " moment's dates: make one without --now"
        )
    age, most = at - plan.made_at, policy.limits.plan_hours
    if age > timedelta(hours=most):
        raise PlanRefused(
            f"the plan was made at {plan.made_at:%Y-%m-%d %H:%M} UTC,"
            f" {age.total_seconds() / 3600:.0f} hours ago; older than {most:g} hours is not applied"
            " (limits.plan_hours): make a new one"
        )


def not_writable(
    plan: Plan, writable: Callable[[str, Action], Mapping[str, bool] | None]
) -> list[str]:
    """Name, object by object, the fields that a plan writes and the org lacks or protects, and the
    objects whose records it may not create or delete.

    `writable` tells, for an object and what is done to its records, which fields there are and
    whether they may be written so; None where that may not be done at all.
    """
    wanted: dict[tuple[str, Action], set[str]] = {}
    for change in plan.changes:
        named = set() if change.action is Action.DELETE else set(change.fields)
        wanted.setdefault((change.object, change.action), set()).update(named)
    problems = []
    for (object_name, action), fields in wanted.items():
        may = writable(object_name, action)
        if may is None:
            problems.append(
                f"{object_name}: the service's user may not {action} such records: allow it first"
            )
            continue
        absent = ", ".join(sorted(fields - may.keys()))
        if absent:
            lacks = f"{object_name}: the org lacks, or hides, {absent}"
            problems.append(f"{lacks}: create them first, `sfsync setup` does")
        protected = ", ".join(sorted(field for field in fields if may.get(field) is False))
        if protected:
            problems.append(
                f"{object_name}: the service's user may not write {protected}: allow it first"
            )
    return problems


def to_json(plan: Plan) -> str:
    """Write a plan down; the same plan gives the same text."""
    data: Mapping[str, Any] = {
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
