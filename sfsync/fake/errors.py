"""How does the platform word a refusal?

The exceptions:

    ApiError              a request is answered with an error status and Salesforce's error array
      RecordRefused       one record was refused; in a collection the other records go on
    RecordingError        a folder in the form of Data Export cannot be loaded
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: the platform's code, its text and, for errors of a record, the fields meant.

    `fields` is None where the platform leaves the key out (routing, sign-in and query errors).
    """

    code: str
    message: str
    fields: tuple[str, ...] | None = None

    def as_error(self) -> dict[str, object]:
        """Return the entry of a single-record error array (`errorCode`)."""
        return self._entry("errorCode")

    def as_status(self) -> dict[str, object]:
        """Return the entry of a collection result (`statusCode`, `fields` always there)."""
        return self._entry("statusCode") | {"fields": list(self.fields or ())}

    def _entry(self, code_key: str) -> dict[str, object]:
        entry: dict[str, object] = {"message": self.message, code_key: self.code}
        if self.fields is not None:
            entry["fields"] = list(self.fields)
        return entry


class ApiError(Exception):
    """A request that the platform answers with `status` and an array of problems."""

    def __init__(self, status: int, *problems: Problem) -> None:
        super().__init__("; ".join(f"{each.code}: {each.message}" for each in problems))
        self.status = status
        self.problems = problems


class RecordRefused(ApiError):
    """A record that the platform does not save, or does not find (status 404)."""


class RecordingError(Exception):
    """A folder that cannot be loaded; `problems` says what is wrong, each with file and line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def refuse_record(code: str, message: str, *fields: str, status: int = 400) -> RecordRefused:
    """Return the refusal of one record for one reason."""
    return RecordRefused(status, Problem(code, message, fields))


def refuse_request(status: int, code: str, message: str) -> ApiError:
    """Return the refusal of a whole request, without a `fields` key."""
    return ApiError(status, Problem(code, message))


def not_offered(what: str) -> ApiError:
    """Return the refusal of something that the real platform may know and the fake does not."""
    return refuse_request(404, "NOT_FOUND", f"The fake does not offer {what}")
