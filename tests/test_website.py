"""Is a company's own website read for what it says, believed no more than it deserves, and never
able to break or to stop us?
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_rows import SAMPLES
from website_pages import (
    CASES,
    HEAVY,
    HOME,
    HOST,
    LINKEDIN,
    MOMENT,
    OWN,
    OWN_SIRET,
    OWN_VAT,
    THIRD,
    Case,
    ld,
    page_of,
)

from sfsync.enrich import PROVIDERS
from sfsync.enrich.http import Recorded
from sfsync.enrich.matching import weigh
from sfsync.enrich.model import Company, Entry, Item, Match, Place, Scheme, Standing, Verdict
from sfsync.enrich.provider import Answer, Moved
from sfsync.enrich.website import entry_of, look_up, markup
from sfsync.enrich.website.entry import said_by
from sfsync.enrich.website.linkedin import company_page
from sfsync.enrich.website.markup import pieces
from sfsync.enrich.website.page import read_page
from sfsync.enrich.website.structured import Node
from sfsync.enrich.website.values import employees
from sfsync.errors import LookupFailed, SourceUnavailable


def row_of(*answers: Answer) -> Mapping[str, object]:
    """What pages say, as the tables of website_pages.py write it."""
    entry = entry_of(*answers)
    if entry is None:
        return {}
    assert_fit(entry)
    choice = said_by([read_page(each) for each in answers]).linkedin
    row: dict[str, object] = {
        "names": list(entry.names),
        "numbers": {scheme.value: number for scheme, number in entry.identifiers.items()},
        "also": [number for _, number in entry.also_claimed],
        "choice": [each.removeprefix(LINKEDIN) for each in choice] if len(choice) > 1 else [],
        **{found.item.value: found.value for found in entry.found},
    }
    return {name: value for name, value in row.items() if value}


def assert_fit(entry: Entry) -> None:
    """Nothing of a page goes on that breaks a line, a terminal, a page or a database."""
    texts = [*entry.names, entry.website, entry.url, entry.key]
    texts += [each.value for each in entry.found if isinstance(each.value, str)]
    texts += [text for place in entry.places for text in (place.street, place.city)]
    for text in texts:
        assert text.isprintable()
        assert len(text) <= 500
        assert not {"<", ">"} & set(text)
        text.encode()


# --- What a page says -------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_a_page_gives_what_a_person_reads_in_it(case: Case) -> None:
    assert row_of(page_of(case.page, case.kind)) == case.row


def sample(name: str) -> list[Any]:
    path = SAMPLES / "website" / name
    if not path.is_file():
        pytest.skip("the samples are not at hand here")
    told = json.loads(path.read_text(encoding="utf-8"))
    return told["cases"] if isinstance(told, dict) else told


# What is written in the file of each case, as a row; where it says `siren: null` of several, the
# likely one is claimed and none is a value.
EXPECTED = {
    "yoast-graph": {
        "names": ["EXEMPLE SAS", "Exemple"],
        "legal_name": "EXEMPLE SAS",
        "linkedin": f"{LINKEDIN}exemple-sas",
    },
    "type-is-list-and-null-values": {
        "names": ["Exemple"],
        "numbers": {"vat": "FR27552032534", "siren": "552032534"},
        "employees_least": 11,
        "employees_most": 50,
    },
    "employees-as-range-string": {"names": ["Exemple"], "employees_least": 2, "employees_most": 5},
    "employees-open-ended": {"names": ["Exemple"], "employees_least": 200},
    "employees-plain-text": {
        "names": ["Exemple"],
        "employees_least": 1200,
        "employees_most": 1200,
    },
    "broken-json": {"names": ["Exemple"], "linkedin": f"{LINKEDIN}exemple"},
    "footer-link-only": {"names": ["Exemple"], "linkedin": f"{LINKEDIN}12345678"},
    "agency-credit-link": {"choice": ["exemple", "agence-web-x"]},
    "mentions-legales-siren": {
        "numbers": {"vat": "FR27552032534", "siret": "55203253400703", "siren": "552032534"}
    },
    "host-siren-in-legal-notice": {"numbers": {"siren": "552032534"}, "also": ["356000000"]},
    "parked-domain": {},
    "redirects-to-other-company": {},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_gives_what_is_written_in_it(name: str) -> None:
    (case,) = [each for each in sample("synthetic-pages.json") if each["case"] == name]
    page = case["page"]
    assert row_of(page_of(page["html"], page["content_type"], case["url"])) == EXPECTED[name]


def test_no_sample_is_left_out() -> None:
    assert {each["case"] for each in sample("synthetic-pages.json")} == set(EXPECTED)


# By the examples' numbers, written by hand: names, places, values, and the website said.
AVENUE = "38 avenue de l'Op{}ra"
OFFICIAL: Mapping[str, tuple[list[str], Mapping[str, object], str]] = {
    "#eg-0015": (
        ["Beachwalk Beachwear & Giftware"],
        {"street": "3102 Highway 98", "city": "Mexico Beach"},
        "",
    ),
    "#eg-0007": (
        ["Google.org (GOOG)"],
        {
            "street": AVENUE.format("é"),
            "postal_code": "75002",
            "city": "Paris",
            "country": "FR",
            "siret": "44306184100039",
            "vat": "FR64443061841",
            "siren": "443061841",
        },
        "",
    ),
    "#eg-0008": (
        ["Google.org (GOOG)"],
        {"street": AVENUE.format("e"), "postal_code": "75002", "city": "Paris", "country": "FR"},
        "",
    ),
    "#eg-0196": (["Delia's Daily Supplies"], {}, ""),
    "#eg-0199": ([], {}, "http://www.your-company-site.com"),
    "#eg-0200": ([], {}, "http://www.t-mobile.com"),
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_an_example_of_schema_org_gives_what_is_written_in_it(name: str) -> None:
    (example,) = [
        each for each in sample("schemaorg-official-examples.json") if each["example"] == name
    ]
    script = f'<script type="application/ld+json">{json.dumps(example["json_ld"])}</script>'
    said = said_by([read_page(page_of(script))]).entry
    names, values, website = OFFICIAL[name]
    told = {each.item.value: each.value for each in said.found}
    told |= {scheme.value: number for scheme, number in said.identifiers.items()}
    assert (list(said.names), told) == (names, values)
    assert said.website == website or not website


PEOPLE = (
    (50, 50, 50),
    (50.0, 50, 50),
    ("50", 50, 50),
    ("1 200", 1200, 1200),
    ("1.200", 1200, 1200),
    ("1,200 people", 1200, 1200),
    ("11-50", 11, 50),
    ("51 – 200 employees", 51, 200),
    ("de 20 à 49 salariés", 20, 49),
    ("10 001+", 10001, None),
    ("> 200", None, None),
    ("plus de 500", 500, None),
    ({"minValue": "5"}, 5, None),
    ({"maxValue": 9}, None, 9),
    ({"minValue": 1, "maxValue": 9}, 1, 9),
    ({"value": 12}, 12, 12),
    ([{"value": 12}, {"value": 99}], 12, 12),
    ({"minValue": 50, "maxValue": 11}, None, None),
    ("12 people in 3 offices", None, None),
    ("1.5", None, None),
    ("many", None, None),
    (0, None, None),
    (-5, None, None),
    (10**12, None, None),
    (True, None, None),
    ("9" * 5000, None, None),
)


@pytest.mark.parametrize(("said", "least", "most"), PEOPLE, ids=lambda each: str(each)[:30])
def test_how_many_people_are_read_only_where_it_is_plain(
    said: object, least: int | None, most: int | None
) -> None:
    found = {each.item: each.value for each in employees(Node({"numberOfEmployees": said}))}
    assert found.get(Item.EMPLOYEES_LEAST) == least
    assert found.get(Item.EMPLOYEES_MOST) == most


PAGES_THERE = (
    ("https://www.linkedin.com/company/exemple", "exemple"),
    ("http://linkedin.com/company/Exemple/", "exemple"),
    ("https://FR.LinkedIn.com/company/exemple/about/?viewAsMember=true", "exemple"),
    ("https://m.linkedin.com/company/12345678", "12345678"),
    ("https://www.linkedin.com/company-beta/123/", "123"),
    ("https://www.linkedin.com/company/l'%C3%A9t%C3%A9-&-fils", "l%27%C3%A9t%C3%A9-%26-fils"),
    ("https://www.linkedin.com/company/exemple%20", "exemple"),
    ("https://www.linkedin.com/in/jo-exemple", ""),
    ("https://www.linkedin.com/showcase/exemple", ""),
    ("https://www.linkedin.com/school/exemple", ""),
    ("https://www.linkedin.com/groups/123", ""),
    ("https://www.linkedin.com/sharing/share-offsite/?url=https://www.linkedin.com/company/x", ""),
    ("https://www.linkedin.com/shareArticle?mini=true", ""),
    ("https://www.linkedin.com/feed/", ""),
    ("https://www.linkedin.com/company/", ""),
    ("https://www.linkedin.com/company/setup/new", ""),
    ("https://www.linkedin.com/company/%2e%2e%2fin%2fjo", ""),
    ("https://www.linkedin.com/company/a%00b", ""),
    ("https://www.linkedin.com/company/%3Cscript%3E", ""),
    ("https://www.linkedin.com.example.org/company/exemple", ""),
    ("https://notlinkedin.com/company/exemple", ""),
    ("https://example.org/?https://www.linkedin.com/company/exemple", ""),
    ("https://www.linkedin.com@example.org/company/exemple", ""),
    ("javascript://www.linkedin.com/company/exemple", ""),
    ("https://[::1/company/exemple", ""),
)


@pytest.mark.parametrize(("url", "slug"), PAGES_THERE)
def test_a_page_at_linkedin_has_one_form(url: str, slug: str) -> None:
    assert company_page(url) == (f"{LINKEDIN}{slug}" if slug else "")


# --- What is made of it -----------------------------------------------------------------------

COMPANY = Company("001", "Atelier Exemple", "FR", website="www.atelier-exemple.fr")
OUR_LINK = f'<a href="{LINKEDIN}atelier-exemple">LinkedIn</a>'
LEGAL = f'<a href="/mentions-legales">Mentions légales</a>{OUR_LINK}'
NOTICE = (
    f"<p>Éditeur : Atelier Exemple, RCS Rodez {OWN}</p><p>Hébergeur : Host, RCS Lille {HOST}</p>"
)


@dataclass
class PaperSite:
    """The role `Web` with a site's pages by path; an error there is raised, what is not there is
    no page, nor what is asked in another way than `scheme`.
    """

    pages: Mapping[str, str | bytes | Exception]
    scheme: str = "https"
    asked: list[str] = field(default_factory=list)

    def get(self, *_: object, **__: object) -> Answer:
        raise AssertionError("a website is no source with questions")

    def page(self, url: str) -> Answer:
        self.asked.append(url)
        parts = urlsplit(url)
        assert parts.hostname in ("www.atelier-exemple.fr", "atelier-exemple.fr")
        found = self.pages.get(parts.path or "/", LookupFailed(url))
        if parts.scheme != self.scheme:
            raise LookupFailed(url)
        if isinstance(found, Exception):
            raise found
        return page_of(found, url=url)


def looked_up(company: Company = COMPANY, **pages: str | Exception) -> Match | None:
    """Look a company up whose site has these pages; `home`, and others by their path."""
    by_path = {f"/{name}" if name != "home" else "/": page for name, page in pages.items()}
    return look_up(company, PaperSite(by_path), "")


def found_by(match: Match | None) -> Mapping[Item, object]:
    assert match is not None
    return {each.item: each.value for each in match.candidates[0].entry.found}


def test_the_own_site_gives_its_page_at_linkedin_and_its_numbers() -> None:
    site = PaperSite(
        {"/": ld({"legalName": "ATELIER EXEMPLE SAS"}) + LEGAL, "/mentions-legales": NOTICE}
    )
    match = look_up(COMPANY, site, "")
    assert match is not None
    assert (match.verdict, match.provider) == (Verdict.SURE, "website")
    assert found_by(match) == {
        Item.LEGAL_NAME: "ATELIER EXEMPLE SAS",
        Item.LINKEDIN: f"{LINKEDIN}atelier-exemple",
    }
    entry = match.candidates[0].entry
    assert entry.key == "atelier-exemple.fr"
    assert entry.identifiers == {Scheme.SIREN: OWN}
    assert entry.also_claimed == ((Scheme.SIREN, HOST),)
    shown = [clue.theirs for clue in match.candidates[0].clues if clue.of == "siren shown"]
    assert len(shown) == 2
    assert f"Éditeur : Atelier Exemple, RCS Rodez {OWN}" in shown[0]
    assert f"Hébergeur : Host, RCS Lille {HOST}" in shown[1]
    assert site.asked == [
        "https://www.atelier-exemple.fr",
        "https://www.atelier-exemple.fr/mentions-legales",
    ]


@pytest.mark.parametrize("country", ["FR", "DE", ""])
def test_numbers_on_a_site_are_never_values(country: str) -> None:
    company = Company("001", "Atelier Exemple", country, website=HOME)
    match = looked_up(company, home=ld({"name": "Atelier Exemple", "vatID": OWN_VAT}))
    assert match is not None
    assert match.verdict is Verdict.SURE
    assert not {Item.REGISTRATION_NUMBER, Item.VAT_NUMBER} & set(found_by(match))


@dataclass(frozen=True)
class Judged:
    """A company, its site's home, and what may be done; `says` is in the reason."""

    why: str
    company: Company
    home: str | Exception
    verdict: Verdict | None
    says: str = ""


