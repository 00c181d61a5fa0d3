"""Does a request's condition (If-Modified-Since and so on) hold?"""

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from sfsync.fake.errors import refuse_request
from sfsync.fake.schema import ObjectType
from sfsync.fake.values import Row, moment_of
from sfsync.fake.wire import Reply, Request


def http_date(moment: datetime) -> str:
    """Return an aware moment as an HTTP date."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def etag(owner: ObjectType, row: Row) -> str | None:
    """Return the entity tag of a record; only accounts have one."""
    if owner.name != "Account":
        return None
    seen = repr(sorted((key, repr(value)) for key, value in row.items()))
    return f'"{hashlib.sha256(seen.encode()).hexdigest()[:20]}"'


def last_modified(row: Row) -> datetime | None:
    """Return when a user last changed the record; None where the org does not keep it."""
    text = row.get("LastModifiedDate") or row.get("SystemModstamp")
    return moment_of(str(text)) if text is not None else None


def not_modified(request: Request, moment: datetime | None, tag: str | None = None) -> Reply | None:
    """Return 304 where a GET asks for something newer than it is, else None."""
    if tag is not None and tag in _tags(request, "if-none-match"):
        return Reply(304, headers={"ETag": tag})
    since = _moment(request, "if-modified-since")
    if since is not None and moment is not None and moment <= since:
        return Reply(304)
    return None


def check_precondition(request: Request, owner: ObjectType, row: Row) -> None:
    """Raise ApiError 412 where the record changed since the moment or tag the request names.

    An unreadable date is refused with 400. Entity tags count for accounts alone.
    """
    since, changed = _moment(request, "if-unmodified-since"), last_modified(row)
    if since is not None and changed is not None and changed > since:
        raise refuse_request(412, "PRECONDITION_FAILED", "The record was modified since that time")
    tag = etag(owner, row)
    if tag is None:
        return
    wanted = _tags(request, "if-match")
    if (wanted and tag not in wanted and "*" not in wanted) or (
        request.method == "PATCH" and tag in _tags(request, "if-none-match")
    ):
        raise refuse_request(412, "PRECONDITION_FAILED", "The entity tag does not match")


def _tags(request: Request, header: str) -> list[str]:
    text = request.headers.get(header, "")
    return [each.strip() for each in text.split(",") if each.strip()]


def _moment(request: Request, header: str) -> datetime | None:
    text = request.headers.get(header)
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError as error:
        raise refuse_request(400, "INVALID_HEADER", f"{header} is no HTTP date: {text}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
