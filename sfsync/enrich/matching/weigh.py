"""Which of a source's entries is the company, beyond doubt, perhaps, or not at all?

Sure is what has the company's own number and a name that does not speak against it; or an equal
name at the same place and no other such entry; or the number that the company's own website shows.
A name alone is never sure. What is near, or equal but for a doubt, goes to a person with the doubt
in words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sfsync.enrich.matching.clues import AGAINST, FOR, SILENT, Weighed, weighed
from sfsync.enrich.matching.names import NEAR, is_placeholder
from sfsync.enrich.model import Company, Entry, Match, Standing, Verdict

# Below this a name speaks against the number on the account.
_AGREES = 60.0
_MOST_SHOWN = 3
_WHY_HIDDEN = "the account's number is that of a person, or of who asked not to be shown"


def weigh(company: Company, entries: Sequence[Entry], *, total: int | None = None) -> Match | None:
    """Return what a source has for the company, None where it has nothing; without candidates and
    `hidden` where the account is one that may not be used, or a person: nobody else is it.

    `total` is how many entries the source found in all: where it gave fewer, a rival may be among
    the others, and no name and place are sure. The entries' order does not matter. Where neither
    side has a postal code that can be compared, the town is enough, if the country is known to
    agree; where the source knows the company's website, that is enough.

    `confidence` of a sure match: 0.95 to 1 by a number (with the name's likeness), 0.9 by the
    website's number, 0.9 by name and postal code or website, 0.85 by name and town; 0.03 more where
    the street agrees, 0.02 where the legal form does. Of a review: a hundredth of the first
    candidate's score, 0.7 at most.
    """
    if is_placeholder(company.name):
        return None
    known = {(each.provider, each.key): each for each in entries}
    all_weighed = [weighed(company, each) for _, each in sorted(known.items())]
    masked = [each for each in all_weighed if _is_hidden(each) and each.number == FOR]
    if masked:
        return Match(masked[0].entry.provider, Verdict.HIDDEN, (), _WHY_HIDDEN, 0.0)
    hidden = [each for each in all_weighed if _is_hidden(each)]
    shown = _with_claims([each for each in all_weighed if not _is_hidden(each)])
    candidates = sorted(
        (each for each in shown if _is_candidate(company, each)),
        key=lambda each: (-each.candidate().score, each.entry.provider, each.entry.key),
    )
    if not candidates:
        return None
    is_cut = total is not None and total > len(entries)
    sure = _sure(company, candidates, hidden, is_cut=is_cut)
    if sure:
        return _as_match(Verdict.SURE, sure, candidates, _why_sure(sure), _confidence(sure))
    first = candidates[0]
    confidence = min(0.7, first.candidate().score / 100)
    why = _why_review(company, candidates, hidden, is_cut=is_cut)
    return _as_match(Verdict.REVIEW, first, candidates, why, confidence)


def _as_match(
    verdict: Verdict, first: Weighed, candidates: Sequence[Weighed], why: str, confidence: float
) -> Match:
    ordered = [first, *(each for each in candidates if each is not first)]
    shown = tuple(each.candidate() for each in ordered[:_MOST_SHOWN])
    return Match(first.entry.provider, verdict, shown, why, round(confidence, 2))


def _with_claims(some: Sequence[Weighed]) -> list[Weighed]:
    """A number on the website that is another company's, by its name (who hosts it, who made it),
    is no claim of ours, and speaks against nobody.
    """
    is_strange = any(each.claimed == FOR and each.name.points < NEAR for each in some)
    return [
        replace(each, claimed=SILENT) if is_strange and each.claimed == AGAINST else each
        for each in some
    ]


def _is_hidden(each: Weighed) -> bool:
    return each.entry.is_masked or each.entry.is_person


def _is_candidate(company: Company, each: Weighed) -> bool:
    if each.number == FOR:
        return True
    if each.is_equal:
        # A number that fails its checksum and a name that many have lead nowhere.
        return not company.wrong or each.is_placed or each.claimed == FOR
    if each.claimed == FOR and each.name.points >= NEAR:
        return True
    if each.name.points >= NEAR:
        return each.is_placed or not (each.near.is_elsewhere or each.country == AGAINST)
    return each.name.is_part and each.is_placed


def _sure(
    company: Company, candidates: Sequence[Weighed], hidden: Sequence[Weighed], *, is_cut: bool
) -> Weighed | None:
    numbered = [each for each in candidates if each.number == FOR]
    if numbered:
        return numbered[0] if len(numbered) == 1 and not _number_doubts(numbered[0]) else None
    if company.wrong:
        return None
    claimed = [each for each in candidates if each.claimed == FOR]
    if claimed:
        return claimed[0] if len(claimed) == 1 and not _claim_doubts(claimed[0]) else None
    if is_cut:
        return None
    rivals = [each for each in (*candidates, *hidden) if _is_rival(each)]
    only = rivals[0] if len(rivals) == 1 else None
    return only if only and not any(_doubts(company, only)) else None


def _is_rival(each: Weighed) -> bool:
    """Tell whether an entry has the company's name and place, and could so be it; a closed or
    hidden one too.
    """
    is_same = each.is_equal and not _differs(each) and each.name.same_numbers
    return is_same and each.is_placed and each.form != AGAINST


def _differs(each: Weighed) -> bool:
    """Tell whether two equal names are two all the same: the sign of a shop elsewhere, or a slip in
    a short word, which is believed where the street agrees, or the website.
    """
    is_near_by = each.near.street == FOR or each.site == FOR
    if each.is_sign_elsewhere and each.site != FOR:
        return True
    return not (each.name.is_steady or (each.name.is_slip and is_near_by))


def _number_doubts(each: Weighed) -> str:
    if each.entry.standing == Standing.CEASED:
        return "it has ceased"
    if each.name.points < _AGREES:
        return "the number on the account is this company's, but the name is another"
    if each.name.clashing_numbers:
        return "the number on the account is this company's, but the names hold different numbers"
    if each.country == AGAINST:
        return "the number on the account is this company's, but its seat is in another country"
    return ""


def _claim_doubts(each: Weighed) -> str:
    if each.number == AGAINST:
        return "the number on the account and the one on its website are of two companies"
    if each.entry.standing == Standing.CEASED:
        return "it has ceased"
    if each.name.points < NEAR or not each.name.same_numbers:
        return "the website shows this company's number, but the name is another"
    if each.form == AGAINST:
        return "the website shows this company's number, but the legal form is another"
    if each.country == AGAINST:
        return "the website shows this company's number, but its seat is in another country"
    return ""


def _doubts(company: Company, each: Weighed) -> Iterator[str]:
    """Give what keeps an entry from being sure by name and place, the gravest first."""
    yield from filter(None, (_standing_doubt(each), _name_doubt(each)))
    ending = each.name.ending
    if ending and ending not in (company.city, company.postal_code):
        yield "a part of the name may be a town"
    if each.number == AGAINST:
        yield "the number on the account is another company's"
    if each.claimed == AGAINST:
        yield "the number on its website is another company's"
    if each.country == AGAINST:
        yield "its seat is in another country"
    if each.form == AGAINST:
        yield "the legal form is another"
    yield from filter(None, (_place_doubt(company, each),))
    if company.wrong:
        yield "; ".join(company.wrong)


def _standing_doubt(each: Weighed) -> str:
    if each.entry.standing == Standing.CEASED:
        return "it has ceased"
    return "the establishment there is closed" if each.is_placed and not each.is_open else ""


def _name_doubt(each: Weighed) -> str:
    name = each.name
    if not name.same_numbers:
        return "the names hold different numbers"
    if not each.is_equal:
        return "the name is only a part of the other" if name.is_part else "the name is only near"
    if each.is_sign_elsewhere and each.site != FOR:
        return "the name is that of another of its establishments"
    return "the name differs by a letter that may matter" if _differs(each) else ""


def _place_doubt(company: Company, each: Weighed) -> str:
    if each.site == AGAINST:
        return "the website is another"
    if each.site == FOR:
        return ""
    if not each.is_placed:
        return "the place is another" if each.near.is_elsewhere else "the name alone says it"
    # Postal codes of two countries are alike, and so are names of towns.
    is_exact = each.near.postal == FOR and bool(company.city and each.near.place.city)
    return "the country is not known" if each.country == SILENT and not is_exact else ""


def _why_sure(each: Weighed) -> str:
    if each.number == FOR:
        return "the company's own number, and the name agrees"
    if each.claimed == FOR:
        return "the number on its website, and the name agrees"
    return "the same name at the same place, and no other one there"


def _why_review(
    company: Company, candidates: Sequence[Weighed], hidden: Sequence[Weighed], *, is_cut: bool
) -> str:
    numbered = [each for each in candidates if each.number == FOR]
    if numbered:
        return "several companies with that number" if numbered[1:] else _number_doubts(numbered[0])
    claimed = [each for each in candidates if each.claimed == FOR]
    if claimed and not company.wrong:
        doubt = _claim_doubts(claimed[0])
        return doubt if doubt and not claimed[1:] else "several companies with that number"
    rivals = [each for each in (*candidates, *hidden) if _is_rival(each)]
    if len(rivals) > 1:
        return f"several companies of that name there: {len(rivals)}"
    if doubts := tuple(_doubts(company, (*rivals, *candidates)[0])):
        equal = [each for each in candidates if each.is_equal]
        is_one_of = not rivals and len(equal) > 1
        return f"several companies of that name: {len(equal)}" if is_one_of else doubts[0]
    return "the source found more than it gave" if is_cut else "another one there may be it"


def _confidence(each: Weighed) -> float:
    if each.number == FOR:
        return 0.95 + 0.05 * min(each.name.points, 100.0) / 100
    street = 0.03 if each.near.street == FOR else 0.0
    form = 0.02 if each.form == FOR else 0.0
    if each.claimed == FOR:
        return 0.9 + street + form
    base = 0.9 if each.site == FOR or each.near.postal == FOR else 0.85
    return base + street + form
