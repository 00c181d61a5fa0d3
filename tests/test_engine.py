"""Do the workers of a Dask cluster give what one process gives, whatever becomes of them?"""

import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import dask
import psutil
import pytest
from click.testing import CliRunner
from cut_org import cut
from distributed import LocalCluster
from loop_org import CONFIG, Loop
from test_partitions import org_of, policy_of
from works import doubled, ended_once, killing, met, noted, refused, resting

from sfsync.cli import commands
from sfsync.engine import Engine, Here
from sfsync.engine.cluster import Dask, done_by_worker
from sfsync.engine.versions import versions_here
from sfsync.errors import CircleError, ConfigError, EngineFailed, ExitCode, SfsyncError
from sfsync.jobs.hourly import hourly
from sfsync.plan_file import to_json
from sfsync.policy import Partitions
from sfsync.store import Store

SECONDS = 90


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Dask]:
    """A cluster of this machine's own, begun once for all tests: processes are slow to begin."""
    with Dask(workers=2) as engine:
        yield engine


@pytest.fixture
def cluster() -> Iterator[LocalCluster]:
    """A cluster that somebody else runs: a scheduler and a worker that are threads here."""
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", memory_limit=0,
        dashboard_address=None, scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    ) as begun:  # fmt: skip
        yield begun


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def in_parts(loop: Loop, store: Store, engine: Engine) -> str:
    """What a pass would change, of an org in partitions, as it is written down."""
    policy = replace(loop.policy, partitions=Partitions(above=12, accounts=12))
    services = replace(loop.services, policy=policy, store=store, engine=engine)
    return to_json(hourly(replace(services, now=loop.fake.clock.now())).plan)


def test_two_workers_give_the_plan_of_one_process(tmp_path: Path, two_workers: Dask) -> None:
    with org_of(policy_of()) as loop:
        here = in_parts(loop, Store(tmp_path / "here"), Here())
        assert here.count('"id"') > 10
        assert in_parts(loop, Store(tmp_path / "there"), two_workers) == here


def test_what_is_given_comes_in_the_order_of_the_parts_from_both(
    tmp_path: Path, two_workers: Dask
) -> None:
    given = list(two_workers.each(met, [(str(tmp_path), number) for number in range(30)]))
    assert [number for number, _ in given] == list(range(30))
    processes = {process for _, process in given}
    assert os.getpid() not in processes
    assert len(processes) == 2


def test_what_a_worker_had_not_given_when_it_died_is_done_again(
    tmp_path: Path, two_workers: Dask, caplog: pytest.LogCaptureFixture
) -> None:
    parts = [(str(tmp_path / "mark"), number) for number in range(12)]
    assert list(two_workers.each(ended_once, parts)) == list(range(12))
    assert (tmp_path / "mark").exists()
    assert "is gone: what it was at is done again" in caplog.text


def test_an_error_of_the_work_is_raised_as_it_is_after_what_came_before(two_workers: Dask) -> None:
    given = two_workers.each(refused, list(range(5)))
    assert [next(given), next(given)] == [0, 1]
    with pytest.raises(CircleError, match=r"^a: round and round\nz: 2$") as raised:
        next(given)
    assert raised.value.problems == ("a: round and round", "z: 2")


def test_parts_are_begun_only_so_far_ahead_as_they_are_taken(
    tmp_path: Path, two_workers: Dask
) -> None:
    given = two_workers.each(noted, [(str(tmp_path), number) for number in range(100)])
    next(given)
    time.sleep(0.3)
    assert 1 <= len(list(tmp_path.iterdir())) <= 5
    given.close()  # type: ignore[attr-defined]


def kinds(above: type[SfsyncError]) -> Iterator[type[SfsyncError]]:
    yield above
    for each in above.__subclasses__():
        yield from kinds(each)


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_what_is_no_scheduler_is_told_and_not_waited_for(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        met = pool.submit(server.accept)
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        if greeting:
            met.add_done_callback(lambda done: done.result()[0].sendall(greeting))
        with pytest.raises(EngineFailed, match=f"no Dask scheduler answers at {address}: "):
            Dask(address, connect_seconds=0.5).__enter__()
        met.result()[0].close()


@pytest.mark.parametrize("kind", sorted(set(kinds(SfsyncError)), key=lambda each: each.__name__))
def test_each_error_keeps_its_kind_and_words_on_its_way(kind: type[SfsyncError]) -> None:
    given = ["b: two", "a: one"] if issubclass(kind, ConfigError) else "what is wrong"
    error = kind(given)  # type: ignore[arg-type]
    came = pickle.loads(pickle.dumps(error))
    assert (type(came), str(came), came.args) == (kind, str(error), error.args)
    assert (came.logged, came.exit_code) == (error.logged, error.exit_code)
    assert getattr(came, "problems", None) == getattr(error, "problems", None)


def test_a_part_that_ends_each_worker_is_named() -> None:
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        Dask(workers=1) as engine,
        pytest.raises(EngineFailed, match="workers in turn died over part 1 of 2; nothing was wri"),
    ):
        list(engine.each(killing, [1, 2]))


