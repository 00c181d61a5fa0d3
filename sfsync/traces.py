"""By what is a person known in texts and records, and what stands there once they are forgotten?"""

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

# Stands where something of a person was.
FORGOTTEN = "[forgotten]"
# The objects whose records are people, and how their Ids begin.
PERSONS: Mapping[str, str] = {"Contact": "003", "Lead": "00Q", "User": "005"}

# What a person's own record may keep: of many it says the same.
_KEPT = frozenset(
    {
        *("Status", "LeadSource", "Industry", "Rating", "UserType"),
        *("TimeZoneSidKey", "LocaleSidKey", "LanguageLocaleKey", "EmailEncodingKey"),
    }
)
# Must stand in a record, so that the mark takes their place.
_NAMES = ("Name", "LastName")
_TELLING = re.compile(r"Birth|Phone|Fax|Mobile|Postal|Latitude|Longitude", re.IGNORECASE)
# A key prefix has a digit: so no word of as many letters is taken for an Id.
_ID = re.compile(r"(?=.{0,2}\d)[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_NO_TEXT = re.compile(r"true|false|\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d))?")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_SHORT_ID = 15
# In JSON and in addresses of pages characters are written so.
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
# A name of one word is a word of many other texts.
_FEWEST_WORDS = 2
_BETWEEN = r",?\s+"
_ALIKE = re.compile(r"[a-z0-9@._-]+")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A record of a person as it is kept somewhere: its object, Id, name and addresses, and the Id
    of the record into which it was merged, if it was.
    """

    object: str
    id: str
    name: str
    addresses: frozenset[str] = frozenset()
    merged_into: str = ""


@dataclass(frozen=True)
class Traces:
    """All by which a person is known: e-mail addresses (in small letters), names, and the Ids (18
    characters) of their records.

    Capitals and small letters are the same. An address is only found whole, a name (of two words or
    more, in both orders, with and without accents) and an Id between other words. `namesakes` are
    the Ids of others who are called the same: what stands in their records keeps the name.
    """

    addresses: frozenset[str]
    names: frozenset[str]
    ids: frozenset[str]
    namesakes: frozenset[str] = frozenset()

    def cut(self, text: str, of: str = "") -> str:
        """Return a text with the mark in the place of every trace; `of` is the Id of the record to
        which it belongs.
        """
        if not self.may_be_in(text):
            return text
        pattern = self._but_names if of in self.namesakes else self._all
        return pattern.sub(FORGOTTEN, text)

    def cut_all(self, value: Any, of: str = "") -> Any:
        """Return a JSON value with the mark in the place of every trace in its texts."""
        if isinstance(value, str):
            return self.cut(value, of)
        if isinstance(value, list):
            return [self.cut_all(each, of) for each in value]
        if isinstance(value, dict):
            return {name: self.cut_all(each, of) for name, each in value.items()}
        return value

    def may_be_in(self, text: str) -> bool:
        """Tell whether a text, perhaps in the form of JSON, need be looked at closely."""
        lowered = text.lower()
        return any(hint in lowered for hint in self._hints)

    def are_in(self, text: str) -> bool:
        """Tell whether a text holds any trace."""
        return self._all.search(text) is not None

    def are_in_document(self, text: str) -> bool:
        """Tell whether a page or an answer of a machine holds any trace, also written in the ways
        of HTML, JSON or addresses of pages.
        """
        unescaped = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        return any(map(self.are_in, {text, unescaped, html.unescape(text), unquote(text)}))

    def are_in_bytes(self, content: bytes) -> bool:
        """Tell whether a file of whatever form may hold an address, a name or an Id, as text or
        JSON.
        """
        if any(each[:_SHORT_ID].encode() in content for each in self.ids):
            return True
        lowered = content.decode("utf-8", "replace").lower()
        names = (form for name in self.names if " " in name for form in _forms(name))
        texts = [text.lower() for text in (*self.addresses, *names)]
        return any(text in lowered or json.dumps(text)[1:-1] in lowered for text in texts)

    def without(self, object_name: str, row: Row) -> dict[str, Any]:
        """Return a record, by the API's names, without the person: of their own only what says
        nothing of them is left; of others' the traces are cut, and notes about them are taken out.
        """
        record_id = str(row.get("Id") or "")
        if object_name in PERSONS and self._names_them(record_id):
            return {name: left(name, value) for name, value in row.items()}
        is_about = any(self._names_them(value) for value in row.values())
        return {
            name: self._beside(name, value, record_id, is_about=is_about, of=object_name)
            for name, value in row.items()
        }

    def _names_them(self, value: Any) -> bool:
        # Recordings may have Ids without their last three characters.
        return isinstance(value, str) and value[:_SHORT_ID] in self._short

    @cached_property
    def _short(self) -> frozenset[str]:
        return frozenset(each[:_SHORT_ID] for each in self.ids)

    def _beside(self, name: str, value: Any, record_id: str, *, is_about: bool, of: str) -> Any:
        if not isinstance(value, str) or _ID.fullmatch(value):
            return value
        is_note = name == "Description" and of in ("Task", "Event")
        is_value = name in ("OldValue", "NewValue") and of in ("ContactHistory", "LeadHistory")
        if is_about and (is_note or is_value):
            return left(name, value)
        return self.cut(value, record_id)

    @cached_property
    def _hints(self) -> tuple[str, ...]:
        """Return what is in every form of a trace: the longest piece that all forms write alike;
        nothing ("", which is in every text) where there is none.
        """
        whole = {*self.addresses, *self.names, *(each[:_SHORT_ID] for each in self.ids)}
        composed = (unicodedata.normalize("NFC", each).lower() for each in whole)
        return tuple(sorted({max(_ALIKE.findall(each), key=len, default="") for each in composed}))

    @cached_property
    def _all(self) -> re.Pattern[str]:
        return re.compile("|".join([*self._exact(), *self._called()]) or r"(?!)", re.IGNORECASE)

    @cached_property
    def _but_names(self) -> re.Pattern[str]:
        return re.compile("|".join(self._exact()) or r"(?!)", re.IGNORECASE)

    def _exact(self) -> Iterator[str]:
        for address in sorted(self.addresses):
            # A longer address that ends or begins so is somebody else's.
            yield rf"(?<![\w.+%-])(?<!\w'){re.escape(address)}(?![\w-]|\.\w)"
        for each in sorted(self.ids):
            start, end = re.escape(each[:_SHORT_ID]), re.escape(each[_SHORT_ID:])
            yield rf"(?-i:(?<![A-Za-z0-9]){start}(?:{end})?(?![A-Za-z0-9]))"

    def _called(self) -> Iterator[str]:
        forms = {tuple(form.split()) for name in self.names for form in _forms(name)}
        for words in sorted(forms, key=lambda each: (-len(each), each)):
            if len(words) >= _FEWEST_WORDS:
                yield rf"(?<!\w){_BETWEEN.join(map(re.escape, words))}(?!\w)"


def _forms(name: str) -> Iterator[str]:
    first, *rest = name.split() or [""]
    for words in ([first, *rest], [*rest, first]):
        text = " ".join(words)
        decomposed = unicodedata.normalize("NFD", text)
        yield from (unicodedata.normalize("NFC", text), decomposed)
        yield "".join(char for char in decomposed if not unicodedata.combining(char))


def left(field: str, value: Any) -> Any:
    """Return what is left of a field of a person's own record: Ids, flags, figures, days, and a few
    words that say the same of many; else the mark in the place of a name, and nothing (None).
    """
    if field in _NAMES and value:
        return FORGOTTEN
    if value is None or value == "" or field in _KEPT:
        return value
    if _TELLING.search(field):
        return None
    is_kept = not isinstance(value, str) or _ID.fullmatch(value) or _NO_TEXT.fullmatch(value)
    return value if is_kept else None


def cut_json(traces: Traces, text: str, of: str = "") -> str:
    """Return a text, which may be JSON, with the mark in the place of every trace."""
    if not traces.may_be_in(text):
        return text
    if text[:1] in ('"', "[", "{"):
        try:
            value = json.loads(text)
        except ValueError:
            return traces.cut(text, of)
        cut = traces.cut_all(value, of)
        return text if cut == value else json.dumps(cut, separators=(",", ":"))
    return traces.cut(text, of)


def is_address(text: str) -> bool:
    """Tell whether a whole text is meant to be an e-mail address."""
    return _ADDRESS.fullmatch(text) is not None


def held_in(object_name: str, rows: Iterable[Row]) -> Iterator[Held]:
    """Yield the records of people among these of one object, by the API's names."""
    if object_name not in PERSONS:
        return
    for row in rows:
        parts = (str(row.get(name) or "") for name in ("FirstName", "LastName"))
        name = str(row.get("Name") or " ".join(filter(None, parts)))
        texts = (value.strip().casefold() for value in row.values() if isinstance(value, str))
        addresses = frozenset(filter(is_address, texts))
        into = str(row.get("MasterRecordId") or "")
        yield Held(object_name, str(row.get("Id") or ""), name, addresses, into)


