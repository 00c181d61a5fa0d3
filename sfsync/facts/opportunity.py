"""When was an opportunity last worked on, and what is planned on it?"""

import numpy as np

from sfsync.columns import Column, Kind, Proof, empty
from sfsync.facts.activity import DONE, PLANNED, READS, last_in, next_in
from sfsync.facts.entry import future_entry
from sfsync.facts.history import state_field
from sfsync.facts.look import Look, fact
from sfsync.facts.owners import NEEDS, inactive_owners

_OF_OPPORTUNITY = ("Task.opportunity", "Event.opportunity")


@fact("Opportunity", Kind.INSTANT, reads=READS)
def last_activity_at(look: Look) -> Column:
    """The instant of the latest activity about this opportunity."""
    return last_in(look, "Opportunity", "opportunity")


@fact("Opportunity", Kind.DATE, reads=READS, needs=(*PLANNED, *_OF_OPPORTUNITY))
def next_step_on(look: Look) -> Column:
    """The earliest day, today or later, of an open task or a coming event about this
    opportunity.
    """
    return next_in(look, "Opportunity", "opportunity")


@fact(
    "Opportunity",
    Kind.NUMBER,
    reads=("Opportunity.created", *READS),
    needs=(*DONE, *_OF_OPPORTUNITY),
)
def idle_days(look: Look) -> Column:
    """Days since the latest of the last activity, the entry into the stage, and the creation."""
    last = look.column("Opportunity", "last_activity_at")
    if not last.known:
        return empty(Kind.NUMBER, look.size("Opportunity"), known=False)
    entered = look.column("Opportunity", "entered_stage_at").values
    latest = np.fmax(np.fmax(last.values, entered), look.column("Opportunity", "created").values)
    return Column(Kind.NUMBER, look.days_since(latest), proof=last.proof)


@fact("Opportunity", Kind.NUMBER)
def days_in_stage(look: Look) -> Column:
    """Days since the opportunity entered its stage."""
    entered = look.column("Opportunity", "entered_stage_at")
    return Column(Kind.NUMBER, look.days_since(entered.values), proof=entered.proof)


@fact("Opportunity", Kind.FLAG, reads=("Opportunity.owner", "User.is_active"), needs=NEEDS)
def has_inactive_owner(look: Look) -> Column:
    """Whether the owner is a user who is not active any more."""
    return Column(Kind.FLAG, inactive_owners(look, "Opportunity"))


@fact("Opportunity", Kind.FLAG)
def has_stage_date(look: Look) -> Column:
    """Whether the date field of the stage is filled; one that lies in the future counts as
    empty.
    """
    return Column(Kind.FLAG, ~np.isnat(state_field(look, "Opportunity")))


@fact(
    "Opportunity",
    Kind.WORDS,
    reads=("Opportunity.account", "Account.status"),
    needs=("Opportunity.account", "Account.status"),
)
def account_status(look: Look) -> Column:
    """The status of the account, at the start of the pass."""
    status = look.column("Account", look.policy.machines["Account"].state)
    account = look.column("Opportunity", "account").values
    codes = np.append(status.values, np.int32(-1))[account]
    proof = Proof(account, (("Account", look.size("Account")),))
    return Column(Kind.WORDS, codes, status.words, proof)


@fact("Opportunity", Kind.FLAG)
def has_future_entry(look: Look) -> Column:
    """Whether a date field of any stage lies in the future."""
    return Column(Kind.FLAG, future_entry(look, "Opportunity"))
