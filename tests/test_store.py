"""Is what changed since the last reading, put to what was kept, the same as all read afresh?"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa
import pytest
from entering import connect
from hypothesis import given, settings
from hypothesis import strategies as st
from loop_org import Loop, config_texts, empty_org, loop_of, shipped_policy

from sfsync.errors import Stopped
from sfsync.extract import approach, extract
from sfsync.fake import Call, FakeOrg
from sfsync.jobs import Early
from sfsync.jobs.hourly import hourly
from sfsync.model import to_wire
from sfsync.plan_file import to_json
from sfsync.policy import Partitions, Policy
from sfsync.rules.load import load_policy
from sfsync.store import MANIFEST, Changed, Kept, Store

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=70)
AN_HOUR = timedelta(hours=1)
STATUSES = ("Target", "Working", "Backlog", "Customer", None)
STAGES = ("Opportunity Identified", "Free Trial", "Closed Won", "Closed Lost")
OBJECTS = ("Account", "Contact", "Opportunity", "Task", "Event")


def snapshot_of(loop: Loop, store: Store | None) -> dict[str, pd.DataFrame]:
    """What a pass would see, by object."""
    policy, now = loop.policy, loop.fake.clock.now()
    way = approach(loop.org, policy, now, store)
    return dict(extract(loop.org, policy, now, way=way).frames)


def plan_of(loop: Loop, store: Store | None) -> str:
    """What a pass would change, as it is written down."""
    services = replace(loop.services, now=loop.fake.clock.now(), store=store)
    return to_json(hourly(services).plan)


def assert_same(loop: Loop, store: Store) -> None:
    """Compare what is read by way of the store with all read afresh."""
    kept, afresh = snapshot_of(loop, store), snapshot_of(loop, None)
    assert kept.keys() == afresh.keys()
    for name in afresh:
        pd.testing.assert_frame_equal(kept[name], afresh[name], obj=name)


class Actor:
    """Somebody who does this and that in an org, as chance has it."""

    def __init__(self, fake: FakeOrg, chance: Random) -> None:
        self.fake = fake
        self.chance = chance

    def act(self) -> None:
        """Do one thing."""
        acts: list[Callable[[], object]] = [
            self.add,
            self.edit,
            self.move,
            self.remove,
            self.merge,
            self.wait,
        ]
        self.chance.choice(acts)()

    def some(self, name: str) -> str | None:
        """Pick a record."""
        ids = [str(row["Id"]) for row in self.fake.records(name)]
        return self.chance.choice(ids) if ids else None

    def add(self) -> None:
        """Make a record."""
        name, account = self.chance.choice(OBJECTS), self.some("Account")
        opportunity, contact = self.some("Opportunity"), self.some("Contact")
        about = self.chance.choice([account, opportunity])
        day = (NOW - timedelta(days=self.chance.choice([-5, 0, 3, 65]))).date()
        fields: dict[str, object] = {
            "Account": {"Name": "Firm", "Status__c": self.chance.choice(STATUSES)},
            "Contact": {"LastName": "Birch", "Title": "CEO", "AccountId": account},
            "Opportunity": {
                "Name": "Deal",
                "StageName": self.chance.choice(STAGES),
                "CloseDate": day,
                "AccountId": account,
            },
            "Task": {
                "Subject": "Call",
                "Status": self.chance.choice(["Completed", "Not Started"]),
                "ActivityDate": day,
                "WhatId": about,
                "WhoId": contact,
            },
            "Event": {
                "Subject": "Visit",
                "StartDateTime": datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
                "WhatId": about,
            },
        }[name]
        self.fake.add(name, **{key: value for key, value in fields.items() if value is not None})

    def edit(self) -> None:
        """Change a field of a record."""
        account, deal, task = self.some("Account"), self.some("Opportunity"), self.some("Task")
        if account is not None:
            self.fake.edit("Account", account, Status__c=self.chance.choice(STATUSES))
        if deal is not None and self.chance.random() < 0.5:
            self.fake.edit("Opportunity", deal, StageName=self.chance.choice(STAGES))
        if task is not None and self.chance.random() < 0.5:
            self.fake.edit("Task", task, Status="Completed")

    def move(self) -> None:
        """Give a contact or an opportunity to another account; its activities follow."""
        name = self.chance.choice(["Opportunity", "Contact"])
        moved, account = self.some(name), self.some("Account")
        if moved is not None and account is not None:
            self.fake.edit(name, moved, AccountId=account)

    def remove(self) -> None:
        """Delete a record; what belongs to it goes with it."""
        name = self.chance.choice(OBJECTS)
        gone = self.some(name)
        if gone is not None:
            self.fake.remove(name, gone)

    def merge(self) -> None:
        """Let an account have what another had, which is gone."""
        winner, loser = self.some("Account"), self.some("Account")
        if winner is None or loser is None or winner == loser:
            return
        for name in ("Opportunity", "Contact"):
            for row in self.fake.records(name):
                if row["AccountId"] == loser:
                    self.fake.edit(name, str(row["Id"]), AccountId=winner)
        self.fake.remove("Account", loser)

    def wait(self) -> None:
        """Let time pass."""
        self.fake.clock.advance(self.chance.choice([1, 3_600, 216_000]))


def small_shards() -> Policy:
    """The shipped policy, by which even a small org has several shards."""
    return replace(shipped_policy(), partitions=Partitions(above=2, accounts=2))


FORMULAS = (None, ("Account", "Industry"), ("Opportunity", "Lost_Reason__c"))


@given(
    chance=st.randoms(use_true_random=False),
    stamped=st.booleans(),
    formula=st.sampled_from(FORMULAS),
    accounts=st.sampled_from([5, 40]),
    cut=st.booleans(),
)
@settings(max_examples=12, deadline=None)
def test_what_changed_and_what_was_kept_are_all_there_is(
    chance: Random, stamped: bool, formula: tuple[str, str] | None, accounts: int, cut: bool
) -> None:
    fake = empty_org(LONG_AGO, "Europe/Paris")
    fake.state.stamps_followers = stamped
    if formula is not None:
        as_formula(fake, *formula)
    actor = Actor(fake, chance)
    for _ in range(accounts):
        fake.add("Account", Name="Firm", Status__c="Target", CreatedDate=LONG_AGO)
    policy = small_shards() if cut and accounts < 10 else shipped_policy()
    with TemporaryDirectory() as folder, loop_of(fake, NOW, policy) as loop:
        for _ in range(chance.randint(2, 4)):
            for _ in range(chance.randint(1, 8)):
                actor.act()
            # Each reading is another process.
            store = Store(Path(folder) / "store")
            assert_same(loop, store)
        assert plan_of(loop, store) == plan_of(loop, None)


def as_formula(fake: FakeOrg, name: str, field: str) -> None:
    """Say that a field is calculated: it may change without its record's stamp."""
    fields = fake.state.store.schema.objects[name].fields
    fields[field] = replace(fields[field], calculated=True)


