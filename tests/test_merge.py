"""Do duplicates become one record as the plan shows it, once, with nothing of the losers lost?"""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cut_org import cut
from deaths import Deaths, a_desk, disk_of, lose, settled
from empty_org import empty_org
from entering import connect
from loop_org import Loop, config_texts, loop_of
from thinned import thinned

from sfsync.apply import Desk, apply
from sfsync.cli import commands
from sfsync.errors import (
    ConfigError,
    ExitCode,
    LimitReached,
    Misused,
    NotFound,
    OrgRefused,
    OrgUnavailable,
    PlanRefused,
    Stopped,
)
from sfsync.fake import FakeOrg, Reply
from sfsync.fake.errors import refuse_record
from sfsync.fake.faults import answer
from sfsync.fake.server import Call
from sfsync.jobs import Planned, Ran, run_planned
from sfsync.jobs.cleanup import Part, plan_cleanup
from sfsync.model import Action, Change, JournalledChange, Run, RunState, State
from sfsync.org import Merge
from sfsync.org.client import open_org
from sfsync.org.tokens import Grant, Tokens
from sfsync.plan_file import from_json, to_csv_rows, to_json
from sfsync.rules.load import load_policy

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
SOAP = "/services/Soap/u/"
RUN, REST = "20260615-080000-aaaa", "20260615-090000-bbbb"


def is_merge(call: Call) -> bool:
    return SOAP in call.path


@pytest.fixture
def fake() -> FakeOrg:
    """An org with the loop's fields, and no records yet."""
    return empty_org(NOW, "Europe/Paris")


@pytest.fixture
def loop(fake: FakeOrg) -> Iterator[Loop]:
    """A loop over the org."""
    with loop_of(fake, NOW) as loop:
        yield loop


def firm(fake: FakeOrg, kind: str = "SARL", name: str = "Verrerie Fictive", **more: Any) -> str:
    """An account in Lyon; two of one name are likely duplicates, whatever kind of company."""
    told = {"Name": f"{name} {kind}", "BillingCity": "Lyon", "CreatedDate": NOW - timedelta(90)}
    return fake.add("Account", **{**told, **more})


