"""Which files of mails hold something of a person?"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from sfsync.letter import text_of
from sfsync.traces import Traces

_UNTAGGED = re.compile(r"<[^>]+>")


def files_about(folder: Path, traces: Traces) -> Iterator[Path]:
    """Yield the files of a folder of mails and reports that hold something of a person, or whose
    name does; and with each all files of the same report, which tell the same. Sorted.
    """
    files = sorted(each for each in folder.glob("*") if each.is_file())
    found = {each.stem for each in files if _is_named(each, traces) or _holds(each, traces)}
    yield from (each for each in files if each.stem in found)


def _is_named(file: Path, traces: Traces) -> bool:
    """Tell whether a report is called by the Id, or by what is before the @ of an address."""
    called = {_slug(each.partition("@")[0]) for each in traces.addresses}
    called |= {_slug(each) for each in traces.names}
    return traces.are_in(file.stem) or any(file.stem.endswith(f"-{each}") for each in called)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.-]+", "-", plain).lower()


def _holds(file: Path, traces: Traces) -> bool:
    content = file.read_bytes()
    text = text_of(content) if ".eml" in file.suffixes else content.decode("utf-8", "replace")
    # A name may be parted by tags.
    return traces.are_in_document(text) or traces.are_in_document(_UNTAGGED.sub("", text))
