"""From whose orders, to whom and how do the mails of `sfsync report` go?"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfsync.cli.mails import Mail, Mails
from sfsync.cli.opening import Opened, lock_of, opened
from sfsync.cli.person import meant
from sfsync.cli.screen import Screen
from sfsync.cli.setting import Setting, make
from sfsync.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sfsync.model import OpenFinding
    from sfsync.report import AlertOrders, FieldNames, Person, ReportOrder, SummaryOrder
    from sfsync.rules.texts import FindingText

# Under the state folder: they hold customers' data.
FOLDER = "reports"
_NO_REHEARSAL = (
    "--now rehearses another moment, and people would get mails of it: leave out --send, or send on"
    " a recorded org"
)
NOTHING = "There is nothing to tell, so there is no mail."


def who_and_how(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say to whom mails go, and how."""
    for option in (
        click.option(
            "--send", "sends", is_flag=True, help="Send the mails; files only with --out."
        ),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Write the files there, and not to `reports` in the state folder.",
        ),
        click.option(
            "--to",
            "person",
            metavar="PERSON",
            help="Only this reader: a name or its beginning, an e-mail address or an Id.",
        ),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Way:
    """To whom mails go (None: all), into which folder, whether they are sent, of which moment."""

    person: str | None
    out: Path | None
    sends: bool
    now: datetime | None
    is_quiet: bool


def deliver(setting: Setting, way: Way, written: "Callable[[Opened], Sequence[Mail]]") -> None:
    """Open the org, and write or send the mails that `written` makes of it, in this order.

    Before that, what earlier processes left is sent: so `written` knows what their readers have.
    """
    if way.sends and way.now is not None and setting.is_salesforce:
        raise click.UsageError(_NO_REHEARSAL)
    folder = _folder(setting, way)
    lock = lock_of(setting) if way.sends else nullcontext()
    with lock, opened(setting, way.now) as at:
        screen = Screen(at.org.zone, at.org.url, way.is_quiet)
        mails = Mails(setting.settings, at.services.journal, at.services.books, screen)
        is_done = mails.resume() if way.sends else True
        chosen = _chosen(written(at), way.person)
        if not chosen:
            screen.say(NOTHING)
        elif folder is not None:
            mails.write(chosen, folder)
        if way.sends and chosen:
            is_done = mails.send(chosen) and is_done
        if not is_done:
            click.get_current_context().exit(ExitCode.INCOMPLETE)


def _folder(setting: Setting, way: Way) -> Path | None:
    """Make and return the folder for the files; None where none are wanted."""
    if way.out is None:
        if way.sends:
            return None
        make(setting.settings.state_dir / FOLDER)
        return setting.settings.state_dir / FOLDER
    try:
        way.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{way.out} cannot be made ({error.strerror}): name another folder"
        raise click.BadParameter(problem, param_hint="--out") from error
    return way.out


def read_reports(
    setting: Setting,
) -> "tuple[Mapping[str, FindingText], tuple[ReportOrder, ...]]":
    """Read the findings' texts and the reports ordered. Raises ConfigError with all problems."""
    from sfsync.report import REPORTS_FILE, load_orders

    texts = read_texts(setting)
    return texts, load_orders(*_read(setting.config.file(REPORTS_FILE)), texts=texts)


def read_texts(setting: Setting) -> "Mapping[str, FindingText]":
    """Read the findings' texts. Raises ConfigError with all problems."""
    from sfsync.rules.texts import TEXTS_FILE, load_texts

    return load_texts(*_read(setting.config.file(TEXTS_FILE)), setting.policy)


def read_alerts(setting: Setting, codes: "Collection[str]") -> "AlertOrders":
    """Read what alerts owners; `codes` are the findings that have texts. Raises ConfigError with
    all problems.
    """
    from sfsync.report import REPORTS_FILE, load_alerts

    rules = {rule.name for each in setting.policy.machines.values() for rule in each.rules}
    return load_alerts(*_read(setting.config.file(REPORTS_FILE)), codes=codes, rules=rules)


def read_summary_order(setting: Setting) -> "SummaryOrder":
    """Read what is ordered of the summary of the runs. Raises ConfigError with all problems."""
    from sfsync.report import REPORTS_FILE, load_summary_order

    return load_summary_order(*_read(setting.config.file(REPORTS_FILE)))


def _read(file: Path) -> tuple[str, str]:
    try:
        return file.read_text(encoding="utf-8"), str(file)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{file}: cannot be read: {error}"
        raise ConfigError([f"{problem}. The one that came with sfsync will do"]) from error


def open_findings(at: Opened, *, is_rehearsal: bool) -> "tuple[OpenFinding, ...]":
    """Return the findings in the journal, open and solved.

    Where no whole pass ran yet, and for a rehearsal, as a pass at this moment would leave them.
    """
    from sfsync.jobs import foresee_findings, plan_job

    services = at.services
    kept = () if is_rehearsal else services.journal.findings(services.books)
    return kept or foresee_findings(plan_job("hourly", services), services)


def field_names(at: Opened) -> "FieldNames":
    """Return how the org calls the fields of which findings speak; takes one request."""
    from sfsync.report import FieldNames

    objects = [*at.setting.policy.machines]
    at.org.describe(objects)
    told = {
        (object_name, name): info
        for object_name in objects
        for name, info in (at.org.fields(object_name) or {}).items()
    }
    money = frozenset(each for each, info in told.items() if info.type == "currency")
    return FieldNames({each: info.label for each, info in told.items()}, money)


def admin_of(at: Opened) -> "Person":
    """Return the admin: the org's user with the address that is set, if there is one."""
    from sfsync.extract.people import read_person
    from sfsync.report import Person

    email = at.setting.settings.admin_email
    nobody = Person("admin", "Admin", email)
    return (read_person(at.org, email) if email else None) or nobody


def _chosen(mails: "Sequence[Mail]", person: str | None) -> "Sequence[Mail]":
    """Narrow mails to a reader's. Raises NotFound where none of them goes to such a person, or
    several may be meant.
    """
    if person is None:
        return mails
    ids = meant(person, [each.reader for each in mails], "there is no report for")
    return [each for each in mails if each.reader.id in ids]
