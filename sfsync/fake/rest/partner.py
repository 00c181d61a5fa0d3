"""How does the SOAP API for partners merge records?

Of all its calls the fake offers `merge` alone.
"""

from xml.etree.ElementTree import Element

from sfsync.fake.errors import RecordRefused, refuse_record, refuse_request
from sfsync.fake.merging import merge
from sfsync.fake.metadata.access import seen_by
from sfsync.fake.rest.envelope import Api, child, text
from sfsync.fake.rest.route import Route
from sfsync.fake.schema import ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.values import from_cell
from sfsync.fake.wire import Reply, Request
from sfsync.fake.write import Writer

_MOST_MERGES = 200
_NO_FIELDS = frozenset({"type", "id", "fieldstonull"})


def answer(state: OrgState, request: Request, version: str, *_behind: str) -> Reply:
    """Answer POST /services/Soap/u/version, whatever clients put behind it."""
    return _PARTNER.answer(state, request, version)


def _merge(state: OrgState, user_id: str, operation: Element) -> list[object]:
    if len(operation) > _MOST_MERGES:
        raise refuse_request(
            500,
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {_MOST_MERGES} records into this call",
        )
    with seen_by(state, user_id), state.transaction() as moment:
        writer = Writer(state, user_id, moment)
        return [_one(writer, each) for each in operation]


def _one(writer: Writer, request: Element) -> dict[str, object]:
    """Carry out one request, by itself: what is refused changes nothing."""
    mark = writer.state.store.mark()
    try:
        master = child(request, "masterrecord")
        if master is None:
            raise refuse_record("REQUIRED_FIELD_MISSING", "masterRecord is missing")
        owner = writer.state.store.schema.find(text(master, "type"))
        if owner is None:
            named = text(master, "type")
            raise refuse_request(500, "INVALID_TYPE", f"sObject type '{named}' is not supported.")
        losers = [
            (each.text or "").strip() for each in request if each.tag.lower() == "recordtomergeids"
        ]
        done = merge(writer, owner, text(master, "id"), _values(owner, master), losers)
    except RecordRefused as refusal:
        writer.state.store.roll_back(mark)
        errors = [each.as_status() for each in refusal.problems]
        return {"errors": errors, "success": False}
    return {
        "id": done.survivor,
        "mergedRecordIds": list(done.losers),
        "success": True,
        "updatedRelatedIds": list(done.moved),
    }


def _values(owner: ObjectType, master: Element) -> dict[str, object]:
    """Return the values of a record in the request as a JSON body would hold them."""
    values: dict[str, object] = {}
    for each in master:
        if each.tag.lower() == "fieldstonull":
            values[(each.text or "").strip()] = None
        if each.tag.lower() in _NO_FIELDS:
            continue
        field, written = owner.find(each.tag), each.text or ""
        value = written if field is None or not written else from_cell(field, written)
        if value is None:
            raise refuse_record(
                "INVALID_TYPE_ON_FIELD_IN_RECORD",
                f"{each.tag}: value not of required type: {written}",
                each.tag,
            )
        values[each.tag] = value
    return values


_PARTNER = Api(
    "urn:partner.soap.sforce.com",
    "urn:fault.partner.soap.sforce.com",
    "UnexpectedErrorFault",
    {"merge": _merge},
)
ROUTES = tuple(
    Route(("POST",), f"/services/Soap/u/{{version}}{rest}", answer, open_to_all=True)
    for rest in ("", "/{org_or_word}")
)
