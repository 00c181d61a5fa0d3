"""Is what the service writes for its user alone, and does the doctor tell where it is not?"""

import os
import signal
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfsync.cli import commands, main

WRITING = """\
run hourly --org small
plan hourly --org small --out plan.json
report exceptions --org small --out mails
report runs --org small --send
mail test --to ana@example.com
org save saved --org small
org record recorded --org small --anonymise
init copy --deploy
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def ended(words: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """Call the process's own entry, as a shell with the usual umask does; return its exit code."""
    umask, handler = os.umask(0o022), signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "argv", ["sfsync", *words])
    try:
        with pytest.raises(SystemExit) as end:
            main()
    finally:
        os.umask(umask)
        signal.signal(signal.SIGTERM, handler)
    return end.value.code


def open_to_others(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): f"{mode(path):o}"
        for path in folder.rglob("*")
        if mode(path) & 0o077
    }


def test_all_that_commands_write_is_for_their_user_alone(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small").symlink_to(small)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", "admin@example.com")
    for line in WRITING.splitlines():
        assert ended(line.split(), monkeypatch) == 0, line
    (tmp_path / "small").unlink()
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert {".sfsync/journal.db", ".sfsync/run.lock", "plan.json", "copy/.env.example"} <= written
    for part in (".sfsync/outbox/*.eml", ".sfsync/orgs/*/store/*", "mails/*", "recorded/*.csv"):
        assert list(tmp_path.glob(part)), part
    assert open_to_others(tmp_path) == {}


def examined(place: Path, small: Path) -> str:
    where = ["--org", str(small), "--state-dir", str(place)]
    return CliRunner().invoke(commands, ["doctor", *where]).output


def lines_of(group: str, said: str) -> list[list[str]]:
    found = [line.split("\t") for line in said.splitlines()]
    return [cells[1:] for cells in found if cells[0] == group]


def test_the_doctor_tells_of_a_folder_that_others_can_read(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "state"
    before = os.umask(0o077)
    try:
        (level, text) = lines_of("files", examined(place, small))[0]
        assert (level, text) == ("good", f"{place} is the service's user's alone")
    finally:
        os.umask(before)
    # as somebody made it, and as a copy of a journal comes back
    place.chmod(0o755)
    (place / "journal.db").chmod(0o644)
    secret = tmp_path / "password"
    secret.write_text("s3cr3t", encoding="utf-8")
    secret.chmod(0o644)
    monkeypatch.setenv("SFSYNC_SMTP_PASSWORD_FILE", str(secret))
    (tmp_path / ".env").write_text("SFSYNC_INSEE_KEY=s3cr3t\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o604)
    found = lines_of("files", examined(place, small))
    assert [cells[0] for cells in found] == ["note"] * 3
    assert f"{place} (0755), {place / 'journal.db'} (0644)" in found[0][1]
    assert found[0][2] == f"chmod -R go= {place}"
    assert str(secret) in found[1][1]
    assert found[2][1].startswith(".env holds secrets")
    # What the group may read is what a container's platform gives.
    secret.chmod(0o640)
    (tmp_path / ".env").chmod(0o600)
    assert len(lines_of("files", examined(place, small))) == 1
