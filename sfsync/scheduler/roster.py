"""Which orgs are served side by side, so that none hinders another?

Each has a scheduler in a thread of its own: one whose journal is away, whose configuration is wrong
or whose files hang waits alone.
"""

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from sfsync.errors import ConfigError, ExitCode, SfsyncError
from sfsync.logs import thread_tells_of
from sfsync.scheduler.loop import Scheduler
from sfsync.scheduler.several_lines import each_line

logger = logging.getLogger("sfsync.scheduler")


@dataclass(frozen=True, slots=True)
class Orgs:
    """The orgs to be served.

    `names` tells which, each with what its service stands on, which begins anew where that changes
    (None: nobody knows, as its file is wrong); it raises ConfigError or OSError where the orgs
    cannot be told. `open` gives the scheduler of one, which waits on the bell given; it raises what
    stands against it, and is tried again.
    """

    names: Callable[[], Mapping[str, Hashable]]
    open: Callable[[str, Event], AbstractContextManager[Scheduler]]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how often it looks whether a thread ended; how long until what could not be opened
    is tried again; how long threads have for their end.
    """

    look: float = 60
    again: float = 300
    end: float = 9.5


@dataclass(slots=True)
class _Member:
    """An org that is served: on what, by which thread; its scheduler, while it is open."""

    name: str
    ground: Hashable
    bell: Event = field(default_factory=Event)
    thread: Thread | None = None
    scheduler: Scheduler | None = None
    is_leaving: bool = False
    is_stopping: bool = False
    is_to_reload: bool = False
    code: int = ExitCode.DONE


class Roster:
    """Serves the orgs that there are, until it is stopped.

    `stop` and `reload` only set a flag, and so may be called by a signal's handler.
    """

    def __init__(
        self, orgs: Orgs, pause: Callable[[float], None], patience: Patience | None = None
    ) -> None:
        """`pause` waits so many seconds, or less where a signal comes."""
        self._orgs = orgs
        self._pause = pause
        self._patience = patience or Patience()
        self._members: dict[str, _Member] = {}
        self._leaving: list[_Member] = []
        self._is_stopping = False
        self._is_to_reload = False

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to end."""
        return self._is_stopping

    def stop(self) -> None:
        """End: jobs at work are asked to end safely; nothing more begins."""
        self._is_stopping = True

    def reload(self) -> None:
        """Have each org read its configuration again, take up new orgs, and let go of those that
        are gone when their job has ended.
        """
        self._is_to_reload = True

    def serve(self) -> None:
        """Serve all orgs until it is stopped. Raises ConfigError where they cannot be told at the
        start.
        """
        self._take_up(self._orgs.names(), self._serve_one)
        logger.info("serving %d orgs: %s", len(self._members), ", ".join(self._members))
        try:
            while not self._is_stopping:
                self._pause(self._patience.look)
                if self._is_to_reload:
                    self._is_to_reload = False
                    self._take_up_again()
                self._leaving = [each for each in self._leaving if _is_alive(each)]
        finally:
            self._end_all()

    def run_due(self) -> Mapping[str, int]:
        """Carry out what is due in all orgs, and return their exit codes, by name."""
        self._take_up(self._orgs.names(), self._run_one)
        try:
            while not self._is_stopping and any(map(_is_alive, self._members.values())):
                self._pause(1)
        finally:
            self._end_all()
        return {name: each.code for name, each in self._members.items()}

    def _take_up_again(self) -> None:
        try:
            names = self._orgs.names()
        except (ConfigError, OSError) as error:
            logger.error("the orgs cannot be told, and those before go on:\n%s", error)
            return
        for name, each in list(self._members.items()):
            if name not in names or names[name] not in (None, each.ground):
                logger.info("%s: is let go when its job has ended", name)
                self._leaving.append(self._members.pop(name))
                each.is_leaving = True
                if each.scheduler is not None:
                    each.scheduler.leave()
            else:
                each.is_to_reload = True
                if each.scheduler is not None:
                    each.scheduler.reload()
            each.bell.set()
        self._take_up(names, self._serve_one)

    def _take_up(self, names: Mapping[str, Hashable], work: Callable[[_Member], None]) -> None:
        for name, ground in names.items():
            if name not in self._members:
                member = _Member(name, ground)
                member.thread = Thread(target=work, args=(member,), name=name, daemon=True)
                self._members[name] = member
                member.thread.start()

    def _serve_one(self, member: _Member) -> None:
        trouble = ""
        # The one before, of the same name, may still be at work.
        while any(each.name == member.name and _is_alive(each) for each in list(self._leaving)):
            if member.is_leaving or member.is_stopping:
                return
            member.bell.wait(1)
            member.bell.clear()
        while not (member.is_leaving or member.is_stopping):
            try:
                with self._opened(member) as scheduler:
                    scheduler.serve()
                trouble = ""
            except (SfsyncError, OSError) as error:
                if str(error) != trouble:
                    logger.error("%s: is not served: %s", member.name, _told(member, error))
                trouble = str(error)
            except Exception:
                logger.exception("%s: an error in sfsync itself; it begins anew", member.name)
            if not (member.is_leaving or member.is_stopping):
                member.bell.wait(self._patience.again)
                member.bell.clear()

    def _run_one(self, member: _Member) -> None:
        try:
            with self._opened(member) as scheduler:
                member.code = scheduler.run_due()
        except SfsyncError as error:
            logger.error("%s: %s", member.name, _told(member, error))
            member.code = error.exit_code
        except Exception:
            logger.exception("%s: an error in sfsync itself", member.name)
            member.code = ExitCode.INTERNAL

    @contextmanager
    def _opened(self, member: _Member) -> Iterator[Scheduler]:
        member.is_to_reload = False
        with (
            thread_tells_of(service=member.name),
            self._orgs.open(member.name, member.bell) as scheduler,
        ):
            member.scheduler = scheduler
            # What was said before it was there.
            if member.is_stopping:
                scheduler.stop()
            if member.is_leaving:
                scheduler.leave()
            if member.is_to_reload:
                scheduler.reload()
            try:
                yield scheduler
            finally:
                member.scheduler = None

    def _end_all(self) -> None:
        everybody = [*self._members.values(), *self._leaving]
        for each in everybody:
            each.is_stopping = True
            scheduler = each.scheduler
            if scheduler is not None:
                scheduler.stop()
            each.bell.set()
        left = self._patience.end
        for each in everybody:
            while left > 0 and _is_alive(each):
                self._pause_for(each)
                left -= 0.1
        for each in filter(_is_alive, everybody):
            logger.warning("%s: did not end in time, and is left as it is", each.name)

    @staticmethod
    def _pause_for(member: _Member) -> None:
        if member.thread is not None:
            member.thread.join(0.1)


def _told(member: _Member, error: Exception) -> str:
    return each_line(f"{member.name}: ", str(error))


def _is_alive(member: _Member) -> bool:
    return member.thread is not None and member.thread.is_alive()
