"""What does Salesforce's sign-in refuse, and what is to be done about it?

Its codes say little: what is wrong is mostly in the description beside them.
"""

from sfsync.org.codes import CODES, HOST, Advice

_APP = "docs/connect.md says how the app is set up"
_APPROVE = Advice(
    "Pre-authorise the user for the app: in its policies let admin-approved users in, and assign "
    f"the app to the user's permission set or profile ({_APP})"
)
_ASSERTION = Advice(
    "Check that SALESFORCE_PRIVATE_KEY_FILE belongs to the certificate of the app, and this "
    "machine's clock"
)
_AUDIENCE = Advice(
    "Check SALESFORCE_LOGIN_URL: the org's My Domain, or https://login.salesforce.com for "
    "production and https://test.salesforce.com for a sandbox"
)
_CLIENT_ID = Advice(
    "Check SALESFORCE_CLIENT_ID, and that the app is in this org: a new app is known after some "
    "ten minutes"
)

# Tried from top to bottom: the first whose words stand in the description.
_BY_WORDS: tuple[tuple[str, Advice], ...] = (
    ("approved this consumer", _APPROVE),
    ("audience", _AUDIENCE),
    ("assertion", _ASSERTION),
    ("expired", _ASSERTION),
    (
        "no client credentials user",
        Advice(f"Name the user the app runs as in its policies; {_APP}"),
    ),
    ("not supported on this domain", _AUDIENCE),
    (
        "ip restricted",
        Advice("Allow this machine's address and hour: the profile's login IP ranges and hours"),
    ),
)
_BY_CODE = {
    "invalid_grant": Advice(
        "Check SALESFORCE_USERNAME and SALESFORCE_LOGIN_URL, and the user's login history in Setup"
    ),
    "invalid_client": Advice("Check SALESFORCE_CLIENT_SECRET: it may have been renewed in the app"),
    "invalid_client_id": _CLIENT_ID,
    "invalid_client_credentials": Advice("Check SALESFORCE_CLIENT_SECRET"),
    "inactive_user": Advice("Activate or unfreeze the service's user, or name another one"),
    "inactive_org": Advice("The org is locked, closed or suspended: ask Salesforce"),
    "invalid_app_access": _APPROVE,
    "unsupported_grant_type": Advice(f"Switch this flow on in the app; {_APP}"),
    "invalid_scope": Advice(f"Give the app the scope api; {_APP}"),
    "unauthorized_client": Advice(f"Switch this flow on in the app; {_APP}"),
    "HTTP 404": HOST,
}


def advice_on(code: str, words: str) -> Advice | None:
    """Say what to do where a sign-in was refused; None for a code that only its status explains."""
    said = words.lower()
    temporary = CODES.get(code)
    if temporary is not None:
        return temporary
    by_words = (advice for part, advice in _BY_WORDS if part in said)
    return next(by_words, None) or _BY_CODE.get(code)
