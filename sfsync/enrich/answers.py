"""How is a stranger's answer read, without believing that it is as it should be?

A source may change its answers any day, and what it sends may be anything. A part that is missing
or null reads as empty, one that is of another kind than it should be raises LookupFailed with the
source's name and the place: nothing here ever raises anything else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from sfsync.enrich.countries import ABROAD
from sfsync.enrich.model import Found, Item, Place
from sfsync.enrich.provider import Answer
from sfsync.errors import LookupFailed
from sfsync.model import Value

_LONGEST = 15  # digits of an amount: more is no money, and no number of people
_LONGEST_NAME = 40  # characters: names of parts may be anything, and are shown in messages
_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an answer of `source`, found at `where`."""

    source: str
    value: object
    where: str = "the answer"

    def at(self, *names: str) -> "Part":
        """Go down by names; what is missing is an empty part. Raises LookupFailed where something
        on the way is no object.
        """
        part = self
        for name in names:
            part = part._below(name)
        return part

    def _below(self, name: str) -> "Part":
        shown = one_line(name)[:_LONGEST_NAME]
        where = f"{self.where}.{shown}" if self.where != "the answer" else shown
        return Part(self.source, self._mapping().get(name), where)

    def __bool__(self) -> bool:
        return self.value is not None

    def text(self) -> str:
        """Return the text in one line, without control characters; "" where there is none."""
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            self._wrong("text")
        return one_line(self.value)

    def lines(self) -> tuple[str, ...]:
        """Return the lines of the text that say something, each as `text` gives it."""
        if self.value is None:
            return ()
        if not isinstance(self.value, str):
            self._wrong("text")
        return tuple(line for each in self.value.splitlines() if (line := one_line(each)))

    def texts(self) -> tuple[str, ...]:
        """Return the texts of a list, without empty ones."""
        return tuple(text for part in self.each() if (text := part.text()))

    def whole(self) -> int | None:
        """Return a number in whole units, None where there is none."""
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self._wrong("a number")
        if not abs(self.value) < 10**_LONGEST:  # said so that NaN fails too
            self._wrong(f"a number of less than {_LONGEST + 1} digits")
        return round(self.value)

    def flag(self) -> bool:
        """Return whether it is true; what is missing is not."""
        if self.value is not None and not isinstance(self.value, bool):
            self._wrong("true or false")
        return bool(self.value)

    def each(self) -> "tuple[Part, ...]":
        """Return the parts of a list."""
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            self._wrong("a list")
        return tuple(
            Part(self.source, value, f"{self.where}[{position}]")
            for position, value in enumerate(self.value)
        )

    def items(self) -> "Iterator[tuple[str, Part]]":
        """Give the names and parts of an object."""
        for name in self._mapping():
            yield name, self._below(name)

    def _mapping(self) -> Mapping[str, object]:
        if self.value is None or self.value == []:  # PHP writes an empty object as an empty list
            return {}
        if not isinstance(self.value, Mapping):
            self._wrong("an object")
        return self.value

    def _wrong(self, wanted: str) -> NoReturn:
        kind = _KINDS.get(type(self.value), "a number")
        raise LookupFailed(
            f"{self.source}: {self.where} is {kind} where {wanted} was expected; "
            "its answers may have changed"
        )


def one_line(text: str) -> str:
    """Return the text in one line, with single blanks and without what cannot be shown: control
    characters, marks of direction, halves of characters.
    """
    shown = (each if each.isprintable() else "" for each in " ".join(text.split()))
    return " ".join("".join(shown).split())


def json_of(source: str, answer: Answer) -> object:
    """Read an answer as JSON. Raises LookupFailed where it is none."""
    try:
        return answer.json()
    except ValueError as error:
        raise LookupFailed(f"{source}: the answer is no JSON ({one_line(str(error))})") from error


def given(values: Mapping[Item, Value], as_of: str) -> Iterator[Found]:
    """Give the values that say something, all of one date."""
    yield from (Found(item, value, as_of) for item, value in values.items() if value)


def address(place: Place, as_of: str) -> Iterator[Found]:
    """Give the parts of an address that are known."""
    country = "" if place.country == ABROAD else place.country
    parts = {
        Item.STREET: place.street,
        Item.POSTAL_CODE: place.postal_code,
        Item.CITY: place.city,
        Item.COUNTRY: country,
    }
    yield from given(parts, as_of)


def money(amount: int, currency: str, as_of: str) -> Iterator[Found]:
    """Give a revenue of the year with which `as_of` begins."""
    yield Found(Item.REVENUE, amount, as_of)
    yield Found(Item.REVENUE_YEAR, int(as_of[:4]), as_of)
    yield Found(Item.REVENUE_CURRENCY, currency, as_of)
