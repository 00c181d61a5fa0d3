"""Does the plain loop, the oracle of the property tests, read the sales loop as it is written?

Each test cites the section whose sentence it checks. The org's zone is Paris unless said.
"""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

# The scripts are files to run, not a package.
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from plain_facts import Clock, OwnWrite, Previous
from plain_loop import Planned, alerts, plan

PARIS = "Europe/Paris"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW_TEXT = "2026-03-02T09:00:00.000+0000"
OWN_USER = "005000000000009AAA"


def api(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def ago(**length: float) -> str:
    return api(NOW - timedelta(**length))


def org(account: dict | None = None, **children: list[dict]) -> dict[str, list[dict]]:
    """Records of one account "A"; its children are numbered and given its Id."""
    records: dict[str, list[dict]] = {"Task": [], "Event": []}
    if account is not None:
        records["Account"] = [
            {"Id": "A", "CreatedDate": "2020-01-01T00:00:00.000+0000", "Name": "Acme"} | account
        ]
    for name, rows in children.items():
        records[name] = [
            {"Id": f"{name}{number}", "AccountId": "A"} | row for number, row in enumerate(rows)
        ]
    return records


def account_change(records: dict, **known: object) -> Planned | None:
    return plan(records, NOW, PARIS, **known).get(("Account", "A"))


def status_after(records: dict, **known: object) -> str | None:
    change = account_change(records, **known)
    return change.fields.get("Status__c") if change else None


def target(days: float = 0, **fields: object) -> dict:
    return {
        "Status__c": "Target", "Target_At__c": ago(days=days), "Potential_Score__c": 0,
    } | fields  # fmt: skip


def lost(**fields: object) -> dict:
    return {"StageName": "Closed Lost", "IsClosed": True, "IsWon": False} | fields


def won(**fields: object) -> dict:
    return {"StageName": "Closed Won", "IsClosed": True, "IsWon": True} | fields


# Section 2: time


def test_days_are_counted_between_calendar_dates_of_the_org_over_a_clock_change() -> None:
    entered = datetime(2026, 1, 31, 23, 59, tzinfo=ZoneInfo(PARIS))
    just_midnight = datetime(2026, 4, 1, 0, 0, tzinfo=ZoneInfo(PARIS))
    records = org({"Status__c": "Target", "Target_At__c": api(entered)})
    before = plan(records, just_midnight - timedelta(seconds=1), PARIS)
    assert "Status__c" not in before["Account", "A"].fields
    assert plan(records, just_midnight, PARIS)["Account", "A"].cause == "rule:idle"


def test_now_is_cut_to_whole_seconds() -> None:
    change = plan(org({}), NOW.replace(microsecond=999_999), PARIS)["Account", "A"]
    assert change.fields["Unqualified_Pool_At__c"] == NOW_TEXT


@pytest.mark.parametrize(
    ("zone", "day", "start", "seconds"),
    [
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00:00.000+0000", 23 * 3600),
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00.000+0000", 25 * 3600),
    ],
)
def test_a_day_starts_with_its_first_instant_and_ends_with_its_last_second(
    zone: str, day: date, start: str, seconds: int
) -> None:
    clock = Clock.at(NOW, zone)
    assert api(clock.start(day)) == start
    assert clock.end(day) - clock.start(day) == timedelta(seconds=seconds - 1)


def test_a_naive_now_and_an_unknown_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        plan(org({}), NOW.replace(tzinfo=None), PARIS)
    with pytest.raises(ZoneInfoNotFoundError):
        plan(org({}), NOW, "Europe/Atlantis")


# Section 3: facts


@pytest.mark.parametrize(
    ("task", "counts"),
    [
        ({"CompletedDateTime": ago(days=1)}, True),
        ({"CompletedDateTime": ago(days=1), "IsDeleted": True}, False),
        ({"CompletedDateTime": ago(days=1), "IsRecurrence": True}, False),
        ({"CompletedDateTime": ago(days=1), "Subject": "[sfsync] alert"}, False),
        ({"CompletedDateTime": ago(days=1), "Subject": "Re: [sfsync] alert"}, True),
        ({"CompletedDateTime": ago(days=1), "IsArchived": True}, True),
        ({"CompletedDateTime": ago(days=1), "ActivityDate": "2026-01-30"}, True),
        ({"CompletedDateTime": ago(days=1), "ActivityDate": "2026-01-29"}, False),
        ({"CompletedDateTime": api(NOW + timedelta(seconds=9))}, True),
        ({"ActivityDate": "2026-02-21"}, True),
        ({"ActivityDate": "2026-03-09", "CreatedDate": ago(days=30)}, False),
        ({"CreatedDate": ago(days=3)}, True),
        ({}, False),
    ],
)
def test_a_closed_task_counts_at_its_instant(task: dict, counts: bool) -> None:
    pool = {"Status__c": "Qualified Pool", "Qualified_Pool_At__c": ago(days=10)}
    records = org(pool, Task=[{"IsClosed": True} | task])
    assert (status_after(records) == "Target") is counts


@pytest.mark.parametrize(
    ("event", "counts"),
    [
        ({"StartDateTime": NOW_TEXT}, True),
        ({"StartDateTime": api(NOW + timedelta(seconds=1))}, False),
        ({"StartDateTime": NOW_TEXT, "IsChild": True}, False),
        ({"IsAllDayEvent": True, "ActivityDate": "2026-03-02"}, True),
        (
            {
                "IsAllDayEvent": True,
                "ActivityDate": "2026-03-03",
                "StartDateTime": "2026-03-02T00:00:00.000+0000",
            },
            False,
        ),
    ],
)
def test_an_event_counts_once_it_has_started(event: dict, counts: bool) -> None:
    pool = {"Status__c": "Qualified Pool", "Qualified_Pool_At__c": ago(days=10)}
    assert (status_after(org(pool, Event=[event])) == "Target") is counts


@pytest.mark.parametrize(
    ("children", "moves"),
    [
        ({}, True),
        ({"Task": [{"ActivityDate": "2026-03-02"}]}, False),
        ({"Task": [{"ActivityDate": "2026-03-01"}]}, True),
        ({"Task": [{}]}, True),
        ({"Task": [{"ActivityDate": "2026-03-02", "Subject": "[sfsync] call"}]}, True),
        ({"Event": [{"StartDateTime": "2026-03-02T23:30:00.000+0000"}]}, False),
        ({"Event": [{"StartDateTime": "2026-03-02T23:30:00.000+0000", "IsChild": True}]}, True),
        ({"Event": [{"StartDateTime": ago(days=70)}]}, True),
        ({"Task": [{"IsClosed": True, "CompletedDateTime": ago(days=59)}]}, False),
    ],
)
def test_a_target_idle_for_60_days_waits_for_a_next_step_alone(children: dict, moves: bool) -> None:
    assert (status_after(org(target(60), **children)) == "Backlog") is moves


def test_a_task_closed_after_now_counts_as_one_of_now() -> None:
    closed = [{"IsClosed": True, "CompletedDateTime": ago(hours=-1)}]
    pool = {"Status__c": "Qualified Pool", "Qualified_Pool_At__c": NOW_TEXT}
    assert status_after(org(pool, Task=closed)) is None
    pool["Qualified_Pool_At__c"] = ago(seconds=1)
    assert status_after(org(pool, Task=closed)) == "Target"


def test_idle_is_unknown_where_events_or_tasks_cannot_be_read() -> None:
    for missing in ("Task", "Event"):
        records = org(target(99))
        del records[missing]
        assert account_change(records) is None
        assert alerts(records, NOW, PARIS) == ()


def status_row(hours: float, to: str | None = "Target", **fields: object) -> dict:
    return {"Field": "Status__c", "NewValue": to, "CreatedDate": ago(hours=hours)} | fields


def test_entry_is_the_later_of_the_field_and_the_history() -> None:
    rows = [status_row(50), status_row(5, "Working"), status_row(2), status_row(-1)]
    change = account_change(org(target(90), AccountHistory=rows))
    assert change == Planned({"Target_At__c": ago(hours=2)}, "timestamps")
    assert account_change(org(target(0), AccountHistory=rows)) is None


def test_a_field_later_than_now_counts_as_empty() -> None:
    future = target(-1)
    assert account_change(org(future)) is None
    change = account_change(org(future, AccountHistory=[status_row(2)]))
    assert change == Planned({"Target_At__c": ago(hours=2)}, "timestamps")


@pytest.mark.parametrize(
    ("row_hours", "row_by", "sent_hours", "own"),
    [
        (9, OWN_USER, None, True),
        (10, OWN_USER, None, True),
        (8.9, OWN_USER, None, False),
        (10.1, OWN_USER, None, True),
        (9.5, "005000000000001AAA", None, False),
        (5, OWN_USER, 6, True),
        (5, None, 6, True),
        (5, "005000000000001AAA", 6, False),
        (5, OWN_USER, 6.1, False),
        (5, OWN_USER, 5 - 5 / 60, True),
        (5, OWN_USER, 4.9, False),
    ],
)
def test_the_services_own_history_row_is_no_entry(
    row_hours: float, row_by: str | None, sent_hours: float | None, own: bool
) -> None:
    writes = []
    if sent_hours is not None:
        writes.append(OwnWrite("Account", "A", "Target", NOW - timedelta(hours=sent_hours)))
    records = org(target(10 / 24), AccountHistory=[status_row(row_hours, CreatedById=row_by)])
    change = account_change(records, own_user_id=OWN_USER, own_writes=writes)
    assert (change is None) is own


def test_without_a_trace_the_previous_pass_dates_a_move_to_now() -> None:
    previous = Previous(NOW - timedelta(hours=1), {"A": "Working"}, {})
    change = account_change(org(target(200)), previous=previous)
    assert change == Planned({"Target_At__c": NOW_TEXT}, "timestamps")
    later = account_change(org(target(0.5 / 24)), previous=previous)
    assert later is None
    at_its_start = account_change(org(target(1 / 24)), previous=previous)
    assert at_its_start == Planned({"Target_At__c": NOW_TEXT}, "timestamps")
    unread = Previous(previous.now, {}, {})
    assert status_after(org(target(200)), previous=unread) == "Backlog"


def test_a_record_entered_its_first_status_when_it_was_created() -> None:
    created = [{"Field": "created", "CreatedDate": ago(days=9)}]
    bare = {"Status__c": "Target", "Potential_Score__c": 0, "CreatedDate": ago(days=9)}
    stamped = Planned({"Target_At__c": ago(days=9)}, "timestamps")
    assert account_change(org(bare)) is None
    assert account_change(org(bare, AccountHistory=created)) == stamped
    moved = [*created, status_row(200, "Working")]
    assert account_change(org(bare, AccountHistory=moved)) is None
    assert account_change(org(bare), previous=Previous(NOW - timedelta(days=10), {}, {})) == stamped
    assert account_change(org(bare), previous=Previous(NOW - timedelta(days=8), {}, {})) is None


@pytest.mark.parametrize(
    ("deal", "entered", "to"),
    [
        (won(LastStageChangeDate=ago(hours=9)), ago(hours=1), "Customer"),
        (won(LastStageChangeDate=ago(hours=34)), ago(hours=1), None),
        (won(CloseDate="2026-12-31"), ago(hours=1), "Customer"),
        (won(CloseDate="2026-01-01", CreatedDate=ago(hours=1)), ago(hours=2), "Customer"),
        (won(CloseDate="2026-03-01"), None, "Customer"),
        (lost(LastStageChangeDate=ago(hours=1)), ago(hours=2), "Backlog"),
        (lost(LastStageChangeDate=ago(hours=2)), ago(hours=1), None),
        (lost(LastStageChangeDate=ago(hours=2)), ago(hours=2), None),
        (won(LastStageChangeDate=ago(hours=-1)), ago(hours=2), None),
        (lost(CloseDate="2026-03-02"), ago(hours=2), None),
        (lost(CloseDate="2026-03-02"), ago(hours=30), "Backlog"),
        (lost(CloseDate="2020-03-02"), None, "Backlog"),
    ],
)
def test_won_and_lost_since_entry(deal: dict, entered: str | None, to: str | None) -> None:
    working = {"Status__c": "Working", "Working_At__c": entered}
    assert status_after(org(working, Opportunity=[deal])) == to


# Section 4: transitions


def test_entry_unknown_lets_won_wait_outside_working_and_no_status() -> None:
    deal = [won(CloseDate="2026-03-01")]
    assert status_after(org({"Status__c": "Target"}, Opportunity=deal)) is None
    assert status_after(org({}, Opportunity=deal)) == "Customer"


def test_an_open_opportunity_wins_over_a_pause_set_by_hand() -> None:
    paused = {
        "Status__c": "Backlog",
        "Backlog_At__c": ago(days=3),
        "Backlog_Until__c": "2027-01-01",
    }
    change = account_change(org(paused, Opportunity=[{"StageName": "Closing", "IsClosed": False}]))
    assert change == Planned(
        {"Status__c": "Working", "Working_At__c": NOW_TEXT, "Backlog_Until__c": None},
        "rule:opportunity-opened",
    )


def test_out_of_target_does_not_put_back_whom_people_took_out() -> None:
    large = target(1, NumberOfEmployees=5001)
    assert status_after(org(large)) == "Disqualified"
    assert status_after(org(large | {"NumberOfEmployees": 5000})) is None
    assert status_after(org(large | {"Disqualified_At__c": ago(days=400)})) is None


def test_a_subscription_ends_after_its_last_day_and_not_where_it_was_renewed() -> None:
    customer = {"Status__c": "Customer", "Customer_At__c": ago(days=400)}
    ended = customer | {"Subscription_End__c": "2026-03-01"}
    assert status_after(org(ended)) == "Churn"
    assert status_after(org(ended | {"Subscription_End__c": "2026-03-02"})) is None
    assert status_after(org(ended, Opportunity=[won(CloseDate="2026-03-02")])) is None
    assert status_after(org(ended, Opportunity=[won(CloseDate="2026-03-01")])) == "Churn"
    assert status_after(org(ended, Opportunity=[{"IsClosed": False}])) is None


def test_an_unknown_status_is_never_touched() -> None:
    assert account_change(org({"Status__c": "Parked"}, Opportunity=[{"IsClosed": False}])) is None


def test_churn_cools_down_and_fresh_data_qualifies() -> None:
    churn = {"Status__c": "Churn", "Churn_At__c": ago(days=90)}
    assert status_after(org(churn)) == "Qualified Pool"
    assert status_after(org(churn | {"Churn_At__c": ago(days=89)})) is None
    pool = {
        "Status__c": "Unqualified Pool", "Unqualified_Pool_At__c": ago(days=99),
        "NumberOfEmployees": 10, "Industry": "Media",
    }  # fmt: skip
    boss = [{"Title": "Directrice Generale adjointe"}]
    fresh = pool | {"Enriched_At__c": ago(days=30)}
    assert status_after(org(fresh, Contact=boss)) == "Qualified Pool"
    assert status_after(org(fresh)) is None
    assert status_after(org(pool | {"Enriched_At__c": ago(days=31)}, Contact=boss)) is None


def test_a_target_alerts_from_45_idle_days_without_a_next_step() -> None:
    assert alerts(org(target(44)), NOW, PARIS) == ()
    assert alerts(org(target(45)), NOW, PARIS) == ("A",)
    assert alerts(org(target(60)), NOW, PARIS) == ("A",)
    assert alerts(org(target(45), Task=[{"ActivityDate": "2026-03-05"}]), NOW, PARIS) == ()


def test_what_already_stands_is_no_change() -> None:
    churn = {"Status__c": "Churn", "Churn_At__c": ago(days=99), "Potential_Score__c": 0.0}
    stands = {"Qualified_Pool_At__c": "2026-03-02T10:00:00.000+0100"}
    change = account_change(org(churn | stands))
    assert change == Planned({"Status__c": "Qualified Pool"}, "rule:churn-cooled-down")


# Section 5: the pause


@pytest.mark.parametrize(
    ("count", "until", "expected"),
    [
        (None, None, {"Backlog_Count__c": 1, "Backlog_Until__c": "2026-05-31"}),
        (1.0, "2026-03-02", {"Backlog_Count__c": 2, "Backlog_Until__c": "2026-08-29"}),
        (7, None, {"Backlog_Count__c": 8, "Backlog_Until__c": "2027-03-02"}),
        (0, "2026-03-03", {"Backlog_Count__c": 1}),
    ],
)
def test_a_move_to_backlog_starts_the_pause(
    count: float | None, until: str | None, expected: dict
) -> None:
    change = account_change(org(target(60, Backlog_Count__c=count, Backlog_Until__c=until)))
    moved = {"Status__c": "Backlog", "Backlog_At__c": NOW_TEXT}
    assert change == Planned(moved | expected, "rule:idle")


def test_the_lost_reason_of_the_latest_closing_names_its_length() -> None:
    working = {"Status__c": "Working", "Working_At__c": ago(days=9)}
    same = {"LastStageChangeDate": ago(days=1)}
    deals = [lost(**same), lost(**same, Lost_Reason__c="Too small"), lost(CloseDate="2026-02-28")]
    change = account_change(org(working, Opportunity=deals))
    assert change is not None
    assert change.fields["Backlog_Until__c"] == "2027-03-02"
    change = account_change(org(working, Opportunity=[deals[1], deals[0]]))
    assert change is not None
    assert change.fields["Backlog_Until__c"] == "2026-05-31"


@pytest.mark.parametrize("until", [None, "2026-02-27"])
def test_a_backlog_account_without_a_date_of_this_stay_gets_one(until: str | None) -> None:
    backlog = {
        "Status__c": "Backlog", "Backlog_At__c": ago(days=2), "Backlog_Until__c": until,
        "Potential_Score__c": 3, "Backlog_Count__c": 0,
    }  # fmt: skip
    change = account_change(org(backlog))
    expected = {"Backlog_Until__c": "2026-05-29", "Potential_Score__c": 0}
    assert change == Planned(expected, "pause")
    assert status_after(org(backlog | {"Backlog_At__c": ago(days=90)})) == "Unqualified Pool"
    unknown = account_change(org(backlog | {"Backlog_At__c": None, "Backlog_Until__c": None}))
    assert unknown == Planned({"Potential_Score__c": 0}, "score")


# Section 6: the score


@pytest.mark.parametrize(
    ("title", "points"),
    [
        ("Vice President", 15), ("cofounder", 0), ("CO-FOUNDER & CTO", 15), ("Gerante", 15),
        ("DGA", 0), ("Directeur Général", 15), ("Managing  director", 15), (None, 0),
    ],
)  # fmt: skip
def test_titles_hold_whole_words_whatever_case_and_accents(title: str | None, points: int) -> None:
    change = account_change(org({}, Contact=[{"Title": title}]))
    assert change is not None
    assert change.fields["Potential_Score__c"] == points


def test_the_potential_is_summed_within_its_bounds_and_written_with_the_move() -> None:
    history = [{"OpportunityId": "Opportunity0", "StageName": "Commit"}]
    deal = lost(CloseDate="2020-01-01", Lost_Reason__c="Not a fit")
    events = [{"StartDateTime": ago(days=days)} for days in (1, 2, 365)]
    records = org(
        {"Status__c": "Target", "NumberOfEmployees": 250, "Industry": "Technology"},
        Event=events, Contact=[{"Title": "CEO"}], Opportunity=[deal], OpportunityHistory=history,
    )  # fmt: skip
    assert account_change(records) == Planned({"Potential_Score__c": 65}, "score")
    records["Event"].pop()
    assert account_change(records) == Planned({"Potential_Score__c": 50}, "score")
    only_lost = org({"Status__c": "Target", "Potential_Score__c": 0.0}, Opportunity=[deal])
    assert account_change(only_lost) is None


# Section 7: timestamps


def test_the_field_of_the_status_left_is_written_too() -> None:
    records = org(
        target(90),
        AccountHistory=[status_row(24)],
        Opportunity=[{"StageName": "Closing", "IsClosed": False}],
    )
    change = account_change(records)
    assert change == Planned(
        {"Status__c": "Working", "Working_At__c": NOW_TEXT, "Target_At__c": ago(hours=24)},
        "rule:opportunity-opened",
    )


def stage_row(hours: float, stage: str, **fields: object) -> dict:
    row = {"OpportunityId": "Opportunity0", "StageName": stage, "CreatedDate": ago(hours=hours)}
    return row | fields


def test_a_stage_is_entered_with_the_first_row_of_its_latest_run() -> None:
    deal = {"StageName": "Closing", "IsClosed": False, "LastStageChangeDate": ago(hours=4)}
    rows = [
        stage_row(1, "Closing"), stage_row(9, "Closing"), stage_row(3, "Closing"),
        stage_row(5, "Free Trial"),
    ]  # fmt: skip
    key = ("Opportunity", "Opportunity0")
    changes = plan(org(Opportunity=[deal], OpportunityHistory=rows), NOW, PARIS)
    assert changes == {key: Planned({"Closing_At__c": ago(hours=3)}, "timestamps")}
    assert plan(org(Opportunity=[deal]), NOW, PARIS)[key].fields == {"Closing_At__c": ago(hours=4)}
    own = [OwnWrite("Opportunity", "Opportunity0", "Closing", NOW - timedelta(hours=3))]
    stamped = deal | {"Closing_At__c": ago(hours=3.01)}
    records = org(Opportunity=[stamped], OpportunityHistory=rows)
    assert plan(records, NOW, PARIS, own_writes=own) == {}
    assert plan(records, NOW, PARIS)[key].fields == {"Closing_At__c": ago(hours=3)}


def test_opportunities_closed_more_than_30_days_ago_are_left_to_the_cleanup() -> None:
    for days, planned in ((30, True), (31, False)):
        deal = won(LastStageChangeDate=ago(days=days))
        assert bool(plan(org(Opportunity=[deal]), NOW, PARIS)) is planned


def test_a_second_pass_at_the_same_now_finds_only_chains() -> None:
    records = org({"Status__c": "Backlog", "Backlog_At__c": ago(days=200), "Backlog_Count__c": 1})
    for _ in range(3):
        change = account_change(records)
        if change is None:
            break
        records["Account"][0].update(change.fields)
    assert account_change(records) is None
    assert records["Account"][0]["Status__c"] == "Unqualified Pool"
