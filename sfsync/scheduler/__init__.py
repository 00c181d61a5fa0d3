"""Who carries out what the schedule says, without anybody asking?"""

from sfsync.scheduler.agenda import Agenda, Waits
from sfsync.scheduler.child import Child, Ear, start
from sfsync.scheduler.loop import Pace, Scheduler, World
from sfsync.scheduler.roster import Orgs, Patience, Roster
from sfsync.scheduler.slots import Slot, Slots

__all__ = [
    "Agenda",
    "Child",
    "Ear",
    "Orgs",
    "Pace",
    "Patience",
    "Roster",
    "Scheduler",
    "Slot",
    "Slots",
    "Waits",
    "World",
    "start",
]
