"""Do the mails of `sfsync report exceptions` reach files and readers, each once?"""

import csv
import email
import email.policy
import re
import shutil
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cut_org import DEMO, STAYING, WON, cut, give

from sfsync.cli import commands, opening
from sfsync.errors import ExitCode
from sfsync.mail import Answer, Outbox, Verdict

CONFIG = DEMO.parent
# Who manages the owner of an account of the small org, and who manages them.
MAUD, HENRI = "maud.verchere-lys", "henri.castelmaure"
# An account with a deal in Commit that lacks what Commit needs.
COMMITTED = "001Dm000000000GIAQ"
ODILE = "odile.fontanelle@example.com"
Call = Callable[..., Result]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, small: Path) -> tuple[Path, Result]:
    """Write all reports of the small org once: the folder where that was done, and what it said."""
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SFSYNC_ADMIN_EMAIL", ODILE)
        words = ["report", "exceptions", "--out", "look", "--org", str(small)]
        return folder, CliRunner().invoke(commands, words)


@pytest.fixture
def call(alone: None, small: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call `sfsync report exceptions` on the small org, in an empty folder, with an admin set."""
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", ODILE)

    def called(*args: str, org: Path = small, exits: int = ExitCode.DONE) -> Result:
        words = ["report", "exceptions", *args, "--org", str(org)]
        result = CliRunner().invoke(commands, words)
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    return called


def mail_in(file: Path) -> EmailMessage:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def parts(mail: EmailMessage) -> dict[str, str]:
    """The contents of a mail's parts, by their type."""
    several = [part for part in mail.walk() if not part.is_multipart()]
    return {part.get_content_type(): part.get_content() for part in several}


def test_each_reader_has_four_files_and_the_output_says_where(
    written: tuple[Path, Result],
) -> None:
    folder, result = written
    look, said = folder / "look", result.stdout
    name = f"exceptions-2026-06-15-{MAUD}"
    assert f"Maud Verchère-Lys: look/{name} (.html, .txt, .csv, .eml)" in said
    mail = mail_in(look / f"{name}.eml")
    assert mail["To"] == "Maud Verchère-Lys <maud.verchere-lys@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert {"Message-ID", "Date", "List-Unsubscribe"} <= set(mail.keys())
    found = parts(mail)
    for kind, end in (("text/html", "html"), ("text/plain", "txt")):
        file = (look / f"{name}.{end}").read_text("utf-8")
        assert found[kind].replace("\r\n", "\n").strip() == file.strip()
    assert STAYING in found["text/plain"]
    with (look / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert STAYING in [row["Id"] for row in rows]
    assert all(row["Id"] in found["text/plain"] for row in rows)
    assert found["text/csv"].lstrip("\ufeff").splitlines()[0].split(";") == list(rows[0])


def test_a_managers_manager_has_sums_and_no_lines(written: tuple[Path, Result]) -> None:
    look = written[0] / "look"
    text = (look / f"exceptions-2026-06-15-{HENRI}.txt").read_text("utf-8")
    assert "* Maud Verchère-Lys: " in text
    assert "/lightning/" not in text
    assert not (look / f"exceptions-2026-06-15-{HENRI}.csv").exists()


@pytest.mark.parametrize("who", ["MAUD.verchere-lys@example.com", "005Dm0000000004IAA", "maud"])
def test_one_reader_may_be_named(call: Call, who: str) -> None:
    call("--to", who)
    names = {file.stem for file in Path(".sfsync/reports").iterdir()}
    assert names == {f"exceptions-2026-06-15-{MAUD}"}


def test_who_has_no_report_is_told_whose_there_are(call: Call) -> None:
    said = call("--to", "Maud Verchere", exits=ExitCode.USAGE).stderr
    assert 'there is no report for "Maud Verchere"; did you mean "Maud Verchère-Lys"?' in said


def test_without_sending_nothing_is_sent(written: tuple[Path, Result]) -> None:
    assert not (written[0] / ".sfsync/outbox").exists()


def test_each_mail_is_sent_once_a_day(call: Call) -> None:
    call("--send", "--to", "Maud Verchère-Lys")
    first = call("--send").stdout
    sent = sorted(Path(".sfsync/outbox").iterdir())
    assert {HENRI, MAUD} <= {mail_in(file)["To"].addresses[0].username for file in sent}
    rest = len(sent) - 1
    assert re.search(
        rf"{rest} mails? of {rest} sent; 1 mail was sent by an earlier run, and", first
    )
    assert not Path(".sfsync/reports").exists()
    assert call("--send").stdout == (
        f"{len(sent)} mails were sent by an earlier run, and none is sent twice: nothing was sent"
        " now\n"
    )
    assert sorted(Path(".sfsync/outbox").iterdir()) == sent
    call("--send", "--now", "2026-06-16T08:00:00Z")
    assert len(list(Path(".sfsync/outbox").iterdir())) == 2 * len(sent)


def test_a_quiet_call_says_nothing_when_all_is_well(call: Call) -> None:
    assert call("--send", "-q", "--out", "look").output == ""
    assert call("--send", "-q").output == ""


def test_what_is_sent_of_an_earlier_day_counts_as_sent(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = ("--to", "Maud Verchère-Lys")
    monkeypatch.setattr(opening, "sleep", lambda _: None)
    with monkeypatch.context() as outage:
        outage.setattr(Outbox, "carry", lambda *_: Answer(Verdict.UNREACHABLE, "away"))
        said = call("--send", *to, exits=ExitCode.INCOMPLETE).stdout
        assert said.endswith("0 mails of 1 sent\n")
        quiet = call("--send", "-q", *to, exits=ExitCode.INCOMPLETE)
        assert (quiet.stdout, quiet.stderr.count("is put off")) == ("", 1)
    monkeypatch.delenv("SFSYNC_ADMIN_EMAIL")
    said = call("--send", "--now", "2026-06-16T08:00:00Z", *to).stdout
    assert (said.count(" was sent ("), said.endswith("2 mails of 2 sent\n")) == (2, True)
    assert len(list(Path(".sfsync/outbox").iterdir())) == 2


def test_readers_of_one_name_at_two_domains_have_files_of_their_own(
    call: Call, tmp_path: Path
) -> None:
    org = cut(tmp_path / "two-domains")
    users = (org / "User.csv").read_text(encoding="utf-8")
    assert f"{HENRI}@example.com" in users
    twin = users.replace(f"{HENRI}@example.com", f"{MAUD}@example.org")
    (org / "User.csv").write_text(twin, encoding="utf-8")
    said = call("--out", "look", org=org).stdout
    mails = list(Path("look").glob("*.eml"))
    assert len(mails) == len(said.splitlines())
    assert {mail_in(each)["To"].addresses[0].domain for each in mails} >= {
        "example.com",
        "example.org",
    }


def test_a_folder_that_cannot_be_made_is_told_by_its_option(call: Call) -> None:
    Path("file").touch()
    for words in (["report", "exceptions"], ["report", "alerts"], ["report", "runs"]):
        result = CliRunner().invoke(commands, [*words, "--out", "file/look"])
        assert result.exit_code == ExitCode.USAGE
        assert "--out: file/look cannot be made (Not a directory): name another" in result.stderr


def test_what_is_new_is_so_since_the_last_mail(call: Call) -> None:
    file = Path(f"look/exceptions-2026-06-15-{MAUD}.txt")
    call("--out", "look", "--send", "--to", "Maud Verchère-Lys")
    assert "C'est le premier rapport" in file.read_text("utf-8")
    call("--out", "look")
    assert "depuis le 15/06/2026 10:00" in file.read_text("utf-8")
    henri = Path(f"look/exceptions-2026-06-15-{HENRI}.txt").read_text("utf-8")
    assert "C'est le premier rapport" in henri
    call("--out", "look", "--since", "2026-06-01T08:00:00Z")
    assert "depuis le 01/06/2026 10:00" in file.read_text("utf-8")


def test_a_mail_of_the_latest_news_does_not_count_as_one_of_all(call: Call) -> None:
    to = ("--to", "Maud Verchère-Lys")
    call("--send", *to)
    call("--send", *to, "--since", "2026-06-16T12:00:00Z", "--now", "2026-06-17T08:00:00Z")
    call("--out", "look", *to, "--now", "2026-06-18T08:00:00Z")
    text = Path(f"look/exceptions-2026-06-18-{MAUD}.txt").read_text("utf-8")
    assert "depuis le 15/06/2026 10:00" in text
    call("--send", *to, "--since", "2026-06-01T08:00:00Z", "--now", "2026-06-18T08:00:00Z")
    call("--out", "look", *to, "--now", "2026-06-19T08:00:00Z")
    text = Path(f"look/exceptions-2026-06-19-{MAUD}.txt").read_text("utf-8")
    assert "depuis le 18/06/2026 10:00" in text


def test_after_a_pass_the_report_tells_what_the_journal_knows(call: Call, small: Path) -> None:
    for moment in ("2026-06-15T08:00:00Z", "2026-06-18T08:00:00Z"):
        words = ["run", "hourly", "-q", "--now", moment, "--org", str(small)]
        assert CliRunner().invoke(commands, words).exit_code == ExitCode.DONE
    call("--out", "look", "--since", "2026-06-16T08:00:00Z")
    with Path(f"look/exceptions-2026-06-18-{MAUD}.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    days = {row["Jours d'ouverture"] for row in rows if row["Situation"] == "Toujours ouvertes"}
    assert days == {"3"}


def test_a_rehearsal_shows_the_mail_that_would_be_sent_then(call: Call, tmp_path: Path) -> None:
    org = cut(tmp_path / "committed", accounts=(COMMITTED, STAYING))

    def sfsync(*words: str) -> None:
        result = CliRunner().invoke(commands, [*words, "-q", "--org", str(org)])
        assert result.exit_code == ExitCode.DONE, result.output

    then = ("--now", "2026-06-18T08:00:00Z")
    sfsync("run", "hourly")
    sfsync("findings", "snooze", "target-data-missing", STAYING, "--until", "2026-07-01")
    call("--send", org=org)
    call("--out", "rehearsed", *then, org=org)
    sfsync("run", "hourly", *then)
    call("--out", "sent", org=org)
    files = [file for kind in ("txt", "csv", "html") for file in Path("sent").glob(f"*.{kind}")]
    assert len(files) == 5
    for file in files:
        assert Path("rehearsed", file.name).read_bytes() == file.read_bytes()
    text = Path(f"rehearsed/exceptions-2026-06-18-{MAUD}.txt").read_text("utf-8")
    assert "toujours ouvertes" in text
    assert "Montant en jeu" in text
    assert "est reportée et n'apparaît pas" in text
    # The deal stands there once, whatever is wrong with it.
    still_open = text.partition("Toujours ouvertes (")[2]
    assert still_open.count("/lightning/r/Opportunity/") == 1
    assert still_open.count("\xa0: Commit ") == 6
    assert f"Le fichier joint exceptions-2026-06-18-{MAUD}.csv contient" in text


def test_without_an_admin_it_is_said_who_gets_nothing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = cut(tmp_path / "orphan", accounts=(STAYING,))
    # Somebody without a manager.
    give(org / "Account.csv", OwnerId="005Dm000000000GIAQ")
    call("--to", "Odile Fontanelle", org=org)
    monkeypatch.delenv("SFSYNC_ADMIN_EMAIL")
    words = ("--send", "--out", "look", "--to", "Admin")
    said = call(*words, org=org, exits=ExitCode.INCOMPLETE)
    assert "name the admin in SFSYNC_ADMIN_EMAIL" in said.output
    assert "0 mails of 1 sent" in said.stdout
    assert "(.html, .txt, .csv)" in said.stdout


def test_nothing_to_tell_makes_no_mail(call: Call, tmp_path: Path) -> None:
    said = call("--send", org=cut(tmp_path / "empty", accounts=()))
    assert said.stdout == "There is nothing to tell, so there is no mail.\n"
    assert not Path(".sfsync/outbox").exists()


def test_a_day_is_its_beginning_in_the_orgs_zone_and_none_that_is_to_come(call: Call) -> None:
    call("--out", "look", "--since", "2026-06-01")
    text = Path(f"look/exceptions-2026-06-15-{MAUD}.txt").read_text("utf-8")
    assert "depuis le 01/06/2026 00:00" in text
    for since, said in (
        ("2026-06-16", "later than the moment judged"),
        ("2099-01-01T00:00:00Z", "later than the moment judged"),
        ("2026-06-31", "is neither a day, as 2026-06-15, nor an instant"),
        ("20260601", "is neither a day"),
    ):
        assert said in call("--since", since, exits=ExitCode.USAGE).stderr
    assert "is later" in CliRunner().invoke(
        commands, ["report", "runs", "--since", "2099-01-01"]
    ).stderr  # fmt: skip


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file `reports.yaml` of a configuration that is used, to be written."""
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config, ignore=shutil.ignore_patterns("demo"))
    monkeypatch.setenv("SFSYNC_CONFIG", str(config))
    return config / "reports.yaml"


def test_the_language_of_a_report_brings_its_dates_and_money(
    call: Call, reports: Path, tmp_path: Path
) -> None:
    reports.write_text("reports:\n  - {name: exceptions, language: fr}\nruns: {language: fr}\n")
    org = cut(tmp_path / "american", accounts=(COMMITTED, WON))
    give(org / "User.csv", LocaleSidKey="en_US")
    call("--out", "look", org=org)
    text = Path(f"look/exceptions-2026-06-15-{MAUD}.txt").read_text("utf-8")
    assert "État au 15/06/2026 10:00" in text
    assert "12 000 €" in text.replace("\u202f", " ").replace("\xa0", " ")
    CliRunner().invoke(commands, ["run", "hourly", "-q", "--org", str(org)])
    made = CliRunner().invoke(commands, ["report", "runs", "--out", "look", "--org", str(org)])
    assert made.exit_code == ExitCode.DONE
    (file,) = Path("look").glob("runs-*.txt")
    assert re.search(r"\d\d/\d\d/\d{4} \d\d:\d\d", file.read_text("utf-8"))


@pytest.mark.parametrize(
    ("report", "problem"),
    [
        (
            "{name: a, to: owners, severities: [high]}",
            'reports.yaml:2: the report "a" can never tell anything: no finding of high severity'
            " goes to owners; findings.yaml says",
        ),
        (
            "{name: a, every: monthly}",
            'reports.yaml:2: reports.every: "monthly" will not do: write daily or weekly',
        ),
    ],
)
def test_a_check_of_the_rules_tells_of_reports_that_cannot_be(
    alone: None, reports: Path, report: str, problem: str
) -> None:
    reports.write_text(f"reports:\n  - {report}\n")
    checked = CliRunner().invoke(commands, ["rules", "check"])
    assert checked.exit_code == ExitCode.CONFIGURATION
    assert problem in checked.stderr


def test_a_mistake_in_reports_is_told_with_its_place(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config, ignore=shutil.ignore_patterns("demo"))
    (config / "reports.yaml").write_text("reports:\n  - {name: a, too: admin}\n")
    monkeypatch.setenv("SFSYNC_CONFIG", str(config))
    problem = 'reports.yaml:2: unknown key "too"; did you mean "to"?'
    assert problem in call(exits=ExitCode.CONFIGURATION).stderr
    checked = CliRunner().invoke(commands, ["rules", "check"])
    assert (checked.exit_code, problem in checked.stderr) == (ExitCode.CONFIGURATION, True)
    (config / "reports.yaml").unlink()
    assert "cannot be read" in call(exits=ExitCode.CONFIGURATION).stderr
