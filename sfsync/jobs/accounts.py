"""Which accounts are there to be enriched, and which fields of the org may be filled?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sfsync.enrich.account import Account
from sfsync.enrich.targets import Target
from sfsync.extract import approach, extract
from sfsync.extract.currencies import CURRENCY_FIELD
from sfsync.facts import Look
from sfsync.jobs.job import Services
from sfsync.model import Value
from sfsync.org import FieldInfo, OrgReader
from sfsync.policy import Policy
from sfsync.rules.needs import enrichment_reads

ACCOUNT = "Account"
_USER = "User"


def read_accounts(services: Services, read_at: datetime) -> tuple[Account, ...]:
    """Read the accounts of the loop, only the fields that enrichment needs, sorted by Id.

    Raises Stopped where that takes more API calls than the org can spare, and what the door raises.
    """
    policy = services.policy
    columns = {ACCOUNT: enrichment_reads(policy)}
    if _USER in policy.objects:
        columns[_USER] = ["name"]
    way = approach(services.org, policy, read_at, columns=columns)
    look = Look(extract(services.org, policy, services.now, way=way), policy)
    if ACCOUNT not in look.snapshot.frames:
        return ()
    return _accounts(look)


def with_currencies(org: OrgReader, accounts: Sequence[Account]) -> tuple[Account, ...]:
    """Return accounts with the currency of their amounts, where the org has several."""
    if CURRENCY_FIELD not in (org.fields(ACCOUNT) or {}) or not accounts:
        return tuple(accounts)
    rows = org.records(ACCOUNT, sorted(each.id for each in accounts), [CURRENCY_FIELD])
    told = {id: _text(row.get(CURRENCY_FIELD)) or "" for id, row in rows.items()}
    return tuple(replace(each, currency=told.get(each.id, "")) for each in accounts)


def _accounts(look: Look) -> tuple[Account, ...]:
    frame = look.frame(ACCOUNT)
    ids = [str(each) for each in frame.index]
    rows = frame.reset_index(drop=True).index.to_numpy()
    values: dict[str, list[Value]] = {
        name: look.column(ACCOUNT, name).take(rows)
        for name in enrichment_reads(look.policy)
        if name != "owner"
    }
    owners = _owners(look, len(ids))
    states = values.get(look.policy.machines[ACCOUNT].state, [None] * len(ids))
    found = []
    for row, id in enumerate(ids):
        mine = {name: each[row] for name, each in values.items()}
        found.append(
            Account(
                id,
                _text(mine.get("name")) or "",
                owners[row],
                _text(states[row]),
                _text(mine.get("modified")),
                mine,
            )
        )
    return tuple(found)


def _owners(look: Look, size: int) -> list[str | None]:
    if "owner" not in look.policy.objects[ACCOUNT] or _USER not in look.snapshot.frames:
        return [None] * size
    users = [str(each) for each in look.frame(_USER).index]
    positions = look.column(ACCOUNT, "owner").values.tolist()
    return [users[each] if each >= 0 else None for each in positions]


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def targets_of(org: OrgReader, policy: Policy) -> tuple[Mapping[str, Target], tuple[str, ...]]:
    """Return the fields that may be filled, by item (`enriched_at` and `source` among them), and
    those (API names) that the org lacks, hides, or does not let the service's user write.
    """
    described: Mapping[str, FieldInfo] = org.fields(ACCOUNT) or {}
    settings = policy.enrich
    wanted = {
        **settings.fields,
        "enriched_at": settings.enriched_at,
        "source": settings.source,
    }
    targets: dict[str, Target] = {}
    lacking = []
    for item, name in wanted.items():
        info = described.get(policy.field(ACCOUNT, name))
        if item == "number_of_employees" and settings.number_of_employees == "never":
            continue
        if info is None or not info.updateable:
            lacking.append(policy.field(ACCOUNT, name))
        else:
            targets[item] = Target(name, info)
    return targets, tuple(sorted(lacking))
