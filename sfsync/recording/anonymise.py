"""What stands in a recording in place of names, addresses and texts?

The same text becomes the same other text everywhere in one recording, so that duplicates stay
duplicates and names fit each other; a key that is kept nowhere makes it another one in the next.
Which text was there cannot be computed back, but Ids, dates, numbers and picklists stay: who has
the org can still tell which record is which.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator

from sfsync.conditions import Condition
from sfsync.facts.blank import blank_texts_of
from sfsync.facts.people import folded
from sfsync.org import FieldInfo
from sfsync.policy import Assignment, Policy
from sfsync.recording.files import Change, Row
from sfsync.recording.wanted import SETUP, Wanted

# Whatever has another type is replaced: a type that nobody thought of must not let names through.
_KEPT_TYPES = frozenset(
    {"id", "reference", "boolean", "int", "long", "double", "currency", "percent"}
    | {"date", "datetime", "time", "picklist", "multipicklist"}
)
_COUNTRIES = ("Country", "CountryCode")
_VALUES = ("OldValue", "NewValue")
_PART = re.compile(r"[^\W\d_]+|\d+")
_MAIL = re.compile(r"([^@\s]+)@([^@\s]+\.[^@\s]+)")
_ADDRESS = re.compile(r"(\w+://)?(www\.)?([^/?#\s]+\.[^/?#\s]+)(.*)", re.IGNORECASE | re.DOTALL)
_CONSONANTS, _VOWELS = "bdfgklmnprtvz", "aeiou"
_SYLLABLES = 5
# Longer texts are sentences: word by word, frequent words would give the others away.
_MOST_WORDS = 6

Replace = Callable[[str], str]


class Anonymiser:
    """Replaces texts, by a secret key that makes the replacements what they are."""

    def __init__(self, key: bytes, policy: Policy) -> None:
        self._key = key
        self._mark = policy.facts.service_mark
        self._titles = [folded(each).split() for each in policy.facts.decision_maker_titles]
        self._words = frozenset(_words_of(policy))
        self._blank = blank_texts_of(policy)
        self._subjects = _fields(policy, "subject")
        self._title_fields = _fields(policy, "title") | {"Title"}

    def changing(self, wanted: Wanted, parent: Wanted | None) -> Change:
        """Return what replaces the texts in a record of an object.

        `parent` is the object whose history it is: values of its fields are treated alike.
        """
        replacing = self._replacing(wanted)
        values = self._replacing(parent) if parent else {}

        def change(row: Row) -> Row:
            changed = dict(row)
            for name, replace in replacing.items():
                field = row.get("Field") if parent and name in _VALUES else None
                chosen = replace if field is None else values.get(str(field), _same)
                changed[name] = _replaced(row[name], chosen, wanted.fields[name])
            return changed

        return change

    def _replacing(self, wanted: Wanted) -> dict[str, Replace]:
        if wanted.object in SETUP:
            return {}
        return {
            name: self._unless_policy_names_it(self._for(info))
            for name, info in wanted.fields.items()
            if info.type not in _KEPT_TYPES and not name.endswith(_COUNTRIES)
        }

    def _for(self, info: FieldInfo) -> Replace:
        if info.name in self._title_fields:
            return lambda text: self._title(text, info.length)
        if info.name in self._subjects or info.type == "combobox":
            return self._subject
        by_type = {
            "string": self._name,
            "email": self._name,
            "phone": self._phone,
            "url": self._web,
        }
        return by_type.get(info.type, self._sentence)

    def _unless_policy_names_it(self, replace: Replace) -> Replace:
        # A rule may ask for one certain text in a field that is no picklist, and what fills
        # nothing in must do so afterwards.
        def changed(text: str) -> str:
            is_told = text in self._words or folded(text) in self._blank
            return text if is_told else replace(text)

        return changed

    def _name(self, text: str) -> str:
        mail = _MAIL.fullmatch(text.strip())
        if mail:
            return f"{self._word(mail[1].lower())}@{self._host(mail[2])}"
        parts = _PART.findall(text)
        if not any(part.isalpha() for part in parts):
            return self._digits(text)
        return self._by_part(text) if len(parts) <= _MOST_WORDS else self._sentence(text)

    def _by_part(self, text: str) -> str:
        whole = unicodedata.normalize("NFC", text)
        return _PART.sub(lambda found: self._part(found[0]), whole)

    def _part(self, part: str) -> str:
        if part.isdigit():
            return self._digits(part)
        made = self._word(part.casefold())
        if part.islower():
            return made
        return made.upper() if part.isupper() and len(part) > 1 else made.capitalize()

    def _title(self, text: str, length: int) -> str:
        whole = unicodedata.normalize("NFC", text)
        found = list(_PART.finditer(whole))
        kept = self._deciding([folded(each[0]).split() for each in found])
        made, end = [], 0
        for place, each in enumerate(found):
            made += [whole[end : each.start()], each[0] if place in kept else self._part(each[0])]
            end = each.end()
        title = "".join([*made, whole[end:]])
        if length and len(title) > length:
            # Cut off, a title would lose the words that count.
            return " ".join(found[place][0] for place in sorted(kept)) or self._word(text)
        return title

    def _deciding(self, parts: list[list[str]]) -> set[int]:
        """Return the places of the words that make a decision maker's title."""
        words = [(word, place) for place, each in enumerate(parts) for word in each]
        return {
            place
            for title in self._titles
            for start in range(len(words) - len(title) + 1)
            if [word for word, _place in words[start : start + len(title)]] == title
            for _word, place in words[start : start + len(title)]
        }

    def _subject(self, text: str) -> str:
        if not text.startswith(self._mark):
            return self._sentence(text)
        rest = text.removeprefix(self._mark)
        blank = rest[: len(rest) - len(rest.lstrip())]
        return self._mark + blank + (self._sentence(rest.strip()) if rest.strip() else "")

    def _sentence(self, text: str) -> str:
        return f"{self._word('1 ' + text).capitalize()} {self._word('2 ' + text)}"

    def _phone(self, text: str) -> str:
        digits = "".join(re.findall(r"\d", text))
        # No number anywhere begins so, and nobody is called by mistake.
        return f"000 {self._number(digits, 8)}" if digits else self._by_part(text)

    def _web(self, text: str) -> str:
        found = _ADDRESS.fullmatch(text.strip())
        if not found:
            return self._by_part(text)
        path = found[4].strip("/")
        host = f"{found[1] or ''}{found[2] or ''}{self._host(found[3])}"
        return host + (f"/{self._word(path)}" if path else found[4])

    def _host(self, host: str) -> str:
        return f"{self._word(host.lower().removeprefix('www.'))}.example"

    def _digits(self, text: str) -> str:
        digits = iter(self._number(text, sum(char.isdigit() for char in text)))
        return "".join(next(digits) if char.isdigit() else char for char in text)

    def _word(self, text: str) -> str:
        number, made = self._hashed(text), ""
        for _ in range(_SYLLABLES):
            number, consonant = divmod(number, len(_CONSONANTS))
            number, vowel = divmod(number, len(_VOWELS))
            made += _CONSONANTS[consonant] + _VOWELS[vowel]
        return made

    def _number(self, text: str, length: int) -> str:
        return str(self._hashed(text) % 10**length).zfill(length) if length else ""

    def _hashed(self, text: str) -> int:
        plain = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(plain, key=self._key, digest_size=64).digest())


