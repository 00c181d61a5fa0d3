"""Which company is it? What public sources leave open, and people answer
(`sfsync enrich review`)
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from sfsync.cli.opening import Opened, opened
from sfsync.cli.options import Place, RecordId, format_option, place_options
from sfsync.cli.reviews import print_review, print_reviews
from sfsync.cli.screen import Screen, echo
from sfsync.cli.setting import set_up

if TYPE_CHECKING:
    from sfsync.jobs.questions import Asked
    from sfsync.journal import Review, ReviewAnswer

LATER_DAYS = 30
_MOST_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: the word, and what belongs to it."""

    answer: "ReviewAnswer"
    key: str = ""
    until: date | None = None


@click.command()
@click.argument("record", type=RecordId(), metavar="[ID]", required=False)
@click.option("--answer", metavar="WORD", help="1, 2 or 3: it is that one; none, later, or never.")
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    help=f"Of later: ask again after so many days; {LATER_DAYS} without it.",
)
@click.option("--answered", is_flag=True, help="List what was answered.")
@format_option("table", "json")
@place_options
def review(
    record: str | None,
    answer: str | None,
    days: int | None,
    answered: bool,
    form: str,
    place: Place,
    quiet: bool,
) -> None:
    """List the accounts of which nobody but a person can say which company they are.

    With the account's ID: show it beside each candidate, and take the answer, in a terminal by
    asking for it. The next run of the job enrich goes by it. What was answered may be answered
    anew.
    """
    _check_options(record, answer, days, answered=answered)
    setting = set_up(place)
    with opened(setting) as at:
        screen = Screen(at.org.zone, at.org.url, quiet)
        if record is None:
            print_reviews(at, form, screen, answered=answered)
            return
        asked = _asked(at, record)
        reply = None
        if answer is None:
            print_review(asked, form, screen)
            if form == "table" and _may_ask(screen):
                reply = _ask(asked.review, _today(at))
        else:
            reply = reply_of(answer, days, asked.review, _today(at))
        if reply is None:
            _tell_how(asked, screen, is_told=answer is None and form == "table")
            return
        _note(at, asked, reply, form, screen)


def _check_options(
    record: str | None, answer: str | None, days: int | None, *, answered: bool
) -> None:
    if record is None and (answer is not None or days is not None):
        raise click.UsageError("--answer is about one account: give its ID")
    if record is not None and answered:
        raise click.UsageError("--answered lists all accounts: leave out the ID, or --answered")
    if days is not None and answer != "later":
        raise click.UsageError("--days is of --answer later")


def _asked(at: Opened, record: str) -> "Asked":
    """Return the last question about an account. Raises NotFound where there was none."""
    from sfsync.errors import NotFound
    from sfsync.jobs.questions import asked

    found = at.services.journal.reviews.all(at.services.books, record)
    if not found:
        raise NotFound(f"nothing is asked about {record}: `sfsync enrich review` lists what is")
    return asked(at.services, found[-1])


def _today(at: Opened) -> date:
    return at.services.now.astimezone(ZoneInfo(at.org.zone)).date()


def _may_ask(screen: Screen) -> bool:
    """Tell whether a person sits there who can answer."""
    return screen.is_terminal and sys.stdin.isatty()


def reply_of(word: str, days: int | None, about: "Review", today: date) -> Reply:
    """Understand an answer to a question. Raises UsageError where it is none."""
    from sfsync.journal import ReviewAnswer

    keys = [each.key for each in about.candidates]
    said = word.strip().casefold()
    if said.isdecimal() and 1 <= int(said) <= len(keys):
        return Reply(ReviewAnswer.THIS, keys[int(said) - 1])
    if said == "later":
        return Reply(ReviewAnswer.LATER, until=today + timedelta(days=days or LATER_DAYS))
    if said in ("none", "never"):
        return Reply(ReviewAnswer(said))
    raise click.UsageError(f'"{word}" is no answer here: say {_words(keys)}')


