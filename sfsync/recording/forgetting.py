"""How does a person go out of a recording, which is else never changed?"""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

from sfsync.errors import ConfigError
from sfsync.traces import Held, Traces, held_in

_MARK = "\ufeff"


def held(folder: Path) -> Iterator[Held]:
    """Yield the records of people in the folder of a recording."""
    for file in sorted(folder.glob("*.csv")):
        yield from held_in(file.stem, _read(file)[2])


def forget(folder: Path, traces: Traces, *, write: bool) -> int:
    """Count the records in which something of a person stands; with `write` take it out of them.

    Each file is written whole, or not at all. Raises OSError where one cannot be.
    """
    number = 0
    for file in sorted(folder.glob("*.csv")):
        mark, heads, rows = _read(file)
        new = [
            {name: value or "" for name, value in traces.without(file.stem, row).items()}
            for row in rows
        ]
        differing = sum(before != after for before, after in zip(rows, new, strict=True))
        number += differing
        if differing and write:
            _write(file, mark, heads, new)
    return number


def _read(file: Path) -> tuple[str, list[str], list[dict[str, str]]]:
    """Return the mark of UTF-8 with which a file begins, if any, its heads and its rows. Raises
    ConfigError, naming file and line, where it is no table.
    """
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        rows = []
        try:
            for row in reader:
                rows.append(row)
                if None in row or None in row.values():
                    raise csv.Error("another number of cells than its header")
        except (csv.Error, UnicodeDecodeError) as error:
            problem = f"{file}:{reader.line_num}: cannot be read as UTF-8 CSV: {error}"
            raise ConfigError([f"{problem}; nothing of it was changed"]) from error
    mark = _MARK if file.read_bytes().startswith(_MARK.encode()) else ""
    return mark, list(reader.fieldnames or ()), rows


def _write(file: Path, mark: str, heads: list[str], rows: list[dict[str, str]]) -> None:
    fresh = file.with_suffix(".part")
    with fresh.open("w", encoding="utf-8", newline="") as stream:
        stream.write(mark)
        writer = csv.DictWriter(stream, heads, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    shutil.copymode(file, fresh)
    fresh.replace(file)
