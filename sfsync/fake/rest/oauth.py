"""Who may sign in, and who am I?

Client credentials and JWT bearer are accepted; of a JWT all is checked, by the org's clock and the
key that was registered for its app. Refusals are OAuth objects, not the API's arrays.
"""

import base64
import binascii
from urllib.parse import parse_qsl, unquote

from sfsync.fake.assertions import AssertionRefused, check_assertion, read_claims
from sfsync.fake.errors import ApiError
from sfsync.fake.ids import normalise
from sfsync.fake.rest.route import Route
from sfsync.fake.signin import issue_token, user_of
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row
from sfsync.fake.wire import Reply, Request, json_reply

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def token(state: OrgState, request: Request) -> Reply:
    """Answer POST /services/oauth2/token."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    grant = form.get("grant_type")
    if grant == "client_credentials":
        return _client_credentials(state, request, form)
    if grant == _JWT_GRANT:
        return _jwt_bearer(state, form)
    return _refuse("unsupported_grant_type", "grant type not supported")


def _client_credentials(state: OrgState, request: Request, form: dict[str, str]) -> Reply:
    client, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    if client != state.client_id:
        return _refuse("invalid_client_id", "client identifier invalid")
    if secret != state.client_secret:
        return _refuse("invalid_client", "invalid client credentials")
    return _grant(state, state.user_id)


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _blank, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client, _colon, secret = text.partition(":")
    return unquote(client), unquote(secret)


def _jwt_bearer(state: OrgState, form: dict[str, str]) -> Reply:
    assertion = form.get("assertion", "")
    try:
        claims = read_claims(assertion)
        if claims.get("iss") != state.client_id:
            return _refuse("invalid_client_id", "client identifier invalid")
        check_assertion(assertion, state.app_key, state.audiences, state.clock.now())
    except AssertionRefused as refusal:
        return _refuse("invalid_grant", str(refusal))
    name = str(claims.get("sub", "")).lower()
    users = state.store.live_rows("User")
    user = next((row for row in users if str(row.get("Username", "")).lower() == name), None)
    if user is None:
        return _refuse("invalid_grant", "user hasn't approved this consumer")
    if not user.get("IsActive"):
        return _refuse("inactive_user", "user is inactive")
    return _grant(state, str(user["Id"]))


def _grant(state: OrgState, user_id: str) -> Reply:
    issued = int(state.clock.now().timestamp() * 1000)
    return json_reply(
        {
            "access_token": issue_token(state, user_id),
            "signature": base64.b64encode(f"{user_id}{issued}".encode()).decode(),
            "scope": "api",
            "instance_url": state.url,
            "id": f"https://login.salesforce.com/id/{state.org_id}/{user_id}",
            "token_type": "Bearer",
            "issued_at": str(issued),
        }
    )


def _refuse(code: str, text: str) -> Reply:
    return json_reply({"error": code, "error_description": text}, 400)


def user_info(state: OrgState, request: Request) -> Reply:
    """Answer GET /services/oauth2/userinfo: the user of the token."""
    user: Row = state.store.row(request.user_id) or {}
    told = _person(state, request.user_id, user)
    about = {
        "sub": f"https://login.salesforce.com/id/{state.org_id}/{request.user_id}",
        "preferred_username": user.get("Username"),
        "name": user.get("Name"),
        "zoneinfo": state.zone_of(request.user_id).key,
    }
    return json_reply(told | about)


def identity(state: OrgState, request: Request, org_id: str, user_id: str) -> Reply:
    """Answer GET /id/org/user, the address that a token's reply calls its identity.

    The token may be a parameter, since a browser cannot send it in a header.
    """
    token = request.parameters.get("oauth_token")
    header = f"Bearer {token}" if token else request.headers.get("authorization", "")
    try:
        asking = user_of(state, header)
    except ApiError:
        return Reply(403, b"Bad_OAuth_Token", {"Content-Type": "text/html;charset=UTF-8"})
    wanted, user = normalise(user_id), state.store.row(asking) or {}
    if (normalise(org_id), wanted) != (state.org_id, asking):
        return Reply(403, b"Wrong_Org", {"Content-Type": "text/html;charset=UTF-8"})
    told = _person(state, asking, user)
    about = {
        "id": f"{state.url}/id/{state.org_id}/{asking}",
        "asserted_user": True,
        "username": user.get("Username"),
        "nick_name": user.get("Alias"),
        "display_name": user.get("Name"),
        "timezone": state.zone_of(asking).key,
    }
    return json_reply(told | about)


def _person(state: OrgState, user_id: str, user: Row) -> dict[str, object]:
    data = f"{state.url}/services/data/v{{version}}/"
    return {
        "user_id": user_id,
        "organization_id": state.org_id,
        "email": user.get("Email"),
        "first_name": user.get("FirstName"),
        "last_name": user.get("LastName"),
        "locale": user.get("LocaleSidKey", "en_US"),
        "language": user.get("LanguageLocaleKey", "en_US"),
        "active": bool(user.get("IsActive")),
        "user_type": str(user.get("UserType", "Standard")).upper(),
        "urls": {
            "rest": data,
            "sobjects": f"{data}sobjects/",
            "query": f"{data}query/",
            "metadata": f"{state.url}/services/Soap/m/{{version}}/{state.org_id[:15]}",
        },
    }


ROUTES = (
    Route(("POST",), "/services/oauth2/token", token, open_to_all=True),
    Route(("GET", "POST"), "/services/oauth2/userinfo", user_info),
    Route(("GET",), "/id/{org}/{user}", identity, open_to_all=True),
)