def named(name: str, **values: Any) -> Company:
    return Company("001", name, "FR", website="atelier-exemple.fr", **values)


OWN_PAGE = ld({"legalName": "ATELIER EXEMPLE SAS", "vatID": OWN_VAT}) + OUR_LINK
OTHER_PAGE = ld({"legalName": "Casino Bonus Ltd"}) + OUR_LINK
JUDGED = (
    Judged(
        "an equal name", named("Atelier Exemple SAS"), OWN_PAGE, Verdict.SURE, "the name agrees"
    ),
    Judged(
        "a near name", named("Atelier Exemples Sud"), OWN_PAGE, Verdict.SURE, "the name is near"
    ),
    Judged("no name, but that in the address", COMPANY, OUR_LINK, Verdict.SURE, "in its address"),
    Judged(
        "no name, and another in the address",
        named("Dupont"),
        OUR_LINK,
        Verdict.REVIEW,
        "whose it is",
    ),
    Judged("a name bought by another", COMPANY, OTHER_PAGE, Verdict.REVIEW, "another company"),
    Judged("another name", named("Dupont Conseil"), OWN_PAGE, Verdict.REVIEW, "another company"),
    Judged("another legal form", named("Atelier Exemple SARL"), OWN_PAGE, Verdict.REVIEW, "form"),
    Judged(
        "other numbers in the name",
        named("Atelier 2000"),
        ld({"legalName": "Atelier 3000"}),
        Verdict.REVIEW,
        "different numbers",
    ),
    Judged(
        "the account's own number",
        named("Atelier Exemple", identifiers={Scheme.SIREN: OWN}),
        OWN_PAGE,
        Verdict.SURE,
        "shows its number",
    ),
    Judged(
        "another number",
        named("Atelier Exemple", identifiers={Scheme.SIREN: THIRD}),
        OWN_PAGE,
        Verdict.REVIEW,
        "of two companies",
    ),
    Judged(
        "the own number beside another",
        named("Atelier Exemple", identifiers={Scheme.SIREN: THIRD}),
        OWN_PAGE + f"<p>RCS Albi {THIRD}</p>",
        Verdict.SURE,
    ),
    Judged(
        "a seat abroad",
        COMPANY,
        ld(
            {
                "legalName": "Atelier Exemple",
                "address": {"addressLocality": "Bonn", "addressCountry": "DE"},
            }
        ),
        Verdict.REVIEW,
        "another country",
    ),
    Judged(
        "a site that says it is at another address",
        COMPANY,
        ld({"legalName": "Atelier Exemple", "url": "https://groupe.example/"}),
        Verdict.REVIEW,
        "its address is another",
    ),
    Judged(
        "moved", COMPANY, Moved("it leads to acquirer.example"), Verdict.REVIEW, "acquirer.example"
    ),
    Judged(
        "sent on by the page itself",
        COMPANY,
        '<meta http-equiv="refresh" content="0; url=https://acquirer.fr/">' + OUR_LINK,
        Verdict.REVIEW,
        "acquirer.fr",
    ),
    Judged(
        "parked", COMPANY, f"<title>domain for sale</title>{OUR_LINK}", Verdict.REVIEW, "parked"
    ),
    Judged(
        "parked, in French",
        COMPANY,
        f"<p>Ce nom de domaine est à vendre</p>{OUR_LINK}",
        Verdict.REVIEW,
        "parked",
    ),
    Judged(
        "a broker of names is a company",
        COMPANY,
        OWN_PAGE + "<p>Buy this domain</p>" + "<p>We know.</p>" * 300,
        Verdict.SURE,
    ),
    Judged("nothing said", COMPANY, "<p>Welcome</p>", None),
    Judged("nothing to give", named("Dupont"), ld({"name": "Durand"}), None),
    Judged("a placeholder", named("test"), OWN_PAGE, None),
)


