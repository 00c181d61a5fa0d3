"""Which accounts, or contacts, are the same and become one?"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sfsync.columns import Array, counts
from sfsync.errors import Misused, NotFound
from sfsync.facts import Look
from sfsync.facts.activity import activities
from sfsync.jobs.cleanup.alike import groups_by, set_aside, ties_of, why_of
from sfsync.jobs.cleanup.cleanup import Cleanup, Made, Option, Part, Wishes, within_limit
from sfsync.jobs.cleanup.holdings import Holding, holdings_of
from sfsync.jobs.cleanup.survivors import Candidate, Choice, Survivorship, Taken
from sfsync.jobs.job import CHECK_ID, Services
from sfsync.model import (
    CLEANUP_CAUSE,
    MOST_LOSERS,
    Action,
    Change,
    Evidence,
    FieldChange,
    Loser,
    Stamp,
    Value,
)
from sfsync.policy import MergeSettings, Policy
from sfsync.registry import nearest
from sfsync.rules.rests import stamps_of

NAME = "merge-duplicates"
ACCOUNT, CONTACT = "Account", "Contact"
OBJECTS = (ACCOUNT, CONTACT)

OBJECT = Option("object", "text", "Account (unless said otherwise) or Contact.", metavar="NAME")
ACROSS = Option(
    "across-accounts", "flag", "Merge contacts of different accounts, too; without, they stay."
)

_OWNER, _ACCOUNT_OF = "OwnerId", "AccountId"
_FINAL = (
    "What is merged stays merged: an undo gives the survivors their values back, and nothing else."
    " The org's recycle bin has those that go for 15 days, without what hung on them."
    " `sfsync show RUN --restore DIR` writes out what they held, and what hung on them."
)
_AGAIN = "Contacts of merged accounts come together: look for --object Contact after it."


def check(wishes: Wishes, _today: date) -> None:
    """Raise Misused for an object that is not merged."""
    if _object(wishes) not in OBJECTS:
        raise Misused(f"--object {_object(wishes)}: records of {' or '.join(OBJECTS)} are merged")


def _object(wishes: Wishes) -> str:
    return str(wishes.get(OBJECT.name) or ACCOUNT)


def make(services: Services, look: Look, wishes: Wishes, part: Part) -> Made:
    """Plan to merge the groups of duplicates of an object, or those that are asked for.

    Raises NotFound for an Id that is in no group, OrgUnavailable or OrgRefused where the org cannot
    be read.
    """
    object_name = _object(wishes)
    settings = services.policy.merge.get(object_name, MergeSettings())
    today = services.now.astimezone(ZoneInfo(services.org.zone)).date()
    aside = set_aside(services.journal, services.books, object_name, today)
    ties = [e for e in ties_of(look, object_name) if not {e.one, e.other} & aside]
    groups = _with(groups_by(ties), part.ids)
    holdings = holdings_of(services.org, object_name, [id for group in groups for id in group])
    facts = _Facts.of(look, object_name)
    known = services.org.fields(object_name) or {}
    kept = _kept(services.policy, object_name)
    rules = Survivorship.of(settings, known, kept, going=frozenset(holdings))
    notes = list(_misnamed(known, object_name, settings))
    if object_name == CONTACT and not wishes.get(ACROSS.name):
        groups, left = _of_one_account(groups, holdings)
        groups = [each for each in groups if _is_asked(each, part.ids)]
        notes += left
    choices = [
        rules.choose([facts.candidate(id, holdings[id]) for id in group])
        for group in groups
        if all(id in holdings for id in group)
    ]
    choices, left = _without_lost_refusals(choices, rules, object_name)
    notes += left
    chosen, left = _part_of(choices, part)
    notes += left
    if chosen:
        notes += [_FINAL] + ([_AGAIN] if object_name == ACCOUNT else [])
    stamps = _stamps(look, object_name, [e.id for each in chosen for e in _all(each)])
    why = why_of(ties)
    changes = [change for each in chosen for change in _links(object_name, each, why, stamps)]
    owners = {(object_name, each.survivor.id): _owner(each.survivor) for each in chosen}
    return Made(tuple(changes), owners, tuple(notes))


def _misnamed(known: Collection[str], object_name: str, settings: MergeSettings) -> Iterator[str]:
    """Say which fields the settings name by a name that is near one of the org's, and none."""
    for name in sorted(settings.fields.keys() - known):
        hint = nearest(name, known)
        if hint and not name.endswith("Address"):
            yield f"merge.{object_name}.fields: the org has no field {name} of {object_name}{hint}."


