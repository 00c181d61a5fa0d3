"""Which of a report's lines does the mail show?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sfsync.report.lines import SEVERITIES, Line, Standing, oldest_first, worst_first

# A longer mail is not read.
MOST_LINES = 100
# What its reader was told before, and what needs them no more.
MOST_OPEN = 30
MOST_SOLVED = 20


def shown_of(lines: Sequence[Line], most: int = MOST_LINES) -> Mapping[Standing, Sequence[Line]]:
    """Choose at most `most` of what is new or open, the new ones first: of these the worst by
    money, of those that were open before, some, the worst by age. A record is told whole.
    """
    by_standing = {each: [line for line in lines if line.standing is each] for each in Standing}
    new = _worst(by_standing[Standing.NEW], most, worst_first)
    room = min(MOST_OPEN, most - len(new))
    return {
        Standing.NEW: new,
        Standing.OPEN: _worst(by_standing[Standing.OPEN], room, _longest_open),
        Standing.SOLVED: sorted(by_standing[Standing.SOLVED], key=worst_first)[:MOST_SOLVED],
    }


def _worst(lines: Sequence[Line], most: int, rank: Callable[[Line], Any]) -> list[Line]:
    """Choose records by their worst lines, as long as all of their lines have room."""
    by_record: dict[tuple[str, str], list[Line]] = {}
    for line in sorted(lines, key=rank):
        by_record.setdefault(line.record, []).append(line)
    chosen: list[Line] = []
    for theirs in by_record.values():
        if chosen and len(chosen) + len(theirs) > most:
            break
        chosen += theirs
    return chosen[: max(0, most)]


def _longest_open(line: Line) -> tuple[int, Any]:
    return SEVERITIES.index(line.text.severity), oldest_first(line)
