"""What do a company's own words say: how many people, and at which address?"""

import re
from collections.abc import Iterator

from sfsync.enrich.matching import country_of
from sfsync.enrich.model import Found, Item, Place
from sfsync.enrich.website.structured import Node

_MOST_PEOPLE = 5_000_000
# 1200, 1 200, 1.200 and 1,200 are one number.
_NUMBER = r"(?<![\d.,])(?:\d{1,3}(?:[\s.,'’]\d{3})+(?!\d)|\d+(?![.,]?\d))"
_RANGE = re.compile(rf"({_NUMBER})\s*(?:-|–|—|\bto\b|\bà\b|\bbis\b|\band\b|\bet\b)\s*({_NUMBER})")
_ONE = re.compile(rf"({_NUMBER})")
_OPEN = re.compile(
    r"^\s*(?:plus de|more than|over|mehr als)|\d\s*\+|et plus|and more", re.IGNORECASE
)
_PREFIX = re.compile(r"[A-Za-z]{1,3}[\s-]+(?=\d)")


def employees(organization: Node) -> Iterator[Found]:
    """Give the least and the most people that the company says it has. It does not say of when."""
    for said in _people(organization):
        least, most = said
        if most is not None and most < (least or 0):
            return
        if least:
            yield Found(Item.EMPLOYEES_LEAST, least)
        if most:
            yield Found(Item.EMPLOYEES_MOST, most)
        return


def _people(organization: Node) -> Iterator[tuple[int | None, int | None]]:
    for node in organization.nodes("numberOfEmployees"):
        least, most = (_whole(node.text(name)) for name in ("minValue", "maxValue"))
        if least or most:
            yield least, most
        for text in node.texts("value")[:1]:
            yield from _range(text)
    for text in organization.texts("numberOfEmployees")[:1]:
        yield from _range(text)


def _range(text: str) -> Iterator[tuple[int | None, int | None]]:
    """Read `2-5`, `200+` or a number in words; nothing where there are more numbers than these."""
    text = "" if text.startswith("-") else text[:100]
    numbers = [number for each in _ONE.findall(text) if (number := _whole(each)) is not None]
    pair = _RANGE.search(text)
    if pair and len(numbers) == 2:
        yield _whole(pair[1]), _whole(pair[2])
    elif len(numbers) == 1:
        yield numbers[0], None if _OPEN.search(text) else numbers[0]


def _whole(text: str) -> int | None:
    """Read a number of people, None where it is none."""
    plain = re.sub(r"[\s,'’]|\.(?=\d{3}(?!\d))|\.0+$", "", text)
    is_number = plain.isascii() and plain.isdigit() and len(plain) <= 9
    return int(plain) if is_number and 0 <= int(plain) <= _MOST_PEOPLE else None


def places_of(organization: Node) -> tuple[Place, ...]:
    """Return the company's addresses, as far as they are said in parts; each once."""
    found = (_place(node) for node in organization.nodes("address"))
    return tuple(dict.fromkeys(place for place in found if place.city or place.postal_code))


def _place(node: Node) -> Place:
    named = " ".join(
        each.text("name") for each in node.nodes("addressCountry") if each.text("name")
    )
    country = country_of(named or node.text("addressCountry"))
    city, comma, rest = node.text("addressLocality").rpartition(",")
    if comma and (told := country_of(rest)):  # Paris, France
        country = country or told
    else:
        city = node.text("addressLocality")
    return Place(
        street=node.text("streetAddress")[:200],
        postal_code=_PREFIX.sub("", node.text("postalCode"), count=1)[:20],
        city=city[:100],
        country=country,
    )
