"""Do the facts and rules as SQL, against which the product is measured, plan what the plain loop
plans?
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

import bench_inputs
import duck_rules
import duckdb
import plain_loop
import pytest
from bench_data import NOW, PREVIOUS_AT, SERVICE_USER, ZONE
from bench_inputs import Inputs
from plain_facts import Clock
from rules_engine import plan_of_rows


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """An org of three parts."""
    return bench_inputs.make(tmp_path_factory.mktemp("org"), 1500, part=600)


def test_an_org_of_several_parts_has_ids_of_its_own_and_children_of_its_own(inputs: Inputs) -> None:
    ids = {name: inputs.table(name)["Id"].to_pylist() for name in inputs.objects}
    assert len(ids["Account"]) == len(set(ids["Account"])) == 1500
    assert {len(id) for name in ids for id in ids[name]} == {18}
    assert ids["Account"][600] == "001000000006000AAA"
    for name in ("Opportunity", "Task", "Event", "Contact", "AccountHistory"):
        parents = inputs.table(name)["AccountId"].drop_null().to_pylist()
        assert set(parents) <= set(ids["Account"])
        assert max(parents) >= ids["Account"][1200]
    writes = {write.id for write in inputs.own_writes()}
    assert writes <= set(ids["Account"])
    assert set(inputs.previous().stages) == set(ids["Opportunity"])


def test_the_sql_plans_what_the_plain_loop_plans(inputs: Inputs) -> None:
    # So much later that most rules have somebody to move.
    now = NOW + timedelta(days=100)
    connection = duck_rules.loaded(inputs.folder, now, PREVIOUS_AT, ZONE, SERVICE_USER, threads=1)
    planned = plan_of_rows([duck_rules.plan(connection)])
    expected = plain_loop.plan(
        inputs.records(),
        now,
        ZONE,
        previous=inputs.previous(),
        own_user_id=SERVICE_USER,
        own_writes=inputs.own_writes(),
    )
    assert planned == {key: (each.fields, each.cause) for key, each in expected.items()}
    assert len({cause for _, cause in planned.values()}) >= 9


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Sao_Paulo", "Asia/Kolkata"])
def test_the_sql_counts_days_as_the_zone_does(zone: str) -> None:
    org_zone, connection = ZoneInfo(zone), duckdb.connect()
    for macro in duck_rules.zone_macros(org_zone, 2026):
        connection.execute(macro)
    moments = [
        moment + timedelta(seconds=seconds)
        for moment, _ in duck_rules.changes(org_zone, 2026)
        for seconds in (-1, 0, 1)
    ]
    days = [moment.astimezone(org_zone).date() for moment in [*moments, NOW]]
    asked = {"moments": [moment.replace(tzinfo=None) for moment in [*moments, NOW]], "days": days}
    found = connection.execute(
        "SELECT list_transform($moments::TIMESTAMP[], lambda moment: day_of(moment)),"
        " list_transform($days::DATE[], lambda day: start_of(day))",
        asked,
    ).fetchone()
    clock = Clock.at(NOW, zone)
    assert found == (days, [clock.start(day).replace(tzinfo=None) for day in days])
