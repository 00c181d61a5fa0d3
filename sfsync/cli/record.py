"""How does an org become a recording? (`sfsync org record`)"""

import click


@click.command()
def record() -> None:
    """x"""
