"""Of what are owners alerted, and how does it reach them? (`sfsync report alerts`)"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfsync.cli.delivery import (
    Way,
    admin_of,
    deliver,
    field_names,
    open_findings,
    read_alerts,
    read_texts,
    who_and_how,
)
from sfsync.cli.mails import Mail
from sfsync.cli.opening import Opened
from sfsync.cli.options import Place, now_option, place_options
from sfsync.cli.screen import count
from sfsync.cli.setting import set_up
from sfsync.model import RULE_CAUSE, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sfsync.model import JournalledChange, OpenFinding
    from sfsync.report import AlertMail, AlertOrders, FieldNames, Moved
    from sfsync.rules.texts import FindingText

# As the policy calls them, where an object has them.
_OWNER, _AMOUNT = "owner", "amount"


@click.command()
@who_and_how
@now_option
@place_options
def alerts(
    person: str | None,
    out: Path | None,
    sends: bool,
    now: datetime | None,
    place: Place,
    quiet: bool,
) -> None:
    """Write the mails that alert the owners of records, as `reports.yaml` says.

    A reader gets one mail a day, with all that alerts that day; of an idle spell, a trial or the
    like they are alerted once. Each mail is written as .eml, .html and .txt. With --send they are
    sent; without a mail server they go to the outbox. What was sent is not told again.
    """
    setting = set_up(place)
    texts = read_texts(setting)
    orders = read_alerts(setting, texts)

    def written(at: Opened) -> list[Mail]:
        made = _alerts(at, texts, orders, is_rehearsal=now is not None)
        names = field_names(at)
        return [_mail(each, names) for each in made]

    deliver(setting, Way(person, out, sends, now, quiet), written)


def _alerts(
    at: Opened, texts: "Mapping[str, FindingText]", orders: "AlertOrders", *, is_rehearsal: bool
) -> "tuple[AlertMail, ...]":
    from sfsync.extract.currencies import keeps_currencies
    from sfsync.extract.people import read_people
    from sfsync.report import Occasion, build_alerts

    services = at.services
    if keeps_currencies(at.org):
        # Then an amount is in that of its record, which nobody knows here.
        orders = replace(orders, currency="")
    found = open_findings(at, is_rehearsal=is_rehearsal)
    moves = _moves(at, orders, found)
    owners = {each.finding.owner_id or "" for each in found if each.finding.code in orders.findings}
    people = read_people(at.org, owners | {each.owner_id or "" for each in moves})
    told = services.journal.alerts.last(services.books)
    occasion = Occasion(services.now, at.org.url, at.org.zone, admin_of(at))
    return build_alerts(found, moves, people, texts, orders, told, occasion)


def _mail(alert_mail: "AlertMail", names: "FieldNames") -> Mail:
    from sfsync.report import render_alerts

    shown, rendered = render_alerts(alert_mail, names)
    made, number = shown.report, len(alert_mail.alerts)
    left = f"{count(number, 'alert')} left for the next day's"
    later = f"today's mail of alerts is out, or waits; {left}"
    return Mail(made.key, made.reader, made.now, rendered, shown.notes, later)


def _moves(at: Opened, orders: "AlertOrders", found: "Sequence[OpenFinding]") -> "list[Moved]":
    """Return the records that rules moved of late and that still stand where they were put, with
    their present owners.
    """
    from sfsync.report import MOVES_TOLD_FOR

    services = at.services
    causes = [f"{RULE_CAUSE}{rule}" for rule in orders.moves]
    if not causes:
        return []
    # A pass finds what it moves, too: until the next one that is open still.
    judged = [each.last_seen for each in found if each.solved_at is None]
    since = min([services.now - MOVES_TOLD_FOR, *judged])
    noted = services.journal.alerts.moves(services.books, causes, since)
    noted = [each for each in noted if each[0] <= services.now]
    amounts = {
        (each.finding.object, each.finding.id): each.amount
        for each in found
        if each.amount is not None
    }
    return [
        moved
        for name in sorted({each.change.object for _, each in noted})
        for moved in _moved(at, name, noted, amounts)
    ]


def _moved(
    at: Opened,
    object_name: str,
    noted: "Sequence[tuple[datetime, JournalledChange]]",
    amounts: "Mapping[tuple[str, str], float | None]",
) -> "Iterator[Moved]":
    """Yield the moves of one object's records."""
    from sfsync.report import Moved

    fields = _fields(at, object_name)
    theirs = [(moment, each.change) for moment, each in noted if each.change.object == object_name]
    rows = at.org.records(
        object_name, sorted({change.id for _, change in theirs}), list(fields.values())
    )
    state = fields["state"]
    rules = {each.name: each for each in at.services.policy.machines[object_name].rules}
    for moment, change in theirs:
        row = rows.get(change.id)
        if row is None or state not in change.fields:
            continue
        before, after = change.fields[state].before, change.fields[state].after
        if row.get(state) != after:
            continue
        rule = change.cause.removeprefix(RULE_CAUSE)
        yield Moved(
            rule=rule,
            object=object_name,
            id=change.id,
            name=change.name,
            owner_id=_text(row.get(fields.get(_OWNER, ""))),
            before=_text(before),
            after=_text(after),
            at=moment,
            evidence=change.evidence,
            amount=_amount(row, fields, amounts.get((object_name, change.id))),
            reason=change.reason,
            found=rules[rule].found if rule in rules else (),
        )


def _fields(at: Opened, object_name: str) -> dict[str, str]:
    """Return the API names of state, owner and amount, as far as the object has them."""
    policy = at.services.policy
    specs, known = policy.objects[object_name], at.org.fields(object_name) or {}
    wanted = {name: specs[name].field for name in (_OWNER, _AMOUNT) if name in specs}
    there = {name: field for name, field in wanted.items() if field in known}
    return {"state": policy.state_fields()[object_name], **there}


def _amount(
    row: "Mapping[str, Value]", fields: "Mapping[str, str]", of_findings: float | None
) -> float | None:
    """Return the record's own amount; where it has none, the one that findings have."""
    own = row.get(fields.get(_AMOUNT, ""))
    return float(own) if isinstance(own, int | float) else of_findings


def _text(value: Value) -> str | None:
    return str(value) if value else None
