"""Does what is built work without the source tree?

    scripts/check package

Builds the wheel and the source archive, builds the wheel again from the archive, installs it in an
empty virtual environment, packages by hash, and carries out the demo's commands in an empty folder.
A process that opens a file of the source tree ends with an error. Where no package index can be
reached, the packages of .venv stand in, which is said.
"""

import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
PINS = ROOT / "config" / "deploy" / "requirements.txt"
# What pip says where it reaches no index.
UNREACHABLE = ("connection broken by", "Could not fetch URL", "Network is unreachable")
# Loaded by each Python of the environment: whoever touches the source tree is stopped.
WATCH = """
import sys
def watch(event, args):
    if event in ("open", "os.listdir", "os.scandir") and args and isinstance(args[0], (str, bytes)):
        path = args[0] if isinstance(args[0], str) else args[0].decode(errors="replace")
        if path.startswith({root!r}) and not path.startswith({allowed!r}):
            raise RuntimeError(f"the source tree is used: {{path}}")
sys.addaudithook(watch)
"""
COMMANDS = (
    ("plan hourly --only idle", "11 changes"),
    ("run hourly", "108 applied"),
    ("show {run}", "108 applied"),
    ("undo {run} --only idle --apply", "11 applied"),
    ("plan enrich --id 001Dm000000006PIAQ", "1 change"),
    ("report exceptions --out mails", "mails"),
    ("rules check", "_shipped"),
    ("init service --deploy", "sfsync.yaml"),
    ("rules check --config service", "service"),
    ("init service --deploy", "as shipped"),
    ("doctor", "All that the active rules need is there"),
    ("org where", "_shipped"),
)


class Failed(Exception):
    """The package is not as it should be; the text says where."""


def called(words: Sequence[object], **more: object) -> "subprocess.CompletedProcess[str]":
    """Call a program, and give what it says."""
    texts = [str(word) for word in words]
    return subprocess.run(texts, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload,no-any-return]


def must(words: Sequence[object], **more: object) -> str:
    """Call a program that must end well; give its output."""
    done = called(words, **more)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def built(folder: Path) -> Path:
    """Build wheel and source archive, and the wheel from the archive: they hold the same files."""
    python = sys.executable
    build = [python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    must([*build, "--wheel-dir", folder / "dist", ROOT])
    archive_only = [
        "-m",
        "hatchling",
        "build",
        "--target",
        "sdist",
        "--directory",
        folder / "sdist",
    ]
    must([python, *archive_only], cwd=ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    (source,) = (folder / "sdist").glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(folder / "source", filter="data")
    (unpacked,) = (folder / "source").iterdir()
    must([*build, "--wheel-dir", folder / "again", unpacked])
    (again,) = (folder / "again").glob("*.whl")
    names, others = (set(zipfile.ZipFile(each).namelist()) for each in (wheel, again))
    if names != others:
        raise Failed(f"the source archive lacks or adds {sorted(names ^ others)}")
    tell(f"{wheel.name}: {wheel.stat().st_size:,} bytes, {len(names)} files")
    tell(f"{source.name}: {source.stat().st_size:,} bytes; gives the same wheel")
    return wheel


def installed(wheel: Path, folder: Path) -> Path:
    """Install the wheel in an empty virtual environment; give its folder of programs."""
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    pip = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pins = ["--require-hashes", "--only-binary", ":all:", "--retries", "1", "-r", PINS]
    done = called([*pip, *pins], cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    if done.returncode and any(words in done.stderr for words in UNREACHABLE):
        tell(
            "no package index can be reached: the packages of .venv stand in for those of the pins"
        )
        own = [path for path in sys.path if path.endswith("site-packages")]
        (packages / "stand_in.pth").write_text("\n".join(own) + "\n", encoding="utf-8")
    elif done.returncode:
        raise Failed(f"the pinned packages cannot be installed:\n{done.stderr}")
    else:
        tell(f"{len(must([programs / 'pip', 'freeze']).splitlines())} packages, checked by hash")
    must([*pip, "--no-deps", "--no-index", wheel], cwd=folder)
    watch = WATCH.format(root=f"{ROOT}/", allowed=f"{ROOT}/.venv/")
    (packages / "watch.py").write_text(watch, encoding="utf-8")
    (packages / "watch.pth").write_text("import watch\n", encoding="utf-8")
    return programs


def carried_out(programs: Path, folder: Path) -> None:
    """Carry out the demo's commands in an empty folder."""
    folder.mkdir()
    kept = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    caught = called([programs / "python", "-c", f"open({str(ROOT / 'README.md')!r})"], env=kept)
    if "the source tree is used" not in caught.stderr:
        raise Failed("nobody watches whether the source tree is used")
    run = ""
    for line, expected in COMMANDS:
        words = line.format(run=run).split()
        said = must([programs / "sfsync", *words], cwd=folder, env=kept)
        if expected not in said:
            raise Failed(f"sfsync {' '.join(words)}: `{expected}` is not in\n{said}")
        if words[:2] == ["run", "hourly"]:
            run = said.partition("sfsync show ")[2].partition("`")[0]
        tell(f"sfsync {' '.join(words)}")


def tell(text: str) -> None:
    """Say how far it is."""
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def main() -> int:
    """Check, tell, and give the exit code."""
    with TemporaryDirectory(prefix="sfsync-") as name:
        folder = Path(name).resolve()
        try:
            wheel = built(folder)
            programs = installed(wheel, folder / "env")
            carried_out(programs, folder / "empty")
        except Failed as failed:
            sys.stderr.write(f"scripts/check package: {failed}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