@pytest.mark.parametrize("judged", JUDGED, ids=lambda each: each.why)
def test_the_own_site_is_believed_where_it_agrees(judged: Judged) -> None:
    match = looked_up(judged.company, home=judged.home)
    assert (match and match.verdict) == judged.verdict
    if match is not None:
        assert judged.says in match.why
        assert 0 < match.confidence < 1


@pytest.mark.parametrize("home", [Moved("it leads on"), "<title>Domain parking</title>" + OWN_PAGE])
def test_nothing_is_taken_of_a_site_that_is_not_the_company_s(home: str | Exception) -> None:
    match = looked_up(home=home)
    assert found_by(match) == {}
    assert match is not None
    assert match.candidates[0].entry.identifiers == {}


def test_of_two_pages_at_linkedin_a_person_chooses_one() -> None:
    match = looked_up(
        home=ld({"name": "Atelier Exemple"}) + OUR_LINK + f'<a href="{LINKEDIN}agency">'
    )
    assert match is not None
    assert match.verdict is Verdict.REVIEW
    assert "2 companies at LinkedIn" in match.why
    told = {each.entry.key: each.entry.found[0].value for each in match.candidates}
    assert told == {
        "atelier-exemple.fr atelier-exemple": f"{LINKEDIN}atelier-exemple",
        "atelier-exemple.fr agency": f"{LINKEDIN}agency",
    }


