"""Are the cases well formed: names known, references resolved, each rule shown from every side?"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from case_files import ALL_CASES, FILES, FOLDER

STATUS_FIELDS = {
    "Unqualified Pool": "Unqualified_Pool_At__c",
    "Qualified Pool": "Qualified_Pool_At__c",
    "Target": "Target_At__c",
    "Working": "Working_At__c",
    "Customer": "Customer_At__c",
    "Backlog": "Backlog_At__c",
    "Disqualified": "Disqualified_At__c",
    "Churn": "Churn_At__c",
}
STAGE_FIELDS = {
    "Opportunity Identified": "Identified_At__c",
    "Qualified Opportunity": "Qualified_At__c",
    "Free Trial": "Free_Trial_At__c",
    "Closing": "Closing_At__c",
    "Commit": "Commit_At__c",
    "Closed Won": "Won_At__c",
    "Closed Lost": "Lost_At__c",
}
CLOSED_STAGES = frozenset({"Closed Won", "Closed Lost"})
LEADS_TO = {
    "won": "Customer",
    "opportunity-opened": "Working",
    "out-of-target": "Disqualified",
    "subscription-ended": "Churn",
    "opportunities-lost": "Backlog",
    "activity": "Target",
    "idle": "Backlog",
    "backlog-expired-high": "Qualified Pool",
    "backlog-expired-low": "Unqualified Pool",
    "churn-cooled-down": "Qualified Pool",
    "qualified-by-data": "Qualified Pool",
    "entered-high": "Qualified Pool",
    "entered-low": "Unqualified Pool",
    "commit-incomplete": "Closing",
}
CONDITIONS = {
    "won": "won_since_entry",
    "opportunity-opened": "open_opportunities",
    "out-of-target": "number_of_employees industry disqualified_at",
    "subscription-ended": "subscription_end open_opportunities won_after_subscription",
    "opportunities-lost": "open_opportunities won_since_entry lost_since_entry",
    "activity": "last_activity_at",
    "idle": "idle_days next_step_on",
    "backlog-expired-high": "pause_ends_on potential",
    "backlog-expired-low": "pause_ends_on potential",
    "churn-cooled-down": "days_in_status",
    "qualified-by-data": "enriched_at potential",
    "entered-high": "potential",
    "entered-low": "potential",
    "commit-incomplete": "commit_is_enforced days_in_stage found",
}
TOPICS = (
    *("pause", "score", "alert", "timestamps", "opportunity-timestamps", "entered-status"),
    *("activity-instant", "what-counts", "next-step", "closing", "priority", "time"),
    "unknown-status",
)
KINDS = ("holds", "just-not", "blocked")
OTHER_CAUSES = frozenset({"pause", "timestamps", "score"})
USERS = frozenset({"service", "rep", "boss"})
ACTIVITY_FIELDS = (
    "AccountId WhatId WhoId OwnerId Subject ActivityDate CreatedById CreatedDate "
    "IsArchived IsDeleted IsRecurrence"
)
FIELDS = {
    "Account": "Id Status__c ParentId OwnerId Industry NumberOfEmployees LastActivityDate "
    "BillingStreet BillingCity BillingCountry "
    "CreatedDate IsDeleted Backlog_Until__c Backlog_Count__c Potential_Score__c "
    "Subscription_End__c Enriched_At__c " + " ".join(STATUS_FIELDS.values()),
    "Opportunity": "Id AccountId OwnerId StageName CloseDate LastStageChangeDate "
    "Lost_Reason__c Amount CreatedDate IsDeleted Acceptance_Received_On__c Quote_Signed_On__c "
    "Start_Date__c Plan__c Pricing_Terms__c Customer_Context__c User_Count__c Billing_Tool__c "
    "Billing_Email__c Invoice_Scheduled_On__c " + " ".join(STAGE_FIELDS.values()),
    "Task": f"Id Status CompletedDateTime {ACTIVITY_FIELDS}",
    "Event": f"Id Type StartDateTime EndDateTime IsAllDayEvent IsChild {ACTIVITY_FIELDS}",
    "Contact": "Id AccountId OwnerId Title CreatedDate IsDeleted",
    "AccountHistory": "Id AccountId Field OldValue NewValue CreatedDate CreatedById",
    "OpportunityHistory": "Id OpportunityId StageName Amount CreatedDate CreatedById",
}
REQUIRED_FIELDS = {
    "Account": "Id Status__c",
    "Opportunity": "Id StageName LastStageChangeDate",
    "Task": "Id Status",
    "Event": "Id",
    "Contact": "Id AccountId Title",
    "AccountHistory": "AccountId Field OldValue NewValue CreatedDate CreatedById",
    "OpportunityHistory": "OpportunityId StageName CreatedDate",
}
REFERENCES = {
    "AccountId": ("Account",),
    "ParentId": ("Account",),
    "OpportunityId": ("Opportunity",),
    "WhatId": ("Account", "Opportunity"),
    "WhoId": ("Contact",),
}
DATES = frozenset(
    {
        "Backlog_Until__c",
        "Subscription_End__c",
        "CloseDate",
        "ActivityDate",
        "LastActivityDate",
        "Acceptance_Received_On__c",
        "Quote_Signed_On__c",
        "Start_Date__c",
        "Invoice_Scheduled_On__c",
    }
)
NUMBERS = frozenset(
    {"Backlog_Count__c", "Potential_Score__c", "NumberOfEmployees", "Amount", "User_Count__c"}
)
REQUIRED_KEYS = frozenset({"case", "rule", "kind", "now", "given", "expect"})
OPTIONAL_KEYS = frozenset({"zone", "previous_pass", "blocked_by", "findings", "commit", "lacks"})


def is_instant(value: object) -> bool:
    """Whether the value is an aware UTC datetime in whole seconds."""
    if not isinstance(value, datetime):
        return False
    return value.utcoffset() == timedelta(0) and value.microsecond == 0


def is_of_the_fields_type(field: str, value: object) -> bool:
    """Whether a value other than null or `now` is what Salesforce keeps in the field."""
    if field in DATES:
        return isinstance(value, date) and not isinstance(value, datetime)
    if field.endswith(("_At__c", "DateTime", "CreatedDate", "LastStageChangeDate")):
        return is_instant(value)
    if field in NUMBERS:
        return isinstance(value, int) and not isinstance(value, bool)
    if field.startswith("Is"):
        return value is True
    return isinstance(value, str)


def problems(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield each thing that is wrong with the form of a case, in words; nothing if it is sound."""
    missing, unknown = REQUIRED_KEYS - set(body), set(body) - REQUIRED_KEYS - OPTIONAL_KEYS
    if missing or unknown:
        yield f"keys missing: {sorted(missing)}, keys unknown: {sorted(unknown)}"
        return
    if body["rule"] not in {*LEADS_TO, *TOPICS}:
        yield f"rule {body['rule']!r} is neither a transition nor a topic"
    if body["kind"] != "other" and (body["kind"] not in KINDS or body["rule"] in TOPICS):
        yield f"kind {body['kind']!r} does not fit the rule (a topic is always `other`)"
    if not is_instant(body["now"]):
        yield "now is not an instant in whole seconds that ends in Z"
    if body.get("zone", "Europe/Paris") not in available_timezones():
        yield f"zone {body['zone']!r} is unknown"
    if body.get("commit", "enforce") not in ("report", "enforce"):
        yield f"commit {body['commit']!r} is no mode"
    yield from given_problems(body)
    yield from previous_pass_problems(body)
    yield from expect_problems(body)
    yield from blocked_by_problems(body)
    yield from kind_problems(body)


