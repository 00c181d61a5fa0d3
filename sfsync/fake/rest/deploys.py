"""How is a package deployed over REST?"""

import json
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP

from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.metadata.access import check_may_deploy
from sfsync.fake.metadata.deploying import advance, begin
from sfsync.fake.metadata.kept import DeployOptions
from sfsync.fake.metadata.telling import deploy_result
from sfsync.fake.rest.route import Route
from sfsync.fake.state import OrgState
from sfsync.fake.wire import Reply, Request, json_reply

# Key of the options -> attribute.
OPTIONS = {
    "checkOnly": "check_only",
    "rollbackOnError": "rollback_on_error",
    "singlePackage": "single_package",
    "allowMissingFiles": "allow_missing_files",
}


def deploy(state: OrgState, request: Request) -> Reply:
    """Answer POST metadata/deployRequest, whose parts are `json` (the options) and a zip."""
    check_may_deploy(state, request.user_id)
    parts = _parts(request)
    if "json" not in parts or "file" not in parts:
        raise _malformed("The body needs the parts json and file")
    try:
        given = json.loads(parts["json"])["deployOptions"]
        options = replace(DeployOptions(), **_options(given))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _malformed(f"The part json holds no deployOptions: {error!r}") from error
    made = begin(state, parts["file"], options, request.user_id)
    return json_reply(
        {
            "id": made.deploy_id,
            "validatedDeployRequestId": None,
            "deployOptions": given,
            "deployResult": deploy_result(state, made, details=False),
        },
        201,
    )


def check(state: OrgState, request: Request, deploy_id: str) -> Reply:
    """Answer GET metadata/deployRequest/Id; each call brings the deploy one step further."""
    found = state.metadata.find(deploy_id)
    advance(state, found)
    details = request.parameters.get("includeDetails", "false").lower() == "true"
    return json_reply(
        {"id": found.deploy_id, "deployResult": deploy_result(state, found, details=details)}
    )


def _options(given: dict[str, object]) -> dict[str, bool]:
    # `rollbackOnError` is false and `singlePackage` is false unless said otherwise.
    return {name: bool(given.get(key, False)) for key, name in OPTIONS.items()}


def _parts(request: Request) -> dict[str, bytes]:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise refuse_request(
            415, "UNSUPPORTED_MEDIA_TYPE", f"The body must be multipart/form-data, not {kind!r}"
        )
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    parts: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            parts[name] = content
    return parts


def _malformed(text: str) -> ApiError:
    return refuse_request(400, "BAD_REQUEST", text)


ROUTES = (
    Route(("POST",), "metadata/deployRequest", deploy, any_body=True),
    Route(("GET",), "metadata/deployRequest/{id}", check),
)
