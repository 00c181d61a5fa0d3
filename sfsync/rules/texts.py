"""What do people read about each finding: how bad is it, to whom does it go, what is to be done?
(`config/findings.yaml`)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from sfsync.errors import ConfigError
from sfsync.lines import Document, Path, read_yaml
from sfsync.policy import COMPANY_CEASED, DUPLICATES, ENRICHMENT_REVIEW, Policy
from sfsync.registry import nearest
from sfsync.rules.shape import RuleName, Shape

TEXTS_FILE = "findings.yaml"
SEVERITIES = ("high", "medium", "low")

Words = Annotated[str, Field(min_length=1)]


class Languages(Shape):
    """One text in each language."""

    en: Words
    fr: Words


class TextShape(Shape):
    """What people read about one finding."""

    severity: Literal["high", "medium", "low"]
    goes_to: Literal["manager", "owner", "admin"]
    title: Languages
    remedy: Languages


@dataclass(frozen=True, slots=True)
class FindingText:
    """What people read about the findings of one code.

    `title` and `remedy` are by language: `en`, `fr`.
    """

    code: str
    severity: str
    goes_to: str
    title: Mapping[str, str]
    remedy: Mapping[str, str]


_FILE = TypeAdapter(dict[RuleName, TextShape])


def load_texts(text: str, name: str) -> Mapping[str, FindingText]:
    """Read config/findings.yaml, by code in the order of the file; `name` is what complaints call
    the file.

    Raises ConfigError with all problems, each with its line.
    """
    return _texts(read_yaml(text, name))


def check_texts(text: str, name: str, policy: Policy) -> None:
    """Check that each code of the policy has its texts, and no other code has.

    Raises ConfigError with all problems, each with its place and the nearest name.
    """
    document = read_yaml(text, name)
    problems = list(_strays(_texts(document), document, policy))
    if problems:
        raise ConfigError(problems)


def codes_of(policy: Policy) -> dict[str, str]:
    """Return each code that the policy can find, with the place of its first rule."""
    found: dict[str, str] = {}
    for machine in policy.machines.values():
        for rule in machine.findings:
            found.setdefault(rule.name, rule.place)
    if policy.duplicates.find:
        found[DUPLICATES] = "sfsync.yaml, duplicates"
    if policy.enrich.providers:
        found |= dict.fromkeys((ENRICHMENT_REVIEW, COMPANY_CEASED), "enrich.yaml, providers")
    return found


def _texts(document: Document) -> Mapping[str, FindingText]:
    try:
        shapes = _FILE.validate_python({} if document.data is None else document.data)
    except ValidationError as error:
        raise ConfigError(
            [
                f"{document.place(each['loc'])}: {_words(each['loc'], each['type'], each['msg'])}"
                for each in error.errors()
            ]
        ) from error
    return {
        code: FindingText(
            code, each.severity, each.goes_to, each.title.model_dump(), each.remedy.model_dump()
        )
        for code, each in shapes.items()
    }


def _words(loc: Path, kind: str, message: str) -> str:
    if kind == "missing":
        return f'{loc[0]}: "{".".join(str(part) for part in loc[1:])}" is missing'
    if kind == "extra_forbidden":
        keys = TextShape.model_fields if len(loc) == 2 else Languages.model_fields
        return f'{loc[0]}: unknown key "{loc[-1]}"{nearest(str(loc[-1]), keys)}'
    return f"{'.'.join(str(part) for part in loc)}: {message}"


def _strays(texts: Mapping[str, FindingText], document: Document, policy: Policy) -> Iterator[str]:
    codes = codes_of(policy)
    for code in texts:
        if code not in codes:
            hint = nearest(code, codes)
            yield f'{document.place((code,))}: no rule finds "{code}"{hint}'
    for code, place in codes.items():
        if code not in texts:
            hint = nearest(code, texts)
            yield f'{place}: {document.name} has no texts for the finding "{code}"{hint}'
