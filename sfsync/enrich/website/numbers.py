"""Which registers' numbers does a site show, and whose are they, by the words before them?

A legal notice shows the numbers of the company and of its host, and often of who made the site. The
words tell them apart often, never surely: all are claims, and a register decides.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from stdnum import lei
from stdnum.ch import uid
from stdnum.eu import vat
from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret, tva

from sfsync.enrich import british
from sfsync.enrich.answers import one_line
from sfsync.enrich.matching import identify, siren_of
from sfsync.enrich.model import Scheme
from sfsync.enrich.website.structured import Node

_MOST_CLAIMS = 40
# So much of what is before and behind a number is shown with it.
_BEFORE, _AFTER = 90, 30
# So far back a word tells whose number it is, and so far around one that it is a number at all.
_REACH, _LABEL_BEFORE, _LABEL_BEHIND = 400, 80, 25


class Whose(IntEnum):
    """Whose number it is, by the words near it; the greater, the more likely the company's."""

    ANOTHERS = 0
    UNSAID = 1
    ITS_OWN = 2


@dataclass(frozen=True, slots=True)
class Claim:
    """A valid number that a site shows, and the words near it."""

    scheme: Scheme
    number: str
    whose: Whose
    near: str

    @property
    def company(self) -> str:
        """What all numbers of one company have in common: of French ones the SIREN."""
        return siren_of({self.scheme: self.number}) or self.number


@dataclass(frozen=True, slots=True)
class Claims:
    """All numbers that a site shows. `likely` are those of the one company that it is by the words
    near them, none where two are as likely; `others` are the rest.
    """

    all: tuple[Claim, ...]
    likely: Mapping[Scheme, str]
    others: tuple[tuple[Scheme, str], ...]


_GAP = r"[\s.\-]?"
_SIREN = rf"\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{3}}"
_DIGITS = (
    "BE10 BG9 BG10 CZ8 CZ9 CZ10 DE9 DK8 EE9 EL9 FI8 HR11 HU8 IT11 LT9 LT12 LU8 LV11 MT8 PL10 PT9 "
    "RO7 RO8 RO9 SE12 SI8 SK10"
)
_EUROPEAN = "|".join(
    (
        *(rf"{each[:2]}{_GAP}\d(?:{_GAP}\d){{{int(each[2:]) - 1}}}" for each in _DIGITS.split()),
        rf"AT{_GAP}U(?:{_GAP}\d){{8}}",
        rf"NL{_GAP}\d(?:{_GAP}\d){{8}}{_GAP}B{_GAP}\d\d",
        rf"ES{_GAP}[0-9A-Z]{_GAP}\d{{7}}{_GAP}[0-9A-Z]",
        rf"CY{_GAP}\d{{8}}[A-Z]",
        rf"IE{_GAP}\d{{7}}[A-Z]{{1,2}}",
    )
)
_COMPANY_NUMBER = (
    r"(?i:compan(?:y|ies)|regist(?:ered|ration))[^;\n]{0,60}?(?i:\bno|\bnr|number|n°)\W{0,4}"
)
_FRENCH = re.compile(r"(?i)siren|siret|\br\.? ?c\.? ?s\b|registre du commerce|immatricul|\btva\b")
_BRITISH = re.compile(r"(?i)england|wales|scotland|northern ireland|united kingdom|\buk\b|company")


def _vat(number: str) -> str:
    return f"FR{tva.validate(number)}"


