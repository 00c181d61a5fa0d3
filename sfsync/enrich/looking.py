"""What do public sources say of one account, asked one after the other?

What is sure at one helps at the next: a website's numbers are compared by the registers, a
register's number finds the company in the others. What people answered before is heeded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sfsync.enrich.asking import may_know
from sfsync.enrich.heeded import OWN_SITE, Heeded
from sfsync.enrich.matching.spoken import has_ceased, has_number, has_site, is_there
from sfsync.enrich.model import (
    Candidate,
    Company,
    Entry,
    Match,
    Scheme,
    Standing,
    Verdict,
)
from sfsync.enrich.provider import Answer, Provider, Web
from sfsync.errors import LookupFailed, SourceUnavailable

BY_A_PERSON = "a person said that it is this one"


@dataclass(frozen=True, slots=True)
class Sure:
    """An entry that is the account's company beyond doubt: why in words, how sure (0 to 1), the
    day on which it was fetched (`YYYY-MM-DD`, UTC), and what spoke for it.
    """

    entry: Entry
    why: str
    confidence: float
    fetched_on: str
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking one account up: what is sure, in the order asked; else what a person is
    to judge (`ceased`: that the company has ceased is all there is to judge); and why providers
    could not say anything, by name. `is_hidden`: the company is a person, or asked not to be shown,
    and nothing is said of it.
    """

    sure: tuple[Sure, ...] = ()
    review: Match | None = None
    ceased: Match | None = None
    failed: Mapping[str, str] = field(default_factory=dict)
    is_hidden: bool = False

    @property
    def identity(self) -> Sure | None:
        """Who says which company it is: a register rather than its own site."""
        registers = (each for each in self.sure if each.entry.provider != OWN_SITE)
        return next(registers, self.sure[0] if self.sure else None)

    @property
    def identified(self) -> bool:
        """Whether somebody else than its own site says which company it is."""
        return any(each.entry.provider != OWN_SITE for each in self.sure)


class Panel:
    """The providers of one run, in order. One that cannot be used is left out from then on;
    `left_out` says why, by name.
    """

    def __init__(
        self, providers: Mapping[str, Provider], web: Web, keys: Mapping[str, str], now: datetime
    ) -> None:
        self._providers = dict(providers)
        self._web = web
        self._keys = keys
        self._now = now
        self.left_out: dict[str, str] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nobody is left who could say which company an account is."""
        return not set(self._providers) - {OWN_SITE} - set(self.left_out)

    def look_up(
        self, company: Company, answers: Heeded, wants: Callable[[str, Sequence[Sure]], bool]
    ) -> Looked:
        """Ask one provider after the other about a company, and heed what people answered.

        Once it is known which company it is, only who `wants` says has something to give is asked.
        """
        found = _Found(self._now)
        asked = _with_numbers(company, answers.numbers)
        for name, provider in self._providers.items():
            if name == OWN_SITE and not company.website:
                continue
            is_wanted = not found.is_identified or wants(name, found.sure)
            if name in self.left_out:
                is_abroad = provider.countries and not may_know(provider.countries, company)
                if is_wanted and not is_abroad:
                    found.failed[name] = self.left_out[name]
                continue
            if not is_wanted:
                continue
            noted = _Noted(self._web)
            match = self._ask(provider, asked, noted, found)
            if match is None:
                continue
            asked = found.take(match, answers, noted.fetched_at or self._now, asked)
            if found.is_ended:
                break
        return found.looked()

    def _ask(self, provider: Provider, company: Company, web: Web, found: "_Found") -> Match | None:
        try:
            return provider.look_up(company, web, self._keys.get(provider.key, ""))
        except SourceUnavailable as error:
            self.left_out[provider.name] = str(error)
            found.failed[provider.name] = str(error)
        except LookupFailed as error:
            found.failed[provider.name] = str(error)
        return None


class _Found:
    """What was found so far of one company."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.sure: list[Sure] = []
        self.reviews: list[Match] = []
        self.ceased: Match | None = None
        self.is_hidden = False
        self.failed: dict[str, str] = {}

    @property
    def is_identified(self) -> bool:
        return any(each.entry.provider != OWN_SITE for each in self.sure)

    @property
    def is_ended(self) -> bool:
        """Whether nobody else is to be asked."""
        return self.is_hidden or self.ceased is not None

    def take(
        self, match: Match, answers: Heeded, fetched_at: datetime, company: Company
    ) -> Company:
        """Note a match, and return the company with what the next provider may know by it."""
        if match.verdict is Verdict.HIDDEN:
            self.is_hidden = True
            return company
        chosen = _chosen(match, answers)
        if chosen is not None and (chosen[1] == BY_A_PERSON or not self._doubts(chosen[0])):
            fetched_on = f"{fetched_at:%Y-%m-%d}"
            self.sure.append(Sure(chosen[0].entry, chosen[1], chosen[2], fetched_on, chosen[0]))
            if chosen[0].entry.standing is Standing.CEASED:
                # Of a company that is no more nobody else's figures are wanted.
                self.ceased, self.sure = match, self.sure[-1:]
            return _extended(company, chosen[0].entry)
        return self._ask(match, answers, company)

    def _ask(self, match: Match, answers: Heeded, company: Company) -> Company:
        """Note what a person is to judge."""
        left = tuple(each for each in match.candidates if not answers.rejects(each.entry))
        if not left and (match.candidates or answers.dismisses(match)):
            return company
        review = replace(match, verdict=Verdict.REVIEW, candidates=left)
        if left and has_ceased(left[0]):
            self.ceased, self.sure = review, []
        else:
            self.reviews.append(review)
        is_claim = left and match.provider == OWN_SITE
        return _claimed(company, left[0].entry) if is_claim else company

    def _doubts(self, candidate: Candidate) -> bool:
        """Tell whether a register that was asked before leaves a doubt that this one, sure by
        itself, does not take away: it knows a company there too, or whose number the account has.

        A source that has only one of two namesakes cannot see that there are two.
        """
        if has_number(candidate):
            return False
        reviews = (each for each in self.reviews if each.provider != OWN_SITE)
        told = [each for review in reviews for each in review.candidates]
        if any(has_number(each) or has_site(each) for each in told):
            return True
        return not has_site(candidate) and any(is_there(each) for each in told)

    def looked(self) -> Looked:
        if self.is_hidden:
            return Looked(failed=self.failed, is_hidden=True)
        if self.ceased is not None:
            is_told = bool(self.sure)
            return Looked(tuple(self.sure), None, None if is_told else self.ceased, self.failed)
        if self.is_identified:
            return Looked(tuple(self.sure), None, None, self.failed)
        self.reviews.sort(key=lambda each: each.provider == OWN_SITE)
        review = self.reviews[0] if self.reviews else None
        return Looked(tuple(self.sure), review, None, self.failed)


