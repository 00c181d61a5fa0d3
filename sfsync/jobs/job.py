"""What is a job, and which are there?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sfsync.engine import Engine, Here
from sfsync.errors import NotFound
from sfsync.journal import Journal
from sfsync.model import Change, Finding, Plan, States
from sfsync.org import OrgReader
from sfsync.plan import moves_too_many, narrowed
from sfsync.policy import Policy
from sfsync.portions import writing_calls
from sfsync.registry import Registry
from sfsync.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from sfsync.enrich.provider import Provider, Web
    from sfsync.jobs.early import Early
    from sfsync.jobs.unsaid import Unsaid

CHECK_ID = "check the Id, and leave_out in sfsync.yaml"


def _at_once(work: Callable[[], None]) -> None:
    """Do something now."""
    work()


def _nobody(_done: int, _total: int, _hits: Mapping[str, int]) -> None:
    """Take notice of look-ups for nobody."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The way to public sources, and how far a run goes.

    `keys` holds the providers' keys by the names of their settings. `limit` is how many accounts
    are looked up (None: as configured), `ids` names them, `only` the providers that are asked.
    `looked` is told at the start and after each account: how many of how many, and how often each
    provider was sure.
    """

    web: "Web"
    providers: "Mapping[str, Provider]"
    keys: Mapping[str, str] = field(default_factory=dict)
    has_contact: bool = True
    limit: int | None = None
    ids: Sequence[str] = ()
    only: Sequence[str] = ()
    looked: Callable[[int, int, Mapping[str, int]], None] = _nobody


@dataclass(frozen=True, slots=True)
class Services:
    """What planning needs at hand.

    `now` is the moment judged, `wall` the machine's clock, `clock` the org's (aware UTC, all). The
    org can only be read. `books` is the name under which the journal keeps this org's runs. `store`
    holds what was read before, None reads all; `whole` reads all though there is one. `sources` is
    there for the job that asks public sources. `begun` is when the process set out, by the
    machine's clock; None: nobody looked. `engine` judges the partitions of a large org. What is
    done `meanwhile` is over when the services are let go of; `early` has what was looked up while
    the org was still asked who it is.
    """

    org: OrgReader
    journal: Journal
    policy: Policy
    now: datetime
    wall: Callable[[], datetime]
    clock: Callable[[], datetime]
    books: str
    store: Store | None = None
    whole: bool = False
    sources: Sources | None = None
    begun: datetime | None = None
    engine: Engine = field(default_factory=Here)
    meanwhile: Callable[[Callable[[], None]], None] = _at_once
    early: "Early | None" = None


@dataclass(frozen=True, slots=True)
class Planned:
    """What a job made: the plan, and the state (status or stage) of each record that was read in
    another one than the last pass had left it in; `read` has the Ids of all that were read
    (string), by object and partition.

    `whole` says that it read whole objects, so that its run is the previous pass of the next one.
    `undoes` names the run that the plan takes back. `amounts` says, by (object, id), what is at
    stake in records of which something was found, `owners` whose the records are that change.
    `unsaid` are the first of the plan's findings, where these are put into words only when somebody
    looks at them: what is at stake there it says itself.
    """

    plan: Plan
    states: States = field(default_factory=dict)
    read: Mapping[tuple[str, int], "pa.Array"] = field(default_factory=dict)
    whole: bool = False
    undoes: str | None = None
    amounts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    unsaid: "Unsaid | None" = None
    owners: Mapping[tuple[str, str], str | None] = field(default_factory=dict)


Job = Callable[[Services], Planned]
JOBS: Registry[Job] = Registry("job")


def plan_job(
    name: str, services: Services, *, only: Sequence[str] = (), ids: Sequence[str] = ()
) -> Planned:
    """Let a job make its plan, narrowed to some rules and records where any are named.

    Raises NotFound for an unknown job or rule, and for a record that the job did not read.
    """
    planned = JOBS.find(name)(services)
    if only or ids:
        planned = _narrowed(planned, services, name, only=only, ids=ids)
    large = moves_too_many(planned.plan, services.policy.limits, services.policy.state_fields())
    if not large:
        return planned
    return replace(planned, plan=replace(planned.plan, notes=(*planned.plan.notes, large)))


def as_plan(
    job: str,
    services: Services,
    changes: Sequence[Change],
    *,
    read_at: datetime,
    findings: Sequence[Finding] = (),
    notes: Sequence[str] = (),
    judged: int = 0,
) -> Plan:
    """Make the plan of what a job found, for this org, policy and moment."""
    return Plan(
        job=job,
        made_at=services.wall(),
        now=services.now,
        read_at=read_at,
        org=services.org.id,
        policy_hash=services.policy.hash,
        changes=tuple(sorted(changes, key=lambda change: (change.object, change.id))),
        findings=tuple(findings),
        notes=tuple(notes),
        judged=judged,
        api_calls=writing_calls(changes),
    )


def _narrowed(
    planned: Planned, services: Services, name: str, *, only: Sequence[str], ids: Sequence[str]
) -> Planned:
    import pyarrow.compute as pc

    for record_id in sorted(set(ids)):
        if not any(
            pc.any(pc.starts_with(each, record_id)).as_py() for each in planned.read.values()
        ):
            raise NotFound(f"the job {name} knows no record {record_id}: {CHECK_ID}")
    # What was read beside these records is not kept: what an earlier run knows is still needed.
    plan = narrowed(planned.plan, services.policy, only=only, ids=ids)
    return replace(planned, plan=plan, states={}, whole=False, unsaid=None)
