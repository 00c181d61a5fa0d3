"""Does the setup take the Python that was asked for, or none?"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[1] / "scripts" / "setup"
# Answers as the Python it stands for, but instead of making an environment tells its own name.
STAND_IN = """\
#!/bin/sh
[ "$1" = -m ] || exec {python} "$@"
echo "$0" > chosen
exit 3
"""


def set_up(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    (folder / "scripts").mkdir()
    shutil.copy(SETUP, folder / "scripts")
    (folder / "constraints.txt").write_text("nothing==1\n", encoding="utf-8")
    return subprocess.run(
        ["/bin/sh", "scripts/setup"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def stand_in(folder: Path, name: str) -> Path:
    folder.mkdir()
    file = folder / name
    file.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("asked", ["/nowhere/python", "python3.99", "python3 -x"])
def test_a_python_that_was_asked_for_and_does_not_start_is_an_error(
    tmp_path: Path, asked: str
) -> None:
    other = stand_in(tmp_path / "bin", "python3")
    result = set_up(tmp_path, PYTHON=asked, PATH=f"{other.parent}:/usr/bin:/bin")
    assert result.returncode == 1
    assert result.stderr.startswith(f"{asked} does not start")
    assert not (tmp_path / "chosen").exists(), "another was taken"


def test_the_python_that_was_asked_for_is_taken(tmp_path: Path) -> None:
    asked = stand_in(tmp_path / "a folder", "python")
    assert set_up(tmp_path, PYTHON=str(asked), PATH="/usr/bin:/bin").returncode == 3
    assert (tmp_path / "chosen").read_text(encoding="utf-8").strip() == str(asked)


def test_without_a_wish_one_that_starts_is_taken(tmp_path: Path) -> None:
    found = stand_in(tmp_path / "bin", "python3.13")
    assert set_up(tmp_path, PATH=f"{found.parent}:/usr/bin:/bin").returncode == 3
    assert (tmp_path / "chosen").read_text(encoding="utf-8").strip() == str(found)
