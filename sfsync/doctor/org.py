"""Which org is it, as whom is the service there, and what may it do?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sfsync.doctor.check import CLOCK, HISTORY, LIMITS, PERMISSIONS, SIGN_IN, Check, Level
from sfsync.model import Value, to_iso
from sfsync.org import OrgReader, Question
from sfsync.org.queues import task_queues
from sfsync.org.rights import hindrance
from sfsync.org.soql import condition
from sfsync.policy import Policy
from sfsync.rules.tasks import TASK, fields_written_by

# The permission sets that `sfsync setup` makes where setup.yaml names no other.
SET_NAME = "Sfsync_Service"
CLEANUP_SET_NAME = "Sfsync_Cleanup"
_SKEW_TOLD, _SKEW_BAD = 30, 150
_FIELD_PERMISSIONS = "FieldPermissions"
_ASSIGNMENT = "PermissionSetAssignment"
_ALL_DATA = "PermissionsViewAllData"
# Of these the doctor asks, whatever the rules need.
ASKED_ABOUT = ("Organization", "User", "PermissionSet", _ASSIGNMENT, _FIELD_PERMISSIONS)
_HOURS = (1, 24, 720)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the doctor is told beside the org: how it signed in, the API's version, the machine's
    clock (None where the org's is its own), the names of the permission sets of every day and of
    cleanups, and whether what it signed in with is good only for minutes by the machine's clock.
    """

    how: str
    version: str
    clock: Callable[[], datetime] | None
    permission_set: str = SET_NAME
    cleanup_set: str = CLEANUP_SET_NAME
    signs_by_clock: bool = False


def check_org(org: OrgReader, policy: Policy, seen: Seen) -> Iterator[Check]:
    """Ask the org about itself, in the groups from sign-in to clock.

    Raises OrgUnavailable or OrgRefused from the door, after what was found so far.
    """
    yield from _sign_in(org, seen)
    yield from _limits(org, policy)
    yield from _history(org, policy)
    yield from _permissions(org, seen)
    yield from _tasks(org, policy)
    yield from _clock(org, seen)


def _sign_in(org: OrgReader, seen: Seen) -> Iterator[Check]:
    row = _row(org, "Organization", org.id, ("IsSandbox", "OrganizationType"))
    told = row.get("IsSandbox")
    kind = "sandbox" if told else "production"
    kind = "which does not tell whether it is a sandbox" if told is None else kind
    edition = row.get("OrganizationType")
    text = f"{org.name or 'an org without name'} ({org.id}), {kind}"
    text += f", {edition}" if edition else ""
    yield Check(SIGN_IN, Level.GOOD, f"{text}, at {org.url}")
    user = _row(org, "User", org.user_id, ("Name", "Username")) if org.user_id else {}
    name = str(user.get("Name") or "")
    name += f" ({user['Username']})" if user.get("Username") else ""
    way = f"{seen.how}, API {seen.version}"
    if name:
        yield Check(SIGN_IN, Level.GOOD, f"signed in as {name}: {way}")
    else:
        yield Check(
            SIGN_IN,
            Level.NOTE,
            f"signed in: {way}; the org does not tell as whom",
            "give the app the scope openid or id, so that the service knows its own changes",
        )


def _row(org: OrgReader, object: str, id: str, fields: Sequence[str]) -> Mapping[str, Value]:
    known = org.fields(object) or {}
    there = [name for name in fields if name in known]
    return org.records(object, [id], there).get(id, {}) if there else {}


def _limits(org: OrgReader, policy: Policy) -> Iterator[Check]:
    budget = org.budget()
    reserve = policy.limits.api_reserve
    if budget is None:
        yield Check(
            LIMITS,
            Level.NOTE,
            "the org does not tell how many API calls are left",
            "give the user View Setup and Configuration, if the service shall spare them",
        )
        return
    kept = budget.kept(reserve)
    text = f"{budget.left} of {budget.total} API calls are left today; {kept} are kept for others"
    if budget.left > kept:
        yield Check(LIMITS, Level.GOOD, text)
    else:
        remedy = "wait, since they come back over 24 hours, or see who uses them: Setup, Company"
        remedy += " Information, API Requests"
        yield Check(LIMITS, Level.NOTE, f"{text}, so that runs stop before they write", remedy)


