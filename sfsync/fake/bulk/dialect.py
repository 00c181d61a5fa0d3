"""How is a CSV file of a bulk job written, and how strictly is one read?

The platform's reader is stricter than most: it takes the delimiter and the line ending of the job
alone, never trims a cell, and takes a quote only at the very start and end of a cell.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO

DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_MAX_HEADER = 32_000
_MAX_FIELDS = 5_000
_MAX_RECORD = 400_000


class UploadRefused(Exception):
    """An upload that no record is taken of; the text is the job's errorMessage."""


@dataclass(slots=True)
class Table:
    """An upload that could be read: its header and its records, each with as many cells.

    `problems` tells of single records, by their place among all, what is wrong with their form.
    """

    header: list[str]
    records: list[list[str]] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Lines:
    # The csv module calls `write` once for each record, whatever line breaks are in its cells.
    write: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The names of a job's column delimiter and line ending, in the platform's words."""

    column_delimiter: str = "COMMA"
    line_ending: str = "LF"

    @property
    def delimiter(self) -> str:
        """The character between two cells."""
        return DELIMITERS[self.column_delimiter]

    @property
    def ending(self) -> str:
        """The characters that end a record."""
        return LINE_ENDINGS[self.line_ending]

    def lines(self, records: Iterable[Iterable[object]]) -> list[str]:
        """Return each record as one text with its line ending, all cells quoted; None is empty."""
        found: list[str] = []
        csv.writer(
            _Lines(found.append),
            delimiter=self.delimiter,
            lineterminator=self.ending,
            quoting=csv.QUOTE_ALL,
        ).writerows(records)
        return found

    def read(self, body: bytes) -> Table:
        """Read an upload; raises UploadRefused, with the job's errorMessage, where it is wrong.

        A record that is wrong in itself keeps its place; it does not spoil the others.
        """
        rows = self._rows(_decoded(body))
        header, problem = next(rows, ([], "The upload is empty"))
        if problem:
            raise UploadRefused(f"InvalidBatch : Failed to parse CSV header. {problem}")
        if sum(map(len, header)) > _MAX_HEADER or len(header) > _MAX_FIELDS:
            raise UploadRefused(
                f"InvalidBatch : The header has more than {_MAX_FIELDS} fields or {_MAX_HEADER} "
                "characters"
            )
        table = Table(header)
        for cells, bad_quote in rows:
            problem = bad_quote or _problem(header, cells)
            if problem:
                table.problems[len(table.records)] = problem
            table.records.append([*cells, *[""] * len(header)][: len(header)] if problem else cells)
        return table

    def _rows(self, text: str) -> Iterator[tuple[list[str], str]]:
        # Each row with what is wrong with its quotes. The csv module is lenient about those, and
        # so finds the end of a row whose quotes are wrong.
        lines = StringIO(text, newline="\n").readlines()
        reader = csv.reader(lines, delimiter=self.delimiter)
        start = 0
        try:
            for cells in reader:
                raw = (
                    lines[start]
                    if reader.line_num == start + 1
                    else "".join(lines[start : reader.line_num])
                )
                start = reader.line_num
                self._check_ending(raw, is_last=start == len(lines))
                if cells:
                    yield cells, self._quote_problem(raw) if '"' in raw else ""
        except csv.Error as error:
            if "new-line" in str(error):
                raise self._wrong_ending() from error
            raise UploadRefused(
                f"InvalidBatch : Failed to parse CSV at line {reader.line_num}: {error}"
            ) from error

    def _check_ending(self, raw: str, *, is_last: bool) -> None:
        if not raw.endswith("\n"):
            if is_last and not raw.endswith("\r"):
                return
            raise self._wrong_ending()
        if raw.endswith("\r\n") != (self.line_ending == "CRLF"):
            raise self._wrong_ending()

    def _wrong_ending(self) -> UploadRefused:
        return UploadRefused(
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
            f"{self.line_ending}"
        )

    def _quote_problem(self, raw: str) -> str:
        # Cut at its quotes, every other piece lies outside of quoted cells. Such a piece is empty
        # (a doubled quote) or reaches from the end of one cell to the beginning of another.
        pieces = raw.removesuffix("\n").removesuffix("\r").split('"')
        last = len(pieces) - 1
        for at in range(0, last + 1, 2):
            piece = pieces[at]
            if not piece:
                continue
            if at != 0 and not piece.startswith(self.delimiter):
                return f"a quote stands before {piece[0]!r}"
            if at != last and not piece.endswith(self.delimiter):
                return f"a quote stands after {piece[-1]!r}"
        return "a quoted cell has no end" if last % 2 else ""


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UploadRefused(
            f"InvalidBatch : The upload is not UTF-8 at byte {error.start}"
        ) from error


def _problem(header: Sequence[str], cells: Sequence[str]) -> str:
    if len(cells) != len(header):
        return f"the row has {len(cells)} columns, the header {len(header)}"
    if sum(map(len, cells)) > _MAX_RECORD:
        return f"the row has more than {_MAX_RECORD} characters"
    return ""


def csv_text(lines: Sequence[str]) -> bytes:
    """Return lines as the body of a reply."""
    return "".join(lines).encode()
