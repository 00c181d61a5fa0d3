"""What is written to close an opportunity as lost, and which of the org's stages is that?"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sfsync.columns import Array
from sfsync.errors import Misused, NotFound
from sfsync.facts import Look
from sfsync.facts.blank import blank_in
from sfsync.jobs.cleanup.cleanup import Option, Wishes, Written
from sfsync.model import Value, to_wire

OBJECT = "Opportunity"
_STAGES = "OpportunityStage"
READS = (
    f"{OBJECT}.probability",
    f"{OBJECT}.lost_reason",
    *(
        f"{_STAGES}.{name}"
        for name in ("name", "label", "is_active", "is_closed", "is_won", "probability")
    ),
)
STAGE = Option(
    "stage", "text", "The stage of what is lost; needed where the org has several such ones."
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage as the org has it. `probability` is the one that it brings; None: unknown."""

    name: str
    is_active: bool
    is_closed: bool
    is_won: bool
    probability: Value


def stages_of(look: Look) -> dict[str, Stage]:
    """Return the org's stages by name. Raises NotFound where it does not tell of them."""
    if look.lacks(_STAGES):
        raise NotFound(f"the org does not tell of its stages: let the user read {_STAGES}")
    rows = np.arange(look.size(_STAGES))
    columns = [
        look.column(_STAGES, name).take(rows)
        for name in ("name", "label", "is_active", "is_closed", "is_won", "probability")
    ]
    stages = {}
    for name, label, is_active, is_closed, is_won, probability in zip(*columns, strict=True):
        # Both are the same wherever nobody renamed the stage.
        named = str(name or label)
        stages[named] = Stage(named, bool(is_active), bool(is_closed), bool(is_won), probability)
    return stages


def lost_stage(look: Look, wishes: Wishes) -> Stage:
    """Return the stage in which an opportunity is lost: the active one that is closed and not won,
    and that the rules name.

    Raises NotFound where there is none, or not the one that is wished; Misused where there are
    several, and none is wished.
    """
    known = look.policy.machines[OBJECT].states
    lost = {
        name: each
        for name, each in stages_of(look).items()
        if each.is_active and each.is_closed and not each.is_won and name in known
    }
    named = ", ".join(sorted(lost))
    if not lost:
        raise NotFound(
            "no stage of the rules is active, closed and not won in the org:"
            " make one (Setup, Opportunity Stages), and name it in the rules' file"
        )
    wished = wishes.get(STAGE.name)
    if wished is not None and wished not in lost:
        raise NotFound(f'what is lost is not in a stage "{wished}"; there is: {named}')
    if wished is None and len(lost) > 1:
        raise Misused(f"opportunities are lost in several stages: say --stage; there is: {named}")
    return lost[str(wished)] if wished is not None else next(iter(lost.values()))


def need(look: Look, *columns: str) -> None:
    """Raise NotFound where the org lacks a field of opportunities."""
    lacking = [name for name in columns if look.lacks(f"{OBJECT}.{name}")]
    if lacking:
        fields = ", ".join(f"{OBJECT}.{look.policy.field(OBJECT, name)}" for name in lacking)
        raise NotFound(f"the org does not have, or not show, {fields}: `sfsync doctor` tells more")


def closing(look: Look, stage: Stage, reason: str, why: str) -> Iterator[Written]:
    """Yield what closes an opportunity as lost: as a rule that moves it would, its date is written
    with the stage (spec, section 7).

    The probability is the stage's: the platform sets it too, but only what is written here does an
    undo bring back.
    """
    machine = look.policy.machines[OBJECT]
    yield Written(machine.state, stage.name, why)
    yield Written("lost_reason", reason, why)
    entered = machine.states[stage.name].entered
    if entered is not None and not look.lacks(f"{OBJECT}.{entered}"):
        yield Written(entered, to_wire(look.snapshot.now), why)
    if stage.probability is not None and not look.lacks(f"{OBJECT}.probability"):
        yield Written("probability", stage.probability, why)


def is_without_reason(look: Look) -> Array:
    """Tell which opportunities have no lost reason, or a word that says nothing."""
    return blank_in(look, OBJECT, "lost_reason")
