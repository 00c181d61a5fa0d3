"""What does the `sf` command line know of an org that it is signed in to?"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from sfsync.errors import ConfigError, OrgRefused, OrgUnavailable
from sfsync.org.tokens import Grant

SECONDS: Final = 60.0
_DOING: Final = "asking the sf command line"
# Since 2026 `sf org display` shows a sentence in place of the token.
_TOKEN = re.compile(r"[!-~]+")
_TOKEN_IN_WORDS = re.compile(r"00D\w{9,}!\S+")
_NETWORK = re.compile(r"ENOTFOUND|ETIMEDOUT|ECONN[A-Z]+|EAI_AGAIN|socket hang up|timed? ?out", re.I)
_LONGEST = 300


def ask_sf(alias: str, *, seconds: float = SECONDS) -> Grant:
    """Return the token of the org that `sf` knows by an alias or username; it renews it itself.

    `seconds` is the time-out of each call of it. Raises ConfigError where there is no `sf`,
    OrgRefused where it says no, OrgUnavailable where it does not answer.
    """
    shown = _result(("org", "display"), alias, seconds)
    address = urlsplit(str(shown.get("instanceUrl", "")))
    host = address.netloc if address.scheme == "https" else ""
    token = shown.get("accessToken")
    if not _is_token(token):
        token = _result(("org", "auth", "show-access-token"), alias, seconds).get("accessToken")
    if not host or not _is_token(token):
        raise OrgRefused(
            f"{_DOING}: it shows no token for {alias!r}. Update it (`sf update`), or sign in to "
            f"the org again: `sf org login web --alias {alias}`"
        )
    return Grant(host, str(token))


def _is_token(text: object) -> bool:
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None


def _result(command: Sequence[str], alias: str, seconds: float) -> Mapping[str, Any]:
    out, err = _run([_program(), *command, f"--target-org={alias}", "--json"], seconds)
    answer = next(_objects(out), None) or next(_objects(err), None)
    if answer is None:
        raise OrgUnavailable(
            f"{_DOING}: it answered with no JSON. Try `sf org display --target-org {alias}` "
            "yourself"
        )
    result = answer.get("result")
    if answer.get("status") != 0 or not isinstance(result, Mapping):
        raise _refusal(answer, alias)
    return result


def _program() -> str:
    program = shutil.which("sf")
    if program is None:
        raise ConfigError(
            [
                "SALESFORCE_SF_ALIAS: there is no program sf on the PATH. Install the Salesforce "
                "command line, or sign in another way (docs/connect.md)"
            ]
        )
    return program


def _run(command: Sequence[str], seconds: float) -> tuple[str, str]:
    with _started(command) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except BaseException as error:
            _end(process)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            # What it had said so far stays with that error: it may hold the token.
            out = None
    if out is None:
        raise OrgUnavailable(
            f"{_DOING}: no answer within {seconds:g} seconds. Try `sf org display` yourself"
        )
    return out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _started(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    # A group of its own: sf starts node, which would live on and hold the pipe.
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigError(
            [f"SALESFORCE_SF_ALIAS: {command[0]} cannot be started: {error.strerror}"]
        ) from error


def _end(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """Give the JSON objects with a status in a text; sf may print warnings around its answer."""
    decoder = json.JSONDecoder()
    for found in re.finditer(r"^\s*\{", text, re.MULTILINE):
        with suppress(json.JSONDecodeError):
            read, _end = decoder.raw_decode(text, found.end() - 1)
            if isinstance(read, Mapping) and "status" in read:
                yield read


def _refusal(answer: Mapping[str, Any], alias: str) -> OrgRefused | OrgUnavailable:
    words = " ".join(_TOKEN_IN_WORDS.sub("...", str(answer.get("message", ""))).split())
    said = f"{_DOING}: {answer.get('name', 'it refused')}: {words.rstrip('.')[:_LONGEST]}."
    if _NETWORK.search(words):
        return OrgUnavailable(f"{said} Try again later, and check this machine's network")
    return OrgRefused(f"{said} Sign in to the org with `sf org login web --alias {alias}`")
