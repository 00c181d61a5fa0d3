"""Do the commands say how mails leave, and whether they do?"""

from email import message_from_bytes
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cut_org import cut
from mail_server import PASSWORD, USER, Post, certificates, serving

from sfsync.cli import commands, opening
from sfsync.cli.posting import check_mail, letterhead_of, postman_of
from sfsync.doctor import Check, Level
from sfsync.errors import ConfigError, ExitCode
from sfsync.journal import Journal
from sfsync.letter import MessageState
from sfsync.mail import Address, Message
from sfsync.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def trusting(alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the authority of the mail server."""
    (tmp_path / "authority.pem").write_bytes(certificates().authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


def use(post: Post, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """Set a mail server that encrypts, and wants a password."""
    names = {
        "SMTP_HOST": "localhost",
        "SMTP_PORT": str(post.port),
        "SMTP_USER": USER,
        "SMTP_PASSWORD": PASSWORD,
        "SMTP_TIMEOUT": "5",
        "MAIL_FROM": "Sales loop <sales-loop@example.com>",
    }
    for name, value in {**names, **more}.items():
        monkeypatch.setenv(f"SFSYNC_{name}", value)


def try_mail(*args: str, exits: int = ExitCode.DONE) -> Result:
    result = CliRunner().invoke(commands, ["mail", "test", "--to", "ana@example.com", *args])
    assert result.exit_code == exits, (result.output, result.exception)
    assert PASSWORD not in result.output
    return result


def test_a_test_message_arrives_and_each_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(starttls=True, login=True) as post:
        use(post, monkeypatch, MAIL_REPLY_TO="bea@example.com")
        said = try_mail().output
        assert said.splitlines() == [
            f"connected to localhost, port {post.port}",
            "encrypted with TLSv1.3; the certificate is good",
            f"signed in as {USER}",
            "mail from sales-loop@example.com to ana@example.com is welcome",
            "handed over",
            "The server took it (250 OK: queued). Look for it at ana@example.com, also in spam.",
        ]
        assert try_mail("-q").output == ""
    mail = post.mails[0]
    assert (mail["From"], mail["Reply-To"]) == (
        "Sales loop <sales-loop@example.com>",
        "bea@example.com",
    )


def test_what_stands_in_the_way_is_told_with_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(starttls=True, login=True, refused={"ana@example.com"}) as post:
        use(post, monkeypatch)
        assert "550 5.1.1" in try_mail(exits=ExitCode.INCOMPLETE).stderr
        use(post, monkeypatch, SMTP_PASSWORD="wrong")
        assert "refuses the sign-in" in try_mail(exits=ExitCode.CONFIGURATION).stderr
    use(post, monkeypatch)
    assert "cannot be reached" in try_mail(exits=ExitCode.UNREACHABLE).stderr
    assert "is no mail address" in try_mail("--to", "nobody", exits=ExitCode.USAGE).stderr


def test_without_a_server_the_test_message_is_in_the_outbox() -> None:
    said = try_mail().output
    (file,) = Path(".sfsync/outbox").iterdir()
    assert said == f"No mail server is set (SFSYNC_SMTP_HOST): written to {file}\n"
    assert message_from_bytes(file.read_bytes())["To"] == "ana@example.com"


def test_the_password_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    with serving(starttls=True, login=True) as post:
        use(post, monkeypatch, SMTP_PASSWORD_FILE="password", SMTP_PASSWORD="")
        try_mail()
    assert len(post.delivered) == 1


def test_what_a_server_put_off_waits_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "sleep", lambda _: None)
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", "odile.fontanelle@example.com")
    org = ("--org", str(cut(tmp_path / "small")))

    def report(*args: str, exits: int = ExitCode.DONE) -> Result:
        result = CliRunner().invoke(commands, ["report", *args, "--send", *org])
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    with serving(starttls=True, login=True) as post:
        use(post, monkeypatch)
    exceptions = ("exceptions", "--to", "Maud Verchère-Lys")
    assert "cannot be reached" in report(*exceptions, exits=ExitCode.INCOMPLETE).stdout
    monkeypatch.delenv("SFSYNC_SMTP_HOST")
    line = "1 mail waits for the mail server: set SFSYNC_SMTP_HOST again, and the next --send sends"
    for words in (exceptions, ("runs",)):
        assert report(*words, exits=ExitCode.INCOMPLETE).stdout.count(line) == 1
        assert line in report(*words, "-q", exits=ExitCode.INCOMPLETE).stderr
    # The admin's mail of what waits is for the outbox, and in it.
    (file,) = Path(".sfsync/outbox").iterdir()
    assert b"odile.fontanelle" in file.read_bytes()
    with serving(starttls=True, login=True) as post:
        use(post, monkeypatch)
        assert "1 mail of 1 sent" in report(*exceptions).stdout
    assert post.recipients == ["maud.verchere-lys@example.com"]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"SFSYNC_MAIL_FROM": "Sales loop"},
            'SFSYNC_MAIL_FROM: "Sales loop" is no mail address that can be written to: write',
        ),
        (
            {"SFSYNC_SMTP_HOST": "smtp://mail.example.com:25", "SFSYNC_MAIL_FROM": "a@example.com"},
            'SFSYNC_SMTP_HOST: "smtp://mail.example.com:25" is more than a host: write '
            "mail.example.com, and the port in SFSYNC_SMTP_PORT",
        ),
        (
            {"SFSYNC_SMTP_HOST": "mail..example.com", "SFSYNC_MAIL_FROM": "a@example.com"},
            'SFSYNC_SMTP_HOST: "mail..example.com" is no host: write a name as mail.example.com',
        ),
        ({"SFSYNC_SMTP_PORT": "abc"}, 'SFSYNC_SMTP_PORT: "abc" will not do: write a whole number'),
        ({"SFSYNC_SMTP_PORT": "0"}, 'SFSYNC_SMTP_PORT: "0" will not do: write 1 or more'),
        (
            {"SFSYNC_SMTP_SECURITY": "ssl"},
            'SFSYNC_SMTP_SECURITY: "ssl" will not do: write starttls, tls or none',
        ),
        ({"SFSYNC_READ_ONLY": "maybe"}, 'SFSYNC_READ_ONLY: "maybe" will not do: write true or'),
    ],
)
def test_a_setting_that_will_not_do_is_told_as_it_was_typed(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], problem: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert f"sfsync: {problem}" in try_mail(exits=ExitCode.CONFIGURATION).stderr
    doctor = CliRunner().invoke(commands, ["doctor", "-q"])
    assert doctor.exit_code == ExitCode.CONFIGURATION
    assert problem in doctor.stdout


def test_the_doctor_tries_the_mail_server_and_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def doctor(exits: int) -> str:
        result = CliRunner().invoke(commands, ["doctor"])
        assert result.exit_code == exits, result.output
        return result.stdout

    with serving(starttls=True, login=True) as post:
        use(post, monkeypatch)
        assert f"mails go to localhost, port {post.port} (starttls), as {USER}, from" in doctor(
            ExitCode.DONE
        )
        assert (post.sign_ins, post.senders, post.delivered) == (1, [], [])
        use(post, monkeypatch, SMTP_PASSWORD="wrong")
        assert "problem\tthe mail server localhost" in doctor(ExitCode.CONFIGURATION)
    use(post, monkeypatch)
    assert "cannot be reached" in doctor(ExitCode.CONFIGURATION)


def checks(**given: object) -> list[Check]:
    return check_mail(load_settings(**given), is_real=True)


def test_the_doctor_says_how_mails_leave() -> None:
    (unset,) = checks()
    assert (unset.level, unset.text) == (
        Level.NOTE,
        "no mail server is set: mails are written to .sfsync/outbox",
    )
    assert "set SFSYNC_SMTP_HOST and SFSYNC_MAIL_FROM" in unset.remedy
    assert check_mail(load_settings(), is_real=False)[0].level is Level.GOOD
    with serving(tls=True) as post:
        way = {"smtp_host": "localhost", "mail_from": "sales-loop@example.com"}
        (good,) = checks(**way, smtp_port=post.port, smtp_security="tls")
    assert (good.level, good.text) == (
        Level.GOOD,
        f"the mail server lets us in: mails go to localhost, port {post.port} (tls), without "
        "signing in, from sales-loop@example.com; try it with `sfsync mail test --to ADDRESS`",
    )


def test_the_doctor_tells_all_that_is_wrong_with_the_settings() -> None:
    found = checks(smtp_host="mail.example.com", smtp_password="secret", smtp_security="none")
    assert {each.level for each in found} == {Level.PROBLEM}
    assert [each.text.partition(" ")[0] for each in found] == [
        "SFSYNC_MAIL_FROM",
        "SFSYNC_SMTP_SECURITY",
        "of",
    ]
    assert not any("secret" in each.text for each in found)
    (wrong,) = checks(admin_email="nobody")
    assert wrong.text.startswith('SFSYNC_ADMIN_EMAIL: "nobody" is no mail address')


def test_the_postman_of_the_settings_sends_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "sleep", lambda _seconds: None)
    settings: Settings = load_settings(admin_email="admin@example.com")
    assert letterhead_of(settings).unsubscribe == Address("admin@example.com")
    journal = Journal.open(f"sqlite:///{Path('journal.db').absolute()}")
    message = Message(Address("ana@example.com"), "News", "News\n", "", "news:1")
    (done,) = postman_of(settings, journal, "books").send([message])
    journal.close()
    assert done.state is MessageState.SENT
    assert len(list(Path(".sfsync/outbox").iterdir())) == 1
    with pytest.raises(ConfigError, match="SFSYNC_MAIL_FROM is not set"):
        postman_of(load_settings(smtp_host="mail.example.com"), journal, "books")