def _with(groups: Sequence[tuple[str, ...]], ids: Sequence[str]) -> list[tuple[str, ...]]:
    """Keep the groups in which one of these Ids is; none named: all."""
    for record_id in sorted(set(ids)):
        if not any(id.startswith(record_id) for group in groups for id in group):
            raise NotFound(f"nothing is to be merged of a record {record_id}: {CHECK_ID}")
    return [each for each in groups if _is_asked(each, ids)]


def _is_asked(group: Sequence[str], ids: Sequence[str]) -> bool:
    return not ids or any(id.startswith(tuple(ids)) for id in group)


def _kept(policy: Policy, object_name: str) -> frozenset[str]:
    """Name the fields of an object's state, and of when it came into each."""
    machine = policy.machines.get(object_name)
    if machine is None:
        return frozenset()
    names = [machine.state, *(state.entered for state in machine.states.values() if state.entered)]
    return frozenset(policy.field(object_name, name) for name in names)


def _of_one_account(
    groups: Sequence[tuple[str, ...]], holdings: Mapping[str, Holding]
) -> tuple[list[tuple[str, ...]], list[str]]:
    """Part groups of contacts by their account; say how many contacts are left alone so."""
    parted: list[tuple[str, ...]] = []
    left = 0
    for group in groups:
        by_account: dict[Value, list[str]] = {}
        for id in group:
            held = holdings[id].fields if id in holdings else {}
            by_account.setdefault(held.get(_ACCOUNT_OF), []).append(id)
        # One without an account goes with the others where they have the same one.
        lost = by_account.pop(None, []) if len(by_account) == 2 else []
        for several in by_account.values():
            whole = tuple(sorted([*several, *lost]))
            if len(whole) > 1:
                parted.append(whole)
            else:
                left += 1
    told = f"Contacts whose likely duplicates are at other accounts alone stay: {left}"
    return parted, [f"{told} (--{ACROSS.name} merges them, too)."] if left else []


