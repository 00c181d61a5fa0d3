"""How does a person go out of all that is kept here? (`sfsync cleanup forget`)"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

import sfsync
from sfsync.cli import opening
from sfsync.cli.forgetting import Gone, Place, copies_named, locked_copies, places_of
from sfsync.cli.opening import lock_of, opened_journal
from sfsync.cli.options import Place as Where
from sfsync.cli.options import RecordId, place_options
from sfsync.cli.receipt import earlier_receipt, write_receipt
from sfsync.cli.screen import Screen, ask, count
from sfsync.cli.service import ACCEPTED
from sfsync.cli.setting import DEMO, Setting, set_up
from sfsync.errors import Stopped
from sfsync.traces import PERSONS, Held, Traces, is_address, traces_of

if TYPE_CHECKING:
    from sfsync.journal import Journal

_SEVERAL = (
    "they have more than one name: where several people share the address, name the Ids of one"
    " instead of it"
)
_NOT_IN_SALESFORCE = (
    "Nothing is deleted in Salesforce: delete the person there, too; else the next pass reads them"
    " again."
)


@click.command(short_help="Take a person out of all that is kept here.")
@click.argument("who", metavar="WHO...", nargs=-1, required=True)
@click.option("--name", "names", multiple=True, help="Also called so: a name of two words or more.")
@click.option(
    "--recording",
    "recordings",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Also change this folder of a recorded org.",
)
@click.option("--apply", "do_apply", is_flag=True, help="Do it; without, it is only shown.")
@click.option("--yes", is_flag=True, help="Do it without asking first, as scripts do.")
@place_options
def forget(
    who: Sequence[str],
    names: Sequence[str],
    recordings: tuple[Path, ...],
    do_apply: bool,
    yes: bool,
    place: Where,
    quiet: bool,
) -> None:
    """Take a person's data out of journal, caches, mails and copies of recorded orgs.

    WHO is an e-mail address, or the Id of a contact, lead or user; several may be named. Shows
    what there is; with --apply it is taken out, for good, and a receipt is written. Nothing is
    deleted in Salesforce.
    """
    addresses, ids = _named(who, names)
    setting = set_up(place)
    _check_recordings(recordings, setting)
    screen = Screen(is_quiet=quiet)
    with lock_of(setting), locked_copies(setting), opened_journal(setting.settings) as journal:
        places = places_of(setting, journal, recordings)
        held = list(chain.from_iterable(each.held() for each in places))
        traces = traces_of(addresses, ids, names, held)
        gone = _forget(places, traces, write=False)
        _show(gone, traces, held, screen)
        if not gone:
            _say_when(who, setting.settings.state_dir, screen)
        elif not do_apply:
            screen.say("Nothing was changed: add --apply to do it. It cannot be undone.")
        if do_apply:
            _apply(who, places, traces, gone, setting, journal, yes=yes, screen=screen)
    screen.say(_NOT_IN_SALESFORCE)


def _named(who: Sequence[str], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part addresses from Ids. Raises UsageError with all that are neither, and with names of one
    word.
    """
    addresses, ids = [], []
    told = "is one word, which many texts have: give a name of two or more with --name"
    problems = [f"{name!r} {told}" for name in names if len(name.split()) == 1]
    for each in map(str.strip, who):
        if "@" in each:
            addresses.append(each)
            if not is_address(each):
                problems.append(f"{each!r} is no e-mail address")
            continue
        try:
            ids.append(RecordId().convert(each, None, None))
        except click.BadParameter as error:
            problems.append(f"{error.message}; an e-mail address has an @")
            continue
        if not ids[-1].startswith(tuple(PERSONS.values())):
            known = ", ".join(f"{name} ({start})" for name, start in PERSONS.items())
            problems.append(f"{each} is not the Id of a person: those are of {known}")
    if problems:
        raise click.UsageError("; ".join(problems))
    return addresses, ids


def _check_recordings(recordings: Sequence[Path], setting: Setting) -> None:
    """Raise BadParameter for what is no folder, or is the demo that comes with sfsync."""
    home = Path(sfsync.__file__).resolve().parent
    shipped = {home / "_config" / DEMO, home.parent / "config" / DEMO}
    shipped.add((setting.config.path / DEMO).resolve())
    for each in recordings:
        if each.resolve() in shipped:
            told = f"{each} is the demo org, which is never changed; its copy is looked through"
            raise click.BadParameter(told, param_hint="--recording")
        if not each.is_dir():
            told = f"{each} is no folder: unpack it, and name the folder"
            raise click.BadParameter(told, param_hint="--recording")


