"""Where is something of a person kept, and how does each of these places forget it?"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sfsync.cli import opening
from sfsync.cli.copies import open_recorded
from sfsync.cli.delivery import FOLDER
from sfsync.cli.posting import OUTBOX
from sfsync.cli.setting import Setting, copy_of
from sfsync.traces import PERSONS, Held, Traces, held_in

if TYPE_CHECKING:
    from sfsync.fake import FakeOrg
    from sfsync.journal import Journal

_LOG, _NAME, _STORE, _COPIES = "writes.jsonl", "name", "store", "orgs"
_REPLACED, _DELETED = "replaced by a mark", "deleted"


@dataclass(frozen=True, slots=True)
class Gone:
    """How many things of a person a place held, of which kind, and what becomes of them."""

    where: str
    what: str
    number: int
    how: str


class Place(Protocol):
    """A place where something of people is kept."""

    def held(self) -> Iterator[Held]:
        """Yield the records of people that it knows."""

    def forget(self, traces: Traces, *, write: bool) -> Iterator[Gone]:
        """Tell what it holds of a person; with `write` it holds nothing of it afterwards."""


def places_of(setting: Setting, journal: "Journal", recordings: tuple[Path, ...]) -> list[Place]:
    """Return all places of a state folder, and these folders of recordings. Those that know who is
    who come last, the journal first of them, since it may have to wait for other processes: so
    whoever was stopped half-way can begin again.
    """
    state = setting.settings.state_dir
    named = {copy_of(folder, state): folder for folder in recordings}
    current = None if setting.is_salesforce or setting.copy in named else setting.copy
    org = cache(partial(open_recorded, setting))
    copies: list[Place] = [
        _Copy(folder, org if folder == current else None, named.get(folder), state)
        for folder in sorted({*_folders(state), *([current] if current else []), *named})
    ]
    stores: list[Place] = [_Store(folder.name, str(folder / _STORE)) for folder in _folders(state)]
    stores += [_Store(name, place) for name, place in stores_elsewhere(setting.settings.store_url)]
    mails: list[Place] = [_Mails(state / name) for name in (OUTBOX, FOLDER)]
    # A copy may get another name, and its store with it.
    return [_Answers(state), *mails, _Journal(journal), *stores, *copies]


@contextmanager
def locked_copies(setting: Setting) -> Iterator[None]:
    """Hold the lock of every copy of a recorded org, but that of the org that is set, which is held
    already. Raises Locked where one is being written or served.
    """
    from sfsync.jobs import locked

    with ExitStack() as held:
        for folder in _folders(setting.settings.state_dir):
            is_copy = (folder / _LOG).exists() or (folder / _NAME).exists()
            if is_copy and (setting.is_salesforce or folder != setting.copy):
                held.enter_context(locked(folder.with_name(f".{folder.name}.lock")))
        yield


def copies_named(state: Path) -> frozenset[str]:
    """Return the names of the copies of recorded orgs that there are: their books are named so."""
    files = (folder / _NAME for folder in _folders(state))
    return frozenset(file.read_text(encoding="utf-8") for file in files if file.exists())


def _folders(state: Path) -> list[Path]:
    return sorted(each for each in (state / _COPIES).glob("*") if each.is_dir())


@dataclass(frozen=True, slots=True)
class _Journal:
    journal: "Journal"

    def held(self) -> Iterator[Held]:
        return self.journal.forgetting.held()

    def forget(self, traces: Traces, *, write: bool) -> Iterator[Gone]:
        books = self.journal.forgetting
        for what, number in books.forget(traces, write=write).items():
            yield Gone("journal", what, number, _DELETED if what in _TAKEN_OUT else _REPLACED)
        if write:
            books.wipe()
        for file in books.kept_before():
            if traces.are_in_bytes(file.read_bytes()):
                yield Gone(file.name, "a copy from before an upgrade", 1, _DELETED)
                if write:
                    file.unlink()


_TAKEN_OUT = frozenset(
    {
        *("findings of their own", "states", "messages not sent yet", "reports that they read"),
        "alerts",
    }
)


@dataclass(frozen=True, slots=True)
class _Answers:
    """The answers of public sources."""

    state: Path

    def held(self) -> Iterator[Held]:
        yield from ()

    def forget(self, traces: Traces, *, write: bool) -> Iterator[Gone]:
        from sfsync.enrich.http.cache import FILE, Cache

        file = self.state / FILE
        if file.exists():
            with closing(Cache(file, opening.wall_clock())) as cache:
                number = cache.forget(traces.are_in_document, write=write)
            yield Gone(FILE, "answers of public sources", number, _DELETED)
        aside = file.with_suffix(".unreadable")
        if aside.exists():
            yield Gone(aside.name, "a file that nobody can read", 1, _DELETED)
            if write:
                aside.unlink()


@dataclass(frozen=True, slots=True)
class _Mails:
    folder: Path

    def held(self) -> Iterator[Held]:
        yield from ()

    def forget(self, traces: Traces, *, write: bool) -> Iterator[Gone]:
        from sfsync.mail.forgetting import files_about

        files = list(files_about(self.folder, traces))
        yield Gone(self.folder.name, "files of mails", len(files), _DELETED)
        if write:
            for file in files:
                file.unlink()


@dataclass(frozen=True, slots=True)
class _Copy:
    """Our copy of a recorded org: what was written to it; of the org that is set (`org` opens it)
    also what the copy shows of its recording; and the recording, where that is named.
    """

    folder: Path
    org: "Callable[[], FakeOrg] | None"
    recording: Path | None
    state: Path

    def held(self) -> Iterator[Held]:
        from sfsync.fake import revise_log
        from sfsync.recording import forgetting

        _, written = revise_log(self.folder / _LOG, lambda _, row: row, write=False)
        for name, row in written:
            yield from held_in(name, [row])
        if self.org is not None:
            for name in PERSONS:
                yield from held_in(name, self.org().rows(name))
        if self.recording is not None:
            yield from forgetting.held(self.recording)

    def forget(self, traces: Traces, *, write: bool) -> Iterator[Gone]:
        from sfsync.fake import revise_log
        from sfsync.recording import forgetting

        where, change = f"copy {self.folder.name}", _changing(traces)
        if self.org is not None:
            # It writes to the log: so before that is written anew.
            number = self.org().revise(change, write=write)
            yield Gone(where, "records as it shows them", number, _REPLACED)
        number, _ = revise_log(self.folder / _LOG, change, write=write)
        yield Gone(where, "records written to it", number, _REPLACED)
        if self.recording is not None:
            number = forgetting.forget(self.recording, traces, write=write)
            yield Gone(f"recording {self.recording}", "records", number, _REPLACED)
            if write and number:
                self._follow()

    def _follow(self) -> None:
        """Let the copy go on with its recording: it is named for the recording's content."""
        assert self.recording is not None
        new = copy_of(self.recording, self.state)
        if self.folder.exists() and not new.exists():
            self.folder.rename(new)


def _changing(traces: Traces) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    def change(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
        # A row of an org has no field that is empty.
        new = traces.without(name, row)
        return {field: value for field, value in new.items() if value is not None}

    return change


def stores_elsewhere(url: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the place of each store where other machines see it, too."""
    from sfsync.store.folder import folders_in, inner

    if url:
        yield from ((name, inner(url, name)) for name in folders_in(url))


@dataclass(frozen=True, slots=True)
class _Store:
    name: str
    place: str

    def held(self) -> Iterator[Held]:
        from sfsync.store import forgetting

        return forgetting.held(self.place)

    def forget(self, traces: Traces, *, write: bool) -> Iterator[Gone]:
        from sfsync.store import forgetting

        number = forgetting.forget(self.place, traces, write=write)
        how = "deleted with the whole store, which the next pass makes afresh"
        yield Gone(f"store of {self.name}", "files", number, how)
