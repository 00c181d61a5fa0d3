"""Is a store where other machines see it, too, as good as one in a folder?"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from click.testing import CliRunner
from cut_org import cut
from loop_org import CONFIG, Loop
from test_partitions import org_of, policy_of

from sfsync.cli import commands
from sfsync.errors import ConfigError, ExitCode
from sfsync.jobs.hourly import hourly
from sfsync.plan_file import to_json
from sfsync.policy import Partitions
from sfsync.store import MANIFEST, Filed, Store

URL = "memory://bucket/sfsync"


@pytest.fixture(autouse=True)
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """A place elsewhere that is empty before and after."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def plan_of(loop: Loop, store: Store, accounts: int = 6) -> str:
    policy = replace(loop.policy, partitions=Partitions(above=accounts, accounts=accounts))
    services = replace(loop.services, policy=policy, store=store, now=loop.fake.clock.now())
    return to_json(hourly(services).plan)


def test_what_is_kept_elsewhere_gives_the_same_plan(
    tmp_path: Path, memory: fsspec.AbstractFileSystem
) -> None:
    with org_of(policy_of()) as loop:
        here = Store(tmp_path / "here")
        assert plan_of(loop, Store(tmp_path / "there", URL)) == plan_of(loop, here)
        kept = memory.find("/bucket/sfsync")
        assert sum("/Account-" in each for each in kept) == 2
        # What only this pass needed is gone, and nothing of the org is left on this machine.
        assert not any("/work" in each for each in kept)
        assert [each for each in (tmp_path / "there").rglob("*") if each.is_file()] == []
        calls = loop.org.calls
        loop.fake.edit("Account", str(loop.fake.records("Account")[0]["Id"]), Name="Elm House")
        assert plan_of(loop, Store(tmp_path / "there", URL)) == plan_of(loop, here)
        # Each of them read only what had changed since.
        assert loop.org.calls - calls < calls


def test_what_a_harmed_place_elsewhere_lacks_is_read_afresh(
    tmp_path: Path, memory: fsspec.AbstractFileSystem, caplog: pytest.LogCaptureFixture
) -> None:
    with org_of(policy_of()) as loop:
        before = plan_of(loop, Store(tmp_path, URL), 1000)
        memory.pipe_file(f"/bucket/sfsync/{MANIFEST}", b'{"version": ')
        assert plan_of(loop, Store(tmp_path, URL), 1000) == before
        assert f"{URL} cannot be read and is left aside" in caplog.text


def test_what_this_machine_does_not_see_is_told(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="SFSYNC_STORE_URL names one that all workers see"):
        Filed(str(tmp_path), "Account-0000.parquet").read()


def test_a_place_that_nothing_opens_is_told_with_what_it_takes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"SFSYNC_STORE_URL: s3://bucket/sfsync: .*s3fs"):
        Store(tmp_path, "s3://bucket/sfsync")
    with pytest.raises(ConfigError, match="SFSYNC_STORE_URL: carrier-pigeon://bucket: "):
        Store(tmp_path, "carrier-pigeon://bucket")


def test_commands_keep_what_they_read_there_and_forget_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: fsspec.AbstractFileSystem
) -> None:
    cut(tmp_path / "small", ("001Dm000000000CIAQ",))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SFSYNC_ORG", "small")
    monkeypatch.setenv("SFSYNC_CONFIG", str(CONFIG))
    monkeypatch.setenv("SFSYNC_STORE_URL", URL)
    done = CliRunner().invoke(commands, ["plan", "hourly"])
    assert done.exit_code == ExitCode.DONE, done.output
    kept = [each for each in memory.find("/bucket/sfsync") if "/Contact-" in each]
    assert kept
    assert not list(Path(".sfsync").rglob("*.parquet"))
    person = "maeva.echantillon1@example.com"
    args = ["cleanup", "forget", person, "--recording", "small", "--apply", "--yes"]
    done = CliRunner().invoke(commands, args)
    assert done.exit_code == ExitCode.DONE, done.output
    assert memory.find("/bucket/sfsync") == []
