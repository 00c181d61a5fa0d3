"""How are the records of a bulk job written and read as CSV?"""

import csv
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import StringIO
from typing import Final

from sfsync.model import Value
from sfsync.org import RowResult

# An empty cell leaves the field as it is, this empties it.
EMPTIES: Final = "#N/A"
_CODE = re.compile(r"[A-Z][A-Z0-9_]*")
_FIELDS = re.compile(r"[\w., ]*")


def to_csv(rows: Sequence[tuple[str, Mapping[str, Value]]]) -> bytes:
    """Write records as UTF-8 CSV, `Id` first, None and empty text so that they empty the field;
    what a record does not name stays as it is.
    """
    fields = list(dict.fromkeys(name for _, values in rows for name in values))
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Id", *fields])
    writer.writerows(
        [id, *(_cell(values[name]) if name in values else "" for name in fields)]
        for id, values in rows
    )
    return text.getvalue().encode("utf-8")


def _cell(value: Value) -> str:
    if value is None or value == "":
        return EMPTIES
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # The platform's numbers have no exponent, and whole ones no point.
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    return value if isinstance(value, str) else str(value)


def results_of(body: bytes, *, ok: bool) -> list[RowResult]:
    """Read the file of a job's successful or failed records; raises ValueError where it is none.

    Ids are the platform's, of 18 characters, where it gives them.
    """
    from sfsync.org.text import header, read_csv

    if not body.strip():
        return []
    names = [name.lower() for name in header(body)]
    if "sf__id" not in names or (not ok and "sf__error" not in names):
        raise ValueError(f"the columns are {', '.join(names)}")
    table = read_csv(body, names, skip=True)
    # A job without an upload has files without our columns, and without records.
    given = table["sf__id"].to_pylist()
    sent = table["id"].to_pylist() if "id" in names else given
    ids = [theirs or ours for theirs, ours in zip(given, sent, strict=True)]
    if not all(ids):
        raise ValueError("a record has no Id")
    if ok:
        return [RowResult(id, True) for id in ids]
    errors = table["sf__error"].to_pylist()
    return [
        RowResult(id, False, *_code_and_words(error or ""))
        for id, error in zip(ids, errors, strict=True)
    ]


def _code_and_words(error: str) -> tuple[str, str]:
    """Split `CODE:message:fields --`; the message itself may hold colons."""
    code, colon, rest = error.partition(":")
    if not colon or not _CODE.fullmatch(code):
        return "UNKNOWN_EXCEPTION", error.strip() or "refused without a reason"
    if rest.rstrip().endswith("--"):
        message, _, fields = rest.rstrip().removesuffix("--").rpartition(":")
        rest = message if _FIELDS.fullmatch(fields) else f"{message}:{fields}"
    return code, rest.strip() or "refused without a reason"
