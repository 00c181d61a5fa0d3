"""What does the org say about its objects and fields?"""

from sfsync.fake.describing import field_json
from sfsync.fake.merging import MERGEABLE
from sfsync.fake.picklists import picklist_of
from sfsync.fake.rest.route import Route
from sfsync.fake.schema import ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.wire import Reply, Request, json_reply

_MASTER_RECORD_TYPE = "012000000000000AAA"


def describe_global(state: OrgState, request: Request) -> Reply:
    """Answer GET sobjects."""
    objects = sorted(state.store.schema.visible(), key=lambda each: each.name)
    return json_reply(
        {
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": [_summary(each, request.base) for each in objects],
        }
    )


def describe_basic(state: OrgState, request: Request, name: str) -> Reply:
    """Answer GET sobjects/X: the summary and what was last looked at (nothing, in the fake)."""
    owner = state.store.existing(name)
    return json_reply({"objectDescribe": _summary(owner, request.base), "recentItems": []})


def describe_object(state: OrgState, request: Request, name: str) -> Reply:
    """Answer GET sobjects/X/describe; fields hidden by field-level security are absent."""
    owner = state.store.existing(name)
    fields = [
        {
            **field_json(each, picklist_of(state.store, owner.name, each)),
            "compoundFieldName": _compound(owner, each.name),
        }
        for each in owner.visible()
    ]
    return json_reply(
        _summary(owner, request.base)
        | {
            "actionOverrides": [],
            "childRelationships": _children(state, owner),
            "fields": fields,
            "namedLayoutInfos": [],
            "recordTypeInfos": _record_types(state, owner, request.base),
            "supportedScopes": [{"label": f"All {owner.label_plural}", "name": "everything"}],
        }
    )


def _compound(owner: ObjectType, name: str) -> str | None:
    if name in ("FirstName", "LastName", "Salutation") and "Name" in owner.fields:
        return "Name"
    return owner.address_of(name)


def _summary(owner: ObjectType, base: str) -> dict[str, object]:
    url = f"{base}/sobjects/{owner.name}"
    return {
        "activateable": False,
        "createable": owner.createable,
        "custom": owner.name.endswith("__c"),
        "customSetting": False,
        "deletable": owner.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "keyPrefix": owner.key_prefix,
        "label": owner.label,
        "labelPlural": owner.label_plural,
        "layoutable": owner.createable,
        "mergeable": owner.name in MERGEABLE,
        "mruEnabled": owner.createable,
        "name": owner.name,
        "queryable": True,
        "replicateable": "SystemModstamp" in owner.fields,
        "retrieveable": True,
        "searchable": owner.createable,
        "triggerable": owner.createable,
        "undeletable": owner.deletable,
        "updateable": owner.updateable,
        "urls": {
            "sobject": url,
            "describe": f"{url}/describe",
            "rowTemplate": f"{url}/{{ID}}",
        },
    }


def _children(state: OrgState, owner: ObjectType) -> list[dict[str, object]]:
    return [
        {
            "cascadeDelete": False,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": each.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": each.child_relationship,
            "restrictedDelete": False,
        }
        for child, each in state.store.schema.children(owner.name)
    ]


def _record_types(state: OrgState, owner: ObjectType, base: str) -> list[dict[str, object]]:
    own = [
        row for row in state.store.live_rows("RecordType") if row.get("SobjectType") == owner.name
    ]
    found = [
        _record_type(str(row["Name"]), str(row["Id"]), bool(row.get("IsActive"))) for row in own
    ]
    master = _record_type("Master", _MASTER_RECORD_TYPE, active=True) | {
        "defaultRecordTypeMapping": not own,
        "master": True,
    }
    url = f"{base}/sobjects/{owner.name}/describe/layouts/"
    return [
        each | {"urls": {"layout": f"{url}{each['recordTypeId']}"}} for each in (*found, master)
    ]


def _record_type(name: str, record_id: str, active: bool) -> dict[str, object]:
    return {
        "active": active,
        "available": True,
        "defaultRecordTypeMapping": False,
        "developerName": name.replace(" ", "_"),
        "master": False,
        "name": name,
        "recordTypeId": record_id,
    }


ROUTES = (
    Route(("GET",), "sobjects", describe_global),
    Route(("GET",), "sobjects/{object}", describe_basic),
    Route(("GET",), "sobjects/{object}/describe", describe_object),
)
