"""What do the tests of one process do once, each for all that come after it?

Whatever is kept here is told by its whole content: what differs at all is made anew.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Compiled, Dialect

from sfsync.fake.clock import Clock
from sfsync.fake.recording.load import _Loading
from sfsync.fake.schema import Schema
from sfsync.fake.state import OrgState
from sfsync.fake.store import Store
from sfsync.lines import read_yaml
from sfsync.policy import Policy
from sfsync.rules import load

BUILD, READ, CONNECT, LOAD = load.load_policy, cache(read_yaml), sa.create_engine, _Loading.load


def policy_of(texts: Mapping[str, str]) -> Policy:
    """The policy of these texts, built once."""
    return _policy_of(tuple(texts.items()))


@cache
def _policy_of(texts: tuple[tuple[str, str], ...]) -> Policy:
    return BUILD(dict(texts))


class Statements(dict[tuple[object, ...], Compiled]):
    """Statements in the words of the kind of database they are for, whichever of its databases was
    the first to be asked.
    """

    def get(self, key: tuple[object, ...], default: Any = None) -> Any:
        """The statement in a database's words, if it was asked before."""
        return super().get(_of_any(key), default)

    def __setitem__(self, key: tuple[object, ...], statement: Compiled) -> None:
        super().__setitem__(_of_any(key), statement)


def _of_any(key: tuple[object, ...]) -> tuple[object, ...]:
    dialect, *rest = key
    assert isinstance(dialect, Dialect)
    return (type(dialect), *rest)


STATEMENTS = Statements()


def connected(*given: Any, **named: Any) -> sa.Engine:
    """Connect to a database, as `create_engine` does; what other ones were asked needs not be put
    into words again.
    """
    engine = CONNECT(*given, **named)
    engine.update_execution_options(compiled_cache=STATEMENTS)
    return engine


LOADED: dict[tuple[bytes, str], OrgState] = {}


def loaded(loading: _Loading) -> OrgState:
    """The org of a recording's files, as they are; files with the same bytes are read once."""
    folder = loading.source.path
    if not folder.is_dir():
        return LOAD(loading)
    key = (_digest(folder), repr(loading.likely))
    if key not in LOADED:
        LOADED[key] = LOAD(loading)
    return _like(LOADED[key])


def _digest(folder: Path) -> bytes:
    seen = blake2b()
    for file in sorted(each for each in folder.iterdir() if each.is_file()):
        content = file.read_bytes()
        seen.update(f"{file.name} {len(content)}\n".encode() + content)
    return seen.digest()


def _like(org: OrgState) -> OrgState:
    """Another org with the same objects and records, neither of which knows of the other."""
    store = Store(
        Schema(
            replace(
                each, fields=dict(each.fields), hidden=set(each.hidden), guarded=set(each.guarded)
            )
            for each in org.store.schema.objects.values()
        )
    )
    for name, table in org.store.tables.items():
        of_this = store.table(name)
        of_this.rows = {record_id: dict(row) for record_id, row in table.rows.items()}
        for record_id in of_this.rows:
            store.reserve(record_id)
    return OrgState(store, Clock(org.clock.now()))
