"""Which stages does the history of opportunities know, and in which order did they come?"""

from dataclasses import dataclass

import numpy as np

from sfsync.columns import Array, Mask
from sfsync.facts.look import Look, state_codes


@dataclass(frozen=True, slots=True)
class Stages:
    """The rows of the opportunities' history that say when a stage was: their places in the frame,
    the opportunity, the stage's place in the machine's states, and their rank, a number that sorts
    them by time, then by Id, and is no other row's.
    """

    row: Array
    record: Array
    state: Array
    rank: Array


def stages(look: Look) -> Stages:
    """Return the stages that the history knows, in the order of the frame."""
    opportunity = look.column("OpportunityHistory", "opportunity").values
    at = look.column("OpportunityHistory", "created").values
    states = state_codes(
        look.column("OpportunityHistory", "stage"), look.policy.machines["Opportunity"], former=True
    )
    rows = np.flatnonzero((opportunity >= 0) & ~np.isnat(at)).astype("int32")
    seconds = at.view("int64")[rows]
    # Frames are sorted by Id.
    rank = (seconds - seconds.min(initial=0)) * len(rows) + np.arange(len(rows))
    return Stages(rows, opportunity[rows], states[rows], rank)


def last_rank(found: Stages, chosen: Mask, size: int) -> Array:
    """Return the rank of each opportunity's last chosen row, -1 where none is."""
    last = np.full(size, -1, dtype="int64")
    np.maximum.at(last, found.record[chosen], found.rank[chosen])
    return last


def place_of(found: Stages, ranks: Array) -> Array:
    """Return the places among the stages of rows by their ranks."""
    return np.asarray(ranks % max(len(found.rank), 1))


def sorted_stages(look: Look) -> tuple[Array, Array, Array]:
    """Return the rows of the opportunities' stages by opportunity, time and Id: their places in the
    frame, the opportunity, and the stage's place in the machine's states.
    """
    found = stages(look)
    order = np.lexsort((found.rank, found.record))
    return found.row[order], found.record[order], found.state[order]
