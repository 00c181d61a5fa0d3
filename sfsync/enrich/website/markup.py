"""Which tags and texts does a stranger's page consist of?

No tree is made of it. What a page has to become by the rules of HTML can be a thousand times the
page: the fastest parser made 900 MB of 37 KB of unclosed tags, and took a minute for 400 KB of
nested ones. Here a page is read once from front to end, and nothing is looked for twice.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sfsync.enrich.provider import Answer

# What comes behind is left away: no page of a company's has so many.
MOST_PIECES = 200_000
_MOST_ATTRIBUTES = 40
_LONGEST_VALUE = 4_000
# Between these no `<` begins a tag.
_RAW = frozenset(
    {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"}
)
_MARK = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME = re.compile(r"[a-zA-Z][^\s/>]*+")
_BETWEEN = re.compile(r"[\s/]*+")
_ATTRIBUTE = re.compile(r"=?[^\s/>=]*+")
_VALUE = re.compile(r"\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"'][^\s>]*+)?+(?![\"']))")
_QUOTE = re.compile(r"\s*+=\s*+[\"']")

# As pages name them, and what browsers take them for; others are UTF-8 or what Windows had.
_ENCODINGS = {
    **dict.fromkeys(
        ("iso-8859-1", "iso8859-1", "latin1", "latin-1", "us-ascii", "ascii"), "cp1252"
    ),
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in (2, 3, 4, 5, 7, 9, 10, 13, 14, 15)},
    **{name: name for name in ("koi8-r", "shift_jis", "euc-jp", "euc-kr", "gb18030", "big5")},
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w-]{1,30})", re.IGNORECASE)
_WHERE_CHARSET = 2_048


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, its name in small letters; `raw` is what a script or title holds, which has no end tag
    here.
    """

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    is_end: bool = False
    raw: str = ""

    def get(self, name: str) -> str:
        """Return an attribute, "" where there is none."""
        return self.attributes.get(name, "")


def text_of(page: Answer) -> str:
    """Return a page's text, as the mark before it, the server or the page itself says it is coded;
    what is no character in it is replaced.
    """
    for mark, encoding in _MARKS:
        if page.body.startswith(mark):
            return page.body[len(mark) :].decode(encoding, "replace")
    head = page.body[:_WHERE_CHARSET].decode("latin-1")
    said = _CHARSET.search(page.content_type) or _CHARSET.search(head)
    encoding = _ENCODINGS.get(said[1].lower(), "") if said else ""
    if encoding:
        return page.body.decode(encoding, "replace")
    try:
        return page.body.decode("utf-8")
    except UnicodeDecodeError:
        # Damaged UTF-8 is still that where most of it is.
        text = page.body.decode("utf-8", "replace")
        is_utf = said is not None or text.count("\ufffd") * 20 < sum(not c.isascii() for c in text)
        return text if is_utf else page.body.decode("cp1252", "replace")


def unescaped(text: str) -> str:
    """Return a text with its entities as characters."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:  # a number of thousands of digits
        return text


def pieces(text: str) -> Iterator[Tag | str]:
    """Give the tags and texts of a page in their order, entities as characters; comments and what
    is not finished are left out.
    """
    at = 0
    for _ in range(MOST_PIECES):
        mark = _MARK.search(text, at)
        if mark is None:
            break
        if mark.start() > at:
            yield unescaped(text[at : mark.start()])
        tag, at = _piece(text, mark.start())
        if at < 0:
            return
        if tag is not None:
            yield tag
    else:
        return
    if at < len(text):
        yield unescaped(text[at:])


def _piece(text: str, start: int) -> tuple[Tag | None, int]:
    """Read what begins at `<`; return it and where the next begins, -1 where it never ends."""
    name = _NAME.match(text, start + 1)
    if name is not None:
        return _start(text, name[0].lower(), name.end())
    if text.startswith("<!--", start):
        return None, _behind(text, "-->", start + 2)
    name = _NAME.match(text, start + 2) if text[start + 1] == "/" else None
    return Tag(name[0].lower(), is_end=True) if name else None, _behind(text, ">", start)


def _behind(text: str, what: str, at: int) -> int:
    found = text.find(what, at)
    return found + len(what) if found >= 0 else -1


def _start(text: str, name: str, at: int) -> tuple[Tag | None, int]:
    attributes, at = _attributes(text, at)
    if at < 0 or name not in _RAW:
        return Tag(name, attributes), at
    if name == "plaintext":
        return Tag(name, attributes), -1
    end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(text, at)
    stop = end.start() if end else len(text)
    raw = text[at:stop]
    raw = unescaped(raw) if name in ("title", "textarea") else raw
    return Tag(name, attributes, raw=raw), _behind(text, ">", stop) if end else len(text)


def _attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """Read what is between a tag's name and its end; -1 where that never comes."""
    found: dict[str, str] = {}
    while True:
        at = _end(_BETWEEN.match(text, at))
        if at >= len(text):
            return found, -1
        if text[at] == ">":
            return found, at + 1
        name = _ATTRIBUTE.match(text, at)
        at = _end(name)
        value = _VALUE.match(text, at)
        if value is None and _QUOTE.match(text, at):
            return found, -1  # a quote that is never closed
        if value is not None:
            at = value.end()
        if name is not None and len(found) < _MOST_ATTRIBUTES:
            said = (value[1] or value[2] or value[3] or "") if value else ""
            found.setdefault(name[0].lower(), unescaped(said[:_LONGEST_VALUE]))


def _end(match: re.Match[str] | None) -> int:
    assert match is not None  # these patterns match nothing, too
    return match.end()