def ids_of(body: Mapping[str, Any], *objects: str) -> list[str]:
    return [row["Id"] for name in objects for row in body["given"].get(name, ()) if "Id" in row]


def given_problems(body: Mapping[str, Any]) -> Iterator[str]:
    twice = [i for i, n in Counter(ids_of(body, *FIELDS)).items() if n > 1]
    if twice:
        yield f"given: Ids used twice: {twice}"
    for name, rows in body["given"].items():
        if name not in FIELDS:
            yield f"given: object {name!r} is unknown"
            continue
        for row in rows:
            where = f"given {name} {row.get('Id', row)}"
            yield from (f"{where}: {text}" for text in row_problems(body, name, row))


def row_problems(body: Mapping[str, Any], name: str, row: Mapping[str, Any]) -> Iterator[str]:
    for field in REQUIRED_FIELDS[name].split():
        if field not in row:
            yield f"field {field} is missing"
    for field, value in row.items():
        if field not in FIELDS[name].split():
            yield f"field {field} is unknown"
        elif value is not None and not is_of_the_fields_type(field, value):
            yield f"field {field} cannot hold {value!r}"
        elif field in REFERENCES and value not in (None, *ids_of(body, *REFERENCES[field])):
            yield f"{field} {value!r} is no record of the case"
        elif field in ("OwnerId", "CreatedById") and value not in USERS:
            yield f"{field} {value!r} is no user"
    yield from value_problems(body, name, row)


