"""Which organization does a page say it is of, by JSON-LD or microdata?

Pages tell of many: authors of reviews, partners, their own departments and their parent. The
company is one that stands by itself or publishes the page, rather than a part of something else.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from sfsync.enrich.answers import one_line
from sfsync.enrich.website.markup import unescaped
from sfsync.enrich.website.page import Page, hostname
from sfsync.enrich.website.schema import is_organization

_MOST_PARTS = 20_000
_MOST_TEXTS = 50
_LONGEST_TEXT = 500
# Who is behind a page hangs on it by one of these; an agency would be its creator.
_BEHIND = ("publisher", "about", "mainEntity", "mainEntityOfPage", "copyrightHolder", "isPartOf")
# A string that never ends is one, too, whatever its last sign: else each quote would be tried anew.
_STRING = r'"(?:[^"\\]++|\\.?+)*+(?:"|\Z)'
_COMMENT = re.compile(rf"({_STRING})|//[^\n]*+|/\*(?:.*?\*/|.*+\Z)", re.DOTALL)
_TRAILING = re.compile(rf"({_STRING})|,(?=\s*+[}}\]])", re.DOTALL)
_WRAPPERS = (("<![CDATA[", "]]>"), ("<!--", "-->"))
_MARKUP = re.compile(r"<[^<>]*+>")


@dataclass(frozen=True, slots=True)
class Node:
    """Something that a page describes: its properties under their plain names."""

    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def kinds(self) -> frozenset[str]:
        """What it is, by the last word of each `@type`."""
        return frozenset(re.split(r"[/:#]", text)[-1] for text in self.texts("@type"))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a property's texts, each fit to be shown: one line without markup."""
        values = islice(_flat(self.values.get(name)), _MOST_TEXTS)
        return tuple(text for value in values if (text := plain_text(value)))

    def text(self, *names: str) -> str:
        """Return the first text of the first of these properties that has one, "" for none."""
        return next((text for name in names for text in self.texts(name)), "")

    def nodes(self, name: str) -> "tuple[Node, ...]":
        """Return a property's values that are described themselves."""
        values = islice(_flat(self.values.get(name)), _MOST_TEXTS)
        return tuple(Node(_plain_names(value)) for value in values if isinstance(value, dict))


def organization_of(page: Page) -> Node | None:
    """Return the organization whose page it is, None where it tells of none."""
    heads = [*(_heads(page.scripts)), *(_plain_names(item) for item in page.items)]
    by_id = {id: head for head in reversed(heads) if (id := _id_of(head))}
    named = [Node(_known(each, by_id)) for head in heads for each in _behind(head)]
    nodes = [*named, *(Node(head) for head in heads)]
    companies = [node for node in nodes if is_organization(node.kinds)]
    return min(companies, key=lambda node: _is_elsewhere(node, page), default=None)


def _is_elsewhere(node: Node, page: Page) -> bool:
    """Tell whether its address is another host's."""
    address = hostname(node.text("url", "@id"))
    return bool(address) and address != hostname(page.url)


def _known(
    value: Mapping[str, object], by_id: Mapping[str, Mapping[str, object]]
) -> dict[str, object]:
    """Return what is said here and elsewhere of something that is named by its `@id`."""
    return {**by_id.get(_id_of(value), {}), **value}


def _id_of(value: Mapping[str, object]) -> str:
    id = value.get("@id")
    return id if isinstance(id, str) else ""


def _behind(head: Mapping[str, object]) -> Iterator[dict[str, object]]:
    if is_organization(Node(head).kinds):
        return
    for name in _BEHIND:
        for value in islice(_flat(head.get(name)), _MOST_TEXTS):
            if isinstance(value, dict):
                yield _plain_names(value)


def _heads(scripts: Iterable[str]) -> Iterator[dict[str, object]]:
    """Give what stands by itself: at the top, in a list there, or in a graph."""
    left = _MOST_PARTS
    for script in scripts:
        waiting = [_parsed(script)]
        while waiting and left > 0:
            left -= 1
            value = waiting.pop()
            if isinstance(value, list):
                waiting += reversed(value[:left])
            elif isinstance(value, dict):
                yield _plain_names(value)
                waiting.append(value.get("@graph"))


def _plain_names(value: Mapping[str, object]) -> dict[str, object]:
    """Return properties without the prefix that some write before each."""
    return {name.removeprefix("schema:"): each for name, each in value.items()}


def _flat(value: object) -> Iterator[object]:
    """Give a value, or each of a list, not deeper."""
    yield from value if isinstance(value, list) else (value,)


def _parsed(script: str) -> object:
    """Read JSON as it is found in pages: with comments, commas too many, a wrapper, or escaped once
    more; None where it is none.
    """
    for text in (script, tidied(script), tidied(unescaped(script))):
        try:
            return json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def tidied(text: str) -> str:
    """Return JSON without comments, commas before an end, and what wraps it."""
    plain = text.strip("\ufeff; \t\r\n")
    for before, behind in _WRAPPERS:
        plain = plain.removeprefix(before).removesuffix(behind)
    plain = _COMMENT.sub(lambda found: found[1] or " ", plain)
    for before, behind in _WRAPPERS:  # which was behind a comment's sign
        plain = plain.strip("; \t\r\n").removeprefix(before).removesuffix(behind)
    return _TRAILING.sub(lambda found: found[1] or "", plain)


def plain_text(value: object) -> str:
    """Return a value's text in one line without control characters and markup, at most 500
    characters; "" where it is no text or number.
    """
    if isinstance(value, dict):
        value = value.get("@value", value.get("@id"))
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) and value == round(value) else ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and abs(value) > 10**20:
        return ""
    text = str(value)[: 2 * _LONGEST_TEXT]
    text = one_line(_MARKUP.sub(" ", unescaped(text)))
    # What is still markup, too long, or damaged is no name and no number.
    is_unfit = len(text) > _LONGEST_TEXT or any(sign in text for sign in "<>\ufffd")
    return "" if is_unfit else text
