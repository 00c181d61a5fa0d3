"""How long does an account rest in the backlog?

Each stay is longer than the one before; the reason of the last lost opportunity may name its own
length (spec, section 5).
"""

import numpy as np

from sfsync.columns import Array, Column, Kind
from sfsync.facts.entry import entered_days
from sfsync.facts.look import Look, fact

_COUNT = "Account.backlog_count"
_UNTIL = "Account.backlog_until"
_NONE = "NaT"


def _length(look: Look, counts: Array) -> Array:
    """Return the days of the pause for the first, second, … stay, timedelta64[D]."""
    lengths = np.array(look.policy.facts.pause_days)
    places = np.clip(counts.astype("int64"), 1, len(lengths)) - 1
    return np.asarray(lengths[places].astype("timedelta64[D]"))


def _stays(look: Look) -> Array:
    return np.nan_to_num(look.column("Account", "backlog_count").values, nan=0.0)


@fact("Account", Kind.DATE, reads=(_COUNT, _UNTIL), needs=(_UNTIL,))
def pause_ends_on(look: Look) -> Column:
    """The last day of the pause: the date set, else the day of the entry plus the usual length.

    A date before the entry is left over from an earlier stay and counts as none; the length is that
    of the present count. Unknown where the entry is and no date is set.
    """
    until = look.column("Account", "backlog_until").values
    entered_day = entered_days(look)
    due = entered_day + _length(look, _stays(look))
    return Column(Kind.DATE, np.where(np.isnat(until) | (until < entered_day), due, until))


@fact("Account", Kind.NUMBER, reads=(_COUNT,))
def next_backlog_count(look: Look) -> Column:
    """Which stay in the backlog the next one would be."""
    return Column(Kind.NUMBER, _stays(look) + 1)


def _until(look: Look, lengths: Array) -> Column:
    """Return today plus the length; a later date that a person set is kept."""
    until = look.column("Account", "backlog_until").values
    return Column(Kind.DATE, np.where(until > look.today, until, look.today + lengths))


@fact("Account", Kind.DATE, reads=(_COUNT, _UNTIL))
def next_backlog_until(look: Look) -> Column:
    """The last day of a pause that begins today, by the number of the stay."""
    return _until(look, _length(look, _stays(look) + 1))


@fact("Account", Kind.DATE, reads=(_COUNT, _UNTIL, "Opportunity.lost_reason"))
def next_backlog_until_by_reason(look: Look) -> Column:
    """The last day of a pause that begins today, by the reason of the last lost opportunity if that
    names a length.
    """
    own = _length_by_reason(look)
    return _until(look, np.where(np.isnat(own), _length(look, _stays(look) + 1), own))


def _length_by_reason(look: Look) -> Array:
    """Return the days of the pause that the last lost reason names, timedelta64[D]; NaT where it
    names none.
    """
    reason = look.column("Account", "last_lost_reason")
    lengths = look.policy.facts.pause_days_by_lost_reason
    days = [
        np.timedelta64(lengths[word], "D") if word in lengths else _NONE for word in reason.words
    ]
    return np.asarray(np.array([*days, _NONE], dtype="timedelta64[D]")[reason.values])


def pauses_by_history(look: Look) -> tuple[Array, Array]:
    """Return the last day of each account's present pause, whatever date is set: by the number of
    its stays, and by the last lost reason, NaT where that names no length; datetime64[D], both NaT
    where nobody knows since when it is in its status.
    """
    entered_day = entered_days(look)
    by_stays = entered_day + _length(look, _stays(look))
    return np.asarray(by_stays), np.asarray(entered_day + _length_by_reason(look))
