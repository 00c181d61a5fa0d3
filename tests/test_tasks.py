"""Do won opportunities get their task, once, and does an undo take it away?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from entering import connect
from handover import (
    MARK,
    NOW,
    TASK,
    add_queue,
    complete,
    opportunity,
    own_tasks,
    won_org,
)
from loop_org import CONFIG, Loop, config_texts, loop_of
from test_create import lose

from sfsync.apply import settle
from sfsync.apply.create import CREATED_BEFORE
from sfsync.cli.runs import change_data
from sfsync.cli.screen import Screen
from sfsync.cli.sheet import outcome_row, said
from sfsync.errors import ConfigError, OrgUnavailable
from sfsync.fake import FakeOrg
from sfsync.fake.schema import ObjectType
from sfsync.jobs import Planned
from sfsync.jobs.hourly import hourly
from sfsync.jobs.undo import undo
from sfsync.lines import read_yaml
from sfsync.model import (
    Action,
    Change,
    FieldChange,
    JournalledChange,
    OpenFinding,
    Outcome,
    Plan,
    Run,
    RunState,
    State,
    key_of_new,
)
from sfsync.plan import narrowed
from sfsync.plan_file import from_json, to_csv_rows, to_json
from sfsync.policy import TASK_WAITING, Policy
from sfsync.report import FieldNames
from sfsync.report.figures import speech_of
from sfsync.report.sentence import Voice
from sfsync.rules.load import load_policy
from sfsync.rules.texts import TEXTS_FILE, load_texts

FILE = Path(__file__).parent / "cases" / "tasks" / "onboarding.yaml"
CASES = read_yaml(FILE.read_text(encoding="utf-8"), FILE.name).data
CAUSE = f"task:{TASK}"


def creations(changes: tuple[Change, ...]) -> list[Change]:
    return [change for change in changes if change.action is Action.CREATE]


def key(fake: FakeOrg, name: str = "won") -> str:
    return key_of_new("Task", opportunity(fake, name), CAUSE)


@contextmanager
def a_loop(*names: str, queue: bool = True) -> Iterator[Loop]:
    """A loop over an org with complete opportunities of these names, won from Commit."""
    fake = won_org(complete(*names), queue=queue)
    with loop_of(fake, NOW) as loop:
        yield loop


@pytest.fixture(scope="module")
def planned() -> tuple[FakeOrg, Plan]:
    """All cases side by side in one org, and what a pass plans there: reading takes longest."""
    fake = won_org(each for case in CASES for each in case["opportunities"])
    with loop_of(fake, NOW) as loop:
        had = [name for case in CASES for name in case.get("had", ())]
        remember_tasks(loop, [opportunity(fake, name) for name in had])
        return fake, loop.plan().plan


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_who_gets_the_task(case: Mapping[str, Any], planned: tuple[FakeOrg, Plan]) -> None:
    fake, plan = planned
    names = {str(row["Id"]): row["Name"] for row in fake.records("Opportunity")}
    mine = {each["Id"] for each in case["opportunities"]}
    told = [names[change.about] for change in creations(plan.changes)]
    assert sorted(name for name in told if name in mine) == sorted(case["gets"])
    assert creations(plan.changes) == list(plan.changes)
    assert plan.notes == ()


def remember_tasks(loop: Loop, about: Sequence[str]) -> None:
    """Let the books say that an earlier run created the task for these opportunities."""
    keys = [key_of_new("Task", each, CAUSE) for each in about]
    changes = [Change("Task", key, "gone", {}, CAUSE, "", action=Action.CREATE) for key in keys]
    run = Run("earlier", loop.org.id, "hourly", NOW, NOW, None, RunState.RUNNING, "p1")
    loop.journal.start(run, changes)
    created = "00T000000000999AAA"
    done = [Outcome("Task", key, State.APPLIED, created=created) for key in keys]
    loop.journal.note("earlier", list(enumerate(done)))
    loop.journal.finish("earlier", finished=NOW, state=RunState.FINISHED, states={}, whole=False)


def test_the_task_is_what_was_declared() -> None:
    with a_loop("won") as loop:
        ran = loop.run()
        (entry,) = loop.journal.changes(ran.run.id)
        (task,) = own_tasks(loop.fake)
    assert entry.outcome.state is State.APPLIED
    assert entry.outcome.created == task["Id"]
    assert entry.change.id == key(loop.fake)
    wanted = {
        "Subject": f"{MARK} Hand over to onboarding: won",
        "WhatId": opportunity(loop.fake),
        "OwnerId": loop.fake.records("Group")[0]["Id"],
        "ActivityDate": "2026-06-16",
        "Status": "Not Started",
        "IsClosed": False,
        "Description": "Plan: Business, 12 users, from 2026-06-20\nPricing terms: Yearly\n"
        "Customer: Two sites\nBilling: Facturier, compta@example.org",
    }
    assert {name: task[name] for name in wanted} == wanted


def complete_it(fake: FakeOrg, task: str) -> None:
    fake.edit("Task", task, Status="Completed")


def task_of(fake: FakeOrg, name: str = "won") -> str:
    """The Id of the task that the service created for the opportunity of that name."""
    about = opportunity(fake, name)
    return next(str(row["Id"]) for row in own_tasks(fake) if row["WhatId"] == about)


def test_whatever_a_person_does_with_it_no_other_is_created() -> None:
    with a_loop("renamed", "completed", "deleted", "left") as loop:
        fake = loop.fake
        loop.run()
        fake.edit("Task", task_of(fake, "renamed"), Subject="Handed over")
        complete_it(fake, task_of(fake, "completed"))
        fake.remove("Task", task_of(fake, "deleted"))
        fake.clock.advance(3600)
        again = replace(loop, now=NOW + timedelta(hours=1)).run()
        assert again.plan.changes == ()
        assert len(fake.records("Task")) == 3
        # Nor does it count as activity: the mark, or who moved the account by hand, tells.
        look = loop.look()
        done = look.column("Opportunity", "last_activity_at")
        index = look.frame("Opportunity").index
        assert list(index[done.present]) == []


def test_a_saved_plan_that_is_applied_again_creates_nothing_twice() -> None:
    with a_loop("won") as loop:
        planned = loop.plan()
        loop.apply(planned)
        loop.fake.edit("Task", task_of(loop.fake), Subject="Handed over")
        (outcome,) = loop.apply(saved(planned)).outcomes
        assert (outcome.state, outcome.message) == (State.SKIPPED, CREATED_BEFORE)
        assert len(loop.fake.records("Task")) == 1


def test_a_saved_plan_does_not_send_again_what_is_still_under_way() -> None:
    with a_loop("won") as loop:
        planned, hook = loop.plan(), lose("before")
        loop.fake.on_request.append(hook)
        with pytest.raises(OrgUnavailable):
            loop.apply(planned)
        loop.fake.on_request.remove(hook)
        settle(loop.org.id, loop.desk, {})
        (outcome,) = loop.apply(saved(planned)).outcomes
        assert (outcome.state, outcome.message) == (State.SKIPPED, CREATED_BEFORE)
        assert loop.fake.records("Task") == []


def saved(planned: Planned) -> Planned:
    """The same plan, as `sfsync apply` reads it from its file."""
    return Planned(from_json(to_json(planned.plan), "plan.json"))


def test_one_that_is_there_is_not_created_though_the_books_are_lost() -> None:
    fake = won_org(complete("open", "completed", "deleted", "new"))
    there = {}
    for name in ("open", "completed", "deleted"):
        subject = f"{MARK} Hand over to onboarding: {name}"
        about = opportunity(fake, name)
        there[about] = fake.add("Task", Subject=subject, WhatId=about, Status="Not Started")
    complete_it(fake, task_of(fake, "completed"))
    fake.remove("Task", task_of(fake, "deleted"))
    with loop_of(fake, NOW) as loop:
        ran = loop.run()
        for change, outcome in zip(ran.plan.changes, ran.outcomes, strict=True):
            if change.about in there:
                assert (outcome.state, outcome.message) == (State.SKIPPED, "already there")
                assert outcome.created == there[change.about]
            else:
                assert outcome.state is State.APPLIED
        assert len(ran.outcomes) == 4
        assert loop.run().plan.changes == ()
    assert len(fake.records("Task")) == 3


def test_somebody_elses_task_of_that_name_is_another() -> None:
    fake = won_org(complete("won", "other"))
    for subject in ("Hand over to onboarding: won", f"{MARK} Hand over to onboarding: other"):
        fake.add("Task", Subject=subject, WhatId=opportunity(fake), Status="Not Started")
    with loop_of(fake, NOW) as loop:
        ran = loop.run()
    assert [each.state for each in ran.outcomes] == [State.APPLIED, State.APPLIED]


def test_without_the_queue_the_task_waits_and_the_plan_says_for_what() -> None:
    with a_loop("won", queue=False) as loop:
        plan = loop.plan().plan
        assert plan.changes == ()
        (note,) = plan.notes
        assert 'no queue "Onboarding"' in note
        assert opportunity(loop.fake) in note
        add_queue(loop.fake, takes="Case")
        assert loop.plan().plan.changes == ()
        add_queue(loop.fake, "Onboarding", "Takes_Tasks")
        assert len(loop.run().outcomes) == 1


def test_a_task_that_waits_is_a_finding_until_it_is_created() -> None:
    def is_open(loop: Loop) -> list[OpenFinding]:
        return list(loop.journal.findings(loop.org.id, is_open=True, code=TASK_WAITING))

    with a_loop("won", queue=False) as loop:
        loop.run()
        (waiting,) = is_open(loop)
        assert (waiting.finding.id, waiting.finding.name) == (opportunity(loop.fake), "won")
        assert waiting.amount == 12000
        texts = load_texts(
            (CONFIG / TEXTS_FILE).read_text(encoding="utf-8"), TEXTS_FILE, loop.policy
        )
        voice = Voice(speech_of("fr", "fr_FR"), "EUR", "Europe/Paris", FieldNames())
        told = voice.sentence(waiting.finding, texts[TASK_WAITING])
        assert told.startswith("la tâche «")
        assert f"{MARK} Hand over to onboarding: won" in told
        assert 'attend\N{NO-BREAK SPACE}: the org has no queue "Onboarding"' in told
        add_queue(loop.fake)
        loop.run()
        assert is_open(loop) == []


def test_an_org_that_shows_no_queues_is_told_so() -> None:
    with a_loop("won") as loop:
        loop.fake.drop_object("Group")
        assert "hides it" in loop.plan().plan.notes[0]


def test_a_task_waits_while_one_of_its_findings_cannot_be_judged() -> None:
    with a_loop("won") as loop:
        loop.fake.drop_field("Opportunity", "Plan__c")
        plan = loop.plan().plan
    assert creations(plan.changes) == []
    assert any(
        "tasks that cannot judge: onboarding-handover (no Opportunity.Plan__c)" in note
        for note in plan.notes
    )


def test_what_changed_since_the_plan_is_judged_again() -> None:
    with a_loop("edited", "met otherwise", "quiet") as loop:
        fake, planned = loop.fake, loop.plan()
        fake.clock.advance(60)
        fake.edit("Opportunity", opportunity(fake, "edited"), Plan__c=None)
        about = opportunity(fake, "met otherwise")
        (event,) = (row["Id"] for row in fake.records("Event") if row["WhatId"] == about)
        fake.edit("Event", str(event), Location="Paris")
        ran = loop.apply(planned)
        stale = [each.message for each in ran.outcomes if each.state is State.STALE]
        assert sorted(message.split()[0] for message in stale) == ["Event", "Opportunity"]
        assert [row["WhatId"] for row in own_tasks(fake)] == [opportunity(fake, "quiet")]
        planned = loop.plan()
        fake.clock.advance(60)
        fake.edit("Account", str(fake.records("Account")[0]["Id"]), BillingCity="Paris")
        (outcome,) = loop.apply(planned).outcomes
        assert (outcome.state, outcome.message.split()[0]) == (State.STALE, "Account")


def owned_by_record() -> str:
    return config_texts()["rules/opportunities.yaml"].replace(
        "    queue: Onboarding\n", "    owner: record\n"
    )


def test_a_task_may_be_the_record_owners_unless_they_left() -> None:
    policy = load_policy({**config_texts(), "rules/opportunities.yaml": owned_by_record()})
    fake = won_org(complete("hers", "nobodys"), queue=False)
    here, gone = (
        fake.add("User", LastName=name, Username=f"{name}@example.com", IsActive=True)
        for name in ("here", "gone")
    )
    fake.edit("Opportunity", opportunity(fake, "hers"), OwnerId=here)
    fake.edit("Opportunity", opportunity(fake, "nobodys"), OwnerId=gone)
    fake.edit("User", gone, IsActive=False)
    fake.clock.advance(60)
    with loop_of(fake, NOW) as loop:
        plan = hourly(replace(loop.services, policy=policy)).plan
    assert [each.fields["OwnerId"].after for each in creations(plan.changes)] == [here]
    (note,) = plan.notes
    assert opportunity(fake, "nobodys") in note


WRONG = """
tasks:
  - {name: owner-inactive, when: {}, subject: A, queue: Q, because: b}
  - {name: whose, when: {}, subject: B, because: b}
  - {name: of-two, when: {}, subject: C, queue: Q, owner: record, because: b}
  - {name: without-what, when: {}, without: [commit-biling], subject: D, queue: Q, because: b}
  - {name: said-badly, when: {}, subject: "E {nam}", queue: Q, because: b}
  - {name: overdue, when: {}, subject: F, queue: Q, due_in_days: -1, because: b}
  - {name: twice, when: {}, subject: A, queue: Q, because: b}
  - {name: spells, when: {}, subject: I, queue: Q, spell_of: amount, because: b}
  - {name: where, in: Closed, when: {}, subject: H, queue: Q, because: b}