def value_problems(body: Mapping[str, Any], name: str, row: Mapping[str, Any]) -> Iterator[str]:
    status = row.get("Status__c")
    if status not in (None, *STATUS_FIELDS) and body["rule"] != "unknown-status":
        yield f"Status__c {status!r} is unknown"
    stage = row.get("StageName")
    if stage is not None and stage not in STAGE_FIELDS:
        yield f"StageName {stage!r} is unknown"
    is_closed = name == "Opportunity" and stage in CLOSED_STAGES
    if is_closed and not (row.get("LastStageChangeDate") or row.get("CloseDate")):
        yield "is closed and names neither LastStageChangeDate nor CloseDate"
    day_or_start = "ActivityDate" if row.get("IsAllDayEvent") else "StartDateTime"
    if name == "Event" and not row.get(day_or_start):
        yield f"{day_or_start} is missing"
    if name == "Task" and (row.get("Status") == "Completed") != ("CompletedDateTime" in row):
        yield "CompletedDateTime must be there (perhaps null) exactly where Status is Completed"


def previous_pass_problems(body: Mapping[str, Any]) -> Iterator[str]:
    if "previous_pass" not in body:
        return
    previous = body["previous_pass"]
    if set(previous) != {"now", "statuses"} or not is_instant(previous["now"]):
        yield "previous_pass needs `now` (an instant) and `statuses`, and nothing else"
    elif previous["now"] >= body["now"]:
        yield "previous_pass is not before now"
    else:
        for record, status in previous["statuses"].items():
            if record not in ids_of(body, "Account") or status not in (None, *STATUS_FIELDS):
                yield f"previous_pass: {record}: {status!r} is no account and status"


def expect_problems(body: Mapping[str, Any]) -> Iterator[str]:
    for record, change in body["expect"].items():
        home = next((o for o in ("Account", "Opportunity") if record in ids_of(body, o)), None)
        if home is None or set(change) != {"cause", "fields"} or not change["fields"]:
            yield f"expect {record}: needs a record of the case, with `cause` and `fields`"
            continue
        for field, value in change["fields"].items():
            fits = value in (None, "now") or is_of_the_fields_type(field, value)
            if not fits or field not in FIELDS[home].split():
                yield f"expect {record}: field {field} is unknown or cannot hold {value!r}"
        yield from (f"expect {record}: {text}" for text in cause_problems(change))
    for finding in body.get("findings", ()):
        accounts = ids_of(body, "Account")
        if finding.get("code") != "target-going-idle" or finding.get("record") not in accounts:
            yield f"findings: {finding} is not the known code with an account of the case"


def cause_problems(change: Mapping[str, Any]) -> Iterator[str]:
    kind, _, rule = change["cause"].partition(":")
    if kind == "rule" and rule in LEADS_TO:
        written = written_by(rule)
        if not written.items() <= change["fields"].items():
            yield f"rule {rule} writes {written}"
    elif change["cause"] not in OTHER_CAUSES:
        yield f"cause {change['cause']!r} is unknown"
    elif change["fields"].keys() & {"Status__c", "StageName"}:
        yield "only a rule writes Status__c or StageName"


def written_by(rule: str) -> dict[str, str]:
    """What a move writes: the new status or stage, and its date."""
    to = LEADS_TO[rule]
    if to in STAGE_FIELDS:
        return {"StageName": to, STAGE_FIELDS[to]: "now"}
    return {"Status__c": to, STATUS_FIELDS[to]: "now"}


def blocked_by_problems(body: Mapping[str, Any]) -> Iterator[str]:
    for record, rules in body.get("blocked_by", {}).items():
        if record not in ids_of(body, "Account", "Opportunity"):
            yield f"blocked_by: {record!r} is no account or opportunity of the case"
        for rule, condition in rules.items():
            if condition not in ("status", "stage", *CONDITIONS.get(rule, "").split()):
                yield f"blocked_by {record}: {rule} has no condition {condition!r}"
            if body["expect"].get(record, {}).get("cause") == f"rule:{rule}":
                yield f"blocked_by {record}: {rule} is expected to move it"


