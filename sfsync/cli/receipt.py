"""What proves that somebody was forgotten, without saying who?"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfsync.cli.setting import make
from sfsync.model import to_iso

if TYPE_CHECKING:
    from sfsync.cli.forgetting import Gone
    from sfsync.traces import Traces

FOLDER = "receipts"
# It takes a while to compute: so addresses are not guessed by trying many.
_COST = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
_LOOKED_AT = 100


def write_receipt(
    state: Path,
    who: Sequence[str],
    traces: "Traces",
    gone: Sequence["Gone"],
    left: Sequence[Path],
    at: datetime,
) -> Path:
    """Write what was forgotten, where and when (`at`, aware UTC), as JSON, and return the file.

    Of those named by an address there is a salted digest only: who has the address can tell that
    it is meant, by calling the command again. Ids of records, which lead nowhere once the org has
    deleted them, are as they are.
    """
    make(state / FOLDER)
    salt = secrets.token_bytes(16)
    data: dict[str, Any] = {
        "version": 1,
        "at": to_iso(at),
        "salt": salt.hex(),
        "who": [_digest(each, salt) for each in who],
        "records": sorted(traces.ids),
        "forgotten": [
            {"where": each.where, "what": each.what, "number": each.number, "is": each.how}
            for each in gone
        ],
        "left": [str(each) for each in left],
    }
    file = state / FOLDER / f"forgotten-{at:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}.json"
    fresh = file.with_suffix(".part")
    fresh.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return fresh.replace(file)


def earlier_receipt(state: Path, who: Sequence[str]) -> Path | None:
    """Return the newest receipt of the same person, None where there is none."""
    files = sorted((state / FOLDER).glob("forgotten-*.json"), reverse=True)
    for file in files[:_LOOKED_AT]:
        data = json.loads(file.read_text(encoding="utf-8"))
        salt = bytes.fromhex(data["salt"])
        if {_digest(each, salt) for each in who} <= set(data["who"]):
            return file
    return None


def _digest(who: str, salt: bytes) -> str:
    # Of an Id the case counts, of an address it does not.
    text = who.strip().casefold() if "@" in who else who.strip()
    return hashlib.scrypt(text.encode(), salt=salt, **_COST).hex()
