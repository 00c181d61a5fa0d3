"""What do people read about each finding: how bad is it, to whom does it go, what is to be done?
(`config/findings.yaml`)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from sfsync.errors import ConfigError
from sfsync.lines import Document, Path, read_yaml
from sfsync.policy import (
    COMPANY_CEASED,
    DUPLICATES,
    ENRICHMENT_REVIEW,
    MAIL_REFUSED,
    NUMBER_INVALID,
    TASK_WAITING,
    UPDATE_REFUSED,
    Policy,
)
from sfsync.registry import nearest
from sfsync.rules.kinds import RuleName, Shape
from sfsync.rules.sayings import Saying, names_in_all, sayings_of
from sfsync.rules.values import check_reason

TEXTS_FILE = "findings.yaml"
SEVERITIES = ("high", "medium", "low")

Words = Annotated[str, Field(min_length=1)]


class Languages(Shape):
    """One text in each language."""

    en: Words
    fr: Words


class Says(Shape):
    """The sentence about a record, in the languages in which it is given."""

    en: Words | None = None
    fr: Words | None = None


class TextShape(Shape):
    """What people read about one finding."""

    severity: Literal["high", "medium", "low"]
    goes_to: Literal["manager", "owner", "admin"]
    title: Languages
    remedy: Languages
    says: Says = Says()


@dataclass(frozen=True, slots=True)
class FindingText:
    """What people read about the findings of one code.

    `title` and `remedy` are by language: `en`, `fr`; so is `says`, the sentence about a record with
    names of facts and fields in braces, where the file gives one. `sayings` tells, by object, what
    may stand in the braces, and the rule's own words; it is empty where the texts were read without
    the rules.
    """

    code: str
    severity: str
    goes_to: str
    title: Mapping[str, str]
    remedy: Mapping[str, str]
    says: Mapping[str, str] = field(default_factory=dict)
    sayings: Mapping[str, Saying] = field(default_factory=dict)


_FILE = TypeAdapter(dict[RuleName, TextShape])


def load_texts(text: str, name: str, policy: Policy | None = None) -> Mapping[str, FindingText]:
    """Read config/findings.yaml, by code in the order of the file; `name` is what complaints call
    the file. With a policy the texts know what its rules say of a record.

    Raises ConfigError with all problems, each with its line.
    """
    texts = _texts(read_yaml(text, name))
    if policy is None:
        return texts
    sayings = sayings_of(policy)
    return {code: replace(each, sayings=sayings.get(code, {})) for code, each in texts.items()}


def check_texts(text: str, name: str, policy: Policy) -> None:
    """Check that each code of the policy has its texts, and no other code has, and that nothing
    stands in the braces of `says` but what each finding of the code tells.

    Raises ConfigError with all problems, each with its place and the nearest name.
    """
    document = read_yaml(text, name)
    texts = _texts(document)
    problems = [*_strays(texts, document, policy), *_misspoken(texts, document, policy)]
    if problems:
        raise ConfigError(problems)


def codes_of(policy: Policy) -> dict[str, str]:
    """Return each code that the policy can find, with the place of its first rule."""
    found: dict[str, str] = {}
    for machine in policy.judged.values():
        for rule in machine.findings:
            found.setdefault(rule.name, rule.place)
    if policy.duplicates.find:
        found[DUPLICATES] = "sfsync.yaml, duplicates"
    if policy.enrich.providers:
        codes = (ENRICHMENT_REVIEW, COMPANY_CEASED, NUMBER_INVALID)
        found |= dict.fromkeys(codes, "enrich.yaml, providers")
    found.update(dict.fromkeys((UPDATE_REFUSED, MAIL_REFUSED, TASK_WAITING), "sfsync itself"))
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
            code,
            each.severity,
            each.goes_to,
            each.title.model_dump(),
            each.remedy.model_dump(),
            each.says.model_dump(exclude_none=True),
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


def _misspoken(
    texts: Mapping[str, FindingText], document: Document, policy: Policy
) -> Iterator[str]:
    sayings = sayings_of(policy)
    for code, text in texts.items():
        for language, words in text.says.items() if code in sayings else ():
            try:
                check_reason(words, names_in_all(sayings[code].values()))
            except ValueError as error:
                yield f"{document.place((code, 'says', language))}: {code}: {error}"
