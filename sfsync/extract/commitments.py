"""What are the deals in Commit worth, and in which currency?"""

from collections.abc import Collection

from sfsync.extract.currencies import CURRENCY_FIELD
from sfsync.model import Value
from sfsync.org import OrgReader, Question
from sfsync.org.soql import condition
from sfsync.policy import Policy
from sfsync.report import Commitment

_DEALS = "Opportunity"


def read_commitments(
    org: OrgReader, policy: Policy, incomplete: Collection[str]
) -> tuple[Commitment, ...]:
    """Read the opportunities that are in Commit now, in one question; none where the org shows no
    amounts. `incomplete` names those that lack something.

    Raises OrgUnavailable or OrgRefused from the door.
    """
    known = org.fields(_DEALS) or {}
    stage, owner, amount = (policy.field(_DEALS, name) for name in ("stage", "owner", "amount"))
    if not {stage, amount} <= known.keys():
        return ()
    fields = ("Id", *(name for name in (owner, amount, CURRENCY_FIELD) if name in known))
    where = condition(f"{stage} = {{}}", policy.facts.commit_stage)
    (rows,) = org.ask([Question(_DEALS, fields, where=where)])
    return tuple(
        Commitment(
            id=str(row["Id"]),
            owner_id=str(row[owner]) if row.get(owner) else None,
            amount=_number(row.get(amount)),
            currency=str(row.get(CURRENCY_FIELD) or ""),
            is_complete=str(row["Id"]) not in incomplete,
        )
        for row in rows
    )


def _number(value: Value) -> float | None:
    return None if value is None else float(value)
