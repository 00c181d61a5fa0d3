"""Which files does a recording have, in a folder or a zip?"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sfsync.fake.errors import RecordingError
from sfsync.fake.standard import standard_objects


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, or a zip, with one CSV per object. It is only read."""

    path: Path

    def check(self) -> None:
        """Raise RecordingError where there is no folder or zip, or no CSV in it."""
        if not (self.path.is_dir() or zipfile.is_zipfile(self.path)):
            raise RecordingError((f"{self.path}: no folder and no zip file",))
        if not self.object_names():
            raise RecordingError((f"{self.path}: no file named <Object>.csv",))
        names = {each.name.lower(): each.name for each in standard_objects()}
        wrong = [each for each in self.object_names() if names.get(each.lower(), each) != each]
        if wrong:
            problems = (f"{each}.csv: call it {names[each.lower()]}.csv" for each in wrong)
            raise RecordingError(tuple(problems))

    def object_names(self) -> list[str]:
        """Return the objects that have a file, sorted."""
        return sorted(Path(each).stem for each in self._names() if each.endswith(".csv"))

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        return name in self._names()

    def _names(self) -> list[str]:
        if self.path.is_dir():
            return [each.name for each in self.path.iterdir() if each.is_file()]
        with zipfile.ZipFile(self.path) as archive:
            return [each for each in archive.namelist() if "/" not in each]

    @contextmanager
    def open(self, name: str) -> Iterator[TextIO]:
        """Open a file as UTF-8 text; a byte order mark is skipped."""
        if self.path.is_dir():
            with (self.path / name).open(encoding="utf-8-sig", newline="") as stream:
                yield stream
        else:
            with zipfile.ZipFile(self.path) as archive, archive.open(name) as raw:
                yield io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")

    def lines(self, object_name: str, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
        """Iterate over a CSV: line number and cells, the header first.

        What cannot be read at all (broken quoting, text that is not UTF-8) ends it with a problem.
        """
        name, line = f"{object_name}.csv", 0
        with self.open(name) as stream:
            reader = csv.reader(stream, strict=True)
            try:
                for cells in reader:
                    line = reader.line_num
                    yield line, cells
            except (csv.Error, UnicodeDecodeError) as error:
                problems.append(f"{name}:{line + 1}: cannot be read as UTF-8 CSV: {error}")

    def json(self, name: str) -> dict[str, object]:
        """Return the JSON object in a file, empty if there is no file; raises RecordingError."""
        if not self.has(name):
            return {}
        with self.open(name) as stream:
            text = stream.read()
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            problem = f"{name}:{error.lineno}: no JSON: {error.msg}"
            raise RecordingError((problem,)) from error
        if not isinstance(found, dict):
            raise RecordingError((f"{name}:1: must be an object, from object names to fields",))
        return found
