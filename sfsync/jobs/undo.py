"""What would take a run back, record by record, as the org stands now?"""

from collections.abc import Sequence
from dataclasses import dataclass

from sfsync.errors import NotFound, PlanRefused
from sfsync.jobs.job import Planned, Services, as_plan
from sfsync.model import (
    RULE_CAUSE,
    STAMP_FIELD,
    TASK_CAUSE,
    Action,
    JournalledChange,
    Value,
)
from sfsync.org import OrgReader
from sfsync.registry import nearest
from sfsync.undo import CLOSED_FIELD, PERHAPS_WRITTEN, LeftField, id_of, reverse

NAME = "undo"


@dataclass(frozen=True, slots=True)
class PlannedUndo:
    """The plan that takes a run back, and the fields that it leaves: changed by somebody since, or
    nobody knows whether the run wrote them. `is_of_rules`: rules did some of what is taken back.
    """

    planned: Planned
    left: tuple[LeftField, ...]
    is_of_rules: bool


def undo(
    services: Services, run_id: str, *, only: Sequence[str] = (), ids: Sequence[str] = ()
) -> PlannedUndo:
    """Plan the undo of a run of this org, or of what some rules did in it, or of some records.

    Raises NotFound where the journal has no such run, or the run no such rule or record;
    PlanRefused where it is the run of another org, or pruned.
    """
    run = services.journal.run(run_id)
    if run.org != services.books:
        raise PlanRefused(
            f"{run.id} is a run on {run.org}, this is {services.books}: name its org with --org; of"
            " a copy that was reset since, it cannot be taken back"
        )
    if run.pruned_at is not None:
        raise PlanRefused(
            f"{run.id} cannot be taken back: most of what it changed was pruned from the journal on"
            f" {run.pruned_at:%Y-%m-%d} (`retention` in sfsync.yaml)"
        )
    changes = _chosen(services.journal.changes(run.id), only, ids)
    read_at = services.clock()
    made = services.journal.created_keys(services.books)
    reversal = reverse(changes, _present(services.org, changes), made)
    plan = as_plan(
        NAME,
        services,
        reversal.changes,
        read_at=read_at,
        notes=[_sentence(left) for left in reversal.left],
        judged=_accounts(services),
    )
    is_of_rules = any(each.change.cause.startswith(RULE_CAUSE) for each in changes)
    return PlannedUndo(Planned(plan, undoes=run.id), reversal.left, is_of_rules)


def _accounts(services: Services) -> int:
    """Count the accounts that the last pass knew: of so many the limits allow to move a share."""
    previous = services.journal.previous_pass(services.books)
    return len(previous.states.get("Account", ())) if previous else 0


def _chosen(
    changes: Sequence[JournalledChange], only: Sequence[str], ids: Sequence[str]
) -> list[JournalledChange]:
    wanted = {_name(cause) for cause in only}
    causes = {_name(each.change.cause) for each in changes}
    for name in sorted(wanted - causes):
        raise NotFound(f'the run did nothing by a rule "{name}"{nearest(name, causes)}')
    for record_id in sorted(set(ids)):
        if not any(_is_of(each, (record_id,)) for each in changes):
            raise NotFound(
                f"the run has no change of a record {record_id}: check the Id; `sfsync show RUN`"
                " lists its records"
            )
    return [
        each
        for each in changes
        if each.outcome.state in PERHAPS_WRITTEN
        and (not wanted or _name(each.change.cause) in wanted)
        and (not ids or _is_of(each, tuple(ids)))
    ]


def _name(cause: str) -> str:
    return cause.removeprefix(RULE_CAUSE).removeprefix(TASK_CAUSE)


def _is_of(each: JournalledChange, ids: tuple[str, ...]) -> bool:
    """Tell whether a change is of one of these records, created one or one about them, or merged
    one away.
    """
    losers = (loser.id for loser in each.change.losers)
    return any(id.startswith(ids) for id in (id_of(each), each.change.about, *losers))


def _present(
    org: OrgReader, changes: Sequence[JournalledChange]
) -> dict[tuple[str, str], dict[str, Value]]:
    """Read what now stands in the fields that are to be taken back."""
    present: dict[tuple[str, str], dict[str, Value]] = {}
    for object_name in sorted({each.change.object for each in changes}):
        mine = [each for each in changes if each.change.object == object_name]
        fields = {field for each in mine for field in each.change.fields} | {STAMP_FIELD}
        if any(each.outcome.created for each in mine):
            fields.add(CLOSED_FIELD)
        there = fields & set(org.fields(object_name) or ())
        rows = org.records(object_name, _ids(mine), sorted(there))
        present.update({(object_name, record_id): row for record_id, row in rows.items()})
    return present


def _ids(changes: Sequence[JournalledChange]) -> list[str]:
    """Return the Ids of the records that were changed; what was perhaps created has none."""
    is_new = Action.CREATE
    return [id_of(each) for each in changes if each.outcome.created or each.change.action != is_new]


def _sentence(left: LeftField) -> str:
    if left.expected is None and left.found is None:
        return f"left: {left.object} {left.id} ({left.name}): {left.why}"
    return (
        f"left: {left.object} {left.id} ({left.name}) {left.field} is {left.found}, the run sent"
        f" {left.expected}: {left.why}"
    )
