"""Since when is a record in its status or stage?

The field of the state says it, unless the history knows of a later entry.
"""

from dataclasses import dataclass

import numpy as np

from sfsync.columns import NO_INSTANT, Array, Column, Kind, Mask, Proof
from sfsync.facts.history import History, by_whom, entries, own_rows, state_field
from sfsync.facts.look import UNKNOWN_STATE_CODE, Look, fact, state_codes
from sfsync.facts.stages import Stages, last_rank, place_of, sorted_stages, stages
from sfsync.policy import NO_STATE_CODE
from sfsync.snapshot import PREVIOUS_STATE, WAS_READ


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries into states that a history (`table`) knows: the record's position, the state's place,
    when, and the row in the table.
    """

    table: str
    record: Array
    state: Array
    at: Array
    row: Array


def entries_known(look: Look, object_name: str) -> Entries:
    """Return all entries into the states of an object that its history knows, in no order."""
    if object_name == "Opportunity":
        order, record, state = sorted_stages(look)
        starts = _starts(record, state) & (state >= 0)
        rows = order[starts]
        at = look.column("OpportunityHistory", "created").values[rows]
        return Entries("OpportunityHistory", record[starts], state[starts], at, rows)
    history = _account_history(look)
    here = (history.record >= 0) & (history.state >= 0)
    return Entries(
        "AccountHistory",
        history.record[here],
        history.state[here],
        history.at[here],
        history.row[here],
    )


def _account_history(look: Look) -> History:
    machine = look.policy.machines["Account"]
    field = look.column("AccountHistory", "field")
    of_state = field.values == field.code(look.policy.field("Account", machine.state))
    texts = look.column("AccountHistory", "new_value")
    states = state_codes(texts, machine, former=True)
    mine, others = by_whom(look, look.column("AccountHistory", "created_by"))
    rows = np.flatnonzero(of_state).astype("int32")
    return History(
        record=look.column("AccountHistory", "account").values[rows],
        state=states[rows],
        text=texts.only(rows),
        at=look.column("AccountHistory", "created").values[rows],
        by_service=mine[rows],
        by_other=others[rows],
        row=rows,
    )


def _moved_since_previous(look: Look, object_name: str, known: Array) -> Mask:
    """Tell which records the last finished run left in another state, with nothing known later than
    its start.
    """
    frame = look.frame(object_name)
    if look.snapshot.previous is None or PREVIOUS_STATE not in frame:
        return np.zeros(len(frame), dtype=bool)
    machine = look.policy.machines[object_name]
    before = Column(
        Kind.WORDS,
        frame[PREVIOUS_STATE].cat.codes.to_numpy().astype("int32"),
        tuple(frame[PREVIOUS_STATE].cat.categories),
    )
    start = np.datetime64(look.snapshot.previous.replace(tzinfo=None), "s")
    other = frame[WAS_READ].to_numpy() & (state_codes(before, machine) != look.state(object_name))
    return np.asarray(other & ~(known > start))


def _born_in_it(look: Look, changed: Mask) -> Mask:
    """Tell which accounts were created since the last finished run, or have a `created` row and no
    change of status by anybody else (`changed`).
    """
    frame = look.frame("Account")
    created = look.column("Account", "created").values
    born = np.zeros(len(frame), dtype=bool)
    if look.snapshot.previous is not None:
        start = np.datetime64(look.snapshot.previous.replace(tzinfo=None), "s")
        born = created > start
    field = look.column("AccountHistory", "field")
    accounts = look.column("AccountHistory", "account").values
    tracked = _among(accounts[field.values == field.code("created")], len(frame))
    return np.asarray(born | (tracked & ~changed))


def _among(places: Array, size: int) -> Mask:
    """Tell which of so many records are among these places (negative: none)."""
    found = np.zeros(size, dtype=bool)
    found[places[places >= 0]] = True
    return found


_HISTORY = ("account", "field", "new_value", "created_by", "created")


@fact(
    "Account",
    Kind.INSTANT,
    reads=("Account.created", *(f"AccountHistory.{name}" for name in _HISTORY)),
)
def entered_status_at(look: Look) -> Column:
    """Since when the account is in its status: its field or its history, whichever is later.

    Failing these, what the last finished run left, or its creation; else unknown. Unknown for texts
    that are no status.
    """
    by_field = state_field(look, "Account")
    history = _account_history(look)
    own = own_rows(look, "Account", history)
    by_history, rows = entries(look, "Account", history, own)
    known = np.fmax(by_field, by_history)
    known = np.where(_moved_since_previous(look, "Account", known), look.now, known)
    changed = _among(history.record[~own], look.size("Account"))
    born = np.isnat(known) & _born_in_it(look, changed)
    known = np.where(born, look.column("Account", "created").values, known)
    known = np.where(look.state("Account") == UNKNOWN_STATE_CODE, NO_INSTANT, known)
    proof = Proof(
        np.where(known == by_history, rows, -1), (("AccountHistory", look.size("AccountHistory")),)
    )
    return Column(Kind.INSTANT, known, proof=proof)


def entered_days(look: Look) -> Array:
    """Return the day on which each account entered its status, datetime64[D]; NaT where unknown."""
    return look.once(
        "entered days",
        lambda look: look.day_of(look.column("Account", "entered_status_at").values),
    )


@fact("Account", Kind.NUMBER)
def days_in_status(look: Look) -> Column:
    """Days since the account entered its status."""
    days = entered_days(look)
    return Column(
        Kind.NUMBER, np.where(np.isnat(days), np.nan, (look.today - days).astype("float64"))
    )


@fact("Account", Kind.FLAG)
def has_unknown_status(look: Look) -> Column:
    """Whether the status is a text that is none of the loop's."""
    return Column(Kind.FLAG, look.state("Account") == UNKNOWN_STATE_CODE)


