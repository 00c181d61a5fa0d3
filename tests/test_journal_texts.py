"""What changes of a run have in common is kept once: does each say it, until the last goes?"""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from postgres_server import tell
from test_journal import NOW, ORG, a_change, a_run, outcome_of
from test_journal import file as file
from test_journal import url as url
from test_pruning import AGES, OLD, a_past_run, applied, plain

from sfsync.journal import Journal
from sfsync.journal.tables import RUNS
from sfsync.journal.texts import read_texts
from sfsync.model import Evidence, FieldChange, RunState, Stamp, State
from sfsync.traces import FORGOTTEN, Traces

WORDS = "Ann Example called"
ANN = "003000000000001AAA"
BEN = "003000000000002AAA"
ODD = "2026-06-15T08:00:00.000+0200"


def texts(url: str) -> list[str]:
    return [str(text) for (text,) in tell(url, "SELECT text FROM run_texts ORDER BY text")]


@pytest.mark.parametrize("stamp", ["2026-06-15T08:00:00.000+0000", ODD, "yesterday", None])
def test_what_a_change_rests_on_comes_back_to_the_letter(url: str, stamp: str | None) -> None:
    one = a_change(1)
    other = Stamp("Task", "00T000000000001AAA", "2026-06-15T08:00:00.123+0000")
    own = Stamp("Account", one.id, stamp)
    rests = [(own,), (own, other), (other, own), (other,), ()]
    changes = [replace(a_change(n), id=one.id, rests_on=each) for n, each in enumerate(rests)]
    with closing(Journal.open(url)) as journal:
        journal.start(a_run(), changes)
        assert [each.change for each in journal.changes(a_run().id)] == changes


def test_values_that_only_look_alike_are_told_apart(url: str) -> None:
    values = (1, 1.0, True, "1", "true", None, "null", "", 0, False)
    changes = [
        a_change(
            n,
            fields={"Odd__c": FieldChange(value, value)},
            evidence=(Evidence("odd", value),) * 2,
            reason=str(value),
        )
        for n, value in enumerate(values * 2)
    ]
    with closing(Journal.open(url)) as journal:
        journal.start(a_run(), changes)
        found = [each.change.fields["Odd__c"].after for each in journal.changes(a_run().id)]
        proofs = [each.change.evidence[0].value for each in journal.changes(a_run().id)]
    expected = [(type(value), value) for value in values * 2]
    assert [(type(value), value) for value in found] == expected
    assert [(type(value), value) for value in proofs] == expected


def test_outcomes_of_neighbours_are_each_ones_own(url: str) -> None:
    changes = [a_change(n) for n in range(6)]
    states = [State.APPLIED, State.APPLIED, State.REFUSED, State.STALE, State.APPLIED]
    with closing(Journal.open(url)) as journal:
        journal.start(a_run(), changes)
        journal.mark_sent(a_run().id, [4, 0, 1, 2, 3], NOW, job="750000000000001AAA")
        journal.mark_sent(a_run().id, [1], NOW + timedelta(minutes=1))
        outcomes = [outcome_of(change, each) for change, each in zip(changes, states, strict=False)]
        journal.note(a_run().id, [(n, outcomes[n]) for n in (3, 4, 0, 1, 2)])
        found = journal.changes(a_run().id)
        assert journal.jobs(a_run().id) == {"750000000000001AAA": [0, 2, 3, 4]}
    assert [each.outcome.state for each in found] == [*states, State.PLANNED]
    assert found[1].sent_at == NOW + timedelta(minutes=1)
    assert found[5].sent_at is None


def test_texts_go_with_the_last_change_that_says_them(url: str) -> None:
    with closing(Journal.open(url)) as journal:
        a_past_run(journal, OLD, applied(plain(1)), applied(plain(2)))
        assert "score" in texts(url)
        journal.pruning(AGES, {"Account": "Status__c"}).prune(lambda: None)
        assert texts(url) == []
        moved, other = a_change(1), replace(plain(2), reason="said once more")
        said = applied(replace(other, id="001000000000009AAA"))
        a_past_run(journal, OLD, applied(moved), applied(other), said)
        assert "said once more" in texts(url)
        journal.pruning(AGES, {"Account": "Status__c"}).prune(lambda: None)
        assert set(texts(url)) >= {"Account", "rule:idle", "Status__c"}
        assert not {"said once more", "score", "Potential_Score__c"} & set(texts(url))


def test_who_is_forgotten_is_so_in_what_others_say_too_and_only_there(url: str) -> None:
    fields = {"Title": FieldChange("Buyer", "Head of purchasing")}
    told = {"object": "Contact", "reason": WORDS, "fields": fields}
    ann, ben, zoe = (
        replace(a_change(n), id=id, name=name, evidence=(Evidence("said", WORDS),), **told)
        for n, (id, name) in enumerate(
            [(ANN, "Ann Example"), (BEN, "Ben Example"), ("003000000000003AAA", "Zoe Example")]
        )
    )
    zoe = replace(zoe, reason="nobody called", evidence=(Evidence("said", "nothing"),))
    with closing(Journal.open(url)) as journal:
        journal.start(a_run(), [ann, ben, zoe, replace(zoe, id="003000000000004AAA")])
        journal.finish(a_run().id, finished=NOW, state=RunState.FINISHED, states=None, whole=False)
        traces = Traces(frozenset(), frozenset(["Ann Example"]), frozenset([ANN]))
        counts = journal.forgetting.forget(traces, write=True)
        found = [each.change for each in journal.changes(a_run().id)]
        assert len(journal.history(ORG, "Contact", ANN)) == 1
    assert counts == {"changes": 2, "fields of changes": 1}
    assert (found[0].name, found[0].reason) == (FORGOTTEN, FORGOTTEN)
    assert found[0].fields["Title"].before == FORGOTTEN
    assert (found[1].name, found[1].reason) == ("Ben Example", f"{FORGOTTEN} called")
    assert found[1].fields == fields
    assert found[2] == zoe
    assert not [text for text in texts(url) if "Ann" in text]


def test_of_many_runs_only_what_is_needed_is_read(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfsync.journal.texts.NAMED_AT_ONCE", 2)
    with closing(Journal.open(url)) as journal:
        for number in range(3):
            journal.start(replace(a_run(), id=f"run {number}"), [a_change(n) for n in range(2)])
        with journal._engine.connect() as connection:
            runs = [row[0] for row in connection.execute(sa.select(RUNS.c.number))]
            few = read_texts(connection, {run: {0} for run in runs})
            all_of_one = read_texts(connection, {runs[0]: {0, 1, 2}})
    assert set(few) == {(run, 0) for run in runs}
    assert len(all_of_one) > 3
