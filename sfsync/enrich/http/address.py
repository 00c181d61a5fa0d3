"""Is this text the address of a company's website, and of which site?

Whoever fills in a form on the web may have typed it. It is read once, here; what is asked later is
made of these parts, so that no two readings can differ.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

import httpx

from sfsync.errors import LookupFailed
from sfsync.suffixes import registered_domain

PORTS = frozenset({80, 443})
_MOST_CHARACTERS = 2_000
_MOST_SHOWN = 120
_OWN_PORT = {"http": 80, "https": 443}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")
_USER = re.compile(r"(//)[^/?#]*@")


class Unfit(LookupFailed):
    """The page may not be read, or is none, and will not be another time either."""


@dataclass(frozen=True, slots=True)
class Address:
    """A page's address in parts; `host` is lower case and ASCII, `target` path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """The address without what follows the host."""
        port = "" if self.port == _OWN_PORT[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def url(self) -> str:
        """The whole address, in ASCII."""
        return self.origin + self.target

    @property
    def site(self) -> str:
        """The domain registered for it: what belongs to one company."""
        return site_of(self.host)


def shown(text: str) -> str:
    """Make a stranger's text fit for a message: one short line without what steers a terminal,
    and without the user's name and password of an address.
    """
    line = "".join(each if each.isprintable() else "?" for each in _USER.sub(r"\1", text))
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"


def site_of(host: str) -> str:
    """Return the domain registered below a public suffix; "" where there is none."""
    return registered_domain(host) or ""


def read_address(text: str, ports: Collection[int] = PORTS) -> Address:
    """Read an address; raises Unfit with the reason."""
    text = text.strip()
    if len(text) > _MOST_CHARACTERS:
        raise Unfit(f"{shown(text)}: the address is too long")
    # Browsers take a backslash for a slash, others do not.
    if "\\" in text or not all(each.isprintable() and each != " " for each in text):
        raise Unfit(f"{shown(text)}: the address holds characters that no address has")
    try:
        return _read(httpx.URL(text), text, ports)
    except httpx.InvalidURL as error:
        raise Unfit(f"{shown(text)}: this is no address") from error


def follow(here: Address, location: str, ports: Collection[int] = PORTS) -> Address:
    """Read where a redirect leads; raises Unfit with the reason."""
    if not location or "\\" in location or not location.isprintable():
        raise Unfit(f"{shown(here.url)}: it leads to no address")
    try:
        there = str(httpx.URL(here.url).join(location.strip()))
    except httpx.InvalidURL as error:
        raise Unfit(f"{shown(here.url)}: it leads to no address") from error
    address = read_address(there.partition("#")[0], ports)
    if (here.scheme, address.scheme) == ("https", "http"):
        raise Unfit(f"{shown(here.url)}: it leads from https back to http")
    return address


def _read(url: httpx.URL, text: str, ports: Collection[int]) -> Address:
    if url.scheme not in _OWN_PORT:
        raise Unfit(f"{shown(text)}: only http and https are asked")
    if url.userinfo or "@" in text.partition("//")[2].partition("/")[0]:
        raise Unfit(f"{shown(text)}: an address with a user's name is not asked")
    host = url.raw_host.decode("ascii").removesuffix(".")
    # Also 127.1, 0x7f000001 and 2130706433 are numbers of a machine.
    last = host.rpartition(".")[2]
    if ":" in host or re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last):
        raise Unfit(f"{shown(text)}: a machine's number is no company's address")
    if not _HOST.fullmatch(host) or not site_of(host):
        raise Unfit(f"{shown(text)}: its host is no name that a company can register")
    port = _OWN_PORT[url.scheme] if url.port is None else url.port
    if port not in ports:
        raise Unfit(f"{shown(text)}: websites are at port 80 or 443")
    return Address(url.scheme, host, port, url.raw_path.decode("ascii"))
