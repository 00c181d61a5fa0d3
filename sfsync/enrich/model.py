"""Which values pass between the sources of company data, the matching and the plan?

Nothing here knows where an answer came from or what is done with it: a provider turns answers into
entries, matching compares them with what the CRM knows, and the job makes a plan of what is sure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sfsync.model import Value


class Scheme(StrEnum):
    """Which register a number is of."""

    SIREN = "siren"
    SIRET = "siret"
    VAT = "vat"
    LEI = "lei"
    COMPANIES_HOUSE = "companies_house"
    CIK = "cik"
    WIKIDATA = "wikidata"


class Item(StrEnum):
    """What of a company is looked for; `config/enrich.yaml` says into which field each goes."""

    REGISTRATION_NUMBER = "registration_number"
    VAT_NUMBER = "vat_number"
    LEGAL_NAME = "legal_name"
    EMPLOYEES_BAND = "employees_band"
    EMPLOYEES_LEAST = "employees_least"
    EMPLOYEES_MOST = "employees_most"
    EMPLOYEES_YEAR = "employees_year"
    REVENUE = "revenue"
    REVENUE_YEAR = "revenue_year"
    REVENUE_CURRENCY = "revenue_currency"
    WEBSITE = "website"
    LINKEDIN = "linkedin"
    ACTIVITY = "activity"
    STREET = "street"
    POSTAL_CODE = "postal_code"
    CITY = "city"
    COUNTRY = "country"
    STATUS = "status"


class Standing(StrEnum):
    """Whether a company still trades, as its register says."""

    ACTIVE = "active"
    CEASED = "ceased"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Company:
    """What the CRM knows of an account, and what is looked up by it.

    `country` is ISO 3166 alpha-2, "" where unknown. `identifiers` hold valid numbers only, compact
    (no blanks or dots); `wrong` names what failed its checksum. `claimed` are numbers that the
    company's own website shows: they count where the register's name agrees. `also_claimed` are
    others there, of which nobody can say whose they are (its host's, its parent's): they count
    where the register's name is equal.
    """

    id: str
    name: str
    country: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    website: str = ""
    identifiers: Mapping[Scheme, str] = field(default_factory=dict)
    claimed: Mapping[Scheme, str] = field(default_factory=dict)
    wrong: tuple[str, ...] = ()
    also_claimed: tuple[tuple[Scheme, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """An address at which a company is or was; `country` as in Company.

    `names` are the shop signs and trade names of this establishment alone: they are among the
    entry's names too, and say nothing of its other establishments.
    """

    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    is_open: bool = True
    is_seat: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One value that a source gives: what, and of when (`2023`, `2026-05-17`, or "").

    An activity's value is `SCHEME:CODE`: `naf2:62.01Z`, `uksic:62012`, `ussic:7372`, `nace:62.01`.
    A country's is ISO 3166 alpha-2, a band's `20-49`, money's in whole units of its currency.
    """

    item: Item
    value: Value
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One company as a source knows it.

    `key` names it in that source, `url` shows it to a person. `names` come in order of weight:
    the legal name first, then trade names and initials. `legal_form` is one word without dots
    (`sas`, `gmbh`), "" where unknown. `is_masked`: it may not be used (partial diffusion);
    `is_person`: a sole trader. `found` is what may be written once the match is sure.
    `also_claimed`: further numbers that a website shows, see Company.
    """

    provider: str
    key: str
    url: str
    names: tuple[str, ...]
    legal_form: str = ""
    places: tuple[Place, ...] = ()
    identifiers: Mapping[Scheme, str] = field(default_factory=dict)
    standing: Standing = Standing.UNKNOWN
    is_masked: bool = False
    is_person: bool = False
    website: str = ""
    found: tuple[Found, ...] = ()
    also_claimed: tuple[tuple[Scheme, str], ...] = ()


class Agreement(StrEnum):
    """How a clue speaks: for, against, or not at all."""

    FOR = "for"
    AGAINST = "against"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Clue:
    """One comparison: what was compared (`name`, `siren`, `postal code` …), what each side says,
    how it speaks, and its points (0 to 100, for a name its likeness).
    """

    of: str
    ours: str
    theirs: str
    agreement: Agreement
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be the company, with every clue; `score` (0 to 100) only orders them."""

    entry: Entry
    clues: tuple[Clue, ...]
    score: float


class Verdict(StrEnum):
    """What may be done with a match: written, or shown to a person first; or nothing at all, since
    the company is a natural person, or asked not to be shown.
    """

    SURE = "sure"
    REVIEW = "review"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Match:
    """What a source has for a company: at most three candidates, best first.

    `sure`: the first one is it, beyond doubt. `review`: a person is to say, `why` tells the reason
    in words; without candidates, that reason is all there is. `hidden`: it is known, by its number,
    and no source's word on it counts. A source that has nothing gives no match at all.
    `confidence` is 0 to 1.
    """

    provider: str
    verdict: Verdict
    candidates: tuple[Candidate, ...]
    why: str
    confidence: float
