"""What becomes of a recorded org: who opens our copy of it, locks it, names it and forgets it?

A recording is never changed: what runs write is kept in a copy, in the state folder.
"""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sfsync.cli.setting import Setting, make
from sfsync.errors import ConfigError, Locked

if TYPE_CHECKING:
    from sfsync.fake import FakeOrg
    from sfsync.policy import Policy

_DESCRIBED = {
    "text": "string",
    "picklist": "string",
    "reference": "string",
    "number": "double",
    "flag": "boolean",
    "date": "date",
    "instant": "datetime",
}


def open_recorded(setting: Setting) -> "FakeOrg":
    """Load a recorded org, with what was written to our copy of it.

    Raises ConfigError with all that is wrong in the recording.
    """
    from sfsync.fake import RecordingError, load_folder

    make(setting.copy)
    log = setting.copy / "writes.jsonl"
    try:
        return load_folder(setting.source, log=log, likely=_likely_types(setting.policy))
    except RecordingError as error:
        raise ConfigError(error.problems) from error


def _likely_types(policy: "Policy") -> dict[str, dict[str, str]]:
    """Say what the policy's fields are in Salesforce's words, for columns that are empty."""
    return {
        name: {spec.field: _DESCRIBED[spec.type] for spec in fields.values()}
        for name, fields in policy.objects.items()
    }


def name_of_copy(setting: Setting) -> str:
    """Return the name of our copy of a recorded org, which it gets when it is first opened.

    The books of a copy are its own: those of the org that was recorded, of another copy, or of this
    one before it was reset would tell of changes that it never saw.
    """
    file = setting.copy / "name"
    with suppress(FileExistsError), file.open("x", encoding="utf-8") as stream:
        stream.write(secrets.token_hex(4))
    return file.read_text(encoding="utf-8")


def forget_copy(setting: Setting) -> bool:
    """Throw away our copy of a recorded org; tell whether there was one."""
    if not setting.copy.exists():
        return False
    shutil.rmtree(setting.copy)
    return True


@contextmanager
def lock_of_copy(setting: Setting) -> Iterator[None]:
    """Hold the lock of our copy of a recorded org: two writers would not see each other's changes.

    Raises Locked where another process writes or serves it.
    """
    from sfsync.jobs import locked

    # Beside the folder, not in it: `sfsync org reset` throws the folder away.
    path = setting.copy.with_name(f".{setting.copy.name}.lock")
    make(path.parent)
    try:
        held = locked(path)
    except Locked as error:
        raise Locked(
            f"this copy of the org is being served or written by another process ({path}): "
            "end that first, or name another state folder with --state-dir"
        ) from error
    with held:
        yield