def _same(text: str) -> str:
    return text


def _replaced(text: str | None, replace: Replace, info: FieldInfo) -> str | None:
    # Blank text is empty, and stays so.
    if text is None or not text.strip():
        return text
    made = replace(text)
    return made[: info.length] if info.length else made


def _fields(policy: Policy, name: str) -> frozenset[str]:
    return frozenset(fields[name].field for fields in policy.objects.values() if name in fields)


def _words_of(policy: Policy) -> Iterator[str]:
    """Yield every text that the policy names: states, and what it compares with or writes."""
    facts = policy.facts
    yield from (*facts.qualified_stages, *facts.pause_days_by_lost_reason)
    conditions: list[Condition | None] = list(policy.leave_out.values())
    written: list[Assignment] = []
    for machine in policy.judged.values():
        for state in machine.states.values():
            yield from (state.name, *state.formerly)
        conditions += [each.when for each in machine.rules]
        conditions += [each.when for each in machine.findings]
        conditions += [each.when for each in machine.keep]
        conditions += [each.when for each in machine.tasks]
        yield from (each.queue for each in machine.tasks if each.queue)
        conditions += [line.when for lines in machine.scores.values() for line in lines]
        written += [each for rule in machine.rules for each in rule.set]
        written += [each for keep in machine.keep for each in keep.set]
    yield from (each.value for each in written if isinstance(each.value, str))
    for condition in conditions:
        yield from _compared(condition) if condition is not None else ()


def _compared(condition: Condition) -> Iterator[str]:
    for test in condition.tests():
        value = test.operand.value
        values = value if isinstance(value, tuple) else (value,)
        yield from (each for each in values if isinstance(each, str))