def _company_number(number: str) -> str:
    full = number.zfill(8)
    if not british.is_number(full) or len(set(full)) < 3:
        raise ValidationError
    return full


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a number looks in a text, how it is checked, and what has to be said around it."""

    scheme: Scheme
    pattern: re.Pattern[str]
    check: Callable[[str], str]
    label: re.Pattern[str] | None = None


# The longer before the shorter that it holds: what was read is not read once more.
_SHAPES = (
    _Shape(Scheme.VAT, re.compile(rf"\bFR{_GAP}([0-9A-HJ-NP-Z]{{2}}{_GAP}{_SIREN})(?!\d)"), _vat),
    _Shape(
        Scheme.SIRET,
        re.compile(rf"(?<!\d)({_SIREN}{_GAP}\d{{2}}{_GAP}\d{{3}})(?!\d)"),
        siret.validate,
        _FRENCH,
    ),
    _Shape(
        Scheme.VAT,
        re.compile(r"\b(CHE[\s-]?\d{3}[\s.]?\d{3}[\s.]?\d{3})(?!\d)"),
        uid.validate,
    ),
    _Shape(Scheme.VAT, re.compile(rf"\b({_EUROPEAN})(?!\d)"), vat.validate),
    _Shape(Scheme.LEI, re.compile(r"\bLEI\W{1,20}?([0-9A-Z]{18}\d{2})\b"), lei.validate),
    _Shape(
        Scheme.COMPANIES_HOUSE,
        re.compile(rf"{_COMPANY_NUMBER}((?:[A-Z]{{2}})?\d{{6,8}})\b"),
        _company_number,
        _BRITISH,
    ),
    _Shape(
        Scheme.SIREN,
        re.compile(rf"(?<!\d)(?<!\d[\s.])(?<!\+)({_SIREN})(?!{_GAP}\d)"),
        siren.validate,
        _FRENCH,
    ),
)
_OWN = (
    r"[ée]dit(?:é|eur|rice)|propri[ée]taire|publi(?:é|e|cation|sher|shed)|raison sociale|"
    r"d[ée]nomination|exploit(?:é|ant)|operated by|impressum|imprint|angaben gem|anbieter|"
    r"betreiber|mentions l[ée]gales|legal notice|le pr[ée]sent site|responsable du traitement|"
    r"titolare|titular|©|copyright|tous droits|all rights"
)
_MAKING = r"r[ée]alis|con[çc]u|concept|d[ée]velopp|cr[ée]|design|built|made|powered"
_ANOTHERS = (
    r"h[ée]berg|\bhost|webhost|hosting|\bprovider|webdesign|agence (?:web|digitale)|web agency|"
    rf"\b(?:{_MAKING})\w*\W+(?:\w+\W+){{0,3}}(?:par|by|du site|von)\b|"
    rf"\b(?:{_MAKING})\w*\s*:|\bcr[ée]dits?\b|m[ée]diateur|"
    r"assureur|garantie financi[èe]re|prestataire|sous-traitant|maison m[èe]re|parent company|"
    r"soci[ée]t[ée] m[èe]re|filiale"
)
_SAYS_WHOSE = re.compile(rf"(?i)(?P<own>{_OWN})|(?P<anothers>{_ANOTHERS})")
_HOSTS = re.compile(r"(?i)h[ée]berg|\bhosts?\b|hosting")

# ISO 6523: who gives the number, before a colon.
_GIVERS = re.compile(r"\s*(\d{4})\s*:\s*(.+)")
_KNOWN_GIVERS = frozenset({"0002", "0009", "0199"})
_NUMBERED = ("vatID", "taxID", "leiCode", "iso6523Code")


def claims_of(lines: Iterable[str], organization: Node | None) -> Claims:
    """Return the numbers that a site shows, in its texts and in what it says of its company."""
    found: dict[tuple[Scheme, str], Claim] = {}
    own = () if organization is None else _described(organization)
    for claim in (*own, *_written("\n".join(lines))):
        known = found.get((claim.scheme, claim.number))
        if known is None and len(found) >= _MOST_CLAIMS:
            continue
        if known is None or known.whose < claim.whose:
            found[claim.scheme, claim.number] = claim
    claims = tuple(found.values())
    likely = dict(_likely(claims))
    others = {siren_of({each.scheme: each.number}) or each.number: each for each in claims}
    return Claims(claims, likely, tuple(_others(others, likely)))


def _likely(claims: tuple[Claim, ...]) -> Iterator[tuple[Scheme, str]]:
    """Give the numbers of each scheme that are most likely the company's."""
    french = [each for each in claims if siren_of({each.scheme: each.number})]
    for some in (french, *_by_scheme(each for each in claims if each not in french)):
        most = max((each.whose for each in some), default=Whose.ANOTHERS)
        companies = {each.company for each in some if each.whose == most}
        if most == Whose.ANOTHERS or len(companies) != 1:
            continue
        mine = [each for each in some if each.company in companies]
        for same in _by_scheme(mine):
            if len(same) == 1:
                yield same[0].scheme, same[0].number
        if some is french:
            yield Scheme.SIREN, mine[0].company


