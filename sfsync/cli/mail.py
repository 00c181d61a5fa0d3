"""Do mails arrive? (`sfsync mail`)"""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from sfsync.cli import HelpfulGroup, opening
from sfsync.cli.logs import complain
from sfsync.cli.options import Place, place_options
from sfsync.cli.posting import carrier_of, letterhead_of
from sfsync.cli.screen import Screen
from sfsync.cli.setting import settings_of
from sfsync.errors import ExitCode
from sfsync.model import to_iso

if TYPE_CHECKING:
    from sfsync.mail import Address, Message

_TEXT = """This mail was sent by `sfsync mail test`. Mails to {to} arrive.

There is nothing to do.
"""
_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{subject}</title></head>
<body><p>This mail was sent by <code>sfsync mail test</code>. Mails to {to} arrive.</p>
<p>There is nothing to do.</p></body></html>
"""


@click.group(cls=HelpfulGroup)
def mail() -> None:
    """Try whether mails arrive."""


class Recipient(click.ParamType["Address"]):
    """A mail address."""

    name = "ADDRESS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> "Address":
        """Read the address."""
        from sfsync.mail import Address

        try:
            return value if isinstance(value, Address) else Address.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@mail.command()
@click.option("--to", required=True, type=Recipient(), help="Who is to get the test message.")
@place_options
def test(to: "Address", place: Place, quiet: bool) -> None:
    """Send a test message, and tell each step.

    It goes the way of all mails, but stands in no books. Without a mail server it is written to the
    outbox. Exit code 3 where the message was not taken, 5 where the settings or the sign-in are
    wrong, 6 where the server cannot be reached.
    """
    from sfsync.letter import Letter
    from sfsync.mail import Verdict, to_eml

    settings = settings_of(place)
    screen = Screen(is_quiet=quiet)
    head = letterhead_of(settings)
    carrier = carrier_of(settings, screen.say)
    now = opening.wall_clock()
    message = _message(to, now)
    message_id = f"<{uuid4().hex}@{head.sender.domain}>"
    content = to_eml(message, head, now, message_id)
    letter = Letter(message.key, to.email, message_id, content)
    try:
        answer = carrier.carry(letter, head.sender.email, lambda: screen.say("handed over"))
    finally:
        carrier.close()
    if answer.verdict is not Verdict.SENT:
        complain(f"sfsync: {answer.words}")
        failed = {Verdict.UNREACHABLE: ExitCode.UNREACHABLE, Verdict.CLOSED: ExitCode.CONFIGURATION}
        click.get_current_context().exit(failed.get(answer.verdict, ExitCode.INCOMPLETE))
    if settings.smtp_host:
        screen.say(f"The server took it ({answer.words}). Look for it at {to.email}, also in spam.")
    else:
        screen.say(f"No mail server is set (SFSYNC_SMTP_HOST): {answer.words}")


def _message(to: "Address", now: datetime) -> "Message":
    from html import escape

    from sfsync.mail import Message

    subject = f"sfsync: a test at {now:%Y-%m-%d %H:%M} UTC"
    text = _TEXT.format(to=to.email)
    html = _HTML.format(to=escape(to.email), subject=escape(subject))
    return Message(to, subject, text, html, f"test:{to_iso(now)}:{to.email}")
