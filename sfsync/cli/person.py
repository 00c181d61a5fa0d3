"""Who is meant by what somebody types: a name, the beginning of one, an address or an Id?"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sfsync.errors import NotFound

if TYPE_CHECKING:
    from sfsync.report import Person

_SHORT_ID = 15
# A company's names are too many to be listed.
_LONGEST_HINT = 300
_ACCEPTED = "A name or its beginning, an e-mail address or an Id is understood."


def meant(typed: str, people: "Iterable[Person]", nobody: str) -> frozenset[str]:
    """Return the Ids of the people with this name, e-mail address or Id; where there are none, of
    the only one whose name begins so. Capitals and small letters are the same.

    Raises NotFound where nobody or several are meant: `nobody` begins the former's sentence.
    """
    from sfsync.registry import nearest

    told, known = typed.strip().casefold(), list(people)
    exact = frozenset(each.id for each in known if told and _is(told, typed.strip(), each))
    if exact:
        return exact
    begun = {each.id: each.name for each in known if told and each.name.casefold().startswith(told)}
    if len(begun) > 1:
        names = ", ".join(sorted(begun.values()))
        told = names if len(names) <= _LONGEST_HINT else f"{len(begun)} of them"
        raise NotFound(f'"{typed}" begins several names ({told}): type more of one, or an Id')
    if not begun:
        hint = nearest(typed, {each.name for each in known})
        listed = hint if len(hint) <= _LONGEST_HINT else ""
        raise NotFound(f'{nobody} "{typed}"{listed}\n{_ACCEPTED}')
    return frozenset(begun)


def _is(told: str, typed: str, person: "Person") -> bool:
    exact = (person.name.casefold(), person.email.casefold(), person.id.casefold())
    # Of an Id without its last three characters the case counts.
    return told in exact or (len(typed) == _SHORT_ID and typed == person.id[:_SHORT_ID])
