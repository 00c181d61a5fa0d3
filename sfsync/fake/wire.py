"""What are a request and a reply to the fake, apart from how they travel?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from sfsync.fake.errors import ApiError, refuse_request


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    version: str = ""
    user_id: str = ""

    @property
    def path(self) -> str:
        """The path, still encoded, without query and without trailing slash."""
        return urlsplit(self.target).path.rstrip("/")

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query string."""
        query = urlsplit(self.target).query
        return dict(parse_qsl(query, keep_blank_values=True))

    @property
    def base(self) -> str:
        """The start of URLs in the reply: `/services/data/v62.0`."""
        return f"/services/data/v{self.version}"

    def json(self) -> object:
        """Return the parsed body; raises ApiError JSON_PARSER_ERROR where it is no JSON."""
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except ValueError as error:
            raise refuse_request(
                400, "JSON_PARSER_ERROR", f"The body is not JSON: {error}"
            ) from error

    def json_object(self) -> dict[str, object]:
        """Return the parsed body where it is an object; raises ApiError JSON_PARSER_ERROR."""
        found = self.json()
        if not isinstance(found, dict):
            raise refuse_request(400, "JSON_PARSER_ERROR", "The body is not a JSON object")
        return found


def _refuse_constant(text: str) -> object:
    # Python writes and reads these words, JSON and the platform do not know them.
    raise ValueError(f"{text} is no JSON number")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, body in bytes, headers; `delay` is how many seconds it takes to come."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0

    def json(self) -> object:
        """Return the parsed body; None if there is none."""
        return json.loads(self.body) if self.body else None


def json_reply(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with a JSON body."""
    body = orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)
    return Reply(
        status, body, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})}
    )


def error_reply(error: ApiError) -> Reply:
    """Return the reply that carries a refusal in the platform's form: an array of problems."""
    return json_reply([each.as_error() for each in error.problems], error.status)


def segment(text: str) -> str:
    """Return a decoded path segment."""
    return unquote(text)
