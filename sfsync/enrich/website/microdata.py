"""Which items does a page describe by microdata, in the form that JSON-LD has?

An item is a mapping with `@type`, its properties under their names: a text, another item, or a list
of these. References to other places of the page (`itemref`) are not followed.
"""

from dataclasses import dataclass, field
from itertools import islice

from sfsync.enrich.website.markup import Tag

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track"}
    | {"wbr", "frame", "param"}
)
_ADDRESSES = {"a": "href", "area": "href", "link": "href", "img": "src", "object": "data"}
_MOST_ITEMS = 300
_MOST_PROPERTIES = 60
# A property's text is what its element holds; so many pieces of it at most.
_MOST_PIECES = 20

Item = dict[str, object]


@dataclass(slots=True)
class _Open:
    """An element that is open: the item that it is or belongs to, and the text it began before."""

    name: str
    item: Item | None
    owner: Item | None = None
    properties: tuple[str, ...] = ()
    since: int = 0


@dataclass(slots=True)
class Microdata:
    """What has been read so far; `items` are those that are no other item's property."""

    items: list[Item] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)
    _texts: list[str] = field(default_factory=list)
    _made: int = 0

    def start(self, tag: Tag) -> None:
        """Take a start tag."""
        owner = self._open[-1].item if self._open else None
        names = tuple(islice(tag.get("itemprop").split(), _MOST_PIECES))
        item = owner
        if "itemscope" in tag.attributes and self._made < _MOST_ITEMS:
            self._made += 1
            item = {"@type": tag.get("itemtype").split()}
            if owner is not None and names:
                _add(owner, names, item)
            else:
                self.items.append(item)
            names = ()
        elif owner is not None and names and (value := _value(tag)) is not None:
            _add(owner, names, value)
            names = ()
        if tag.name not in VOID:
            is_text = owner if names and item is owner else None
            self._open.append(_Open(tag.name, item, is_text, names, len(self._texts)))
            self._counts[tag.name] = self._counts.get(tag.name, 0) + 1

    def text(self, text: str) -> None:
        """Take a text."""
        if self._made and text.strip():
            self._texts.append(text)

    def end(self, name: str) -> None:
        """Take an end tag; it closes what is open within its element too."""
        if not self._counts.get(name):
            return
        while self._open:
            element = self._open.pop()
            self._counts[element.name] -= 1
            if element.owner is not None:
                pieces = self._texts[element.since : element.since + _MOST_PIECES]
                _add(element.owner, element.properties, " ".join(pieces))
            if element.name == name:
                return

    def finish(self) -> None:
        """Close what the page left open."""
        while self._open:
            self.end(self._open[-1].name)


def _value(tag: Tag) -> str | None:
    """Return a property's value where the tag holds it, None where its text is it."""
    if tag.name == "meta" or "content" in tag.attributes:
        return tag.get("content")
    if tag.name in _ADDRESSES:
        return tag.get(_ADDRESSES[tag.name])
    if tag.name in ("data", "meter"):
        return tag.get("value")
    return tag.attributes.get("datetime") if tag.name == "time" else None


def _add(item: Item, names: tuple[str, ...], value: object) -> None:
    for name in names:
        known = item.get(name)
        if known is None:
            if len(item) < _MOST_PROPERTIES:
                item[name] = value
        elif isinstance(known, list):
            if len(known) < _MOST_PROPERTIES:
                known.append(value)
        else:
            item[name] = [known, value]
