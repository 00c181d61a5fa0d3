"""What do the codes of the French register of companies mean?

Both sources that give Sirene read them here. The tables are Insee's: size bands, legal categories,
countries of seats abroad. A code that is not in them says nothing.
"""

import re
from collections.abc import Iterator

from stdnum.fr import siren as siren_number
from stdnum.fr import tva

from sfsync.enrich.model import Found, Item

MASK = "[NON-DIFFUSIBLE]"
ABROAD = "ZZ"  # ISO 3166's own word for a place that it does not know: certainly not France

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

# Insee numbers the countries of the world, France excepted; here are those that companies come from.
_NUMBERED = """
    99101:DK 99102:IS 99103:NO 99104:SE 99105:FI 99106:EE 99107:LV 99108:LT 99109:DE 99110:AT
    99111:BG 99112:HU 99113:LI 99114:RO 99116:CZ 99117:SK 99118:BA 99119:HR 99121:RS 99122:PL
    99123:RU 99125:AL 99126:GR 99127:IT 99128:SM 99129:VA 99130:AD 99131:BE 99132:GB 99133:GI
    99134:ES 99135:NL 99136:IE 99137:LU 99138:MC 99139:PT 99140:CH 99144:MT 99145:SI 99155:UA
    99207:IL 99208:TR 99216:CN 99217:JP 99223:IN 99226:SG 99254:CY 99350:MA 99351:TN 99352:DZ
    99401:CA 99404:US 99405:MX 99416:BR 99501:AU 99502:NZ
    """
_COUNTRIES = dict(pair.split(":") for pair in _NUMBERED.split())
_ACTIVITY_2 = re.compile(r"\d\d\.\d\d[A-Z]")
_ACTIVITY_1 = re.compile(r"\d\d\.\d[A-Z]")
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


def country(code: str) -> str:
    """Return a seat's country as ISO 3166 alpha-2, from Insee's code of the country abroad."""
    return _COUNTRIES.get(code, ABROAD) if code else "FR"


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
    """Return an activity's code with its scheme: `naf2:62.01Z`; "" where it is of neither."""
    if _ACTIVITY_2.fullmatch(code):
        return f"naf2:{code}"
    return f"naf1:{code}" if _ACTIVITY_1.fullmatch(code) else ""


def vat_of(siren: str) -> str:
    """Return the VAT number that belongs to a SIREN; "" where it is no SIREN."""
    return f"FR{siren_number.to_tva(siren)}" if siren_number.is_valid(siren) else ""


def is_vat(number: str) -> bool:
    """Tell whether it is a French VAT number."""
    return number.startswith("FR") and bool(tva.is_valid(number))


def page_of(siren: str) -> str:
    """Return the page that shows a company to a person."""
    return f"https://annuaire-entreprises.data.gouv.fr/entreprise/{siren}"
