"""Is exactly what the policy needs read from the org, and is what the org lacks noted?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from loop_org import Loop, config_texts, empty_org, loop_of, shipped_policy
from records_org import RecordsOrg

from sfsync.errors import ConfigError
from sfsync.extract import extract
from sfsync.facts import FACTS, Look
from sfsync.model import OwnWrite, PreviousPass, to_wire
from sfsync.policy import Policy
from sfsync.rules.blind import blind_spots
from sfsync.rules.judge import judge
from sfsync.rules.load import load_policy
from sfsync.rules.needs import columns_needed
from sfsync.snapshot import Snapshot

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
FIRM, OTHER = "001000000000001AAA", "001000000000002AAA"
USER = "005000000000001AAA"
OLD = "2020-01-01T09:00:00.000+0000"
LATER = to_wire(NOW + timedelta(seconds=1))
NEEDED = columns_needed(shipped_policy())


@dataclass(frozen=True)
class Listening(RecordsOrg):
    """An org that remembers what it was asked for."""

    asked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)

    def tables(
        self,
        object: str,
        fields: Sequence[str],
        *,
        archived: bool = False,
        where: str = "",
        expected: int = 0,
        kinds: Mapping[str, str] | None = None,
    ) -> Iterator[pa.Table]:
        self.asked[object] = ("Id", *fields)
        if archived:
            self.archived.add(object)
        return super().tables(object, fields, archived=archived, where=where)


def an_org(
    policy: Policy | None = None, lacking: Sequence[str] = (), **records: list[dict[str, Any]]
) -> Listening:
    """An org with all fields of the policy but some, and these records."""
    columns = {
        name: [spec.field for spec in fields.values() if f"{name}.{spec.field}" not in lacking]
        for name, fields in (policy or shipped_policy()).objects.items()
        if name not in lacking
    }
    return Listening(records, columns)


def account(id: str = FIRM, **fields: Any) -> dict[str, Any]:
    return {"Id": id, "Name": "Firm", "CreatedDate": OLD, "SystemModstamp": OLD, **fields}


def read(org: RecordsOrg, policy: Policy | None = None) -> Snapshot:
    return extract(org, policy or shipped_policy(), NOW)


def notes(org: RecordsOrg) -> tuple[str, ...]:
    return blind_spots(Look(read(org), shipped_policy()), NEEDED)


def with_settings(old: str, new: str) -> Policy:
    texts = dict(config_texts())
    changed = texts["sfsync.yaml"].replace(old, new)
    assert changed != texts["sfsync.yaml"]
    return load_policy({**texts, "sfsync.yaml": changed})


def test_what_is_needed_is_asked_for_and_nothing_else() -> None:
    org = an_org()
    read(org)
    policy = shipped_policy()
    assert org.asked.keys() == NEEDED.keys()
    for name, columns in NEEDED.items():
        assert sorted(org.asked[name]) == sorted(
            {"Id", *(policy.field(name, column) for column in columns)}
        )


def test_what_no_rule_and_no_fact_asks_about_is_not_read() -> None:
    assert "annual_revenue" in shipped_policy().objects["Account"]
    for column in ("annual_revenue", "record_type", "type"):
        assert column not in NEEDED["Account"]
    assert "record_type" not in NEEDED["Opportunity"]
    assert "number_of_employees" in NEEDED["Account"], "the rule out-of-target asks about it"
    assert "churn_at" in NEEDED["Account"], "a move writes it"
    assert "website" in NEEDED["Account"], "duplicates are looked for"
    assert "backlog_until" in NEEDED["Account"], "rules set it"


def test_what_leave_out_asks_about_is_read_too() -> None:
    policy = with_settings(
        "leave_out: {Lead: {is_converted: true}}", "leave_out: {Account: {type: Partner}}"
    )
    assert set(columns_needed(policy)["Account"]) == {*NEEDED["Account"], "type"}


def test_every_column_that_a_fact_reads_is_asked_for() -> None:
    for fact in FACTS.values():
        for needed in fact.reads:
            object_name, _, column = needed.partition(".")
            assert column in NEEDED[object_name], fact.name


def test_activities_and_histories_are_read_with_their_archive() -> None:
    org = an_org()
    read(org)
    assert org.archived == {"Task", "Event", "AccountHistory", "OpportunityHistory"}


@pytest.fixture
def loop() -> Iterator[Loop]:
    with loop_of(empty_org(NOW, "Europe/Paris"), NOW) as opened:
        yield opened


def test_archived_activities_count(loop: Loop) -> None:
    firm = loop.fake.add("Account", Name="Firm", CreatedDate=OLD)
    call = loop.fake.add(
        "Task", Subject="Call", WhatId=firm, Status="Completed", ActivityDate="2024-03-01",
        CompletedDateTime="2024-03-01T10:00:00Z", CreatedDate="2024-03-01T10:00:00Z",
    )  # fmt: skip
    assert loop.fake.record("Task", call)["IsArchived"] is True
    assert loop.look().column("Account", "last_activity_at").at(0) == "2024-03-01T10:00:00.000+0000"


def test_deleted_records_are_not_read(loop: Loop) -> None:
    kept, gone = (loop.fake.add("Account", Name=name, CreatedDate=OLD) for name in ("A", "B"))
    loop.fake.remove("Account", gone)
    assert list(loop.look().frame("Account").index) == [kept]


def test_of_the_history_only_the_status_and_the_creation_are_read(loop: Loop) -> None:
    firm = loop.fake.add("Account", Name="Firm", CreatedDate=OLD)
    for row in ("Status__c", "Industry", "created"):
        loop.fake.add("AccountHistory", AccountId=firm, Field=row, CreatedDate=OLD)
    fields = loop.look().column("AccountHistory", "field")
    assert sorted(fields.words) == ["Status__c", "created"]


def test_what_was_created_later_than_now_is_left_to_the_next_pass_except_tasks() -> None:
    deal = {"Id": "006000000000001AAA", "AccountId": FIRM, "StageName": "Closing"}
    org = an_org(
        Account=[account(CreatedDate=to_wire(NOW)), account(OTHER, CreatedDate=LATER)],
        Opportunity=[{**deal, "CreatedDate": LATER}],
        Contact=[{"Id": "003000000000001AAA", "AccountId": OTHER, "CreatedDate": OLD}],
        Task=[{"Id": "00T000000000001AAA", "AccountId": FIRM, "CreatedDate": LATER}],
        Event=[{"Id": "00U000000000001AAA", "AccountId": FIRM, "CreatedDate": LATER}],
    )
    frames = read(org).frames
    assert list(frames["Account"].index) == [FIRM]
    assert {name: len(frames[name]) for name in ("Opportunity", "Contact", "Task", "Event")} == {
        "Opportunity": 0, "Contact": 1, "Task": 1, "Event": 0,
    }  # fmt: skip
    assert frames["Contact"]["account"].tolist() == [-1], "its account is left to the next pass"


def test_what_is_left_out_is_left_out_and_what_belongs_to_it_loses_it() -> None:
    policy = with_settings(
        "leave_out: {Lead: {is_converted: true}}",
        "leave_out: {Account: {type: Partner}, Task: {status: Cancelled}}",
    )
    tasks = [("1", FIRM, "Done"), ("2", FIRM, "Cancelled"), ("3", OTHER, "Done")]
    org = an_org(
        policy,
        Account=[account(Type="Partner"), account(OTHER, Type="Customer")],
        Task=[
            {"Id": f"00T00000000000{n}AAA", "AccountId": firm, "Status": status, "CreatedDate": OLD}
            for n, firm, status in tasks
        ],
    )
    frames = read(org, policy).frames
    assert list(frames["Account"].index) == [OTHER]
    places = dict(zip(frames["Task"].index.str[14], frames["Task"]["account"], strict=True))
    assert places == {"1": -1, "3": 0}


def test_references_are_positions_whatever_the_order_of_the_pages() -> None:
    contacts = [
        {"Id": f"00300000000000{n}AAA", "AccountId": to}
        for n, to in (("3", OTHER), ("1", FIRM), ("2", None), ("4", "001000000000009AAA"))
    ]
    org = an_org(Account=[account(OTHER), account(FIRM)], Contact=contacts)
    frames = read(org).frames
    assert list(frames["Account"].index) == [FIRM, OTHER]
    assert frames["Contact"]["account"].tolist() == [0, -1, 1, -1]
    assert str(frames["Contact"]["account"].dtype) == "int8"


@pytest.mark.parametrize(("accounts", "dtype"), [(128, "int8"), (129, "int16")])
def test_positions_fit_the_type_of_a_reference(accounts: int, dtype: str) -> None:
    ids = [f"001{place:012d}AAA" for place in range(accounts)]
    contacts = [{"Id": "003000000000001AAA", "AccountId": ids[-1]}]
    found = read(an_org(Account=[account(id) for id in ids], Contact=contacts)).frames
    assert found["Contact"]["account"].tolist() == [accounts - 1]
    assert str(found["Contact"]["account"].dtype) == dtype


def test_what_is_left_out_leaves_references_their_type() -> None:
    gone = {"Id": "00Q000000000001AAA", "IsConverted": True}
    contacts = [{"Id": "003000000000001AAA", "AccountId": FIRM}]
    found = read(an_org(Account=[account(FIRM)], Contact=contacts, Lead=[gone])).frames
    assert len(found["Lead"]) == 0
    assert str(found["Contact"]["account"].dtype) == "int8"


def test_few_texts_among_many_blanks_are_kept_as_codes() -> None:
    texts = [f"Street {place}" if place % 50 == 0 else None for place in range(5_000)]
    runs = [f"Street {place // 20}" for place in range(5_000)]
    own = [f"Street {place}" for place in range(5_000)]
    for streets, dtype in ((texts, "category"), (runs, "category"), (own, "str")):
        firms = [
            {**account(f"001{place:012d}AAA"), "BillingStreet": street}
            for place, street in enumerate(streets)
        ]
        frame = read(an_org(Account=firms)).frames["Account"]
        assert frame["billing_street"].dtype == dtype


def test_an_org_that_lacks_nothing_has_no_notes() -> None:
    assert read(an_org()).missing == frozenset()
    assert notes(an_org()) == ()


def test_a_missing_object_is_noted_with_the_rules_that_cannot_judge() -> None:
    org = an_org(lacking=["Opportunity", "OpportunityHistory"], Account=[account()])
    snapshot = read(org)
    assert snapshot.missing >= {"Opportunity", "OpportunityHistory"}
    assert "Opportunity" not in org.asked
    told = notes(org)
    assert "Opportunity, OpportunityHistory" in told[0]
    assert blind_rules(told) == {
        *("won", "opportunity-opened", "subscription-ended", "opportunities-lost")
    }
    assert any("potential gives no points for Opportunity" in line for line in told)


def blind_rules(told: Sequence[str]) -> set[str]:
    """The rules of accounts that the notes call unable to judge."""
    (line,) = [line for line in told if "rules that cannot judge" in line]
    rules = shipped_policy().machines["Account"].rules
    return {rule.name for rule in rules if re.search(rf"[ ,]{rule.name}[, ]", line)}


def test_a_missing_field_is_noted_by_salesforces_name() -> None:
    told = notes(an_org(lacking=["Account.Enriched_At__c", "Account.Backlog_Until__c"]))
    (to_write,) = [line for line in told if "create" in line]
    assert "Backlog_Until__c" in to_write
    assert "Enriched_At__c" not in to_write
    # A pause that a person set would not be seen, so none is taken for ended.
    assert blind_rules(told) == {
        "qualified-by-data",
        "backlog-expired-high",
        "backlog-expired-low",
    }
    assert any("Account.Enriched_At__c" in line for line in told)


def test_rules_that_cannot_judge_move_nobody() -> None:
    target = account(Status__c="Target", Target_At__c="2026-01-01T09:00:00.000+0000")
    for lacking, moved in (([], 1), (["Event"], 0), (["Task"], 0), (["Task.IsClosed"], 0)):
        judgement = judge(Look(read(an_org(lacking=lacking, Account=[target])), shipped_policy()))
        moves = [c for c in judgement.changes if c.cause == "rule:idle"]
        assert len(moves) == moved, lacking


def test_an_org_without_any_object_gives_an_empty_snapshot_and_many_notes() -> None:
    org = RecordsOrg({}, {})
    assert read(org).frames == {}
    assert read(org).missing == NEEDED.keys()
    assert blind_rules(notes(org)) >= {"won", "opportunity-opened", "activity", "idle"}


def test_the_earlier_pass_and_the_services_writes_come_along() -> None:
    org = an_org(Account=[account(Status__c="Target"), account(OTHER, Status__c=None)])
    earlier = PreviousPass(NOW - timedelta(hours=1), {"Account": {OTHER: None}})
    writes = [
        OwnWrite("Account", OTHER, "Target", NOW - timedelta(hours=2)),
        OwnWrite("Account", "001000000000009AAA", "Target", NOW),
        OwnWrite("Opportunity", "006000000000009AAA", "Closing", NOW),
    ]
    snapshot = extract(org, shipped_policy(), NOW, earlier, writes)
    assert snapshot.previous == earlier.now
    assert snapshot.frames["Account"]["was_read"].tolist() == [False, True]
    own = snapshot.own_writes["Account"]
    assert (own["record"].tolist(), list(own["value"])) == ([1], ["Target"])
    assert len(snapshot.own_writes["Opportunity"]) == 0


KINDS: Mapping[str, tuple[Any, str]] = {
    "NumberOfEmployees": ("number_of_employees", "float64"),
    "Status__c": ("status", "category"),
    "Backlog_Until__c": ("backlog_until", "datetime64[s]"),
    "Target_At__c": ("target_at", "datetime64[s]"),
    "Name": ("name", "str"),
}


@pytest.mark.parametrize("api_name", KINDS)
def test_columns_have_their_dtypes_also_where_nothing_stands(api_name: str) -> None:
    name, dtype = KINDS[api_name]
    for rows in ([], [account()]):
        frame = read(an_org(Account=rows)).frames["Account"]
        assert str(frame[name].dtype) == dtype


def activity_org(lacking: Sequence[str]) -> Listening:
    """A target idle for months, and an opportunity, in an org that lacks something."""
    target = account(Status__c="Target", Target_At__c="2026-01-01T09:00:00.000+0000")
    deal = {"Id": "006000000000001AAA", "AccountId": FIRM, "StageName": "Closing"}
    return an_org(lacking=lacking, Account=[target], Opportunity=[{**deal, "CreatedDate": OLD}])


def unknown_facts(lacking: Sequence[str]) -> set[str]:
    """The facts about activities that are not to be had."""
    look = Look(read(activity_org(lacking)), shipped_policy())
    names = {
        "Account": ("next_step_on", "last_activity_at", "recent_activities", "recent_events",
                    "idle_days"),
        "Opportunity": ("next_step_on", "last_activity_at", "idle_days"),
    }  # fmt: skip
    return {
        f"{object_name}.{name}"
        for object_name, each in names.items()
        for name in each
        if not look.column(object_name, name).known
    }


STEPS = {"Account.next_step_on", "Opportunity.next_step_on"}
IDLE = {"Account.idle_days", "Opportunity.idle_days"}
LAST = {"Account.last_activity_at", "Account.recent_activities", "Opportunity.last_activity_at"}
EVENTS = {"Account.recent_events"}
OF_ACCOUNT = {
    *("Account.next_step_on", "Account.idle_days", "Account.last_activity_at"),
    "Account.recent_activities",
}
OF_OPPORTUNITY = {
    *("Opportunity.next_step_on", "Opportunity.idle_days", "Opportunity.last_activity_at")
}
TASK_TIME = ["Task.CompletedDateTime", "Task.ActivityDate", "Task.CreatedDate"]


@pytest.mark.parametrize(
    ("lacking", "unknown"),
    [
        ([], set()),
        (["Task"], STEPS | IDLE),
        (["Event"], STEPS | IDLE | EVENTS),
        (["Task", "Event"], STEPS | IDLE | EVENTS | LAST),
        (["Task.IsClosed"], STEPS | IDLE | LAST),
        (["Task.ActivityDate"], STEPS),
        (["Task.CompletedDateTime"], set()),
        (TASK_TIME[:1] + TASK_TIME[2:], set()),
        (TASK_TIME[:2], STEPS),
        (TASK_TIME, STEPS | IDLE | LAST),
        (["Event.StartDateTime"], STEPS | IDLE | LAST | EVENTS),
        (["Event.ActivityDate"], STEPS | IDLE | LAST | EVENTS),
        (["Event.IsAllDayEvent"], STEPS | IDLE | LAST | EVENTS),
        (["Task.AccountId"], OF_ACCOUNT),
        (["Event.AccountId"], OF_ACCOUNT | EVENTS),
        (["Task.WhatId"], OF_OPPORTUNITY),
        (["Event.WhatId"], OF_OPPORTUNITY),
        # An org without these has no series, no invitees and no marks to leave out.
        (["Task.Subject", "Task.IsRecurrence", "Event.IsRecurrence", "Event.IsChild"], set()),
    ],
)
def test_what_cannot_be_told_of_activities_is_unknown(
    lacking: list[str], unknown: set[str]
) -> None:
    assert unknown_facts(lacking) == unknown


@pytest.mark.parametrize(
    "lacking",
    [
        *(["Task.ActivityDate"], ["Event.StartDateTime"], ["Event.ActivityDate"]),
        *(["Event.IsAllDayEvent"], TASK_TIME),
    ],
)
def test_nobody_is_idle_where_days_or_instants_are_missing_and_the_notes_say_so(
    lacking: list[str],
) -> None:
    org = activity_org(lacking)
    causes = {change.cause for change in judge(Look(read(org), shipped_policy())).changes}
    assert "rule:idle" not in causes
    assert "idle" in blind_rules(notes(org))
    (line,) = [each for each in notes(org) if each.startswith("Account has rules that cannot")]
    rules, findings = line.split(", and findings that cannot judge: ")
    assert all(each in rules for each in lacking)
    assert "target-going-idle" in findings


def test_values_that_do_not_fit_their_type_are_told_with_record_and_field() -> None:
    org = RecordsOrg(
        {
            "Account": [
                {"Id": "001000000000001AAA", "Name": "A", "Backlog_Until__c": "2026-02-30"},
                {"Id": "001000000000002AAA", "Name": "B", "Backlog_Count__c": "two"},
            ]
        },
        {"Account": ["Id", "Name", "Status__c", "Backlog_Until__c", "Backlog_Count__c"]},
    )
    with pytest.raises(ConfigError) as caught:
        extract(org, shipped_policy(), NOW)
    first, second = caught.value.problems
    assert first.startswith("Account 001000000000001AAA: Backlog_Until__c is '2026-02-30'")
    assert second.startswith("Account 001000000000002AAA: Backlog_Count__c is 'two'")
