"""How is metadata put into an org: fields, picklist values, permissions?

Beside the door for records, on purpose: simple-salesforce's deploy leaves its SOAP headers on the
object that it is called on, so that later questions of that object would fail. It has a Salesforce
object of its own here, over the same session and tokens.
"""

import io
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from xml.etree import ElementTree

from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.org.metadata import WATCH, MetadataReader, unreadable
from sfsync.org.retry import once, persist
from sfsync.org.soql import condition

logger = logging.getLogger(__name__)

T = TypeVar("T")
_ENDED: Final = frozenset({"Succeeded", "SucceededPartial", "Failed", "Canceled"})
_THERE_ALREADY: Final = "DUPLICATE_VALUE"
_PAUSES: Final = (1.0, 2.0, 3.0, 5.0)
_LONGEST_SECONDS: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A component that an org did not take: its type, its file in the package, and why."""

    type: str
    file: str
    problem: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """How far a deployment is: its state in the platform's word, components done and in all."""

    id: str
    state: str
    done: int
    total: int
    failures: tuple[Failure, ...]

    @property
    def succeeded(self) -> bool:
        """Whether all of it is in the org; else nothing is, once it has ended."""
        return self.state == "Succeeded"


class Deployer(MetadataReader):
    """Also puts metadata into the org, and gives a user a permission set."""

    # It is costly to make, and its headers are spoilt for anything but metadata.
    _metadata: Salesforce | None = None

    def deploy(self, archive: bytes, told: Callable[[Deployment], None]) -> Deployment:
        """Deploy a package, all of it or nothing, and wait for the end; `told` hears how far it is.

        `archive` is a zip with package.xml at its root. Raises OrgUnavailable where it is not known
        what became of it: deploying the same again is safe.
        """

        # The word None stands in the request for what is not given; "" leaves it out. Of a
        # production org, which is what sandbox=False means, nothing is kept when a part fails.
        def hand_over(salesforce: Salesforce) -> Mapping[str, Any]:
            file = io.BytesIO(archive)
            answer: Mapping[str, Any] = salesforce.deploy(
                file, sandbox=False, testLevel="", tests=""
            )
            return answer

        answer = once(lambda: self._soap(hand_over), "deploying")
        job = answer.get("asyncId")
        if not job:
            raise unreadable("deploying")
        logger.info("deployment %s: %d bytes handed over", job, len(archive))
        return self._watch(str(job), told)

    def _watch(self, job: str, told: Callable[[Deployment], None]) -> Deployment:
        def ask() -> Mapping[str, Any]:
            answer: Mapping[str, Any] = self._soap(lambda each: each.checkDeployStatus(job))
            return answer

        waited = 0.0
        for pause in _pauses():
            here = _deployment(job, persist(ask, "watching the deployment", self.sleep) or {})
            told(here)
            if here.state in _ENDED:
                logger.info("deployment %s: %s", job, here.state)
                return here
            if waited >= _LONGEST_SECONDS:
                break
            self.sleep(pause)
            waited += pause
        raise OrgUnavailable(
            f"deploying: not ended after {waited / 60:.0f} minutes (deployment {job}): {WATCH}, "
            "then run the command again"
        )

    def _soap(self, call: Callable[[Salesforce], T]) -> T:
        """Call a metadata function of simple-salesforce; an expired token is renewed once."""
        if self._metadata is None:
            self._metadata = self.salesforce()
        try:
            return _of_library(call, self._metadata)
        except SalesforceError as error:
            words = _fault(error.content)
            if not words:
                raise
            # It stands in the request's body, where the line cannot exchange it.
            gone = "INVALID_SESSION_ID" in words
            if not gone or self.tokens.after(str(self._metadata.session_id)) is None:
                raise OrgRefused(
                    f"deploying: {words.rstrip('.')}. Who deploys needs the right to change "
                    "metadata (Customize Application, Modify Metadata)"
                ) from None
        self._metadata = self.salesforce()
        return _of_library(call, self._metadata)

    def assign(self, permission_set: str, user_id: str) -> bool:
        """Give a user a permission set by its API name; tell whether the user had it not yet.

        Raises OrgRefused where the org has no such set.
        """
        sets = self._ids("PermissionSet", condition("Name = {}", permission_set))
        if not sets:
            raise OrgRefused(
                f"assigning: the org shows no permission set {permission_set}. Deploy it first, "
                "and let the user see Setup (View Setup and Configuration)"
            )
        pair = condition("AssigneeId = {} AND PermissionSetId = {}", user_id, sets[0])
        if self._ids("PermissionSetAssignment", pair):
            return False
        body = {"AssigneeId": user_id, "PermissionSetId": sets[0]}
        salesforce = self.salesforce()
        path = "sobjects/PermissionSetAssignment"
        try:
            once(
                lambda: salesforce.restful(path, method="POST", json=body),
                "assigning the permission set",
            )
        except OrgRefused as error:
            if _THERE_ALREADY in str(error):
                return False
            raise
        return True

    def _ids(self, object: str, where: str) -> list[str]:
        salesforce = self.salesforce()
        soql = f"SELECT Id FROM {object} WHERE {where}"
        answer = persist(lambda: salesforce.query(soql), f"reading {object}", self.sleep)
        if not isinstance(answer, Mapping):
            raise unreadable(f"reading {object}")
        return [str(row["Id"]) for row in answer["records"]]


def _deployment(job: str, answer: Mapping[str, Any]) -> Deployment:
    detail = answer.get("deployment_detail") or {}
    failures = [
        Failure(each.get("type") or "", each.get("file") or "", each.get("message") or "")
        for each in detail.get("errors") or ()
    ]
    return Deployment(
        job,
        str(answer.get("state") or ""),
        int(detail.get("deployed_count") or 0),
        int(detail.get("total_count") or 0),
        tuple(sorted(failures, key=lambda each: (each.file, each.problem))),
    )


def _pauses() -> Iterator[float]:
    yield from _PAUSES
    while True:
        yield _PAUSES[-1]


def _of_library(call: Callable[[Salesforce], T], salesforce: Salesforce) -> T:
    """Call simple-salesforce's metadata functions, which let more escape than its own errors."""
    try:
        return call(salesforce)
    except ElementTree.ParseError:
        raise unreadable("deploying") from None
    except Exception as error:
        # The bare class, with the whole answer as its text, is what the library raises.
        if type(error) is Exception:
            raise unreadable("watching the deployment") from None
        raise


def _fault(content: object) -> str:
    """Return the words of a SOAP fault; empty where it is none."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
    try:
        words = ElementTree.fromstring(text).findtext(".//faultstring") or ""
    except ElementTree.ParseError:
        return ""
    return " ".join(words.split())[:300]
