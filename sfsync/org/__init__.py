"""What may the house ask of an org, and who may ask it to write?

This package is the only door to Salesforce. Whoever only plans is given an `OrgReader`, which has
no way to write; only apply is given an `Org`. The roles and values are here, light to import;
`sfsync.org.client` holds the door itself.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from sfsync.model import Action, Value
from sfsync.org.budget import Budget as Budget
from sfsync.org.budget import keep_reserve as keep_reserve
from sfsync.org.budget import told as told

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field as the org describes it to the service's user.

    `type` is describe's word; `values` are the active values of a picklist, which takes no others
    where it is `restricted`. `unique`: no two records may have the same value, or it is another
    system's key.
    """

    name: str
    type: str
    label: str
    updateable: bool
    createable: bool
    nillable: bool
    length: int
    values: tuple[str, ...] = ()
    restricted: bool = False
    reference_to: tuple[str, ...] = ()
    calculated: bool = False
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Which records are to be read: those of `object` with these Ids, or that meet `where`.

    `where` is a SOQL condition, its values quoted by `sfsync.org.soql.condition`. With both, both
    must hold; with neither all records are meant. With `deleted` those are meant too that were
    deleted and can still be read.
    """

    object: str
    fields: tuple[str, ...]
    ids: tuple[str, ...] | None = None
    where: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """One or two records (`losers`) that are to be merged into another one, and the values that it
    gets, by field; all by Ids of 18 characters.
    """

    survivor: str
    values: Mapping[str, Value]
    losers: tuple[str, ...]


# The code of a record that an ended bulk job did not come to: nothing was tried.
UNPROCESSED = "UNPROCESSED"


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one record that was written; `code` and `message` say why it was refused.

    They are the org's own, or the platform's code with our words where it was not even sent. `id`
    is empty where a record was to be created and was not.
    """

    id: str
    ok: bool
    code: str = ""
    message: str = ""


# A record bears the moment at which its transaction began, and shows when that ends: the platform
# works on one up to ten minutes.
LAG = timedelta(minutes=15)
# One request that writes takes no more records.
MOST_ROWS = 1_000
# Above so many records a bulk job reads with fewer requests than pages do.
READ_IN_BULK_FROM = 10_000
# So many requests are on their way at once, unless configured. Of those that last long (20 seconds)
# the platform takes 25 from all its clients, and 5 in a developer's org.
AT_ONCE = 10
MOST_AT_ONCE = 25
_PAGE_SIZE = 2_000
_NO_KINDS: Mapping[str, str] = {}
_CALLS_OF_A_JOB = 6


