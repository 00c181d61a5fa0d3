"""What is a cleanup, and which are there?

A cleanup repairs what stands in an org, once: an admin looks at its plan, and carries it out or
not. A new one is a file in this folder and a line in its `__init__`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

import numpy as np

from sfsync.columns import Mask
from sfsync.facts import Look
from sfsync.jobs.job import Services
from sfsync.model import Change, Evidence, Value
from sfsync.org import OrgReader
from sfsync.registry import Registry
from sfsync.rules.findings import owners_of

T = TypeVar("T")

# By the options' names. Two that all cleanups have are among them, so that what is shared out is
# shared out among the records asked for: `id` (empty: all) and `owner` (None: everybody).
Wishes = Mapping[str, Value | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Option:
    """What may be wished of a cleanup beside what all understand: a `flag`, a `text`, a `number` of
    0 or more, a `day` (as 2026-06-15), or a `person`, of whom the cleanup is told the user's Id.

    Where `several` may be given (persons also with commas) they come as a tuple. One that is
    `instead_of` another is not given together with it.
    """

    name: str
    kind: Literal["flag", "text", "number", "day", "person"]
    help: str
    default: int | None = None
    several: bool = False
    metavar: str = "TEXT"
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a cleanup writes into one field (our name) of a record, why, and what proves it.

    Values are as on the wire: into a reference goes an Id. `rests` names the facts that decided, or
    fields of other records (`account.country`): where what they are made of changes, so may they.
    """

    column: str
    after: Value
    reason: str
    evidence: tuple[Evidence, ...] = ()
    rests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a cleanup would write, by object and row of the object's frame, and what it says of
    it; where it moves accounts, of how many `judged` ones.
    """

    written: Mapping[str, Mapping[int, Sequence[Written]]]
    notes: tuple[str, ...] = ()
    judged: int = 0


# What is left of what was found, once it is known which values the org has.
Fit = Callable[[OrgReader, Look, Found], Found]
# Changes of other records that go along with those that were chosen.
Along = Callable[[OrgReader, Look, Wishes, Sequence[Change]], Sequence[Change]]


@dataclass(frozen=True, slots=True)
class Made:
    """The changes that a cleanup makes itself, of the part that is asked for; whose the records
    are, by (object, id); and what it says of them.
    """

    changes: tuple[Change, ...]
    owners: Mapping[tuple[str, str], str | None]
    notes: tuple[str, ...] = ()


def nothing(_look: Look, _wishes: Wishes) -> Found:
    """Find nothing to be written into fields."""
    return Found({})


def _anything(_wishes: Wishes, _today: date) -> None:
    """Take any wishes."""


@dataclass(frozen=True, slots=True)
class Cleanup:
    """One cleanup: what it does in one line, what may be wished of it, and how it is found.

    `reads` names the columns (`Object.column`) that it looks at beside those of facts and rules, as
    far as the policy names them; one that `needs_all` is refused where it does not. `check` raises
    Misused where the wishes make no sense, on that day of the org. `fit` takes out what the org's
    picklists lack; without it such a value is refused. What goes `along` with a record is not
    counted by `--limit`. One that does something else to records than to write fields has `make` in
    place of `find`, and looks itself at which part is asked for.
    """

    name: str
    summary: str
    find: Callable[[Look, Wishes], Found] = nothing
    options: tuple[Option, ...] = ()
    reads: tuple[str, ...] = ()
    needs_all: bool = False
    fit: Fit | None = None
    along: Along | None = None
    check: Callable[[Wishes, date], None] = _anything
    make: "Callable[[Services, Look, Wishes, Part], Made] | None" = None


@dataclass(frozen=True, slots=True)
class Part:
    """Of which records a cleanup is wanted: these Ids, of this owner's, so many at most (nothing
    named: all).
    """

    ids: Sequence[str] = ()
    owners: frozenset[str] | None = None
    limit: int | None = None


def within_limit(chosen: Sequence[T], part: Part) -> tuple[list[T], list[str]]:
    """Leave out what is more than the part may have; say how many those are."""
    if part.limit is None or len(chosen) <= part.limit:
        return list(chosen), []
    left = len(chosen) - part.limit
    return list(chosen[: part.limit]), [f"{left} more are left out by --limit {part.limit}."]


CLEANUPS: Registry[Cleanup] = Registry("cleanup")


def asked_for(look: Look, object_name: str, wishes: Wishes) -> Mask:
    """Tell which records of an object are asked for by `--id` and `--owner`."""
    asked = np.ones(look.size(object_name), dtype=bool)
    ids, owners = wishes.get("id"), wishes.get("owner")
    if isinstance(ids, tuple) and ids:
        asked &= np.asarray(look.frame(object_name).index.str.startswith(ids), dtype=bool)
    if isinstance(owners, tuple):
        there = owners_of(look, object_name, np.arange(len(asked)))
        asked &= np.isin(np.array(there, dtype=object), owners)
    return asked
