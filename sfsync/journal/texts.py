"""Under which number is a text that changes of a run have in common kept?"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from sfsync.journal.tables import CHANGE_ROWS, FIELD_ROWS, TEXTS

# Above so many all texts of a run are read; some databases take no more values in a statement.
NAMED_AT_ONCE = 500

_NUMBERS = tuple(
    each for table in (CHANGE_ROWS, FIELD_ROWS) for each in table.c if each.name.endswith("_text")
)


class RunTexts:
    """The texts of a run that begins: numbers for those that it repeats."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._new: list[tuple[int, str]] = []
        self._counts: Counter[str] = Counter()

    def expect(self, texts: Iterable[str]) -> None:
        """Say which texts come next, each as often as it comes."""
        self._counts = Counter(texts)

    def number(self, text: str) -> int:
        """Return the number of a text, a new one where it has none."""
        number = self._numbers.get(text)
        if number is None:
            # In SQLite a nought and a one take no room, but what has a number has a column for it.
            number = self._numbers[text] = len(self._numbers)
            self._new.append((number, text))
        return number

    def split(self, text: str) -> tuple[int | None, str | None]:
        """Return the number of a text that is repeated, and of another the text itself."""
        if text in self._numbers or self._counts[text] > 1:
            return self.number(text), None
        return None, text

    def take_new(self) -> list[tuple[int, str]]:
        """Return the numbers and texts that are new since this was called last."""
        new, self._new = self._new, []
        return new


def number_of(connection: sa.Connection, run: int, text: str) -> int:
    """Return the number of a text of a run that is in the journal; it is entered where missing."""
    of_run = TEXTS.c.run == run
    found = connection.scalar(sa.select(TEXTS.c.number).where(of_run, TEXTS.c.text == text))
    if found is None:
        last = connection.scalar(sa.select(sa.func.max(TEXTS.c.number)).where(of_run))
        found = 0 if last is None else last + 1
        connection.execute(sa.insert(TEXTS).values(run=run, number=found, text=text))
    return int(found)


def read_texts(
    connection: sa.Connection, needed: Mapping[int, Collection[int]]
) -> dict[tuple[int, int], str]:
    """Read the texts of these numbers, by run and number; perhaps others of these runs, too."""
    keys = [
        (run, number)
        for run, numbers in needed.items()
        if len(numbers) <= NAMED_AT_ONCE
        for number in numbers
    ]
    conditions: list[sa.ColumnElement[bool]] = [
        sa.tuple_(TEXTS.c.run, TEXTS.c.number).in_(keys[first : first + NAMED_AT_ONCE])
        for first in range(0, len(keys), NAMED_AT_ONCE)
    ]
    large = [run for run, numbers in needed.items() if len(numbers) > NAMED_AT_ONCE]
    conditions += [TEXTS.c.run == run for run in large]
    return {
        (run, number): text
        for condition in conditions
        for run, number, text in connection.execute(sa.select(TEXTS).where(condition))
    }


def drop_unused(connection: sa.Connection, run: int) -> None:
    """Let go of the texts of a run that no change has any more."""
    used = sa.union(*(sa.select(each).where(each.table.c.run == run) for each in _NUMBERS))
    numbers = used.subquery()
    is_used = sa.select(numbers.c[0]).where(numbers.c[0].is_not(None))
    connection.execute(sa.delete(TEXTS).where(TEXTS.c.run == run, TEXTS.c.number.not_in(is_used)))
