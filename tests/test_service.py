"""Do a service's jobs stand on what it accepted, whatever is edited or served beside it?"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from loop_org import CONFIG

from sfsync.cli.options import Place
from sfsync.cli.service import Kept, environment_of, kept
from sfsync.cli.setting import set_up
from sfsync.errors import ConfigError
from sfsync.settings import Settings, load_settings

PLACE = Place("demo", None, None)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration in it, in which commands are called."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder, ignore=lambda _, names: {"demo", "deploy"} & set(names))
    return folder


@pytest.fixture
def edited(config: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Kept]:
    """Let a service accept a configuration that has another text in it."""

    def accept(service: str, text: str) -> Kept:
        monkeypatch.setenv("SFSYNC_SERVICE", service)
        (config / "note.txt").write_text(text)
        copy = kept(set_up(PLACE))
        copy.at_hand()
        return copy

    return accept


def test_others_take_nobodys_configuration_away(edited: Callable[[str, str], Kept]) -> None:
    mine = edited("mine", "first")
    # Another service; and a second scheduler of this one, which waits, and reads it anew.
    for service in ("other", "mine"):
        for n in range(4):
            edited(service, f"{service} {n}")
    assert (mine.at_hand() / "note.txt").read_text() == "first"
    assert (mine.at_hand() / "sfsync.yaml").is_file()
    kept_now = [each.name for each in mine.folder.parent.iterdir()]
    assert len(kept_now) == 2
    assert mine.folder.name in kept_now


def test_who_keeps_the_same_at_the_same_time_hinders_nobody(
    edited: Callable[[str, str], Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = edited("mine", "first")
    rename = Path.rename

    def later(self: Path, target: Path) -> Path:
        shutil.copytree(self, target, symlinks=True)
        return rename(self, target)

    shutil.rmtree(copy.folder)
    monkeypatch.setattr(Path, "rename", later)
    assert (copy.at_hand() / "note.txt").read_text() == "first"
    assert list(copy.folder.parent.iterdir()) == [copy.folder]


def settings_of_a_job(
    service: Settings, monkeypatch: pytest.MonkeyPatch, env_file: str
) -> Settings:
    """The settings that a job reads after `.env` was edited."""
    for name, value in environment_of(service, None).items():
        monkeypatch.setenv(name, value)
    Path(".env").write_text(env_file)
    return load_settings()


def test_jobs_keep_to_the_journal_of_their_service(monkeypatch: pytest.MonkeyPatch) -> None:
    service = load_settings(org="demo")
    job = settings_of_a_job(service, monkeypatch, "SFSYNC_JOURNAL_URL=sqlite:///other.db\n")
    assert job.journal == service.journal


def test_jobs_read_the_file_of_the_journal_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("url").write_text("sqlite:///first.db")
    Path(".env").write_text("SFSYNC_JOURNAL_URL_FILE=url\n")
    service = load_settings(org="demo")
    Path("url").write_text("sqlite:///first.db?timeout=9")
    job = settings_of_a_job(service, monkeypatch, "SFSYNC_JOURNAL_URL_FILE=url\n")
    assert job.journal == "sqlite:///first.db?timeout=9"
    # Another place is refused, and not gone to unseen.
    with pytest.raises(ConfigError, match="both set"):
        settings_of_a_job(service, monkeypatch, "SFSYNC_JOURNAL_URL=sqlite:///second.db\n")
