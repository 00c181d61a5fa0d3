"""Which registers' numbers does a text of the CRM hold, and which of them are no numbers at all?"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from stdnum import lei
from stdnum.ch import uid
from stdnum.eu import vat
from stdnum.exceptions import InvalidChecksum, InvalidComponent, ValidationError
from stdnum.fr import siren, siret, tva
from stdnum.gb import vat as british_vat

from sfsync.enrich.matching.countries import FRANCE, nation_of
from sfsync.enrich.model import Scheme


class _Check(Protocol):
    def validate(self, number: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Identified:
    """The numbers of a company: valid ones, compact, and in words what is wrong with others."""

    identifiers: Mapping[Scheme, str]
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    scheme: Scheme
    number: str
    is_valid: bool


_GAP = r"[\s.\-/]?"
_SIREN = rf"\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{3}}"
_LEI = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}\d{2}(?![0-9A-Z])")
_FRENCH_VAT = re.compile(rf"(?<![0-9A-Z])FR{_GAP}[0-9A-HJ-NP-Z]{{2}}{_GAP}{_SIREN}(?!\d)")
_SIRET = re.compile(rf"(?<!\d){_SIREN}{_GAP}\d{{2}}{_GAP}\d{{3}}(?!\d)")
_ALONE = re.compile(rf"(?<!\d)(?<!\d[\s.])({_SIREN})(?![\s.]?\d)")
_LABELLED = re.compile(
    rf"(?:SIREN|SIRET|R\.?C\.?S\.?|TVA|VAT)\W*(?:[A-Z]+\W+){{0,2}}({_SIREN})(?![\s.]?\d)"
)
_SWISS = re.compile(r"CHE[\s-]?\d{3}[\s.]?\d{3}[\s.]?\d{3}")
_LABEL = re.compile(
    r"^(?:TVA|VAT|MWST|UST|IVA|BTW|TAX|REG|NO|NR|ID|INTRACOM\w*|NUMBER|COMPANY|N°|[\s.:°#-])+"
)
_COMPANIES_HOUSE = re.compile(r"(?:\d{6,8}|(?:SC|NI|OC|SO|NC|FC|SL|LP|IP|GE|R0)\d{6})")
_SCOTTISH = re.compile(r"(?:SC|NI|OC|SO|NC)\d{6}")
_CIK = re.compile(r"000\d{7}")
_WIKIDATA = re.compile(r"Q[1-9]\d{0,9}")
_TITLES = {Scheme.VAT: "VAT number", Scheme.SIREN: "SIREN", Scheme.SIRET: "SIRET"}
_LEAST_DIGITS = 7


def identify(name: str, numbers: Iterable[str] = (), country: str = "") -> Identified:
    """Read the registers' numbers in a company's name and in the texts of its number fields.

    `country` is ISO alpha-2, "" where unknown. From a SIRET and a French VAT number comes the
    SIREN too. A number that fails its checksum is named in `wrong`; so are valid ones of two French
    companies, of which none is used. In a name, only what is marked as a number counts.
    """
    reads = [read for text in numbers for read in _reads(_plain(text), nation_of(country))]
    reads += [read for read in _in_name(_plain(name)) if read.is_valid]
    wrong = [_complaint(read) for read in reads if not read.is_valid]
    valid = [read for read in reads if read.is_valid]
    sirens = list(dict.fromkeys(filter(None, (siren_of({r.scheme: r.number}) for r in valid))))
    if len(sirens) > 1:
        wrong.append(f"numbers of several companies: SIREN {', '.join(sorted(sirens))}")
        valid = [read for read in valid if not siren_of({read.scheme: read.number})]
    found: dict[Scheme, str] = {}
    for read in valid:
        found.setdefault(read.scheme, read.number)
    if len(sirens) == 1:
        found[Scheme.SIREN] = sirens[0]
    return Identified(found, tuple(dict.fromkeys(wrong)))


def siren_of(identifiers: Mapping[Scheme, str]) -> str:
    """Return the SIREN among a company's numbers, or that within its SIRET or French VAT number;
    "" where there is none.
    """
    if number := identifiers.get(Scheme.SIREN):
        return number
    if number := identifiers.get(Scheme.SIRET):
        return number[:9]
    number = identifiers.get(Scheme.VAT, "")
    return number[4:] if number.startswith("FR") else ""


def without_numbers(name: str) -> str:
    """Return a name without the registers' numbers that are written into it."""
    plain = name
    for pattern in (_LEI, _FRENCH_VAT, _SIRET, _LABELLED):
        plain = re.sub(pattern.pattern, " ", plain, flags=re.IGNORECASE)
    # What is left of `(SIRET: …)`.
    return re.sub(r"(?i)\(?\b(?:siren|siret|lei)\b\W*(?=\W|$)", " ", plain)