def _chosen(match: Match, answers: Heeded) -> tuple[Candidate, str, float] | None:
    """Return the candidate that is it beyond doubt, why, and how sure that is."""
    key = answers.this.get(match.provider)
    for candidate in match.candidates:
        if key is not None and candidate.entry.key == key:
            return candidate, BY_A_PERSON, 1.0
    if match.verdict is not Verdict.SURE or answers.rejects(match.candidates[0].entry):
        return None
    return match.candidates[0], match.why, match.confidence


def _extended(company: Company, entry: Entry) -> Company:
    """Add an entry's numbers to the company's; of its own website they are only claims."""
    if entry.provider == OWN_SITE:
        return _claimed(company, entry)
    return _with_numbers(company, entry.identifiers)


def _with_numbers(company: Company, numbers: Mapping[Scheme, str]) -> Company:
    """Add numbers, unless one is another company's than those that are known."""
    own = company.identifiers
    if any(own.get(scheme, number) != number for scheme, number in numbers.items()):
        return company
    return replace(company, identifiers={**numbers, **own}) if numbers else company


def _claimed(company: Company, entry: Entry) -> Company:
    others = (*company.also_claimed, *entry.also_claimed)
    claimed = {**entry.identifiers, **company.claimed}
    return replace(company, claimed=claimed, also_claimed=others)


class _Noted:
    """A door to the web that notes when the oldest of its answers was fetched."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self.fetched_at: datetime | None = None

    def get(
        self,
        provider: str,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Answer:
        return self._note(self._web.get(provider, url, params, headers, key))

    def page(self, url: str) -> Answer:
        return self._note(self._web.page(url))

    def _note(self, answer: Answer) -> Answer:
        known = self.fetched_at
        self.fetched_at = answer.fetched_at if known is None else min(known, answer.fetched_at)
        return answer


def is_half(looked: Looked, providers: Sequence[str]) -> bool:
    """Tell whether a source whose word counts before that of who knows the company, or is asked
    about it, did not answer: it might know of another one, or more. Websites fail often, and for
    good; for them nobody waits.
    """
    told = looked.review or looked.ceased
    identity = looked.identity.entry.provider if looked.identity else OWN_SITE
    known = told.provider if told else identity
    before = providers if known == OWN_SITE else providers[: providers.index(known)]
    return bool((set(looked.failed) & set(before)) - {OWN_SITE})


def is_partly(looked: Looked) -> bool:
    """Tell whether a source that might have had more of the company did not answer."""
    return bool(set(looked.failed) - {OWN_SITE})
