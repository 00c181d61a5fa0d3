"""What came of the look-ups of one run, in numbers and in words?"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sfsync.enrich.looking import Looked
from sfsync.enrich.values import Remark, RemarkKind
from sfsync.journal import LookupOutcome

_SHOWN = 5


@dataclass(slots=True)
class Tally:
    """Counts of what came of look-ups so far: how each ended, which sources were sure, which did
    not answer and why, and what was remarked.
    """

    hits: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[LookupOutcome] = field(default_factory=Counter)
    failures: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    hidden: int = 0

    @property
    def looked_up(self) -> int:
        """How many accounts were looked up."""
        return sum(self.outcomes.values())

    @property
    def is_all_failed(self) -> bool:
        """Whether nothing came of any of them."""
        return self.outcomes[LookupOutcome.FAILED] == self.looked_up

    def enter(self, looked: Looked, outcome: LookupOutcome, remarks: Iterable[Remark]) -> None:
        """Enter what came of one account."""
        self.remarks += remarks
        self.hidden += looked.is_hidden
        self.hits.update(each.entry.provider for each in looked.sure)
        for name, why in looked.failed.items():
            self.failures.setdefault(name, []).append(why)
        self.outcomes[outcome] += 1

    def notes(self, asked: int, left_out: Collection[str]) -> list[str]:
        """Say what came of the look-ups, beside the changes: of so many a person is `asked`, and
        these sources were `left_out` of the rest.
        """
        told = ", ".join(f"{number} {name}" for name, number in sorted(self.outcomes.items()))
        hits = ", ".join(f"{name} {number}" for name, number in self.hits.most_common())
        known = f" (sure: {hits})" if hits else ""
        kept = "This is kept: the next plan or run goes on with other accounts."
        notes = [f"Looked up: {told}{known}. {kept}"] if told else []
        if asked:
            notes.append(f"{in_accounts(asked)} for a person to judge: `sfsync enrich review`.")
        if self.hidden:
            told = "a person's, or of who asked not to be shown: nothing is taken or kept"
            notes.append(f"The number on {in_accounts(self.hidden)} is {told}.")
        notes += self.troubles(left_out)
        for kind, sentence in _SENTENCES.items():
            counts = Counter(each.about for each in self.remarks if each.kind is kind)
            if counts:
                notes.append(sentence.format(_counted(counts)))
        return notes

    def troubles(self, left_out: Collection[str]) -> list[str]:
        """Say which sources did not answer, for how many accounts, and why."""
        notes = []
        for name, whys in sorted(self.failures.items()):
            left = " and was left out" if name in left_out else ""
            notes.append(f"{name} did not answer for {in_accounts(len(whys))}{left}: {whys[-1]}")
        return notes


_SENTENCES: Mapping[RemarkKind, str] = {
    RemarkKind.UNMAPPED: "Activity codes that industries.yaml does not know: {}.",
    RemarkKind.UNLISTED: "Values that the org's picklists lack, and that were left out: {}.",
    RemarkKind.DOUBTFUL: "Revenues not believed, and left out: {}.",
    RemarkKind.FOREIGN: "Revenues in another currency, left out: {}.",
    RemarkKind.TOO_LONG: "Values too long for their field, left out: {}.",
    RemarkKind.OUTSIDE: "Numbers of employees outside of the official band, left as they are: {}.",
}


def in_accounts(accounts: int) -> str:
    """Say how many accounts."""
    return "1 account" if accounts == 1 else f"{accounts} accounts"


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    told = [about if number == 1 else f"{about} ({number})" for about, number in ordered[:_SHOWN]]
    rest = len(ordered) - _SHOWN
    return ", ".join([*told, *([f"and {rest} more"] if rest > 0 else [])])
