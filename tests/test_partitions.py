"""Is an org that is judged in partitions planned for as if it were looked at as a whole?"""

import json
import os
import pickle
import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from loop_org import Loop, amounts_of, config_texts, empty_org, fill, loop_of
from random_orgs import random_org
from test_store import Actor

from sfsync.errors import Stopped
from sfsync.extract import approach, read
from sfsync.extract.records import empty_table
from sfsync.extract.shards import by_own_id
from sfsync.extract.spool import Spool
from sfsync.extract.wanted import wanted_of
from sfsync.jobs import Planned
from sfsync.jobs.hourly import hourly
from sfsync.model import (
    Action,
    Change,
    Evidence,
    FieldChange,
    Finding,
    Loser,
    Stamp,
    Watch,
)
from sfsync.plan_file import to_json
from sfsync.policy import Partitions, Policy
from sfsync.rules.load import load_policy
from sfsync.store import MANIFEST, Shards, Store, table_of
from sfsync.store.forgetting import forget
from sfsync.traces import Traces

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
CUTS = (2, 7)


def policy_of(**texts: tuple[str, str]) -> Policy:
    """The shipped policy with a few words replaced, by file."""
    said = dict(config_texts())
    for key, (old, new) in texts.items():
        name = key.replace("__", "/") + ".yaml"
        assert old in said[name]
        said[name] = said[name].replace(old, new, 1)
    return load_policy(said)


@contextmanager
def org_of(policy: Policy, seed: int = 5) -> Iterator[Loop]:
    """A messy org after an earlier pass, in which much leads to records of other accounts."""
    chance = Random(seed)
    made = random_org(chance, 12)
    fake = empty_org(made.now, made.zone)
    fill(fake, made.records)
    accounts = [str(row["Id"]) for row in fake.records("Account")]
    deals = [str(row["Id"]) for row in fake.records("Opportunity")]
    for number in range(24):
        twin = chance.choice(
            ["ada@example.com", "info@example.org", f"n{number}@example.com", "no"]
        )
        named = {"FirstName": "Ada", "LastName": chance.choice(["Birch", "Example"])}
        account = chance.choice([*accounts, None])
        title = chance.choice(["CEO", "Clerk"])
        fake.add("Contact", **named, Email=twin, AccountId=account, Title=title)
        lead = fake.add("Lead", **named, Email=twin, Company="Firm", Status="Open - Not Contacted")
        about = chance.choice([{"WhoId": lead}, {"WhatId": chance.choice(deals)}])
        day = (made.now + timedelta(days=chance.choice([-40, -3, 2]))).date()
        done = chance.choice(["Completed", "Not Started"])
        fake.add("Task", Subject="Call", Status=done, ActivityDate=day, **about)
    for id in accounts:
        place = {"BillingCity": chance.choice(["Lyon", "Lille"]), "BillingCountry": "FR"}
        site = chance.choice(["https://twin.example.com", None, "www.else.example.org"])
        name = chance.choice(["Maple Trading", "Mapel Trading SA", "Oak Works", "Elm House"])
        parent = chance.choice([*accounts, None, None])
        more = {"ParentId": parent} if parent != id else {}
        fake.edit("Account", id, Name=name, Website=site, **place, **more)
    with loop_of(fake, fake.clock.now(), policy) as loop:
        states = {"Account": dict((made.previous or (None, {}))[1])}
        loop.remember(made.now - timedelta(hours=1), states)
        yield loop


