"""Who carries out what the schedule says, without anybody asking?"""

from sfsync.scheduler.agenda import Agenda, Waits
from sfsync.scheduler.child import Child, Ear, start
from sfsync.scheduler.loop import Pace, Scheduler, World

__all__ = ["Agenda", "Child", "Ear", "Pace", "Scheduler", "Waits", "World", "start"]