def test_a_site_s_own_page_is_not_doubted_for_who_made_its_legal_notice() -> None:
    credit = f'<p>Atelier <a href="{LINKEDIN}agency">Agency</a></p>'
    assert found_by(looked_up(home=LEGAL, **{"mentions-legales": credit})) == {
        Item.LINKEDIN: f"{LINKEDIN}atelier-exemple"
    }


# --- Which pages are read ---------------------------------------------------------------------


def asked_for(home: str, **pages: str) -> list[str]:
    """The paths that are read beside the home."""
    site = PaperSite({"/": home, **{f"/{name}": page for name, page in pages.items()}})
    look_up(Company("001", "Atelier Exemple", website=HOME), site, "")
    assert site.asked[0] == HOME
    return [url.removeprefix(HOME) for url in site.asked[1:]]


def a(*links: str) -> str:
    return "".join(f'<a href="{link}">x</a>' for link in links)


READ = (
    (
        "the legal notice before contact and about",
        a("/about", "/contact", "/legal-notice"),
        ["legal-notice", "contact"],
    ),
    ("by the words of the link", '<a href="/p/17">Mentions <b>légales</b></a>', ["p/17"]),
    ("German", a("/kontakt", "/impressum"), ["impressum", "kontakt"]),
    (
        "absolute, with www or without",
        a("https://atelier-exemple.fr/impressum"),
        ["https://atelier-exemple.fr/impressum"],
    ),
    (
        "no other host",
        a("https://host.example/legal", "https://legal.atelier-exemple.fr/legal"),
        [],
    ),
    (
        "no other scheme",
        a(
            "javascript:legal",
            "mailto:contact@example.com",
            "tel:1",
            "ftp://www.atelier-exemple.fr/legal",
        ),
        [],
    ),
    ("no file", a("/mentions-legales.pdf", "/legal.zip"), []),
    ("one page once", a("/legal", "/legal#top", "/legal#end"), ["legal"]),
    ("not itself", a("/", "#contact", ""), []),
    (
        "frames are the page",
        '<frameset><frame src="menu.htm"><frame src="main.htm"></frameset>',
        ["main.htm", "menu.htm"],
    ),
    (
        "frames of others are not",
        '<frameset><frame src="https://ads.example/contact"></frameset>',
        [],
    ),
    (
        "where the page sends its readers",
        "<meta http-equiv=Refresh content=\"0;URL='/fr/home'\">" + a("/contact", "/about"),
        ["fr/home", "contact"],
    ),
    ("a refresh that is only a delay", '<meta http-equiv=refresh content="300">', []),
    ("5,000 links", a(*(f"/page/{n}" for n in range(5_000)), "/legal"), ["legal"]),
)


