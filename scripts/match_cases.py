"""Which cases of matching are there, and how good is the matching on them?

The cases' form is told in `tests/cases/enrich/README.md`.
"""

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from sfsync.duplicates.names import words_in
from sfsync.enrich.matching import company_of, weigh
from sfsync.enrich.model import Company, Entry, Match, Place, Scheme, Standing, Verdict
from sfsync.enrich.recherche_entreprises import entries_of
from sfsync.lines import read_yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "cases" / "enrich"
SAMPLES = ROOT.parent / "shared" / "enrich-samples"
HELD_OUT = "held-out.yaml"
NUMBERS = ("registration_number", "vat_number", "lei")
TEXTS = ("name", "street", "postal_code", "city", "country", "website")
CRM = frozenset((*TEXTS, *NUMBERS, "legal_notice"))
BODY = frozenset(("case", "crm", "answer", "asked_in", "total", "expect"))
ENTRY = words_in(
    "key name names form at closed_at country siren vat lei companies_house website standing",
    "masked person signs",
)

NOTHING = "nothing"
WRATIO = 90


@dataclass(frozen=True, slots=True)
class Case:
    """One case: the company, what a source has, and what a careful person would do."""

    file: str
    title: str
    company: Company
    entries: tuple[Entry, ...]
    total: int | None
    verdict: str
    key: str

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.yaml')}: {self.title}"

    @property
    def is_held_out(self) -> bool:
        """Tell whether it was written after the matching was finished."""
        return self.file == HELD_OUT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a way of matching says to a case: verdict and keys, best first."""

    verdict: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a way of matching is on some cases: those written though they should not be (or
    with another key), and how many of the others went as they should.
    """

    cases: int
    by_verdict: Mapping[str, int]
    unsafe: tuple[str, ...]
    written: int
    unwritten: tuple[str, ...]
    among_three: int
    missing: tuple[str, ...]
    bothered: tuple[str, ...]

    @property
    def share_written(self) -> float:
        """Return the share of the safe ones that were written."""
        return self.written / max(1, self.written + len(self.unwritten))

    @property
    def share_among_three(self) -> float:
        """Return the share of the reviews whose right one is among the first three."""
        return self.among_three / max(1, self.among_three + len(self.missing))


@functools.cache
def cases(*, samples: Path = SAMPLES) -> tuple[Case, ...]:
    """Read all cases, those with recorded answers only where the samples are at hand.

    Raises ValueError where a case has a word that means nothing, and ConfigError where a file is
    no YAML.
    """
    return tuple(
        case
        for path in sorted(FOLDER.glob("*.yaml"))
        for body in read_yaml(path.read_text("utf-8"), path.name).data
        for case in _case(path.name, body, samples)
    )


def _case(file: str, body: Mapping[str, Any], samples: Path) -> Iterator[Case]:
    _check(body["case"], body, BODY)
    _check(body["case"], body["crm"], CRM)
    answer, total = body["answer"], body.get("total")
    if isinstance(answer, str):
        if not samples.is_dir():
            return
        recorded = json.loads((samples / answer).read_text("utf-8"))
        entries = entries_of(recorded)
        total = recorded["total_results"]
        if asked := body.get("asked_in"):
            entries, total = _asked_in(entries, asked), None
    else:
        entries = tuple(_entry(body["case"], each) for each in answer)
    expect = body["expect"]
    yield Case(
        file=file,
        title=body["case"],
        company=_company(body["crm"]),
        entries=entries,
        total=total,
        verdict=expect["verdict"],
        key=expect.get("key", ""),
    )


def _check(title: str, body: Mapping[str, Any], known: Iterable[str]) -> None:
    if unknown := body.keys() - frozenset(known):
        raise ValueError(f"{title}: nobody knows {', '.join(sorted(unknown))}")


def _asked_in(entries: Iterable[Entry], postal_code: str) -> tuple[Entry, ...]:
    return tuple(each for each in entries if any(p.postal_code == postal_code for p in each.places))


def _company(crm: Mapping[str, Any]) -> Company:
    texts = {name: crm.get(name, "") for name in TEXTS}
    numbers = [str(crm[name]) for name in NUMBERS if name in crm]
    company = company_of("001000000000001AAA", texts, numbers)
    claimed = {Scheme(scheme): number for scheme, number in crm.get("legal_notice", {}).items()}
    return replace(company, claimed=claimed)


