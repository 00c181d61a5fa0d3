"""Does `scripts/bench` say what is wrong with how it was called?"""

import subprocess
from pathlib import Path

BENCH = Path(__file__).parents[1] / "scripts" / "bench"


def called(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BENCH, *words], capture_output=True, text=True, check=False)


def test_a_name_that_is_none_is_told_with_those_that_there_are() -> None:
    said = called("nope")
    assert (said.returncode, said.stdout) == (2, "")
    assert 'nothing to measure by the name "nope": name one of rules parse' in said.stderr
    assert called().returncode == 2
    assert called("--help").stdout == called().stderr