@pytest.fixture
def loop() -> Iterator[Loop]:
    fake = empty_org(NOW, "Europe/Paris")
    for number in range(3):
        fake.add("Account", Name=f"Firm {number}", Status__c="Target", CreatedDate=LONG_AGO)
    with loop_of(fake, NOW) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("act", ["move", "remove", "restore"])
@pytest.mark.parametrize("way", ["Opportunity", "Contact"])
def test_activities_that_follow_without_a_stamp_are_read_again(
    loop: Loop, store: Store, way: str, act: str, formula: tuple[str, str] | None
) -> None:
    """The platform does not promise to stamp what only follows another record."""
    fake = loop.fake
    if formula is not None:
        as_formula(fake, *formula)
    fake.state.stamps_followers = False
    first, second, _ = (str(row["Id"]) for row in fake.records("Account"))
    deal = {"Name": "Deal", "StageName": "Free Trial", "CloseDate": NOW.date()}
    fields = deal if way == "Opportunity" else {"LastName": "Birch"}
    parent = fake.add(way, AccountId=first, **fields)
    leads = {"WhatId": parent} if way == "Opportunity" else {"WhoId": parent}
    task = fake.add("Task", Subject="Call", Status="Completed", **leads)
    fake.clock.advance(3_600)
    if act == "restore":
        gone = {**fake.state.store.table("Task").rows[task], "IsDeleted": True}
        fake.remove(way, parent)
        fake.state.store.put("Task", gone)
        fake.clock.advance(3_600)
    snapshot_of(loop, store)
    fake.clock.advance(3_600)
    if act == "move":
        fake.edit(way, parent, AccountId=second)
        assert fake.record("Task", task)["AccountId"] == second
    elif act == "remove":
        fake.remove(way, parent)
        assert fake.record("Task", task)["IsDeleted"]
    else:
        for name, id in ((way, parent), ("Task", task)):
            row = {**fake.state.store.table(name).rows[id], "IsDeleted": False}
            stamp = {"SystemModstamp": to_wire(fake.clock.now())} if name == way else {}
            fake.state.store.put(name, {**row, **stamp})
    assert_same(loop, store)


