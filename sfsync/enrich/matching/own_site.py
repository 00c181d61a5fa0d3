"""Is the website that an account names really its own, and what may it then say?

Nobody else's site is asked, so a name that agrees is enough here, or, where the site gives none,
the name in its address. What the site says of itself may be wrong all the same: the numbers that it
shows are only claims, and are not weighed here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sfsync.duplicates.web import label_of
from sfsync.enrich.matching.clues import AGAINST, FOR, SILENT, Weighed, weighed
from sfsync.enrich.matching.countries import FRANCE, nation_of
from sfsync.enrich.matching.names import NEAR, compare, is_placeholder, spellings
from sfsync.enrich.matching.numbers import siren_of
from sfsync.enrich.matching.places import site_of
from sfsync.enrich.model import Clue, Company, Entry, Match, Scheme, Verdict

_MOST_SHOWN = 3
# Below this a name speaks against another, as in weighing the entries of registers.
_AGREES = 60.0
_DOUBTED, _BY_ADDRESS, _BY_NEAR_NAME, _BY_NAME = 0.5, 0.75, 0.8, 0.9


def weigh_own_site(company: Company, entries: Sequence[Entry], *, doubt: str = "") -> Match | None:
    """Return what an account's own website gives; None where that is nothing.

    `entries` are one, or, where a person has to choose, what the site may mean, likeliest first.
    `doubt` says in words why nothing may be written. `confidence` of a sure match is 0.9 by an
    equal name or the account's own number, 0.8 by a near name, 0.75 by the name in its address.
    """
    if is_placeholder(company.name) or not entries:
        return None
    all_weighed = [weighed(company, each) for each in entries[:_MOST_SHOWN]]
    first = all_weighed[0]
    if not doubt and not first.entry.found and not first.entry.identifiers:
        return None
    address = _address(company)
    why = doubt or next(_doubts(company, first, address), "")
    if not why and len(entries) > 1:
        why = "the site may mean several"
    candidates = [each.candidate() for each in all_weighed]
    if address.ours:
        candidates = [replace(each, clues=(*each.clues, address)) for each in candidates]
    verdict, confidence = Verdict.REVIEW, _DOUBTED
    if not why:
        why, confidence = _why_sure(first)
        verdict = Verdict.SURE
    return Match(first.entry.provider, verdict, tuple(candidates), why, confidence)


def _address(company: Company) -> Clue:
    """Compare the name with that in the address of the website: `acme` of acme.fr."""
    label = label_of(site_of(company.website))
    is_french = nation_of(company.country) in ("", FRANCE)
    endings = tuple(filter(None, (company.city, company.postal_code)))
    mine = spellings(company.name, endings, is_french=is_french)
    alike = compare(mine, (label,) if label else (), endings, is_french=is_french)
    agreement = FOR if alike.points >= NEAR else AGAINST if label else SILENT
    return Clue("name in the address", alike.ours, label, agreement, round(alike.points, 1))


def _doubts(company: Company, each: Weighed, address: Clue) -> Iterator[str]:
    """Give what keeps the site from being believed, the gravest first."""
    own = siren_of(company.identifiers)
    if each.number == AGAINST and (Scheme.SIREN, own) not in each.entry.also_claimed:
        yield "the number on the account and the one on its website are of two companies"
    name = each.name
    if not each.entry.names and address.agreement != FOR:
        yield "the site does not say whose it is"
    if each.entry.names and name.points < NEAR:
        # Many sites are bought for their name.
        is_near = address.agreement == FOR and name.points >= _AGREES
        if not is_near:
            yield "the site names another company"
    if name.clashing_numbers:
        yield "the names hold different numbers"
    if each.form == AGAINST:
        yield "the legal form is another"
    if each.country == AGAINST:
        yield "the address on the site is in another country"
    if each.site == AGAINST:
        yield "the site says that its address is another"


def _why_sure(each: Weighed) -> tuple[str, float]:
    if each.number == FOR:
        return "the account's website shows its number, and the name agrees", _BY_NAME
    if each.is_equal:
        return "the account's website, and the name agrees", _BY_NAME
    if each.name.points >= NEAR:
        return "the account's website, and the name is near", _BY_NEAR_NAME
    return "the account's website, and the name is in its address", _BY_ADDRESS
