"""How is one record read, created, updated, deleted?"""

from sfsync.fake.errors import refuse_record, refuse_request
from sfsync.fake.external import external_field, matches
from sfsync.fake.ids import normalise
from sfsync.fake.rest import conditional
from sfsync.fake.rest.route import Route
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.soql.render import record_json
from sfsync.fake.state import OrgState
from sfsync.fake.upsert import upsert
from sfsync.fake.values import Row
from sfsync.fake.wire import Reply, Request, json_reply
from sfsync.fake.write import Writer

_ANSWERS_UPDATE_SINCE = 46


def create(state: OrgState, request: Request, name: str) -> Reply:
    """Answer POST sobjects/X: 201 with the new Id."""
    owner = state.store.existing(name)
    body = _without_attributes(request.json_object())
    with state.transaction() as moment:
        record_id = Writer(state, request.user_id, moment).create(owner, body)
    return created(owner, record_id, request)


def created(owner: ObjectType, record_id: str, request: Request) -> Reply:
    """Return the reply to a creation."""
    location = f"{request.base}/sobjects/{owner.name}/{record_id}"
    return json_reply({"id": record_id, "success": True, "errors": []}, 201, {"Location": location})


def read(state: OrgState, request: Request, name: str, text: str) -> Reply:
    """Answer GET sobjects/X/Id; `?fields=A,B` restricts. A deleted record is not found."""
    owner = state.store.existing(name)
    row = _live_row(state, owner, text)
    return show(state, request, owner, row)


def show(state: OrgState, request: Request, owner: ObjectType, row: Row) -> Reply:
    """Return a record as the reply to a GET, or 304 where the request's condition says so."""
    conditional.check_precondition(request, owner, row)
    tag, modified = conditional.etag(owner, row), conditional.last_modified(row)
    unchanged = conditional.not_modified(request, modified, tag)
    if unchanged is not None:
        return unchanged
    headers = {"ETag": tag} if tag is not None else {}
    if modified is not None:
        headers["Last-Modified"] = conditional.http_date(modified)
    data = record_json(state.store, owner, row, wanted_fields(owner, request), request.base)
    return json_reply(data, headers=headers)


def wanted_fields(owner: ObjectType, request: Request) -> list[Field]:
    """Return the fields a request's `fields` parameter names; all if there is none."""
    asked = request.parameters.get("fields")
    return named_fields(owner, asked.split(",")) if asked else owner.visible()


def named_fields(owner: ObjectType, names: list[str]) -> list[Field]:
    """Return fields by name in any case; raises ApiError INVALID_FIELD on an unknown one."""
    found = []
    for name in names:
        field = owner.find(name.strip())
        if field is None:
            raise refuse_request(
                400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {owner.name}"
            )
        found.append(field)
    return found


def update(state: OrgState, request: Request, name: str, text: str) -> Reply:
    """Answer PATCH sobjects/X/Id: 204; 412 where If-Unmodified-Since or If-Match does not hold."""
    owner = state.store.existing(name)
    body = _without_attributes(request.json_object())
    if any(key.lower() == "id" for key in body):
        raise refuse_request(
            400, "INVALID_FIELD", "The Id field should not be specified in the sobject data."
        )
    with state.transaction() as moment:
        writer = Writer(state, request.user_id, moment)
        row = writer.target(owner, text)
        conditional.check_precondition(request, owner, row)
        writer.update(owner, str(row["Id"]), body)
    return Reply(204)


def delete(state: OrgState, request: Request, name: str, text: str) -> Reply:
    """Answer DELETE sobjects/X/Id: 204. It takes no condition, as on the platform."""
    owner = state.store.existing(name)
    with state.transaction() as moment:
        writer = Writer(state, request.user_id, moment)
        writer.delete(owner, str(writer.target(owner, text)["Id"]))
    return Reply(204)


def read_by_external_id(
    state: OrgState, request: Request, name: str, field_name: str, value: str
) -> Reply:
    """Answer GET sobjects/X/Field/value: the record, 300 with paths for several, 404 for none."""
    owner = state.store.existing(name)
    found = matches(state, owner, external_field(owner, field_name), value)
    if len(found) > 1:
        return _several(owner, found, request)
    if not found:
        raise _not_found()
    return show(state, request, owner, found[0])


def write_by_external_id(
    state: OrgState, request: Request, name: str, field_name: str, value: str
) -> Reply:
    """Answer PATCH sobjects/X/Field/value: 201 created, 200 updated (204 before v46), or 300."""
    owner = state.store.existing(name)
    field = external_field(owner, field_name)
    body = _without_attributes(request.json_object())
    found = matches(state, owner, field, value)
    if len(found) > 1:
        return _several(owner, found, request)
    only_update = request.parameters.get("updateOnly", "false").lower() == "true"
    if not found and (only_update or field.name == "Id"):
        raise _not_found()
    if any(key.lower() == field.name.lower() for key in body):
        raise refuse_request(
            400,
            "INVALID_FIELD",
            f"The {field.name} field should not be specified in the sobject data.",
        )
    with state.transaction() as moment:
        writer = Writer(state, request.user_id, moment)
        record_id, is_new = upsert(writer, owner, field, {**body, field.name: value})
    reply = {"id": record_id, "success": True, "errors": [], "created": is_new}
    if is_new:
        return json_reply(reply, 201)
    older = float(request.version) < _ANSWERS_UPDATE_SINCE
    return Reply(204) if older else json_reply(reply)


def create_by_id(state: OrgState, request: Request, name: str) -> Reply:
    """Answer POST sobjects/X/Id, an insert by the name of an upsert."""
    return create(state, request, name)


def _several(owner: ObjectType, found: list[Row], request: Request) -> Reply:
    return json_reply([f"{request.base}/sobjects/{owner.name}/{row['Id']}" for row in found], 300)


def _live_row(state: OrgState, owner: ObjectType, text: str) -> Row:
    record_id = normalise(text)
    if record_id is None:
        raise refuse_record(
            "NOT_FOUND",
            f"Provided external ID field does not exist or is not accessible: {text}",
            status=404,
        )
    row = state.store.table(owner.name).rows.get(record_id)
    if row is None or row.get("IsDeleted"):
        raise _not_found()
    return row


def _not_found() -> Exception:
    return refuse_request(404, "NOT_FOUND", "The requested resource does not exist")


def _without_attributes(body: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in body.items() if key != "attributes"}


ROUTES = (
    Route(("POST",), "sobjects/{object}", create),
    Route(("POST",), "sobjects/{object}/Id", create_by_id),
    Route(("GET",), "sobjects/{object}/{id}", read),
    Route(("PATCH",), "sobjects/{object}/{id}", update),
    Route(("DELETE",), "sobjects/{object}/{id}", delete),
    Route(("GET",), "sobjects/{object}/{field}/{value}", read_by_external_id),
    Route(("PATCH",), "sobjects/{object}/{field}/{value}", write_by_external_id),
)
