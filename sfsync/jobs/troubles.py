"""What did a run meet with that a person must look at: updates and mails that were refused?"""

from collections.abc import Iterator, Sequence

from sfsync.jobs.job import Planned
from sfsync.journal import Journal
from sfsync.letter import JournalledMessage, MessageState
from sfsync.model import Action, Change, Evidence, Finding, Outcome, State
from sfsync.policy import MAIL_REFUSED, UPDATE_REFUSED
from sfsync.rules.sayings import FIELDS, PASSES, RECIPIENT, REFUSAL, USER

_USER_PREFIX = "005"


def refused_updates(
    planned: Planned, outcomes: Sequence[Outcome], journal: Journal, books: str
) -> Iterator[Finding]:
    """Yield a finding for each record that the org refused to update, in the order of the plan.

    `journal` knows in how many passes before. What could not be tried this time (stale, unknown,
    skipped) stays found as it was; what was written, or needs no update any more, is not found.
    """
    earlier = {
        (each.finding.object, each.finding.id): each.finding
        for each in journal.findings(books, is_open=True, code=UPDATE_REFUSED)
    }
    for change, outcome in zip(planned.plan.changes, outcomes, strict=True):
        if change.action is not Action.UPDATE:
            # What is not there yet has no page to look at: the summary of the runs tells of it.
            continue
        key = (change.object, change.id)
        if outcome.state is State.REFUSED:
            passes = _passes(earlier.get(key)) + 1
            yield _refused(change, outcome, planned.owners.get(key), passes)
        elif outcome.state is not State.APPLIED and key in earlier:
            yield earlier[key]


def _passes(finding: Finding | None) -> int:
    """Return in how many passes a finding says that the update was refused."""
    evidence = () if finding is None else finding.evidence
    told = [each.value for each in evidence if each.fact == PASSES]
    return next((int(value) for value in told if isinstance(value, int)), 0)


def _refused(change: Change, outcome: Outcome, owner: str | None, passes: int) -> Finding:
    fields = ", ".join(sorted(change.fields))
    words = f"{outcome.code}: {outcome.message}" if outcome.code else outcome.message
    times = "1 pass" if passes == 1 else f"{passes} passes"
    evidence = (Evidence(FIELDS, fields), Evidence(PASSES, passes), Evidence(REFUSAL, words))
    return Finding(
        UPDATE_REFUSED,
        change.object,
        change.id,
        change.name,
        owner,
        f"the org refused to write {fields} in {times}: {words}",
        evidence,
    )


def refused_mails(journal: Journal, books: str) -> Iterator[Finding]:
    """Yield a finding for each user to whom the last mail of which the fate is known was refused
    for good, sorted by their Ids.
    """
    if not journal.messages.in_states(books, [MessageState.REFUSED]):
        return
    last: dict[str, JournalledMessage] = {}
    for message in journal.messages.in_states(books, [MessageState.SENT, MessageState.REFUSED]):
        last[message.key.rpartition(":")[2]] = message
    for reader, message in sorted(last.items()):
        # Who is no user of the org has no record of which something could be found.
        if message.state is MessageState.REFUSED and reader.startswith(_USER_PREFIX):
            evidence = (
                Evidence(RECIPIENT, message.recipient),
                Evidence(REFUSAL, message.words),
            )
            words = f"mails to {message.recipient} do not arrive: {message.words}"
            name = message.recipient
            yield Finding(MAIL_REFUSED, USER, reader, name, None, words, evidence)
