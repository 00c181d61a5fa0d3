"""How are the books of a run closed that a dead process left open?"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sfsync.apply.bulk import outcome_of_job
from sfsync.apply.create import as_found
from sfsync.apply.desk import Desk
from sfsync.apply.merged import look_at_merges, was_merged
from sfsync.apply.present import find_created, read_touched
from sfsync.apply.verdict import was_done
from sfsync.journal import Journal
from sfsync.model import CLOSED_LATER, Action, JournalledChange, Outcome, Run, RunState, State
from sfsync.org import LAG

logger = logging.getLogger(__name__)

NEVER_SENT = "never sent: the run ended before its turn"
NOT_DONE = "sent or about to be sent when the run ended; the org did not do it"


def settle(
    books: str, desk: Desk, state_fields: Mapping[str, str], at: datetime | None = None
) -> tuple[Run, ...]:
    """Close the org's open runs, oldest first, and give them back as they now stand.

    Only to be called under the lock, where every open run is a dead one. What was never sent is
    skipped; of what was handed to a bulk job the job is asked, once it is at its end; what else was
    sent without a known outcome is read and decided. `state_fields` names the field of the state
    for each object: the states that the run wrote are kept, so that the next pass knows them for
    the service's. A creation that is not found is given the time in which the platform may still
    be at work on it: until then it stays unknown, though the books of its run are closed, and each
    start looks again. `at` is the machine's time, None: the org's. Raises OrgUnavailable or
    OrgRefused where the org cannot be read: the run then stays open.
    """
    _look_for_creations(books, desk)
    open_runs = reversed(desk.journal.open_runs(books))
    return tuple(_close(run, desk, state_fields, at or desk.clock()) for run in open_runs)


def _look_for_creations(books: str, desk: Desk) -> None:
    """Look again for what earlier runs were to create, and nobody knows whether they did."""
    by_run: dict[str, list[JournalledChange]] = defaultdict(list)
    for entry in desk.journal.unsettled_creations(books):
        by_run[entry.run].append(entry)
    for run_id, entries in by_run.items():
        known = [each for each in _created(entries, desk) if each[1].state is not State.UNKNOWN]
        desk.journal.note(run_id, known)
        logger.info("run %s: %d creations settled of %d", run_id, len(known), len(entries))


def _close(run: Run, desk: Desk, state_fields: Mapping[str, str], at: datetime) -> Run:
    entries = desk.journal.changes(run.id)
    outcomes = [
        (entry.seq, _outcome(entry, State.SKIPPED, NEVER_SENT))
        for entry in entries
        if entry.outcome.state is State.PLANNED
    ]
    sent = [each for each in entries if each.outcome.state in (State.SENT, State.UNKNOWN)]
    told = _told_by_jobs(run.id, sent, desk)
    outcomes += told.items()
    outcomes += _decided([each for each in sent if each.seq not in told], desk)
    desk.journal.note(run.id, outcomes)
    close_early(run.id, at, CLOSED_LATER, desk.journal, state_fields)
    logger.info("run %s was left open: %d changes settled", run.id, len(outcomes))
    return desk.journal.run(run.id)


def close_early(
    run_id: str,
    finished: datetime,
    why: str,
    journal: Journal,
    state_fields: Mapping[str, str],
    api_calls: int | None = None,
) -> None:
    """Close the books of a run that ended before its work was done, its outcomes being noted.

    The states that it wrote are kept; where nobody knows whether it wrote one, what was kept of the
    record is forgotten.
    """
    states: dict[str, dict[str, str | None]] = {}
    forgotten: list[tuple[str, str]] = []
    for entry in journal.changes(run_id):
        name, id = entry.change.object, entry.change.id
        written = entry.change.fields.get(state_fields.get(entry.change.object, ""))
        if written is None:
            continue
        if entry.outcome.state is State.APPLIED:
            left = None if written.after in (None, "") else str(written.after)
            states.setdefault(name, {})[id] = left
        elif entry.outcome.state is State.UNKNOWN:
            forgotten.append((name, id))
    journal.finish(
        run_id,
        finished=finished,
        state=RunState.CRASHED,
        states=states,
        error=why,
        whole=False,
        forgotten=forgotten,
        api_calls=api_calls,
    )


def _told_by_jobs(run_id: str, sent: Sequence[JournalledChange], desk: Desk) -> dict[int, Outcome]:
    """Ask the bulk jobs of a run what they did; outcomes by seq, of those that they tell of."""
    changes = {entry.seq: entry.change for entry in sent}
    told: dict[int, Outcome] = {}
    for job, seqs in desk.journal.jobs(run_id).items():
        asked = {changes[seq].id: seq for seq in seqs if seq in changes}
        # One that is at work still is waited for: what it writes later would be in no books.
        results = desk.org.job_results(job) if asked else {}
        for id in asked.keys() & results.keys():
            told[asked[id]] = outcome_of_job(changes[asked[id]], results[id])
    return told


def _decided(sent: Sequence[JournalledChange], desk: Desk) -> list[tuple[int, Outcome]]:
    new = [entry for entry in sent if entry.change.action is Action.CREATE]
    merges = [entry for entry in sent if entry.change.action is Action.MERGE]
    apart = (Action.CREATE, Action.MERGE)
    sent = [entry for entry in sent if entry.change.action not in apart]
    present = read_touched([entry.change for entry in sent], desk.org)
    return [*_created(new, desk), *_merged(merges, desk)] + [
        (
            entry.seq,
            was_done(entry.change, present.get((entry.change.object, entry.change.id)))
            or _outcome(entry, State.SKIPPED, NOT_DONE),
        )
        for entry in sent
    ]


def _created(sent: Sequence[JournalledChange], desk: Desk) -> list[tuple[int, Outcome]]:
    """Tell which creations the org did; those that it may still do are unknown."""
    found = find_created([entry.change for entry in sent], desk.org)
    now = desk.clock()
    outcomes = []
    for entry in sent:
        id = found.get((entry.change.object, entry.change.id))
        if id is not None:
            outcome = as_found(entry.change, id)
        elif entry.sent_at is not None and now < entry.sent_at + LAG:
            until = f"{entry.sent_at + LAG:%Y-%m-%d %H:%M}"
            message = f"sent without an answer and not found; it may still come until {until} UTC"
            outcome = _outcome(entry, State.UNKNOWN, message)
        else:
            outcome = _outcome(entry, State.SKIPPED, NOT_DONE)
        outcomes.append((entry.seq, outcome))
    return outcomes


def _merged(sent: Sequence[JournalledChange], desk: Desk) -> list[tuple[int, Outcome]]:
    """Tell which merges the org did: their losers are gone."""
    outcomes = []
    for _, same in groupby(sent, key=lambda entry: entry.change.object):
        entries = list(same)
        sight = look_at_merges([entry.change for entry in entries], desk.org, hanging=False)
        outcomes += [
            (
                entry.seq,
                was_merged(entry.change, sight) or _outcome(entry, State.SKIPPED, NOT_DONE),
            )
            for entry in entries
        ]
    return outcomes


def _outcome(entry: JournalledChange, state: State, message: str) -> Outcome:
    return Outcome(entry.change.object, entry.change.id, state, message=message)
