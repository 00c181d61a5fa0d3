"""Which API versions, resources and limits does the org have?"""

from sfsync.fake.rest.route import Route
from sfsync.fake.state import API_VERSIONS, OrgState
from sfsync.fake.wire import Reply, Request, json_reply

_SEASONS = ("Spring", "Summer", "Winter")
_RESOURCES = (
    *("composite", "jobs", "limits", "metadata", "query", "queryAll", "sobjects"),
    "tooling",
)
_FIXED_LIMITS = {
    "ConcurrentSyncGetReportInstances": 20,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DataStorageMB": 1_024,
    "FileStorageMB": 1_024,
    "HourlyAsyncReportRuns": 1_200,
    "MassEmail": 5_000,
    "SingleEmail": 5_000,
}


def list_versions(_state: OrgState, _request: Request) -> Reply:
    """Answer GET /services/data, which needs no token."""
    return json_reply(
        [
            {
                "label": _label(number),
                "url": f"/services/data/v{number}.0",
                "version": f"{number}.0",
            }
            for number in API_VERSIONS
        ]
    )


def _label(number: int) -> str:
    # Three releases a year; version 67 is Summer '26, and a Winter release bears the next year.
    season = _SEASONS[(number - 66) % 3]
    year = 26 + (number - 66) // 3 + (1 if season == "Winter" else 0)
    return f"{season} '{year}"


def list_resources(state: OrgState, request: Request) -> Reply:
    """Answer GET /services/data/vNN.0: the resources that the fake offers, and who is asking."""
    resources = {name: f"{request.base}/{name}" for name in _RESOURCES}
    identity = f"{state.url}/id/{state.org_id}/{request.user_id}"
    return json_reply({**resources, "identity": identity})


def show_limits(state: OrgState, _request: Request) -> Reply:
    """Answer GET limits; only the daily ones of calls, bulk batches and query jobs decrease."""
    limits = {name: (most, most) for name, most in _FIXED_LIMITS.items()} | {
        "DailyApiRequests": (state.daily_quota, state.calls_left()),
        "DailyBulkApiBatches": (state.bulk_batch_quota, state.batches_left()),
        "DailyBulkV2QueryJobs": (state.bulk_query_quota, state.query_jobs_left()),
    }
    return json_reply(
        {name: {"Max": most, "Remaining": left} for name, (most, left) in sorted(limits.items())}
    )


def count_records(state: OrgState, request: Request) -> Reply:
    """Answer GET limits/recordCount; objects without rows are absent, as on the platform."""
    asked = request.parameters.get("sObjects")
    names = asked.split(",") if asked else sorted(state.store.schema.objects)
    found = [state.store.schema.find(name) for name in names]
    counts = [
        {"count": sum(1 for _row in state.store.live_rows(each.name)), "name": each.name}
        for each in found
        if each is not None
    ]
    return json_reply({"sObjects": [each for each in counts if each["count"]]})


ROUTES = (
    Route(("GET",), "/services/data", list_versions, open_to_all=True),
    Route(("GET",), "", list_resources),
    Route(("GET",), "limits", show_limits),
    Route(("GET",), "limits/recordCount", count_records),
)
