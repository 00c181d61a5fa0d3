"""What do records hold that are to be merged, and what hangs on them?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sfsync.model import STAMP_FIELD, Value
from sfsync.org import OrgReader, Question
from sfsync.org.soql import condition

# Their values are made of other fields, or are files.
_UNREAD = frozenset({"address", "location", "complexvalue", "base64"})
_IDS_AT_ONCE = 2_000
_CUSTOM = "__c"
# What may hang on a record of each object, as far as the org has it; custom objects come besides.
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "Account": (
        *("Account.ParentId", "AccountContactRelation.AccountId", "AccountContactRole.AccountId"),
        *("AccountTeamMember.AccountId", "Asset.AccountId", "Attachment.ParentId"),
        *("Case.AccountId", "Contact.AccountId", "ContentDocumentLink.LinkedEntityId"),
        *("Contract.AccountId", "Event.WhatId", "Lead.ConvertedAccountId", "Note.ParentId"),
        *("Opportunity.AccountId", "Order.AccountId", "Task.WhatId"),
    ),
    "Contact": (
        *("AccountContactRelation.ContactId", "AccountContactRole.ContactId", "Asset.ContactId"),
        *("Attachment.ParentId", "CampaignMember.ContactId", "Case.ContactId"),
        *("Contact.ReportsToId", "ContentDocumentLink.LinkedEntityId", "Event.WhoId"),
        *("Lead.ConvertedContactId", "Note.ParentId", "OpportunityContactRole.ContactId"),
        "Task.WhoId",
    ),
}


@dataclass(frozen=True, slots=True)
class Holding:
    """All that a record holds, by API name, and the Ids of what hangs on it, by `Object.Field`: of
    each field that was asked for, be there none.
    """

    fields: Mapping[str, Value]
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def stamp(self) -> str | None:
        """Its SystemModstamp; None where the org has none."""
        found = self.fields.get(STAMP_FIELD)
        return None if found is None else str(found)


def holdings_of(org: OrgReader, object: str, ids: Sequence[str]) -> dict[str, Holding]:
    """Read what records hold, and what hangs on them, by Id; what is gone is absent.

    Raises OrgUnavailable or OrgRefused where it cannot be read.
    """
    known = org.fields(object) or {}
    wanted = sorted(name for name, info in known.items() if info.type not in _UNREAD)
    rows = org.records(object, ids, wanted) if ids else {}
    references = _references(org, object)
    children: dict[str, dict[str, list[str]]] = {id: {} for id in rows}
    for reference in references:
        for each in children.values():
            each[reference] = []
    asked = [
        (reference, Question(child, ("Id", name), where=condition(f"{name} IN {{}}", piece)))
        for reference in references
        for child, _, name in [reference.partition(".")]
        for piece in _pieces(sorted(rows))
    ]
    answers = org.ask([question for _, question in asked]) if asked else []
    for (reference, _), found in zip(asked, answers, strict=True):
        name = reference.partition(".")[2]
        for row in found:
            children[str(row[name])][reference].append(str(row["Id"]))
    return {
        id: Holding(row, {name: tuple(sorted(each)) for name, each in children[id].items()})
        for id, row in rows.items()
    }


def _references(org: OrgReader, object: str) -> list[str]:
    """Name the fields of other records that lead to an object's, as `Object.Field`."""
    told = {f"{child}.{name}" for child, name in org.children(object)}
    listed = {each for each in told if each.partition(".")[0].endswith(_CUSTOM)}
    listed |= {each for each in _KNOWN[object] if not told or each in told}
    org.describe(sorted({each.partition(".")[0] for each in listed}))
    return sorted(each for each in listed if _is_there(org, each))


def _is_there(org: OrgReader, reference: str) -> bool:
    child, _, name = reference.partition(".")
    return name in (org.fields(child) or ())


def _pieces(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[first : first + _IDS_AT_ONCE] for first in range(0, len(ids), _IDS_AT_ONCE)]
