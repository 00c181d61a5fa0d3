"""How does a test of the command line get a small recorded org: some accounts cut from the demo?"""

import csv
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sfsync.fake import FakeOrg, load_folder

DEMO = Path(__file__).parents[1] / "config" / "demo"
WON, IDLE, STAYING = "001Dm0000000001IAA", "001Dm000000000xIAA", "001Dm000000000yIAA"
_SETUP = ("Organization", "OpportunityStage", "TaskStatus", "User")
_Row = dict[str, str]


def cut(folder: Path, accounts: tuple[str, ...] = (WON, IDLE, STAYING)) -> Path:
    """Write a recording with these accounts of the demo and all that belongs to them."""
    folder.mkdir()
    for name, content in _files_of(frozenset(accounts)).items():
        (folder / name).write_bytes(content)
    return folder


@cache
def _files_of(accounts: frozenset[str]) -> Mapping[str, bytes]:
    with TemporaryDirectory() as folder:
        _cut(Path(folder), accounts)
        return {file.name: file.read_bytes() for file in Path(folder).iterdir()}


def _cut(folder: Path, accounts: frozenset[str]) -> None:
    for name in ("describe.json", "state.json"):
        shutil.copy(DEMO / name, folder)
    for name in _SETUP:
        shutil.copy(DEMO / f"{name}.csv", folder)
    _copy_some("Account", folder, lambda row: row["Id"] in accounts)
    deals = _copy_some("Opportunity", folder, lambda row: row["AccountId"] in accounts)
    for name in ("Task", "Event", "Contact", "AccountHistory"):
        _copy_some(name, folder, lambda row: row["AccountId"] in accounts)
    _copy_some("OpportunityHistory", folder, lambda row: row["OpportunityId"] in deals)


def _copy_some(name: str, folder: Path, stays: Callable[[_Row], bool]) -> set[str]:
    with (DEMO / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        heads, rows = reader.fieldnames or (), [row for row in reader if stays(row)]
    write(folder / f"{name}.csv", list(heads), rows)
    return {row["Id"] for row in rows}


def write(file: Path, heads: list[str], rows: list[_Row]) -> None:
    """Write the CSV of one object."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, heads)
        writer.writeheader()
        writer.writerows(rows)


def give(file: Path, **values: str) -> None:
    """Give every record of a CSV these values."""
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        heads, rows = reader.fieldnames or (), [{**row, **values} for row in reader]
    write(file, list(heads), rows)


def crowd(folder: Path, size: int) -> Path:
    """Write a recording in which so many accounts have no status yet."""
    cut(folder, accounts=())
    heads = ["Id", "Name", "CreatedDate", "OwnerId", "NumberOfEmployees"]
    rows = [
        {
            "Id": f"001Dm{number:010d}",
            "Name": f"Atelier Fictif {number}",
            "CreatedDate": "2026-01-05T08:00:00.000Z",
            "OwnerId": "005Dm0000000002IAA",
            "NumberOfEmployees": "20",
        }
        for number in range(1, size + 1)
    ]
    write(folder / "Account.csv", heads, rows)
    return folder


def copy_in(state: Path, org: Path) -> FakeOrg:
    """Open the copy of an org in a state folder, as the next command will find it."""
    (copy,) = (state / "orgs").glob(f"{org.stem}-*")
    return load_folder(org, log=copy / "writes.jsonl")
