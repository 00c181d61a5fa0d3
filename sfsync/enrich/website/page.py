"""What is on one page of a company's website, before anybody says what it means?"""

import re
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit

from sfsync.duplicates.names import words_in
from sfsync.enrich.answers import one_line
from sfsync.enrich.provider import Answer
from sfsync.enrich.website.markup import Tag, pieces, text_of
from sfsync.enrich.website.microdata import Item, Microdata

_BLOCKS = words_in(
    "address article aside blockquote body br center dd details dialog div dl dt fieldset figure",
    "footer form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol p pre section summary",
    "table tbody td tfoot th thead tr ul",
)
_MOST_TEXT = 500_000
_MOST_LINKS = 10_000
_MOST_SCRIPTS, _LONGEST_SCRIPT = 60, 500_000
_LONGEST_WORDS = 200
_LONGEST_URL = 2_000
# Pieces of text, and signs, right before a link.
_FEW, _SHORTLY = 5, 60
_REFRESH = re.compile(
    r"\s*+[\d.]*+\s*+[;,]\s*+(?:url\s*+=)?+\s*+[\"']?+\s*+([^\"'\s]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads (absolute, without fragment), what it says, what is said right before it,
    and whether it is a frame: a part of the page.
    """

    url: str
    words: str = ""
    is_frame: bool = False
    before: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page: `lines` are its texts, block by block, `scripts` what it says as JSON-LD, `items` as
    microdata. `leads_to` is where it sends its readers on by itself, "" where nowhere.
    """

    url: str
    title: str = ""
    site_name: str = ""
    links: tuple[Link, ...] = ()
    lines: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    leads_to: str = ""


def read_page(answer: Answer) -> Page:
    """Read a page; whatever its bytes are, there is one."""
    reader = _Reader(answer.url)
    for piece in pieces(text_of(answer)):
        if isinstance(piece, str):
            reader.text(piece)
        elif piece.is_end:
            reader.end(piece.name)
        else:
            reader.start(piece)
    return reader.page()


class _Reader:
    """What has been read of a page so far."""

    def __init__(self, url: str) -> None:
        self._url = self._base = url
        self._title = self._before = self._site_name = self._leads_to = ""
        self._seen = 0
        self._links: dict[tuple[str, str], Link] = {}
        self._lines: list[str] = []
        self._block: list[str] = []
        self._left = _MOST_TEXT
        self._scripts: list[str] = []
        self._microdata = Microdata()
        self._anchor: tuple[str, list[str]] | None = None

    def start(self, tag: Tag) -> None:
        self._microdata.start(tag)
        if tag.name in _BLOCKS:
            self._close_block()
        if tag.name in ("a", "area"):
            self._close_anchor()
            self._before = "".join(self._block[-_FEW:])[-_SHORTLY:]
            self._anchor = (tag.get("href"), [tag.get("title") or tag.get("aria-label")])
        elif tag.name == "frame":
            self._add_link(tag.get("src"), "", is_frame=True)
        elif tag.name == "base" and self._base == self._url:
            self._base = _joined(self._url, tag.get("href")) or self._url
        elif tag.name == "meta":
            self._meta(tag)
        elif tag.name == "title":
            self._title = self._title or one_line(tag.raw[:_LONGEST_WORDS])
        elif tag.name == "script" and "ld+json" in tag.get("type").lower():
            self._script(tag.raw)

    def text(self, text: str) -> None:
        self._microdata.text(text)
        if self._left > 0:
            self._block.append(text[: self._left])
            self._left -= len(text)
        if self._anchor is not None and len(self._anchor[1]) < _LONGEST_WORDS:
            self._anchor[1].append(text[:_LONGEST_WORDS])

    def end(self, name: str) -> None:
        self._microdata.end(name)
        if name in _BLOCKS:
            self._close_block()
        if name == "a":
            self._close_anchor()

    def page(self) -> Page:
        self._close_block()
        self._close_anchor()
        self._microdata.finish()
        return Page(
            url=self._url,
            title=self._title,
            site_name=self._site_name,
            links=tuple(self._links.values()),
            lines=tuple(self._lines),
            scripts=tuple(self._scripts),
            items=tuple(self._microdata.items),
            leads_to=self._leads_to,
        )

    def _close_block(self) -> None:
        if line := one_line("".join(self._block)):
            self._lines.append(line)
        self._block.clear()

    def _close_anchor(self) -> None:
        if self._anchor is not None:
            href, words = self._anchor
            self._add_link(href, one_line(" ".join(words)[:_LONGEST_WORDS]))
            self._anchor = None

    def _add_link(self, href: str, words: str, *, is_frame: bool = False) -> None:
        self._seen += 1
        url = _joined(self._base, href) if self._seen <= _MOST_LINKS else ""
        if url:
            self._links.setdefault((url, words), Link(url, words, is_frame, self._before))

    def _script(self, text: str) -> None:
        if len(self._scripts) < _MOST_SCRIPTS and len(text) <= _LONGEST_SCRIPT:
            self._scripts.append(text)

    def _meta(self, tag: Tag) -> None:
        name = (tag.get("property") or tag.get("name")).lower()
        if name == "og:site_name":
            self._site_name = self._site_name or one_line(tag.get("content")[:_LONGEST_WORDS])
        elif tag.get("http-equiv").lower() == "refresh" and not self._leads_to:
            found = _REFRESH.match(tag.get("content"))
            self._leads_to = _joined(self._base, found[1]) if found else ""


def _joined(base: str, href: str) -> str:
    """Return where a link leads, "" where it leads to no page."""
    plain = "".join(each for each in href.strip() if each not in "\t\r\n")
    if not plain or len(plain) > _LONGEST_URL or not plain.isprintable():
        return ""
    # People forget the scheme: to a browser this is a page of the same site.
    if re.match(r"(?i)(?:www\.|[a-z]{2}\.)?linkedin\.com/", plain):
        plain = f"https://{plain}"
    try:
        url, _ = urldefrag(urljoin(base, plain))
        return url if urlsplit(url).scheme in ("http", "https") and hostname(url) else ""
    except ValueError:  # an address of IPv6 that is none
        return ""


def hostname(url: str) -> str:
    """Return the host of an address, without the dot or `www.` that mean nothing; "" for none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return ""