def _plain(text: str) -> str:
    return re.sub(r"[\s ]+", " ", text.upper()).strip()


def _complaint(read: _Read) -> str:
    return f"the {_TITLES.get(read.scheme, 'LEI')} {read.number} fails its checksum"


def _in_name(text: str) -> Iterator[_Read]:
    yield from _matches(_LEI, text, Scheme.LEI, lei)
    yield from _matches(_FRENCH_VAT, text, Scheme.VAT, tva)
    yield from _matches(_SIRET, text, Scheme.SIRET, siret)
    yield from _matches(_LABELLED, text, Scheme.SIREN, siren)


def _reads(text: str, nation: str) -> Iterator[_Read]:
    """Read a number field's text: what is of known shape within it, else the text as a whole."""
    whole = re.sub(r"[^0-9A-Z]", "", text)
    if len(set(whole)) < 2:
        return
    if by_shape := tuple(_by_shape(whole, nation)):
        yield from by_shape
        return
    rest = text
    found = False
    for pattern, scheme, check in _WITHIN:
        if nation not in ("", FRANCE) and pattern is _ALONE:
            continue
        for read in _matches(pattern, rest, scheme, check):
            found = True
            yield read
        rest = pattern.sub(" ", rest)
    if not found:
        yield from _european(whole, text, nation)


_WITHIN: tuple[tuple[re.Pattern[str], Scheme, _Check], ...] = (
    (_LEI, Scheme.LEI, lei),
    (_FRENCH_VAT, Scheme.VAT, tva),
    (_SIRET, Scheme.SIRET, siret),
    (_ALONE, Scheme.SIREN, siren),
)


def _matches(pattern: re.Pattern[str], text: str, scheme: Scheme, check: _Check) -> Iterator[_Read]:
    for match in pattern.finditer(text):
        number = re.sub(r"[^0-9A-Z]", "", match.group(match.lastindex or 0))
        # Twenty letters and digits are a LEI only where some are letters.
        if len(set(number)) > 1 and not (scheme == Scheme.LEI and number.isdigit()):
            is_valid, compact = _checked(check.validate, number)
            yield _Read(scheme, _with_prefix(scheme, compact), is_valid)


def _with_prefix(scheme: Scheme, number: str) -> str:
    return f"FR{number}" if scheme == Scheme.VAT and len(number) == 11 else number


def _checked(validate: Callable[[str], str], number: str) -> tuple[bool, str]:
    try:
        return True, str(validate(number))
    except ValidationError:
        return False, number


def _by_shape(whole: str, nation: str) -> Iterator[_Read]:
    """Read the numbers that only their shape and the country tell."""
    if nation == "GB" and _COMPANIES_HOUSE.fullmatch(whole):
        # A spreadsheet drops the zeros in front.
        yield _Read(Scheme.COMPANIES_HOUSE, whole.zfill(8), is_valid=True)
    elif not nation and _SCOTTISH.fullmatch(whole):
        yield _Read(Scheme.COMPANIES_HOUSE, whole, is_valid=True)
    elif nation in ("", "US") and _CIK.fullmatch(whole):
        yield _Read(Scheme.CIK, whole, is_valid=True)
    elif _WIKIDATA.fullmatch(whole):
        yield _Read(Scheme.WIKIDATA, whole, is_valid=True)


def _european(whole: str, text: str, nation: str) -> Iterator[_Read]:
    """Read a VAT number of another country, written with its prefix or without."""
    if swiss := _SWISS.search(text):
        number = re.sub(r"[^0-9A-Z]", "", swiss.group())
        yield _Read(Scheme.VAT, number, _checked(uid.validate, number)[0])
        return
    number = re.sub(r"[^0-9A-Z]", "", _LABEL.sub("", text))
    if number.startswith("GB"):
        yield from _valid_or_wrong(british_vat.validate, number, "GB")
    elif re.match(r"[A-Z]{2}", number):
        yield from _valid_or_wrong(vat.validate, number, "")
    elif nation and sum(each.isdigit() for each in number) >= _LEAST_DIGITS:
        is_valid, compact = _checked(vat.validate, nation + number)
        if is_valid:
            yield _Read(Scheme.VAT, compact, is_valid=True)


def _valid_or_wrong(validate: Callable[[str], str], number: str, prefix: str) -> Iterator[_Read]:
    """A text that only looks like a number of another shape (HRB 13085) is none, and not wrong."""
    try:
        compact = str(validate(number)).removeprefix(prefix)
        yield _Read(Scheme.VAT, prefix + compact, is_valid=True)
    except (InvalidChecksum, InvalidComponent):
        yield _Read(Scheme.VAT, number, is_valid=False)
    except ValidationError:
        if number.startswith("FR") and sum(each.isdigit() for each in number) >= _LEAST_DIGITS:
            yield _Read(Scheme.VAT, number, is_valid=False)