@pytest.mark.parametrize(("why", "home", "paths"), READ, ids=[row[0] for row in READ])
def test_at_most_two_pages_beside_the_home_are_read(why: str, home: str, paths: list[str]) -> None:
    assert asked_for(home) == paths


def test_once_a_number_is_shown_no_further_page_is_read() -> None:
    assert asked_for(a("/contact", "/legal"), legal=NOTICE) == ["legal"]


def test_what_frames_say_counts() -> None:
    match = looked_up(
        Company("001", "Atelier Exemple", website=HOME),
        home='<frameset><frame src="/main"></frameset>',
        main=OUR_LINK + NOTICE,
    )
    assert found_by(match) == {Item.LINKEDIN: f"{LINKEDIN}atelier-exemple"}


def test_without_a_scheme_https_is_tried_first() -> None:
    site = PaperSite({"/": OUR_LINK}, "http")
    assert look_up(named("Atelier Exemple"), site, "") is not None
    assert site.asked == ["https://atelier-exemple.fr", "http://atelier-exemple.fr"]
    site = PaperSite({})
    with pytest.raises(LookupFailed):
        look_up(COMPANY, site, "")


@pytest.mark.parametrize(
    "website",
    [
        "",
        "n/a",
        "https://www.linkedin.com/company/atelier-exemple",
        "facebook.com/atelier",
        "127.0.0.1",
    ],
)
def test_what_is_no_site_of_its_own_is_not_read(website: str) -> None:
    site = PaperSite({})
    assert look_up(Company("001", "Atelier Exemple", website=website), site, "") is None
    assert site.asked == []