def kind_problems(body: Mapping[str, Any]) -> Iterator[str]:
    rule, kind = body["rule"], body["kind"]
    causes = [change.get("cause") for change in body["expect"].values()]
    if kind not in KINDS:
        return
    if (kind == "holds") != (f"rule:{rule}" in causes):
        yield f"kind {kind} and the expected causes {causes} do not agree"
    if kind == "holds" and "blocked_by" in body:
        yield "a case of kind holds has no blocked_by"
    explained = any(rule in rules for rules in body.get("blocked_by", {}).values())
    outranked = kind == "blocked" and any(str(cause).startswith("rule:") for cause in causes)
    if kind != "holds" and not (explained or outranked):
        yield f"blocked_by does not say why {rule} does not hold, and no other rule does"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_case_of_the_file_is_well_formed(path: Path) -> None:
    cases = [case for case in ALL_CASES if case.file == path.name]
    found = [f"{c.file}:{c.line}: {text}" for c in cases for text in problems(c.body)]
    assert cases, f"{path.name} has no case"
    assert not found, "\n".join(found)


def test_no_title_is_used_twice() -> None:
    counts = Counter(case.body["case"] for case in ALL_CASES)
    assert [title for title, n in counts.items() if n > 1] == []


@pytest.mark.parametrize("rule", LEADS_TO)
@pytest.mark.parametrize("kind", KINDS)
def test_each_rule_is_shown_from_every_side(rule: str, kind: str) -> None:
    shown = [c for c in ALL_CASES if (c.body["rule"], c.body["kind"]) == (rule, kind)]
    assert shown, f"no case has `rule: {rule}` and `kind: {kind}`; write one in {FOLDER.name}/"


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_each_topic_has_a_case(topic: str) -> None:
    assert any(case.body["rule"] == topic for case in ALL_CASES)


SOUND: dict[str, Any] = {
    "case": "a call makes it a target",
    "rule": "activity",
    "kind": "holds",
    "now": datetime(2026, 6, 15, 8, tzinfo=UTC),
    "given": {"Account": [{"Id": "acme", "Status__c": "Qualified Pool"}]},
    "expect": {
        "acme": {"cause": "rule:activity", "fields": {"Status__c": "Target", "Target_At__c": "now"}}
    },
}


def test_a_sound_case_has_no_problem() -> None:
    assert list(problems(SOUND)) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("rule",), "sleepy", "neither a transition nor a topic"),
        (("kind",), "perhaps", "does not fit"),
        (("kind",), "blocked", "do not agree"),
        (("now",), date(2026, 6, 15), "not an instant"),
        (("zone",), "Europe/Atlantis", "zone"),
        (("expects",), {}, "keys unknown: ['expects']"),
        (("blocked_by",), {"acme": {"idle": "mood"}}, "no condition 'mood'"),
        (("findings",), [{"code": "late", "record": "acme"}], "known code"),
        (("previous_pass",), {"now": SOUND["now"], "statuses": {}}, "not before now"),
        (("given", "Lead"), [], "object 'Lead' is unknown"),
        (("given", "Contact"), [{"Id": "a", "AccountId": "x", "Title": "CEO"}], "no record of the"),
        (("given", "Account", 0, "Status__c"), "Targets", "Status__c 'Targets' is unknown"),
        (("given", "Account", 0, "Colour__c"), "red", "field Colour__c is unknown"),
        (("given", "Account", 0, "Subscription_End__c"), "soon", "cannot hold 'soon'"),
        (("given", "Account", 0, "OwnerId"), "nobody", "no user"),
        (("given", "Task"), [{"Id": "t", "Status": "Completed"}], "CompletedDateTime must"),
        (("expect", "acme", "cause"), "mood", "cause 'mood' is unknown"),
        (("expect", "acme", "fields", "Status__c"), "Backlog", "writes {'Status__c': 'Target'"),
        (("expect", "bolt"), {"cause": "score", "fields": {"Amount": 1}}, "a record of the case"),
    ],
)
def test_a_broken_case_is_found(path: tuple[str | int, ...], value: object, words: str) -> None:
    broken: Any = copy.deepcopy(SOUND)
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert words in "\n".join(problems(broken))