def fault_reply(code: str) -> Reply:
    """How the platform's SOAP API refuses a whole request."""
    body = f"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>
      <faultcode>sf:{code}</faultcode><faultstring>{code}: No</faultstring></s:Fault></s:Body>
      </s:Envelope>"""
    return Reply(500, body.encode(), {"Content-Type": "text/xml"})


def plan(loop: Loop, part: Part | None = None, **wishes: Any) -> Planned:
    named = {name.replace("_", "-"): value for name, value in wishes.items()}
    return plan_cleanup("merge-duplicates", loop.services, named, part or Part())


def losers(changes: tuple[Change, ...] | list[Change]) -> list[str]:
    return [loser.id for each in changes for loser in each.losers]


def done(ran: Ran) -> dict[str, int]:
    return dict(ran.run.counts)


def test_what_is_shown_is_done_once_and_undo_gives_back_what_it_can(
    fake: FakeOrg, loop: Loop
) -> None:
    old = firm(fake, Phone=None, Description="Short", CreatedDate=NOW - timedelta(300))
    new = firm(fake, "SAS", Phone="+33 1 99 00 11 22", Description="A longer text")
    person = fake.add("Contact", LastName="Doe", AccountId=new)
    made = plan(loop)
    (change,) = made.plan.changes
    assert (change.id, losers([change]), change.action) == (old, [new], Action.MERGE)
    assert {name: each.after for name, each in change.fields.items()} == {
        "Phone": "+33 1 99 00 11 22",
        "Description": "A longer text",
    }
    whose = {(each.fact, each.record) for each in change.evidence}
    assert whose == {("Phone", new), ("Description", new), ("Name", old)}
    assert "it is the oldest" in change.reason
    assert "near name 100" in change.reason
    before = fake.record("Account", old)
    run = loop.apply(replace(made, plan=from_json(to_json(made.plan), "plan.json")))
    assert done(run) == {"applied": 1}
    after = fake.record("Account", old)
    changed = {name for name in after if after[name] != before[name]}
    assert changed - {"SystemModstamp", "LastModifiedDate", "LastModifiedById"} == {
        "Phone",
        "Description",
    }
    assert fake.record("Account", new)["MasterRecordId"] == old
    assert fake.record("Contact", person)["AccountId"] == old
    assert plan(loop).plan.changes == ()
    back = loop.undo(run.run.id)
    assert done(back) == {"applied": 1}
    assert (fake.record("Account", old)["Phone"], fake.record("Account", old)["Description"]) == (
        None,
        "Short",
    )
    assert any(f"stays merged into {old}" in note for note in back.plan.notes)
    assert fake.record("Account", new)["IsDeleted"]


def test_all_that_a_loser_held_is_in_the_journal_before_the_merge_is_sent(
    fake: FakeOrg, loop: Loop
) -> None:
    firm(fake, Status__c="Customer")
    new = firm(fake, "SAS", Site="Quai", NumberOfEmployees=12)
    person = fake.add("Contact", LastName="Doe", AccountId=new)
    call = fake.add("Task", Subject="Call", WhatId=new, Status="Completed")
    branch = firm(fake, name="Annexe", ParentId=new)
    held = {k: v for k, v in fake.record("Account", new).items() if v not in (None, "")}
    seen: list[dict[str, object]] = []

    def look(call: Call) -> None:
        if is_merge(call) and call.when == "before":
            (run,) = loop.journal.runs()
            (entry,) = loop.journal.changes(run.id)
            (loser,) = entry.change.losers
            assert entry.outcome.state is State.SENT
            seen.append({"fields": loser.fields, "children": loser.children})

    fake.on_request.append(look)
    loop.apply(plan(loop))
    (kept,) = seen
    fields = kept["fields"]
    assert isinstance(fields, dict)
    assert {name: fields.get(name) for name in held if not isinstance(held[name], dict)} == {
        name: value for name, value in held.items() if not isinstance(value, dict)
    }
    assert kept["children"] == {
        "Account.ParentId": (branch,),
        "Contact.AccountId": (person,),
        "Event.WhatId": (),
        "Lead.ConvertedAccountId": (),
        "Opportunity.AccountId": (),
        "Task.WhatId": (call,),
    }


def test_many_become_one_by_a_chain_of_merges_with_one_survivor(fake: FakeOrg, loop: Loop) -> None:
    ids = [firm(fake, kind) for kind in ("SARL", "SAS", "SA", "SNC", "EURL")]
    fake.add("Opportunity", Name="D", AccountId=ids[2], StageName="Closing", CloseDate="2026-07-01")
    fake.edit("Account", ids[4], Phone="+33 1 99 00 11 22")
    fake.edit("Account", ids[1], Site="Quai")
    changes = plan(loop).plan.changes
    assert [each.id for each in changes] == [ids[2], ids[2]]
    assert sorted(losers(changes)) == sorted(set(ids) - {ids[2]})
    assert [len(each.losers) for each in changes] == [2, 2]
    for each in changes:
        assert {e.record for e in each.evidence if e.fact in each.fields} <= set(losers([each]))
    ran = loop.apply(plan(loop))
    assert done(ran) == {"applied": 2}
    row = fake.record("Account", ids[2])
    assert (row["Phone"], row["Site"]) == ("+33 1 99 00 11 22", "Quai")
    assert [row["Id"] for row in fake.records("Account")] == [ids[2]]
    back = loop.undo(ran.run.id)
    assert done(back) == {"applied": 1}
    row = fake.record("Account", ids[2])
    assert (row["Phone"], row["Site"]) == (None, None)


def test_what_somebody_waived_is_not_merged(fake: FakeOrg, loop: Loop) -> None:
    firm(fake, CreatedDate=NOW - timedelta(300))
    same = firm(fake, "SAS")
    other = firm(fake, "SA")
    loop.apply(replace(loop.plan(), plan=replace(loop.plan().plan, changes=())))
    loop.journal.waive(loop.services.books, "likely-duplicate", other, date(2026, 9, 1), "a branch")
    assert losers(plan(loop).plan.changes) == [same]
    later = replace(loop, now=NOW + timedelta(days=90))
    fake.clock.advance(90 * 24 * 3600)
    assert sorted(losers(plan(later).plan.changes)) == sorted([same, other])


def test_who_stays_and_what_it_gets_is_set_rule_by_rule(fake: FakeOrg, loop: Loop) -> None:
    texts = dict(config_texts())
    rules = """merge:
  Account:
    survivor: [customer, most_filled]
    values: most_recent
    fields: {industry: survivor, Site: oldest, BillingAddress: customer, OwnerId: newest}
