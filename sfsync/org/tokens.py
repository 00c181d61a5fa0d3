"""Which token is in use, and where does the next one come from?"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from sfsync.errors import OrgUnavailable


@dataclass(frozen=True, slots=True)
class Grant:
    """What signing in brings: the token, the org's host (with its port, if it has one), and its Id
    where it is told; the org itself is asked for that, too.
    """

    host: str
    token: str = field(repr=False)
    org: str | None = None


class Tokens:
    """The token in use; where there is a way to a new one, it is renewed when it is refused.

    Serves any number of threads: they all get the token that the first of them fetched.
    """

    def __init__(self, first: Grant, fetch: Callable[[], Grant] | None = None) -> None:
        self._grant = first
        self._fetch = fetch
        self._lock = Lock()

    @property
    def host(self) -> str:
        """The org's host, the same for all tokens."""
        return self._grant.host

    @property
    def token(self) -> str:
        """The token in use."""
        return self._grant.token

    @property
    def org(self) -> str | None:
        """The org's Id, where signing in told it."""
        return self._grant.org

    def after(self, refused: str) -> str | None:
        """Return the token to use in place of one that was refused; None where there is no way.

        Raises OrgUnavailable or OrgRefused where signing in again fails.
        """
        if self._fetch is None:
            return None
        with self._lock:
            if self._grant.token == refused:
                self._grant = self._checked(self._fetch())
            return self._grant.token

    def _checked(self, grant: Grant) -> Grant:
        # All addresses were made for the first host, and all that was read came from there.
        if grant.host != self._grant.host:
            raise OrgUnavailable(
                f"the org moved from {self._grant.host} to {grant.host} meanwhile. Start again; "
                "sign in at its My Domain"
            )
        return grant
