"""How does a run go from lock to closed books?

It is the same for every job: settle what an earlier crash left, plan, check the limits, open the
books, apply, close the books.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from sfsync.apply import Desk, apply, close_early, settle
from sfsync.beside import begun
from sfsync.errors import (
    ConfigError,
    EngineFailed,
    ExitCode,
    OrgError,
    OrgRefused,
    ReserveKept,
    Stopped,
)
from sfsync.jobs.job import Planned, Services
from sfsync.jobs.stakes import AtStake
from sfsync.jobs.told import tell_end, told_as
from sfsync.jobs.troubles import refused_mails, refused_updates
from sfsync.journal import Compared, new_run_id
from sfsync.lock import LockFile
from sfsync.model import Action, Finding, OpenFinding, Outcome, Plan, Run, RunState, State, States
from sfsync.org import UNPROCESSED, OrgReader
from sfsync.plan import not_writable, passed_limits
from sfsync.policy import Policy

logger = logging.getLogger(__name__)

UNDECIDED = frozenset({State.SENT.value, State.UNKNOWN.value})


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished run, its plan, and what became of each change."""

    run: Run
    plan: Plan
    outcomes: tuple[Outcome, ...]

    @property
    def exit_code(self) -> ExitCode:
        """What the process tells its caller: INCOMPLETE where the org did not do all that was
        planned.
        """
        undone = any(
            outcome.state not in (State.APPLIED, State.SKIPPED) or outcome.code == UNPROCESSED
            for outcome in self.outcomes
        )
        return ExitCode.INCOMPLETE if undone else ExitCode.DONE


def locked(path: Path) -> LockFile:
    """Take the lock of an org's runs; a dead process does not keep it. Raises Locked where another
    run has it.
    """
    lock = LockFile(path, "another run is at work")
    lock.take()
    return lock


@contextmanager
def stops_entered(services: Services, job: str, chance: Random) -> Iterator[None]:
    """Enter a run of the job as stopped where what is done within ends it before anything was
    written: by a limit or guard, the org, a configuration that does not fit it, or a cluster that
    is out of reach. The error passes through.
    """
    try:
        yield
    except (Stopped, OrgError, ConfigError, EngineFailed) as error:
        at = services.wall()
        run = Run(
            id=new_run_id(at, chance),
            org=services.books,
            zone=services.org.zone,
            job=job,
            now=services.now,
            started=at,
            finished=at,
            state=RunState.STOPPED,
            policy_hash=services.policy.hash,
            error=str(error),
            api_calls=services.org.calls,
        )
        services.journal.start(run, ())
        tell_end(run, services, error)
        raise


def run_planned(
    planned: Planned, services: Services, desk: Desk, *, allow_large: bool, chance: Random
) -> Ran:
    """Apply what was planned, with the books kept; only to be called under the lock.

    `chance` makes the run's id unique. Before anything is written raises Stopped where a limit is
    passed, and ConfigError where the org lacks fields that the plan changes: the run is entered as
    stopped. Where the org goes away half-way (OrgUnavailable) the run stays open in the journal,
    and the next start settles it.
    """
    # What is sent is held in memory; of a large org it may be in files until then.
    plan = replace(planned.plan, changes=tuple(planned.plan.changes))
    planned = replace(planned, plan=plan)
    with stops_entered(services, plan.job, chance):
        _check(plan, services, desk, allow_large=allow_large)
    run = _begun(planned, services, chance)
    with told_as(run, plan, services):
        outcomes = _carried_out(planned, run, services, desk)
    return Ran(desk.journal.run(run.id), plan, outcomes)


def _carried_out(planned: Planned, run: Run, services: Services, desk: Desk) -> tuple[Outcome, ...]:
    """Apply the plan of a run, and close its books."""
    plan = planned.plan
    desk.journal.start(run, plan.changes)
    with begun(lambda: _compared(planned, services)) as compared:
        outcomes = _applied(plan, run, services, desk)
        desk.journal.finish(
            run.id,
            finished=services.wall(),
            state=RunState.FINISHED,
            states=_left(planned, services.policy, outcomes),
            whole=planned.whole,
            forgotten=_doubtful(plan, services.policy, outcomes),
            api_calls=services.org.calls,
        )
        if planned.whole:
            _keep_findings(planned, outcomes, services, compared())
    return outcomes


def _begun(planned: Planned, services: Services, chance: Random) -> Run:
    plan, started = planned.plan, services.wall()
    return Run(
        id=new_run_id(started, chance),
        org=services.books,
        zone=services.org.zone,
        job=plan.job,
        now=plan.now,
        started=started,
        finished=None,
        state=RunState.RUNNING,
        policy_hash=plan.policy_hash,
        undoes=planned.undoes,
    )


def _compared(planned: Planned, services: Services) -> tuple[Sequence[Finding], Compared | None]:
    """Give the findings of a whole pass that are in words, and compare the others with what is
    open. While the org is at work there is time for that.
    """
    unsaid = planned.unsaid
    if unsaid is None or not planned.whole:
        return planned.plan.findings, None
    compared = services.journal.compare_findings(services.books, unsaid)
    return planned.plan.findings[len(unsaid) :], compared


