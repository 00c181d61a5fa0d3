"""What do the pages that were read say of the company, as one entry?"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfsync.duplicates.names import words_in
from sfsync.enrich.answers import address, given
from sfsync.enrich.matching import site_of
from sfsync.enrich.model import Agreement, Clue, Entry, Found, Item
from sfsync.enrich.provider import Answer
from sfsync.enrich.website.linkedin import company_page
from sfsync.enrich.website.links import is_parked
from sfsync.enrich.website.numbers import Claims, claims_of, is_anothers
from sfsync.enrich.website.page import Link, Page, hostname, read_page
from sfsync.enrich.website.structured import Node, organization_of, plain_text
from sfsync.enrich.website.values import employees, places_of

NAME = "website"
_LONGEST_NAME = 120
_MOST_LINKEDIN = 10
# What stands where a site's name should, and says nothing.
_NO_NAMES = words_in(
    "accueil blog bienvenue home homepage index site website welcome wordpress"
) | {
    "home page",
    "mon site",
    "my blog",
    "my site",
    "my wordpress",
    "site officiel",
    "site web",
}
_SEPARATED = re.compile(r"\s+[|–—·•-]\s+|\s*[|]\s*")


_NONE = Claims((), {}, ())


@dataclass(frozen=True, slots=True)
class Said:
    """What a site says: the entry, all company pages at LinkedIn that it links to, and every number
    that it shows.
    """

    entry: Entry
    linkedin: tuple[str, ...] = ()
    claims: Claims = _NONE

    def clues(self) -> tuple[Clue, ...]:
        """Show each number with the words near it; they speak neither for nor against."""
        return tuple(
            Clue(f"{each.scheme.value} shown", "", f"{each.number}: {each.near}", Agreement.SILENT)
            for each in self.claims.all
        )


def entry_of(home: Answer, *others: Answer) -> Entry | None:
    """Read a site's pages, the first of them its home; None where they say nothing of a company.

    The numbers of the entry are claimed, and no value. Where two company pages at LinkedIn are
    linked to, none is given; of a parked site, nothing.
    """
    pages = [read_page(answer) for answer in (home, *others)]
    if is_parked(pages[0]):
        return None
    said = said_by(pages)
    entry = said.entry
    says = entry.names or entry.found or entry.identifiers or entry.also_claimed or said.linkedin
    return entry if says else None


def said_by(pages: Sequence[Page]) -> Said:
    """Gather what pages say; the earlier of two that say the same counts."""
    organizations = [each for page in pages if (each := organization_of(page)) is not None]
    company = organizations[0] if organizations else None
    claims = claims_of((line for page in pages for line in page.lines), company)
    linkedin = _linkedin(pages, company)
    home = pages[0].url
    host = hostname(home)
    entry = Entry(
        provider=NAME,
        key=site_of(home) or host,
        url=home,
        names=tuple(dict.fromkeys(_names(pages, company))),
        places=places_of(company) if company else (),
        identifiers=claims.likely,
        website=_website(company) or home,
        found=tuple(_found(company, linkedin)),
        also_claimed=claims.others,
    )
    return Said(entry, linkedin, claims)


def _names(pages: Sequence[Page], company: Node | None) -> Iterator[str]:
    if company is not None:
        for name in ("legalName", "name", "alternateName"):
            yield from (text for text in company.texts(name) if _is_name(text))
    for page in pages:
        whole = plain_text(page.site_name)
        yield from filter(_is_name, (whole, *_SEPARATED.split(whole)[:1]))


def _is_name(text: str) -> bool:
    letters = any(each.isalpha() for each in text)
    return letters and len(text) <= _LONGEST_NAME and text.casefold().strip(" .!") not in _NO_NAMES


def _website(company: Node | None) -> str:
    """Return the address that the company says it has, "" where it says none."""
    url = company.text("url")[:500] if company is not None else ""
    return url if url.startswith(("https://", "http://")) and hostname(url) else ""


def _linkedin(pages: Sequence[Page], company: Node | None) -> tuple[str, ...]:
    """Return the company pages that the site says are its own, or links to: those of the first
    page that has any, for a legal notice names whoever made the site. One alone that is theirs by
    the words before it is none.
    """
    own = company.texts("sameAs") if company is not None else ()
    for page in pages:
        links = [*map(Link, own), *page.links]
        found: dict[str, bool] = {}
        for link in links:
            if address := company_page(link.url):
                found[address] = found.get(address, False) or not is_anothers(link.before)
        if any(found.values()):
            return tuple(found)[:_MOST_LINKEDIN]
    return ()


def _found(company: Node | None, linkedin: Sequence[str]) -> Iterator[Found]:
    if company is not None:
        legal = next(filter(_is_name, company.texts("legalName")), "")
        yield from given({Item.LEGAL_NAME: legal}, "")
    if len(linkedin) == 1:
        yield Found(Item.LINKEDIN, linkedin[0])
    if company is not None:
        yield from employees(company)
        places = places_of(company)
        if len(places) == 1:
            yield from address(places[0], "")
