"""What speaks for an entry being the company, and what against it?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfsync.enrich.matching.countries import FRANCE, nation_of
from sfsync.enrich.matching.forms import forms_speak
from sfsync.enrich.matching.names import EQUAL, Alike, Spelling, compare, numbers_in, spellings
from sfsync.enrich.matching.numbers import siren_of
from sfsync.enrich.matching.places import (
    Nearness,
    names_elsewhere,
    nearest_place,
    sites_speak,
    towns_of,
)
from sfsync.enrich.model import (
    Agreement,
    Candidate,
    Clue,
    Company,
    Entry,
    Place,
    Scheme,
    Standing,
)

FOR, AGAINST, SILENT = Agreement.FOR, Agreement.AGAINST, Agreement.SILENT
_SCHEMES = (Scheme.SIREN, Scheme.VAT, Scheme.LEI, Scheme.COMPANIES_HOUSE, Scheme.CIK)


@dataclass(frozen=True, slots=True)
class Weighed:
    """An entry beside the company: what its name, place and numbers say, and every clue.

    `is_sign_elsewhere`: the equal name is the shop sign of another of its establishments.
    """

    entry: Entry
    name: Alike
    is_sign_elsewhere: bool
    near: Nearness
    number: Agreement
    claimed: Agreement
    form: Agreement
    country: Agreement
    site: Agreement
    clues: tuple[Clue, ...]

    @property
    def is_equal(self) -> bool:
        """Tell whether the names are equal, to the measure of the research."""
        return self.name.points >= EQUAL

    @property
    def is_placed(self) -> bool:
        """Tell whether it is where the company is, be it closed by now; a website counts too."""
        return self.site == FOR or self.near.is_placed

    @property
    def is_open(self) -> bool:
        """Tell whether what places it is open."""
        return self.site == FOR or self.near.place.is_open

    def candidate(self) -> Candidate:
        """Return the entry with its clues and a score that orders candidates."""
        return Candidate(self.entry, self.clues, _score(self))


def weighed(company: Company, entry: Entry) -> Weighed:
    """Compare an entry with the company, clue by clue."""
    seat = _seat(entry)
    is_french = nation_of(seat.country or company.country) == FRANCE
    towns = towns_of(entry.places)
    code = company.postal_code
    endings = dict.fromkeys(filter(None, (company.city, code, *towns)))
    mine = spellings(company.name, endings, is_french=is_french)
    name, sign = _best_name(company, entry, mine, (*endings, code[:2]), is_french)
    near = nearest_place(company, entry)
    numbers = tuple(_number_clues(company, entry))
    claims = tuple(_claim_clues(company, entry, is_equal=name.points >= EQUAL))
    form = _form(name, entry)
    site = sites_speak(company.website, entry.website)
    country = _country(company, seat, near)
    clues = (
        *numbers,
        *claims,
        *_name_clues(name),
        Clue("legal form", name.form, entry.legal_form or name.their_form, form),
        *_place_clues(company, near),
        Clue("country", company.country, seat.country, country),
        Clue("website", company.website, entry.website, site),
        Clue("standing", "", entry.standing.value, _standing(entry)),
    )
    shown = tuple(clue for clue in clues if clue.ours or clue.theirs)
    said = (_sum(numbers), _sum(claims), form, country, site)
    return Weighed(entry, name, sign, near, *said, shown)


def _best_name(
    company: Company,
    entry: Entry,
    mine: Sequence[Spelling],
    places: Sequence[str],
    is_french: bool,
) -> tuple[Alike, bool]:
    """Return how the names compare, and whether ours is equal only to the sign of another of their
    establishments.
    """
    whole = compare(mine, entry.names, places, is_french=is_french)
    strange = names_elsewhere(company, entry)
    if not strange or whole.points < EQUAL:
        return whole, False
    names = [name for name in entry.names if name not in strange]
    here = compare(mine, names, places, is_french=is_french)
    return (here, False) if here.points >= EQUAL else (whole, True)


def _seat(entry: Entry) -> Place:
    seats = sorted(
        (place for place in entry.places if place.country),
        key=lambda place: (not place.is_seat, not place.is_open, place.country),
    )
    return seats[0] if seats else Place()


def _sum(clues: tuple[Clue, ...]) -> Agreement:
    """Two numbers of which one agrees and one does not are against it."""
    said = {clue.agreement for clue in clues}
    return AGAINST if AGAINST in said else FOR if FOR in said else SILENT


def _number_clues(company: Company, entry: Entry) -> Iterator[Clue]:
    ours = {**company.identifiers, Scheme.SIREN: siren_of(company.identifiers)}
    theirs = {**entry.identifiers, Scheme.SIREN: siren_of(entry.identifiers)}
    for scheme in (*_SCHEMES, Scheme.WIKIDATA):
        left, right = ours.get(scheme, ""), theirs.get(scheme, "")
        # A French VAT number is its SIREN once more.
        is_again = scheme == Scheme.VAT and left.startswith("FR")
        if left and right and not is_again:
            yield Clue(scheme.value, left, right, FOR if left == right else AGAINST)


def _claim_clues(company: Company, entry: Entry, *, is_equal: bool) -> Iterator[Clue]:
    ours = {**company.claimed, Scheme.SIREN: siren_of(company.claimed)}
    theirs = {**entry.identifiers, Scheme.SIREN: siren_of(entry.identifiers)}
    for scheme in _SCHEMES:
        left, right = ours.get(scheme, ""), theirs.get(scheme, "")
        is_again = scheme == Scheme.VAT and left.startswith("FR")
        of = f"{scheme.value} on its website"
        if (scheme, right) in company.also_claimed:
            # One of several numbers, of a company that is perhaps its parent.
            yield Clue(of, right, right, FOR if is_equal else SILENT)
        elif left and right and not is_again:
            yield Clue(of, left, right, FOR if left == right else AGAINST)


def _form(name: Alike, entry: Entry) -> Agreement:
    said = {forms_speak(name.form, form) for form in (entry.legal_form, name.their_form)}
    if entry.legal_form:
        return forms_speak(name.form, entry.legal_form)
    return FOR if FOR in said else AGAINST if AGAINST in said else SILENT


def _name_clues(name: Alike) -> Iterator[Clue]:
    speaks = FOR if name.points >= EQUAL else AGAINST if name.points < 60 else SILENT
    yield Clue("name", name.ours, name.theirs, speaks, round(name.points, 1))
    ours, theirs = (" ".join(numbers_in(tuple(text.split()))) for text in (name.ours, name.theirs))
    yield Clue("numbers in the name", ours, theirs, FOR if name.same_numbers else AGAINST)


def _place_clues(company: Company, near: Nearness) -> Iterator[Clue]:
    place = near.place
    yield Clue("postal code", company.postal_code, place.postal_code, near.postal)
    yield Clue("town", company.city, place.city, near.town)
    yield Clue("street", company.street, place.street, near.street)
    if near.is_placed and not place.is_open:
        yield Clue("establishment", "", "closed", AGAINST)


def _country(company: Company, seat: Place, near: Nearness) -> Agreement:
    """A seat in another country than the company, or than the establishment that fits, is against
    it.
    """
    ours, theirs = nation_of(company.country), nation_of(seat.country)
    local = nation_of(near.place.country) if near.is_placed else ""
    if theirs and local and local != theirs:
        return AGAINST
    if not ours or not theirs:
        return SILENT
    return FOR if ours == theirs else AGAINST


def _standing(entry: Entry) -> Agreement:
    known = {Standing.ACTIVE: FOR, Standing.CEASED: AGAINST}
    return known.get(entry.standing, SILENT)


_POINTS = {
    "number": (50.0, -20.0),
    "claimed": (25.0, 0.0),
    "place": (22.0, -12.0),
    "street": (6.0, 0.0),
    "form": (5.0, -10.0),
    "country": (4.0, -8.0),
    "site": (10.0, -6.0),
    "standing": (3.0, -12.0),
}


def _score(each: Weighed) -> float:
    """Half of the name's points, and what every clue adds or takes, within 0 and 100."""
    near = each.near
    is_open = near.is_placed and near.place.is_open
    place = FOR if is_open else AGAINST if near.is_elsewhere else SILENT
    speaks = {
        "number": each.number,
        "claimed": each.claimed,
        "place": place,
        "street": near.street,
        "form": each.form,
        "country": each.country,
        "site": each.site,
        "standing": _standing(each.entry),
    }
    total = each.name.points / 2
    for what, agreement in speaks.items():
        gain, loss = _POINTS[what]
        total += gain if agreement == FOR else loss if agreement == AGAINST else 0.0
    return round(min(100.0, max(0.0, total)), 1)
