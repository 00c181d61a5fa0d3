"""Which questions go over the wire, and what do their answers look like?"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from threading import RLock
from typing import Any, TypeVar

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.util import exception_handler

from sfsync.errors import OrgUnavailable
from sfsync.model import Action
from sfsync.org import FieldInfo
from sfsync.org.composite import (
    KEEP_OWNERS,
    MOST_REQUESTS,
    answers_of,
    describes_in_one,
    statements_in_one,
    whatever_of,
    writes_in_one,
    writes_of,
)
from sfsync.org.describe import read_actions, read_children, read_fields
from sfsync.org.line import CONNECT_SECONDS, LONG_SECONDS, Line
from sfsync.org.retry import once, persist
from sfsync.org.soql import fits_a_url
from sfsync.org.trouble import Trouble

T = TypeVar("T")

Row = dict[str, Any]
Page = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NO_SUCH_OBJECT = frozenset({"NOT_FOUND", "INVALID_TYPE"})


class Wire:
    """simple-salesforce with a given token.

    Reading is tried again where the trouble is temporary, writing never is. It signs in nowhere:
    its `line` renews a refused token, once, so that it can never lead to a chain of sign-ins. Every
    method raises OrgUnavailable or OrgRefused. Several threads may read at once.
    """

    def __init__(self, salesforce: Salesforce, line: Line, sleep: Callable[[float], None]) -> None:
        self.line = line
        self.sleep = sleep
        self.host = salesforce.sf_instance
        self._salesforce = salesforce
        self._describing = RLock()
        self._described: dict[str, Mapping[str, FieldInfo] | None] = {}
        self._actions: dict[str, frozenset[Action]] = {}
        self._children: dict[str, tuple[tuple[str, str], ...]] = {}

    def fields(self, object: str) -> Mapping[str, FieldInfo] | None:
        """Describe an object once; None where the org has none of that name, or hides it."""
        with self._describing:
            if object not in self._described:
                known = self._describe(object) if _NAME.fullmatch(object) else None
                self._described[object] = known
            return self._described[object]

    def _describe(self, object: str) -> Mapping[str, FieldInfo] | None:
        doing = f"describing {object}"
        answer = self.get(f"sobjects/{object}/describe", doing, _is_absent)
        if answer is None:
            return None
        self._note_described(object, answer)
        return _fields_of(_expect(answer, ("fields",), doing))

    def _note_described(self, object: str, answer: Mapping[str, Any]) -> None:
        self._actions[object] = read_actions(answer)
        self._children[object] = read_children(answer)

    def children(self, object: str) -> tuple[tuple[str, str], ...]:
        """Name the fields that lead to an object's records, as (object, field)."""
        return self._children[object] if self.fields(object) is not None else ()

    def may(self, object: str) -> frozenset[Action]:
        """Tell what may be done with an object's records; nothing where it is not to be had."""
        return self._actions[object] if self.fields(object) is not None else frozenset()

    def get(
        self, path: str, doing: str, absent: Callable[[Trouble], bool] | None = None
    ) -> Mapping[str, Any] | None:
        """Read a resource, one JSON object; None where `absent` says that it is not there."""
        answer = persist(lambda: self._salesforce.restful(path), doing, self.sleep, absent)
        if answer is not None and not isinstance(answer, Mapping):
            raise unreadable(doing)
        return answer

    def pages(self, soql: str, doing: str, *, archived: bool) -> Iterator[Page]:
        """Read a statement's pages until the org says that it is done; a short page is no end."""
        (page,) = self.first_pages([soql], doing, archived=archived)
        yield page
        yield from self.further_pages(page, doing)

    def further_pages(self, page: Page, doing: str) -> Iterator[Page]:
        """Read the pages after one."""
        while not page["done"]:
            page = _expect(self._more(page, doing), ("records", "done"), doing)
            yield page

    def first_pages(self, statements: Sequence[str], doing: str, *, archived: bool) -> list[Page]:
        """Read the first page of up to 5 statements in one call, in their order."""
        if len(statements) == 1 and fits_a_url(statements[0]):
            answer = persist(
                lambda: self._salesforce.query(statements[0], include_deleted=archived),
                doing,
                self.sleep,
            )
            return [_expect(answer, ("records", "done"), doing)]
        body = statements_in_one(self.version, statements, archived=archived)
        answers = persist(lambda: answers_of(self._composite(body)), doing, self.sleep)
        if answers is None or len(answers) != len(statements):
            raise unreadable(doing)
        return [_expect(answer, ("records", "done"), doing) for answer in answers]

    def _more(self, page: Mapping[str, Any], doing: str) -> object:
        following = _expect(page, ("nextRecordsUrl",), doing)["nextRecordsUrl"]
        # simple-salesforce appends it to the host's name: anything but a path would take the token
        # elsewhere.
        if not str(following).startswith("/services/data/"):
            raise unreadable(doing)
        return persist(
            lambda: self._salesforce.query_more(following, identifier_is_url=True),
            doing,
            self.sleep,
        )

    def write(self, requests: Sequence[Mapping[str, Any]], doing: str) -> Sequence[object]:
        """Send requests that write collections, at most 5, once and in one call, and wait as long
        as the org may work on them; their answers in order.

        Raises OrgUnavailable where an answer was lost or the org was busy; OrgRefused where nothing
        was written.
        """
        if len(requests) == 1:
            (only,) = requests
            return [once(lambda: self._sent(only["method"], only["url"], only.get("body")), doing)]
        body = writes_in_one(self.version, requests)
        answers = once(lambda: writes_of(self._composite(body, **KEEP_OWNERS)), doing)
        if answers is None or len(answers) != len(requests):
            raise unreadable(doing)
        return answers

    def describe(self, objects: Sequence[str]) -> None:
        """Describe several objects in one call; those it tells nothing of are asked for alone."""
        new = [name for name in objects if name not in self._described and _NAME.fullmatch(name)]
        for first in range(0, len(new), MOST_REQUESTS):
            some = new[first : first + MOST_REQUESTS]
            body = describes_in_one(self.version, some)
            answers = persist(
                partial(self._describes, body),
                f"describing {', '.join(some)}",
                self.sleep,
                lambda trouble: not trouble.temporary,
            )
            for name, described in zip(some, answers or (), strict=False):
                if isinstance(described, Mapping) and "fields" in described:
                    self._note_described(name, described)
                    self._described[name] = _fields_of(described)

    def _describes(self, body: Mapping[str, Any]) -> list[Any]:
        return whatever_of(self._composite(body))

    def _composite(self, body: Mapping[str, Any], **headers: str) -> object:
        return self._sent("POST", "composite", body, headers)

    def _sent(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] = KEEP_OWNERS,
    ) -> object:
        return self._salesforce.restful(
            path,
            method=method,
            json=body,
            headers=dict(headers),
            timeout=(CONNECT_SECONDS, LONG_SECONDS),
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

    def counts(self, objects: Sequence[str]) -> dict[str, int]:
        """Ask roughly how many records objects have; absent where the org does not tell."""
        names = ",".join(sorted({name for name in objects if _NAME.fullmatch(name)}))
        if not names:
            return {}
        doing = "asking how many records there are"
        path = f"limits/recordCount?sObjects={names}"
        answer = self.get(path, doing, lambda trouble: not trouble.temporary)
        told = (answer or {}).get("sObjects")
        if not isinstance(told, list):
            return {}
        return {each["name"]: each["count"] for each in told if each.get("name") in objects}

    @property
    def version(self) -> str:
        """The API's version, as in `62.0`."""
        return str(self._salesforce.sf_version)

    def fetch(
        self,
        path: str,
        doing: str,
        read: Callable[[requests.Response], T],
        absent: Callable[[Trouble], bool] | None = None,
        **request: Any,
    ) -> T | None:
        """Ask for a resource of any form, which `read` reads; None where `absent` says so.

        Whatever the method is, the question must do no harm when it is put again.
        """
        return persist(lambda: read(self._answered(path, **request)), doing, self.sleep, absent)

    def submit(
        self, path: str, doing: str, read: Callable[[requests.Response], T], **request: Any
    ) -> T:
        """Send once what may change something, and wait as long as the org may work on it."""
        return once(lambda: read(self._answered(path, **request)), doing)

    def _answered(self, path: str, *, method: str = "GET", **request: Any) -> requests.Response:
        # The bulk functions of simple-salesforce give no answer per record, and make text of bytes
        # in the wrong encoding.
        line = self._salesforce
        headers = {**line.headers, **request.pop("headers", {})}
        url = line.base_url + path
        answer = line.session.request(
            method, url, headers=headers, timeout=(CONNECT_SECONDS, LONG_SECONDS), **request
        )
        if answer.status_code >= 300:
            exception_handler(answer, name=path)
        return answer


def _fields_of(described: Mapping[str, Any]) -> Mapping[str, FieldInfo] | None:
    return read_fields(described) if described.get("queryable", True) else None


def _is_absent(trouble: Trouble) -> bool:
    return trouble.code in _NO_SUCH_OBJECT


def _expect(answer: object, keys: Sequence[str], doing: str) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping) or any(key not in answer for key in keys):
        raise unreadable(doing)
    return answer


def unreadable(doing: str) -> OrgUnavailable:
    """Give the error to raise where the answer is not what the platform writes."""
    return OrgUnavailable(
        f"{doing}: the answer is not in the platform's form. Try again later, and check for a "
        "proxy on the way"
    )
