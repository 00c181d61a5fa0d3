"""What becomes of recorded orgs and of our copies of them? (`sfsync org`)"""

from pathlib import Path

import click

from sfsync.cli import HelpfulGroup
from sfsync.cli.copies import forget_copy, open_recorded
from sfsync.cli.opening import lock_of
from sfsync.cli.options import Place, place_options
from sfsync.cli.record import record
from sfsync.cli.serve import serve
from sfsync.cli.setting import set_up


@click.group(cls=HelpfulGroup)
def org() -> None:
    """Record an org, serve it, and look after our copy of it.

    A recording is never changed: what runs write goes to a copy in the state folder, so that
    commands follow one another as on a real org.
    """


@org.command()
@place_options
def reset(place: Place, quiet: bool) -> None:
    """Forget what was written to the copy: the org is as it was recorded."""
    setting = set_up(place)
    with lock_of(setting):
        there = forget_copy(setting)
    if not quiet:
        click.echo("The org is as it was recorded." if there else "There was nothing to forget.")


@org.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@place_options
def save(folder: Path, place: Place, quiet: bool) -> None:
    """Write the org as it now stands to FOLDER.

    The folder has the form of a recording: files of the same names are replaced.
    """
    setting = set_up(place)
    open_recorded(setting).save(folder)
    if not quiet:
        click.echo(f"Saved to {folder}; `--org {folder}` opens it.")


@org.command()
@place_options
def where(place: Place, quiet: bool) -> None:
    """Say which recording is used, and where its copy is."""
    setting = set_up(place)
    click.echo(f"recording\t{setting.source}\ncopy\t{setting.copy}")


org.add_command(record)
org.add_command(serve)
