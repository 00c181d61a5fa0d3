"""What is wrong with a value of the settings or the configuration, in words for people?"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

# By the library's word for what is wrong; `ctx` has what the value was compared with.
_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "literal_error": lambda ctx: f"write {str(ctx['expected']).replace(chr(39), '')}",
    "int_parsing": lambda _: "write a whole number",
    "int_type": lambda _: "write a whole number",
    "int_from_float": lambda _: "write a whole number",
    "float_parsing": lambda _: "write a number",
    "bool_parsing": lambda _: "write true or false",
    "greater_than": lambda ctx: f"write more than {ctx['gt']:g}",
    "greater_than_equal": lambda ctx: f"write {ctx['ge']} or more",
    "less_than_equal": lambda ctx: f"write {ctx['le']} or less",
    "string_pattern_mismatch": lambda ctx: f"write it in the form {ctx['pattern']}",
}


def complaint(error: ErrorDetails) -> str:
    """Say what is wrong with a value, as it was typed, and what to write instead."""
    told = _WORDS.get(error["type"])
    if told is None:
        return error["msg"]
    return f'"{error["input"]}" will not do: {told(error.get("ctx", {}))}'


def key_of(error: ErrorDetails) -> str:
    """Name the key of a value by the keys above it; its line tells which one of a list it is."""
    return ".".join(part for part in error["loc"] if isinstance(part, str))
