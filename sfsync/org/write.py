"""What does the org answer when records are to change?"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from sfsync.errors import OrgRefused
from sfsync.model import Value
from sfsync.org import FieldInfo, Merge, RowResult
from sfsync.org import merge as merging
from sfsync.org.bulk_write import abandon, carry_out, open_ingest, results_by_id
from sfsync.org.codes import Again, again
from sfsync.org.objections import cannot_create, check_number, check_once, objection, unwritable
from sfsync.org.read import SalesforceReader
from sfsync.org.retry import pauses
from sfsync.org.ways import CREATION, DELETION, UPDATE, Rows, Way, unreadable

logger = logging.getLogger(__name__)

# What one collection may hold.
_PIECE = 200
_LOCK_TRIES = 3
_LOCK_SECONDS = 2.0

Unchanged = Callable[[Sequence[str]], Collection[str]]


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
        return self._write(UPDATE, object, rows, unchanged)

    def delete(
        self,
        object: str,
        ids: Sequence[str],
        *,
        unchanged: Unchanged | None = None,
    ) -> list[RowResult]:
        """Delete at most 1,000 records, each on its own, in one call; otherwise as `update`."""
        return self._write(DELETION, object, [(id, {}) for id in ids], unchanged)

    def create(self, object: str, rows: Sequence[Mapping[str, Value]]) -> list[RowResult]:
        """Create at most 1,000 records, each on its own, in one call; results in the order given.

        Nothing is sent twice. Raises OrgUnavailable where the answer was lost, OrgRefused where
        nothing was created, ValueError for too many rows.
        """
        check_number(rows)
        known = self._known(object)
        # Until the org gives them Ids their places tell them apart.
        placed = [(str(place), values) for place, values in enumerate(rows)]
        results = {
            place: refusal
            for place, values in placed
            if (refusal := cannot_create(values, known)) is not None
        }
        self._send(CREATION, object, [row for row in placed if row[0] not in results], results)
        refused = sum(not result.ok for result in results.values())
        logger.info("%s: %d records created, %d refused", object, len(rows) - refused, refused)
        created = [results[place] for place, _ in placed]
        logger.debug("%s: created: %s", object, ", ".join(each.id for each in created if each.ok))
        return created

    def merge(self, object: str, merges: Sequence[Merge]) -> list[RowResult]:
        """Merge records, at most 200 times, each merge on its own, in one call; results in the
        order given.

        Raises OrgUnavailable where the answer was lost, OrgRefused where nothing was merged,
        ValueError for what is no merge.
        """
        merging.check(merges)
        known = self._known(object)
        results = [merging.cannot_merge(each, known) for each in merges]
        sent = [each for each, refusal in zip(merges, results, strict=True) if refusal is None]
        answers = iter(merging.send(self._wire, object, sent, known) if sent else ())
        done = [result or next(answers) for result in results]
        refused = sum(not result.ok for result in done)
        logger.info("%s: %d merges done, %d refused", object, len(done) - refused, refused)
        logger.debug("%s: merged into: %s", object, ", ".join(each.survivor for each in sent))
        return done

    def _write(
        self, way: Way, object: str, rows: Rows, unchanged: Unchanged | None
    ) -> list[RowResult]:
        """Write records that are there, and those that were locked again."""
        check_number(rows)
        known = self._known(object)
        check_once(rows)
        results = {id: refusal for id, values in rows if (refusal := objection(id, values, known))}
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
        check_once(rows)
        known = self._known(object)
        results = {
            id: refusal
            for id, values in rows
            if (refusal := objection(id, values, known) or unwritable(id, values))
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
        way: Way,
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

    def _send(self, way: Way, object: str, rows: Rows, results: dict[str, RowResult]) -> None:
        if not rows:
            return
        doing = f"{way.doing} {len(rows)} records of {object}"
        pieces = [rows[first : first + _PIECE] for first in range(0, len(rows), _PIECE)]
        answers = self._wire.write([way.request(object, piece) for piece in pieces], doing)
        for piece, answer in zip(pieces, answers, strict=True):
            if not isinstance(answer, list) or len(answer) != len(piece):
                raise unreadable(doing)
            results.update(
                (id, way.read(id, entry, doing))
                for (id, _), entry in zip(piece, answer, strict=True)
            )


def _is_locked(result: RowResult) -> bool:
    return not result.ok and again(result.code, result.message) is Again.NOW