def _words(keys: Sequence[str]) -> str:
    if not keys:
        return "none (it stays as it is), later or never"
    numbers = "1" if len(keys) == 1 else f"1 to {len(keys)}"
    return f"{numbers} for that one, none, later or never"


def _ask(about: "Review", today: date) -> Reply | None:
    """Ask until there is an answer; None where the person leaves it open."""
    keys = [each.key for each in about.candidates]
    while True:
        word = _typed(f"Which is it? {_words(keys).capitalize()}; Enter leaves it open: ")
        if not word:
            return None
        try:
            reply = reply_of(word, None, about, today)
        except click.UsageError as error:
            echo(error.message)
            continue
        return reply if reply.until is None else _later(reply, today)


def _later(reply: Reply, today: date) -> Reply | None:
    """Ask in how many days."""
    while True:
        word = _typed(f"In how many days? Enter means {LATER_DAYS}: ")
        if not word:
            return reply
        if word.isdecimal() and 1 <= int(word) <= _MOST_DAYS:
            return Reply(reply.answer, until=today + timedelta(days=int(word)))
        echo(f'"{word}" is no number of days from 1 to {_MOST_DAYS}')


def _typed(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        echo("")
        return ""


def _tell_how(asked: "Asked", screen: Screen, *, is_told: bool) -> None:
    """Tell whoever answered nothing how it is done."""
    if is_told:
        keys = [each.key for each in asked.review.candidates]
        screen.say(
            f"Answer with `sfsync enrich review {asked.review.account} --answer ...`:"
            f" {_words(keys)}."
        )


def _note(at: Opened, asked: "Asked", reply: Reply, form: str, screen: Screen) -> None:
    """Enter an answer, and tell what comes of it."""
    from sfsync.jobs.questions import Asked

    reviews, books = at.services.journal.reviews, at.services.books
    account = asked.review.account
    noted = reviews.answer(
        books, account, reply.answer, at.services.now, key=reply.key, until=reply.until
    )
    if form == "json":
        print_review(Asked(noted, asked.account, asked.changes), form, screen)
        return
    name = asked.account.name if asked.account else account
    for line in _consequences(name, noted, asked.review):
        screen.say(line)
    others = [each.account for each in reviews.open(books)]
    if others:
        screen.say(
            f"{len(others)} more to be answered; the next: `sfsync enrich review {others[0]}`."
        )


def _consequences(name: str, noted: "Review", before: "Review") -> Sequence[str]:
    """Say what an answer means, and what becomes of an earlier one."""
    from sfsync.journal import ReviewAnswer, ReviewKind

    run = f"`sfsync run enrich --id {noted.account}`"
    if noted.answer is ReviewAnswer.THIS:
        chosen = next(each for each in noted.candidates if each.key == noted.key)
        ceased = ", which has ceased" if noted.kind is ReviewKind.CEASED else ""
        lines = [
            f"Noted: {name} is {chosen.name} ({chosen.key}){ceased}. The next `sfsync run enrich`"
            f" writes what it knows of it; {run} does so at once."
        ]
    elif noted.answer is ReviewAnswer.NONE and not noted.candidates:
        lines = [f"Noted: {name} stays as it is, and nobody is asked about that number again."]
    elif noted.answer is ReviewAnswer.NONE:
        lines = [f"Noted: {name} is none of these, and is not asked about with any of them again."]
    elif noted.answer is ReviewAnswer.LATER:
        lines = [f"Noted: {name} is asked about again by the first run from {noted.until} on."]
    else:
        lines = [f"Noted: {name} is not looked up any more, until another answer is given."]
    if before.answer is ReviewAnswer.THIS and noted.key != before.key:
        lines.append(
            f"What the earlier answer wrote stays: `sfsync explain {noted.account}` shows it and"
            " its run, `sfsync undo RUN` takes it back."
        )
    return lines
