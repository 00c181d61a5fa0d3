"""What became of an account's opportunities, and what does it say about the account?

The closing of an opportunity is `LastStageChangeDate`; where that is empty, the day `CloseDate`, at
most today and at least the day it was created (spec, section 3).
"""

import numpy as np

from sfsync.columns import (
    NO_DAY,
    Array,
    Column,
    Kind,
    Mask,
    Proof,
    among,
    counts,
    last_rows,
    latest,
)
from sfsync.facts.entry import entered_days
from sfsync.facts.look import Look, fact, state_codes
from sfsync.policy import NO_STATE

_DEAL = ("account", "is_closed", "is_won", "created", "close_date", "stage_changed")
READS = tuple(f"Opportunity.{name}" for name in _DEAL)
NEEDS = ("Opportunity", "Opportunity.account", "Opportunity.is_closed", "Opportunity.is_won")


def _flag(look: Look, name: str) -> Mask:
    return look.column("Opportunity", name).values


def _in_time(look: Look) -> Mask:
    """Tell which opportunities, if they are closed, had been closed by `now`."""
    changed = look.column("Opportunity", "stage_changed").values
    return np.asarray(~(_flag(look, "is_closed") & (changed > look.now)))


def closing_days(look: Look) -> Array:
    """Return the day each closed opportunity was closed, datetime64[D]; NaT for open ones."""
    return look.once("closing days", _closing_days)


def _closing_days(look: Look) -> Array:
    changed = look.column("Opportunity", "stage_changed").values
    planned = np.minimum(look.column("Opportunity", "close_date").values, look.today)
    by_day = np.fmax(planned, look.day_of(look.column("Opportunity", "created").values))
    by_day = np.where(np.isnat(planned), NO_DAY, by_day)
    days = np.where(np.isnat(changed), by_day, look.day_of(changed))
    return np.where(_flag(look, "is_closed") & _in_time(look), days, NO_DAY)


def _closing_order(look: Look) -> Array:
    """Return the instant by which closings are ordered: where only the day is known, its start."""
    changed = look.column("Opportunity", "stage_changed").values
    return np.where(np.isnat(changed), look.start_of(closing_days(look)), changed)


def _accounts(look: Look, chosen: Mask) -> Array:
    return np.where(chosen & _in_time(look), look.column("Opportunity", "account").values, -1)


def _tables(look: Look) -> tuple[tuple[str, int], ...]:
    return (("Opportunity", look.size("Opportunity")),)


def _count(look: Look, chosen: Mask) -> Column:
    groups, size = _accounts(look, chosen), look.size("Account")
    proof = Proof(last_rows(groups, size), _tables(look))
    return Column(Kind.NUMBER, counts(groups, size), proof=proof)


@fact("Account", Kind.NUMBER, reads=READS, needs=NEEDS)
def open_opportunities(look: Look) -> Column:
    """How many opportunities are open."""
    return _count(look, ~_flag(look, "is_closed"))


@fact(
    "Account",
    Kind.NUMBER,
    reads=("Opportunity.amount", *READS),
    needs=(*NEEDS, "Opportunity.amount"),
)
def open_pipeline(look: Look) -> Column:
    """The sum of the amounts of the open opportunities."""
    groups = _accounts(look, ~_flag(look, "is_closed"))
    amounts = np.nan_to_num(look.column("Opportunity", "amount").values, nan=0.0)
    chosen = groups >= 0
    sums = np.bincount(groups[chosen], weights=amounts[chosen], minlength=look.size("Account"))
    return Column(Kind.NUMBER, sums)


@fact("Account", Kind.NUMBER, reads=READS, needs=NEEDS)
def won_opportunities(look: Look) -> Column:
    """How many opportunities were won, ever."""
    return _count(look, _flag(look, "is_won"))


@fact("Account", Kind.NUMBER, reads=READS, needs=NEEDS)
def lost_opportunities(look: Look) -> Column:
    """How many opportunities were lost, ever."""
    return _count(look, _flag(look, "is_closed") & ~_flag(look, "is_won"))


def _any_where(look: Look, chosen: Mask) -> Column:
    """Tell which accounts have a chosen opportunity; the proof is the one with the latest
    closing.
    """
    groups, size = _accounts(look, chosen), look.size("Account")
    _, rows = latest(groups, _closing_order(look), size)
    # One whose closing nobody knows is no proof, yet it counts.
    return Column(Kind.FLAG, counts(groups, size) > 0, proof=Proof(rows, _tables(look)))


