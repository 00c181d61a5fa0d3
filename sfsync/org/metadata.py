"""What does an org say about its fields that a deployment must respect?"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import requests
from simple_salesforce.api import Salesforce

from sfsync.errors import OrgUnavailable
from sfsync.org import FieldInfo
from sfsync.org.describe import read_fields
from sfsync.org.line import Line
from sfsync.org.retry import persist
from sfsync.org.soql import condition
from sfsync.org.tokens import Tokens
from sfsync.org.trouble import Trouble

WATCH: Final = "look in the org's Setup under Deployment Status"
_NOT_THERE: Final = frozenset({"NOT_FOUND", "INVALID_TYPE"})


@dataclass(frozen=True, slots=True)
class PicklistEntry:
    """One value of a picklist, inactive ones too."""

    value: str
    label: str
    is_default: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class FieldDetail:
    """What setup must know of a field, beside what `info` tells.

    `grant` is the name under which a permission set lets people see it (an address as a whole),
    empty where everybody sees it who sees the object. `is_dependent`: another field decides which
    of its values may be chosen.
    """

    info: FieldInfo
    grant: str
    is_dependent: bool
    entries: tuple[PicklistEntry, ...]


class MetadataReader:
    """Tells of an org's fields what a deployment must respect.

    Every method raises OrgUnavailable where trying later may help, OrgRefused where it would not.
    """

    def __init__(
        self,
        session: requests.Session,
        tokens: Tokens,
        *,
        version: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.tokens = tokens
        self._line = Line(session, tokens)
        self._version = version
        self.sleep = sleep

    def salesforce(self) -> Salesforce:
        """Return a new Salesforce object, with the token in use."""
        return Salesforce(
            session_id=self.tokens.token,
            instance=self.tokens.host,
            version=self._version,
            session=self._line,
            object_pairs_hook=dict,
        )

    def details(self, object: str) -> Mapping[str, FieldDetail] | None:
        """Describe an object's fields by API name; None where there is none such, or it is
        hidden.
        """
        answer = self._ask(f"sobjects/{object}/describe", f"describing {object}", _is_absent)
        if answer is None:
            return None
        infos = read_fields(answer)
        return {each["name"]: _detail(each, infos[each["name"]]) for each in answer["fields"]}

    def validation_rules(self, objects: Sequence[str]) -> frozenset[str] | None:
        """Name the validation rules of objects (`Opportunity.Commit_Needs_Quote`); None where the
        org does not tell this user.
        """
        soql = "SELECT ValidationName, EntityDefinition.QualifiedApiName FROM ValidationRule"
        soql += condition(" WHERE EntityDefinition.QualifiedApiName IN {}", list(objects))
        path = f"tooling/query?{urlencode({'q': soql})}"
        doing = "reading the validation rules"
        answer = self._ask(path, doing, lambda trouble: not trouble.temporary)
        if answer is None:
            return None
        if "records" not in answer or not answer.get("done"):
            raise unreadable(doing)
        return frozenset(
            f"{row['EntityDefinition']['QualifiedApiName']}.{row['ValidationName']}"
            for row in answer["records"]
        )

    def _ask(
        self, path: str, doing: str, absent: Callable[[Trouble], bool] | None = None
    ) -> Mapping[str, Any] | None:
        salesforce = self.salesforce()
        answer = persist(lambda: salesforce.restful(path), doing, self.sleep, absent)
        if answer is not None and not isinstance(answer, Mapping):
            raise unreadable(doing)
        return answer


def _detail(described: Mapping[str, Any], info: FieldInfo) -> FieldDetail:
    compound = str(described.get("compoundFieldName") or "")
    grant = compound if compound.endswith("Address") else info.name
    return FieldDetail(
        info,
        grant if described.get("permissionable") else "",
        bool(described.get("dependentPicklist") or described.get("controllerName")),
        tuple(
            PicklistEntry(
                each["value"], each["label"] or each["value"], each["defaultValue"], each["active"]
            )
            for each in described.get("picklistValues") or ()
        ),
    )


def _is_absent(trouble: Trouble) -> bool:
    return trouble.code in _NOT_THERE


def unreadable(doing: str) -> OrgUnavailable:
    """Give the error for an answer that cannot be read."""
    return OrgUnavailable(
        f"{doing}: the answer is not in the platform's form. Check for a proxy on the way; "
        f"{WATCH}, then run the command again"
    )
