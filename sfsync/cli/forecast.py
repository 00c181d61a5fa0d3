"""What do reports need to tell how much of the forecast rests on incomplete deals?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sfsync.cli.opening import Opened

if TYPE_CHECKING:
    from sfsync.model import OpenFinding
    from sfsync.report import Commitment


def commit_codes(at: Opened) -> frozenset[str]:
    """Return the codes of the findings that tell of what Commit needs."""
    from sfsync.rules.commit import asked_in_commit

    machine = at.services.policy.machines["Opportunity"]
    return frozenset(each.name for each in asked_in_commit(machine))


def read_forecast(
    at: Opened, found: "Sequence[OpenFinding]", codes: frozenset[str]
) -> "tuple[Commitment, ...]":
    """Return the deals in Commit with what they are worth now, and whether they lack something by
    the findings.

    Of a deal that the last whole pass did not see in Commit nobody knows yet what it lacks: it is
    left to the next report. Raises OrgUnavailable or OrgRefused where the org cannot be read.
    """
    from sfsync.extract.commitments import read_commitments
    from sfsync.report import incomplete_ids

    services = at.services
    today = services.now.astimezone(ZoneInfo(at.org.zone)).date()
    deals = read_commitments(at.org, services.policy, incomplete_ids(found, codes, today))
    previous = services.journal.previous_pass(services.books)
    if previous is None:
        return deals
    stage = services.policy.facts.commit_stage
    states = previous.states.get("Opportunity", {})
    return tuple(each for each in deals if states.get(each.id) == stage)
