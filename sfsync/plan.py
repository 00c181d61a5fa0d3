"""What makes a plan: which changes are in it, and may it be applied here and now?"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sfsync.errors import NotFound, PlanRefused
from sfsync.model import (
    RULE_CAUSE,
    TASK_CAUSE,
    Action,
    Plan,
)
from sfsync.policy import Limits, Policy
from sfsync.portions import writing_calls
from sfsync.registry import nearest

# Between the clock that a plan judges by and the reading there are moments.
_A_WHILE = timedelta(hours=1)


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
    org's daily calls, and how many of all are kept for others; None where the org does not tell.
    """
    large = "" if allow_large else moves_too_many(plan, limits, state_fields)
    passed = [large] if large else []
    if budget is not None:
        left, others = budget
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