"""


def test_all_that_is_wrong_with_declarations_is_found() -> None:
    text = config_texts()["rules/opportunities.yaml"]
    texts = {**config_texts(), "rules/opportunities.yaml": text[: text.index("tasks:")] + WRONG}
    with pytest.raises(ConfigError) as caught:
        load_policy(texts)
    told = "\n".join(caught.value.problems)
    for words in (
        '"owner-inactive" is the name of something above',
        'whose: give either "queue" or "owner: record"',
        'of-two: give either "queue" or "owner: record"',
        'no finding "commit-biling"; did you mean "commit-billing"',
        'no fact or field "nam"',
        "due_in_days",
        "twice: a task above has the same subject",
        'no state "Closed"',
        'no fact "amount" of Opportunity counts the days of a spell; these do: idle_days, days_in',
    ):
        assert words in told, told


EXAMPLE = "# tasks:\n#   - name: call-idle-target"


def with_example() -> Policy:
    """The shipped policy with the example of accounts.yaml uncommented."""
    text = config_texts()["rules/accounts.yaml"]
    before, rest = text[: text.index(EXAMPLE)], text[text.index(EXAMPLE) :]
    example, _, after = rest.partition("\n\n")
    bare = "\n".join(line.removeprefix("# ") for line in example.splitlines())
    return load_policy({**config_texts(), "rules/accounts.yaml": f"{before}{bare}\n\n{after}"})


def test_a_target_that_goes_idle_may_bring_its_owner_a_task_once_a_spell() -> None:
    fake = won_org(())
    owner = fake.add("User", LastName="Ada", Username="ada@example.com", IsActive=True)
    entered = NOW - timedelta(days=44)
    target = {"Status__c": "Target", "Target_At__c": entered, "CreatedDate": entered}
    firm = fake.add("Account", Name="Firm", OwnerId=owner, SystemModstamp=entered, **target)
    told = []
    with loop_of(fake, NOW, with_example()) as loop:

        def on_day(day: int) -> None:
            """Run a pass so many days after the first, and keep what stands in the org."""
            fake.clock.set(NOW + timedelta(days=day))
            replace(loop, now=fake.clock.now(), chance=Random(day)).run()
            told.append([str(row["Subject"])[-12:] for row in own_tasks(fake)])

        on_day(0)
        on_day(1)
        complete_it(fake, str(own_tasks(fake)[0]["Id"]))
        on_day(6)
        # Completed on the first day, it counts as no activity.
        look = replace(loop, now=fake.clock.now()).look()
        row = look.frame("Account").index.get_loc(firm)
        assert look.column("Account", "idle_days").values[row] == 50
        done = {"Subject": "Called", "WhatId": firm, "Status": "Completed"}
        fake.add("Task", ActivityDate="2026-06-21", **done)
        on_day(50)
        on_day(51)
        on_day(52)
        owners = {row["OwnerId"] for row in own_tasks(fake)}
        stands = fake.record("Account", firm)["Status__c"]
    first, second = "(2026-05-02)", "(2026-06-21)"
    assert told == [[], [first], [first], [first], [first, second], [first, second]]
    assert (owners, stands) == ({owner}, "Target")


def test_tasks_of_an_object_without_states_are_refused() -> None:
    contacts = config_texts()["rules/contacts.yaml"]
    task = "\ntasks:\n  - {name: call, when: {}, subject: Call, owner: record, because: b}\n"
    with pytest.raises(ConfigError, match='"state" is missing: only findings can do without'):
        load_policy({**config_texts(), "rules/contacts.yaml": contacts + task})


def test_a_plan_may_be_narrowed_and_its_file_carries_what_is_created() -> None:
    with a_loop("won", "other") as loop:
        planned = loop.plan()
    policy, about = loop.services.policy, opportunity(loop.fake)
    assert len(narrowed(planned.plan, policy, only=[TASK]).changes) == 2
    assert len(narrowed(planned.plan, policy, only=["timestamps"]).changes) == 0
    assert [each.about for each in narrowed(planned.plan, policy, ids=[about]).changes] == [about]
    assert from_json(to_json(planned.plan), "plan.json") == planned.plan
    assert {row["action"] for row in to_csv_rows(planned.plan)} == {"create"}
    old = to_json(replace(planned.plan, changes=())).replace(
        '"changes": []',
        '"changes": [{"object": "Account", "id": "001000000000001AAA", "name": "A", "fields": {},'
        ' "cause": "score", "reason": ""}]',
    )
    assert from_json(old, "old.json").changes[0].action is Action.UPDATE


def without_description(task: ObjectType) -> None:
    del task.fields["Description"]
    task.refresh()


@pytest.mark.parametrize(
    ("take_away", "told"),
    [
        (lambda task: setattr(task, "createable", False), "may not create Task records: give it"),
        (without_description, "does not see it: let it edit that"),
        (
            lambda task: task.declare(replace(task.fields["Description"], createable=False)),
            "may not write Task.Description",
        ),
    ],
)
def test_where_the_user_may_not_create_the_task_it_alone_waits(
    take_away: Callable[[Any], object], told: str
) -> None:
    with a_loop("won") as loop:
        loop.fake.add("Account", Name="Newcomer")
        loop.fake.clock.advance(60)
        take_away(loop.fake.state.store.schema.objects["Task"])
        ran = loop.run()
        assert [each.state for each in ran.outcomes] == [State.APPLIED]
        (note,) = ran.plan.notes
        assert note.startswith(f"the task {TASK} waits for 1 records")
        assert told in note
        assert loop.fake.records("Task") == []


def test_a_saved_plan_is_refused_where_the_user_may_not_create_tasks() -> None:
    with a_loop("won") as loop:
        planned = loop.plan()
        loop.fake.state.store.schema.objects["Task"].createable = False
        again = connect(
            loop.fake.session(), loop.fake.host, loop.fake.token(), sleep=lambda _: None
        )
        with pytest.raises(ConfigError, match="may not create"):
            replace(loop, org=again).apply(planned)
        assert [run.state for run in loop.journal.runs()] == [RunState.STOPPED]
        assert loop.fake.records("Task") == []


def test_an_undo_deletes_what_a_run_created_and_its_undo_creates_it_again() -> None:
    with a_loop("won", "other") as loop:
        first = loop.run().run.id
        before = {row["Subject"]: row for row in own_tasks(loop.fake)}
        back = loop.undo(first)
        assert [each.state for each in back.outcomes] == [State.APPLIED, State.APPLIED]
        assert own_tasks(loop.fake) == []
        assert undo(loop.services, first).planned.plan.changes == ()
        history = loop.journal.history(loop.org.id, "Opportunity", opportunity(loop.fake))
        assert [each.change.action for each in history] == [Action.DELETE, Action.CREATE]
        assert loop.plan().plan.changes == ()

        again = loop.undo(back.run.id)
        after = {row["Subject"]: row for row in own_tasks(loop.fake)}
        assert [each.created for each in again.outcomes] == sorted(
            (str(row["Id"]) for row in after.values()),
            key=[each.created for each in again.outcomes].index,
        )
        assert {row["Id"] for row in after.values()}.isdisjoint(
            row["Id"] for row in before.values()
        )
        for subject, row in after.items():
            for name in ("WhatId", "OwnerId", "ActivityDate", "Description"):
                assert row[name] == before[subject][name]
        assert loop.plan().plan.changes == ()

        # Whoever asks twice is not given two.
        found = undo(loop.services, back.run.id)
        assert found.planned.plan.changes == ()
        assert loop.undo(again.run.id).outcomes[0].state is State.APPLIED
        found = undo(loop.services, back.run.id)
        assert found.planned.plan.changes == ()
        assert {each.why for each in found.left} == {"a run created it anew before"}


WORKED_ON: Mapping[str, tuple[Mapping[str, str | None], str]] = {
    "closed": ({"Status": "Completed"}, "somebody closed it"),
    "renamed": ({"Subject": "Handed over"}, "somebody changed it after the run"),
    "undated": ({"ActivityDate": None}, "somebody changed it after the run"),
    "described": ({"Description": "Called them"}, "somebody changed it after the run"),
}


def test_what_somebody_worked_on_is_left_and_the_rest_deleted() -> None:
    with a_loop(*WORKED_ON, "urgent") as loop:
        run, fake = loop.run().run.id, loop.fake
        tasks = {name: task_of(fake, name) for name in (*WORKED_ON, "urgent")}
        for name, (edit, _) in WORKED_ON.items():
            fake.edit("Task", tasks[name], **edit)
        # What the service wrote still stands there.
        fake.edit("Task", tasks["urgent"], Priority="High")
        words = str(fake.record("Task", tasks["urgent"])["Description"]).replace("\n", "\r\n")
        fake.edit("Task", tasks["urgent"], Description=words)
        found = undo(loop.services, run)
        assert {left.id: (left.field, left.why) for left in found.left} == {
            tasks[name]: ("IsClosed" if name == "closed" else next(iter(edit)), why)
            for name, (edit, why) in WORKED_ON.items()
        }
        loop.apply(found.planned)
        assert {row["Id"] for row in fake.records("Task")} == {tasks[name] for name in WORKED_ON}


def test_what_happens_between_look_and_deletion_counts() -> None:
    with a_loop("completed", "deleted") as loop:
        run, fake = loop.run().run.id, loop.fake
        tasks = {task_of(fake, name): name for name in ("completed", "deleted")}
        planned = undo(loop.services, run).planned
        fake.clock.advance(60)
        complete_it(fake, task_of(fake, "completed"))
        fake.remove("Task", task_of(fake, "deleted"))
        outcomes = {tasks[each.id]: each for each in loop.apply(planned).outcomes}
        assert outcomes["completed"].state is State.STALE
        gone = outcomes["deleted"]
        assert (gone.state, gone.message) == (State.SKIPPED, "already deleted")


def test_an_undo_may_be_of_the_tasks_alone_or_of_one_opportunitys() -> None:
    with a_loop("won", "other") as loop:
        run = loop.run().run.id
        about = opportunity(loop.fake)
        assert len(undo(loop.services, run, only=[TASK]).planned.plan.changes) == 2
        (change,) = undo(loop.services, run, ids=[about]).planned.plan.changes
        assert change.fields["WhatId"] == FieldChange(about, None)


def test_people_read_that_a_record_is_created_or_deleted() -> None:
    fields = {"Subject": FieldChange(None, "Call"), "WhatId": FieldChange(None, None)}
    new = Change("Task", "new25aeb4a0e71a055", "Call", fields, CAUSE, "", action=Action.CREATE)
    gone = replace(
        new, id="00T000000000001AAA", fields={"Subject": FieldChange("Call", None)},
        action=Action.DELETE,
    )  # fmt: skip
    screen = Screen()
    assert list(said(new, new.fields.items(), screen)) == [
        "creates the Task",
        "Subject: Call",
        "WhatId: -",
    ]
    assert list(said(gone, gone.fields.items(), screen)) == ["deletes the Task", "Subject: Call"]
    applied = Outcome("Task", new.id, State.APPLIED, created="00T000000000001AAA")
    assert "00T000000000001AAA" in outcome_row(new, applied, screen)
    data = change_data(JournalledChange("run", 0, new, applied, None))
    assert (data["action"], data["outcome"]["created"]) == ("create", "00T000000000001AAA")
