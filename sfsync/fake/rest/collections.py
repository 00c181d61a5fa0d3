"""How are up to 200 records written, or 2,000 read, in one call?"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sfsync.fake.errors import ApiError, Problem, RecordRefused, refuse_record, refuse_request
from sfsync.fake.external import external_field
from sfsync.fake.ids import normalise
from sfsync.fake.rest.route import Route
from sfsync.fake.rest.rows import named_fields
from sfsync.fake.schema import ObjectType
from sfsync.fake.soql.render import record_json
from sfsync.fake.state import OrgState
from sfsync.fake.upsert import upsert
from sfsync.fake.wire import Reply, Request, json_reply
from sfsync.fake.write import Writer

_MAX_WRITTEN = 200
_MAX_READ = 2_000
_MAX_CHUNKS = 10
_SETUP_OBJECTS = ("User", "Organization", "RecordType")
_ROLLED_BACK = Problem(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone "
    "header",
    (),
)

Body = dict[str, object]


@dataclass(slots=True)
class Result:
    """What became of one record."""

    record_id: str | None = None
    problems: tuple[Problem, ...] = ()
    extra: dict[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the entry of the reply's array."""
        entry: dict[str, object] = {"id": self.record_id} if self.record_id else {}
        errors = [each.as_status() for each in self.problems]
        return entry | {"success": not errors, "errors": errors} | ({} if errors else self.extra)


def create(state: OrgState, request: Request) -> Reply:
    """Answer POST composite/sobjects."""

    def write(writer: Writer, body: Body) -> Result:
        owner = _object_of(state, body)
        return Result(writer.create(owner, _fields(body)))

    return _write_records(state, request, write)


def update(state: OrgState, request: Request) -> Reply:
    """Answer PATCH composite/sobjects; the same Id twice is refused the second time."""
    seen: set[str] = set()

    def write(writer: Writer, body: Body) -> Result:
        owner = _object_of(state, body)
        text = str(next((body[key] for key in body if key.lower() == "id"), ""))
        if not text:
            raise refuse_record("MISSING_ARGUMENT", "Id not specified in an update call", "Id")
        record_id = str(_target_id(writer, owner, text))
        if record_id in seen:
            raise refuse_record("DUPLICATE_VALUE", f"duplicate id specified: {record_id}", "Id")
        seen.add(record_id)
        writer.update(
            owner, record_id, {k: v for k, v in _fields(body).items() if k.lower() != "id"}
        )
        return Result(record_id)

    return _write_records(state, request, write)


def upsert_records(state: OrgState, request: Request, name: str, field_name: str) -> Reply:
    """Answer PATCH composite/sobjects/X/Field; each result says whether it was created."""
    owner = state.store.existing(name)
    key = external_field(owner, field_name)

    def write(writer: Writer, body: Body) -> Result:
        record_id, is_new = upsert(writer, owner, key, _fields(body))
        return Result(record_id, extra={"created": is_new})

    return _write_records(state, request, write)


def delete(state: OrgState, request: Request) -> Reply:
    """Answer DELETE composite/sobjects?ids=a,b&allOrNone=false."""
    texts = [each for each in request.parameters.get("ids", "").split(",") if each]
    _check_count(len(texts), _MAX_WRITTEN)
    all_or_none = request.parameters.get("allOrNone", "false").lower() == "true"

    def write(writer: Writer, body: Body) -> Result:
        text = str(body["id"])
        owner = state.store.schema.of_id(normalise(text) or "---")
        if owner is None:
            raise refuse_record("MALFORMED_ID", f"bad id {text}")
        record_id = str(_target_id(writer, owner, text))
        writer.delete(owner, record_id)
        return Result(record_id)

    bodies: list[Body] = [{"id": text} for text in texts]
    return _write_all(state, request, bodies, write, all_or_none=all_or_none)


def retrieve_posted(state: OrgState, request: Request, name: str) -> Reply:
    """Answer POST composite/sobjects/X: records in the order of the Ids, null where missing."""
    body = request.json_object()
    return _retrieve(state, request, name, _texts(body, "ids"), _texts(body, "fields"))


def retrieve(state: OrgState, request: Request, name: str) -> Reply:
    """Answer GET composite/sobjects/X?ids=&fields=."""
    parameters = request.parameters
    ids, fields = (
        [each for each in parameters.get(key, "").split(",") if each] for key in ("ids", "fields")
    )
    return _retrieve(state, request, name, ids, fields)


