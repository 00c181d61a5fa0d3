"""What is wrong with a text that is no YAML, in words for people?"""

import re
from collections.abc import Callable

# What the parser says, and what a person does about it; the first that fits counts.
_WORDS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (
        r"while parsing a flow (sequence|mapping)\b",
        lambda found: (
            "a list that begins with [ has no ] where it should end"
            if found[1] == "sequence"
            else "what begins with { has no } where it should end"
        ),
    ),
    (
        r"while scanning a quoted scalar\b",
        lambda _: "a text in quotes has no end: close them",
    ),
    (
        r"found character '\\t'",
        lambda _: "the line begins with a tab: write blanks instead",
    ),
    (
        r"found character '(.)' that cannot start",
        lambda found: f"the value begins with {found[1]}: put it in quotes",
    ),
    (
        r"mapping values are not allowed",
        lambda _: (
            "a colon with a blank behind it stands in a value: put that in quotes, or check "
            "how far the line is indented"
        ),
    ),
    (
        r"could not find expected ':'",
        lambda _: "a key has no colon behind it: write KEY: VALUE",
    ),
    (
        r"while parsing a block mapping\b|expected the node content",
        lambda _: "the line fits none above it: check how far it is indented, and its quotes",
    ),
    (
        r"undefined alias",
        lambda _: "a value begins with * and means something else in YAML: put it in quotes",
    ),
    (
        r"unknown tag (\S+)",
        lambda found: f"a value begins with {found[1]}: put it in quotes",
    ),
)
_BEGUN = re.compile(r"\(line (\d+)\)")


def in_words(problem: str) -> str:
    """Return what is wrong, said with `file:line: ` before it, in words for people; as it is where
    there are none.
    """
    place, between, said = problem.partition(": ")
    for pattern, words in _WORDS:
        if found := re.search(pattern, said):
            begun = _BEGUN.search(said)
            since = f" (begun on line {begun[1]})" if begun else ""
            return f"{place}{between}{words(found)}{since}"
    return problem