def _without_lost_refusals(
    choices: Sequence[Choice], rules: Survivorship, object_name: str
) -> tuple[list[Choice], list[str]]:
    """Leave the groups in which somebody refuses to be written to or called, and the service's user
    cannot say so of who stays.
    """
    lost = [rules.lost_refusals(each) for each in choices]
    fields = sorted({f"{object_name}.{name}" for names in lost for name in names})
    if not fields:
        return list(choices), []
    kept = [each for each, names in zip(choices, lost, strict=True) if not names]
    told = f"{len(choices) - len(kept)} left, since a refusal would get lost"
    return kept, [f"{told}: let the service's user edit {', '.join(fields)}."]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What speaks for the accounts of an org, and, for contacts, whose account is whose."""

    object: str
    customers: frozenset[str]
    deals: Mapping[str, int]
    activities: Mapping[str, int]

    @classmethod
    def of(cls, look: Look, object_name: str) -> "_Facts":
        ids = look.frame(ACCOUNT).index.tolist()
        machine = look.policy.machines.get(ACCOUNT)
        customers: frozenset[str] = frozenset()
        if machine is not None:
            status = look.column(ACCOUNT, machine.state)
            wanted = [word in look.policy.cleanup.customer_statuses for word in status.words]
            is_customer = np.array([*wanted, False], dtype=bool)[status.values]
            customers = frozenset(ids[row] for row in np.flatnonzero(is_customer).tolist())
        accounts = look.column("Opportunity", "account").values
        is_open = ~look.column("Opportunity", "is_closed").values
        deals = _counted(np.where(is_open, accounts, -1), ids)
        about = [look.column(each.object, "account").values for each in activities(look)]
        return cls(object_name, customers, deals, _counted(np.concatenate(about), ids))

    def candidate(self, id: str, holding: Holding) -> Candidate:
        account = id if self.object == ACCOUNT else str(holding.fields.get(_ACCOUNT_OF))
        done = self.activities.get(id, 0)
        if self.object == CONTACT:
            done = sum(len(holding.children.get(f"{name}.WhoId", ())) for name in ("Task", "Event"))
        return Candidate(id, holding, account in self.customers, self.deals.get(account, 0), done)


def _counted(places: Array, ids: Sequence[str]) -> dict[str, int]:
    return {id: int(n) for id, n in zip(ids, counts(places, len(ids)).tolist(), strict=True) if n}


def _part_of(choices: Sequence[Choice], part: Part) -> tuple[list[Choice], list[str]]:
    chosen = sorted(choices, key=lambda each: each.survivor.id)
    if part.owners is not None:
        chosen = [each for each in chosen if _owner(each.survivor) in part.owners]
    return within_limit(chosen, part)


def _owner(candidate: Candidate) -> str | None:
    owner = candidate.holding.fields.get(_OWNER)
    return None if owner is None else str(owner)


def _all(choice: Choice) -> tuple[Candidate, ...]:
    return (choice.survivor, *choice.losers)


def _stamps(look: Look, object_name: str, ids: Sequence[str]) -> dict[str, Stamp]:
    """Return the stamps with which the records were read when the groups were found."""
    rows = look.frame(object_name).index.get_indexer(pd.Index(list(ids)))
    return {each.id: each for each in stamps_of(look, object_name, rows)}


def _links(
    object_name: str,
    choice: Choice,
    why: Mapping[frozenset[str], str],
    stamps: Mapping[str, Stamp],
) -> Iterator[Change]:
    """Yield the merges of a group, one after the other: each takes over what its losers give."""
    cause = f"{CLEANUP_CAUSE}{NAME}"
    survivor = choice.survivor
    rests_on = tuple(stamps[each.id] for each in _all(choice))
    for first in range(0, len(choice.losers), MOST_LOSERS):
        here = choice.losers[first : first + MOST_LOSERS]
        ids = {each.id for each in here}
        taken = [each for each in choice.taken if each.whose in ids]
        told = [*taken, *(each for each in choice.taken if _is_contested(each, choice, here))]
        reason = "; ".join([f"stays: {choice.why}", *(_why(each, choice, why) for each in here)])
        yield Change(
            object_name,
            survivor.id,
            _name(survivor),
            {each.field: FieldChange(each.before, each.after) for each in taken},
            cause,
            reason,
            tuple(Evidence(each.field, each.after, each.whose) for each in told),
            rests_on,
            action=Action.MERGE,
            losers=tuple(_loser(each) for each in here),
        )


def _is_contested(taken: Taken, choice: Choice, here: Sequence[Candidate]) -> bool:
    """Tell whether the survivor keeps a value though one of these has another one."""
    if taken.whose != choice.survivor.id:
        return False
    others = (each.holding.fields.get(taken.field) for each in here)
    return any(other not in (None, "", taken.after) for other in others)


def _why(loser: Candidate, choice: Choice, why: Mapping[frozenset[str], str]) -> str:
    direct = why.get(frozenset((loser.id, choice.survivor.id)))
    if direct is not None:
        return f"{loser.id} is likely the same: {direct}"
    via = (
        f"{loser.id} is likely the same as {other.id}: {told}"
        for other in choice.losers
        if (told := why.get(frozenset((loser.id, other.id)))) is not None
    )
    return next(via, f"{loser.id} is likely the same, like the others")


def _name(record: Candidate) -> str:
    return str(record.holding.fields.get("Name") or record.id)


def _loser(record: Candidate) -> Loser:
    held = {name: value for name, value in record.holding.fields.items() if value not in (None, "")}
    return Loser(record.id, _name(record), held, record.holding.children)


CLEANUP = Cleanup(
    NAME,
    "Merge duplicate accounts, or contacts, into one record each.",
    options=(OBJECT, ACROSS),
    check=check,
    make=make,
)
