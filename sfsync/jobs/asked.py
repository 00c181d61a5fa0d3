"""Which accounts wait for a person's word on what public sources have?"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sfsync.enrich.looking import Looked
from sfsync.enrich.model import Candidate, Match
from sfsync.facts import Look
from sfsync.journal import Review, ReviewKind, ShownCandidate, ShownClue, ShownValue
from sfsync.model import Evidence, Finding
from sfsync.policy import COMPANY_CEASED, ENRICHMENT_REVIEW, NO_STATE, NUMBER_INVALID
from sfsync.rules.sayings import ACCOUNT, COMPANIES, SOURCE
from sfsync.rules.words import name_of


def reviews_found(look: Look, reviews: Sequence[Review]) -> Iterator[Finding]:
    """Give a finding for each question that is open, of accounts that are still enriched."""
    settings = look.policy.enrich
    if not settings.providers or ACCOUNT not in look.policy.machines:
        return
    status = look.column(ACCOUNT, look.policy.machines[ACCOUNT].state)
    for review in sorted(reviews, key=lambda each: each.account):
        row = look.snapshot.position(ACCOUNT, review.account)
        if row is None or (status.at(row) or NO_STATE) not in settings.choose:
            continue
        yield finding_of(review, name_of(look, ACCOUNT, row), _owner(look, row))


def _owner(look: Look, row: int) -> str | None:
    position = int(look.column(ACCOUNT, "owner").values[row])
    return str(look.frame("User").index[position]) if position >= 0 else None


def review_of(account: str, looked: Looked, match: Match, now: datetime) -> Review:
    """Return what a person is asked about an account, of what came of its look-up."""
    kind = ReviewKind.MATCH if match.candidates else ReviewKind.NUMBER
    return Review(
        account,
        match.provider,
        ReviewKind.CEASED if looked.ceased else kind,
        match.why,
        tuple(_shown(each) for each in match.candidates),
        now,
    )


def _shown(candidate: Candidate) -> ShownCandidate:
    entry = candidate.entry
    seats = sorted(entry.places, key=lambda place: (not place.is_seat, not place.is_open))
    town = " ".join(filter(None, (seats[0].postal_code, seats[0].city))) if seats else ""
    return ShownCandidate(
        entry.key,
        entry.url,
        entry.names[0] if entry.names else entry.key,
        town,
        entry.standing.value,
        candidate.score,
        {scheme.value: number for scheme, number in entry.identifiers.items()},
        tuple(
            ShownClue(each.of, each.ours, each.theirs, each.agreement.value, each.points)
            for each in candidate.clues
        ),
        tuple(ShownValue(each.item.value, each.value, each.as_of) for each in entry.found),
    )


def finding_of(review: Review, name: str, owner: str | None) -> Finding:
    """Say what a person is asked about an account."""
    if review.kind is ReviewKind.NUMBER:
        message = f"{review.why}, says {review.provider}"
        proof = (Evidence(SOURCE, review.provider),)
        return Finding(NUMBER_INVALID, ACCOUNT, review.account, name, owner, message, proof)
    told = "; ".join(_in_words(each) for each in review.candidates)
    evidence = [Evidence(COMPANIES, told), Evidence(SOURCE, review.provider)]
    evidence += [
        Evidence(f"{clue.of} {clue.agreement}", f"{clue.ours or '-'} / {clue.theirs or '-'}")
        for each in review.candidates[:1]
        for clue in each.clues
    ]
    if review.kind is ReviewKind.CEASED:
        code, message = COMPANY_CEASED, f"{told} has ceased to trade, says {review.provider}"
    else:
        code, message = ENRICHMENT_REVIEW, f"perhaps {told} ({review.provider}): {review.why}"
    return Finding(code, ACCOUNT, review.account, name, owner, message, tuple(evidence))


def _in_words(candidate: ShownCandidate) -> str:
    told = ", ".join(filter(None, (candidate.key, candidate.town)))
    return f"{candidate.name} ({told})"
