"""Which books stand beside those of the runs?"""

from collections.abc import Mapping

import sqlalchemy as sa

from sfsync.journal.alerts import Alerts
from sfsync.journal.editions import Editions
from sfsync.journal.exports import Exports
from sfsync.journal.forgetting import Forgetting
from sfsync.journal.messages import Messages
from sfsync.journal.pruning import Ages, Pruning
from sfsync.journal.totals import Totals
from sfsync.journal.turns import Turns


class Shelf:
    """The books of a journal that have methods of their own."""

    _engine: sa.Engine

    @property
    def messages(self) -> Messages:
        """The messages that were to be sent."""
        return Messages(self._engine)

    @property
    def editions(self) -> Editions:
        """The reports that readers got."""
        return Editions(self._engine)

    @property
    def alerts(self) -> Alerts:
        """What owners were alerted of."""
        return Alerts(self._engine)

    @property
    def turns(self) -> Turns:
        """The turns that the jobs of the schedule had."""
        return Turns(self._engine)

    @property
    def totals(self) -> Totals:
        """What all runs come to."""
        return Totals(self._engine)

    def pruning(self, ages: Ages, state_fields: Mapping[str, str]) -> Pruning:
        """What is older than these ages, and of no use any more; `state_fields` names the field of
        the state for each object.
        """
        return Pruning(self._engine, ages, state_fields)

    def vacuum(self) -> None:
        """Give back to the system what was let go of. In SQLite nobody else can write meanwhile,
        and it takes as much room again as the journal has.
        """
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")

    @property
    def exports(self) -> Exports:
        """The rows of all orgs, for a spreadsheet."""
        return Exports(self._engine)

    @property
    def forgetting(self) -> Forgetting:
        """What it holds of people, to be taken out."""
        return Forgetting(self._engine)
