"""How does somebody get a configuration to edit? (`sfsync init`)"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import click

from sfsync import shipped
from sfsync.cli.screen import count, echo
from sfsync.errors import ConfigError

_NEXT = """\
Next:
  cd {folder}
  cp .env.example .env    # then set SFSYNC_ORG in it, and how to sign in
  sfsync rules check      # after each change of config/
  sfsync plan hourly      # config/ and .env are found in the folder in which sfsync is started"""


@dataclass(frozen=True, slots=True)
class _Compared:
    """The shipped files and a folder: the texts that are missing there, and where both have one
    and they differ the folder's text and the shipped one; each by its path in the folder.
    """

    missing: Mapping[str, str]
    differing: Mapping[str, tuple[str, str]]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--deploy", "with_deploy", is_flag=True, help="Also the examples for running it as a service."
)
@click.option(
    "--diff", "shows", is_flag=True, help="Show how files differ from the shipped ones; no writing."
)
def init(folder: Path, with_deploy: bool, shows: bool) -> None:
    """Write the configuration to a folder, to be edited.

    DIR gets config/ and .env.example, with their comments. What is there already is never written
    over: only missing files are added. After an upgrade, call it again: it says which shipped files
    are not as in DIR, and --diff shows how.
    """
    compared = _compare(folder, with_deploy=with_deploy)
    if shows:
        _show(folder, compared)
        return
    is_new = not (folder / shipped.CONFIG).exists()
    _write(folder, compared.missing)
    for name in compared.differing:
        echo(f"differs from the shipped one, and was left as it is: {folder / name}")
    if compared.differing:
        asked = " --deploy" if with_deploy else ""
        echo(f"`sfsync init {folder}{asked} --diff` shows how.")
    elif not compared.missing:
        echo(f"Nothing to write: {folder} is as shipped.")
    if is_new:
        echo(_NEXT.format(folder=folder))


def _compare(folder: Path, *, with_deploy: bool) -> _Compared:
    """Raises ConfigError where nothing was shipped, or files in the folder cannot be read."""
    files = dict(shipped.editable(with_deploy=with_deploy))
    if not files:
        raise ConfigError(["this installation has no configuration in it: install sfsync anew"])
    found: dict[str, str] = {}
    problems = []
    for name in files:
        path = folder / name
        try:
            # Links that lead nowhere are somebody's, too.
            if path.exists() or path.is_symlink():
                found[name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text in UTF-8"
            problems.append(f"{path}: cannot be read: {why}. Move it away, or name another folder")
    if problems:
        raise ConfigError(problems)
    return _Compared(
        {name: text for name, text in files.items() if name not in found},
        {name: (found[name], files[name]) for name in found if found[name] != files[name]},
    )


def _write(folder: Path, missing: Mapping[str, str]) -> None:
    for name, text in missing.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    if missing:
        echo(f"Written to {folder}: {count(len(missing), 'file')}")
        for name in missing:
            echo(f"  {name}")


def _show(folder: Path, compared: _Compared) -> None:
    for name, (own, text) in compared.differing.items():
        echo("\n".join(_difference(str(folder / name), own, text)))
    for name in compared.missing:
        echo(f"missing: {folder / name}")
    if not compared.differing and not compared.missing:
        echo(f"No difference: {folder} is as shipped.")


def _difference(name: str, own: str, text: str) -> Iterator[str]:
    lines = own.splitlines(), text.splitlines()
    yield from unified_diff(*lines, name, f"{name} (as shipped)", lineterm="")
