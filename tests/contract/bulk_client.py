"""How do the contract tests drive a bulk job step by step, and read its files?"""

import csv
from dataclasses import dataclass
from io import StringIO
from typing import Any

import requests
from simple_salesforce import Salesforce

CSV = {"Content-Type": "text/csv; charset=UTF-8"}
Rows = list[dict[str, str]]


def rows_of(text: str, delimiter: str = ",") -> Rows:
    """Return the records of a CSV text."""
    return list(csv.DictReader(StringIO(text, newline=""), delimiter=delimiter))


def ask(sf: Salesforce, method: str, path: str, **more: Any) -> requests.Response:
    """Send one request as it is and return whatever comes back."""
    headers = {"Authorization": f"Bearer {sf.session_id}", **more.pop("headers", {})}
    return sf.session.request(method, f"{sf.base_url}{path}", headers=headers, **more)


def refusal(response: requests.Response) -> tuple[int, str]:
    """Return status and code of a request that was refused for one reason."""
    (problem,) = response.json()
    return response.status_code, problem["errorCode"]


@dataclass(frozen=True)
class Job:
    """A job of one family: `ingest` or `query`."""

    sf: Salesforce
    id: str
    family: str = "ingest"

    def ask(self, method: str, rest: str = "", **more: Any) -> requests.Response:
        return ask(self.sf, method, f"jobs/{self.family}/{self.id}{rest}", **more)

    def put(self, text: str | bytes) -> requests.Response:
        body = text.encode() if isinstance(text, str) else text
        return self.ask("PUT", "/batches", data=body, headers=CSV)

    def set(self, state: str) -> requests.Response:
        return self.ask("PATCH", json={"state": state})

    def look(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET").json()
        return found

    def finish(self) -> dict[str, Any]:
        """Look until the job has ended."""
        while (shown := self.look())["state"] in ("UploadComplete", "InProgress"):
            pass
        return shown

    def file(self, name: str, delimiter: str = ",") -> Rows:
        answer = self.ask("GET", f"/{name}")
        assert answer.status_code == 200, answer.text
        return rows_of(answer.text, delimiter)

    def errors(self) -> list[str]:
        """Return what was wrong with the records that were refused, sorted."""
        return sorted(each["sf__Error"] for each in self.file("failedResults"))


def open_job(sf: Salesforce, operation: str = "update", **more: str) -> Job:
    """Create an ingest job for accounts, or what is said."""
    body = {"operation": operation, "object": "Account", **more}
    created = ask(sf, "POST", "jobs/ingest", json=body)
    assert created.status_code == 200, created.text
    return Job(sf, created.json()["id"])


def run_job(sf: Salesforce, text: str | bytes, operation: str = "update", **more: str) -> Job:
    """Create an ingest job, upload a text, close it and wait for its end."""
    job = open_job(sf, operation, **more)
    assert job.put(text).status_code == 201
    assert job.set("UploadComplete").status_code == 200
    job.finish()
    return job


def ask_for(sf: Salesforce, statement: str, operation: str = "query", **more: str) -> Job:
    """Create a query job."""
    body = {"operation": operation, "query": statement, **more}
    created = ask(sf, "POST", "jobs/query", json=body)
    assert created.status_code == 200, created.text
    return Job(sf, created.json()["id"], "query")
