"""Does a run that is killed while it looks accounts up lose no more than the look-up in flight?

The whole command runs in processes that are killed (SIGKILL) when the register, which a server on
this machine stands in for, got so many questions.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from cut_org import DEMO, copy_in, cut, write
from register_answers import FRENCH
from stdnum import luhn

import sfsync.enrich
from sfsync.cli import commands, opening, sourcing
from sfsync.enrich import recherche_entreprises as register
from sfsync.enrich.provider import Quota
from sfsync.errors import ExitCode

HERE = "127.0.0.1"
ACCOUNTS = 60
NAMES = [f"Atelier Fictif {number}" for number in range(1, ACCOUNTS + 1)]
SECONDS = 60.0
"""After so long something is wrong."""


def siren_of(name: str) -> str:
    digits = f"99{name.rpartition(' ')[2]:>06}"
    return digits + luhn.calc_check_digit(digits)


def answer_to(name: str) -> bytes:
    """What the register says: one company of that name, at the account's place."""
    (atelier,) = FRENCH["results"]
    siren = siren_of(name)
    own = {"siren": siren, "nom_raison_sociale": name.upper(), "nom_complet": name.upper()}
    seat = {**atelier["siege"], "siret": f"{siren}00012", "nom_commercial": None,
            "liste_enseignes": None}  # fmt: skip
    rest = {"sigle": None, "matching_etablissements": [], "tva": []}
    body = json.dumps({"results": [{**atelier, **own, **rest, "siege": seat}], "total_results": 1})
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


def serve(listener: socket.socket, notes: int) -> None:
    """Answer one connection after the other, until killed; note each question when it comes."""
    while True:
        connection, _ = listener.accept()
        with connection:
            while asked := received(connection):
                query = parse_qs(urlsplit(asked.split(b" ", 2)[1].decode("ascii")).query)
                os.write(notes, f"{query['q'][0]}\n".encode())
                time.sleep(0.002)
                try:
                    connection.sendall(answer_to(query["q"][0]))
                except OSError:
                    break


def received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except OSError:
        return b""


@contextmanager
def in_a_process(work: object, *args: object) -> Iterator[int]:
    """Do something in a process of its own, which is killed at the end if it is still there."""
    child = os.fork()
    if child == 0:
        try:
            work(*args)  # type: ignore[operator]
            os._exit(0)
        except SystemExit as end:
            os._exit(int(end.code or 0))
        except BaseException:  # noqa: BLE001 - a child never goes on as a second test run
            traceback.print_exc()
            os._exit(1)
    try:
        yield child
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@pytest.fixture
def place(tmp_path: Path, alone: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an org of accounts that the register knows, and a configuration that asks it
    alone.
    """
    rows = [
        {
            "Id": f"001Dm{number:010d}",
            "Name": name,
            "CreatedDate": "2026-01-05T08:00:00.000Z",
            "OwnerId": "005Dm0000000002IAA",
            "Status__c": "Unqualified Pool",
            "BillingPostalCode": "31000",
            "BillingCity": "Toulouse",
            "BillingCountry": "France",
        }
        for number, name in enumerate(NAMES, start=1)
    ]
    write(cut(tmp_path / "org", accounts=()) / "Account.csv", list(rows[0]), rows)
    config = tmp_path / "config"
    shutil.copytree(DEMO.parent, config, ignore=shutil.ignore_patterns("demo"))
    lines = (config / "enrich.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(
        f"providers: [{register.NAME}]\n" if line.startswith("providers:") else line
        for line in lines
    )
    (config / "enrich.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("SFSYNC_CONFIG", str(config))
    monkeypatch.setenv("SFSYNC_ORG", str(tmp_path / "org"))
    monkeypatch.setenv("SFSYNC_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def asked(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file in which the register notes what it was asked; pauses between questions are none."""
    notes = place / "asked"
    file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with socket.create_server((HERE, 0)) as listener:
        provider = register.PROVIDERS.find(register.NAME)
        near = replace(provider, quota=Quota(1_000, (HERE,)))
        monkeypatch.setattr(sfsync.enrich, "PROVIDERS", {register.NAME: near})
        monkeypatch.setattr(
            register, "_SEARCH", f"http://{HERE}:{listener.getsockname()[1]}/search"
        )
        passed = [0.0]
        monkeypatch.setattr(opening, "sleep", lambda seconds: passed.append(passed[-1] + seconds))
        monkeypatch.setattr(sourcing, "time", SimpleNamespace(monotonic=lambda: passed[-1]))
        with in_a_process(serve, listener, file):
            # Here, so that not each of the processes has to import and to read everything anew.
            with pytest.raises(SystemExit):
                run("--limit", "1", "--state-dir", "elsewhere")
            notes.write_bytes(b"")
            yield notes
    os.close(file)


def run(*args: str) -> None:
    """Carry out `sfsync run enrich`, and end as it does."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        commands(["run", "enrich", "--quiet", *args], standalone_mode=False)


def questions(notes: Path) -> list[str]:
    return notes.read_text(encoding="utf-8").splitlines()


def killed_after(number: int, notes: Path) -> None:
    """Kill a run when the register got so many questions."""
    with in_a_process(run) as child:
        give_up = time.monotonic() + SECONDS
        while len(questions(notes)) < number:
            assert time.monotonic() < give_up, f"{len(questions(notes))} of {number} questions"
            assert os.waitpid(child, os.WNOHANG) == (0, 0), "it ended before it was killed"
            time.sleep(0.0005)


def to_its_end() -> None:
    with in_a_process(run) as child:
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == ExitCode.DONE


def looked_up(place: Path) -> set[str]:
    """The names of the accounts whose look-up is in the journal."""
    with closing(sqlite3.connect(place / "state" / "journal.db")) as journal:
        ids = [row[0] for row in journal.execute("SELECT account FROM lookups")]
    return {NAMES[int(id[5:15]) - 1] for id in ids}


def test_a_kill_loses_the_look_up_in_flight_and_the_next_run_goes_on(
    place: Path, asked: Path
) -> None:
    kills = sorted(Random(20260615).sample(range(3, ACCOUNTS - 3), 3))
    for number in kills:
        killed_after(number, asked)
        known = set(questions(asked))
        # Not in the journal is at most the account that was being looked up.
        assert len(known - looked_up(place)) <= 1
    to_its_end()
    told = Counter(questions(asked))
    assert set(told) == set(NAMES)
    assert told.total() <= ACCOUNTS + len(kills)
    rows = copy_in(place / "state", place / "org").records("Account")
    written = {row["Name"]: row["Registration_Number__c"] for row in rows}
    assert written == {name: siren_of(name) for name in NAMES}
    to_its_end()
    assert Counter(questions(asked)) == told
