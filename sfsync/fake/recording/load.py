"""Which org does a folder in the form of Salesforce's Data Export hold?"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sfsync.fake.activities import archive
from sfsync.fake.clock import Clock
from sfsync.fake.derive import derive_after_loading
from sfsync.fake.errors import RecordingError
from sfsync.fake.metadata.kept import StoredRule
from sfsync.fake.recording.columns import (
    Description,
    Inference,
    build_object,
    check_header,
    read_description,
    unknown_columns,
)
from sfsync.fake.recording.log import Log
from sfsync.fake.recording.rows import RowReader
from sfsync.fake.recording.save import DESCRIPTION, STATE
from sfsync.fake.recording.setup import complete_setup
from sfsync.fake.recording.source import Source
from sfsync.fake.schema import Field, Schema
from sfsync.fake.state import OrgState
from sfsync.fake.store import Store
from sfsync.fake.values import Row, Value, moment_of, wire_datetime

_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_STAMPS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")


def load_state(path: Path, log: Path | None, likely: Mapping[str, Mapping[str, str]]) -> OrgState:
    """Return the org of a folder or zip; `load_folder` of the package documents how."""
    source = Source(path)
    source.check()
    loading = _Loading(source, likely)
    state = loading.load()
    written = source.json(STATE)
    _complete(state, path.stem, str(written.get("user_id", "")))
    if "now" in written:
        state.clock.set(moment_of(str(written["now"])))
    rules = written.get("validation_rules", [])
    for each in rules if isinstance(rules, list) else []:
        rule = StoredRule(**each)
        state.metadata.rules[f"{rule.object_name}.{rule.name}"] = rule
    state.store.commit()
    if log is not None:
        kept = Log(state, log)
        kept.replay()
        archive(state)
        state.on_commit.append(kept.append)
        state.metadata.on_deploy.append(kept.append_deploy)
    return state


@dataclass(slots=True)
class _Loading:
    source: Source
    likely: Mapping[str, Mapping[str, str]]
    problems: list[str] = field(default_factory=list)
    descriptions: dict[str, Description] = field(default_factory=dict)
    schema: Schema = field(default_factory=Schema)

    def load(self) -> OrgState:
        self._read_descriptions()
        names = self.source.object_names()
        for name in names:
            self._declare(name)
        for name in sorted(set(self.descriptions) - set(names)):
            self._declare_empty(name)
        store = Store(self.schema)
        shared: dict[Value, Value] = {}
        for name in names:
            if name in self.schema.objects:
                owner = self.schema.objects[name]
                RowReader(self.source, owner, store.table(name), self.problems, shared).read()
        if self.problems:
            raise RecordingError(tuple(self.problems))
        for table in store.tables.values():
            for record_id in table.rows:
                store.reserve(record_id)
        return OrgState(store, Clock(_latest(store)))

    def _read_descriptions(self) -> None:
        for name, found in self.source.json(DESCRIPTION).items():
            try:
                self.descriptions[name] = read_description(found)
            except ValueError as error:
                self.problems.append(f"{DESCRIPTION}: {name} {error}")

    def _declare(self, name: str) -> None:
        file = f"{name}.csv"
        lines = self.source.lines(name, self.problems)
        first = next(lines, None)
        if first is None:
            self.problems.append(f"{file}:1: the file is empty")
            return
        header = first[1]
        wrong = check_header(file, header)
        self.problems += wrong
        if wrong:
            return
        description = self.descriptions.get(name, Description())
        inferred, prefix = self._look_at_rows(name, header, description, lines)
        self._build(name, header, inferred, description, prefix)

    def _look_at_rows(
        self,
        name: str,
        header: list[str],
        description: Description,
        lines: Iterator[tuple[int, list[str]]],
    ) -> tuple[dict[str, Field], str]:
        unknown = unknown_columns(name, header, description)
        likely = self.likely.get(name, {})
        places = [(header.index(each), Inference(likely.get(each))) for each in unknown]
        prefix = ""
        for _line, cells in lines:
            if len(cells) != len(header):
                continue
            prefix = prefix or cells[header.index("Id")][:3]
            for at, inference in places:
                if cells[at]:
                    inference.see(cells[at])
            if not places and prefix:
                break
        pairs = zip(unknown, places, strict=True)
        return {each: inference.field(each) for each, (_at, inference) in pairs}, prefix

    def _declare_empty(self, name: str) -> None:
        self._build(name, [], {}, self.descriptions[name], "")

    def _build(
        self,
        name: str,
        header: list[str],
        inferred: dict[str, Field],
        description: Description,
        prefix: str,
    ) -> None:
        try:
            owner = build_object(name, header, inferred, description)
        except ValueError as error:
            self.problems.append(f"{DESCRIPTION}: {name}: {error}")
            return
        owner.key_prefix = owner.key_prefix or prefix or f"a{len(self.schema.objects):02d}"
        self.schema.declare(owner)


def _latest(store: Store) -> datetime:
    latest = ""
    for table in store.tables.values():
        for row in table.rows.values():
            latest = max(latest, *(str(row.get(name, "")) for name in _STAMPS))
    return moment_of(latest) if latest else _NO_TIME


def _complete(state: OrgState, name: str, user_id: str) -> None:
    _fill_stamps(state)
    complete_setup(state, _organization_id(name), user_id)
    derive_after_loading(state)
    archive(state)


def _organization_id(name: str) -> str:
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
    return "00D" + f"{digest % 10**11:012d}"


def _fill_stamps(state: OrgState) -> None:
    now = wire_datetime(state.clock.now())
    for table in state.store.tables.values():
        declared = [each for each in reversed(_STAMPS) if each in table.type.fields]
        for row in table.rows.values():
            _fill_row(row, declared, now)


def _fill_row(row: Row, declared: list[str], now: str) -> None:
    if all(each in row for each in declared):
        return
    known = [str(row[each]) for each in declared if each in row]
    for name in declared:
        # A missing stamp is taken from the nearest: the first for creation, the last for change.
        found = (known[0] if name == "CreatedDate" else known[-1]) if known else now
        row.setdefault(name, found)
