"""What does the platform do when records are merged?

The survivor gets the values that the request gives it, and all that hung on the losers; these are
deleted, and bear the survivor's Id. The history of a loser goes with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sfsync.fake import activities
from sfsync.fake.derive import Save, follow_up
from sfsync.fake.errors import refuse_record, refuse_request
from sfsync.fake.history import history_object, write_merge_history
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, wire_datetime
from sfsync.fake.write import Writer

MERGEABLE = ("Account", "Contact", "Lead")
_MOST_LOSERS = 2


@dataclass(frozen=True, slots=True)
class Merged:
    """What one merge did: the Ids of the survivor, of the losers, and of what was moved."""

    survivor: str
    losers: tuple[str, ...]
    moved: tuple[str, ...]


def merge(
    writer: Writer,
    owner: ObjectType,
    master: str,
    body: Mapping[str, object],
    others: Sequence[str],
) -> Merged:
    """Merge one or two records into another, which gets the values of a JSON body.

    Raises RecordRefused as the platform does, ApiError for an object that it does not merge.
    """
    if owner.name not in MERGEABLE:
        raise refuse_request(
            500, "INVALID_TYPE_FOR_OPERATION", "entity type does not support merge"
        )
    survivor = str(writer.target(owner, master)["Id"])
    losers = [writer.target(owner, each) for each in others]
    ids = tuple(str(each["Id"]) for each in losers)
    # The platform's words and codes for these two are not known for certain.
    if not 1 <= len(ids) <= _MOST_LOSERS:
        raise refuse_record("INVALID_INPUT", "one or two records can be merged into the master")
    if len({survivor, *ids}) <= len(ids):
        raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    writer.update(owner, survivor, body)
    moved = [each for loser in ids for each in _move_children(writer, owner, loser, survivor)]
    for row in losers:
        writer.delete(owner, str(row["Id"]))
        _mark(writer.state, owner, str(row["Id"]), survivor)
    activities.roll_up(writer.state, {survivor})
    by: Row = {"CreatedDate": wire_datetime(writer.moment), "CreatedById": writer.user_id}
    write_merge_history(writer.state, owner, survivor, losers, by)
    return Merged(survivor, ids, tuple(dict.fromkeys(moved)))


def _mark(state: OrgState, owner: ObjectType, loser: str, survivor: str) -> None:
    if "MasterRecordId" in owner.fields:
        row = state.store.table(owner.name).rows[loser]
        state.store.put(owner.name, {**row, "MasterRecordId": survivor})


def _move_children(writer: Writer, owner: ObjectType, loser: str, survivor: str) -> Iterator[str]:
    state = writer.state
    stamp = wire_datetime(writer.moment)
    for child, field in _references(state, owner):
        table = state.store.table(child.name)
        for child_id in table.ids_with(field.name, loser):
            before = table.rows[child_id]
            if before.get("IsDeleted"):
                continue
            if child_id == survivor:
                raise refuse_record(
                    "CIRCULAR_DEPENDENCY", "the master would be its own parent", field.name
                )
            row = {**before, field.name: survivor}
            save = Save(state, child, before, row, (), stamp)
            if child.name in activities.ACTIVITY_OBJECTS:
                save.set("AccountId", activities.account_of(state, row))
            if state.stamps_followers:
                save.set("SystemModstamp", stamp)
            state.store.put(child.name, row)
            follow_up(save)
            yield child_id


def _references(state: OrgState, owner: ObjectType) -> list[tuple[ObjectType, Field]]:
    history = history_object(owner.name)[0]
    return [
        (child, field)
        for child in state.store.schema.objects.values()
        for field in child.fields.values()
        if owner.name in field.reference_to
        and child.name != history
        and field.name != "MasterRecordId"
        # The account of an activity follows from what it is about.
        and not (child.name in activities.ACTIVITY_OBJECTS and field.name == "AccountId")
    ]
