"""What may the house ask of an org, and who may ask it to write?

This package is the only door to Salesforce. Whoever only plans is given an `OrgReader`, which has
no way to write; only apply is given an `Org`. The roles and values are here, light to import;
`sfsync.org.client` holds the door itself.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sfsync.model import Value


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field as the org describes it to the service's user.

    `type` is describe's word; `values` are the active values of a picklist, which takes no others
    where it is `restricted`.
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


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one record of an update; `code` and `message` say why it was refused.

    They are the org's own, or the platform's code with our words where it was not even sent.
    """

    id: str
    ok: bool
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """The org's API requests of the rolling 24 hours: how many are used, of how many."""

    used: int
    total: int

    @property
    def left(self) -> int:
        """Requests that may still be made; never below 0, though an org may overshoot a little."""
        return max(0, self.total - self.used)


class OrgReader(Protocol):
    """An org that can be read.

    Every method raises OrgUnavailable where trying later may help, and OrgRefused where it would
    not. An object of this role serves one thread.
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

    def pages(
        self, object: str, fields: Sequence[str], *, archived: bool = False, where: str = ""
    ) -> Iterator[list[dict[str, Value]]]:
        """Read all records of an object, page by page, ordered by Id.

        Each record is a dict of the fields asked for. Deleted records never come; archived ones
        (tasks, events and history rows of old) come with `archived`. `where` is a SOQL condition,
        its values quoted by `sfsync.org.soql.condition`. Pages are read at different moments: a
        record is as it was when its page was read. Where OrgUnavailable ends the reading half-way,
        the pages so far are not the whole: read again.
        """

    def records(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Read current values by 18-character Id, archived records too.

        Any number of Ids may be given; what is deleted or unknown is absent.
        """

    def budget(self) -> Budget | None:
        """Ask how much of the daily API limit is used; None where the user may not see it."""


class Org(OrgReader, Protocol):
    """An org that can be read and written; only apply accepts one."""

    def update(
        self,
        object: str,
        rows: Sequence[tuple[str, Mapping[str, Value]]],
        *,
        unchanged: Callable[[Sequence[str]], Collection[str]] | None = None,
    ) -> list[RowResult]:
        """Update at most 200 records (Id and new values), each on its own.

        The results come in the order given. Records that were locked are sent again, up to 3 times
        with a pause; whoever held the lock may have changed them, so `unchanged` is asked which of
        these Ids may still be written (without it: all). Nothing else is ever sent twice. Raises
        OrgUnavailable where the answer was lost or the org was busy (it may have been done, or not:
        read to know), OrgRefused where the whole request was refused and nothing was written,
        ValueError for more than 200 records or one given twice.
        """
