"""Which pages of a site are worth reading beside its first, and is it a site at all?"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from sfsync.enrich.website.page import Link, Page, hostname
from sfsync.facts.people import folded

# By words of the address and of the link; what the law asks for comes first.
_KINDS = tuple(
    re.compile(rf"\b(?:{words})\b")
    for words in (
        "mentions ?legales|legal notice|impressum|imprint|note legali|aviso legal|colofon",
        "informations? legales?|infos legales|legal information|legal|legals|legale|mentions",
        "contacts?|contactez|contacter|kontakt|contatti|contacto",
        "about|a propos|apropos|qui sommes nous|uber uns|ueber uns|chi siamo",
    )
)
_NO_PAGE = re.compile(r"\.(?:pdf|docx?|jpe?g|png|gif|zip|xml|ics|vcf)$", re.IGNORECASE)
_LONGEST_LINK = 60
_PARKED = re.compile(
    r"(?i)\b(?:domain|domain name)\b.{0,80}\b(?:is|may be) (?:for sale|parked|available)|"
    r"domain(?: name)? for sale|buy (?:this|the) domain|domain parking|"
    r"this domain (?:has expired|is parked|name is)|"
    r"parked (?:free|domain|page)|nom de domaine.{0,80}(?:à vendre|expiré|est réservé)|"
    r"ce domaine est à vendre|(?:acheter|acquérir) ce (?:nom de )?domaine|"
    r"(?:diese )?domain.{0,60}(?:steht zum verkauf|zu verkaufen|ist geparkt)|dominio en venta|"
    r"dominio in vendita|sedoparking|hugedomains|afternic"
)
# A site that talks of parked domains, such as a broker's, has more to say.
_LONGEST_PARKED = 2_000


def is_parked(page: Page) -> bool:
    """Tell whether nobody's site is here: the name is for sale, or has run out."""
    if _PARKED.search(page.title):
        return True
    size = sum(map(len, page.lines))
    return size < _LONGEST_PARKED and any(_PARKED.search(line[:400]) for line in page.lines)


def next_pages(page: Page) -> tuple[str, ...]:
    """Return the pages of the same host that may say who the company is, the likeliest first; a
    page's frames and where it sends its readers come before all.
    """
    host = hostname(page.url)
    ranked: dict[str, int] = {}
    for link in (*_parts(page), *page.links):
        rank = -1 if link.is_frame else _rank(link)
        if rank is not None and hostname(link.url) == host and _NO_PAGE.search(link.url) is None:
            ranked[link.url] = min(rank, ranked.get(link.url, rank))
    ranked.pop(page.url, None)
    return tuple(sorted(ranked, key=lambda url: (ranked[url], len(url), url)))


def _parts(page: Page) -> Iterator[Link]:
    if page.leads_to:
        yield Link(page.leads_to, is_frame=True)


def _rank(link: Link) -> int | None:
    path = link.url.partition("//")[2].partition("/")[2].partition("?")[0].rstrip("/")
    last = unquote(path.rpartition("/")[2])[:_LONGEST_LINK]
    said = " ".join(folded(f"{last} {link.words[:_LONGEST_LINK]}").split())
    return next((rank for rank, kind in enumerate(_KINDS) if kind.search(said)), None)