def _forget(places: Sequence[Place], traces: Traces, *, write: bool) -> list[Gone]:
    told = chain.from_iterable(each.forget(traces, write=write) for each in places)
    return [each for each in told if each.number]


def _show(gone: Sequence[Gone], traces: Traces, held: Sequence[Held], screen: Screen) -> None:
    if not gone:
        screen.tell("Nothing was found.")
        return
    rows = [[each.where, each.what, str(each.number), each.how] for each in gone]
    screen.table(("where", "what", "number", "is"), rows, right=("number",))
    sought = ", ".join(sorted(traces.addresses | traces.names))
    if sought:
        screen.say(f"Looked for: {sought}.")
    if traces.ids:
        known = {each.id: each.name for each in held if each.id in traces.ids and each.name}
        told = (f"{id} ({known[id]})" if id in known else id for id in sorted(traces.ids))
        screen.say(f"Records of the person: {', '.join(told)}.")
        if len({name.casefold() for name in known.values()}) > 1:
            screen.say(f"note: {_SEVERAL}")
    if traces.namesakes:
        number = count(len(traces.namesakes), "record")
        screen.say(f"note: {number} of others with the same name stay as they are")


def _apply(
    who: Sequence[str],
    places: Sequence[Place],
    traces: Traces,
    gone: Sequence[Gone],
    setting: Setting,
    journal: "Journal",
    *,
    yes: bool,
    screen: Screen,
) -> None:
    _check_books(journal, setting)
    if not gone:
        journal.forgetting.wipe()
        return
    if not yes:
        ask("Forget this person? It cannot be undone.", "nothing was forgotten")
    _forget(places, traces, write=True)
    state = setting.settings.state_dir
    left = [*_configured(setting, traces), *_left(state, traces)]
    file = write_receipt(state, who, traces, gone, left, opening.wall_clock())
    screen.tell(f"Forgotten. The receipt is {file}.")
    for each in left:
        screen.warn(f"left: {each} holds something of the person, {_why_left(each, setting)}")


def _check_books(journal: "Journal", setting: Setting) -> None:
    """Raise Stopped where a run is not settled yet: its changes are still needed as they are."""
    copies = copies_named(setting.settings.state_dir)
    runs = [
        run
        for run, books in journal.forgetting.open_runs().items()
        # The books of a copy that was thrown away are never closed.
        if "@" not in books or books.partition("@")[2] in copies
    ]
    if runs:
        raise Stopped(
            f"nothing was forgotten: the run {', '.join(sorted(runs))} ended early, and its books"
            " are open; the next `sfsync run` on its org closes them, then call this again"
        )


def _configured(setting: Setting, traces: Traces) -> list[Path]:
    """Return the files of the configuration that name the person, as a reader of reports, say."""
    found = (name for name, text in setting.config.texts.items() if traces.are_in_document(text))
    return [setting.config.path / name for name in sorted(found)]


def _why_left(file: Path, setting: Setting) -> str:
    if setting.config.path in file.parents:
        return "as you wrote it: take it out there"
    if setting.settings.state_dir / ACCEPTED in file.parents:
        return "as the configuration did that a scheduler read: delete it while none is at work"
    return "and sfsync does not know it"


def _left(state: Path, traces: Traces) -> list[Path]:
    """Return files of the state folder that are none of ours, and hold something of the person."""
    # Ids are kept in places where they name what a row is about.
    names = frozenset[str]() if traces.namesakes else traces.names
    plain = Traces(traces.addresses, names, frozenset())
    own = {"journal.db", "journal.db-wal", "journal.db-shm", "writes.jsonl"}
    found = []
    for file in sorted(state.rglob("*")):
        is_own = file.name in own or file.suffix in (".parquet", ".lock")
        if file.is_file() and not is_own:
            text = file.read_bytes().decode("utf-8", "replace")
            if plain.are_in_document(text):
                found.append(file)
    return found


def _say_when(who: Sequence[str], state: Path, screen: Screen) -> None:
    found = earlier_receipt(state, who)
    if found is not None:
        screen.say(f"The receipt of an earlier call is {found}.")
