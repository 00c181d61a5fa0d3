"""How does a command get at the org, the policy and the journal that it was told to use?

The entry points read the clocks; below them time is passed in. A recorded org (the demo is one) has
a clock of its own, which stands at its last change: so a rehearsal gives the same result on any
day.
"""

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sfsync.beside import meanwhile
from sfsync.cli.copies import lock_of_copy, name_of_copy, open_recorded
from sfsync.cli.salesforce import Entrance, enter_salesforce
from sfsync.cli.setting import Setting, make
from sfsync.lock import LockFile, Locks
from sfsync.org.abreast import sleep as sleep

if TYPE_CHECKING:
    from sfsync.jobs import Early, Services
    from sfsync.journal import Journal
    from sfsync.lock import Lock
    from sfsync.org import Org, OrgReader
    from sfsync.settings import Settings
    from sfsync.store import Store

LOCK = "run.lock"


def wall_clock() -> datetime:
    """Return the machine's time: aware UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - an entry point


@dataclass(frozen=True, slots=True)
class Opened:
    """An org that is open: its clock, and the services for jobs.

    `writer` is the way to write to it; None for commands that only look, and where settings forbid
    it.
    """

    org: "OrgReader"
    writer: "Org | None"
    services: "Services"
    clock: Callable[[], datetime]
    setting: Setting


@contextmanager
def opened_journal(settings: "Settings") -> Iterator["Journal"]:
    """Open the journal, and close it afterwards. Raises ConfigError or JournalError where it cannot
    be.
    """
    from sfsync.journal import Journal

    make(settings.state_dir)
    journal = Journal.open(settings.journal)
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def opened(
    setting: Setting,
    now: datetime | None = None,
    at_least: datetime | None = None,
    *,
    writes: bool = False,
    whole: bool = False,
    judges: bool = False,
) -> Iterator[Opened]:
    """Open org and journal for a pass at `now`; None: the org's present moment.

    `at_least` is a moment that a recorded org's clock must have reached, such as that of a plan to
    be applied. Without `writes`, and where settings forbid it, what is opened cannot write. `whole`
    reads everything afresh, whatever is kept of it. Who `judges` all of the org has what is kept of
    it looked up as soon as signing in tells which it is.
    """
    from sfsync.jobs import Services

    begun = wall_clock()
    with (
        opened_journal(setting.settings) as journal,
        meanwhile() as besides,
        ExitStack() as stack,
    ):
        entrance = enter(setting, now, at_least)
        named = entrance.tokens.org if judges and setting.is_salesforce else None
        early = stack.enter_context(_looked_up_early(setting, journal, named)) if named else None
        org, writer = _connected(setting, entrance, writes=writes)

        def clock() -> datetime:
            # The org's own: this machine's may be ahead of it, or behind.
            return org.told_at or wall_clock()

        books = org.id if setting.is_salesforce else f"{org.id}@{name_of_copy(setting)}"
        store = store_of(setting, org.id)
        moment = now or clock()
        services = Services(
            *(org, journal, setting.policy, moment, wall_clock, clock, books, store, whole),
            begun=begun,
            meanwhile=besides,
            early=early if named == org.id else None,
        )
        yield Opened(org, writer, services, clock, setting)


def _connected(
    setting: Setting, entrance: Entrance, *, writes: bool
) -> "tuple[OrgReader, Org | None]":
    """Open the org for reading, and the way to write to it, where that is asked for and allowed."""
    from sfsync.org.client import open_org, open_reader

    way, version = (entrance.session, entrance.tokens), entrance.version
    most = setting.policy.reading.at_once
    if writes and not setting.settings.read_only:
        writer = open_org(*way, version=version, sleep=sleep, at_once=most)
        return writer, writer
    return open_reader(*way, version=version, sleep=sleep, at_once=most), None


@contextmanager
def _looked_up_early(setting: Setting, journal: "Journal", org_id: str) -> Iterator["Early"]:
    """Start to look up what is kept and known of an org; that is over when what follows is."""
    from sfsync.jobs import Early

    early = Early.of(store_of(setting, org_id), journal, setting.policy, org_id)
    try:
        yield early
    finally:
        early.over()


def store_of(setting: Setting, org_id: str) -> "Store":
    """Return the store of an org. Raises ConfigError where nothing opens the URL that is set."""
    from sfsync.store import Store
    from sfsync.store.folder import inner

    folder, url = _folder_of(setting, org_id).absolute(), setting.settings.store_url
    return Store(folder / "store", inner(url, folder.name) if url else "")


def _folder_of(setting: Setting, org_id: str) -> Path:
    """Return the folder of what is kept of an org: for a recorded one that of our copy."""
    return setting.settings.state_dir / "orgs" / org_id if setting.is_salesforce else setting.copy


def enter(setting: Setting, *moments: datetime | None) -> Entrance:
    """Enter the org that is set, or our copy of the recorded one, whose clock has reached all
    `moments`.

    Raises ConfigError, OrgUnavailable or OrgRefused as signing in does.
    """
    from sfsync.org.client import API_VERSION
    from sfsync.org.tokens import Grant, Tokens

    if setting.is_salesforce:
        version = setting.sign_in.api_version
        return enter_salesforce(setting.credentials(), version, wall_clock, sleep=sleep)
    fake = open_recorded(setting)
    fake.clock.set(max([fake.clock.now(), *(moment for moment in moments if moment)]))
    tokens = Tokens(Grant(fake.host, fake.token()))
    return Entrance(fake.session(), tokens, API_VERSION)


@contextmanager
def lock_of(setting: Setting) -> Iterator[None]:
    """Hold the lock of the runs in this state folder and journal, and that of our copy of a
    recorded org.

    Raises Locked where another run, or who serves the copy, has it.
    """
    settings = setting.settings
    make(settings.state_dir)
    with lock_named(settings, LOCK, "another run is at work"):
        if setting.is_salesforce:
            yield
        else:
            with lock_of_copy(setting):
                yield


def lock_named(settings: "Settings", name: str, taken: str) -> "Lock":
    """Return a lock of all processes with this state folder, and with this journal where its
    database has locks that other machines see; `taken` says what it means that another has it.
    """
    from sfsync.journal import JournalLock, is_lockable

    file = LockFile(settings.state_dir / name, taken)
    if not is_lockable(settings.journal):
        return file
    holder = f"{platform.node()}, process {os.getpid()}"
    grace = settings.takeover_seconds
    name = settings.lock_of_runs if name == LOCK else name.removesuffix(".lock")
    shared = JournalLock(settings.journal, holder, name, taken=taken, grace=grace, sleep=sleep)
    return Locks(file, shared)


def is_at_work(settings: "Settings") -> bool:
    """Tell whether some process holds the lock of the runs: if none does, no open run is alive."""
    return not lock_named(settings, LOCK, "a run is at work").is_free()