def in_parts(loop: Loop, count: int, folder: Path) -> Planned:
    """What a pass would change, of an org that is cut into about so many partitions."""
    accounts = -(-len(loop.fake.records("Account")) // count)
    policy = replace(loop.policy, partitions=Partitions(above=accounts, accounts=accounts))
    store = Store(folder / f"store-{count}")
    services = replace(loop.services, policy=policy, store=store, now=loop.fake.clock.now())
    return hourly(services)


def ids_read(planned: Planned, name: str) -> list[str]:
    """The Ids of all records of an object, whichever partition they are in."""
    read = [ids.to_pylist() for (of, _), ids in planned.read.items() if of == name]
    return [each for ids in read for each in ids]


def said(planned: Planned) -> Mapping[str, Any]:
    """All that comes of planning."""
    return {
        "plan": to_json(planned.plan),
        "states": dict(planned.states),
        "read": {name: sorted(ids_read(planned, name)) for name, _ in planned.read},
        "amounts": amounts_of(planned),
        "owners": dict(planned.owners),
        "whole": planned.whole,
    }


def assert_same(loop: Loop, folder: Path, cuts: Sequence[int] = (4,)) -> Planned:
    """Compare what all cuts give with what is planned of the org as a whole."""
    whole = hourly(replace(loop.services, now=loop.fake.clock.now()))
    for count in cuts:
        assert said(in_parts(loop, count, folder)) == said(whole), count
    return whole


def files(folder: Path, count: int) -> set[str]:
    """The files that the last pass left."""
    kept = json.loads((folder / f"store-{count}" / MANIFEST).read_text("utf-8"))
    return {file for each in kept["tables"].values() for file in each}


def test_a_plan_does_not_tell_into_how_many_partitions_the_org_was_cut(tmp_path: Path) -> None:
    with org_of(policy_of()) as loop:
        whole = assert_same(loop, tmp_path, CUTS)
        found = {each.code for each in whole.plan.findings}
        assert {"email-duplicate", "likely-duplicate", "email-malformed"} <= found
        assert len(whole.plan.changes) > 5
        assert sum(each.startswith("Account-") for each in files(tmp_path, 7)) == 6


def test_what_changed_is_put_to_the_partitions(tmp_path: Path) -> None:
    """Records move between accounts, are merged, deleted and made; passes write in between."""
    with org_of(policy_of(), seed=8) as loop:
        actor = Actor(loop.fake, Random(3))
        for step in range(2):
            before = files(tmp_path, 4) if step else set()
            whole = assert_same(loop, tmp_path)
            after = files(tmp_path, 4)
            assert not step or (before & after and after - before)
            loop.apply(replace(whole, plan=replace(whole.plan, changes=whole.plan.changes[:3])))
            for _ in range(12):
                actor.act()
            loop.fake.clock.advance(60)


def test_what_is_looked_at_in_another_partition_is_there(tmp_path: Path) -> None:
    """A finding about the parent account, whose record may be anywhere, and what is left out."""
    finding = (
        "findings:\n  - name: parent-place-missing\n    when: {parent: present}\n"
        "    missing: [parent.industry]\n    because: its parent has no {missing}\n\n"
    )
    policy = policy_of(
        rules__accounts=("findings:\n", finding),
        sfsync=("leave_out: {Lead", "leave_out: {Account: {industry: Retail}, Lead"),
    )
    with org_of(policy) as loop:
        whole = assert_same(loop, tmp_path)
        found = [each for each in whole.plan.findings if each.code == "parent-place-missing"]
        ids = {str(row["Id"]) for row in loop.fake.records("Account")}
        assert found
        assert {each.evidence[0].value for each in found} <= ids


def test_who_is_looked_at_from_another_partition_for_two_reasons_is_there_whole(
    tmp_path: Path,
) -> None:
    """Of a boss more is read than of who only has somebody's address."""
    title = "    title: {field: Title, type: picklist}\n    phone"
    boss = f"    boss: {{field: ReportsToId, type: reference, to: Contact}}\n{title}"
    finding = (
        "findings:\n  - name: boss-title-missing\n    when: {boss: present}\n"
        "    missing: [boss.title]\n    because: its boss has no {missing}\n\n"
    )
    policy = policy_of(sfsync=(title, boss), rules__contacts=("findings:\n", finding))
    with org_of(policy) as loop:
        ids = [str(row["Id"]) for row in loop.fake.records("Contact")]
        chance = Random(1)
        for each in ids:
            loop.fake.edit("Contact", each, ReportsToId=chance.choice(ids))
        assert_same(loop, tmp_path)


def test_what_went_to_another_account_while_it_was_read_is_judged_once(tmp_path: Path) -> None:
    """As in one table, the last reading of a record counts."""
    with org_of(policy_of()) as loop:
        wanted, _ = wanted_of(loop.org, loop.policy)
        contacts = next(each for each in wanted if each.object == "Contact")
        ids = [str(row["Id"]) for row in loop.fake.records("Account")]
        shards = by_own_id(pa.array(ids, pa.string()), 3).tolist()
        first, last = ids[0], next(id for id, n in zip(ids, shards, strict=True) if n != shards[0])
        empty = empty_table(contacts).schema
        pieces = [
            pa.table(
                [pa.nulls(1, field.type) if field.name not in row else [row[field.name]]
                 for field in empty],
                schema=empty,
            )
            for row in ({"Id": "003Dm0000000001IAA", "account": id} for id in (first, last, first))
        ]  # fmt: skip
        spool = Spool(3, Store(tmp_path))
        for count, home in ((2, last), (3, first)):
            tables = spool.spooled(iter(pieces[:count]), contacts, {})
            found = [row["account"] for each in tables for row in table_of(each).to_pylist()]
            assert found == [home]


def test_an_org_that_shrank_is_read_afresh_into_as_many_partitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So much went that all is read afresh, when into how many partitions was decided before."""
    monkeypatch.setattr("sfsync.extract.reading.MOST_UPROOTED", 2)
    with org_of(policy_of()) as loop:
        store, partitions = Store(tmp_path), Partitions(above=6, accounts=3)
        policy = replace(loop.policy, partitions=partitions)
        way = approach(loop.org, policy, loop.fake.clock.now(), store)
        assert way.shards == 4
        read(loop.org, policy, way)
        for row in loop.fake.records("Account")[3:]:
            loop.fake.remove("Account", str(row["Id"]))
        loop.fake.clock.advance(60)
        services = replace(loop.services, now=loop.fake.clock.now())
        parts = hourly(replace(services, policy=policy, store=store))
        assert said(parts) == said(hourly(services))


def test_what_other_processes_leave_does_not_stop_a_pass(tmp_path: Path) -> None:
    """One was killed long ago; one ends while its folder is looked at."""
    store = Store(tmp_path)
    work = store.working_folder()
    (work / "of-the-dead" / "states").mkdir(parents=True)
    os.utime(work / "of-the-dead", (0, 0))
    (work / "ended").symlink_to(work / "gone")
    assert [each.name for each in store.working_folder().iterdir()] == ["ended"]


def test_a_disk_that_is_full_is_told_with_the_folder(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with org_of(policy_of()) as loop:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
        try:
            with pytest.raises(Stopped, match=rf"^{tmp_path}/store-2: not written .*room"):
                in_parts(loop, 2, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert [*(tmp_path / "store-2" / "work").iterdir()] == []


def test_what_is_left_out_for_where_it_leads_is_left_out_in_partitions_too(tmp_path: Path) -> None:
    """Where it leads may be in another partition, or known of guests alone."""
    policy = policy_of(
        sfsync=(
            "leave_out: {Lead",
            "leave_out: {Account: {parent: present}, Contact: {account: absent}, Lead",
        ),
    )
    with org_of(policy) as loop:
        whole = assert_same(loop, tmp_path)
        found = [each.code for each in whole.plan.findings if each.object == "Contact"]
        assert "email-duplicate" in found


def test_who_judges_by_an_earlier_state_is_not_cut_off_by_the_next_pass(tmp_path: Path) -> None:
    with org_of(policy_of()) as loop:
        policy = replace(loop.policy, partitions=Partitions(above=6, accounts=6))
        folder, account = tmp_path / "store", str(loop.fake.records("Account")[0]["Id"])

        def tables() -> Mapping[str, Shards]:
            way = approach(loop.org, policy, loop.fake.clock.now(), Store(folder))
            loop.fake.clock.advance(60)
            return read(loop.org, policy, way)

        def age() -> None:
            for file in folder.glob("*.parquet"):
                os.utime(file, (0, 0))

        first = tables()
        for name in ("Elm House", "Oak House"):
            age()
            assert sum(len(table_of(each)) for each in first["Account"]) == 12
            loop.fake.edit("Account", account, Name=name)
            tables()
        # What two passes have replaced is gone.
        with pytest.raises(Stopped, match="another process has removed it"):
            [table_of(each) for each in first["Account"]]


def test_what_a_killed_process_was_at_is_forgotten_with_everybody(tmp_path: Path) -> None:
    """Nobody can tell of whom half a file is."""
    half = Store(tmp_path).working_folder() / "of-the-dead" / "0.arrow"
    half.parent.mkdir()
    half.write_bytes(b"half a table")
    somebody = Traces(frozenset(["ada@example.com"]), frozenset(), frozenset())
    assert [forget(str(tmp_path), somebody, write=write) for write in (False, True)] == [1, 1]
    assert not half.exists()
    assert forget(str(tmp_path), somebody, write=True) == 0


def test_what_goes_to_a_file_or_another_process_comes_back_the_same() -> None:
    stamp = Stamp("Account", "001000000000001AAA", None)
    loser = Loser("001000000000002AAA", "Delta", {"Phone": None}, {"Contact.AccountId": ("003",)})
    change = Change(
        *("Account", stamp.id, "Acme", {"Status__c": FieldChange("Target", None)}, "rule:x", "why"),
        evidence=(Evidence("idle_days", 61, None),),
        rests_on=(stamp,),
        watches=(Watch("Task", "AccountId"),),
        action=Action.MERGE,
        losers=(loser,),
    )
    finding = Finding("idle", "Account", stamp.id, "Acme", None, "silent", change.evidence)
    assert pickle.loads(pickle.dumps((change, finding))) == (change, finding)