def test_a_website_that_may_not_be_read_is_said() -> None:
    with pytest.raises(SourceUnavailable, match="turned off"):
        looked_up(home=SourceUnavailable("turned off"))


def test_the_recorded_web_has_sites_too(tmp_path: Path) -> None:
    (tmp_path / "home.html").write_text(OWN_PAGE, encoding="utf-8")
    (tmp_path / "answers.yaml").write_text(
        "answers:\n"
        f"  - {{page: {HOME}, file: home.html}}\n"
        "  - {page: https://www.moved.fr/, status: 301}\n",
        encoding="utf-8",
    )
    web = Recorded(tmp_path, MOMENT)
    website = PROVIDERS.find("website")
    company = Company("001", "Atelier Exemple", website=HOME)
    match = website.look_up(company, web, "")
    assert found_by(match)[Item.LINKEDIN] == f"{LINKEDIN}atelier-exemple"
    moved = website.look_up(Company("002", "Moved", website="https://www.moved.fr/"), web, "")
    assert moved is not None
    assert "another site" in moved.why


# --- What a register makes of several numbers -------------------------------------------------


def registered(number: str, name: str, city: str = "RODEZ") -> Entry:
    return Entry(
        provider="register",
        key=number,
        url="https://register.example",
        names=(name,),
        places=(Place(city=city, country="FR", is_seat=True),),
        identifiers={Scheme.SIREN: number},
        standing=Standing.ACTIVE,
    )


CLAIMING = Company(
    "001", "Atelier Exemple", "FR", also_claimed=((Scheme.SIREN, OWN), (Scheme.SIREN, THIRD))
)


@pytest.mark.parametrize(
    ("entries", "verdict"),
    [
        ([registered(OWN, "ATELIER EXEMPLE")], Verdict.SURE),
        ([registered(OWN, "ATELIER EXEMPLE"), registered(THIRD, "GROUPE EXEMPLE")], Verdict.SURE),
        ([registered(HOST, "ATELIER EXEMPLE")], Verdict.REVIEW),
        ([registered(OWN, "ATELIERS EXEMPLES DU SUD")], Verdict.REVIEW),
        (
            [registered(OWN, "ATELIER EXEMPLE"), registered(THIRD, "ATELIER EXEMPLE")],
            Verdict.REVIEW,
        ),
    ],
)
def test_of_several_numbers_on_a_site_the_register_says_which(
    entries: list[Entry], verdict: Verdict
) -> None:
    for ordered in (entries, entries[::-1]):
        match = weigh(CLAIMING, ordered)
        assert match is not None
        assert match.verdict is verdict