def _counts_without_entry(look: Look) -> Mask:
    """Tell, per account, whether its deals count as new while nobody knows since when it is in its
    status.
    """
    states = list(look.policy.machines["Account"].states)
    counting = look.policy.facts.deals_count_without_entry
    table = np.array(
        [name in counting for name in states] + [False, NO_STATE in counting], dtype=bool
    )
    return np.asarray(table[look.state("Account")])


def _since_entry(look: Look, closed_well: Mask, since: Mask) -> Column:
    """Tell which accounts have a deal since they entered; `since` is judged per deal where the
    entry is known.
    """
    account = look.column("Opportunity", "account").values
    unknown = np.append(~look.column("Account", "entered_status_at").present, False)[account]
    counting = np.append(_counts_without_entry(look), False)[account]
    return _any_where(look, closed_well & np.where(unknown, counting, since))


def _of_account(look: Look, values: Array) -> Array:
    """Return, per opportunity, the account's value; NaT where it has no account."""
    return np.append(values, np.array("NaT", values.dtype))[
        look.column("Opportunity", "account").values
    ]


@fact("Account", Kind.FLAG, reads=READS, needs=NEEDS)
def won_since_entry(look: Look) -> Column:
    """Whether an opportunity was won on the day the account entered its status, or later.

    By the day on purpose: deals are booked before and after statuses are moved.
    """
    entered = _of_account(look, entered_days(look))
    return _since_entry(look, _flag(look, "is_won"), closing_days(look) >= entered)


@fact("Account", Kind.FLAG, reads=READS, needs=NEEDS)
def lost_since_entry(look: Look) -> Column:
    """Whether an opportunity was lost after the account entered its status."""
    changed = look.column("Opportunity", "stage_changed").values
    entered = _of_account(look, look.column("Account", "entered_status_at").values)
    later_day = closing_days(look) > _of_account(look, entered_days(look))
    since = np.where(np.isnat(changed), later_day, changed > entered)
    return _since_entry(look, _flag(look, "is_closed") & ~_flag(look, "is_won"), since)


@fact("Account", Kind.FLAG, reads=("Account.subscription_end", *READS), needs=NEEDS)
def won_after_subscription(look: Look) -> Column:
    """Whether an opportunity was won after the day on which the subscription ends: a renewal."""
    ends = _of_account(look, look.column("Account", "subscription_end").values)
    return _any_where(look, _flag(look, "is_won") & (closing_days(look) > ends))


@fact("Account", Kind.WORDS, reads=("Opportunity.lost_reason", *READS), needs=NEEDS)
def last_lost_reason(look: Look) -> Column:
    """Why the lost opportunity with the latest closing was lost."""
    lost = _flag(look, "is_closed") & ~_flag(look, "is_won")
    _, rows = latest(_accounts(look, lost), _closing_order(look), look.size("Account"))
    reason = look.column("Opportunity", "lost_reason")
    codes = np.append(reason.values, np.int32(-1))[rows]
    return Column(Kind.WORDS, codes, reason.words, Proof(rows, _tables(look)))


@fact(
    "Account",
    Kind.FLAG,
    reads=(
        "Opportunity.stage",
        "OpportunityHistory.opportunity",
        "OpportunityHistory.stage",
        *READS,
    ),
    needs=("Opportunity", "Opportunity.account", "Opportunity.stage"),
)
def ever_qualified(look: Look) -> Column:
    """Whether an opportunity ever reached one of the qualified stages, as its stage or in its
    history.
    """
    machine = look.policy.machines["Opportunity"]
    qualified = [n for n, s in enumerate(machine.states) if s in look.policy.facts.qualified_stages]
    reached = among(look.state("Opportunity"), qualified)
    history = state_codes(look.column("OpportunityHistory", "stage"), machine, former=True)
    rows = look.column("OpportunityHistory", "opportunity").values
    rows = rows[among(history, qualified) & (rows >= 0)]
    reached[rows] = True
    account = np.where(reached, look.column("Opportunity", "account").values, -1)
    found = last_rows(account, look.size("Account"))
    return Column(Kind.FLAG, found >= 0, proof=Proof(found, _tables(look)))


@fact("Opportunity", Kind.NUMBER, reads=READS, needs=("Opportunity.is_closed",))
def days_since_closing(look: Look) -> Column:
    """Days since the opportunity was closed; none while it is open."""
    days = closing_days(look)
    return Column(
        Kind.NUMBER, np.where(np.isnat(days), np.nan, (look.today - days).astype("float64"))
    )
