"""What does the org answer when records are to change?"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.model import Value
from sfsync.org import MOST_ROWS, FieldInfo, RowResult
from sfsync.org.bulk_write import abandon, carry_out, open_ingest, results_by_id
from sfsync.org.codes import Again, again
from sfsync.org.composite import creation_of, deletion_of, update_of
from sfsync.org.read import SalesforceReader, is_id
from sfsync.org.retry import pauses
from sfsync.org.upload import EMPTIES

logger = logging.getLogger(__name__)

# What one collection may hold.
_PIECE = 200
_LOCK_TRIES = 3
_LOCK_SECONDS = 2.0

Rows = Sequence[tuple[str, Mapping[str, Value]]]
Unchanged = Callable[[Sequence[str]], Collection[str]]


@dataclass(frozen=True, slots=True)
class _Way:
    """How rows are written: what that is called, and the request for some of them."""

    doing: str
    done: str
    request: Callable[[str, Rows], dict[str, Any]]


class SalesforceOrg(SalesforceReader):
    """A Salesforce org that can be read and written: see Org for what each method promises."""

    def update(
        self,
        object: str,
        rows: Rows,
        *,
        unchanged: Unchanged | None = None,
    ) -> list[RowResult]:
        """Update at most 1,000 records, each on its own, in one call; results in the order given.

        Records that were locked are sent again, up to 3 times; with `unchanged`, only those of the
        Ids given to it that it gives back. Raises OrgUnavailable where the answer was lost,
        OrgRefused where nothing was written, ValueError for too many rows or an Id given twice.
        """
        return self._write(_UPDATE, object, rows, unchanged)

    def delete(
        self,
        object: str,
        ids: Sequence[str],
        *,
        unchanged: Unchanged | None = None,
    ) -> list[RowResult]:
        """Delete at most 1,000 records, each on its own, in one call; otherwise as `update`."""
        return self._write(_DELETION, object, [(id, {}) for id in ids], unchanged)

    def create(self, object: str, rows: Sequence[Mapping[str, Value]]) -> list[RowResult]:
        """Create at most 1,000 records, each on its own, in one call; results in the order given.

        Nothing is sent twice. Raises OrgUnavailable where the answer was lost, OrgRefused where
        nothing was created, ValueError for too many rows.
        """
        _check_number(rows)
        known = self._known(object)
        # Until the org gives them Ids their places tell them apart.
        placed = [(str(place), values) for place, values in enumerate(rows)]
        results = {
            place: refusal
            for place, values in placed
            if (refusal := _cannot_create(values, known)) is not None
        }
        self._send(_CREATION, object, [row for row in placed if row[0] not in results], results)
        refused = sum(not result.ok for result in results.values())
        logger.info("%s: %d records created, %d refused", object, len(rows) - refused, refused)
        created = [results[place] for place, _ in placed]
        logger.debug("%s: created: %s", object, ", ".join(each.id for each in created if each.ok))
        return created

    def _write(
        self, way: _Way, object: str, rows: Rows, unchanged: Unchanged | None
    ) -> list[RowResult]:
        """Write records that are there, and those that were locked again."""
        _check_number(rows)
        known = self._known(object)
        _check_once(rows)
        results = {id: refusal for id, values in rows if (refusal := _objection(id, values, known))}
        self._send(way, object, [row for row in rows if row[0] not in results], results)
        self._send_locked_again(way, object, rows, results, unchanged)
        refused = sum(not result.ok for result in results.values())
        done = len(rows) - refused
        logger.info("%s: %d records %s, %d refused", object, done, way.done, refused)
        logger.debug("%s: sent: %s", object, ", ".join(id for id, _ in rows))
        return [results[id] for id, _ in rows]

    def open_job(self, object: str) -> str:
        """Open a bulk job that will update records; raises OrgRefused where there is none."""
        self._known(object)
        job = open_ingest(self._wire, object)
        logger.info("%s: bulk job %s opened", object, job)
        return job

    def send_job(self, job: str, object: str, rows: Rows) -> list[RowResult]:
        """Hand records to an open bulk job, wait for its end; results in the order given.

        Raises OrgUnavailable where the end could not be learnt, OrgRefused where nothing was
        written, ValueError for an Id given twice.
        """
        _check_once(rows)
        known = self._known(object)
        results = {
            id: refusal
            for id, values in rows
            if (refusal := _objection(id, values, known) or _unwritable(id, values))
        }
        sent = [row for row in rows if row[0] not in results]
        if sent:
            results |= carry_out(self._wire, job, object, sent)
        else:
            abandon(self._wire, job, f"updating no record of {object}")
        refused = sum(not result.ok for result in results.values())
        logger.info("%s: %d records updated in bulk, %d not", object, len(rows) - refused, refused)
        logger.debug("%s: sent in bulk: %s", object, ", ".join(id for id, _ in sent))
        return [results[id] for id, _ in rows]

    def job_results(self, job: str) -> Mapping[str, RowResult]:
        """Tell what a bulk job did, by Id of 18 characters."""
        return results_by_id(self._wire, job)

    def _known(self, object: str) -> Mapping[str, FieldInfo]:
        known = self.fields(object)
        if known is None:
            raise OrgRefused(
                f"{object}: the org has no such object, or hides it from the service's user. "
                "Nothing was written"
            )
        return known

    def _send_locked_again(
        self,
        way: _Way,
        object: str,
        rows: Rows,
        results: dict[str, RowResult],
        unchanged: Unchanged | None,
    ) -> None:
        waits = pauses(_LOCK_SECONDS)
        for _ in range(_LOCK_TRIES):
            locked = [id for id, _ in rows if _is_locked(results[id])]
            if not locked:
                return
            self._wire.sleep(next(waits))
            try:
                # Whoever held the lock may have changed the record meanwhile.
                free = set(locked if unchanged is None else unchanged(locked)).intersection(locked)
                self._send(way, object, [row for row in rows if row[0] in free], results)
            except OrgRefused as error:
                # The first request did write: raised from here, this would read as if it had not.
                logger.warning("%s; %d locked records stay as they were", error, len(locked))
                return
            if not free:
                return

    def _send(self, way: _Way, object: str, rows: Rows, results: dict[str, RowResult]) -> None:
        if not rows:
            return
        doing = f"{way.doing} {len(rows)} records of {object}"
        pieces = [rows[first : first + _PIECE] for first in range(0, len(rows), _PIECE)]
        answers = self._wire.write([way.request(object, piece) for piece in pieces], doing)
        for piece, answer in zip(pieces, answers, strict=True):
            if not isinstance(answer, list) or len(answer) != len(piece):
                raise _unreadable(doing)
            read = _created_result if way is _CREATION else _row_result
            results.update(
                (id, read(id, entry, doing)) for (id, _), entry in zip(piece, answer, strict=True)
            )


def _update(object: str, rows: Rows) -> dict[str, Any]:
    return update_of([{"attributes": {"type": object}, "id": id, **values} for id, values in rows])


def _creation(object: str, rows: Rows) -> dict[str, Any]:
    return creation_of([{"attributes": {"type": object}, **values} for _, values in rows])


def _deletion(object: str, rows: Rows) -> dict[str, Any]:
    return deletion_of([id for id, _ in rows])


_UPDATE = _Way("updating", "updated", _update)
_CREATION = _Way("creating", "created", _creation)
_DELETION = _Way("deleting", "deleted", _deletion)


def _check_number(rows: Sequence[object]) -> None:
    if len(rows) > MOST_ROWS:
        raise ValueError(f"{len(rows)} records in one request: the platform takes {MOST_ROWS}")


def _check_once(rows: Rows) -> None:
    if len({id[:15] for id, _ in rows}) < len(rows):
        raise ValueError("a record is given twice in one update: put its fields into one")


def _unwritable(id: str, values: Mapping[str, Value]) -> RowResult | None:
    # In a bulk job the words mean that the field is to be emptied.
    emptying = sorted(name for name, value in values.items() if value == EMPTIES)
    if not emptying:
        return None
    words = f"a bulk job cannot write the text {EMPTIES}: {', '.join(emptying)}"
    return RowResult(id, False, "FIELD_INTEGRITY_EXCEPTION", words)


def _objection(
    id: str, values: Mapping[str, Value], known: Mapping[str, FieldInfo]
) -> RowResult | None:
    # For some of these the platform refuses the whole request: one record would stop all others.
    if not is_id(id):
        return RowResult(
            id, False, "MALFORMED_ID", f"{id!r} is not a Salesforce Id of 15 or 18 characters"
        )
    fixed = [name for name in values if name in known and not known[name].updateable]
    return _misfit(id, values, known, fixed)


def _cannot_create(values: Mapping[str, Value], known: Mapping[str, FieldInfo]) -> RowResult | None:
    fixed = [name for name in values if name in known and not known[name].createable]
    return _misfit("", values, known, fixed)


def _misfit(
    id: str, values: Mapping[str, Value], known: Mapping[str, FieldInfo], fixed: Sequence[str]
) -> RowResult | None:
    missing = sorted(name for name in values if name not in known)
    if missing:
        return RowResult(
            id,
            False,
            "INVALID_FIELD",
            f"no such field, or hidden from the service's user: {', '.join(missing)}",
        )
    if fixed:
        return RowResult(
            id,
            False,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"not editable for the service's user: {', '.join(sorted(fixed))}. "
            "Give its permission set edit access",
        )
    endless = sorted(
        name for name, value in values.items() if isinstance(value, float) and not isfinite(value)
    )
    if endless:
        # JSON has no such number: the request could not even be written.
        return RowResult(
            id, False, "NUMBER_OUTSIDE_VALID_RANGE", f"not a finite number: {', '.join(endless)}"
        )
    return None


def _is_locked(result: RowResult) -> bool:
    return not result.ok and again(result.code, result.message) is Again.NOW


def _row_result(id: str, entry: Any, doing: str) -> RowResult:
    answered = entry.get("id") if isinstance(entry, Mapping) else None
    if answered is not None and answered[:15] != id[:15]:
        raise _unreadable(doing)
    return _result(id, entry, doing)


def _created_result(_place: str, entry: Any, doing: str) -> RowResult:
    answered = entry.get("id") if isinstance(entry, Mapping) else None
    result = _result("", entry, doing)
    if not result.ok:
        return result
    # Without its Id nobody could find again what was created.
    if not isinstance(answered, str) or not is_id(answered):
        raise _unreadable(doing)
    return replace(result, id=answered)


def _result(id: str, entry: Any, doing: str) -> RowResult:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("success"), bool):
        raise _unreadable(doing)
    if entry["success"]:
        return RowResult(id, True)
    errors = entry.get("errors") or []
    words = "; ".join(str(error.get("message", "")) for error in errors)
    code = str(errors[0].get("statusCode", "")) if errors else ""
    return RowResult(id, False, code or "UNKNOWN_EXCEPTION", words or "refused without a reason")


def _unreadable(doing: str) -> OrgUnavailable:
    return OrgUnavailable(
        f"{doing}: the answer does not match what was sent. "
        "Read the records to know what was written"
    )
