"""Which orgs may not be served beside each other, since they are one, or share a state folder?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sfsync.orgs.file import ORGS
from sfsync.settings import SalesforceSettings

_PORT = 443
# There people of many orgs sign in; everywhere else a host is that of one org.
_OF_MANY = ("login.salesforce.com", "test.salesforce.com")


@dataclass(frozen=True, slots=True)
class Known:
    """What tells one org from another: its name, state folder, and how it is signed in to (None: a
    recorded one).
    """

    name: str
    state_dir: Path
    sign_in: SalesforceSettings | None


def doubles(orgs: Sequence[Known]) -> Mapping[str, str]:
    """Tell, by name, which orgs may not be served beside one that stands before them, and why: they
    share its state folder, or are the same org.
    """
    found: dict[str, str] = {}
    seen: dict[tuple[str, str], str] = {}
    for org in orgs:
        for mark, told in _marks(org):
            first = seen.setdefault(mark, org.name)
            if first != org.name:
                why = f"{ORGS}/{first}.yaml {told}: one org has one file, and a state folder"
                found.setdefault(org.name, f"{why} of its own")
    return found


def host_of(given: SalesforceSettings) -> str:
    """Return the host that an org is signed in at, with its port if that is another than usual;
    empty where none is named.
    """
    parts = urlsplit(given.login_url or given.instance_url)
    return (parts.hostname or "") if parts.port in (None, _PORT) else parts.netloc.lower()


def _marks(org: Known) -> Iterator[tuple[tuple[str, str], str]]:
    yield ("state", str(org.state_dir.resolve())), f"has the same state folder, {org.state_dir}"
    given = org.sign_in
    if given is None:
        return
    for folder in sorted((org.state_dir / ORGS).glob("00D*")):
        yield ("id", folder.name), f"is the same org, {folder.name}"
    host = host_of(given)
    if host and host not in _OF_MANY:
        yield ("host", host), f"is the same org, at {host}"
    for kind, value in (("user", given.username), ("alias", given.sf_alias)):
        if value:
            yield (kind, value.lower()), f"is signed in to as the same user, {value}"
