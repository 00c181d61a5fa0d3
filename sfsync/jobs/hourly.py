"""What does the sales loop ask for, right now?"""

from sfsync.extract import columns_needed, extract
from sfsync.facts import Look
from sfsync.jobs.job import JOBS, Planned, Services, States
from sfsync.model import Plan
from sfsync.plan import writing_calls
from sfsync.rules.blind import blind_spots
from sfsync.rules.judge import judge
from sfsync.snapshot import Snapshot

NAME = "hourly"


def read(services: Services) -> Look:
    """Read the org as the rules need it, with what the journal knows of earlier runs."""
    org, policy, journal = services.org, services.policy, services.journal
    snapshot = extract(
        org,
        policy,
        services.now,
        journal.previous_pass(services.books),
        journal.own_writes(services.books, policy.state_fields()),
    )
    return Look(snapshot, policy)


@JOBS.named(NAME)
def hourly(services: Services) -> Planned:
    """Judge every account and opportunity by the rules, and plan what they ask for."""
    before = services.org.calls
    look = read(services)
    judgement = judge(look)
    plan = Plan(
        job=NAME,
        made_at=services.wall(),
        now=services.now,
        org=services.org.id,
        policy_hash=services.policy.hash,
        changes=judgement.changes,
        findings=judgement.findings,
        notes=blind_spots(look, columns_needed(services.policy)),
        judged=judgement.judged,
        api_calls=services.org.calls - before + writing_calls(judgement.changes),
    )
    return Planned(plan, _states(look.snapshot, look), whole=True)


def _states(snapshot: Snapshot, look: Look) -> States:
    """Return the status or stage of each record read."""
    states: dict[tuple[str, str], str | None] = {}
    for name, machine in look.policy.machines.items():
        if name in snapshot.frames:
            column = look.column(name, machine.state)
            words = [*column.words, None]
            values = [words[code] for code in column.values.tolist()]
            states.update(
                zip([(name, i) for i in snapshot.frames[name].index], values, strict=True)
            )
    return states
