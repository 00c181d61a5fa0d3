"""What do the org's records say?"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.model import Value
from sfsync.org import Budget, FieldInfo
from sfsync.org.describe import check_readable
from sfsync.org.soql import chunks, condition, select
from sfsync.org.trouble import Trouble
from sfsync.org.wire import Row, Wire

logger = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which org it is, and as whom the service is known there."""

    id: str
    name: str
    zone: str
    user_id: str


class SalesforceReader:
    """A Salesforce org that can be read: see OrgReader for what each method promises."""

    def __init__(self, wire: Wire, identity: Identity) -> None:
        self.id = identity.id
        self.name = identity.name
        self.zone = identity.zone
        self.user_id = identity.user_id
        self.url = f"https://{wire.host}"
        self._wire = wire

    @property
    def calls(self) -> int:
        """Requests made so far, repeated ones included."""
        return self._wire.line.calls

    def fields(self, object: str) -> Mapping[str, FieldInfo] | None:
        """Describe an object's fields by API name; None where the org has none such or hides it."""
        return self._wire.fields(object)

    def pages(
        self, object: str, fields: Sequence[str], *, archived: bool = False, where: str = ""
    ) -> Iterator[list[dict[str, Value]]]:
        """Read all records page by page; raises OrgRefused for names that the org does not know."""
        known = check_readable(object, self.fields(object), fields)
        conditions = _not_deleted(known) if archived else []
        conditions += [where] if where else []
        # A cursor can only be lost after its first page was handed on: then it is for the caller to
        # read again.
        soql = select(object, _columns(fields), conditions)
        return self._flat_pages(object, soql, fields, archived)

    def _flat_pages(
        self, object: str, soql: str, fields: Sequence[str], archived: bool
    ) -> Iterator[list[dict[str, Value]]]:
        before, count = self.calls, 0
        for page in self._wire.select(soql, f"reading {object}", archived=archived):
            count += len(page)
            yield _flat(object, page, fields)
        logger.info("%s: %d records read in %d calls", object, count, self.calls - before)

    def records(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Read current values by 18-character Id; what is deleted or unknown is absent.

        Raises OrgRefused for bad Ids.
        """
        known = check_readable(object, self.fields(object), fields)
        wanted = sorted(set(ids))
        bad = [id for id in wanted if not is_id(id)]
        if bad:
            raise OrgRefused(
                f"{object}: not a Salesforce Id (15 or 18 letters and digits): "
                f"{', '.join(map(repr, bad[:5]))}"
            )
        before = self.calls
        found: dict[str, dict[str, Value]] = {}
        for piece in chunks(object, _columns(fields), wanted):
            conditions = [condition("Id IN {}", list(piece)), *_not_deleted(known)]
            soql = select(object, _columns(fields), conditions)
            for page in self._wire.select(soql, f"reading {object} by Id", archived=True):
                ids_of_page = [row["Id"] for row in page]
                found.update(zip(ids_of_page, _flat(object, page, fields), strict=True))
        calls = self.calls - before
        logger.info(
            "%s: %d of %d records read by Id in %d calls", object, len(found), len(wanted), calls
        )
        logger.debug("%s: read by Id: %s", object, ", ".join(found))
        return found

    def budget(self) -> Budget | None:
        """Ask /limits, else the latest header, for the daily limit; None where neither tells."""
        answer = self._wire.get("limits", "asking for the API limits", _is_hidden)
        daily = (answer or {}).get("DailyApiRequests")
        if daily is None:
            return self._wire.usage()
        return Budget(used=daily["Max"] - daily["Remaining"], total=daily["Max"])


def is_id(text: str) -> bool:
    """Tell whether a text has the form of a Salesforce Id."""
    return _ID.fullmatch(text) is not None


def _is_hidden(trouble: Trouble) -> bool:
    """Tell whether /limits is kept from this user: it asks for a permission of its own."""
    return trouble.status in (403, 404) and trouble.code != "REQUEST_LIMIT_EXCEEDED"


def _not_deleted(known: Mapping[str, FieldInfo]) -> list[str]:
    # queryAll also returns deleted records; objects without IsDeleted, such as User, have none.
    return ["IsDeleted = false"] if "IsDeleted" in known else []


def _columns(fields: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(["Id", *fields]))


def _flat(object: str, page: Sequence[Row], fields: Sequence[str]) -> list[dict[str, Value]]:
    try:
        return [{name: row[name] for name in fields} for row in page]
    except KeyError as missing:
        raise OrgUnavailable(
            f"reading {object}: the answer lacks the field {missing.args[0]} that was asked for. "
            "Read the object again"
        ) from None