def reading_calls(records: int) -> int:
    """Estimate the requests that reading so many records of one object takes."""
    return _CALLS_OF_A_JOB if records > READ_IN_BULK_FROM else max(1, -(-records // _PAGE_SIZE))


class OrgReader(Protocol):
    """An org that can be read.

    Every method raises OrgUnavailable where trying later may help, and OrgRefused where it would
    not. Several threads may read at once, each a table of its own; the rest serves one thread.
    """

    @property
    def id(self) -> str:
        """The Organization's Id, 18 characters."""

    @property
    def name(self) -> str:
        """The Organization's name."""

    @property
    def zone(self) -> str:
        """The org's IANA time zone; UTC where the org does not tell."""

    @property
    def user_id(self) -> str:
        """The service's own user; "" where the org does not tell."""

    @property
    def url(self) -> str:
        """Where records are opened: `{url}/lightning/r/Account/{id}/view`."""

    @property
    def calls(self) -> int:
        """Requests made so far through this object, repeated ones included."""

    def fields(self, object: str) -> Mapping[str, FieldInfo] | None:
        """Describe an object's fields by API name, as the API spells them.

        None where the org has no such object, or hides it from the service's user. The org is asked
        once for each object; the answer is kept.
        """

    def children(self, object: str) -> tuple[tuple[str, str], ...]:
        """Name the fields that lead to an object's records, as (object, field), as the org tells;
        none where it does not, or has no such object.
        """

    def may(self, object: str) -> frozenset[Action]:
        """Tell what the service's user may do with the records of an object; where the org does not
        tell of something, it may. Nothing where there is no such object.
        """

    def describe(self, objects: Sequence[str]) -> None:
        """Describe several objects in one call: `fields` then need not ask."""

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
        """Read all records of an object, piece by piece, in no promised order.

        Each piece is a table of text (`pa.string()`): `Id` first, then the fields asked for, values
        as the API writes them (`true`, `12.5`, `2026-06-15`, `2026-06-15T08:00:00.000+0000`), null
        where there is none or blank text. Deleted records never come unless `IsDeleted` is among
        the fields; archived ones (tasks, events and history rows of old) come with `archived`.
        `kinds` names types (of `sfsync.typed`) for fields: whose own type the org says to be the
        same, and whose values in a piece all fit, come in that type, all others as text.
        `where` is a SOQL condition, its values quoted by `sfsync.org.soql.condition`. The way,
        pages or a bulk job, is chosen by `expected` records and by what the first page tells.
        Pieces are read at different moments: a record is as it was when its piece was read, and
        one that changed meanwhile may come twice. Where OrgUnavailable ends the reading half-way,
        the pieces so far are not the whole: read again.
        """

    def ask(self, questions: Sequence[Question]) -> list[list[dict[str, Value]]]:
        """Read the records that each question is about, archived ones too, in as few calls as the
        platform allows.

        The answers come in the order of the questions, each a list of dicts of the fields asked
        for and `Id`. Any number of Ids may be given; what is deleted or unknown is absent. Objects
        and fields must exist.
        """

    def counts(self, objects: Sequence[str]) -> Mapping[str, int]:
        """Ask roughly how many records objects have; absent are those that the org tells not."""

    def records(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Read current values by 18-character Id, archived records too.

        Any number of Ids may be given; what is deleted or unknown is absent.
        """

    def budget(self) -> Budget | None:
        """Ask how much of the daily API limit is used; None where the user may not see it."""

    def usage(self) -> Budget | None:
        """Tell how much of it was used by the latest answer, without asking; None: not told yet."""

    @property
    def told_at(self) -> datetime | None:
        """The org's clock at the latest answer, aware UTC, whole seconds; None: not told yet."""


class Org(OrgReader, Protocol):
    """An org that can be read and written; only apply accepts one."""

    def update(
        self,
        object: str,
        rows: Sequence[tuple[str, Mapping[str, Value]]],
        *,
        unchanged: Callable[[Sequence[str]], Collection[str]] | None = None,
    ) -> list[RowResult]:
        """Update at most 1,000 records (Id and new values), each on its own, in one call.

        The results come in the order given. Records that were locked are sent again, up to 3 times
        with a pause; whoever held the lock may have changed them, so `unchanged` is asked which of
        these Ids may still be written (without it: all). Nothing else is ever sent twice. Raises
        OrgUnavailable where the answer was lost or the org was busy (it may have been done, or not:
        read to know), OrgRefused where the whole request was refused and nothing was written,
        ValueError for more than 1,000 records or one given twice.
        """

    def create(self, object: str, rows: Sequence[Mapping[str, Value]]) -> list[RowResult]:
        """Create at most 1,000 records, each on its own, in one call, and give their Ids.

        The results come in the order given. Nothing is ever sent twice: whoever creates has to look
        first whether it is there already. A record that was refused was not created. Raises
        OrgUnavailable where the answer was lost or the org was busy (it may have been done, or will
        be within LAG), OrgRefused where nothing was created, ValueError for more than 1,000.
        """

    def delete(
        self,
        object: str,
        ids: Sequence[str],
        *,
        unchanged: Callable[[Sequence[str]], Collection[str]] | None = None,
    ) -> list[RowResult]:
        """Delete at most 1,000 records, each on its own, in one call; otherwise as `update`."""

    def merge(self, object: str, merges: Sequence[Merge]) -> list[RowResult]:
        """Merge records, at most 200 times, each merge on its own, in one call; results in the
        order given.

        What hung on the losers then hangs on the survivor. Nothing is ever sent twice. Raises
        OrgUnavailable where the answer was lost or the org was busy (some of it may have been done:
        the losers tell), OrgRefused where nothing was merged, ValueError for what is no merge.
        """

    def open_job(self, object: str) -> str:
        """Open a bulk job that will update records, and give its Id; nothing is written yet.

        Whoever keeps books notes the Id before the records are handed over: what a job of a dead
        process did is told by `job_results`.
        """

    def send_job(
        self, job: str, object: str, rows: Sequence[tuple[str, Mapping[str, Value]]]
    ) -> list[RowResult]:
        """Hand any number of records to an open bulk job, wait for its end, and give the results.

        The results come in the order given. A field that a row does not name stays as it is, and
        None empties one.
        Records that the job did not come to have the code UNPROCESSED. Raises OrgUnavailable where
        the end of the job could not be learnt (it may still be at work: `job_results` tells later),
        OrgRefused where nothing was written.
        """

    def job_results(self, job: str) -> Mapping[str, RowResult]:
        """Tell what a bulk job did, by Id: one still open is aborted, one at work is waited for.

        Records that it did not come to are absent, and those of a job that is forgotten by now.
        """
