"""What does an opportunity owe because it is in Commit, and who is met about it?"""

import numpy as np

from sfsync.columns import Array, Column, Kind, Proof, counts, latest
from sfsync.facts.deals import READS, closing_days
from sfsync.facts.entry import sorted_stages
from sfsync.facts.look import Look, fact

_HISTORY = tuple(f"OpportunityHistory.{name}" for name in ("opportunity", "stage", "created"))


def _stage_before(look: Look) -> Array:
    """Return, for each opportunity, the place of the stage in which it was before its present one,
    by its history; -1 where that tells of none.
    """
    _, record, state = sorted_stages(look)
    present = look.state("Opportunity")
    # What is left once the last run, of the present stage, is taken away ends with the one before.
    other = state != present[record]
    last = np.full(len(present), -1, dtype="int64")
    np.maximum.at(last, record[other], np.flatnonzero(other))
    return np.where(last >= 0, np.append(state, -1)[last], -1)


@fact(
    "Opportunity",
    Kind.FLAG,
    reads=("Opportunity.stage", *_HISTORY, *READS),
    needs=("Opportunity.stage",),
)
def commit_due(look: Look) -> Column:
    """Whether all that Commit asks for must be there: in Commit, or won straight from it a few days
    ago.
    """
    machine, facts = look.policy.machines["Opportunity"], look.policy.facts
    commit = list(machine.states).index(facts.commit_stage)
    days = closing_days(look)
    limit = np.timedelta64(facts.commit_days_after_won, "D")
    lately = look.column("Opportunity", "is_won").values & (look.today - days <= limit)
    in_commit = look.state("Opportunity") == commit
    return Column(Kind.FLAG, in_commit | (lately & (_stage_before(look) == commit)))


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
    about = np.where(np.isin(kind.values, wanted), look.column("Event", "opportunity").values, -1)
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
    _, rows = latest(groups, np.arange(len(groups)).astype("datetime64[s]"), size)
    proof = Proof(rows, ((table, look.size(table)),))
    return Column(Kind.NUMBER, counts(groups, size), proof=proof)
