"""Does the wheel hold all that the commands need, and does `sfsync init` write a copy to edit?"""

import os
import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import check_pins
import pytest
from click.testing import CliRunner
from hatchling.builders.wheel import WheelBuilder

from sfsync import __version__, shipped
from sfsync.cli import commands

ROOT = Path(__file__).parents[1]
PINS = re.compile(r"^([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==\S+.*(?:\n    --hash=.*)*", re.MULTILINE)


def files_under(folder: Path) -> set[str]:
    found = (
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in str(path)
    )
    return {path.relative_to(folder).as_posix() for path in found}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    return Path(next(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def metadata(unpacked: Path) -> Message:
    (text,) = unpacked.glob("*.dist-info/METADATA")
    return Parser().parsestr(text.read_text(encoding="utf-8"))


def test_the_wheel_holds_the_package_and_what_comes_with_it_and_nothing_else(
    unpacked: Path,
) -> None:
    package = {f"sfsync/{name}" for name in files_under(ROOT / "sfsync")}
    config = {f"sfsync/_shipped/config/{name}" for name in files_under(ROOT / "config")}
    there = {name for name in files_under(unpacked) if ".dist-info/" not in name}
    assert there == package | config | {"sfsync/_shipped/.env.example"}
    assert {"sfsync/py.typed", "sfsync/report/templates/mail.html"} <= there
    for name in config:
        tree = ROOT / name.removeprefix("sfsync/_shipped/")
        assert (unpacked / name).read_bytes() == tree.read_bytes(), name


def test_the_wheel_says_what_it_is(unpacked: Path) -> None:
    told = metadata(unpacked)
    assert told["Version"] == __version__
    assert told["License-Expression"]
    assert "Private :: Do Not Upload" in told.get_all("Classifier")
    assert told["Requires-Python"] == ">=3.11"


def test_an_unpacked_wheel_needs_no_source_tree(unpacked: Path, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SFSYNC_")}
    code = "import sfsync, sys; print(sfsync.__file__, file=sys.stderr); import sfsync.__main__"
    done = subprocess.run(
        [sys.executable, "-c", code, "init", "service"],
        cwd=tmp_path, env={**kept, "PYTHONPATH": str(unpacked)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(str(unpacked))
    assert (tmp_path / "service" / "config" / "rules" / "accounts.yaml").is_file()


def test_the_pins_for_running_it_are_those_that_are_tested() -> None:
    tested = {found[1]: found[0] for found in PINS.finditer((ROOT / "constraints.txt").read_text())}
    text = (ROOT / "config" / "deploy" / "requirements.txt").read_text(encoding="utf-8")
    run = {found[1]: found[0] for found in PINS.finditer(text)}
    assert {name for name, pin in run.items() if pin != tested.get(name)} == set()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (needed,) = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    names = {name.lower() for name in re.findall(r'"([\w-]+)[><=]', needed)}
    assert names | {"psycopg"} <= set(run)
    assert "pytest" not in run


def initialised(folder: Path, *options: str) -> str:
    done = CliRunner().invoke(commands, ["init", str(folder), *options])
    assert done.exit_code == 0, done.output
    return done.output


def test_init_writes_a_copy_that_the_commands_then_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "service"
    told = initialised(place)
    assert f"cd {place}" in told
    apart = ("demo/", "deploy/", "monitoring/")
    expected = {name for name in files_under(ROOT / "config") if not name.startswith(apart)}
    assert files_under(place / "config") == expected
    for name in expected:
        assert (place / "config" / name).read_bytes() == (ROOT / "config" / name).read_bytes()
    assert (place / ".env.example").read_bytes() == (ROOT / ".env.example").read_bytes()
    config = place / "config"
    for named in (config, place):
        said = CliRunner().invoke(commands, ["rules", "check", "--config", str(named)])
        assert said.exit_code == 0, said.output
        assert said.output.startswith(f"{config}: ")
    monkeypatch.chdir(place)
    said = CliRunner().invoke(commands, ["rules", "check"])
    assert said.output.startswith("config: ")


def test_a_written_configuration_needs_no_demo_of_its_own(tmp_path: Path) -> None:
    initialised(tmp_path)
    place = ["--config", str(tmp_path), "--state-dir", str(tmp_path / "state")]
    said = CliRunner().invoke(commands, ["org", "where", "--org", "demo", *place])
    assert said.exit_code == 0, said.output
    assert str(shipped.demo()) in said.output


def test_init_writes_over_nothing_and_tells_what_differs(tmp_path: Path) -> None:
    initialised(tmp_path)
    own, gone = tmp_path / "config" / "reports.yaml", tmp_path / "config" / "rules" / "leads.yaml"
    own.write_text("# ours\n" + own.read_text(encoding="utf-8"), encoding="utf-8")
    gone.unlink()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    shown = initialised(tmp_path, "--diff")
    assert "-# ours" in shown.splitlines()
    assert f"missing: {gone}" in shown
    assert not gone.exists(), "looking is not writing"
    told = initialised(tmp_path)
    assert f"left as it is: {own}" in told
    assert "  config/rules/leads.yaml" in told.splitlines()
    assert "cp .env.example" not in told
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) == {gone}
    own.write_bytes((ROOT / "config" / "reports.yaml").read_bytes())
    assert "as shipped" in initialised(tmp_path)
    assert "No difference" in initialised(tmp_path, "--diff")


def test_init_with_deploy_writes_the_examples_for_running_it(tmp_path: Path) -> None:
    initialised(tmp_path, "--deploy")
    written = files_under(tmp_path / "config" / "deploy")
    assert written == files_under(ROOT / "config" / "deploy")
    assert "Dockerfile" in written


def test_init_complains_of_all_that_it_cannot_read(tmp_path: Path) -> None:
    initialised(tmp_path)
    (tmp_path / "config" / "sfsync.yaml").write_bytes(b"\xff")
    (tmp_path / "config" / "setup.yaml").unlink()
    (tmp_path / "config" / "setup.yaml").symlink_to(tmp_path / "nowhere")
    done = CliRunner().invoke(commands, ["init", str(tmp_path)])
    assert done.exit_code == 5
    assert "sfsync.yaml: cannot be read: it is no text in UTF-8" in done.output
    assert "setup.yaml: cannot be read: No such file" in done.output


@pytest.mark.parametrize(
    ("licence", "fitting"),
    [
        ("MIT", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("MPL-2.0 AND BSD-3-Clause", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("GPL-2.0-or-later", False),
        ("Apache-2.0 AND AGPL-3.0-only", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("", False),
    ],
)
def test_a_licence_that_reaches_over_to_who_uses_it_does_not_fit(
    licence: str, fitting: bool
) -> None:
    assert check_pins.fits(licence) is fitting


def test_what_nobody_could_look_up_is_not_said_to_be_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    well = {"name": "click", "version": "8.5.1", "vulns": []}
    unknown = {"name": "numpy", "skip_reason": "not found"}
    hole = {"id": "PYSEC-1", "fix_versions": ["8.6"]}
    assert check_pins.judged([unknown]) == 0
    assert "skipped" in capsys.readouterr().out
    assert check_pins.judged([well, unknown]) == 0
    assert (
        "nobody knows of numpy\naudit: nothing is known against 1 pins" in capsys.readouterr().out
    )
    assert check_pins.judged([{**well, "vulns": [hole]}, unknown]) == 1
    assert "click 8.5.1: PYSEC-1, mended by 8.6" in capsys.readouterr().out
