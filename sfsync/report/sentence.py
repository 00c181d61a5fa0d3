"""What does a finding say of its record, in the reader's language?"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from string import Formatter

from sfsync.duplicates import ALIKE, SAME_WORDS
from sfsync.model import Evidence, Finding, Value, from_wire
from sfsync.policy import MISSING
from sfsync.report.figures import Speech, isolated
from sfsync.rules.sayings import Field, Saying
from sfsync.rules.texts import FindingText

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000")


@dataclass(frozen=True, slots=True)
class FieldNames:
    """How the org calls fields, and which of them hold money; empty where nobody asked the org."""

    labels: Mapping[Field, str] = field(default_factory=dict)
    money: frozenset[Field] = frozenset()


@dataclass(frozen=True, slots=True)
class Voice:
    """How values are said to one reader: their language and locale, the org's currency, zone (IANA
    name) and names of fields.
    """

    speech: Speech
    currency: str
    zone: str
    names: FieldNames

    def sentence(self, finding: Finding, text: FindingText) -> str:
        """Say what was found of a record, in the reader's language.

        Where the language has no words for it, or what belongs into them is not in the evidence, it
        is said as the pass said it.
        """
        saying = text.sayings.get(finding.object)
        words = text.says.get(self.speech.language) or self._because(saying)
        if saying is None or not words:
            return isolated(finding.message)
        wanted = {name for _, name, _, _ in Formatter().parse(words) if name}
        values = self._values(finding.evidence, saying, wanted)
        if wanted - values.keys():
            return isolated(finding.message)
        return self.speech.typeset(words).format(**values)

    def _because(self, saying: Saying | None) -> str:
        return saying.because if saying is not None and self.speech.language == "en" else ""

    def _values(
        self, evidence: Iterable[Evidence], saying: Saying, wanted: set[str]
    ) -> dict[str, str]:
        """Say what the names in braces stand for, as far as the evidence has it."""
        told: dict[str, Value] = {}
        for each in evidence:
            told.setdefault(each.fact, each.value)
        values = {
            name: self._value(told[name], saying.fields.get(name))
            for name in wanted & told.keys() & saying.names
        }
        blank = [self._label(saying.fields[name]) for name in saying.missing if name in told]
        if blank:
            values[MISSING] = ", ".join(blank)
        if ALIKE in values:
            values[ALIKE] = self._alike(evidence)
        return values

    def _label(self, field: Field) -> str:
        return isolated(self.names.labels.get(field) or field[1])

    def _value(self, value: Value, field: Field | None = None) -> str:
        if value in (None, ""):
            return self.speech.say("empty")
        if isinstance(value, bool):
            return self.speech.say("yes" if value else "no")
        if isinstance(value, int | float):
            is_money = field in self.names.money
            return (
                self.speech.money(value, self.currency) if is_money else self.speech.number(value)
            )
        text = str(value)
        if _DAY.fullmatch(text):
            return self.speech.day(date.fromisoformat(text))
        if _INSTANT.fullmatch(text):
            return self.speech.moment(from_wire(text), self.zone)
        return isolated(text)

    def _alike(self, evidence: Iterable[Evidence]) -> str:
        """Say which records are alike, each with its Id and what speaks for it."""
        names: dict[str, str] = {}
        clues: dict[str, list[str]] = {}
        for each in evidence:
            record = each.record or ""
            if each.fact == ALIKE:
                names[record] = isolated(str(each.value))
            else:
                clues.setdefault(record, []).append(self._clue(each))
        say = self.speech.say
        return "; ".join(
            f"{name} ({record}){say('colon')} {', '.join(clues.get(record, [say('like_others')]))}"
            for record, name in names.items()
        )

    def _clue(self, clue: Evidence) -> str:
        if clue.fact == "near_name":
            is_same = clue.value == SAME_WORDS
            return self.speech.say("same_name" if is_same else "near_name", value=str(clue.value))
        return self.speech.say(clue.fact, value=isolated(str(clue.value)))