def asked(loop: Loop, store: Store) -> list[str]:
    """The statements of one reading."""
    seen: list[str] = []
    loop.fake.on_request.append(lambda call: seen.append(call.request.target))
    snapshot_of(loop, store)
    loop.fake.on_request.pop()
    return [each for each in seen if "/query" in each]


def test_a_second_reading_asks_only_for_what_changed(loop: Loop, store: Store) -> None:
    assert not any("SystemModstamp+%3E%3D" in each for each in asked(loop, store))
    second = asked(loop, store)
    assert len(set(second)) == 10
    assert all("%3E%3D" in each for each in second)


def test_another_field_asked_for_reads_all_afresh(loop: Loop, store: Store) -> None:
    snapshot_of(loop, store)
    loop.fake.drop_field("Account", "Churn_At__c")
    with loop_of(loop.fake, NOW) as later:
        assert not any("SystemModstamp+%3E%3D" in each for each in asked(later, store))


def test_a_clock_that_went_back_reads_all_afresh(loop: Loop, store: Store) -> None:
    snapshot_of(loop, store)
    loop.fake.clock.set(NOW - AN_HOUR)
    assert not any("SystemModstamp+%3E%3D" in each for each in asked(loop, store))
    assert_same(loop, store)


def test_once_a_day_all_is_read_afresh(loop: Loop, store: Store) -> None:
    """A record that is deleted for good leaves no trace in what changed."""
    judged = partial(judged_at, loop, store)
    assert judged(NOW) == 3
    gone = str(loop.fake.records("Account")[0]["Id"])
    del loop.fake.state.store.table("Account").rows[gone]
    two_in_paris = datetime(2026, 6, 16, 0, 0, tzinfo=UTC)
    assert judged(two_in_paris - timedelta(seconds=1)) == 3
    assert judged(two_in_paris) == 2


def judged_at(loop: Loop, store: Store, moment: datetime) -> int:
    """How many accounts a pass at that moment sees."""
    loop.fake.clock.set(moment)
    return hourly(replace(loop.services, now=moment, store=store)).plan.judged


def test_all_is_read_afresh_when_that_is_asked_for(loop: Loop, store: Store) -> None:
    hourly(replace(loop.services, store=store))
    gone = str(loop.fake.records("Account")[0]["Id"])
    del loop.fake.state.store.table("Account").rows[gone]
    assert hourly(replace(loop.services, store=store)).plan.judged == 3
    assert hourly(replace(loop.services, store=store, whole=True)).plan.judged == 2
    assert hourly(replace(loop.services, store=store)).plan.judged == 2


