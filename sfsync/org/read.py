"""What do the org's records say?"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.model import Action, Value
from sfsync.org import Budget, FieldInfo, Question
from sfsync.org.composite import MOST_STATEMENTS
from sfsync.org.describe import check_readable
from sfsync.org.soql import select, selects_of_ids
from sfsync.org.trouble import Trouble
from sfsync.org.whole import Whole, read_whole
from sfsync.org.wire import Row, Wire

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

_NO_KINDS: Mapping[str, str] = {}
# The types that the org itself gives a field, of which its values then are without fail.
_SURE = {
    "number": frozenset({"int", "double", "currency", "percent"}),
    "flag": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "instant": frozenset({"datetime"}),
}
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

    def children(self, object: str) -> tuple[tuple[str, str], ...]:
        """Name the fields that lead to an object's records, as (object, field)."""
        return self._wire.children(object)

    def may(self, object: str) -> frozenset[Action]:
        """Tell what the service's user may do with an object's records."""
        return self._wire.may(object)

    def describe(self, objects: Sequence[str]) -> None:
        """Describe several objects in one call: `fields` then need not ask."""
        self._wire.describe(objects)

    def tables(
        self,
        object: str,
        fields: Sequence[str],
        *,
        archived: bool = False,
        where: str = "",
        expected: int = 0,
        kinds: Mapping[str, str] = _NO_KINDS,
    ) -> Iterator["pa.Table"]:
        """Read all records piece by piece; raises OrgRefused for names that the org does not
        know.
        """
        known = check_readable(object, self.fields(object), fields)
        deleted = "IsDeleted" in fields
        conditions = []
        if archived and not deleted:
            conditions += _not_deleted(known)
        if deleted and not archived and "IsArchived" in known:
            conditions += ["IsArchived = false"]
        conditions += [where] if where else []
        columns = _columns(fields)
        instants = [name for name in columns if name != "Id" and known[name].type == "datetime"]
        sure = {name: kind for name, kind in kinds.items() if _is_surely(known[name], kind)}
        whole = Whole(
            object, tuple(columns), tuple(instants), tuple(conditions), archived or deleted, sure
        )
        return _counted(object, read_whole(self._wire, whole, expected))

    def ask(self, questions: Sequence[Question]) -> list[list[dict[str, Value]]]:
        """Read the records that each question is about; raises OrgRefused for bad names and Ids."""
        asked = [
            (place, soql) for place, each in enumerate(questions) for soql in self._statements(each)
        ]
        answers: list[list[dict[str, Value]]] = [[] for _ in questions]
        for start in range(0, len(asked), MOST_STATEMENTS):
            piece = asked[start : start + MOST_STATEMENTS]
            objects = sorted({questions[place].object for place, _ in piece})
            doing = f"reading {', '.join(objects)}"
            firsts = self._wire.first_pages([soql for _, soql in piece], doing, archived=True)
            for (place, _), first in zip(piece, firsts, strict=True):
                question = questions[place]
                for page in (first, *self._wire.further_pages(first, doing)):
                    answers[place] += _flat(
                        question.object, page["records"], _columns(question.fields)
                    )
        return answers

    def _statements(self, question: Question) -> list[str]:
        known = check_readable(question.object, self.fields(question.object), question.fields)
        columns = _columns(question.fields)
        conditions = [] if question.deleted else _not_deleted(known)
        conditions += [question.where] if question.where else []
        if question.ids is None:
            return [select(question.object, columns, conditions)]
        wanted = sorted(set(question.ids))
        bad = [id for id in wanted if not is_id(id)]
        if bad:
            raise OrgRefused(
                f"{question.object}: not a Salesforce Id (15 or 18 letters and digits): "
                f"{', '.join(map(repr, bad[:5]))}"
            )
        return selects_of_ids(question.object, columns, wanted, conditions)

    def records(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Read current values by 18-character Id; what is deleted or unknown is absent.

        Raises OrgRefused for bad Ids.
        """
        before = self.calls
        (rows,) = self.ask([Question(object, tuple(fields), tuple(ids))])
        found = {str(row["Id"]): {name: row[name] for name in fields} for row in rows}
        calls = self.calls - before
        logger.info(
            "%s: %d of %d records read by Id in %d calls", object, len(found), len(set(ids)), calls
        )
        logger.debug("%s: read by Id: %s", object, ", ".join(found))
        return found

    def counts(self, objects: Sequence[str]) -> Mapping[str, int]:
        """Ask how many records objects have; empty where the org does not tell this user."""
        return self._wire.counts(objects)

    def budget(self) -> Budget | None:
        """Ask /limits, else the latest header, for the daily limit; None where neither tells."""
        answer = self._wire.get("limits", "asking for the API limits", _is_hidden)
        daily = (answer or {}).get("DailyApiRequests")
        if daily is None:
            return self.usage()
        return Budget(used=daily["Max"] - daily["Remaining"], total=daily["Max"])

    def usage(self) -> Budget | None:
        """Tell what the latest answer said of the daily limit; None where none did."""
        return self._wire.line.usage

    @property
    def told_at(self) -> datetime | None:
        """The org's clock at the latest answer, aware UTC; None where none told it."""
        return self._wire.line.told_at


def _counted(object: str, tables: Iterator["pa.Table"]) -> Iterator["pa.Table"]:
    count, pieces = 0, 0
    for table in tables:
        count, pieces = count + table.num_rows, pieces + 1
        yield table
    logger.info("%s: %d records read in %d pieces", object, count, pieces)


def is_id(text: str) -> bool:
    """Tell whether a text has the form of a Salesforce Id."""
    return _ID.fullmatch(text) is not None


def _is_surely(field: FieldInfo, kind: str) -> bool:
    return field.type in _SURE.get(kind, ())


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