def _by_scheme(claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    groups: dict[Scheme, list[Claim]] = {}
    for each in claims:
        groups.setdefault(each.scheme, []).append(each)
    yield from groups.values()


def _others(
    claims: Mapping[str, Claim], likely: Mapping[Scheme, str]
) -> Iterator[tuple[Scheme, str]]:
    """Give one number of each company that is not the likely one."""
    known = {*likely.values(), siren_of(likely)}
    for company, claim in claims.items():
        if company not in known:
            is_french = company != claim.number or claim.scheme == Scheme.SIREN
            yield Scheme.SIREN if is_french else claim.scheme, company


def _described(organization: Node) -> Iterator[Claim]:
    """Give the numbers in what the site says of its company in so many words."""
    for name in _NUMBERED:
        for text in organization.texts(name):
            yield from _said(name, text)
    for node in organization.nodes("identifier"):
        for text in node.texts("value"):
            yield from _said(node.text("propertyID", "name") or "identifier", text)


def _said(name: str, text: str) -> Iterator[Claim]:
    giver = _GIVERS.fullmatch(text)
    if giver and not (giver[1] in _KNOWN_GIVERS or giver[1].startswith("99")):
        return
    number = (giver[2] if giver else text)[:60]
    for scheme, valid in identify("", [number]).identifiers.items():
        if scheme not in (Scheme.CIK, Scheme.WIKIDATA):
            yield Claim(scheme, valid, Whose.ITS_OWN, f"{name[:40]}: {text[:60]}")


def is_anothers(before: str) -> bool:
    """Tell whether what follows a text is said to be another's: who hosts or made the site."""
    words = list(_SAYS_WHOSE.finditer(before))
    return bool(words) and words[-1]["anothers"] is not None


def _written(text: str) -> Iterator[Claim]:
    """Give the numbers in a text, its lines are blocks of the page."""
    taken: list[tuple[int, int]] = []
    for shape in _SHAPES:
        for match in shape.pattern.finditer(text):
            start, end = match.span(1)
            if any(start < last and end > first for first, last in taken[:_MOST_CLAIMS]):
                continue
            if shape.label is not None and not _is_labelled(shape.label, text, start, end):
                continue
            number = re.sub(r"[^0-9A-Z]", "", match[1])
            try:
                valid = shape.check(number)
            except ValidationError:
                continue
            taken.append((start, end))
            yield Claim(shape.scheme, str(valid), _whose(text, start, end), _near(text, start, end))
            if len(taken) >= _MOST_CLAIMS:
                return


def _is_labelled(label: re.Pattern[str], text: str, start: int, end: int) -> bool:
    around = f"{text[max(0, start - _LABEL_BEFORE) : start]} {text[end : end + _LABEL_BEHIND]}"
    return bool(label.search(around))


def _whose(text: str, start: int, end: int) -> Whose:
    """Tell whose number it is: the last word before it that says so, or one behind it."""
    before = list(_SAYS_WHOSE.finditer(text[max(0, start - _REACH) : start]))
    said = before[-1] if before else None
    behind = text[end : end + _REACH].partition("\n")[0]
    sentence = re.split(r"[.;](?:\s|$)", behind, maxsplit=1)[0]
    if (said is not None and said["anothers"]) or (said is None and _HOSTS.search(sentence)):
        return Whose.ANOTHERS
    return Whose.UNSAID if said is None else Whose.ITS_OWN


def _near(text: str, start: int, end: int) -> str:
    return one_line(text[max(0, start - _BEFORE) : end + _AFTER])
