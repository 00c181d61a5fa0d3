"""How do all lines of a report look as CSV?"""

import csv
import io

from sfsync.formula import harmless
from sfsync.report.figures import cleaned
from sfsync.report.lines import Line, Report, day_in
from sfsync.report.sentence import Voice

_HEADS = (
    "standing",
    "severity",
    "code",
    "title",
    "owner",
    "object",
    "id",
    "name",
    "amount",
    "currency",
    "days",
    "first_seen",
    "solved",
    "message",
    "remedy",
    "link",
)


def as_csv(report: Report, voice: Voice) -> str:
    """Write the lines as CSV with a header, in the reader's language; texts cannot be formulas.

    Where the reader's locale has a decimal comma the columns are parted by semicolons: only so does
    a spreadsheet with that locale open the file as a table. Dates are ISO dates.
    """
    text, speech = io.StringIO(), voice.speech
    comma = speech.has_decimal_comma
    writer = csv.writer(text, delimiter=";" if comma else ",", lineterminator="\r\n")
    writer.writerow([speech.say(f"csv_{head}") for head in _HEADS])
    for line in report.lines:
        amount = "" if line.found.amount is None else f"{line.found.amount:.2f}"
        amount = amount.replace(".", ",") if comma else amount
        writer.writerow(_row(line, amount, report, voice))
    return text.getvalue()


def _row(line: Line, amount: str, report: Report, voice: Voice) -> list[str]:
    speech = voice.speech
    found, finding, language = line.found, line.found.finding, speech.language
    solved = "" if found.solved_at is None else day_in(report.zone, found.solved_at).isoformat()
    texts = [
        speech.say(line.standing.value),
        speech.say(line.text.severity),
        finding.code,
        line.text.title[language],
        line.owner,
        finding.object,
        finding.id,
        finding.name,
    ]
    figures = [
        amount,
        report.currency if amount else "",
        str(line.days),
        day_in(report.zone, found.first_seen).isoformat(),
        solved,
    ]
    ends = [voice.sentence(finding, line.text), line.text.remedy[language], line.link]
    return [*map(_on_one_line, texts), *figures, *map(_on_one_line, ends)]


def _on_one_line(cell: str) -> str:
    return harmless(cleaned(cell))
