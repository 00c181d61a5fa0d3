"""How are fields, stages and permissions written in the platform's metadata?

Elements stand in the order in which the platform itself writes them, so that an admin who retrieves
them sees no difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


@dataclass(frozen=True, slots=True)
class Component:
    """One piece of metadata: its type, its full name (`Account.Status__c`), and its element.

    The element has the name that it has as the root of a file of its own. `is_there`: the org has
    one of that name, which this one replaces.
    """

    type: str
    name: str
    element: Element
    is_there: bool = False

    @property
    def object(self) -> str:
        """The object that it belongs to; empty where it belongs to none."""
        return self.name.partition(".")[0] if "." in self.name else ""

    @property
    def short(self) -> str:
        """Its name within the object."""
        return self.name.rpartition(".")[2]


def root(name: str) -> Element:
    """Return an empty root element in the platform's namespace."""
    return Element(name, {"xmlns": NAMESPACE})


def put(parent: Element, name: str, value: object) -> Element:
    """Add an element with a text; true and false as the platform writes them."""
    child = SubElement(parent, name)
    child.text = str(value).lower() if isinstance(value, bool) else str(value)
    return child


def put_all(parent: Element, pairs: Iterable[tuple[str, object]]) -> Element:
    """Add elements with texts, in their order; returns the parent."""
    for name, value in pairs:
        put(parent, name, value)
    return parent


def text_of(element: Element) -> str:
    """Write an element as a file: declaration, four blanks a level, a line end at the end."""
    indent(element, "    ")
    body = tostring(element, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