def traces_of(
    addresses: Iterable[str], ids: Iterable[str], names: Iterable[str], held: Iterable[Held]
) -> Traces:
    """Return all by which a person is known, who is named by addresses and Ids: their records are
    those with these Ids, those that carry these addresses, and what was merged with one of them.

    A further address of such a record is theirs where nobody else has it.
    """
    known = list(held)
    asked = frozenset(each.strip().casefold() for each in addresses)
    mine = _with_merged({each.id for each in known if asked & each.addresses} | set(ids), known)
    own = [each for each in known if each.id in mine]
    others = [each for each in known if each.id not in mine]
    called = ({each.name for each in own} | set(names)) - {FORGOTTEN, ""}
    folded = {each.casefold() for each in called}
    theirs = {address for each in own for address in each.addresses}
    theirs -= {address for each in others for address in each.addresses}
    namesakes = {each.id for each in others if each.name.casefold() in folded}
    return Traces(asked | theirs, frozenset(called), frozenset(mine), frozenset(namesakes))


def _with_merged(ids: set[str], known: Iterable[Held]) -> set[str]:
    """Return these Ids with those of all records that became one with them."""
    merges = {(each.id, each.merged_into) for each in known if each.merged_into}
    found, before = set(ids), set[str]()
    while found != before:
        before = set(found)
        found.update(*(pair for pair in merges if not found.isdisjoint(pair)))
    return found
