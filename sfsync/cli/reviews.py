"""How does a person see what public sources leave open: an account beside the companies that it
may be?
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from sfsync.cli.opening import Opened
from sfsync.cli.screen import Cell, Screen, count, echo
from sfsync.model import Change, to_iso

if TYPE_CHECKING:
    from sfsync.enrich.account import Account
    from sfsync.jobs.questions import Asked
    from sfsync.journal import Review, ShownCandidate

_ACCOUNT = "Account"
_GONE = "(deleted or merged)"
_MARKS = {"for": "✓", "against": "✗", "silent": "–"}
_STYLES = {"for": "green", "against": "red", "silent": "dim"}
# What is compared with nothing, yet tells a person much: in words, our field, the source's item.
_FIGURES = (
    ("employees", "number_of_employees", "employees_band"),
    ("revenue", "annual_revenue", "revenue"),
    ("trade", "industry", "activity"),
)


def print_reviews(at: Opened, form: str, screen: Screen, *, answered: bool) -> None:
    """Print the open questions, or (`answered`) those that people answered, the newest answer
    first.
    """
    from sfsync.jobs.questions import accounts_asked
    from sfsync.journal import ReviewAnswer

    asked = at.services.journal.reviews.all(at.services.books)
    wanted = [each for each in asked if (each.answer is not ReviewAnswer.OPEN) is answered]
    wanted.sort(key=lambda each: each.answered_at or each.asked_at, reverse=answered)
    accounts = accounts_asked(at.services, wanted)
    if form == "json":
        data = [_data(each, accounts.get(each.account)) for each in wanted]
        echo(json.dumps({"reviews": data}, indent=2, ensure_ascii=False))
        return
    if not wanted:
        screen.say("Nothing was answered yet." if answered else "Nothing is asked.")
        return
    heads = ("account", "companies it may be", "answer" if answered else "why", "day")
    rows = [_row(each, accounts.get(each.account), screen, answered=answered) for each in wanted]
    screen.table(heads, rows, whole=("day",))
    does = "shows one, and takes another answer" if answered else "shows one, and takes the answer"
    screen.say(f"{count(len(wanted), 'account')}; `sfsync enrich review ID` {does}.")


def _row(
    review: "Review", account: "Account | None", screen: Screen, *, answered: bool
) -> list[Cell]:
    """Return a question as a row: the account, in a pipe its Id, the companies, why or the answer,
    the day.
    """
    name = account.name if account else _GONE
    record: list[Cell] = [screen.record(_ACCOUNT, review.account, name)]
    if not screen.is_terminal:
        record.append(review.account)
    between = "\n" if screen.is_terminal else "; "
    companies = between.join(_in_short(each) for each in review.candidates)
    at = review.answered_at if answered and review.answered_at else review.asked_at
    said = answer_in_words(review) if answered else review.why
    return [*record, companies, said, screen.moment(at)[:10]]


def _in_short(candidate: "ShownCandidate") -> str:
    told = ", ".join(filter(None, (candidate.key, candidate.town, _standing(candidate))))
    return f"{candidate.name} ({told})"


def _standing(candidate: "ShownCandidate") -> str:
    return "ceased" if candidate.standing == "ceased" else ""


def answer_in_words(review: "Review") -> str:
    """Say what a person answered: `this: ACME (552032534)`, `later: from 2026-07-15 on`."""
    chosen = [each for each in review.candidates if review.key and each.key == review.key]
    if chosen:
        return f"this: {chosen[0].name} ({chosen[0].key})"
    return f"later: from {review.until} on" if review.until else review.answer.value


def print_review(asked: "Asked", form: str, screen: Screen) -> None:
    """Print a question: the account, and beside it each candidate with every clue, and what would
    be written.
    """
    review, account = asked.review, asked.account
    if form == "json":
        data = _data(review, account)
        for candidate, change in zip(data["candidates"], asked.changes, strict=False):
            candidate["would_write"] = _written(change)
        echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    if not screen.is_terminal:
        _print_lines(asked, screen)
        return
    name = account.name if account else _GONE
    screen.tell(f"{name} ({_ACCOUNT} {review.account})")
    if account is not None:
        screen.tell(_told(account))
    screen.tell(f"{review.provider}, {screen.moment(review.asked_at)[:10]}: {review.why}.")
    if answer := _answered(review, screen):
        screen.tell(answer)
    changes = asked.changes or (None,) * len(review.candidates)
    for number, (candidate, change) in enumerate(
        zip(review.candidates, changes, strict=True), start=1
    ):
        screen.tell()
        _print_candidate(number, candidate, asked, change, screen)
    screen.tell()


def _answered(review: "Review", screen: Screen) -> str:
    if review.answered_at is None:
        return ""
    return f"Answered {screen.moment(review.answered_at)[:10]}: {answer_in_words(review)}."


def _told(account: "Account") -> str:
    """Say in a line which company an account says it is."""
    company = account.company()
    town = " ".join(filter(None, (company.postal_code, company.city)))
    numbers = [f"{scheme.value} {number}" for scheme, number in company.identifiers.items()]
    place = ", ".join(filter(None, (company.street, town, company.country)))
    parts = [place, company.website, *(numbers or company.wrong or ["no number"])]
    return " · ".join(filter(None, parts))


def _print_candidate(
    number: int, candidate: "ShownCandidate", asked: "Asked", change: Change | None, screen: Screen
) -> None:
    """Print a candidate in a terminal: its clues as a table, and what it would write."""
    rows: list[Sequence[Cell]] = []
    for clue in candidate.clues:
        mark = Text(_MARKS[clue.agreement], style=_STYLES[clue.agreement])
        rows.append(
            (mark, clue.of, clue.ours or "-", f"{clue.theirs or '-'}{_points(clue.points)}")
        )
    rows += [("", *each) for each in _figures(candidate, asked, screen)]
    screen.table(("", "compared", "account", "source"), rows, f"{number}  {_in_short(candidate)}")
    screen.tell(candidate.url)
    fields = [f"{field} {after}" for field, after in _fields(change, screen)]
    told = ", ".join(fields) if fields else "nothing: what it has stands there already"
    screen.tell(f"would write {told}")


def _figures(
    candidate: "ShownCandidate", asked: "Asked", screen: Screen
) -> Iterator[tuple[str, str, str]]:
    """Give what is no clue and helps all the same: what, and what both sides say."""
    if asked.account is None:
        return
    values = {each.item: each for each in candidate.values}
    for what, name, item in _FIGURES:
        if found := values.get(item):
            ours = screen.value(asked.account.values.get(name) or None)
            as_of = f" ({found.as_of})" if found.as_of.isdigit() else ""
            yield what, ours, f"{screen.value(found.value)}{as_of}"


def _points(points: float) -> str:
    return f" ({points:.0f} of 100)" if 0 < points < 100 else ""


def _fields(change: Change | None, screen: Screen) -> Iterator[tuple[str, str]]:
    """Give what a change writes from the source: field, and value with its date."""
    for field, values in change.fields.items() if change else ():
        if values.source is not None:
            shown, as_of = screen.value(values.after), values.source.as_of
            is_dated = as_of.isdigit() and as_of != shown
            yield field, f"{shown} ({as_of})" if is_dated else shown


def _print_lines(asked: "Asked", screen: Screen) -> None:
    """Print a question for a pipe: a line each for the account, every candidate, clue and value."""
    review = asked.review
    name = asked.account.name if asked.account else _GONE
    day, answer = screen.moment(review.asked_at)[:10], answer_in_words(review)
    lines: list[Sequence[Cell]] = [
        ("account", review.account, name, review.provider, review.why, day, answer)
    ]
    changes = asked.changes or (None,) * len(review.candidates)
    for number, (each, change) in enumerate(zip(review.candidates, changes, strict=True), start=1):
        place = str(number)
        lines.append(("candidate", place, each.key, each.name, each.town, each.standing, each.url))
        lines += [
            ("clue", place, _MARKS[clue.agreement], clue.of, clue.ours, clue.theirs)
            for clue in each.clues
        ]
        lines += [("figure", place, "", *figure) for figure in _figures(each, asked, screen)]
        lines += [("would write", place, *pair) for pair in _fields(change, screen)]
    screen.table((), lines)


def _data(review: "Review", account: "Account | None") -> dict[str, Any]:
    """Return a question as JSON data; times in ISO form, UTC."""
    data = {name: _plain(value) for name, value in asdict(review).items()}
    return {"account": data.pop("account"), "name": account.name if account else None, **data}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return to_iso(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _written(change: Change | None) -> Mapping[str, object] | None:
    if change is None:
        return None
    return {
        field: {"before": values.before, "after": values.after}
        for field, values in change.fields.items()
    }
