"""Is a company where an entry says it is?

A postal code is a place, a town alone is one where no postal code can be compared: the CRM has
none, the source gives none, it is a CEDEX (a letter box of the post, of which registers know
nothing), or the one that stands for all of Paris, Lyon or Marseille.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from sfsync.duplicates.hosts import SHARED_HOSTS
from sfsync.duplicates.names import town_of
from sfsync.duplicates.web import domain_of, label_of
from sfsync.enrich.matching.countries import FRANCE, nation_of
from sfsync.enrich.model import Agreement, Company, Entry, Place
from sfsync.facts.people import folded
from sfsync.suffixes import registered_domain

_ALL_OF_TOWN = frozenset({"75000", "69000", "13000"})
_SAME_STREET = 88.0
_COUNTRY_PREFIX = re.compile(r"^(?:[A-Z]{1,3}-)")
# One town in several languages.
_TOWNS = (
    "bruxelles brussel brussels bruessel",
    "antwerpen anvers antwerp",
    "gent gand ghent",
    "liege luik luttich",
    "geneve geneva genf ginevra",
    "koln cologne koeln",
    "munchen munich muenchen monaco di baviera",
    "wien vienna vienne",
    "zurich zuerich zurigo",
    "basel bale basle basilea",
    "bern berne",
    "milano milan mailand",
    "roma rome rom",
    "torino turin",
    "firenze florence florenz",
    "london londres",
    "lisboa lisbon lisbonne",
    "kobenhavn copenhagen copenhague",
    "praha prague prag",
    "warszawa warsaw varsovie",
    "nurnberg nuremberg nuernberg",
    "dusseldorf duesseldorf",
    "sevilla seville",
    "den haag|the hague|la haye|s gravenhage",
    "frankfurt|frankfurt am main|francfort",
    "new york|new york city",
    "luxembourg luxemburg letzebuerg",
)
_ONE_TOWN = {
    name: group[0]
    for group in (text.split("|") if "|" in text else text.split() for text in _TOWNS)
    for name in group
}
_WAYS = {
    "av": "avenue",
    "ave": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "blvd": "boulevard",
    "r": "rue",
    "pl": "place",
    "all": "allee",
    "che": "chemin",
    "chem": "chemin",
    "rte": "route",
    "imp": "impasse",
    "sq": "square",
    "fbg": "faubourg",
    "fg": "faubourg",
    "crs": "cours",
    "st": "street",
    "rd": "road",
    "str": "strasse",
}

_NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Nearness:
    """How an entry's place that fits best speaks: its postal code, town, street, and `is_open`.

    `is_placed`: postal code or town are enough to say that the company is there, or was.
    """

    place: Place = _NOWHERE
    postal: Agreement = Agreement.SILENT
    town: Agreement = Agreement.SILENT
    street: Agreement = Agreement.SILENT

    @property
    def is_placed(self) -> bool:
        """Tell whether postal code, or town where no code can be compared, say that it is there."""
        if Agreement.AGAINST in (self.postal, self.town):
            return False
        return Agreement.FOR in (self.postal, self.town)

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether the company is known to be in another place."""
        return Agreement.AGAINST in (self.postal, self.town)


def nearest_place(company: Company, entry: Entry) -> Nearness:
    """Return how the entry's place that fits best speaks; open ones go before closed ones that fit
    no better.
    """
    found = (_nearness(company, place) for place in entry.places)
    return max(found, key=_rank, default=Nearness())


def names_elsewhere(company: Company, entry: Entry) -> frozenset[str]:
    """Return an entry's shop signs and trade names that hang only where the company is not."""
    here, all_signs = set(entry.names[:1]), set[str]()
    for place in entry.places:
        all_signs.update(place.names)
        if place.is_open and _nearness(company, place).is_placed:
            here.update(place.names)
    return frozenset(all_signs - here)