def _history(org: OrgReader, policy: Policy) -> Iterator[Check]:
    for name, machine in policy.machines.items():
        history = f"{name}History"
        # The history of stages is kept by itself; one of fields knows which field it was.
        if "field" not in policy.objects.get(history, ()) or not machine.rules:
            continue
        field = policy.field(name, machine.state)
        where = f"Setup, Object Manager, {name}, Fields & Relationships, Set History Tracking"
        if org.fields(history) is None:
            text = f"the org shows no {history}: moves by hand are dated by the next pass only"
            yield Check(HISTORY, Level.NOTE, text, f"tick {field} at {where}")
        elif f"{name}.{field}" in tracked_fields(org, policy):
            yield Check(HISTORY, Level.GOOD, f"{history} has changes of {field}: it is tracked")
        else:
            text = f"{history} has no change of {field}: none was made yet, or it is not tracked"
            yield Check(HISTORY, Level.NOTE, text, f"see that {field} is ticked at {where}")


def tracked_fields(org: OrgReader, policy: Policy) -> frozenset[str]:
    """Name the fields of states (`Account.Status__c`) of which the field history has a change."""
    found = set()
    for name, field in policy.state_fields().items():
        history = f"{name}History"
        known = org.fields(history) or {}
        if "Field" not in known:
            continue
        if any(_has_rows(org, history, where) for where in _ever_wider(org.told_at, field)):
            found.add(f"{name}.{field}")
    return frozenset(found)


def _ever_wider(now: datetime | None, field: str) -> Iterator[str]:
    """Give conditions for the changes of a field: of the last hour, day, month, and all.

    A history may have millions of rows, and one is enough.
    """
    of_field = condition("Field = {}", field)
    if now is not None:
        for hours in _HOURS:
            since = to_iso(now - timedelta(hours=hours))
            yield f"{of_field} AND {condition('CreatedDate >= {:literal}', since)}"
    yield of_field


def _has_rows(org: OrgReader, object: str, where: str) -> bool:
    return any(
        piece.num_rows for piece in org.tables(object, ["Field"], where=where, archived=True)
    )


