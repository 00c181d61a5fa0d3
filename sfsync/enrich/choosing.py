"""Which accounts are looked up in this run, and in which order?

A quota is spent where it counts: by status, then whoever was never looked up, then the stalest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sfsync.enrich.account import Account, digest_of
from sfsync.journal import LookedUp, LookupOutcome, Review, ReviewAnswer
from sfsync.model import from_wire
from sfsync.policy import NO_STATE, EnrichSettings

# A source that failed may be well again by then.
_AFTER_TROUBLE = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of accounts, by Id: the last look-up, all that people were asked about, in the
    order of asking, and when each last got a value from a source (UTC).
    """

    lookups: Mapping[str, LookedUp] = field(default_factory=dict)
    reviews: Mapping[str, Sequence[Review]] = field(default_factory=dict)
    enriched: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The accounts to be looked up, in order; how many more were due, and which of those named are
    never to be looked up.
    """

    accounts: tuple[Account, ...]
    waiting: int = 0
    never: tuple[Account, ...] = ()


def choose(
    accounts: Sequence[Account],
    known: Known,
    settings: EnrichSettings,
    now: datetime,
    today: date,
    limit: int,
) -> Chosen:
    """Choose the accounts that are due, those in need first, `limit` of them at most. Those of
    which only the rest is asked come last: while a source is down they are due every day.

    `today` is the calendar date of `now` in the org's zone.
    """
    order = {name: place for place, name in enumerate(settings.choose)}
    due: list[tuple[bool, int, bool, datetime, str, Account]] = []
    for account in accounts:
        place = order.get(account.status or NO_STATE)
        if place is None:
            continue
        since = _due(account, known, settings, now, today)
        if since is not None:
            is_rest = _is_rest(known.lookups.get(account.id), settings, now)
            due.append((is_rest, place, since > _NEVER, since, account.id, account))
    due.sort(key=lambda each: each[:5])
    return Chosen(tuple(each[-1] for each in due[:limit]), max(0, len(due) - limit))


def choose_named(accounts: Sequence[Account], known: Known, limit: int) -> Chosen:
    """Choose the accounts that somebody named, whether or not they are due; only what a person said
    is never to be looked up is not.
    """
    never = [
        each for each in accounts if _answered(known.reviews.get(each.id, ()), ReviewAnswer.NEVER)
    ]
    rest = [each for each in accounts if each not in never]
    return Chosen(tuple(rest[:limit]), max(0, len(rest) - limit), tuple(never))


def _due(
    account: Account, known: Known, settings: EnrichSettings, now: datetime, today: date
) -> datetime | None:
    """Return since when an account is due (the earlier, the more), None where it is not."""
    reviews = known.reviews.get(account.id, ())
    if _answered(reviews, ReviewAnswer.NEVER):
        return None
    looked = known.lookups.get(account.id)
    if looked is None:
        enriched = _enriched(account, known, settings)
        return _when_stale(enriched, settings, now)
    is_changed = looked.about != digest_of(account.company())
    answer = _unheeded(reviews, looked)
    if answer is not None and answer.answer is ReviewAnswer.OPEN:
        # Whoever corrects the account has answered in their own way.
        return _NEVER if is_changed else None
    if answer is not None and answer.answer in (ReviewAnswer.THIS, ReviewAnswer.NONE):
        # Without those that it is not, another source may be sure.
        return _NEVER
    if answer is not None and answer.until is not None:
        return _NEVER if today >= answer.until else None
    if looked.outcome is LookupOutcome.SURE:
        # What was planned and not applied (stale, refused, never run) is still to be done.
        at = _enriched(account, known, settings) if looked.planned else looked.at
        return _when_stale(at, settings, now)
    is_failed = looked.outcome in (LookupOutcome.FAILED, LookupOutcome.PARTLY)
    if is_changed and not is_failed:
        return _NEVER
    wait = _AFTER_TROUBLE if is_failed else timedelta(days=settings.look_again_days)
    return looked.at if now - looked.at >= wait else None


def _is_rest(looked: LookedUp | None, settings: EnrichSettings, now: datetime) -> bool:
    """Tell whether all is known of an account but what a source that was down may add."""
    if looked is None or looked.outcome is not LookupOutcome.PARTLY:
        return False
    return now - looked.at < timedelta(days=settings.refresh_days)


def _when_stale(at: datetime | None, settings: EnrichSettings, now: datetime) -> datetime | None:
    if at is None:
        return _NEVER
    return at if now - at >= timedelta(days=settings.refresh_days) else None


def _unheeded(reviews: Sequence[Review], looked: LookedUp) -> Review | None:
    """Return the last question to a person where it is open, or was answered since the account was
    looked up and the look-up has not been made good by it.
    """
    if not reviews or looked.outcome in (LookupOutcome.SURE, LookupOutcome.PARTLY):
        return None
    last = reviews[-1]
    is_new = last.answered_at is None or last.answered_at >= looked.at
    return last if is_new else None


def _enriched(account: Account, known: Known, settings: EnrichSettings) -> datetime | None:
    """Return when an account was last enriched, as the record says or the journal knows, also
    where that was taken back since.
    """
    moments = [known.enriched[account.id]] if account.id in known.enriched else []
    told = account.values.get(settings.enriched_at)
    if isinstance(told, str) and told:
        moments.append(from_wire(told))
    return max(moments, default=None)


def _answered(reviews: Sequence[Review], answer: ReviewAnswer) -> bool:
    return any(each.answer is answer for each in reviews)
