"""How do tests make an org answer just what they want, fault by fault?"""

import requests
import responses
from entering import connect

HOST = "acme.my.salesforce.com"
DATA = f"https://{HOST}/services/data/v62.0"
TOKEN = "00D000000000001!AQEAQsecret"
ACCOUNT = "001000000000001AAA"
OTHER = "001000000000002AAA"

CONCURRENT = [
    {
        "errorCode": "REQUEST_LIMIT_EXCEEDED",
        "message": "ConcurrentPerOrgLongTxn Limit exceeded.",
    }
]
DAILY = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
LOST_CURSOR = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]


def described(name: str, *fields: str) -> dict[str, object]:
    flags = {"updateable": True, "createable": True, "nillable": True, "length": 18}
    rows = [{"name": field, "type": "string", "label": field, **flags} for field in fields]
    return {"name": name, "queryable": True, "fields": rows}


def page(*rows: dict[str, object], more: str = "") -> dict[str, object]:
    cursor = {"nextRecordsUrl": f"/services/data/v62.0/query/{more}"} if more else {}
    return {"totalSize": 9, "done": not more, "records": list(rows), **cursor}


class Script:
    """The answers of an org, in the order in which they are given, and the pauses made."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        self.slept: list[float] = []
        self.get("/sobjects/Organization/describe", described("Organization", "Id", "Name"))
        self.get("/query/", page({"Id": "00D000000000001AAA", "Name": "Acme"}))
        self.mock.get(
            f"https://{HOST}/services/oauth2/userinfo", json={"user_id": "005000000000001AAA"}
        )
        self.org = connect(requests.Session(), HOST, TOKEN, sleep=self.slept.append)

    def get(self, path: str, answer: object, status: int = 200) -> None:
        self.mock.get(DATA + path, json=answer, status=status)

    def patch(self, answer: object, status: int = 200) -> None:
        self.mock.patch(f"{DATA}/composite/sobjects", json=answer, status=status)

    def account(self) -> None:
        self.get("/sobjects/Account/describe", described("Account", "Id", "Name"))


def refused(code: str) -> dict[str, object]:
    return {"success": False, "errors": [{"statusCode": code, "message": "no", "fields": []}]}


def done(id: str) -> dict[str, object]:
    return {"id": id, "success": True, "errors": []}
