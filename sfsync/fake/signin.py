"""Whose request is it?"""

from sfsync.fake.errors import refuse_request
from sfsync.fake.state import OrgState, Session


def issue_token(state: OrgState, user_id: str) -> str:
    """Sign a user in and return the access token, which was never given out before."""
    state.tokens_issued += 1
    token = f"{state.org_id[:15]}!AQ{state.tokens_issued:06d}.{user_id[:15]}"
    state.sessions[token] = Session(user_id, state.clock.now())
    return token


def user_of(state: OrgState, authorization: str) -> str:
    """Return the Id of the user a header's token belongs to; raises ApiError 401 for a bad one.

    Where `session_seconds` is set, a token unused for so long has expired.
    """
    scheme, _blank, token = authorization.partition(" ")
    session = state.sessions.get(token.strip()) if scheme in ("Bearer", "OAuth") else None
    now = state.clock.now()
    if session is not None and state.session_seconds is not None:
        idle = (now - session.last_used).total_seconds()
        session = session if idle <= state.session_seconds else None
    if session is None:
        raise refuse_request(401, "INVALID_SESSION_ID", "Session expired or invalid")
    session.last_used = now
    return session.user_id
