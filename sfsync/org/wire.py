"""Which questions go over the wire, and what do their answers look like?"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from simple_salesforce.api import Salesforce

from sfsync.errors import OrgUnavailable
from sfsync.org import Budget, FieldInfo
from sfsync.org.describe import read_fields
from sfsync.org.line import CONNECT_SECONDS, WRITE_SECONDS, Line
from sfsync.org.retry import once, persist
from sfsync.org.trouble import Trouble

Row = dict[str, Any]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Without it the org's assignment rules run on every lead and case that is written.
_KEEP_OWNERS = {"Sforce-Auto-Assign": "FALSE"}
_NO_SUCH_OBJECT = frozenset({"NOT_FOUND", "INVALID_TYPE"})


class Wire:
    """simple-salesforce with a given token.

    Reading is tried again where the trouble is temporary, writing never is. It signs in nowhere:
    its `line` renews a refused token, once, so that it can never lead to a chain of sign-ins. Every
    method raises OrgUnavailable or OrgRefused.
    """

    def __init__(self, salesforce: Salesforce, line: Line, sleep: Callable[[float], None]) -> None:
        self.line = line
        self.sleep = sleep
        self.host = salesforce.sf_instance
        self._salesforce = salesforce
        self._described: dict[str, Mapping[str, FieldInfo] | None] = {}

    def fields(self, object: str) -> Mapping[str, FieldInfo] | None:
        """Describe an object once; None where the org has none of that name, or hides it."""
        if object not in self._described:
            self._described[object] = self._describe(object) if _NAME.fullmatch(object) else None
        return self._described[object]

    def _describe(self, object: str) -> Mapping[str, FieldInfo] | None:
        doing = f"describing {object}"
        answer = self.get(f"sobjects/{object}/describe", doing, _is_absent)
        if answer is None or not answer.get("queryable", True):
            return None
        _expect(answer, ("fields",), doing)
        return read_fields(answer)

    def get(
        self, path: str, doing: str, absent: Callable[[Trouble], bool] | None = None
    ) -> Mapping[str, Any] | None:
        """Read a resource, one JSON object; None where `absent` says that it is not there."""
        answer = persist(lambda: self._salesforce.restful(path), doing, self.sleep, absent)
        if answer is not None and not isinstance(answer, Mapping):
            raise _unreadable(doing)
        return answer

    def select(self, soql: str, doing: str, *, archived: bool) -> Iterator[Sequence[Row]]:
        """Read a statement's pages until the org says that it is done; a short page is no end."""
        answer = persist(
            lambda: self._salesforce.query(soql, include_deleted=archived), doing, self.sleep
        )
        while True:
            page = _expect(answer, ("records", "done"), doing)
            yield page["records"]
            if page["done"]:
                return
            answer = self._more(page, doing)

    def _more(self, page: Mapping[str, Any], doing: str) -> object:
        following = _expect(page, ("nextRecordsUrl",), doing)["nextRecordsUrl"]
        # simple-salesforce appends it to the host's name: anything but a path would take the token
        # elsewhere.
        if not str(following).startswith("/services/data/"):
            raise _unreadable(doing)
        return persist(
            lambda: self._salesforce.query_more(following, identifier_is_url=True),
            doing,
            self.sleep,
        )

    def patch(self, path: str, body: Mapping[str, Any], doing: str) -> object:
        """Send a write once, and wait as long as the org may work on it.

        Raises OrgUnavailable where the answer was lost or the org was busy; OrgRefused where
        nothing was written.
        """
        return once(
            lambda: self._salesforce.restful(
                path,
                method="PATCH",
                json=body,
                headers=_KEEP_OWNERS,
                timeout=(CONNECT_SECONDS, WRITE_SECONDS),
            ),
            doing,
        )

    def claims(self) -> Mapping[str, Any]:
        """Ask whose token it is; empty where the org does not tell, for want of scope perhaps."""
        doing = "asking for the service's user"
        answer = persist(
            lambda: self._salesforce.oauth2("userinfo"),
            doing,
            self.sleep,
            lambda trouble: not trouble.temporary,
        )
        return answer if isinstance(answer, Mapping) else {}

    def usage(self) -> Budget | None:
        """Give the API usage that the latest answer carried in its headers; None where none did."""
        usage = self._salesforce.api_usage.get("api-usage")
        return None if usage is None else Budget(usage.used, usage.total)


def _is_absent(trouble: Trouble) -> bool:
    return trouble.code in _NO_SUCH_OBJECT


def _expect(answer: object, keys: Sequence[str], doing: str) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping) or any(key not in answer for key in keys):
        raise _unreadable(doing)
    return answer


def _unreadable(doing: str) -> OrgUnavailable:
    return OrgUnavailable(
        f"{doing}: the answer is not in the platform's form. Try again later, and check for a "
        "proxy on the way"
    )
