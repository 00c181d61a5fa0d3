"""What does the demo look like to an org many times as large?"""

import csv
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from sfsync.fake.ids import with_checksum

DEMO = Path(__file__).resolve().parent.parent / "config" / "demo"
# The same people work on all copies.
_ONCE = ("Organization", "User", "Group", "QueueSobject", "OpportunityStage", "TaskStatus")
_IDS = re.compile(r"(?:001|003|006|00Q|00T|00U|008|00K|017)Dm[0-9A-Za-z]{10}[A-Z0-5]{3}")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# What tells the companies and people of one copy from those of the others.
_NAMED = ("Name", "LastName", "Company")
_ADDRESSED = re.compile(r"(?<=[@/.])(?=[\w-]+\.(?:example|com|org|net|fr|es|it|de)\b)")


def write_many(folder: Path, copies: int, blank: str | None = None) -> Path:
    """Write a recording that holds the demo's records so many times, up to 3,843, each time with
    other Ids, names and addresses; the fields whose names end with `blank` are empty.
    """
    folder.mkdir()
    for name in ("describe.json", "state.json"):
        shutil.copy(DEMO / name, folder)
    for file in sorted(DEMO.glob("*.csv")):
        if file.stem in _ONCE:
            shutil.copy(file, folder)
        else:
            _write(file, folder, copies, blank)
    return folder


def _write(file: Path, folder: Path, copies: int, blank: str | None) -> None:
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        heads, rows = list(reader.fieldnames or ()), list(reader)
    blanks = {name: "" for name in heads if blank is not None and name.endswith(blank)}
    rows = [{**row, **blanks} for row in rows]
    with (folder / file.name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, heads)
        writer.writeheader()
        for copy in range(copies):
            writer.writerows(_copied(row, copy) for row in rows)


def _copied(row: Mapping[str, str], copy: int) -> Mapping[str, str]:
    if not copy:
        return row
    mark = _DIGITS[copy // len(_DIGITS)] + _DIGITS[copy % len(_DIGITS)]
    other = {
        name: _IDS.sub(lambda found: with_checksum(f"{found[0][:5]}{mark}{found[0][7:15]}"), text)
        for name, text in row.items()
    }
    for name in _NAMED:
        if other.get(name):
            other[name] = f"{_word(copy)} {other[name]}"
    for name in ("Website", "Email"):
        if other.get(name):
            other[name] = _ADDRESSED.sub(f"{_word(copy).lower()}-", other[name], count=1)
    return other


def _word(copy: int) -> str:
    """Return a word that no other copy has, nor one that differs by a letter or two."""
    syllables = ("ba", "ke", "mi", "zo", "tu", "va", "le", "ri", "no", "pu", "da", "fe", "gi")
    picked = [syllables[copy // 13**place % 13] for place in range(3)]
    return "".join(part * 2 for part in picked).capitalize()
