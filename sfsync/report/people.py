"""Who reads about whose records?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sfsync.address import can_be_written_to


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the org: `manager` is the Id of theirs. `language` and `locale` are as the org
    writes them (`fr`, `en_US`), empty where unknown.
    """

    id: str
    name: str
    email: str
    manager: str | None = None
    is_active: bool = True
    language: str = ""
    locale: str = ""

    @property
    def can_read(self) -> bool:
        """Tell whether a mail to them reaches somebody: mistyped addresses reach nobody."""
        return self.is_active and can_be_written_to(self.email)


People = Mapping[str, Person]


def manager_of(person_id: str | None, people: People) -> Person | None:
    """Return the nearest manager above a person who can read mail; None where there is none.

    An inactive manager, or one without an address that can be written to, is passed over to theirs.
    """
    return next((each for each in _above(person_id, people) if each.can_read), None)


def _above(person_id: str | None, people: People) -> Iterator[Person]:
    """Go up from manager to manager; in a circle, once round."""
    seen: set[str] = set()
    person = people.get(person_id or "")
    while person is not None and person.manager is not None and person.manager not in seen:
        seen.add(person.manager)
        person = people.get(person.manager)
        if person is not None:
            yield person
