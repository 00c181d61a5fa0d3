"""What does an opportunity owe because it is in Commit, and who is met about it?"""

import numpy as np

from sfsync.columns import Array, Column, Kind, Mask, Proof, among, counts, last_rows
from sfsync.facts.deals import READS, closing_days
from sfsync.facts.entry import entered_by_service, stage_before
from sfsync.facts.look import Look, fact

_HISTORY = tuple(
    f"OpportunityHistory.{name}" for name in ("opportunity", "stage", "created_by", "created")
)


def _from_commit(look: Look) -> Mask:
    """Tell which opportunities were in Commit before their present stage."""
    return np.asarray(stage_before(look) == _commit(look))


def _commit(look: Look) -> int:
    """Return the place of the stage Commit in the machine's states."""
    return list(look.policy.machines["Opportunity"].states).index(look.policy.facts.commit_stage)


@fact("Opportunity", Kind.FLAG)
def commit_is_enforced(look: Look) -> Column:
    """Whether `commit.mode` in sfsync.yaml is `enforce`; the same for all opportunities."""
    return Column(
        Kind.FLAG, np.full(look.size("Opportunity"), look.policy.commit.is_enforced, dtype=bool)
    )


@fact(
    "Opportunity",
    Kind.FLAG,
    reads=("Opportunity.stage", "Opportunity.is_closed", *_HISTORY),
    needs=("Opportunity.stage", "OpportunityHistory"),
)
def returned_from_commit(look: Look) -> Column:
    """Whether it is open, and the service itself took it from Commit into its present stage."""
    is_open = ~look.column("Opportunity", "is_closed").values
    return Column(Kind.FLAG, is_open & entered_by_service(look) & _from_commit(look))


@fact(
    "Opportunity",
    Kind.FLAG,
    reads=("Opportunity.stage", *_HISTORY, *READS),
    needs=("Opportunity.stage",),
)
def commit_due(look: Look) -> Column:
    """Whether all that Commit asks for must be there: in Commit, won straight from it a few days
    ago, or taken back from it by the service.
    """
    limit = np.timedelta64(look.policy.facts.commit_days_after_won, "D")
    is_young = look.today - closing_days(look) <= limit
    lately = look.column("Opportunity", "is_won").values & is_young
    in_commit = look.state("Opportunity") == _commit(look)
    # What was missing is still to be mended where the service took it back for that.
    returned = look.column("Opportunity", "returned_from_commit").values
    return Column(Kind.FLAG, in_commit | (lately & _from_commit(look)) | returned)


@fact(
    "Opportunity",
    Kind.NUMBER,
    reads=("Event.opportunity", "Event.type"),
    needs=("Event", "Event.opportunity", "Event.type"),
)
def onboarding_meetings(look: Look) -> Column:
    """How many events of an onboarding type are about this opportunity, past or to come."""
    kind = look.column("Event", "type")
    wanted = [kind.code(each) for each in look.policy.facts.onboarding_event_types]
    about = np.where(among(kind.values, wanted), look.column("Event", "opportunity").values, -1)
    return _counted(look, about, "Event")


@fact(
    "Opportunity",
    Kind.NUMBER,
    reads=("OpportunityContactRole.opportunity",),
    needs=("OpportunityContactRole", "OpportunityContactRole.opportunity"),
)
def contact_roles(look: Look) -> Column:
    """How many contacts have a role in this opportunity."""
    about = look.column("OpportunityContactRole", "opportunity").values
    return _counted(look, about, "OpportunityContactRole")


def _counted(look: Look, groups: Array, table: str) -> Column:
    size = look.size("Opportunity")
    proof = Proof(last_rows(groups, size), ((table, look.size(table)),))
    return Column(Kind.NUMBER, counts(groups, size), proof=proof)
