"""Is nothing left of a person who is forgotten, and all of everybody else?"""

import csv
import json
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from cut_org import DEMO, IDLE, WON, copy_in, cut
from empty_org import CONFIG

from sfsync.cli import commands
from sfsync.enrich.http.cache import FILE, Cache, Kept
from sfsync.enrich.provider import Answer
from sfsync.errors import ExitCode
from sfsync.jobs import locked
from sfsync.journal import Journal, Review, ReviewKind, ShownCandidate
from sfsync.letter import AlertNote, EditionNote, Letter, MessageState
from sfsync.model import (
    Action,
    Change,
    Evidence,
    FieldChange,
    Finding,
    Loser,
    Outcome,
    Run,
    RunState,
    Stamp,
    State,
)
from sfsync.traces import FORGOTTEN, Held, Traces, traces_of

pytestmark = pytest.mark.usefixtures("alone")
AT = datetime(2026, 6, 15, 8, tzinfo=UTC)
NAME, EMAIL = "Zélie Fictive", "zelie.fictive@example.com"
# Neither is hers: the one only ends as hers does, the other goes on.
NEIGHBOURS = ("not-zelie.fictive@example.com", "zelie.fictive@example.com.au")
ZELIE, OTHER, NAMESAKE = "003Dm0000009990IAA", "003Dm0000009991IAA", "003Dm0000009992IAA"
CALL, LEAD, OWNER = "00TDm0000009990MAA", "00QDm0000009990MAA", "005Dm000000000DIAQ"
RUN = "20260615-080000-zzzz"
STATE = Path(".sfsync")


def person(record_id: str, first: str, last: str, email: str) -> dict[str, str]:
    whole = {"FirstName": first, "LastName": last, "Name": f"{first} {last}", "Email": email}
    return {"Id": record_id, **whole, "MobilePhone": "06 11 22 33 44", "OwnerId": OWNER}


# By which she is known, and what only her records say.
HERS = (EMAIL, NAME, "06 99 88 77 66", "Directrice", "has a cold", "zelie.fictive.csv")


def add(folder: Path, name: str, *rows: dict[str, str]) -> None:
    """Add rows to the CSV of an object, with the demo's columns where there is none."""
    file = folder / f"{name}.csv"
    with (file if file.exists() else DEMO / file.name).open(encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        heads, there = reader.fieldnames or (), list(reader) if file.exists() else []
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, heads, restval="", extrasaction="ignore")
        writer.writeheader()
        stamps = {"CreatedDate": "2026-01-05T08:00:00.000Z", "IsDeleted": "false"}
        writer.writerows([*there, *({**stamps, **row} for row in rows)])


def change(object_name: str, record_id: str, name: str, fields: dict[str, FieldChange]) -> Change:
    """A change of which every text tells of her."""
    evidence = (Evidence("subject", f"Call {NAME}", ZELIE), Evidence("idle_days", 31))
    rests_on = (Stamp(object_name, record_id, None), Stamp("Contact", ZELIE, "2026"))
    said = f"asked for by {NAME.upper()} <{EMAIL}>"
    return Change(object_name, record_id, name, fields, "rule:x", said, evidence, rests_on)


CHANGES = (
    change(
        "Contact",
        ZELIE,
        NAME,
        {
            "Email": FieldChange(EMAIL, None),
            "LeadSource": FieldChange("Outbound", "Inbound"),
            "Title": FieldChange("Directrice", "CFO"),
        },
    ),
    change(
        "Account",
        WON,
        "Menuiserie Grandchenu",
        {
            "Description": FieldChange(f"Ask\nzelie.fictive@example.COM, or {NEIGHBOURS[0]}", "-"),
            "Industry": FieldChange("Retail", "Media"),
        },
    ),
)