# --- Whatever comes ---------------------------------------------------------------------------


@pytest.mark.parametrize("piece", HEAVY)
def test_no_page_takes_long(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.process_time()
    entry_of(page_of(text))
    entry_of(page_of(f'<script type="application/ld+json">{text}</script>'))
    assert time.process_time() - started < 3


def test_no_page_has_pieces_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list(pieces("<br>" * 300))) == 300
    monkeypatch.setattr(markup, "MOST_PIECES", 200)
    assert len(list(pieces("<br>" * 300))) == 200


WORDS = (
    *(
        "<",
        ">",
        "</",
        "<!--",
        "-->",
        "<a href=",
        '"',
        "'",
        "=",
        "/",
        "&",
        "&#x",
        ";",
        "&quot;",
        "\x00",
    ),
    *(
        "<script type='application/ld+json'>",
        "</script>",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\\",
        "//",
        "/*",
    ),
    *(
        '"@type":',
        '"Organization"',
        '"name":',
        '"@graph":',
        '"sameAs":',
        '"address":',
        '"@id":"#a"',
    ),
    *(
        "<p itemscope itemtype=Organization>",
        "<b itemprop=name>",
        "</p>",
        "<base href=",
        "<frame src=",
    ),
    *(
        "<meta charset=",
        "<meta http-equiv=refresh content=",
        "<meta property=og:site_name content=x>",
    ),
    *(
        "http://[::1",
        "https://www.linkedin.com/company/x",
        "RCS",
        "990002008",
        "FR90",
        "1e999",
        "NaN",
    ),
    *(
        "\ud800",
        "\u202e",
        "é",
        "Hébergeur",
        " ",
        "\n",
        '"numberOfEmployees":',
        '"vatID":',
        "-1",
        "null",
    ),
)
PAGES = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(WORDS), max_size=60).map(
        lambda some: "".join(some).encode("utf-8", "surrogatepass")
    ),
    st.sampled_from(CASES)
    .flatmap(
        lambda case: st.tuples(
            st.just(page_of(case.page).body[:3_000]), st.integers(0, 3_000), st.binary(max_size=9)
        )
    )
    .map(lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] + len(cut[2]) :]),
)
KINDS = st.sampled_from(
    ["", "text/html", "text/html; charset=latin1", "text/html; charset=utf-7", "\x00"]
)


@given(home=PAGES, other=PAGES, kind=KINDS)
@settings(max_examples=80, deadline=2_000)
def test_any_bytes_are_a_page_that_says_something_or_nothing(
    home: bytes, other: bytes, kind: str
) -> None:
    answers = [page_of(body, kind) for body in (home, other)]
    entry = entry_of(*answers)
    assert entry is None or isinstance(entry, Entry)
    row_of(*answers)
    site = PaperSite({"/": home + LEGAL.encode(), "/mentions-legales": other})
    match = look_up(COMPANY, site, "")
    assert len(site.asked) <= 3
    for candidate in match.candidates if match else ():
        assert_fit(candidate.entry)
        assert all(clue.theirs.isprintable() for clue in candidate.clues)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from([OWN, OWN_SIRET, HOME]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "@type",
                    "@id",
                    "@value",
                    "name",
                    "value",
                    "addressCountry",
                    "addressLocality",
                    "minValue",
                    "@graph",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
PROPERTIES = (
    "@id",
    "name",
    "legalName",
    "url",
    "sameAs",
    "address",
    "numberOfEmployees",
    "vatID",
    "identifier",
    "iso6523Code",
)


@given(values=st.dictionaries(st.sampled_from(PROPERTIES), VALUES, max_size=6))
@settings(max_examples=60)
def test_any_description_says_something_or_nothing(values: dict[str, object]) -> None:
    row_of(page_of(ld(values)))
