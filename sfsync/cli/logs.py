"""In which form do logs and complaints reach the standard error, and what do they never hold?

As text they are for the person who typed the command. As JSON, one object a line, they are for
whoever collects the logs of many: of the data of records they hold nothing but, at -vv, Ids.
"""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import click

from sfsync.cli.hints import helpful
from sfsync.errors import ConfigError, SfsyncError
from sfsync.logs import told_of

TEXT, JSON = "text", "json"
FORMS = (TEXT, JSON)
OURS = "sfsync"
logger = logging.getLogger(__name__)

# What a line may hold beside time, level, logger and message: whatever else a call may give stays
# out, so that nobody logs a record by mistake.
_FIELDS = (
    *("service", "job", "run", "state", "planned", "counts", "causes", "seconds"),
    *("api_calls", "api_left", "request_id", "status", "error", "exit_code", "problems", "at"),
)
_LEFT_OUT = "said something that is left out, since it may quote records"
_EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_TOKEN = re.compile(r"00D[A-Za-z0-9]{12,15}![\w.]+|(?<=Bearer )\S+")
# Ids of the org itself, of bulk jobs and deployments are none of records.
_ID = re.compile(r"\b(?!00D|750|0Af)(?=[A-Za-z]*\d)[A-Za-z0-9]{18}\b")
_TROUBLE = ("warning", "error", "critical")
_form = [TEXT]


def tell_logs(form: str, verbosity: int) -> None:
    """Let logs go to the standard error in a form, from a verbosity (number of -v) on.

    As JSON they tell each step in any case, and of libraries, too, what they have to say.
    """
    told = {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    is_json = form == JSON
    _form[0] = form
    ours = logging.getLogger(OURS)
    ours.handlers = [_ToStandardError()]
    ours.setLevel(min(told, logging.INFO) if is_json else told)
    others = logging.getLogger()
    others.handlers = [each for each in others.handlers if not isinstance(each, _OfOthers)]
    if not is_json:
        return
    ours.handlers[0].setFormatter(_json_lines())
    others.addHandler(_OfOthers(logging.WARNING))
    others.handlers[-1].setFormatter(_json_lines())
    logging.captureWarnings(True)
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed


def is_json() -> bool:
    """Tell whether the standard error holds JSON lines."""
    return _form[0] == JSON


def complain(text: str, logged: str = "") -> None:
    """Write to the standard error what a person should know; `logged` is what JSON says instead
    where the text names people or records.
    """
    if is_json():
        logger.warning("%s", helpful(logged or text))
    else:
        click.echo(helpful(text), err=True)


def tell_failure(error: SfsyncError) -> None:
    """Write to the standard error why a command failed."""
    problems = tuple(map(helpful, error.problems)) if isinstance(error, ConfigError) else ()
    if is_json():
        told = {"error": type(error).__name__, "exit_code": int(error.exit_code)}
        several = {"problems": list(map(masked, problems))} if len(problems) > 1 else {}
        logger.error("%s", helpful(error.logged), extra={**told, **several})
    elif len(problems) > 1:
        click.echo(f"sfsync: there are {len(problems)} problems:", err=True)
        for problem in problems:
            click.echo(f"  {problem}", err=True)
    else:
        click.echo(helpful(f"sfsync: {error}"), err=True)


class PassedOn:
    """What becomes of the JSON lines of a job of the scheduler: they are ours, too, and its turn
    keeps the sentences of what went wrong.

    What else it says, such as the last words of Python itself, is kept with the turn alone.
    """

    def __init__(self) -> None:
        self._rest = b""

    def hear(self, part: bytes) -> None:
        """Pass on whole lines: ours must not come between."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        for line in (each.decode("utf-8", "replace") for each in lines):
            if _told_in(line):
                click.echo(line, err=True)
            elif line.strip():
                logger.warning("a job %s", _LEFT_OUT)

    def plain(self, line: str) -> str:
        """Return the sentence of a line that tells of trouble, nothing of others."""
        told = _told_in(line)
        if not told:
            return line
        return str(told["message"]) if told["level"] in _TROUBLE else ""


def _told_in(line: str) -> Mapping[str, Any]:
    """Return what one of our JSON lines tells; nothing of another line."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    is_ours = isinstance(told, dict) and {"level", "message"} <= told.keys()
    return told if is_ours else {}


def masked(text: str, *, keeps_ids: bool = False) -> str:
    """Return a text without addresses, tokens and, unless they are kept, Ids of records."""
    text = _TOKEN.sub("[token]", _EMAIL.sub("[address]", text))
    return text if keeps_ids else _ID.sub("[id]", text)


class _ToStandardError(logging.Handler):
    """Writes to whatever the standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(self.format(record), err=True)


class _OfOthers(_ToStandardError):
    """Writes what libraries have to say: what they fill into their sentences stays out."""

    def filter(self, record: logging.LogRecord) -> bool:
        return super().filter(record) is not False and record.name.partition(".")[0] != OURS

    def format(self, record: logging.LogRecord) -> str:
        template = str(record.msg) if record.args and str(record.msg) != "%s" else _LEFT_OUT
        bare = logging.LogRecord(
            record.name, record.levelno, record.pathname, record.lineno, "%s", (template,), None
        )
        return super().format(bare)


def _message(record: logging.LogRecord) -> str:
    """Say the record's sentence without words of others."""
    if not record.args or not isinstance(record.args, tuple):
        return record.getMessage()
    return str(record.msg) % tuple(getattr(each, "logged", each) for each in record.args)


def _json_lines() -> logging.Formatter:
    from pythonjsonlogger.json import JsonFormatter

    class JsonLines(JsonFormatter):
        """One JSON object a line, with known fields only."""

        def add_fields(
            self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
        ) -> None:
            super().add_fields(log_data, record, message_dict)
            given = {**log_data, **told_of()}
            keeps_ids = record.levelno <= logging.DEBUG
            log_data.clear()
            log_data["time"] = given["time"]
            log_data["level"] = record.levelname.lower()
            log_data["logger"] = record.name
            log_data["message"] = masked(_message(record), keeps_ids=keeps_ids)
            log_data.update({name: given[name] for name in _FIELDS if given.get(name) is not None})

    return JsonLines(timestamp="time")


def _thread_crashed(told: threading.ExceptHookArgs) -> None:
    if is_json():
        _crashed(told.exc_type, told.exc_value or told.exc_type(), told.exc_traceback)
    else:
        threading.__excepthook__(told)


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell of an error in sfsync itself: where, not with which values."""
    if not is_json():
        sys.__excepthook__(kind, error, trace)
        return
    at = [f"{each.filename}:{each.lineno} {each.name}" for each in traceback.extract_tb(trace)]
    told: Mapping[str, Any] = {"error": kind.__name__, "at": at[-10:]}
    logger.critical("an error in sfsync itself: report it, with this line", extra=dict(told))
