"""What was written since the folder was recorded?

A line of JSON per committed request: `{"now": ..., "rows": [[object, row], ...]}`, each row
complete. A deploy has a line of its own before, with the package in `deployed`.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from sfsync.fake.errors import RecordingError
from sfsync.fake.metadata.deploying import take_again
from sfsync.fake.metadata.kept import DeployOptions
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, moment_of, wire_datetime


class Log:
    """The log of one org in one file."""

    def __init__(self, state: OrgState, path: Path) -> None:
        self._state = state
        self._path = path
        self._torn_at: int | None = None

    def append(self, touched: list[tuple[str, str]]) -> None:
        """Write one line with the rows a request touched and make sure that it is on the disk."""
        if not touched:
            return
        tables = self._state.store.tables
        line = json.dumps(
            {
                "now": wire_datetime(self._state.clock.now()),
                "rows": [[name, tables[name].rows[record_id]] for name, record_id in touched],
            },
            ensure_ascii=False,
        )
        self._write(line)

    def _write(self, line: str) -> None:
        self._cut_off()
        with self._path.open("ab") as stream:
            stream.write(line.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def append_deploy(self, archive: bytes, options: DeployOptions) -> None:
        """Write one line with a package that is being deployed; its records come in the next."""
        entry = {
            "now": wire_datetime(self._state.clock.now()),
            "rows": [],
            "deployed": b64encode(archive).decode(),
            "options": asdict(options),
        }
        self._write(json.dumps(entry))

    def replay(self) -> None:
        """Carry out what the log says.

        A last line without its end is passed over: a process was killed while it wrote it, or is
        writing it now. Only who writes himself cuts it off. Raises RecordingError on any other line
        that cannot be read.
        """
        if not self._path.exists():
            return
        whole, torn = _split(self._path.read_bytes())
        for number, line in enumerate(whole, start=1):
            self._carry_out(number, line)
        self._torn_at = sum(len(line) + 1 for line in whole) if torn else None
        self._state.store.commit()

    def _cut_off(self) -> None:
        if self._torn_at is not None:
            with self._path.open("r+b") as stream:
                stream.truncate(self._torn_at)
            self._torn_at = None

    def _carry_out(self, number: int, line: bytes) -> None:
        try:
            entry = json.loads(line)
            now, rows = moment_of(entry["now"]), entry["rows"]
            if "deployed" in entry:
                options = DeployOptions(**entry["options"])
                take_again(self._state, b64decode(entry["deployed"]), options)
            for name, row in rows:
                self._state.store.put(self._state.store.schema.objects[name].name, row)
        except (ValueError, KeyError, TypeError) as error:
            problem = f"{self._path}:{number}: no line of a log of this org: {error!r}"
            raise RecordingError((problem,)) from error
        self._state.clock.set(now)


def _split(content: bytes) -> tuple[list[bytes], bytes]:
    *whole, torn = content.split(b"\n")
    return whole, torn


def revise_log(
    path: Path, change: Callable[[str, Row], Row], *, write: bool
) -> tuple[int, list[tuple[str, Row]]]:
    """Return how many rows of a log `change` makes others of, by their object, and the rows as they
    were; with `write` the log is written anew with those, whole or not at all.

    A last line without its end is left away. Raises RecordingError on a line that cannot be read.
    """
    whole, _torn = _split(path.read_bytes()) if path.exists() else ([], b"")
    number, rows, lines = 0, [], []
    for place, line in enumerate(whole, start=1):
        try:
            entry = json.loads(line)
            told = [(str(name), row) for name, row in entry["rows"]]
        except (ValueError, KeyError, TypeError) as error:
            problem = f"{path}:{place}: no line of a log of an org: {error!r}"
            raise RecordingError((problem,)) from error
        rows += told
        new = [[name, change(name, row)] for name, row in told]
        differing = sum(row != after for (_, row), (_, after) in zip(told, new, strict=True))
        number += differing
        if differing:
            line = json.dumps({**entry, "rows": new}, ensure_ascii=False).encode()
        lines.append(line + b"\n")
    if write and whole:
        fresh = path.with_suffix(".part")
        with fresh.open("wb") as stream:
            stream.writelines(lines)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    return number, rows
