"""How does a report look as a mail?"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from css_inline import CSSInliner
from jinja2 import Environment, PackageLoader, StrictUndefined

from sfsync.report.admin import AdminNews, admin_view
from sfsync.report.alert_view import alert_view
from sfsync.report.alerts import AlertMail
from sfsync.report.figures import Speech, speech_in, speech_of
from sfsync.report.lines import Report
from sfsync.report.orders import OF_READER
from sfsync.report.people import Person
from sfsync.report.sentence import FieldNames, Voice
from sfsync.report.sheet import as_csv
from sfsync.report.shown import MOST_LINES
from sfsync.report.summary import SUMMARY, Summary
from sfsync.report.summary_view import MOST_ENTRIES, summary_view
from sfsync.report.view import view_of
from sfsync.rules.texts import FindingText

# Gmail cuts what is longer; where names and messages are long, fewer lines are shown.
MOST_BYTES = 102_000
_FEWER = 20
# The template of mails that tell of records, line by line.
_LINES = "exceptions"
_FEWER_ENTRIES = (20, 10, 5)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's parts: subject (one line), HTML, a text that says the same, and all lines as CSV.

    `csv` is empty where the reader has no lines of their own.
    """

    subject: str
    html: str
    text: str
    csv: str


def render(
    report: Report,
    texts: Mapping[str, FindingText],
    language: str | None = None,
    locale: str | None = None,
    names: FieldNames | None = None,
) -> Rendered:
    """Write a report in a language and a locale; None: as the report's order says, else as the
    reader's user says. `names` are the org's for its fields.
    """
    voice = _voice(report, names, language, locale)
    for most in range(MOST_LINES, 0, -_FEWER):
        view = view_of(report, texts, voice, most)
        html = _page(_LINES, view)
        if _fits(html):
            break
    csv = as_csv(report, voice) if report.lines else ""
    return Rendered(view.subject, html, _text(_LINES, view), csv)


def render_alerts(mail: AlertMail, names: FieldNames | None = None) -> tuple[AlertMail, Rendered]:
    """Write a mail of alerts in its reader's language; return with it the alerts that it shows.
    `names` are the org's for its fields.
    """
    voice = _voice(mail.report, names)
    for most in range(MOST_LINES, 0, -_FEWER):
        shown = mail.first(most)
        view = alert_view(shown, voice)
        html = _page(_LINES, view)
        if _fits(html):
            break
    return shown, Rendered(view.subject, html, _text(_LINES, view), "")


def _voice(
    report: Report,
    names: FieldNames | None,
    language: str | None = None,
    locale: str | None = None,
) -> Voice:
    reader = report.reader
    if language or locale:
        speech = speech_of(language or reader.language, locale or reader.locale)
    else:
        speech = _speech(report.language, reader)
    return Voice(speech, report.currency, report.zone, names or FieldNames())


def _speech(ordered: str, reader: Person) -> Speech:
    if ordered == OF_READER:
        return speech_of(reader.language, reader.locale)
    return speech_in(ordered, reader.locale)


def render_summary(summary: Summary, texts: Mapping[str, FindingText]) -> Rendered:
    """Write a summary of runs in the language of its order, or of its reader."""
    speech = _speech(summary.period.order.language, summary.reader)
    for most in (MOST_ENTRIES, *_FEWER_ENTRIES):
        view = summary_view(summary, texts, speech, most)
        html = _page(SUMMARY, view)
        if _fits(html):
            break
    return Rendered(view.subject, html, _text(SUMMARY, view), "")


def render_admin(news: AdminNews) -> Rendered:
    """Write what the admin is told at once, in the language of its order, or of its reader."""
    speech = _speech(news.language, news.reader)
    for most in (MOST_ENTRIES, *_FEWER_ENTRIES):
        view = admin_view(news, speech, most)
        html = _page(SUMMARY, view)
        if _fits(html):
            break
    return Rendered(view.subject, html, _text(SUMMARY, view), "")


def _page(name: str, view: object) -> str:
    return _inliner().inline(_templates().get_template(f"{name}.html").render(view=view))


def _text(name: str, view: object) -> str:
    return _templates().get_template(f"{name}.txt").render(view=view)


def _fits(html: str) -> bool:
    return len(html.encode()) < MOST_BYTES


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("sfsync.report"),
        # Names come from whoever filled them in: only the plain text shows them as they are.
        autoescape=lambda name: name is None or name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _inliner() -> CSSInliner:
    # Gmail and Outlook drop style sheets; dark mode needs the rest of one, which others keep.
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False, minify_css=True)
