"""What does the org tell about a deploy, and about its metadata?

The data are those of the platform's DeployResult; how they travel (XML, JSON) is not said here.
"""

from collections.abc import Iterator

from sfsync.fake.metadata.component import Failure
from sfsync.fake.metadata.kept import Deployment, Taken
from sfsync.fake.state import OrgState
from sfsync.fake.values import wire_datetime

_FILES = {
    "CustomField": ("objects", "object"),
    "CustomObject": ("objects", "object"),
    "PermissionSet": ("permissionsets", "permissionset"),
    "StandardValueSet": ("standardValueSets", "standardValueSet"),
}
Data = dict[str, object]


def deploy_result(state: OrgState, deployment: Deployment, *, details: bool) -> Data:
    """Return a deploy's state; with `details` also what became of each component."""
    total, failed = _counts(deployment)
    user = state.store.row(deployment.user_id) or {}
    result: Data = {
        "checkOnly": deployment.options.check_only,
        "completedDate": deployment.completed,
        "createdBy": deployment.user_id,
        "createdByName": user.get("Name"),
        "createdDate": deployment.created,
        "done": deployment.is_done,
        "id": deployment.deploy_id,
        "ignoreWarnings": False,
        "lastModifiedDate": deployment.completed or wire_datetime(state.clock.now()),
        "numberComponentErrors": failed,
        "numberComponentsDeployed": len(deployment.taken),
        "numberComponentsTotal": total,
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "rollbackOnError": deployment.options.rollback_on_error,
        "runTestsEnabled": False,
        "startDate": None if deployment.status == "Pending" else deployment.created,
        "stateDetail": _detail(deployment),
        "status": deployment.status,
        "success": deployment.status in ("Succeeded", "SucceededPartial"),
    }
    return result | ({"details": _details(deployment)} if details else {})


def _counts(deployment: Deployment) -> tuple[int, int]:
    """Return how many components there are, and how many were refused, as far as it is known."""
    if deployment.status == "Pending":
        return 0, 0
    if not deployment.is_done:
        return len(deployment.package.components), 0
    failed = len(deployment.failures)
    return len(deployment.taken) + failed, failed


def _detail(deployment: Deployment) -> str | None:
    if deployment.status != "InProgress" or not deployment.package.components:
        return None
    first = deployment.package.components[0]
    return f"Processing Type: {first.kind}"


def _details(deployment: Deployment) -> Data:
    return {
        "componentFailures": [_failure(each, deployment.completed) for each in deployment.failures],
        "componentSuccesses": [_success(each, deployment.completed) for each in deployment.taken],
        "runTestResult": {"numFailures": 0, "numTestsRun": 0, "totalTime": 0.0},
    }


def _failure(failure: Failure, at: str | None) -> Data:
    return _message(failure.kind, failure.name, failure.file, at) | {
        "changed": False,
        "created": False,
        "problem": failure.problem,
        "problemType": "Error",
        "success": False,
    }


def _success(taken: Taken, at: str | None) -> Data:
    component = taken.component
    return _message(component.kind, component.name, component.file, at) | {
        "changed": True,
        "created": taken.is_new,
        "id": taken.record_id,
        "success": True,
    }


def _message(kind: str, name: str, file: str, at: str | None) -> Data:
    return {
        "componentType": kind,
        "createdDate": at,
        "deleted": False,
        "fileName": file,
        "fullName": name,
    }


def describe_metadata() -> Data:
    """Return which kinds of components the fake takes, as DescribeMetadataResult."""
    children = {"CustomObject": ["CustomField", "ValidationRule"]}
    objects = [
        {
            "childXmlNames": children.get(kind, []),
            "directoryName": folder,
            "inFolder": False,
            "metaFile": False,
            "suffix": suffix,
            "xmlName": kind,
        }
        for kind, (folder, suffix) in _FILES.items()
        if kind != "CustomField"
    ]
    return {
        "metadataObjects": objects,
        "organizationNamespace": "",
        "partialSaveAllowed": True,
        "testRequired": False,
    }


def list_metadata(state: OrgState, kind: str) -> list[Data]:
    """Return the components of a kind as FileProperties; none of a kind the fake does not know."""
    now = wire_datetime(state.clock.now())
    return [
        {
            "createdById": state.user_id,
            "createdDate": now,
            "fileName": _file(kind, name),
            "fullName": name,
            "id": record_id,
            "lastModifiedById": state.user_id,
            "lastModifiedDate": now,
            "manageableState": "unmanaged",
            "type": kind,
        }
        for name, record_id in _components(state, kind)
    ]


def _components(state: OrgState, kind: str) -> Iterator[tuple[str, str]]:
    objects = state.store.schema.objects.values()
    if kind == "CustomObject":
        yield from ((owner.name, "") for owner in objects)
    elif kind == "CustomField":
        for owner in objects:
            for each in owner.fields.values():
                if each.custom:
                    name = f"{owner.name}.{each.name}"
                    yield name, state.metadata.ids.get((kind, name), "")
    elif kind == "PermissionSet":
        rows = state.store.live_rows("PermissionSet")
        yield from ((str(row["Name"]), str(row["Id"])) for row in rows)
    elif kind == "ValidationRule":
        yield from ((name, state.metadata.ids[kind, name]) for name in state.metadata.rules)


def _file(kind: str, name: str) -> str:
    folder, suffix = _FILES.get(kind, ("objects", "object"))
    return f"{folder}/{name.partition('.')[0]}.{suffix}"