def enter(journal: Journal, books: str) -> None:
    """Enter all that the books of an org may tell of a person."""
    run = Run(RUN, books, "hourly", AT, AT, None, RunState.RUNNING, "hash", error=None)
    journal.start(run, CHANGES)
    journal.mark_sent(RUN, [0, 1], AT)
    done = [Outcome(each.object, each.id, State.APPLIED) for each in CHANGES]
    refused = Outcome("Account", WON, State.APPLIED, "", f"told by {EMAIL}")
    journal.note(RUN, [(0, done[0]), (1, refused)])
    journal.finish(RUN, finished=AT, state=RunState.FINISHED, states=None, error=f"told {NAME}")
    told = (Evidence("email", EMAIL, ZELIE),)
    found = [
        Finding("x", "Contact", ZELIE, NAME, OWNER, f"{EMAIL} twice", told),
        Finding("x", "Account", WON, "Menuiserie", OWNER, f"{NAME}, {NEIGHBOURS[1]}", told),
    ]
    journal.merge_findings(books, AT, [(each, None) for each in found])
    mail = f"To: maud@example.com\nSubject: =?utf-8?q?Z=C3=A9lie_Fictive?=\n\nDear {EMAIL}".encode()
    notes = (EditionNote("exceptions", OWNER, AT), AlertNote("idle", "Lead", LEAD, "1", OWNER, AT))
    waits = Letter("exceptions:1:a", "maud@example.com", "<1@x>", mail, notes)
    sent = Letter("exceptions:2:b", EMAIL, "<2@x>", mail)
    old = Letter("exceptions:3:c", EMAIL, "<3@x>", mail)
    journal.messages.plan(books, [waits, sent, old], AT)
    journal.messages.note(books, old.key, MessageState.SENT, "", 1, AT)
    candidate = ShownCandidate("1", "https://example.com/1", f"{NAME} SARL")
    review = Review(WON, "gleif", ReviewKind.MATCH, f"is it {NAME}?", (candidate,), AT)
    journal.reviews.ask(books, review)


def delete_carelessly(file: Path, table: str) -> None:
    """Delete a row that names her, so that its bytes stay in the file, as SQLite does by default
    but on some systems.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute(f"CREATE TABLE {table} (told TEXT)")
        database.execute(f"INSERT INTO {table} VALUES (?)", [f"{EMAIL} {NAME}"])
        database.execute(f"DELETE FROM {table}")


def answer(url: str, body: object) -> Kept:
    return Kept(Answer(200, json.dumps(body).encode(), url, AT, "application/json"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recorded org, `org`, and a state folder in which she is everywhere."""
    folder = tmp_path_factory.mktemp("kept")
    org = cut(folder / "org")
    add(
        org,
        "Contact",
        person(ZELIE, "Zélie", "Fictive", EMAIL) | {"AccountId": WON, "Title": "Directrice"},
        person(OTHER, "Amel", "Fictive", NEIGHBOURS[0]) | {"AccountId": WON},
        person(NAMESAKE, "Zoé", "Fictive", NEIGHBOURS[1]) | {"AccountId": IDLE},
    )
    add(org, "Lead", person(LEAD, "Z.", "Fictive", EMAIL.upper()) | {"Company": "Atelier"})
    call = {"Subject": f"Call {NAME}", "Description": "has a cold", "WhoId": ZELIE}
    add(org, "Task", {"Id": CALL, "WhatId": WON, "OwnerId": OWNER, **call})
    state = folder / ".sfsync"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        called("run", "hourly", "--org", "org")
        called("report", "exceptions", "--org", "org")
        written = copy_in(state, org)
        written.edit("Contact", ZELIE, MobilePhone="06 99 88 77 66")
        written.edit("Contact", OTHER, MobilePhone="06 99 88 77 67")
        written.edit("Contact", NAMESAKE, MobilePhone="06 99 88 77 68")
        written.edit("Task", CALL, Priority="High")
        (copy,) = (state / "orgs").glob("org-*")
        with closing(Journal.open(f"sqlite:///{state / 'journal.db'}")) as journal:
            enter(journal, journal.runs()[0].org)
    with closing(Cache(state / FILE, AT)) as cache:
        cache.keep("site", "a", answer("https://a.example", [EMAIL]), 10_000)
        cache.keep("site", "b", answer("https://b.example", {"by": NAME}), 10_000)
        cache.keep("site", "c", answer("https://example.com", NEIGHBOURS), 10_000)
    with closing(sqlite3.connect(state / "journal.db")) as database, database:
        # Of a later version, say.
        database.execute("CREATE TABLE m (n INTEGER PRIMARY KEY, record_id TEXT, fields TEXT)")
        values = json.dumps({"MobilePhone": "06 11 22 33 44", "Email": EMAIL, "OwnerId": OWNER})
        database.execute("INSERT INTO m VALUES (1, ?, ?)", [ZELIE, values])
    shutil.copy(state / "journal.db", state / "journal.db.before-5")
    for file in ("journal.db", FILE):
        delete_carelessly(state / file, "old")
        assert EMAIL.encode() in (state / file).read_bytes()
    (state / "reports" / "exceptions-2026-06-15-zelie.fictive.csv").write_text("x", "utf-8")
    assert (copy / "store" / "manifest.json").exists()
    return folder


