"""How is an org recorded? (`sfsync org record`)"""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfsync.cli.opening import opened
from sfsync.cli.options import Place, place_options
from sfsync.cli.setting import set_up

if TYPE_CHECKING:
    from sfsync.recording import Recorded

_KEY_BYTES = 32


def _free(_context: click.Context, _parameter: click.Parameter, folder: Path) -> Path:
    """Refuse a folder in which there is something, before the org is asked anything."""
    if folder.exists() and any(folder.iterdir()):
        raise click.BadParameter(f"{folder} is not empty: name a new folder, or empty it")
    return folder


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), callback=_free)
@click.option(
    "--anonymise", is_flag=True, help="Replace names, e-mails, phones, addresses and texts."
)
@place_options
def record(folder: Path, anonymise: bool, place: Place, quiet: bool) -> None:
    """Record the org in FOLDER, which is new or empty, for rehearsals with --org FOLDER.

    All objects and fields that the configuration names are recorded, and what an org needs to
    behave like itself. The org is only read.
    """
    from sfsync.recording import Anonymiser, record_org

    setting = set_up(place)
    with opened(setting) as at:
        anonymiser = None
        if anonymise:
            anonymiser = Anonymiser(secrets.token_bytes(_KEY_BYTES), setting.policy)
        found = record_org(at.org, setting.policy, at.services.now, folder, anonymiser)
    if not quiet:
        _show(found, folder)


def _show(found: "Recorded", folder: Path) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in found.counts.items())
    click.echo(f"Recorded in {folder}; `--org {folder}` opens it: {counts}.")
    if found.missing:
        click.echo(f"The org lacks what the configuration names: {', '.join(found.missing)}.")
