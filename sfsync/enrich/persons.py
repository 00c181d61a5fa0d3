"""What of an answer is about people, and is left away before anybody keeps it?

A register's search gives sole traders among companies. That there is one, and its number, has to be
known, so that nobody else is taken for it; its name and address are not.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sfsync.enrich.provider import Answer

Record = Mapping[str, Any]
# Stands where a name was.
LEFT_AWAY = "-"


def redacted(answer: Answer, name: str, rest_of: Callable[[Record], Record | None]) -> Answer:
    """Return an answer in whose part `name` (a record or a list of them) only the rest is left of
    each record of which `rest_of` gives one; an answer without such a part stays as it is.
    """
    try:
        whole = answer.json()
        part = whole[name]
    except (ValueError, TypeError, KeyError):
        # Whoever reads it says what is wrong with it.
        return answer
    if part is None:
        return answer
    records = part if isinstance(part, list) else [part]
    left = [_left(each, rest_of) for each in records]
    if all(ours is theirs for ours, theirs in zip(left, records, strict=True)):
        return answer
    body = {**whole, name: left if isinstance(part, list) else left[0]}
    return replace(answer, body=json.dumps(body).encode("ascii"))


def _left(record: Record, rest_of: Callable[[Record], Record | None]) -> Record:
    try:
        rest = rest_of(record)
    except (TypeError, KeyError, AttributeError):
        # Of whom it speaks nobody can tell: it may be a person.
        return {}
    return record if rest is None else rest
