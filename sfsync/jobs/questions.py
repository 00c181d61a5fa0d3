"""What stands in the accounts that people are asked about, and what would each answer write?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfsync.enrich.account import Account
from sfsync.enrich.looking import BY_A_PERSON, Looked, Sure
from sfsync.enrich.model import Candidate, Entry, Found, Item, Standing
from sfsync.enrich.targets import Countries
from sfsync.enrich.writing import Writer
from sfsync.facts.blank import blank_texts_of
from sfsync.jobs.accounts import ACCOUNT, targets_of, with_currencies
from sfsync.jobs.job import Services
from sfsync.journal import Review, ShownCandidate
from sfsync.model import Change, Value
from sfsync.rules.needs import enrichment_reads


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the account that it is about, None where that is gone; and, for each
    candidate, what would be written were it this one: None where that is nothing.
    """

    review: Review
    account: Account | None
    changes: tuple[Change | None, ...] = ()


def accounts_asked(services: Services, reviews: Sequence[Review]) -> Mapping[str, Account]:
    """Read the accounts that questions are about, by Id; those that are gone are not there."""
    policy = services.policy
    described = services.org.fields(ACCOUNT) or {}
    fields = {name: policy.field(ACCOUNT, name) for name in enrichment_reads(policy)}
    fields = {name: field for name, field in fields.items() if field in described}
    ids = sorted({each.account for each in reviews})
    rows = services.org.records(ACCOUNT, ids, sorted(fields.values())) if ids else {}
    return {id: _account(id, row, fields, services) for id, row in rows.items()}


def _account(
    id: str, row: Mapping[str, Value], fields: Mapping[str, str], services: Services
) -> Account:
    values = {name: row.get(field) for name, field in fields.items()}
    machine = services.policy.machines.get(ACCOUNT)
    told = {
        name: None if values.get(name) is None else str(values[name])
        for name in ("name", "owner", "modified", machine.state if machine else "")
    }
    state = told[machine.state] if machine else None
    return Account(id, told["name"] or "", told["owner"], state, told["modified"], values)


def asked(services: Services, review: Review) -> Asked:
    """Put a question beside its account, and say what each answer would write.

    What other sources may add once it is known which company it is, nobody knows yet.
    """
    found = accounts_asked(services, [review]).get(review.account)
    if found is None:
        return Asked(review, None)
    (account,) = with_currencies(services.org, [found])
    targets, _ = targets_of(services.org, services.policy)
    writer = Writer(
        services.policy.enrich,
        targets,
        services.journal.filled(services.books, ACCOUNT, account.id),
        blank_texts_of(services.policy),
        Countries([account.values.get("country")]),
        services.now,
    )
    sure = [_as_if_sure(each, review) for each in review.candidates]
    changes = tuple(writer.write(account, Looked((each,))).change for each in sure)
    return Asked(review, account, changes)


def _as_if_sure(shown: ShownCandidate, review: Review) -> Sure:
    entry = Entry(
        review.provider,
        shown.key,
        shown.url,
        (shown.name,),
        standing=Standing(shown.standing or Standing.UNKNOWN),
        found=tuple(Found(Item(each.item), each.value, each.as_of) for each in shown.values),
    )
    fetched_on = f"{review.asked_at:%Y-%m-%d}"
    return Sure(entry, BY_A_PERSON, 1.0, fetched_on, Candidate(entry, (), shown.score))