def _retrieve(
    state: OrgState, request: Request, name: str, ids: list[str], names: list[str]
) -> Reply:
    owner = state.store.existing(name)
    _check_count(len(ids), _MAX_READ)
    if not names:
        raise refuse_request(400, "MISSING_ARGUMENT", "The fields parameter is required")
    fields = named_fields(owner, names)
    rows = state.store.table(owner.name).rows
    found = [rows.get(normalise(each) or "") for each in ids]
    return json_reply(
        [
            record_json(state.store, owner, row, fields, request.base)
            if row is not None and not row.get("IsDeleted")
            else None
            for row in found
        ]
    )


def _texts(body: Body, key: str) -> list[str]:
    found = body.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise refuse_request(400, "JSON_PARSER_ERROR", f"{key} must be an array of strings")
    return found


def _write_records(
    state: OrgState, request: Request, write: Callable[[Writer, Body], Result]
) -> Reply:
    body = request.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise refuse_request(400, "JSON_PARSER_ERROR", "records must be an array of objects")
    all_or_none = body.get("allOrNone", False)
    if not isinstance(all_or_none, bool):
        raise refuse_request(400, "JSON_PARSER_ERROR", "allOrNone must be true or false")
    _check_count(len(records), _MAX_WRITTEN)
    _check_chunks(records)
    return _write_all(state, request, records, write, all_or_none=all_or_none)


def _write_all(
    state: OrgState,
    request: Request,
    bodies: list[Body],
    write: Callable[[Writer, Body], Result],
    *,
    all_or_none: bool,
) -> Reply:
    with state.transaction() as moment:
        writer = Writer(state, request.user_id, moment)
        start = state.store.mark()
        results = [_one(state, writer, body, write) for body in bodies]
        if all_or_none and any(each.problems for each in results):
            state.store.roll_back(start)
            for each in results:
                each.problems = each.problems or (_ROLLED_BACK,)
                each.record_id = None
    return json_reply([each.as_json() for each in results])


def _one(
    state: OrgState, writer: Writer, body: Body, write: Callable[[Writer, Body], Result]
) -> Result:
    mark = state.store.mark()
    try:
        return write(writer, body)
    except RecordRefused as refusal:
        state.store.roll_back(mark)
        given = next((body[key] for key in body if key.lower() == "id"), None)
        return Result(normalise(given), refusal.problems)


def _object_of(state: OrgState, body: Body) -> ObjectType:
    name = _type_name(body)
    owner = state.store.schema.find(name)
    if owner is None:
        raise refuse_record("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return owner


def _type_name(body: Body) -> str:
    attributes = body.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise refuse_request(
            400, "INVALID_INPUT", "A record has no attributes with the type of its object"
        )
    return name


def _fields(body: Body) -> Body:
    return {key: value for key, value in body.items() if key != "attributes"}


def _target_id(writer: Writer, owner: ObjectType, text: str) -> object:
    return writer.target(owner, text)["Id"]


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise _over(most)


def _over(most: int) -> ApiError:
    return refuse_request(
        400,
        "EXCEEDED_ID_LIMIT",
        f"record limit reached. cannot submit more than {most} records in this operation",
    )


def _check_chunks(records: list[Body]) -> None:
    names = [_type_name(each).lower() for each in records if "attributes" in each]
    chunks = sum(1 for at, name in enumerate(names) if at == 0 or names[at - 1] != name)
    if chunks > _MAX_CHUNKS:
        raise refuse_request(
            400,
            "INVALID_INPUT",
            "Cannot have more than 10 chunks in a single operation. Please rearrange the data to "
            "reduce chunking.",
        )
    setup = {name for name in names if name in {each.lower() for each in _SETUP_OBJECTS}}
    if setup and len(set(names)) > len(setup):
        raise refuse_request(
            400,
            "MIXED_DML_OPERATION",
            "DML operation on setup object is not permitted after you have updated a non-setup "
            "object (or vice versa)",
        )


ROUTES = (
    Route(("POST",), "composite/sobjects", create),
    Route(("PATCH",), "composite/sobjects", update),
    Route(("DELETE",), "composite/sobjects", delete),
    Route(("GET",), "composite/sobjects/{object}", retrieve),
    Route(("POST",), "composite/sobjects/{object}", retrieve_posted),
    Route(("PATCH",), "composite/sobjects/{object}/{field}", upsert_records),
)
