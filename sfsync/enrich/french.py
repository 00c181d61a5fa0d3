"""What do the codes of the French register of companies mean?

Both sources that give Sirene read them here. The tables are Insee's: size bands, legal categories.
A code that is not in them says nothing.
"""

import re
from collections.abc import Iterator, Mapping

from stdnum.fr import siren as siren_number
from stdnum.fr import tva

from sfsync.enrich.model import Company, Found, Item, Scheme

# France, and those of its parts that have codes of their own.
COUNTRIES = frozenset({"FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "WF", "PF", "NC"})
MASK = "[NON-DIFFUSIBLE]"

# NN, "no employees at all in that year", is given to most companies of which nothing is known.
_BANDS: dict[str, tuple[int, int | None]] = {
    "00": (0, 0),
    "01": (1, 2),
    "02": (3, 5),
    "03": (6, 9),
    "11": (10, 19),
    "12": (20, 49),
    "21": (50, 99),
    "22": (100, 199),
    "31": (200, 249),
    "32": (250, 499),
    "41": (500, 999),
    "42": (1000, 1999),
    "51": (2000, 4999),
    "52": (5000, 9999),
    "53": (10000, None),
}

# The longest beginning of a category's code that is here gives its form.
_FORMS = {
    "5202": "snc",
    "5203": "snc",
    "5306": "scs",
    "5307": "scs",
    "5308": "sca",
    "5309": "sca",
    "5385": "selca",
    "54": "sarl",
    "5485": "selarl",
    "5498": "eurl",
    "55": "sa",
    "5585": "selafa",
    "56": "sa",
    "5685": "selafa",
    "57": "sas",
    "5720": "sasu",
    "5785": "selas",
    "58": "se",
    "6210": "geie",
    "6220": "gie",
    "6316": "cuma",
    "6521": "scpi",
    "6533": "gaec",
    "6534": "gfa",
    "6540": "sci",
    "6541": "sccv",
    "656": "scp",
    "657": "scp",
    "6585": "scp",
    "6589": "scm",
    "6597": "scea",
    "6598": "earl",
    "6599": "sc",
    "92": "association",
    "93": "fondation",
}

# No code is in two classifications: the last letter tells NAF 2025 from its predecessor.
_ACTIVITIES = {
    "naf2": re.compile(r"\d\d\.\d\d[A-FZ]"),
    "naf2025": re.compile(r"\d\d\.\d\d[G-LY]"),
    "naf1": re.compile(r"\d\d\.\d[A-Z]"),
}
_SIREN = 9  # digits; a SIRET begins with them, a VAT number ends with them
_POSTAL_CODE = re.compile(r"[0-9]{5}")
_YEAR = re.compile(r"\d{4}")


def legal_form(category: str) -> str:
    """Return the form of a legal category's code: `sarl` for 5499, "" where it has no word."""
    for length in (4, 3, 2):
        if form := _FORMS.get(category[:length]):
            return form
    return ""


def is_person(category: str) -> bool:
    """Tell whether a legal category's code is a natural person's."""
    return category.startswith("1")


def band(code: str, year: str) -> Iterator[Found]:
    """Give the size band of a year. Without its year a band says nothing, and is left out."""
    if code not in _BANDS or not _YEAR.fullmatch(year):
        return
    least, most = _BANDS[code]
    shown = f"{least}-{most}" if most else str(least)
    yield Found(Item.EMPLOYEES_BAND, f"{least}+" if most is None else shown, year)
    yield Found(Item.EMPLOYEES_LEAST, least, year)
    if most is not None:
        yield Found(Item.EMPLOYEES_MOST, most, year)
    yield Found(Item.EMPLOYEES_YEAR, int(year), year)


def activity(code: str) -> str:
    """Return an activity's code with its scheme: `naf2:62.01Z`; "" where it is of none."""
    for scheme, shape in _ACTIVITIES.items():
        if shape.fullmatch(code):
            return f"{scheme}:{code}"
    return ""


def vat_of(siren: str) -> str:
    """Return the VAT number that belongs to a SIREN; "" where it is no SIREN."""
    return f"FR{siren_number.to_tva(siren)}" if siren_number.is_valid(siren) else ""


def is_vat(number: str) -> bool:
    """Tell whether it is a French VAT number."""
    return number.startswith("FR") and bool(tva.is_valid(number))


def page_of(siren: str) -> str:
    """Return the page that shows a company to a person."""
    return f"https://annuaire-entreprises.data.gouv.fr/entreprise/{siren}"


def numbers_of(company: Company) -> tuple[str, str]:
    """Return the company's own SIRET or SIREN, also one within its VAT number, and the one that its
    website shows; "" where there is none. That one may be its host's, and is left out where the own
    one is known.
    """
    own = _number_in(company.identifiers)
    return own, "" if own else _number_in(company.claimed)


def _number_in(numbers: Mapping[Scheme, str]) -> str:
    vat = numbers.get(Scheme.VAT, "")
    siren = vat[-_SIREN:] if is_vat(vat) else ""
    return numbers.get(Scheme.SIRET) or numbers.get(Scheme.SIREN) or siren


def is_postal_code(text: str) -> bool:
    """Tell whether it is a French postal code."""
    return bool(_POSTAL_CODE.fullmatch(text))


def siren_of(number: str) -> str:
    """Return the SIREN of a SIRET or SIREN."""
    return number[:_SIREN]