@pytest.mark.parametrize("harm", ["cut", "bits", "gone", "manifest", "shape", "table", "all"])
def test_a_store_that_was_harmed_is_left_aside(loop: Loop, tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "store"
    snapshot_of(loop, Store(folder))
    file = next(folder.glob("Account-*.parquet"))
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-20])
    elif harm == "bits":
        content = bytearray(file.read_bytes())
        content[40] ^= 0xFF
        file.write_bytes(content)
    elif harm == "gone":
        file.unlink()
    elif harm == "manifest":
        (folder / MANIFEST).write_text("{", encoding="utf-8")
    elif harm == "shape":
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        (folder / MANIFEST).write_text(json.dumps({**manifest, "tables": []}), encoding="utf-8")
    elif harm == "table":
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        del manifest["tables"]["Contact"]
        (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    else:
        shutil.rmtree(folder)
    assert_same(loop, Store(folder))


def test_a_folder_that_cannot_be_written_stops_nothing(
    loop: Loop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "store").write_text("in the way", encoding="utf-8")
    assert_same(loop, Store(tmp_path / "store"))
    assert "not written" in caplog.text


def test_what_did_not_change_is_not_written_again(loop: Loop, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    loop.fake.clock.advance(3_600)
    snapshot_of(loop, Store(folder))
    loop.fake.clock.advance(3_600)
    files = {file.name for file in folder.glob("*.parquet")}
    loop.fake.add("Task", Subject="Call", Status="Completed")
    snapshot_of(loop, Store(folder))
    new = {file.name for file in folder.glob("*.parquet")} - files
    assert {name.partition("-")[0] for name in new} == {"Task"}


def test_a_plan_is_the_same_where_things_were_looked_up_early(loop: Loop, store: Store) -> None:
    actor = Actor(loop.fake, Random(3))
    for hour in range(6):
        for _ in range(6):
            actor.act()
        loop.fake.clock.advance(3_600)
        services = replace(loop.services, now=loop.fake.clock.now(), store=store)
        early = Early.of(store, loop.journal, loop.policy, services.books)
        assert (early.ahead.kept.result() is None) == (hour == 0)
        assert (early.known.result() is None) == (hour == 0)
        made = hourly(replace(services, early=early))
        assert to_json(made.plan) == to_json(hourly(services).plan)
        loop.apply(made)


def kept_in(folder: Path) -> tuple[str, str | None]:
    """The files of all tasks, and of what changed of them since."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    (file,) = manifest["tables"]["Task"]
    return file, manifest["changes"].get("Task")


def test_what_changed_is_kept_beside_until_it_is_much(loop: Loop, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    fake = loop.fake
    tasks = [fake.add("Task", Subject="Call", Status="Completed") for _ in range(12)]
    fake.clock.advance(3_600)
    snapshot_of(loop, Store(folder))
    first, beside = kept_in(folder)
    assert beside is None
    fake.clock.advance(3_600)
    fake.edit("Task", tasks[0], Subject="Mail")
    fake.remove("Task", tasks[1])
    fake.clock.advance(3_600)
    assert_same(loop, Store(folder))
    same, second = kept_in(folder)
    assert same == first
    assert second is not None
    # An hour in which nothing happens is none to write of.
    fake.clock.advance(3_600)
    assert_same(loop, Store(folder))
    assert kept_in(folder) == (first, second)
    # What changed before is still known.
    fake.edit("Task", tasks[2], Subject="Mail")
    assert_same(loop, Store(folder))
    same, third = kept_in(folder)
    assert same == first
    assert third not in (None, second)
    fake.clock.advance(3_600)
    fake.edit("Task", tasks[3], Subject="Mail")
    assert_same(loop, Store(folder))
    all_of_it, beside = kept_in(folder)
    assert all_of_it != first
    assert beside is None
    assert_same(loop, Store(folder))


def test_a_field_may_have_any_name(tmp_path: Path) -> None:
    texts = {name: re.sub(r"\bnext_step\b", "gone", text) for name, text in config_texts().items()}
    fake = empty_org(LONG_AGO, "Europe/Paris")
    account = fake.add("Account", Name="Firm", Status__c="Target", CreatedDate=LONG_AGO)
    deal = {"AccountId": account, "StageName": "Free Trial", "CloseDate": NOW.date()}
    deals = [fake.add("Opportunity", Name="Deal", **deal) for _ in range(8)]
    with loop_of(fake, NOW, load_policy(texts)) as loop:
        for each in deals[:2]:
            fake.clock.advance(3_600)
            fake.edit("Opportunity", each, NextStep="Call")
            assert_same(loop, Store(tmp_path / "store"))


def test_what_lost_its_changes_is_written_anew(loop: Loop, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    for _ in range(12):
        loop.fake.add("Task", Subject="Call", Status="Completed")
    loop.fake.clock.advance(3_600)
    snapshot_of(loop, Store(folder))
    loop.fake.clock.advance(3_600)
    loop.fake.add("Task", Subject="Mail", Status="Completed")
    snapshot_of(loop, Store(folder))
    _, changes = kept_in(folder)
    assert changes is not None
    (folder / changes).unlink()
    assert_same(loop, Store(folder))
    assert kept_in(folder)[1] is None


def test_files_go_one_pass_after_they_were_replaced(loop: Loop, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    tasks = [loop.fake.add("Task", Subject="Call", Status="Completed") for _ in range(12)]
    loop.fake.clock.advance(3_600)
    snapshot_of(loop, Store(folder))
    named = []
    for task in tasks[:3]:
        loop.fake.edit("Task", task, Subject="Mail")
        snapshot_of(loop, Store(folder))
        named.append(kept_in(folder)[1])
        for file in folder.iterdir():
            os.utime(file, (0, 0))
    there = {file.name for file in folder.iterdir()}
    # A plan beside this pass may be at work with what the pass before had kept.
    assert named[0] not in there
    assert {named[1], named[2]} <= there


def test_changes_that_went_meanwhile_are_not_named(store: Store, tmp_path: Path) -> None:
    ids = [f"00T{number:012}AAA" for number in range(12)]
    table = pa.table({"Id": ids, "subject": ["Call"] * 12})
    nothing = Changed(pa.array([], pa.string()), table[:0])
    store.keep(Kept("shape", NOW, NOW, {"Task": (table,)}))
    kept = store.load()
    assert kept is not None
    store.keep_changes(kept, NOW, {"Task": Changed(pa.array(ids[:1]), table[:0])})
    kept = store.load()
    assert kept is not None
    _, changes = kept_in(tmp_path / "store")
    assert changes is not None
    (tmp_path / "store" / changes).unlink()
    store.keep_changes(kept, NOW, {"Task": nothing})
    kept = store.load()
    assert kept is not None
    assert kept.tables["Task"][0].equals(table[1:])


def test_instants_come_back_as_they_were_kept(store: Store) -> None:
    table = pa.table({"Id": ["001"], "at": pa.array([NOW.replace(tzinfo=None)], pa.timestamp("s"))})
    store.keep(Kept("shape", NOW, NOW, {"Account": (table,)}))
    kept = store.load()
    assert kept is not None
    assert kept.tables["Account"][0].equals(table)


def test_a_pass_that_would_not_fit_says_so_before_it_reads(loop: Loop) -> None:
    loop.fake.state.daily_quota = 100
    services = replace(loop.services, policy=shipped_policy())
    for _ in range(70):
        loop.org.budget()
    before = len(loop.fake.calls)
    with pytest.raises(Stopped, match=r"nothing was read: reading needs about 10 API calls"):
        hourly(services)
    assert not any("query" in path for _, path in loop.fake.calls[before:])


def test_the_manifest_says_of_when_the_tables_are(loop: Loop, tmp_path: Path) -> None:
    snapshot_of(loop, Store(tmp_path))
    manifest = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["read_at"] == manifest["whole_at"] == "2026-06-15T08:00:00.000+0000"


def test_a_reading_that_meets_the_reserve_stops_on_its_way(loop: Loop) -> None:
    """The whole day's calls but for what others are left: other programs used them meanwhile."""
    services = replace(loop.services)
    loop.fake.on_request.append(lambda call: use_up_on(call, loop.fake))
    with pytest.raises(Stopped, match=r"API calls left today, and 3000 are kept for others"):
        hourly(services)


def use_up_on(call: Call, fake: FakeOrg) -> None:
    """Let others use up all but few of the day's calls while accounts are read."""
    if call.when == "before" and "FROM+Account+" in call.request.target:
        fake.state.used_calls.extend([fake.clock.now()] * (fake.state.calls_left() - 100))


def test_what_became_visible_long_after_its_stamp_is_read(loop: Loop, store: Store) -> None:
    """A transaction that the platform works on for ten minutes bears the moment it began."""
    loop.fake.clock.advance(360)
    begun = loop.fake.clock.now() - timedelta(minutes=6)
    snapshot_of(loop, store)
    account = str(loop.fake.records("Account")[0]["Id"])
    loop.fake.clock.advance(180)
    loop.fake.add(
        "Opportunity",
        Name="Deal",
        AccountId=account,
        StageName="Free Trial",
        CloseDate=NOW.date(),
        CreatedDate=begun,
        SystemModstamp=begun,
    )
    loop.fake.clock.advance(3_600)
    assert_same(loop, store)


def test_what_another_user_saw_is_of_no_use(loop: Loop, store: Store) -> None:
    snapshot_of(loop, store)
    other = loop.fake.add("User", Name="Pia Birch", IsActive=True)
    token = loop.fake.token(other)
    policy, now = shipped_policy(), loop.fake.clock.now()
    org = connect(loop.fake.session(), loop.fake.host, token)
    assert approach(loop.org, policy, now, store).kept is not None
    assert approach(org, policy, now, store).kept is None