def _keep_findings(
    planned: Planned,
    outcomes: Sequence[Outcome],
    services: Services,
    found: tuple[Sequence[Finding], Compared | None],
) -> None:
    """Enter what a whole pass found and met with. One that died before this is made good by the
    next.
    """
    findings, compared = found
    told = _told(planned, (*findings, *_met_with(planned, outcomes, services)))
    journal, now = services.journal, planned.plan.now
    counts = journal.merge_findings(services.books, now, told, compared)
    logger.info(
        "findings: %d new, %d open as before, %d returned, %d solved",
        counts.new,
        counts.open,
        counts.returned,
        counts.solved,
    )


def foresee_findings(planned: Planned, services: Services) -> tuple[OpenFinding, ...]:
    """Return the findings as the journal would keep them after a pass with this plan, in which
    nothing more is refused; nothing is entered.
    """
    untried = [Outcome(each.object, each.id, State.SKIPPED) for each in planned.plan.changes]
    met_with = _met_with(planned, untried, services)
    unsaid = planned.unsaid
    first = unsaid.some(range(len(unsaid))) if unsaid else ()
    rest = _told(planned, (*planned.plan.findings[len(first) :], *met_with))
    found = (*first, *rest)
    return services.journal.findings_foreseen(services.books, planned.plan.now, found)


def _met_with(
    planned: Planned, outcomes: Sequence[Outcome], services: Services
) -> Iterator[Finding]:
    """Yield what the run of a whole pass met with, beside what is in its plan."""
    books, journal = services.books, services.journal
    yield from refused_updates(planned, outcomes, journal, books)
    yield from refused_mails(journal, books)


def _told(planned: Planned, findings: Sequence[Finding]) -> list[tuple[Finding, float | None]]:
    """Return findings, each with the money at stake."""
    amounts = planned.amounts
    if isinstance(amounts, AtStake):
        amounts = amounts.of((each.object, each.id) for each in findings)
    return [(each, amounts.get((each.object, each.id))) for each in findings]


def _check(plan: Plan, services: Services, desk: Desk, *, allow_large: bool) -> None:
    """Raise Stopped for a limit, ConfigError for fields that cannot be written; all at once."""
    # Whoever planned has asked just now: the latest answer tells as much.
    budget = desk.org.usage() or desk.org.budget()
    policy = services.policy
    left = (budget.left, budget.kept(policy.limits.api_reserve)) if budget else None
    fields = policy.state_fields()
    passed = passed_limits(plan, policy.limits, fields, budget=left, allow_large=allow_large)
    spared = passed_limits(plan, policy.limits, fields, budget=None, allow_large=allow_large)
    problems = not_writable(plan, lambda *asked: _writable(services.org, *asked))
    if passed:
        kind = Stopped if passed == spared else ReserveKept
        raise kind("\n".join(["nothing was written:", *passed, *problems]))
    if problems:
        raise ConfigError(problems)


def _applied(plan: Plan, run: Run, services: Services, desk: Desk) -> tuple[Outcome, ...]:
    try:
        return apply(plan.changes, run.id, desk, plan.read_at) if plan.changes else ()
    except (OrgRefused, Stopped) as refusal:
        # What was sent and is not known yet keeps the run open, for the next start to settle.
        if not UNDECIDED & desk.journal.run(run.id).counts.keys():
            fields = services.policy.state_fields()
            at, calls = services.wall(), services.org.calls
            close_early(run.id, at, str(refusal), desk.journal, fields, calls)
        raise


def _writable(org: OrgReader, object_name: str, action: Action) -> dict[str, bool] | None:
    fields = org.fields(object_name) or {}
    if action is Action.UPDATE:
        return {name: info.updateable for name, info in fields.items()}
    if action not in org.may(object_name):
        return None
    if action is Action.MERGE:
        # What goes is deleted: without that right every single merge would be refused.
        may = Action.DELETE in org.may(object_name)
        return {name: info.updateable for name, info in fields.items()} if may else None
    return {name: info.createable for name, info in fields.items()}


def _left(planned: Planned, policy: Policy, outcomes: tuple[Outcome, ...]) -> States:
    """Return the states in which the run left records: as read, or as written; of those that it
    found and left as the last pass had, nothing.

    Where a change was not done the record is left out: what an earlier run knows of it is still
    needed to tell since when it is in its state.
    """
    fields = policy.state_fields()
    states = {name: {**of_object} for name, of_object in planned.states.items()}
    for change, outcome in zip(planned.plan.changes, outcomes, strict=True):
        left = states.setdefault(change.object, {})
        written = change.fields.get(fields.get(change.object, ""))
        if outcome.state is not State.APPLIED:
            left.pop(change.id, None)
        elif written is not None:
            left[change.id] = None if written.after is None else str(written.after)
    return states


def _doubtful(plan: Plan, policy: Policy, outcomes: tuple[Outcome, ...]) -> list[tuple[str, str]]:
    """Name the records of which nobody knows whether the run moved them."""
    fields = policy.state_fields()
    return [
        (change.object, change.id)
        for change, outcome in zip(plan.changes, outcomes, strict=True)
        if outcome.state is State.UNKNOWN and fields.get(change.object) in change.fields
    ]


def settle_before(services: Services, desk: Desk) -> tuple[Run, ...]:
    """Close the books that a dead process left open; only to be called under the lock."""
    return settle(services.books, desk, services.policy.state_fields(), services.wall())