def test_a_scheduler_that_is_not_there_is_told_at_once() -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(EngineFailed, match=f"no Dask scheduler answers at {address}"):
        Dask(address).__enter__()


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.5:8786", "http://10.0.0.5:8786", "tcp://10.0.0.5"),
        *("tcp://10.0.0.5:87860", "tcp://dask..example.org:8786"),
    ],
)
def test_what_is_no_address_of_a_scheduler_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="write it as tcp://"):
        Dask(address)


def test_without_certificates_tls_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs certificates"):
        Dask("tls://127.0.0.1:8786").__enter__()


def test_workers_are_waited_for_only_so_long(cluster: LocalCluster) -> None:
    address = cluster.scheduler_address
    with Dask(address, workers_seconds=0.2) as engine:
        assert [number for number, _ in engine.each(doubled, [1, 2])] == [2, 4]
        given = engine.each(resting, [1, 2, 3])
        next(given)
        cluster.scale(0)
        with pytest.raises(EngineFailed, match=f"{address} has had no worker for 0.2 seconds"):
            list(given)
    with pytest.raises(EngineFailed, match="Start workers"):
        Dask(address, workers_seconds=0.2).__enter__()


def test_a_scheduler_that_goes_is_told(cluster: LocalCluster) -> None:
    with Dask(cluster.scheduler_address, connect_seconds=1) as engine:
        given = engine.each(resting, list(range(50)))
        next(given)
        cluster.close()
        with pytest.raises(EngineFailed, match=r"is gone; nothing was written"):
            list(given)


def test_a_worker_with_other_versions_does_nothing() -> None:
    versions = {**versions_here(), "pandas": "2.0.0"}
    with pytest.raises(ConfigError, match=r"a worker has pandas \S+ \(here 2.0.0\)"):
        done_by_worker(doubled, versions, 1)
    assert done_by_worker(doubled, versions_here(), 1)[0] == 2


def plan(*args: str) -> Callable[[], tuple[int, str, str]]:
    def planned() -> tuple[int, str, str]:
        done = CliRunner().invoke(commands, ["plan", "hourly", "--format", "json", *args])
        return done.exit_code, re.sub(r'"made_at": "[^"]*"', "", done.stdout), done.stderr

    return planned


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small recorded org, which is cut into partitions."""
    cut(tmp_path / "small")
    text = (CONFIG / "sfsync.yaml").read_text("utf-8")
    config = tmp_path / "config"
    config.mkdir()
    for each in CONFIG.iterdir():
        if each.name not in ("sfsync.yaml", "demo"):
            (config / each.name).symlink_to(each)
    text, number = re.subn(r"(?m)^(  (?:above|accounts): )[\d_]+$", r"\g<1>2", text)
    assert number == 2
    (config / "sfsync.yaml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SFSYNC_ORG", "small")
    return tmp_path


def test_the_command_asks_the_scheduler_that_is_named(
    place: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = plan()()
    assert (here[0], here[2]) == (0, "")
    address = cluster.scheduler_address
    assert plan("--engine", "dask", "--scheduler", address)() == here
    monkeypatch.setenv("SFSYNC_ENGINE", "dask")
    monkeypatch.setenv("SFSYNC_DASK_SCHEDULER", address)
    assert plan()() == here
    cluster.close()
    code, said, told = plan()()
    assert (code, said) == (ExitCode.UNREACHABLE, "")
    assert "no Dask scheduler answers" in told


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], "are of --engine dask"),
        (["--engine", "here", "--workers", "2"], "are of --engine dask"),
        (["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--workers", "2"], "of its own"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    place: Path, args: list[str], told: str
) -> None:
    code, _, said = plan(*args)()
    assert code == ExitCode.USAGE
    assert told in said


def test_who_names_the_cluster_for_one_partition_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place / "config" / "sfsync.yaml"
    file.write_text(file.read_text("utf-8").replace("  above: 2\n", "  above: 9\n"), "utf-8")
    code, said, told = plan("--engine", "dask")()
    assert (code, told.count("\n")) == (0, 1)
    assert "this org is one partition (partitions.above in sfsync.yaml)" in told
    monkeypatch.setenv("SFSYNC_ENGINE", "dask")
    assert plan()() == (0, said, "")


def test_without_dask_it_is_told_how_to_get_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "sfsync.engine.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, said = plan("--engine", "dask")()
    assert code == ExitCode.CONFIGURATION
    assert "pip install 'sfsync[dask]'" in said


def test_the_workers_end_with_the_process_at_ctrl_c(place: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sfsync", "plan", "hourly", "--engine", "dask", "--workers", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    begun = psutil.Process(process.pid)
    until = time.monotonic() + SECONDS
    # Another one looks after what the two share.
    while len(workers := begun.children(recursive=True)) < 2 and time.monotonic() < until:
        assert process.poll() is None
        time.sleep(0.01)
    # A terminal sends it to all of them.
    os.killpg(process.pid, signal.SIGINT)
    said, told = process.communicate(timeout=SECONDS)
    assert (process.returncode, said, told) == (128 + signal.SIGINT, "", "sfsync: stopped\n")
    assert psutil.wait_procs(workers, timeout=SECONDS)[1] == []