def _rank(near: Nearness) -> tuple[bool, bool, bool, int, int, bool, str]:
    place = near.place
    shown = f"{place.postal_code} {place.city} {place.street} {place.country}"
    return (
        near.is_placed and place.is_open,
        near.is_placed,
        not near.is_elsewhere,
        _weight(near.postal) + _weight(near.town),
        _weight(near.street),
        place.is_open,
        shown,
    )


def _weight(agreement: Agreement) -> int:
    return {Agreement.FOR: 1, Agreement.SILENT: 0, Agreement.AGAINST: -1}[agreement]


def _nearness(company: Company, place: Place) -> Nearness:
    return Nearness(
        place=place,
        postal=_postal(company, place),
        town=_town(company.city, place.city),
        street=_street(company.street, place.street),
    )


def _postal(company: Company, place: Place) -> Agreement:
    ours = _code(company.postal_code, company.country or place.country)
    theirs = _code(place.postal_code, place.country)
    is_vague = "cedex" in folded(company.city) or "cedex" in folded(company.postal_code)
    if not ours or not theirs:
        return Agreement.SILENT
    if ours == theirs:
        return Agreement.FOR
    if is_vague or ours in _ALL_OF_TOWN or "cedex" in folded(place.city):
        # The department still tells.
        return Agreement.SILENT if ours[:2] == theirs[:2] else Agreement.AGAINST
    return Agreement.AGAINST


def _code(text: str, country: str) -> str:
    plain = _COUNTRY_PREFIX.sub("", text.strip().upper())
    plain = re.sub(r"CEDEX.*", "", plain)
    plain = re.sub(r"\.0$", "", plain)
    plain = re.sub(r"[^0-9A-Z]", "", plain)
    if country == "US":
        return plain[:5]
    # A spreadsheet drops the zero in front.
    is_short = nation_of(country) == FRANCE and len(plain) == 4 and plain.isdigit()
    return f"0{plain}" if is_short else plain


def _town(ours: str, theirs: str) -> Agreement:
    left, right = (_ONE_TOWN.get(town, town) for town in (town_of(ours), town_of(theirs)))
    if not left or not right:
        return Agreement.SILENT
    if left == right or left.replace(" ", "") == right.replace(" ", ""):
        return Agreement.FOR
    # Communes merge and get longer names: Boulazac, Boulazac Isle Manoire.
    short, long = sorted((left.split(), right.split()), key=len)
    begins = long[: len(short)] == short and short not in (["saint"], ["sainte"], ["le"], ["la"])
    return Agreement.SILENT if begins or fuzz.ratio(left, right) >= 90 else Agreement.AGAINST


def _street(ours: str, theirs: str) -> Agreement:
    left, right = _way(ours), _way(theirs)
    numbers = [[word for word in words if word[0].isdigit()] for words in (left, right)]
    if not left or not right or numbers[0][:1] != numbers[1][:1] or not numbers[0]:
        return Agreement.SILENT
    alike = fuzz.token_sort_ratio(" ".join(left), " ".join(right))
    return Agreement.FOR if alike >= _SAME_STREET else Agreement.SILENT


def _way(street: str) -> list[str]:
    return [_WAYS.get(word, word) for word in folded(street).split()]


def sites_speak(ours: str, theirs: str) -> Agreement:
    """Tell whether two websites are one company's; acme.fr and acme.com may be, and say nothing."""
    left, right = site_of(ours), site_of(theirs)
    if not left or not right:
        return Agreement.SILENT
    if left == right:
        return Agreement.FOR
    return Agreement.SILENT if label_of(left) == label_of(right) else Agreement.AGAINST


@functools.lru_cache(maxsize=4096)
def site_of(website: str) -> str:
    """Return the domain of a company's website as it is registered; "" where there is none of its
    own.
    """
    plain = domain_of(website)
    if not plain:
        return ""
    found = registered_domain(website.strip().casefold())
    if found is None:
        return plain
    return "" if found in SHARED_HOSTS else found


def towns_of(places: Iterable[Place]) -> tuple[str, ...]:
    """Return the towns of places, each once."""
    return tuple(dict.fromkeys(place.city for place in places if place.city))
