"""Which spellings does a company's name have, and how alike are two of them?

The measure is the greatest of three ratios. Those that find a name within another (WRatio, partial
and set ratios) give 100 to a parent and its subsidiary: they never decide here.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz

from sfsync.duplicates.alike import Likeness
from sfsync.duplicates.names import ELISION, Words, spelled_together
from sfsync.enrich.matching import words as tables
from sfsync.enrich.matching.forms import without_form
from sfsync.enrich.matching.numbers import without_numbers
from sfsync.facts.people import folded

EQUAL, NEAR = 92.0, 75.0
# A name of which a part is not understood is near at most.
_NEAR_AT_MOST = EQUAL - 1
_SHORTEST_PART = 4
# In a word so long a slip makes no other name; in one so short it is never taken for a slip.
_STEADY_WORD, _SHORTEST_SLIP = 8, 5


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to read a name: its words without legal form, the form, the parts of the name that
    it leaves out, and the trailing town or postal code that it leaves out.
    """

    words: Words
    form: str = ""
    parts: tuple[Words, ...] = ()
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Alike:
    """How a name of ours and one of theirs compare, at best.

    `points` 0 to 100, the measure; below 92 where a part of our name is not understood.
    `is_steady`: word by word the same but for slips of the pen in long words; `is_slip`: in shorter
    ones too (Durand, Durant). `same_numbers`: the numbers in both are the same; `clashing_numbers`:
    both have some, and others. `is_part`: one is the beginning of the other. `ending` is the town
    or postal code that was taken for none of our name.
    """

    ours: str = ""
    theirs: str = ""
    points: float = 0.0
    is_steady: bool = False
    is_slip: bool = False
    same_numbers: bool = True
    clashing_numbers: bool = False
    is_part: bool = False
    form: str = ""
    their_form: str = ""
    ending: str = ""


def is_placeholder(name: str) -> bool:
    """Tell whether a name stands for none (test, n/a, -): no company is looked up by it."""
    words = folded(name).split()
    plain = " ".join(words)
    if plain in tables.PLACEHOLDERS or not any(letter.isalpha() for letter in plain):
        return True
    letters = plain.replace(" ", "")
    is_made_up = bool(tables.NUMBERED.fullmatch(letters) or tables.ALONG_THE_KEYS.match(letters))
    return is_made_up or (len(letters) > 2 and len(set(letters)) == 1)


@functools.lru_cache(maxsize=4096)
def words_of(text: str) -> Words:
    """Return the words of a name: without case, accents, punctuation, joining words and web suffix;
    letters that stand alone are one word, abbreviations are written out. Legal forms stay.
    """
    plain = tables.WEB_SUFFIX.sub(r"\1 ", text.translate(tables.LETTERS).replace("_", " "))
    plain = ELISION.sub(" ", tables.AND.sub(" et ", plain))
    words = folded(plain).split()
    kept = [word for at, word in enumerate(words) if not _joins(words, at)]
    if kept and kept[0] == "ste":
        kept[0] = "societe"
    together = spelled_together(kept or words)
    return tuple(tables.SPELLED_OUT.get(word, word) for word in together)


def _joins(words: list[str], at: int) -> bool:
    word = words[at]
    if word in tables.ELIDED:
        is_spelled = at > 0 and len(words[at - 1]) == 1
        return not is_spelled and len(words) > at + 1 and words[at + 1][0] in tables.VOWELS
    return word in tables.JOINING_WORDS


def spellings(name: str, endings: Iterable[str] = (), *, is_french: bool) -> tuple[Spelling, ...]:
    """Return the ways to read a name of the CRM, the fullest first.

    `endings`: a trailing one of these towns and postal codes is taken for where the company is, not
    for its name. `parts` of a spelling are what it leaves out: in brackets, behind a dash.
    """
    plain = without_numbers(name)
    found: dict[tuple[Words, tuple[Words, ...]], Spelling] = {}
    for text, parts in (each for way in _umlauts(plain) for each in _pieces(way)):
        for ending, words in _without_tail(words_of(text), tuple(endings), is_french):
            rest, form = without_form(words, is_french=is_french)
            if rest:
                spelling = Spelling(rest, form, parts, ending)
                found.setdefault((rest, parts), spelling)
    return tuple(found.values())


def _umlauts(name: str) -> tuple[str, ...]:
    """Müller is written Muller and Mueller."""
    return tuple(dict.fromkeys((name, name.translate(tables.UMLAUTS))))


def _pieces(name: str) -> Iterator[tuple[str, tuple[Words, ...]]]:
    """Give the whole name, then what is outside of brackets and before a dash, with the rest."""
    yield name, ()
    inside = [words_of(text) for text in tables.BRACKETS.findall(name)]
    outside = tables.BRACKETS.sub(" ", name).strip()
    if inside and outside:
        yield outside, tuple(filter(None, inside))
    pieces = [text.strip() for text in tables.DASHES.split(outside) if text.strip()]
    for at, piece in enumerate(pieces if len(pieces) > 1 else ()):
        others = [words_of(text) for n, text in enumerate(pieces) if n != at]
        yield piece, tuple(filter(None, (*inside, *others)))


