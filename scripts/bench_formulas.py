"""How many calls must a pass take, by which formulas, and how long is the chain of them?

The formulas are those by which large orgs are reckoned: pages of 2,000 records, one chain an object
(REST); a bulk job with its creation, looks and pages of results; composites of 1,000 records, or an
ingest job. To these come what every pass asks once, and a look at the records before each batch.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from sfsync.model import Action, Change
from sfsync.org import MOST_AT_ONCE, READ_IN_BULK_FROM
from sfsync.portions import BATCH_SIZE, BULK_FROM

PAGE, BULK_PAGE = 2_000, 200_000
STATEMENTS, DESCRIBES = 5, 25
# How often the fake is looked at until a job has ended; a job that was quick has at the first look.
LOOKS = 2
# Whose a command's token is, the API's version, the Organization twice, the service's user.
SIGNING_IN = 5


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a pass: what it asks, by which formula, how many calls that are, how many of them
    one after the other, where 25 go at once, and how many bulk jobs.
    """

    what: str
    formula: str
    calls: int
    chain: int
    jobs: int = 0


@dataclass(frozen=True, slots=True)
class Formula:
    """All parts of a pass, in their order."""

    terms: tuple[Term, ...]

    @property
    def calls(self) -> int:
        """The calls of all parts."""
        return sum(each.calls for each in self.terms)

    def gives(self, counted: int) -> bool:
        """Whether so many calls are what the formulas give: a quick job is looked at once only."""
        jobs = sum(each.jobs for each in self.terms)
        return 0 <= self.calls - counted <= (LOOKS - 1) * jobs

    @property
    def chain(self) -> int:
        """The calls that had to be one after the other."""
        return sum(each.chain for each in self.terms)


def formula_of(
    rows: Mapping[str, int], changes: Sequence[Change], *, whole: bool, signing_in: int
) -> Formula:
    """Reckon a pass that is asked for so many records of each object, and writes these changes."""
    asked = [
        Term("signing in", "token, version, org, user", signing_in, signing_in),
        Term("describing", f"ceil({len(rows)} objects / 25)", ceil(len(rows) / DESCRIBES), 1),
        *([Term("counting records", "1", 1, 1)] if whole else []),
        Term("API calls left", "1", 1, 1),
    ]
    return Formula((*asked, *_reading(rows, whole=whole), *_writing(changes)))


def _reading(rows: Mapping[str, int], *, whole: bool) -> Iterator[Term]:
    """Reckon pages and jobs; objects go beside each other, so the longest is the chain."""
    paged = {name: n for name, n in rows.items() if not (whole and n > READ_IN_BULK_FROM)}
    pages = {name: max(1, ceil(n / PAGE)) for name, n in paged.items()}
    jobs = {name: 1 + LOOKS + ceil(rows[name] / BULK_PAGE) for name in rows.keys() - paged.keys()}
    waves = ceil(len(rows) / MOST_AT_ONCE)
    longest = max([*pages.values(), *jobs.values()]) * waves
    what = "all" if whole else "changes"
    formula = f"{len(pages)} objects: sum of ceil(records / 2,000)"
    yield Term(f"{what} by pages", formula, sum(pages.values()), 0 if jobs else longest)
    if jobs:
        formula = f"{len(jobs)} objects: 1 + {LOOKS} looks + ceil(records / 200,000)"
        yield Term(f"{what} by bulk jobs", formula, sum(jobs.values()), longest, len(jobs))


def _writing(changes: Sequence[Change]) -> Iterator[Term]:
    """Reckon what is written, object by object: batches one after the other, each after a look."""
    groups: dict[tuple[str, Action], list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.object, change.action].append(change)
    for (name, action), several in groups.items():
        what, k = f"{name}, {len(several):,} to {action.value}", len(several)
        if action is Action.UPDATE and k > BULK_FROM:
            asked = len(_objects_of(several))
            formula = f"{asked} objects + 3 + {LOOKS} looks + 3 results"
            yield Term(what, formula, asked + 3 + LOOKS + 3, 1 + 3 + LOOKS + 1, 1)
            continue
        batches = [several[first : first + BATCH_SIZE] for first in range(0, k, BATCH_SIZE)]
        looks = [ceil(_statements(batch, action) / STATEMENTS) for batch in batches]
        formula = f"ceil({k:,} / 1,000), and {sum(looks)} looks before"
        yield Term(what, formula, sum(looks) + len(batches), 2 * len(batches))


def told_formula(formula: Formula, counted: int) -> list[str]:
    """Say each part, and whether what was counted is what the formulas give."""
    lines = [
        f"{each.calls:>9}  {each.what:<26} {each.chain:>3} in a row   {each.formula}"
        for each in formula.terms
    ]
    same = "as counted" if counted == formula.calls else f"BUT COUNTED WERE {counted}"
    if counted < formula.calls and formula.gives(counted):
        same = f"{counted} counted: quick jobs"
    return [*lines, f"{formula.calls:>9}  {same:<26} {formula.chain:>3} in a row"]


def _objects_of(changes: Sequence[Change]) -> set[str]:
    found = {change.object for change in changes}
    found |= {stamp.object for change in changes for stamp in change.rests_on}
    return found | {watch.object for change in changes for watch in change.watches}


def _statements(batch: Sequence[Change], action: Action) -> int:
    """Count the statements of a look: what is touched, what that rests on, what it watches."""
    touched = {(change.object, change.id) for change in batch}
    evidence: dict[str, set[str]] = defaultdict(set)
    for change in batch:
        for stamp in change.rests_on:
            if action is Action.CREATE or (stamp.object, stamp.id) not in touched:
                evidence[stamp.object].add(stamp.id)
    watches = {watch for change in batch for watch in change.watches}
    return 1 + len(watches) + sum(ceil(len(ids) / PAGE) for ids in evidence.values())
