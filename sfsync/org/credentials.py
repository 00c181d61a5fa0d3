"""With what does the service sign in to an org, and which way follows from what is set?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sfsync.errors import ConfigError

PREFIX: Final = "SALESFORCE_"
GUIDE: Final = "docs/connect.md"
# The platform signs its certificates with no less.
_KEY_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class Given:
    """What a person has set for signing in; "" is not set. `private_key` is the key itself."""

    login_url: str = ""
    client_id: str = ""
    username: str = ""
    private_key: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    instance_url: str = ""
    access_token: str = field(default="", repr=False)
    sf_alias: str = ""


@dataclass(frozen=True, slots=True)
class JwtBearer:
    """A user whom an app signs in with its private key; `login_url` is an origin, without path."""

    login_url: str
    client_id: str
    username: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """An app that signs in with its secret, as the one user set up for it in the org."""

    login_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that somebody else signed in for. It cannot be renewed."""

    instance_url: str
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SfCommandLine:
    """An org that the `sf` command line is signed in to, by its alias or username there."""

    alias: str


Credentials = JwtBearer | ClientCredentials | AccessToken | SfCommandLine


@dataclass(frozen=True, slots=True)
class _Way:
    words: str
    needs: tuple[str, ...]

    def variables(self, names: Sequence[str]) -> str:
        return ", ".join(_variable(name) for name in self.needs if name in names)


_JWT = _Way("JWT bearer", ("login_url", "client_id", "username", "private_key"))
_SECRET = _Way("client credentials", ("login_url", "client_id", "client_secret"))
_TOKEN = _Way("an existing token", ("instance_url", "access_token"))
_SF = _Way("the sf command line", ("sf_alias",))
_WAYS = (_JWT, _SECRET, _TOKEN, _SF)


def choose(given: Given) -> Credentials:
    """Return the credentials of the one way to sign in that is set.

    Raises ConfigError, naming the variables, where none is set, several are, or one only half; and
    where a URL or the private key is none.
    """
    way = _way(given)
    problems = list(_objections(given, way))
    if problems:
        raise ConfigError(problems)
    if way is _JWT:
        origin = _origin(given.login_url)
        return JwtBearer(origin, given.client_id, given.username, _pem(given.private_key))
    if way is _SECRET:
        return ClientCredentials(_origin(given.login_url), given.client_id, given.client_secret)
    if way is _TOKEN:
        return AccessToken(_origin(given.instance_url), given.access_token)
    return SfCommandLine(given.sf_alias)


def _way(given: Given) -> _Way:
    names = [each.name for each in fields(given) if getattr(given, each.name)]
    if not names:
        raise ConfigError([f"nothing is set to sign in with. Set one of: {_menu(_WAYS)} ({GUIDE})"])
    fitting = [way for way in _WAYS if set(names) <= set(way.needs)]
    if not fitting:
        said = ", ".join(map(_variable, names))
        raise ConfigError(
            [f"what is set belongs to several ways to sign in: {said}. Keep one of: {_menu(_WAYS)}"]
        )
    for way in fitting:
        if set(names) == set(way.needs):
            return way
    said = ", ".join(map(_variable, names))
    lacking = "; or ".join(
        f"for {way.words} {way.variables([name for name in way.needs if name not in names])}"
        for way in fitting
    )
    raise ConfigError([f"the way to sign in is half set ({said}). Also set {lacking} ({GUIDE})"])


def _menu(ways: Sequence[_Way]) -> str:
    return "; ".join(f"{way.variables(way.needs)} ({way.words})" for way in ways)


def _variable(name: str) -> str:
    # Keys are long and of many lines: everybody has them in a file.
    suffix = "_FILE" if name == "private_key" else ""
    return f"{PREFIX}{name.upper()}{suffix}"


def _objections(given: Given, way: _Way) -> Iterator[str]:
    """Say what is wrong with the values; never quotes a secret."""
    checks = {
        "login_url": _own_url_problem if way is _SECRET else _url_problem,
        "instance_url": _url_problem,
        "private_key": _key_problem,
        "client_id": _text_problem,
        "client_secret": _text_problem,
        "access_token": _text_problem,
    }
    for name, check in checks.items():
        problem = check(getattr(given, name)) if name in way.needs else ""
        if problem:
            yield f"{_variable(name)}: {problem}"


_FOR_EVERYBODY = frozenset({"login.salesforce.com", "test.salesforce.com"})
_BROWSER_HOSTS = (".lightning.force.com", ".salesforce-setup.com")


def _url_problem(url: str) -> str:
    example = "write it as https://acme.my.salesforce.com"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return f"it is no URL: {example}"
    if "@" in parts.netloc:
        return f"no user or password belongs into it: {example}"
    if parts.scheme != "https":
        return f"only https is spoken: {example}"
    if not host or not _is_plain(parts.netloc):
        return f"it has no host: {example}"
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return f"only the host belongs into it, without a path: {example}"
    if host.endswith(_BROWSER_HOSTS):
        return f"{host} is for browsers: write the My Domain, as in https://acme.my.salesforce.com"
    return ""


def _own_url_problem(url: str) -> str:
    problem = _url_problem(url)
    if not problem and urlsplit(url).hostname in _FOR_EVERYBODY:
        return (
            "client credentials are given by the org itself: write its My Domain, as in "
            "https://acme.my.salesforce.com"
        )
    return problem


def _text_problem(text: str) -> str:
    return "" if _is_plain(text) else "it holds blanks or characters that no such value has"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"https://{host}" if parts.port in (None, 443) else f"https://{host}:{parts.port}"


def _is_plain(text: str) -> bool:
    return all("!" <= letter <= "~" for letter in text)


def _pem(text: str) -> str:
    # A variable cannot hold lines everywhere: then they are written with \n between them.
    return text.replace("\\n", "\n").strip() + "\n"


def _key_problem(text: str) -> str:
    # The error of the parser is left behind: a traceback of it would show the key.
    try:
        key = load_pem_private_key(_pem(text).encode(), password=None)
    except TypeError:
        return (
            "the key is locked with a password: write it without, as in `openssl rsa -in "
            "locked.key -out server.key`, and let only the service read it"
        )
    except (ValueError, UnsupportedAlgorithm):
        return "it is no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
    if not isinstance(key, RSAPrivateKey):
        return "it is no RSA key, and the platform takes no other"
    if key.key_size < _KEY_BITS:
        return f"the key has {key.key_size} bits: make one of {_KEY_BITS} or more"
    return ""