@pytest.fixture
def filled(kept: Path, alone: None) -> None:
    """The same in the working folder."""
    shutil.copytree(kept, ".", dirs_exist_ok=True)


@pytest.fixture(scope="module")
def after(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after she was forgotten, with a file in the state folder that is not sfsync's, and
    with what was said.
    """
    folder = tmp_path_factory.mktemp("after")
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (STATE / "notes.txt").write_text(f"ask {EMAIL}", "utf-8")
        (STATE / "accepted" / "ab12").mkdir(parents=True)
        (STATE / "accepted" / "ab12" / "reports.yaml").write_text(f"# {EMAIL}", "utf-8")
        said = forget(EMAIL, "--apply", "--yes").output
        Path("said.txt").write_text(said, "utf-8")
        (STATE / "notes.txt").unlink()
        shutil.rmtree(STATE / "accepted")
    return folder


@pytest.fixture
def forgotten(after: Path, alone: None) -> str:
    """She is forgotten in the working folder; what was said."""
    shutil.copytree(after, ".", dirs_exist_ok=True)
    return Path("said.txt").read_text("utf-8")


def called(*args: str, exits: int = ExitCode.DONE) -> Result:
    result = CliRunner().invoke(commands, list(args))
    assert result.exit_code == exits, (result.output, result.exception)
    return result


def forget(*args: str, exits: int = ExitCode.DONE, org: str = "org") -> Result:
    return called("cleanup", "forget", *args, "--org", org, exits=exits)


@pytest.fixture
def books() -> Iterator[Journal]:
    with closing(Journal.open(f"sqlite:///{STATE.absolute() / 'journal.db'}")) as journal:
        yield journal


def all_bytes(folder: Path = STATE) -> Iterator[tuple[Path, bytes]]:
    """Every file of a folder, with what is packed in it unpacked beside it."""
    for file in folder.rglob("*"):
        if not file.is_file():
            continue
        yield file, file.read_bytes()
        if file.suffix == ".parquet":
            yield file, repr(pq.read_table(file).to_pylist()).encode()
    with closing(Cache(folder / FILE, AT)) as cache:
        for body in cache._read("SELECT body FROM answers", ()):
            yield folder / FILE, zlib.decompress(body[0])


def holding(*texts: str, of: Path = Path()) -> dict[str, set[str]]:
    """The names of the files that hold each text, in UTF-8 or as JSON has it."""
    forms = {text: {text.encode(), json.dumps(text)[1:-1].encode()} for text in texts}
    told = []
    for file, content in all_bytes(of / STATE):
        for each in NEIGHBOURS if texts[0] == EMAIL else ():
            content = content.replace(each.encode(), b"")
        told.append((file, content))
    return {
        text: {
            file.name
            for file, content in told
            if text in file.name or any(form in content for form in each)
        }
        for text, each in forms.items()
    }


@pytest.mark.usefixtures("filled")
def test_a_preview_changes_nothing() -> None:
    before = {file: content for file, content in all_bytes() if file.suffix != ".lock"}
    said = forget(EMAIL).stdout
    assert "Nothing was changed: add --apply to do it. It cannot be undone." in said
    assert "Nothing is deleted in Salesforce" in said
    assert {line.split("\t")[0].split()[0] for line in said.splitlines() if "\t" in line} == {
        *("journal", "journal.db.before-5", FILE, "reports", "copy", "store")
    }
    assert {file: content for file, content in all_bytes() if file.suffix != ".lock"} == before


def test_nothing_of_a_person_is_left_and_all_of_the_others(kept: Path, forgotten: str) -> None:
    assert all(holding(*HERS, of=kept).values())
    assert f"left: {STATE}/notes.txt holds something of the person" in forgotten
    assert f"left: {STATE}/accepted/ab12/reports.yaml holds something of the" in forgotten
    assert "delete it while none is at work" in forgotten
    assert holding(*HERS) == {each: set() for each in HERS}
    with closing(sqlite3.connect(STATE / "journal.db")) as database:
        (fields,) = database.execute("SELECT fields FROM m").fetchone()
    mark = FORGOTTEN
    assert json.loads(fields) == {"MobilePhone": mark, "Email": mark, "OwnerId": OWNER}
    before, now = holding(*NEIGHBOURS, of=kept), holding(*NEIGHBOURS)
    kinds = {"journal.db", "writes.jsonl", FILE}
    assert {each: kinds & before[each] for each in NEIGHBOURS} == dict.fromkeys(NEIGHBOURS, kinds)
    assert {each: kinds & now[each] for each in NEIGHBOURS} == dict.fromkeys(NEIGHBOURS, kinds)


def test_the_receipt_says_what_and_when_and_not_who(forgotten: str) -> None:
    (file,) = (STATE / "receipts").iterdir()
    assert f"The receipt is {file}" in forgotten
    receipt = json.loads(file.read_text("utf-8"))
    assert receipt["records"] == sorted([ZELIE, LEAD])
    assert "example.com" not in file.read_text("utf-8")
    assert "Fictive" not in file.read_text("utf-8")
    kinds = {(each["where"], each["what"]): each["number"] for each in receipt["forgotten"]}
    assert kinds["journal", "changes"] == 2
    assert kinds["journal", "messages not sent yet"] == 2
    assert kinds[FILE, "answers of public sources"] == 2
    again = forget(EMAIL.upper(), "--apply").stdout
    assert again.startswith(f"Nothing was found.\nThe receipt of an earlier call is {file}.")
    assert len(list((STATE / "receipts").iterdir())) == 1


@pytest.mark.usefixtures("forgotten")
def test_the_books_still_tell_that_it_happened(books: Journal) -> None:
    hers, account = (each.change for each in books.changes(RUN))
    assert (hers.id, hers.name, hers.reason, hers.cause) == (ZELIE, FORGOTTEN, FORGOTTEN, "rule:x")
    assert hers.fields["Email"] == FieldChange(FORGOTTEN, None)
    assert hers.fields["LeadSource"] == FieldChange("Outbound", "Inbound")
    assert hers.fields["Title"] == FieldChange(FORGOTTEN, FORGOTTEN)
    assert account.reason == f"asked for by {FORGOTTEN} <{FORGOTTEN}>"
    assert account.fields["Industry"] == FieldChange("Retail", "Media")
    was = account.fields["Description"].before
    assert was == f"Ask\n{FORGOTTEN}, or {NEIGHBOURS[0]}"
    assert account.evidence == (
        # All that her record proves tells of her.
        Evidence("subject", FORGOTTEN, FORGOTTEN),
        Evidence("idle_days", 31),
    )
    assert account.rests_on[1] == Stamp("Contact", FORGOTTEN, "2026")
    run = books.run(RUN)
    assert (run.error, run.counts) == (f"told {FORGOTTEN}", {"applied": 2})
    assert [each.finding.id for each in books.findings(run.org, code="x")] == [WON]
    (message,) = books.messages.in_states(run.org, list(MessageState))
    assert (message.recipient, message.state) == (FORGOTTEN, MessageState.SENT)
    assert books.editions.last(run.org, "exceptions") == {}


@pytest.mark.usefixtures("forgotten")
def test_an_undo_leaves_what_nobody_knows_any_more() -> None:
    said = called("undo", RUN, "--org", "org").stdout
    left = [line.split("\t") for line in said.splitlines() if line.startswith("left")]
    assert {(row[2], row[3].partition(":")[0]) for row in left} >= {
        *((ZELIE, "Email"), (ZELIE, "Title"), (WON, "Description"))
    }
    assert all("a person was forgotten" in row[4] for row in left if "[forgotten]" in row[3])


@pytest.mark.usefixtures("forgotten")
def test_the_copy_goes_on_without_her_and_the_recording_stays(kept: Path) -> None:
    before = {file.name: file.read_bytes() for file in (kept / "org").iterdir()}
    assert {file.name: file.read_bytes() for file in Path("org").iterdir()} == before
    org = copy_in(STATE, Path("org"))
    hers, other = org.record("Contact", ZELIE), org.record("Contact", OTHER)
    assert (hers["Name"], hers["Email"], hers["MobilePhone"]) == (FORGOTTEN, None, None)
    assert (hers["AccountId"], hers["OwnerId"]) == (WON, OWNER)
    assert other["Email"] == NEIGHBOURS[0]
    task = org.record("Task", CALL)
    assert (task["Subject"], task["Description"]) == (f"Call {FORGOTTEN}", None)
    called("run", "hourly", "--org", "org")
    assert holding(EMAIL)[EMAIL] <= {"writes.jsonl", "journal.db"}
    assert forget(EMAIL).stdout.startswith("Nothing was found.")


@pytest.mark.usefixtures("filled")
def test_a_recording_that_is_named_forgets_too_and_keeps_its_copy(books: Journal) -> None:
    runs = len(books.runs())
    said = forget(EMAIL, "--recording", "org", "--apply", "--yes").stdout
    assert "recording org\trecords\t3" in said
    texts = {file.name: file.read_text("utf-8") for file in Path("org").glob("*.csv")}
    assert not any(f'"{EMAIL}"' in text for text in texts.values())
    assert all(f'"{each}"' in texts["Contact.csv"] for each in NEIGHBOURS)
    (copy,) = (STATE / "orgs").glob("org-*")
    assert not list(copy.glob("store/*"))
    called("run", "hourly", "--org", "org")
    assert len({run.org for run in books.runs()}) == 1
    assert len(books.runs()) == runs + 1


@pytest.mark.usefixtures("filled")
def test_a_recording_that_is_no_table_is_told_before_anything_is_done() -> None:
    file = Path("org/Lead.csv")
    file.write_text(file.read_text("utf-8") + '"too","many"\n', "utf-8")
    said = forget(EMAIL, "--recording", "org", "--apply", exits=ExitCode.CONFIGURATION).stderr
    assert "org/Lead.csv:3: cannot be read as UTF-8 CSV" in said
    assert EMAIL in Path("org/Contact.csv").read_text("utf-8")


@pytest.mark.usefixtures("filled")
def test_by_id_only_that_record_goes_and_what_others_share_stays() -> None:
    said = forget(LEAD[:15], "--apply", "--yes").stdout
    assert f"Records of the person: {LEAD} (Z. Fictive)." in said
    org = copy_in(STATE, Path("org"))
    assert org.record("Lead", LEAD)["Email"] is None
    assert org.record("Contact", ZELIE)["Email"] == EMAIL


@pytest.mark.usefixtures("filled")
def test_who_is_called_the_same_keeps_the_name() -> None:
    copy_in(STATE, Path("org")).edit("Contact", NAMESAKE, FirstName="Zélie")
    said = forget(EMAIL, "--apply", "--yes").stdout
    assert "note: 1 record of others with the same name stay as they are" in said
    org = copy_in(STATE, Path("org"))
    assert org.record("Contact", NAMESAKE)["Name"] == NAME
    assert org.record("Contact", ZELIE)["Name"] == FORGOTTEN


@pytest.mark.usefixtures("filled")
def test_it_waits_for_the_lock_an_answer_and_closed_books(books: Journal) -> None:
    assert "nobody agreed" in forget(EMAIL, "--apply", exits=ExitCode.STOPPED).stderr
    open_run = Run("20260615-090000-open", books.run(RUN).org, "x", AT, AT, None,
                   RunState.RUNNING, "hash")  # fmt: skip
    books.start(open_run, ())
    said = forget(EMAIL, "--apply", "--yes", exits=ExitCode.STOPPED).stderr
    assert "the run 20260615-090000-open ended early" in said
    (copy,) = (STATE / "orgs").glob("org-*")
    for path in (STATE / "run.lock", copy.with_name(f".{copy.name}.lock")):
        with locked(path):
            forget(EMAIL, exits=ExitCode.LOCKED)


SURVIVOR, HERS_TOO = "003Dm0000009993IAA", "zelie@example.org"


def enter_merge(state: State) -> Journal:
    """Enter that two contacts were to become one, and what came of it."""
    held = {"Name": NAME, "Email": HERS_TOO, "Phone": "06 99 88 77 66", "LeadSource": "Web"}
    merge = Change(
        "Contact",
        SURVIVOR,
        "Z. Fictive",
        {"Email": FieldChange(None, HERS_TOO)},
        "cleanup:merge-duplicates",
        "stays",
        rests_on=(Stamp("Contact", SURVIVOR, None),),
        action=Action.MERGE,
        losers=(Loser(ZELIE, NAME, held),),
    )
    journal = Journal.open(f"sqlite:///{Path('merged.db').absolute()}")
    journal.start(Run(RUN, "00D", "x", AT, AT, None, RunState.RUNNING, "hash"), (merge,))
    journal.mark_sent(RUN, [0], AT)
    journal.note(RUN, [(0, Outcome("Contact", SURVIVOR, state))])
    journal.finish(RUN, finished=AT, state=RunState.FINISHED, states=None)
    return journal


@pytest.mark.parametrize("who", [ZELIE, SURVIVOR])
def test_records_that_became_one_are_of_one_person(who: str, alone: None) -> None:
    with closing(enter_merge(State.APPLIED)) as journal:
        traces = traces_of([], [who], [], list(journal.forgetting.held()))
        assert traces.ids == {ZELIE, SURVIVOR}
        journal.forgetting.forget(traces, write=True)
        (loser,) = journal.changes(RUN)[0].change.losers
    kept = {name: text for name, text in loser.fields.items() if text != FORGOTTEN}
    assert (loser.name, kept) == (FORGOTTEN, {"LeadSource": "Web"})


def test_records_that_did_not_become_one_stay_two_people(alone: None) -> None:
    with closing(enter_merge(State.REFUSED)) as journal:
        held = list(journal.forgetting.held())
        assert traces_of([], [ZELIE], [], held).ids == {ZELIE}
        assert traces_of([HERS_TOO], [], [], held).ids == {ZELIE}


def test_a_merged_record_of_who_is_called_the_same_keeps_the_name(alone: None) -> None:
    with closing(enter_merge(State.APPLIED)) as journal:
        other = Held("Contact", OTHER, NAME)
        traces = traces_of([], [OTHER], [], [other, *journal.forgetting.held()])
        journal.forgetting.forget(traces, write=True)
        (loser,) = journal.changes(RUN)[0].change.losers
    assert (loser.name, loser.fields["Name"]) == (NAME, NAME)


def test_a_copy_that_names_a_record_of_theirs_goes_whatever_else_it_says() -> None:
    assert traces_of([], [ZELIE], ["Cher"], []).are_in_bytes(f"x{ZELIE}06 99".encode())


def test_the_configuration_that_names_a_person_is_told(alone: None) -> None:
    shutil.copytree(CONFIG, "config", ignore=shutil.ignore_patterns("demo"))
    file = Path("config/sfsync.yaml")
    file.write_text(f"{file.read_text('utf-8')}# asked for by {NAME}\n", "utf-8")
    cut(Path("org"))
    add(Path("org"), "Contact", person(ZELIE, "Zélie", "Fictive", EMAIL))
    said = forget(EMAIL, "--apply", "--yes", "--config", "config").output
    assert "config/sfsync.yaml holds something of the person, as you wrote it" in said


def test_what_is_no_person_is_told_at_once() -> None:
    who = ("a@", "001Dm0000000001IAA", "nobody", "--name", "Fictive")
    said = forget(*who, exits=ExitCode.USAGE).stderr
    for part in (
        "'a@' is no e-mail address",
        "'Fictive' is one word",
        "not the Id of a person",
        "'nobody' is no record Id",
    ):
        assert part in said
    said = forget(EMAIL, "--recording", str(DEMO), org="demo", exits=ExitCode.USAGE).stderr
    assert "is the demo org, which is never changed" in " ".join(said.split())


HER = Traces(frozenset([EMAIL]), frozenset([NAME]), frozenset([ZELIE]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Ask {EMAIL}.", "Ask [forgotten]."),
        ("Zelie.Fictive@Example.com", FORGOTTEN),
        ("'zelie.fictive@example.com'", "'[forgotten]'"),
        ("o'zelie.fictive@example.com", "o'zelie.fictive@example.com"),
        (f"{NEIGHBOURS[0]}, {NEIGHBOURS[1]}", f"{NEIGHBOURS[0]}, {NEIGHBOURS[1]}"),
        ("all of example.com", "all of example.com"),
        ("ZÉLIE\nFICTIVE", FORGOTTEN),
        ("Zelie Fictive", FORGOTTEN),
        ("Ze\u0301lie Fictive", FORGOTTEN),
        ("Fictive, Zélie", FORGOTTEN),
        ("Zélie Fictiveau", "Zélie Fictiveau"),
        ("Fictive", "Fictive"),
        (f"of {ZELIE[:15]}.", "of [forgotten]."),
        (f"{ZELIE[:15]}XYZ", f"{ZELIE[:15]}XYZ"),
    ],
)
def test_a_trace_is_found_whole_in_any_form(text: str, expected: str) -> None:
    assert HER.cut(text) == expected


@pytest.mark.parametrize(
    "text", ["Z\\u00e9lie Fictive", "Z&eacute;lie Fictive", "zelie.fictive%40example.com"]
)
def test_a_trace_is_found_as_pages_write_it(text: str) -> None:
    assert HER.are_in_document(text)


def test_a_name_of_one_word_is_only_looked_for_by_id() -> None:
    known = traces_of([], [ZELIE], ["Fictive"], [])
    assert known.cut("Fictive & Co") == "Fictive & Co"