def hidden_fields(org: OrgReader, absent: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Tell which of these fields, by object, exist and are hidden from the service's user.

    A field exists where some permission set or profile lets somebody see it. Empty where the org
    does not show that.
    """
    if not absent or not {"SobjectType", "Field"} <= set(org.fields(_FIELD_PERMISSIONS) or ()):
        return frozenset()
    names = [f"{name}.{field}" for name, fields in absent.items() for field in fields]
    where = condition("Field IN {}", names)
    (rows,) = org.ask([Question(_FIELD_PERMISSIONS, ("Field",), where=where)])
    return frozenset(str(row["Field"]) for row in rows)


def _permissions(org: OrgReader, seen: Seen) -> Iterator[Check]:
    if "PermissionSetId" not in (org.fields(_ASSIGNMENT) or {}) or not org.user_id:
        yield Check(
            PERMISSIONS,
            Level.NOTE,
            "the org does not tell which permission sets the service's user has",
            "give the user View Setup and Configuration to have them checked",
        )
        return
    where = condition("AssigneeId = {}", org.user_id)
    (given,) = org.ask([Question(_ASSIGNMENT, ("PermissionSetId",), where=where)])
    known = org.fields("PermissionSet") or {}
    wanted = [name for name in ("Name", _ALL_DATA) if name in known]
    ids = [str(row["PermissionSetId"]) for row in given]
    sets = org.records("PermissionSet", ids, wanted) if ids and "Name" in known else {}
    if any(row["Name"] == seen.permission_set for row in sets.values()):
        text = f"the service's user has the permission set {seen.permission_set}"
        yield Check(PERMISSIONS, Level.GOOD, text)
    else:
        text = f"the service's user has no permission set {seen.permission_set}"
        remedy = "see that another one gives it what it needs, or use that of `sfsync setup`"
        yield Check(PERMISSIONS, Level.NOTE, text, remedy)
    if any(row["Name"] == seen.cleanup_set for row in sets.values()):
        text = f"the service's user has the permission set {seen.cleanup_set}, which is for"
        text += " cleanups alone"
        yield Check(PERMISSIONS, Level.NOTE, text, "take it away once the cleanup is done")
    yield from _all_data(sets)


def _all_data(sets: Mapping[str, Mapping[str, Value]]) -> Iterator[Check]:
    told = [row[_ALL_DATA] for row in sets.values() if _ALL_DATA in row]
    if any(told):
        yield Check(PERMISSIONS, Level.GOOD, "it sees all records (View All Data)")
    elif told:
        yield Check(
            PERMISSIONS,
            Level.NOTE,
            "it sees only the records that sharing shows it; others, activities among them, count"
            " as not being there",
            "give it View All Data, or be sure that sharing shows it everything",
        )


def _tasks(org: OrgReader, policy: Policy) -> Iterator[Check]:
    """Tell whether the tasks that rules declare can be created, and given to their queues."""
    tasks = [task for machine in policy.machines.values() for task in machine.tasks]
    if not tasks:
        return
    hindered = [(hindrance(org, TASK, fields_written_by(task)), task.name) for task in tasks]
    for why in sorted({why for why, _ in hindered if why}):
        names = [name for each, name in hindered if each == why]
        text, _, remedy = why.partition(": ")
        text += f": {', '.join(names)} waits, while all else of a pass goes on"
        yield Check(PERMISSIONS, Level.NOTE, text, remedy)
    queues = task_queues(org) if any(task.queue for task in tasks) else {}
    for name in sorted({task.queue for task in tasks if task.queue}):
        waiting = ", ".join(task.name for task in tasks if task.queue == name)
        if name in queues:
            yield Check(PERMISSIONS, Level.GOOD, f'the queue "{name}" takes the tasks {waiting}')
        else:
            text = f'there is no queue "{name}" that takes tasks: {waiting} waits for it'
            remedy = "make it in Setup, Queues, with Task among its objects, or name another in"
            remedy += " rules/"
            yield Check(PERMISSIONS, Level.NOTE, text, remedy)


def _clock(org: OrgReader, seen: Seen) -> Iterator[Check]:
    user = _row(org, "User", org.user_id, ("TimeZoneSidKey",)) if org.user_id else {}
    zone = user.get("TimeZoneSidKey")
    own = f"; the service's user has {zone}, which changes nothing" if zone else ""
    yield Check(CLOCK, Level.GOOD, f"days begin and end in {org.zone}, the org's time zone{own}")
    if seen.clock is None:
        yield Check(CLOCK, Level.GOOD, "a recorded org has a clock of its own")
        return
    if org.told_at is None:
        yield Check(CLOCK, Level.NOTE, "the org does not tell its time", "look for a proxy")
        return
    skew = (seen.clock() - org.told_at).total_seconds()
    if abs(skew) <= _SKEW_TOLD:
        yield Check(
            CLOCK, Level.GOOD, f"this machine's clock agrees with the org's ({skew:+.0f} s)"
        )
        return
    side = "ahead of" if skew > 0 else "behind"
    text = f"this machine's clock is {_span(abs(skew))} {side} the org's, by which rules judge"
    users = "the journal says by it when a run began and ended"
    if seen.signs_by_clock:
        users = "signing in with a key goes by it, and so do the times in the journal"
    is_bad = seen.signs_by_clock and abs(skew) > _SKEW_BAD
    level = Level.PROBLEM if is_bad else Level.NOTE
    yield Check(CLOCK, level, text, f"set it by the network's time (NTP): {users}")


def _span(seconds: float) -> str:
    """Say a span of time in its largest unit of which there are two or more."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"