def _entry(title: str, body: Mapping[str, Any]) -> Entry:
    _check(title, body, ENTRY)
    schemes = ("siren", "vat", "lei", "companies_house")
    return Entry(
        provider="made-up",
        key=body["key"],
        url=f"https://register.example/{body['key']}",
        names=tuple(body.get("names", [body.get("name")])),
        legal_form=body.get("form", ""),
        places=tuple(_places(body)),
        identifiers={Scheme(name): body[name] for name in schemes if name in body},
        standing=Standing(body.get("standing", "active")),
        is_masked=body.get("masked", False),
        is_person=body.get("person", False),
        website=body.get("website", ""),
    )


def _places(body: Mapping[str, Any]) -> Iterator[Place]:
    country = body.get("country", "FR")
    lists = {name: _lists(body.get(name, [])) for name in ("at", "closed_at")}
    for name, places in lists.items():
        for at, words in enumerate(places):
            street, code, town = ("", "", *words)[-3:]
            is_open, is_seat = name == "at", name == "at" and at == 0
            signs = tuple(body.get("signs", {}).get(town, ()))
            yield Place(street, code, town, country, is_open, is_seat, signs)
    if not any(lists.values()):
        yield Place(country=country, is_seat=True)


def _lists(places: Sequence[Any]) -> list[Sequence[str]]:
    if not places:
        return []
    return [places] if isinstance(places[0], str) else list(places)


def ours(case: Case) -> Answer:
    """Answer a case by the matching."""
    return answer_of(weigh(case.company, case.entries, total=case.total))


def answer_of(match: Match | None) -> Answer:
    """Return a match in the cases' words."""
    if match is None or match.verdict is Verdict.HIDDEN:
        return Answer(NOTHING)
    return Answer(match.verdict.value, tuple(each.entry.key for each in match.candidates))


def by_wratio(case: Case) -> Answer:
    """Answer a case by the obvious alternative: the best name by WRatio is written from 90 on."""
    scores = sorted(
        (-max((fuzz.WRatio(case.company.name.lower(), n.lower()) for n in e.names), default=0), at)
        for at, e in enumerate(case.entries)
    )
    keys = tuple(case.entries[at].key for _, at in scores)
    is_sure = bool(scores) and -scores[0][0] >= WRATIO
    return Answer(Verdict.SURE.value if is_sure else NOTHING, keys if is_sure else ())


def by_exact_name(case: Case) -> Answer:
    """Answer a case by a dictionary of names: the entry that has the same, if one alone does."""
    name = case.company.name.casefold().strip()
    same = [e.key for e in case.entries if name in {each.casefold().strip() for each in e.names}]
    is_sure = len(same) == 1
    return Answer(Verdict.SURE.value if is_sure else NOTHING, tuple(same) if is_sure else ())


def figures(some: Sequence[Case], way: Callable[[Case], Answer]) -> Figures:
    """Measure a way of matching on cases."""
    answers = [(case, way(case)) for case in some]
    sure = Verdict.SURE.value
    safe = [(c, a) for c, a in answers if c.verdict == sure]
    reviews = [(c, a) for c, a in answers if c.verdict == Verdict.REVIEW.value and c.key]
    missing = tuple(str(c) for c, a in reviews if c.key not in a.keys[:3])
    unwritten = tuple(str(c) for c, a in safe if a.verdict != sure or a.keys[0] != c.key)
    return Figures(
        cases=len(answers),
        by_verdict={v: sum(c.verdict == v for c in some) for v in (sure, "review", NOTHING)},
        unsafe=tuple(str(c) for c, a in answers if _is_unsafe(c, a)),
        written=len(safe) - len(unwritten),
        unwritten=unwritten,
        among_three=len(reviews) - len(missing),
        missing=missing,
        bothered=tuple(
            str(c) for c, a in answers if c.verdict == NOTHING and a.verdict == "review"
        ),
    )


def _is_unsafe(case: Case, answer: Answer) -> bool:
    is_right = case.verdict == Verdict.SURE.value and answer.keys[:1] == (case.key,)
    return answer.verdict == Verdict.SURE.value and not is_right
