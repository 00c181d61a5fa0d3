"""What do people have to do with enrichment, beside its plans? (`sfsync enrich`)"""

import click

from sfsync.cli import HelpfulGroup
from sfsync.cli.review import review
from sfsync.cli.sources import sources


@click.group(cls=HelpfulGroup)
def enrich() -> None:
    """Answer what public sources leave open; list the sources.

    Accounts are looked up by `sfsync plan enrich` and `sfsync run enrich`.
    """


enrich.add_command(review)
enrich.add_command(sources)