def _without_tail(
    words: Words, endings: tuple[str, ...], is_french: bool
) -> Iterator[tuple[str, Words]]:
    """Give the words, then those without a trailing town, postal code or `siège social`."""
    yield "", words
    core, form = without_form(words, is_french=is_french)
    tail = (form,) if form else ()
    for ending in tables.TAILS:
        if _ends(core, ending):
            core = core[: -len(ending)]
            yield "", core + tail
    for text in endings:
        if _ends(core, words_of(text)):
            yield text, core[: -len(words_of(text))] + tail


def _ends(words: Words, ending: Words) -> bool:
    return bool(ending) and len(words) > len(ending) and words[-len(ending) :] == ending


def likeness(ours: Words, theirs: Words) -> float:
    """Return from 0 to 100 how alike two names are: the greatest of the ratio as written, with the
    words sorted, and without blanks.
    """
    left, right = " ".join(ours), " ".join(theirs)
    return max(
        fuzz.ratio(left, right),
        fuzz.token_sort_ratio(left, right),
        fuzz.ratio(left.replace(" ", ""), right.replace(" ", "")),
    )


def compare(
    mine: Iterable[Spelling], names: Iterable[str], places: Iterable[str], *, is_french: bool
) -> Alike:
    """Return how the best spelling of ours and the best of their names compare.

    `places`: towns, postal codes and departments that explain a part of our name.
    """
    written = (each for name in names for each in _umlauts(name))
    theirs = [_their_spelling(name, is_french) for name in written]
    known = {each.words for each in theirs} | {words_of(town) for town in places if town}
    known |= tables.SAYS_NOTHING | {(_initials(each.words),) for each in theirs}
    pairs = (_pair(left, right, known) for left in mine for right in theirs if right.words)
    return max(pairs, key=_weight, default=Alike())


def _weight(alike: Alike) -> tuple[float, bool, bool, bool, str, str, str]:
    return (
        alike.points,
        alike.is_steady,
        alike.same_numbers,
        not alike.ending,
        alike.ours,
        alike.theirs,
        alike.form,
    )


def _their_spelling(name: str, is_french: bool) -> Spelling:
    words, form = without_form(words_of(name), is_french=is_french)
    return Spelling(words, form)


def _initials(words: Words) -> str:
    return "".join(word[0] for word in words)


def _pair(ours: Spelling, theirs: Spelling, known: set[Words]) -> Alike:
    points = likeness(ours.words, theirs.words)
    is_whole = all(_is_known(part, known) for part in ours.parts)
    left, right = numbers_in(ours.words), numbers_in(theirs.words)
    return Alike(
        ours=" ".join(ours.words),
        theirs=" ".join(theirs.words),
        points=points if is_whole else min(points, _NEAR_AT_MOST),
        is_steady=_differ_by_slips(ours.words, theirs.words, _STEADY_WORD),
        is_slip=_differ_by_slips(ours.words, theirs.words, _SHORTEST_SLIP),
        same_numbers=left == right,
        clashing_numbers=bool(left and right) and left != right,
        is_part=_begins(ours.words, theirs.words) or _begins(theirs.words, ours.words),
        form=ours.form,
        their_form=theirs.form,
        ending=ours.ending,
    )


def _is_known(part: Words, known: set[Words]) -> bool:
    """Tell whether a part of our name adds nothing: their other name, town, form or department."""
    rest, _ = without_form(("x", *part), is_french=False)
    return part in known or rest == ("x",)


def numbers_in(words: Words) -> tuple[str, ...]:
    """Return the numbers in a name, Roman ones too, sorted: Groupe 2000 is not Groupe 3000."""
    digits = [number for word in words for number in re.findall(r"\d+", word)]
    return tuple(sorted([*digits, *(word for word in words if word in tables.ROMAN)]))


def _differ_by_slips(ours: Words, theirs: Words, shortest: int) -> bool:
    """Tell whether two names are one, word by word, but for slips of the pen in words of at least
    so many letters (in shorter ones a letter makes another name: Martin and Marin are two).
    """
    if "".join(ours) == "".join(theirs) or sorted(ours) == sorted(theirs):
        return True
    if any(len(word) < shortest for word in {*ours} ^ {*theirs}):
        return False
    return Likeness((ours, theirs), 0).score(ours, theirs) is not None


def _begins(left: Words, right: Words) -> bool:
    long_enough = len("".join(left)) >= _SHORTEST_PART
    return long_enough and len(left) < len(right) and right[: len(left)] == left
