"""Do won opportunities get their task, once, and does an undo take it away?"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
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
from loop_org import Loop, config_texts, loop_of
from ruamel.yaml import YAML

from sfsync.errors import ConfigError
from sfsync.fake import FakeOrg
from sfsync.jobs.hourly import hourly
from sfsync.jobs.undo import undo
from sfsync.model import (
    Action,
    Change,
    FieldChange,
    Outcome,
    Run,
    RunState,
    State,
    key_of_new,
)
from sfsync.plan import from_json, narrowed, to_csv_rows, to_json
from sfsync.rules.load import load_policy

FILE = Path(__file__).parent / "cases" / "tasks" / "onboarding.yaml"
CASES = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_who_gets_the_task(case: Mapping[str, Any]) -> None:
    fake = won_org(case["opportunities"])
    with loop_of(fake, NOW) as loop:
        for name in case.get("had", ()):
            remember_a_task(loop, opportunity(fake, name))
        plan = loop.plan().plan
    names = {str(row["Id"]): row["Name"] for row in fake.records("Opportunity")}
    new = creations(plan.changes)
    assert sorted(names[change.about] for change in new) == sorted(case["gets"])
    assert plan.changes == tuple(new)
    assert plan.notes == ()


def remember_a_task(loop: Loop, about: str) -> None:
    """Let the books say that an earlier run created the task for an opportunity."""
    made = key_of_new("Task", about, CAUSE)
    change = Change("Task", made, "gone", {}, CAUSE, "", action=Action.CREATE)
    run = Run("earlier", loop.org.id, "hourly", NOW, NOW, None, RunState.RUNNING, "p1")
    loop.journal.start(run, [change])
    outcome = Outcome("Task", made, State.APPLIED, created="00T000000000999AAA")
    loop.journal.note("earlier", [(0, outcome)])
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


def rename(fake: FakeOrg, task: str) -> None:
    fake.edit("Task", task, Subject="Handed over")


def complete_it(fake: FakeOrg, task: str) -> None:
    fake.edit("Task", task, Status="Completed")


def delete(fake: FakeOrg, task: str) -> None:
    fake.remove("Task", task)


@pytest.mark.parametrize("act", [rename, complete_it, delete, lambda *_: None])
def test_whatever_a_person_does_with_it_no_other_is_created(act: Any) -> None:
    with a_loop("won") as loop:
        loop.run()
        act(loop.fake, str(own_tasks(loop.fake)[0]["Id"]))
        loop.fake.clock.advance(3600)
        again = replace(loop, now=NOW + timedelta(hours=1)).run()
        assert again.plan.changes == ()
        assert len(loop.fake.records("Task")) == (act is not delete)


@pytest.mark.parametrize("act", [complete_it, delete, lambda *_: None])
def test_one_that_is_there_is_not_created_though_the_books_are_lost(act: Any) -> None:
    fake = won_org(complete("won", "other"))
    subject = f"{MARK} Hand over to onboarding: won"
    task = fake.add("Task", Subject=subject, WhatId=opportunity(fake), Status="Not Started")
    act(fake, task)
    with loop_of(fake, NOW) as loop:
        ran = loop.run()
        found, made = sorted(ran.outcomes, key=lambda each: each.state.value, reverse=True)
        assert (found.state, found.message, found.created) == (
            State.SKIPPED,
            "already there",
            task,
        )
        assert made.state is State.APPLIED
        assert loop.run().plan.changes == ()
    assert len(fake.records("Task")) == 2 - (act is delete)


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
    with a_loop("won", "other") as loop:
        planned = loop.plan()
        loop.fake.clock.advance(60)
        loop.fake.edit("Opportunity", opportunity(loop.fake), Plan__c=None)
        ran = loop.apply(planned)
        assert sorted(each.state for each in ran.outcomes) == [State.APPLIED, State.STALE]
        assert [row["WhatId"] for row in own_tasks(loop.fake)] == [opportunity(loop.fake, "other")]


@pytest.mark.parametrize(("object", "field"), [("Account", "BillingCity"), ("Event", "Location")])
def test_what_the_findings_looked_at_may_not_have_changed_either(object: str, field: str) -> None:
    with a_loop("won") as loop:
        planned = loop.plan()
        loop.fake.clock.advance(60)
        loop.fake.edit(object, str(loop.fake.records(object)[0]["Id"]), **{field: "Paris"})
        (outcome,) = loop.apply(planned).outcomes
    assert outcome.state is State.STALE
    assert object in outcome.message


def test_own_tasks_are_no_activity_even_when_people_complete_them() -> None:
    with a_loop("won") as loop:
        loop.run()
        complete_it(loop.fake, str(own_tasks(loop.fake)[0]["Id"]))
        look = loop.look()
        for name in ("Account", "Opportunity"):
            assert not look.column(name, "last_activity_at").present.any()


def owned_by_record() -> str:
    return config_texts()["rules/opportunities.yaml"].replace(
        "    queue: Onboarding\n", "    owner: record\n"
    )


@pytest.mark.parametrize("is_active", [True, False])
def test_a_task_may_be_the_record_owners_unless_they_left(is_active: bool) -> None:
    policy = load_policy({**config_texts(), "rules/opportunities.yaml": owned_by_record()})
    fake = won_org(complete("won"), queue=False)
    user = fake.add("User", LastName="Doe", Username="doe@example.com", IsActive=True)
    fake.edit("Opportunity", opportunity(fake), OwnerId=user)
    fake.edit("User", user, IsActive=is_active)
    fake.clock.advance(60)
    with loop_of(fake, NOW) as loop:
        plan = hourly(replace(loop.services, policy=policy)).plan
    assert [each.fields["OwnerId"].after for each in creations(plan.changes)] == [user] * is_active
    assert len(plan.notes) == (not is_active)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    queue: Onboarding\n", "", 'either "queue" or "owner: record"'),
        ("    queue: Onboarding\n", "    queue: Onboarding\n    owner: record\n", "either"),
        ("commit-billing]\n    subject", "commit-biling]\n    subject", "commit-billing"),
        ("onboarding: {name}", "onboarding: {nam}", 'no fact or field "nam"'),
        ("    due_in_days: 1", "    due_in_days: -1", "due_in_days"),
        ("  - name: onboarding-handover", "  - name: owner-inactive", "the name of something"),
    ],
)
def test_a_wrong_declaration_is_found(old: str, new: str, words: str) -> None:
    text = config_texts()["rules/opportunities.yaml"]
    assert text.count(old) == 1
    texts = {**config_texts(), "rules/opportunities.yaml": text.replace(old, new)}
    with pytest.raises(ConfigError) as caught:
        load_policy(texts)
    assert words in str(caught.value)


def test_two_tasks_of_one_subject_could_not_be_told_apart() -> None:
    text = config_texts()["rules/opportunities.yaml"]
    task = text[text.index("  - name: onboarding-handover") :]
    twice = text + task.replace("onboarding-handover", "another")
    with pytest.raises(ConfigError, match="same subject"):
        load_policy({**config_texts(), "rules/opportunities.yaml": twice})


def test_a_plan_file_carries_what_is_created() -> None:
    with a_loop("won") as loop:
        planned = loop.plan()
    assert from_json(to_json(planned.plan), "plan.json") == planned.plan
    assert {row["action"] for row in to_csv_rows(planned.plan)} == {"create"}
    old = to_json(replace(planned.plan, changes=())).replace(
        '"changes": []',
        '"changes": [{"object": "Account", "id": "001000000000001AAA", "name": "A", "fields": {},'
        ' "cause": "score", "reason": ""}]',
    )
    assert from_json(old, "old.json").changes[0].action is Action.UPDATE


def test_a_plan_is_narrowed_to_a_task_or_to_the_record_that_it_is_about() -> None:
    with a_loop("won", "other") as loop:
        planned = loop.plan().plan
        policy = loop.services.policy
        about = opportunity(loop.fake)
        assert len(narrowed(planned, policy, only=[TASK]).changes) == 2
        assert len(narrowed(planned, policy, only=["timestamps"]).changes) == 0
        assert [each.about for each in narrowed(planned, policy, ids=[about]).changes] == [about]


def test_a_user_who_may_not_create_tasks_is_told_before_anything_is_written() -> None:
    with a_loop("won") as loop:
        loop.fake.state.store.schema.objects["Task"].createable = False
        with pytest.raises(ConfigError, match="may not create"):
            loop.run()
        assert loop.journal.runs() == []


def test_an_undo_deletes_what_a_run_created_and_its_undo_creates_it_again() -> None:
    with a_loop("won", "other") as loop:
        first = loop.run().run.id
        before = {row["Subject"]: row for row in own_tasks(loop.fake)}
        back = loop.undo(first)
        assert [each.state for each in back.outcomes] == [State.APPLIED, State.APPLIED]
        assert own_tasks(loop.fake) == []
        assert undo(loop.services, first).planned.plan.changes == ()
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


@pytest.mark.parametrize(
    ("edit", "field", "why"),
    [
        ({"Status": "Completed"}, "IsClosed", "somebody closed it"),
        ({"Subject": "Handed over"}, "Subject", "somebody changed it"),
        ({"ActivityDate": None}, "ActivityDate", "somebody changed it"),
        ({"Description": "Called them"}, "Description", "somebody changed it"),
    ],
)
def test_what_somebody_worked_on_is_left(edit: dict[str, str | None], field: str, why: str) -> None:
    with a_loop("won") as loop:
        run = loop.run().run.id
        task = str(own_tasks(loop.fake)[0]["Id"])
        loop.fake.edit("Task", task, **edit)
        found = undo(loop.services, run)
        assert found.planned.plan.changes == ()
        (left,) = found.left
        assert (left.id, left.field) == (task, field)
        assert why in left.why


def test_an_edit_that_leaves_what_was_written_does_not_keep_it() -> None:
    with a_loop("won") as loop:
        run = loop.run().run.id
        loop.fake.edit("Task", str(own_tasks(loop.fake)[0]["Id"]), Priority="High")
        loop.undo(run)
        assert own_tasks(loop.fake) == []


def test_a_task_that_is_completed_between_look_and_deletion_stays() -> None:
    with a_loop("won") as loop:
        run = loop.run().run.id
        planned = undo(loop.services, run).planned
        loop.fake.clock.advance(60)
        complete_it(loop.fake, str(own_tasks(loop.fake)[0]["Id"]))
        (outcome,) = loop.apply(planned).outcomes
        assert outcome.state is State.STALE
        assert len(own_tasks(loop.fake)) == 1


def test_one_that_is_gone_meanwhile_needs_no_deletion() -> None:
    with a_loop("won") as loop:
        run = loop.run().run.id
        planned = undo(loop.services, run).planned
        loop.fake.clock.advance(60)
        delete(loop.fake, str(own_tasks(loop.fake)[0]["Id"]))
        (outcome,) = loop.apply(planned).outcomes
        assert (outcome.state, outcome.message) == (State.SKIPPED, "already deleted")


def test_an_undo_may_be_of_the_tasks_alone_or_of_one_opportunitys() -> None:
    with a_loop("won", "other") as loop:
        run = loop.run().run.id
        about = opportunity(loop.fake)
        assert len(undo(loop.services, run, only=[TASK]).planned.plan.changes) == 2
        (change,) = undo(loop.services, run, ids=[about]).planned.plan.changes
        assert change.fields["WhatId"] == FieldChange(about, None)


def test_the_history_of_an_opportunity_has_its_task() -> None:
    with a_loop("won") as loop:
        run = loop.run().run.id
        loop.undo(run)
        history = loop.journal.history(loop.org.id, "Opportunity", opportunity(loop.fake))
    assert [each.change.action for each in history] == [Action.DELETE, Action.CREATE]