@fact("Account", Kind.FLAG)
def has_future_entry(look: Look) -> Column:
    """Whether a date field of any status lies in the future."""
    return Column(Kind.FLAG, future_entry(look, "Account"))


def future_entry(look: Look, object_name: str) -> Mask:
    """Tell, of each record of an object, whether the date of any of its states is later than
    now.
    """
    frame = look.frame(object_name)
    found = np.zeros(len(frame), dtype=bool)
    for name in look.policy.machines[object_name].entered_fields():
        if name in frame:
            found |= frame[name].to_numpy() > look.now
    return found


def stage_before(look: Look) -> Array:
    """Return, for each opportunity, the place of the stage in which it was before its present one,
    by its history; negative where that tells of none.
    """
    return _runs(look)[1]


def _stage_history(look: Look) -> History:
    return _runs(look)[0]


def _runs(look: Look) -> tuple[History, Array]:
    """Return the beginning of each opportunity's present stage, and the stage before it."""
    return look.once("runs of stages", _runs_in_history)


def _runs_in_history(look: Look) -> tuple[History, Array]:
    found, present = stages(look), look.state("Opportunity")
    # What is left once the last run, of the present stage, is taken away ends with the one before.
    last = last_rank(found, found.state != present[found.record], len(present))
    before = np.where(last >= 0, np.append(found.state, np.int16(-1))[place_of(found, last)], -1)
    return _first_rows(look, found), before


def _starts(record: Array, state: Array) -> Mask:
    """Tell which rows, sorted by record and time, begin an unbroken run of one state."""
    starts = np.ones(len(record), dtype=bool)
    starts[1:] = (record[1:] != record[:-1]) | (state[1:] != state[:-1])
    return starts


def _first_rows(look: Look, found: Stages) -> History:
    """Return the first row of the latest unbroken run of the present stage of each opportunity."""
    states = look.state("Opportunity")
    size = len(states)
    present = found.state == states[found.record]
    last = last_rank(found, present, size)
    # The run begins after the last row of another stage before its end.
    before = last_rank(found, ~present & (found.rank < last[found.record]), size)
    run = np.flatnonzero(present & (found.rank > before[found.record]))
    first = last.copy()
    np.minimum.at(first, found.record[run], found.rank[run])
    record = np.flatnonzero((last >= 0) & (states != NO_STATE_CODE)).astype("int32")
    rows = found.row[place_of(found, first[record])]
    mine, others = by_whom(look, look.column("OpportunityHistory", "created_by"))
    at = look.column("OpportunityHistory", "created").values
    return History(
        record=record,
        state=states[record],
        text=look.column("OpportunityHistory", "stage").only(rows),
        at=at[rows],
        by_service=mine[rows],
        by_other=others[rows],
        row=rows,
    )


def entered_by_service(look: Look) -> Mask:
    """Tell which opportunities the service itself put into their present stage, by the history."""
    history = _stage_history(look)
    own = history.record[own_rows(look, "Opportunity", history)]
    return _among(own, look.size("Opportunity"))


@fact(
    "Opportunity",
    Kind.INSTANT,
    reads=(
        "Opportunity.stage_changed",
        *(
            f"OpportunityHistory.{name}"
            for name in ("opportunity", "stage", "created_by", "created")
        ),
    ),
)
def entered_stage_at(look: Look) -> Column:
    """Since when the opportunity is in its stage: its field or the start of the stage's latest run
    in the history.

    Failing these, `LastStageChangeDate`; else unknown.
    """
    by_field = state_field(look, "Opportunity")
    history = _stage_history(look)
    own = own_rows(look, "Opportunity", history)
    by_history, rows = entries(look, "Opportunity", history, own)
    known = np.fmax(by_field, by_history)
    changed = look.column("Opportunity", "stage_changed").values
    known = np.where(np.isnat(known) & (changed <= look.now), changed, known)
    known = np.where(look.state("Opportunity") == UNKNOWN_STATE_CODE, NO_INSTANT, known)
    proof = Proof(
        np.where(known == by_history, rows, -1),
        (("OpportunityHistory", look.size("OpportunityHistory")),),
    )
    return Column(Kind.INSTANT, known, proof=proof)
