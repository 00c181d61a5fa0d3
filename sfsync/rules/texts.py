"""What is said of each finding, to whom, and how bad is it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, ValidationError

from sfsync.errors import ConfigError
from sfsync.lines import read_yaml
from sfsync.registry import nearest
from sfsync.rules.shape import Shape, keys_at

TEXTS_FILE = "findings.yaml"


class Words(Shape):
    """A sentence in each language that sfsync speaks."""

    en: str = Field(min_length=1, description="In English.")
    fr: str = Field(min_length=1, description="In French.")


class TextShape(Shape):
    """What is said of one code."""

    severity: Literal["high", "medium", "low"]
    goes_to: Literal["manager", "owner", "admin"]
    title: Words
    remedy: Words


@dataclass(frozen=True, slots=True)
class FindingText:
    """A code's severity (high, medium, low), whom it goes to (manager, owner, admin), its title and
    what to do, by language (en, fr).
    """

    code: str
    severity: str
    goes_to: str
    title: Mapping[str, str]
    remedy: Mapping[str, str]


def load_texts(text: str, name: str) -> Mapping[str, FindingText]:
    """Read `findings.yaml`: the text of each code. Raises ConfigError with all problems."""
    document = read_yaml(text, name)
    if not isinstance(document.data, dict):
        raise ConfigError([f"{name}:1: the file must hold codes, each with its text"])
    problems: list[str] = []
    found: dict[str, FindingText] = {}
    for code, raw in document.data.items():
        try:
            shape = TextShape.model_validate(raw)
        except ValidationError as error:
            for each in error.errors():
                loc = each["loc"]
                hint = ""
                if each["type"] == "extra_forbidden":
                    hint = nearest(str(loc[-1]), keys_at(TextShape, loc[:-1]))
                where = document.place((code, *loc))
                key = ".".join(map(str, (code, *loc)))
                problems.append(f"{where}: {key}: {each['msg']}{hint}")
            continue
        title, remedy = shape.title.model_dump(), shape.remedy.model_dump()
        found[code] = FindingText(code, shape.severity, shape.goes_to, title, remedy)
    if problems:
        raise ConfigError(problems)
    return found
