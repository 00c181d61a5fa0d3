"""What does one of two machines do: hourly passes over and over, or the schedule on a fast clock?

    failover_machine.py runs | schedule ZERO

`ZERO` is the real moment, in seconds, at which the fast clock begins.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

import click

BEGINS = datetime(2026, 6, 15, 8, tzinfo=UTC)
FASTER = 60
SCHEDULE = """
schedule:
  zone: UTC
  jobs:
    - {name: hourly, command: run hourly --full --allow-large-change, every_minutes: 5}
"""


def run() -> None:
    """Run the hourly job again and again, waiting for the lock as a scheduler does."""
    from sfsync.cli import commands

    while True:
        try:
            commands(
                ["run", "hourly", "-q", "--full", "--allow-large-change"], standalone_mode=False
            )
        except SystemExit as end:
            # 7: the other machine is at work.
            if end.code not in (0, 3, 4, 6, 7):
                click.echo(f"ended with {end.code}", err=True)
        time.sleep(0.5)


def schedule(zero: float) -> None:
    """Be a scheduler on the fast clock; its jobs know the real time."""
    from sfsync.cli import scheduler as command
    from sfsync.cli.options import Place

    command.wall_clock = lambda: (
        BEGINS + timedelta(seconds=(time.time() - zero) * FASTER)
    ).replace(microsecond=0)
    with command.opened_scheduler(Place(None, None, None), quiet=False) as serving:
        serving.serve()


if __name__ == "__main__":
    if sys.argv[1] == "runs":
        run()
    schedule(float(sys.argv[2]))
