"""What is a part of a package, and how is its XML read?"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element


class ComponentRefused(Exception):
    """A component that the org does not take; the text is the problem that a deploy reports."""


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a package: its kind, its full name, its file and what the file says of it."""

    kind: str
    name: str
    file: str
    element: Element


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a component, or the package itself (without kind), was not taken."""

    kind: str
    name: str
    file: str
    problem: str


def without_namespaces(root: Element) -> Element:
    """Return the tree itself, its tags now without namespace."""
    for each in root.iter():
        each.tag = str(each.tag).rpartition("}")[2]
    return root


def text_of(element: Element, tag: str) -> str | None:
    """Return the text of a child, without blanks around it; None where there is none."""
    found = element.findtext(tag)
    return found.strip() or None if found is not None else None


def required_text(component: Component, tag: str) -> str:
    """Return the text of a child; raises ComponentRefused where it is missing or empty."""
    found = text_of(component.element, tag)
    if found is None:
        raise ComponentRefused(f"Required field is missing: {tag}")
    return found


def flag_of(element: Element, tag: str, default: bool | None = False) -> bool | None:
    """Return whether a child says true; `default` where it is missing.

    Raises ComponentRefused on any other word.
    """
    found = text_of(element, tag)
    if found is None:
        return default
    if found not in ("true", "false"):
        raise ComponentRefused(f"'{found}' is not a valid value for the type xsd:boolean ({tag})")
    return found == "true"


def number_of(element: Element, tag: str) -> int | None:
    """Return the whole number of a child; None where it is missing, ComponentRefused on others."""
    found = text_of(element, tag)
    if found is not None and not found.isdecimal():
        raise ComponentRefused(f"'{found}' is not a valid value for the type xsd:int ({tag})")
    return None if found is None else int(found)


def check_tags(element: Element, known: frozenset[str]) -> None:
    """Raise ComponentRefused where a child is none of the known ones."""
    unknown = next((each for each in _tags(element) if each not in known), None)
    if unknown is not None:
        raise ComponentRefused(f"The fake does not offer the element {unknown} here")


def _tags(element: Element) -> Iterator[str]:
    return (each.tag for each in element)