"""
    said = texts["sfsync.yaml"]
    texts["sfsync.yaml"] = said[: said.index("merge:\n")] + rules + said[said.index("\nlimits:") :]
    loop = replace(loop, policy=load_policy(texts))
    boss = fake.add("User", Name="Ada Fictive", Username="ada@example.com", IsActive=True)
    days = {
        name: NOW - timedelta(days) for name, days in (("long", 300), ("mid", 200), ("late", 20))
    }
    first = firm(fake, Site="Old", Industry="Banking", CreatedDate=days["long"], Phone="1",
                 LastModifiedDate=days["late"], BillingStreet="1 quai Neuf")  # fmt: skip
    stays = firm(fake, "SAS", Status__c="Customer", CreatedDate=days["mid"], Phone="2",
                 LastModifiedDate=days["mid"], Site="Mid")  # fmt: skip
    last = firm(fake, "SA", CreatedDate=days["late"], LastModifiedDate=days["mid"], OwnerId=boss,
                Site="New", BillingStreet="2 rue Haute", BillingPostalCode="69002")  # fmt: skip
    (change,) = plan(loop).plan.changes
    assert (change.id, set(losers([change]))) == (stays, {first, last})
    assert {name: each.after for name, each in change.fields.items()} == {
        "Phone": "1",
        "Site": "Old",
        "OwnerId": boss,
        "Name": "Verrerie Fictive SARL",
    }
    assert done(loop.apply(plan(loop))) == {"applied": 1}


def test_an_address_is_one_value_and_a_refusal_stays_one(fake: FakeOrg, loop: Loop) -> None:
    fake.declare("Contact", {"name": "DoNotCall", "type": "boolean", "updateable": True})
    old = fake.add("Contact", LastName="Doe", FirstName="Ada", Email="ada@example.com",
                   CreatedDate=NOW - timedelta(300), MailingCity="Lyon", Title="CFO",
                   Department="Finance", Phone="1")  # fmt: skip
    new = fake.add("Contact", LastName="Doe", FirstName="Ada", Email="Ada@example.com",
                   DoNotCall=True, MailingStreet="1 quai Neuf", MailingCity="Nice")  # fmt: skip
    made = plan(loop, object="Contact")
    (change,) = made.plan.changes
    assert (change.id, losers([change])) == (old, [new])
    assert {name: each.after for name, each in change.fields.items()} == {"DoNotCall": True}
    assert "same e-mail address" in change.reason
    assert done(loop.apply(made)) == {"applied": 1}
    assert fake.record("Contact", old)["DoNotCall"] is True


def test_a_refusal_that_cannot_be_written_keeps_the_group_as_it_is(
    fake: FakeOrg, loop: Loop
) -> None:
    fake.declare("Contact", {"name": "DoNotCall", "type": "boolean", "updateable": False})
    older = {"CreatedDate": NOW - timedelta(300), "Title": "CFO"}
    for number, first_refuses in enumerate((False, True)):
        doe = {"LastName": "Doe", "Email": f"doe{number}@example.com"}
        fake.add("Contact", **doe, **older, DoNotCall=first_refuses)
        fake.add("Contact", **doe, DoNotCall=not first_refuses)
    made = plan(loop, object="Contact").plan
    assert [fake.record("Contact", each.id)["DoNotCall"] for each in made.changes] == [True]
    left = "1 left, since a refusal would get lost: let the service's user edit Contact.DoNotCall."
    assert left in made.notes


def test_contacts_of_different_accounts_are_merged_only_where_that_is_wished(
    fake: FakeOrg, loop: Loop
) -> None:
    here, there = firm(fake), firm(fake, name="Fonderie Inventée")
    ids = [
        fake.add("Contact", LastName="Doe", Email="ada@example.com", AccountId=account)
        for account in (here, there)
    ]
    call = fake.add("Task", Subject="Call", WhoId=ids[1], Status="Completed")
    alone = plan(loop, object="Contact").plan
    assert alone.changes == ()
    assert "duplicates are at other accounts alone stay: 2" in alone.notes[0]
    made = plan(loop, object="Contact", across_accounts=True)
    (change,) = made.plan.changes
    # Who has the most activities stays.
    assert (change.id, losers([change])) == (ids[1], [ids[0]])
    loop.apply(made)
    assert fake.record("Task", call)["WhoId"] == ids[1]
    assert fake.record("Contact", ids[1])["AccountId"] == there


def test_of_a_group_at_several_accounts_only_those_asked_for_are_merged(
    fake: FakeOrg, loop: Loop
) -> None:
    here, there = firm(fake), firm(fake, name="Fonderie Inventée")
    ids = [
        fake.add("Contact", LastName="Doe", Email="ada@example.com", AccountId=account)
        for account in (here, here, there, there)
    ]
    changes = plan(loop, Part(ids=[ids[3]]), object="Contact").plan.changes
    assert [(each.id, losers([each])) for each in changes] == [(ids[2], [ids[3]])]


def test_a_part_of_the_groups_is_asked_for(fake: FakeOrg, loop: Loop) -> None:
    names = ("Verrerie Fictive", "Fonderie Inventée", "Scierie Imaginaire")
    groups = [[firm(fake, kind, name) for kind in ("SARL", "SAS")] for name in names]
    first, second, third = groups
    assert losers(plan(loop).plan.changes) == [first[1], second[1], third[1]]
    of_one = plan(loop, Part(ids=[second[1][:15]])).plan.changes
    assert [(each.id, losers([each])) for each in of_one] == [(second[0], [second[1]])]
    limited = plan(loop, Part(limit=2)).plan
    assert losers(limited.changes) == [first[1], second[1]]
    assert "1 more are left out by --limit 2." in limited.notes
    assert plan(loop, Part(owners=frozenset({"005000000000000AAA"}))).plan.changes == ()
    with pytest.raises(NotFound, match="nothing is to be merged of a record 001000000000000"):
        plan(loop, Part(ids=["001000000000000"]))
    with pytest.raises(Misused, match="--object Lead"):
        plan(loop, object="Lead")


def test_what_changed_since_the_plan_is_left_alone_and_said(fake: FakeOrg, loop: Loop) -> None:
    names = ("Verrerie Fictive", "Fonderie Inventée", "Scierie Imaginaire", "Brasserie Feinte")
    groups = [[firm(fake, kind, name) for kind in ("SARL", "SAS", "SA")] for name in names]
    made = plan(loop)
    fake.edit("Account", groups[0][1], Site="New")
    person = fake.add("Contact", LastName="Doe", AccountId=groups[1][2])
    fake.remove("Account", groups[2][1])
    ran = loop.apply(made)
    assert done(ran) == {"applied": 1, "stale": 3}
    edited, hung, gone = (each for each in ran.outcomes if each.state is State.STALE)
    assert f"Account {groups[0][1]} was changed since it was read" in edited.message
    assert f"Contact {person} hangs on {groups[1][2]} since the plan was read" in hung.message
    assert f"Account {groups[2][1]} is gone" in gone.message
    left = {row["Id"] for row in fake.records("Account")}
    assert left == {*groups[0], *groups[1], groups[2][0], groups[2][2], groups[3][0]}


@pytest.mark.parametrize(("when", "tells"), [("before", True), ("after", True), ("after", False)])
def test_a_lost_answer_is_settled_by_reading(
    fake: FakeOrg, loop: Loop, when: str, tells: bool
) -> None:
    if not tells:
        # A recorded org may not say into which record one was merged.
        fake.drop_field("Account", "MasterRecordId")
    ids = [firm(fake, kind) for kind in ("SARL", "SAS", "SA", "SNC")]
    fake.on_request.append(lose(is_merge, when))
    assert done(loop.apply(plan(loop))) == {"applied": 2}
    assert [row["Id"] for row in fake.records("Account")] == [ids[0]]
    sent = sum(SOAP in path for _, path in fake.calls)
    # What was lost on its way back was done: it is not sent again.
    assert sent == 1


def test_an_org_that_answers_no_more_leaves_the_run_to_the_next_start(
    fake: FakeOrg, loop: Loop
) -> None:
    ids = [firm(fake, kind) for kind in ("SARL", "SAS")]
    fake.on_request.append(lose(is_merge, "before", times=9))
    with pytest.raises(OrgUnavailable, match="1 merges were sent 3 times"):
        loop.apply(plan(loop))
    (run,) = loop.journal.open_runs(loop.services.books)
    fake.on_request.clear()
    (entry,) = settled(loop.desk, {}, run.id)
    assert entry.outcome.state is State.SKIPPED
    assert [row["Id"] for row in fake.records("Account")] == ids


def test_what_the_org_refuses_is_told_and_a_lock_is_tried_again(fake: FakeOrg, loop: Loop) -> None:
    names = ("Verrerie Fictive", "Fonderie Inventée", "Scierie Imaginaire")
    groups = [[firm(fake, kind, name) for kind in ("SARL", "SAS", "SA", "SNC")] for name in names]
    fake.add_validation_rule("Account", lambda _, row: "No" if row["Id"] == groups[0][0] else None)
    # The second merge of a group comes after the first, which the run itself has done.
    locked = [groups[1][3]]

    def lock(id: str) -> None:
        if id in locked:
            locked.remove(id)
            raise refuse_record("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")

    fake.state.record_faults.append(lock)
    ran = loop.apply(plan(loop))
    assert done(ran) == {"applied": 4, "refused": 2}
    refused = {(e.code, e.message) for e in ran.outcomes if e.state is State.REFUSED}
    assert refused == {("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No")}


def test_many_losers_and_missing_rights_stop_before_anything_is_written(
    fake: FakeOrg, loop: Loop
) -> None:
    for number in range(17):
        name = f"{'BCDFGHJKLMNPQRSTV'[number] * 3}ovale Fictive"
        for kind in ("SARL", "SAS", "SA", "SNC"):
            firm(fake, kind, name)
    made = plan(loop)
    assert len(losers(made.plan.changes)) == 51
    services, chance = loop.services, loop.chance
    with pytest.raises(Stopped, match="51 records of Account would be merged into others"):
        run_planned(made, services, loop.desk, allow_large=False, chance=chance)
    fake.state.store.schema.objects["Account"].deletable = False
    with loop_of(fake, NOW) as bound, pytest.raises(ConfigError, match="may not merge such"):
        bound.apply(made)
    assert len(fake.records("Account")) == 68


def test_a_plan_of_merges_has_a_row_for_each_record_and_no_nonsense(
    fake: FakeOrg, loop: Loop
) -> None:
    old, new = firm(fake), firm(fake, "SAS", Phone="1")
    made = plan(loop).plan
    rows = {(row["id"], row["field"]): row["after"] for row in to_csv_rows(made)}
    assert rows == {(old, "Phone"): "1", (new, "MasterRecordId"): old}
    told = to_json(made)
    assert from_json(told, "plan.json") == made
    for wrong in (
        told.replace(f'"id": "{new}"', f'"id": "{old}"'),
        told.replace('"merge"', '"update"'),
    ):
        with pytest.raises(PlanRefused, match="one or two others are merged"):
            from_json(wrong, "plan.json")
    with pytest.raises(ValueError, match="one or two other records"):
        loop.org.merge("Account", [Merge(old, {}, (old,))])


def test_wrong_rules_are_told_all_at_once_with_file_and_line() -> None:
    texts = dict(config_texts())
    text = texts["sfsync.yaml"].replace("statuses: [Customer]", "statuses: [Custmer]")
    wrong_fields = "{backlog_untl: survivor, Backlog_Count__c: oldest,"
    text = text.replace("{backlog_until: survivor,", wrong_fields)
    texts["sfsync.yaml"] = text
    with pytest.raises(ConfigError) as wrong:
        load_policy(texts)
    line = text[: text.index(wrong_fields)].count("\n") + 1
    told = "\n".join(wrong.value.problems)
    assert len(wrong.value.problems) == 3
    assert 'Account has no state "Custmer"' in told
    assert f'sfsync.yaml:{line}: no field "backlog_untl" of Account' in told
    assert f"sfsync.yaml:{line}: Backlog_Count__c has another rule in this list already" in told
    texts["sfsync.yaml"] = text.replace("survivor: [customer,", "survivor: [eldest,")
    with pytest.raises(ConfigError, match=r"sfsync.yaml:\d+: merge.Account.survivor.0: Input"):
        load_policy(texts)


# The door.


def test_an_expired_token_is_renewed_in_the_body(fake: FakeOrg) -> None:
    old, new = firm(fake), firm(fake, "SAS")
    host, first = fake.host, fake.token()
    tokens = Tokens(Grant(host, first), lambda: Grant(host, fake.token()))
    org = open_org(fake.session(), tokens, sleep=lambda _: None)
    # What is described is not asked for again: the merge itself meets the bad token.
    assert org.fields("Account")
    fake.expire_tokens()
    (result,) = org.merge("Account", [Merge(old, {"Site": "A & <B>\r\nC"}, (new,))])
    assert result.ok
    assert fake.record("Account", old)["Site"] == "A & <B>\r\nC"
    fake.expire_tokens()
    refusing = connect(fake.session(), host, fake.token())
    assert refusing.fields("Account")
    fake.expire_tokens()
    with pytest.raises(OrgRefused, match="INVALID_SESSION_ID"):
        refusing.merge("Account", [Merge(old, {}, (new,))])


def test_values_of_every_type_arrive_as_they_are(fake: FakeOrg, loop: Loop) -> None:
    old, new = firm(fake, Description="x"), firm(fake, "SAS")
    values = {
        "AnnualRevenue": 12.0,
        "NumberOfEmployees": 3,
        "Backlog_Until__c": "2026-07-01",
        "Target_At__c": "2026-06-01T08:00:00.000+0000",
        "Description": None,
    }
    (result,) = loop.org.merge("Account", [Merge(old, values, (new,))])
    assert result.ok
    row = fake.record("Account", old)
    assert {name: row[name] for name in values} == values
    (odd,) = loop.org.merge("Account", [Merge(old, {"Site": "\x02"}, (new,))])
    assert (odd.ok, odd.code) == (False, "FIELD_INTEGRITY_EXCEPTION")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(503, b"<html>Down</html>", {"Content-Type": "text/html"}), OrgUnavailable),
        (Reply(200, b"<html>Hello</html>", {"Content-Type": "text/html"}), OrgUnavailable),
        (fault_reply("UNKNOWN_EXCEPTION"), OrgUnavailable),
        (fault_reply("REQUEST_LIMIT_EXCEEDED"), LimitReached),
        (fault_reply("INVALID_TYPE_FOR_OPERATION"), OrgRefused),
    ],
    ids=["down", "no envelope", "unknown", "limit", "type"],
)
def test_what_answers_no_merge_is_told_apart(
    fake: FakeOrg, loop: Loop, reply: Reply, error: type[Exception]
) -> None:
    old, new = firm(fake), firm(fake, "SAS")
    fake.on_request.append(answer(SOAP, reply))
    with pytest.raises(error, match="merging records of Account"):
        loop.org.merge("Account", [Merge(old, {}, (new,))])


# The command.


def rows_of(file: str) -> dict[str, dict[str, str]]:
    with Path(file).open(encoding="utf-8", newline="") as stream:
        return {row["Id"]: row for row in csv.DictReader(stream)}


@pytest.mark.usefixtures("alone")
def test_the_command_shows_group_by_group_and_writes_out_what_went(tmp_path: Path) -> None:
    kept, gone, other, third = (f"001Dm000000008{each}IAA" for each in "stuv")
    org = str(cut(tmp_path / "org", accounts=(kept, gone, other, third)))

    def called(*args: str) -> str:
        result = CliRunner().invoke(commands, [*args, "--org", org])
        assert result.exit_code == ExitCode.DONE, (result.output, result.exception)
        return result.stdout

    shown = called("cleanup", "merge-duplicates", "--out", "plan.json")
    assert f"takes in Fonderie Grand-Modele SARL ({gone})" in shown
    assert f"Registration_Number__c: - → 000 000 551, from {gone}" in shown
    assert f"Phone: stays +33 1 99 00 35 77 ({gone}: 01 99 00 42 38)" in shown
    assert "note: What is merged stays merged" in shown
    called("apply", "plan.json")
    assert "0 changes" in called("cleanup", "merge-duplicates")
    run = json.loads(called("runs", "--format", "json"))["runs"][0]["id"]
    assert f"takes in Fonderie Grand-Modele SARL ({gone})" in called("show", run)
    files = called("show", run, "--restore", "held").split()
    assert files == ["held/Account.csv", "held/children.csv"]
    rows, hung = rows_of(files[0]), rows_of(files[1])
    assert rows.keys() == {gone, third}
    assert (rows[gone]["Phone"], rows[gone]["Merged into"]) == ("01 99 00 42 38", kept)
    assert hung["003Dm000000009iIAA"]["Hung on"] == third
    assert Path(files[0]).stat().st_mode & 0o077 == 0
    nothing = CliRunner().invoke(commands, ["undo", run, "--org", org, "--apply"])
    assert f"it stays merged into {kept}" in nothing.stdout


# Killed in the middle.


@pytest.fixture
def deaths(tmp_path: Path, fake: FakeOrg) -> Deaths:
    """An org in which five accounts become one, and a contact hangs on one of them."""
    ids = [firm(fake, kind) for kind in ("SARL", "SAS", "SA", "SNC", "EURL")]
    fake.edit("Account", ids[3], Phone="1")
    fake.add("Contact", LastName="Doe", AccountId=ids[1])
    with loop_of(fake, NOW) as loop:
        changes = tuple(with_few_children(each) for each in plan(loop).plan.changes)
    assert sorted(losers(changes)) == ids[1:]
    kept = {"Account", "Contact", "Task", "TaskStatus", "User", "Organization"}
    disk = disk_of(tmp_path, fake, kept)
    before = disk.open_org()

    def check(fake: FakeOrg, desk: Desk) -> None:
        entries = settled(desk, {}, RUN)
        check_left(fake, entries)
        # Who applies the same plan again merges nothing twice.
        carry_out(desk, changes, REST)
        check_left(fake, [*entries, *desk.journal.changes(REST)])
        assert [row["Id"] for row in fake.records("Account")] == ids[:1]
        assert fake.record("Account", ids[0])["Phone"] == "1"

    return Deaths(
        disk, before, a_desk(before), lambda desk: carry_out(desk, changes), is_merge, check
    )


def with_few_children(change: Change) -> Change:
    """The same change in an org of few objects, which is loaded fast."""
    few = ("Contact.AccountId", "Task.WhatId")
    kept = (replace(e, children={name: e.children[name] for name in few}) for e in change.losers)
    return replace(change, losers=tuple(kept))


def carry_out(desk: Desk, changes: tuple[Change, ...], run_id: str = RUN) -> None:
    run = Run(run_id, desk.org.id, "merge-duplicates", NOW, NOW, None, RunState.RUNNING, "h")
    desk.journal.start(run, changes)
    apply(changes, run.id, desk, NOW)
    desk.journal.finish(run.id, finished=NOW, state=RunState.FINISHED, states=None)


def check_left(fake: FakeOrg, entries: list[JournalledChange]) -> None:
    """Books and org agree, and all that is gone is in the books."""
    gone = {r["Id"] for r in fake.state.store.table("Account").rows.values() if r.get("IsDeleted")}
    told = [each for each in entries if each.outcome.state is State.APPLIED]
    assert sorted(losers([each.change for each in told])) == sorted(gone)
    assert {each.outcome.state for each in entries} <= {State.APPLIED, State.SKIPPED}
    for each in told:
        survivor = fake.record("Account", each.change.id)
        assert all(survivor[name] == value.after for name, value in each.change.fields.items())
        for loser in each.change.losers:
            assert fake.record("Account", loser.id)["MasterRecordId"] == each.change.id
            assert loser.fields["Name"] == fake.record("Account", loser.id)["Name"]


def test_killed_at_any_boundary_nothing_is_merged_twice_or_lost(deaths: Deaths) -> None:
    number, _ = deaths.boundaries()
    assert number >= 15
    for boundary in thinned(range(number + 1)):
        assert deaths.killed_at(boundary) == (boundary == number)


def test_killed_while_a_lost_answer_is_read_for(deaths: Deaths) -> None:
    _, first = deaths.boundaries()
    for boundary in range(first + 1, first + 9, 3):
        assert not deaths.killed_at(boundary, "after")
