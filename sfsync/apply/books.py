"""What is known so far of the changes of one run, and is all of it in the journal?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sfsync.apply.desk import Desk
from sfsync.model import Outcome, State
from sfsync.portions import Placed


@dataclass(slots=True)
class Books:
    """The journal's account of one run, and what of it is known so far.

    `read_at` is the org's clock when reading for the plan began; `written` are the records, as
    (object, id), that the run has changed.
    """

    desk: Desk
    run_id: str
    read_at: datetime
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    written: set[tuple[str, str]] = field(default_factory=set)

    def mark_sent(self, placed: Sequence[Placed], job: str | None = None) -> None:
        """Note that changes are about to be handed to the org, or to a bulk job of it; what was
        known of them so far is void.
        """
        seqs = [seq for seq, _ in placed]
        self.desk.journal.mark_sent(self.run_id, seqs, self.desk.clock(), job=job)
        for seq in seqs:
            self.outcomes.pop(seq, None)

    def note(self, outcomes: Sequence[tuple[int, Outcome]]) -> None:
        """Note what became of changes, by seq; a later note takes the place of an earlier one."""
        self.desk.journal.note(self.run_id, outcomes)
        self.outcomes.update(outcomes)
        self.written.update(
            (outcome.object, outcome.created or outcome.id)
            for _, outcome in outcomes
            if outcome.state is State.APPLIED
        )

    def note_all(self, placed: Sequence[Placed], state: State, message: str) -> None:
        """Note the same of several changes."""
        self.note(
            [
                (seq, Outcome(change.object, change.id, state, message=message))
                for seq, change in placed
            ]
        )
