"""What does the account's own website say of the company?

Read are its home, and at most two pages that it links to on the same host: the legal notice, and
where that shows no number, contact or about.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sfsync.enrich.matching import question_names, site_of, weigh_own_site
from sfsync.enrich.model import Company, Entry, Found, Item, Match
from sfsync.enrich.provider import PROVIDERS, Moved, Provider, Quota, Web
from sfsync.enrich.website.entry import NAME, Said, said_by
from sfsync.enrich.website.links import is_parked, next_pages
from sfsync.enrich.website.page import Page, read_page
from sfsync.errors import LookupFailed

TITLE = "The company's own website"
_MOST_PAGES = 3
_MOST_SHOWN = 3


def look_up(company: Company, web: Web, key: str) -> Match | None:
    """Read the account's website. Raises LookupFailed where its first page cannot be read."""
    site = site_of(company.website)
    if not site or not question_names(company):
        return None
    try:
        home = _home(company.website, web)
    except Moved as error:
        return weigh_own_site(company, (_nothing_of(company, site),), doubt=str(error))
    if is_parked(home):
        entry = _nothing_of(company, site)
        return weigh_own_site(
            company, (entry,), doubt="the website is parked: its name is for sale"
        )
    if home.leads_to and site_of(home.leads_to) not in ("", site):
        there = f"the website leads to another one: {site_of(home.leads_to)}"
        return weigh_own_site(company, (_nothing_of(company, site),), doubt=there)
    said = said_by((home, *_others(home, web)))
    match = weigh_own_site(company, tuple(_entries(said)), doubt=_doubt(said))
    return match and replace(
        match,
        candidates=tuple(
            replace(each, clues=(*each.clues, *said.clues())) for each in match.candidates
        ),
    )


def _home(website: str, web: Web) -> Page:
    """Read the page that the account names; without a scheme, by https if that can be."""
    address = website.strip()
    if "://" in address:
        return read_page(web.page(address))
    address = address.lstrip("/")
    try:
        return read_page(web.page(f"https://{address}"))
    except Moved:
        raise
    except LookupFailed:
        return read_page(web.page(f"http://{address}"))


def _others(home: Page, web: Web) -> Iterator[Page]:
    """Read what the home links to, until a number is shown; what cannot be read is no loss."""
    pages = [home]
    for url in next_pages(home)[: _MOST_PAGES - 1]:
        if len(pages) > 1 and said_by(pages).claims.likely:
            return
        try:
            page = read_page(web.page(url))
        except LookupFailed:
            continue
        pages.append(page)
        yield page


def _nothing_of(company: Company, site: str) -> Entry:
    """Return an entry for a site of which nothing may be taken."""
    return Entry(NAME, site, company.website, names=(site,), website=company.website)


def _doubt(said: Said) -> str:
    if len(said.linkedin) > 1:
        return f"the site links to {len(said.linkedin)} companies at LinkedIn"
    return ""


def _entries(said: Said) -> Iterator[Entry]:
    """Give the site's entry; where it may mean several pages at LinkedIn, one for each, so that a
    person can say which.
    """
    if len(said.linkedin) < 2:
        yield said.entry
        return
    for page in said.linkedin[:_MOST_SHOWN]:
        found: Sequence[Found] = (*said.entry.found, Found(Item.LINKEDIN, page))
        slug = page.rpartition("/")[2]
        yield replace(said.entry, key=f"{said.entry.key} {slug}", found=tuple(found))


PROVIDERS.add(
    NAME,
    Provider(
        name=NAME,
        title=TITLE,
        home="https://schema.org/Organization",
        licence="Facts that the company publishes of itself",
        attribution="Source: the company's website",
        quota=Quota(1, ()),
        look_up=look_up,
    ),
)
