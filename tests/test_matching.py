"""Is the company of an account found among a register's entries, and never a stranger's?"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from bench_matching import LEAST_AMONG_THREE, LEAST_WRITTEN, main
from hypothesis import given, settings
from hypothesis import strategies as st
from match_cases import SAMPLES, Case, answer_of, by_wratio, cases, figures, ours
from random_orgs import part

from sfsync.enrich.matching import company_of, identify, question_names, weigh
from sfsync.enrich.matching.countries import country_of
from sfsync.enrich.matching.forms import _PHRASES, forms_speak, without_form
from sfsync.enrich.matching.names import is_placeholder, likeness, words_of
from sfsync.enrich.matching.places import site_of
from sfsync.enrich.model import Agreement, Company, Entry, Place, Scheme, Standing, Verdict

CASES = cases()
TUNED = [case for case in CASES if not case.is_held_out]
HELD_OUT = [case for case in CASES if case.is_held_out]
RODEZ = Place("1 RUE DU PONT", "12000", "RODEZ", "FR", is_seat=True)
AUBRAC = Entry(
    provider="made-up",
    key="aubrac",
    url="https://register.example/aubrac",
    names=("VERRERIE AUBRAC",),
    legal_form="sas",
    places=(RODEZ,),
    identifiers={Scheme.SIREN: "990001042"},
    standing=Standing.ACTIVE,
)
AT_RODEZ = {"name": "Verrerie Aubrac", "postal_code": "12000", "city": "Rodez", "country": "France"}


def verdict_of(*entries: Entry, numbers: tuple[str, ...] = (), **texts: str) -> str:
    company = company_of("001", {**AT_RODEZ, **texts}, numbers)
    return answer_of(weigh(company, entries)).verdict


# --- The cases --------------------------------------------------------------------------------


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not at hand here")
def test_there_are_as_many_cases_as_were_promised_and_no_two_alike() -> None:
    assert len(TUNED) >= 150
    assert len(HELD_OUT) >= 45
    assert max(Counter(case.title for case in CASES).values()) == 1
    verdicts = Counter(case.verdict for case in CASES)
    assert set(verdicts) == {"sure", "review", "nothing"}
    assert min(verdicts.values()) >= 25


@pytest.mark.parametrize("case", TUNED, ids=str)
def test_a_case_goes_as_a_careful_person_would(case: Case) -> None:
    answer = ours(case)
    assert answer.verdict == case.verdict
    if case.key:
        assert case.key in answer.keys[: 1 if case.verdict == "sure" else 3]


@pytest.mark.parametrize("some", [TUNED, HELD_OUT], ids=["tuned", "held out"])
def test_nothing_unsafe_is_written_and_enough_of_the_rest(some: list[Case]) -> None:
    measured = figures(some, ours)
    assert measured.unsafe == ()
    assert measured.share_written >= LEAST_WRITTEN
    assert measured.share_among_three >= LEAST_AMONG_THREE


def test_the_obvious_alternative_writes_what_is_unsafe() -> None:
    assert len(figures(TUNED, by_wratio).unsafe) > 20
    assert len(figures(HELD_OUT, by_wratio).unsafe) > 5


def test_the_bench_tells_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "1"]) == 0
    told = capsys.readouterr().out
    assert f"tuned: {len(TUNED)} cases" in told
    assert f"held out: {len(HELD_OUT)} cases" in told


# --- What a match says ------------------------------------------------------------------------


def test_every_clue_is_told_with_both_sides() -> None:
    company = company_of("001", {**AT_RODEZ, "street": "1, rue du Pont"}, ["990 001 042"])
    match = weigh(company, [AUBRAC])
    assert match is not None
    clues = {clue.of: clue for clue in match.candidates[0].clues}
    assert (clues["siren"].ours, clues["siren"].theirs) == ("990001042", "990001042")
    assert (clues["postal code"].ours, clues["postal code"].theirs) == ("12000", "12000")
    assert clues["street"].agreement == Agreement.FOR
    assert clues["name"].points == 100
    assert match.confidence == 1.0


def test_a_match_by_number_is_more_confident_than_by_postal_code_than_by_town() -> None:
    def confidence(*numbers: str, **texts: str) -> float:
        match = weigh(company_of("001", {**AT_RODEZ, **texts}, numbers), [AUBRAC])
        assert match is not None
        assert match.verdict == Verdict.SURE
        return match.confidence

    assert confidence("990001042") > confidence() > confidence(postal_code="")


def test_at_most_three_are_shown_best_first() -> None:
    far = [
        replace(AUBRAC, key=f"far{n}", places=(Place("", "59000", "LILLE", "FR"),))
        for n in range(5)
    ]
    match = weigh(company_of("001", AT_RODEZ), [*far, replace(AUBRAC, standing=Standing.CEASED)])
    assert match is not None
    assert match.verdict == Verdict.REVIEW
    assert match.why == "it has ceased"
    assert [each.entry.key for each in match.candidates] == ["aubrac", "far0", "far1"]


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        ({"standing": Standing.CEASED}, {}),
        ({"places": (replace(RODEZ, is_open=False),)}, {}),
        ({"places": (replace(RODEZ, country="BE"),)}, {}),
        ({"legal_form": "sci"}, {"name": "Verrerie Aubrac SAS"}),
        ({"names": ("VERRERIE AUBRAC 2",)}, {}),
        ({}, {"postal_code": "", "city": ""}),
        ({}, {"city": "Lille", "postal_code": "59000"}),
    ],
    ids=["ceased", "closed", "abroad", "form", "number", "no place", "elsewhere"],
)
def test_one_doubt_is_enough_for_a_review(change: dict[str, Any], texts: dict[str, str]) -> None:
    assert verdict_of(AUBRAC) == "sure"
    assert verdict_of(replace(AUBRAC, **change), **texts) == "review"


def test_what_may_not_be_used_is_not_even_shown() -> None:
    assert verdict_of(replace(AUBRAC, is_masked=True), numbers=("990001042",)) == "nothing"
    assert verdict_of(replace(AUBRAC, is_person=True), numbers=("990001042",)) == "nothing"
    assert verdict_of(replace(AUBRAC, is_masked=True)) == "nothing"


def test_a_source_that_has_more_than_it_gave_is_not_believed_by_name() -> None:
    company = company_of("001", AT_RODEZ)
    numbered = company_of("001", AT_RODEZ, ["990001042"])
    assert answer_of(weigh(company, [AUBRAC], total=1)).verdict == "sure"
    assert answer_of(weigh(company, [AUBRAC], total=2)).verdict == "review"
    assert answer_of(weigh(numbered, [AUBRAC], total=2)).verdict == "sure"


# --- Laws -------------------------------------------------------------------------------------

FEW = settings(max_examples=part(0.6))
NAMES = st.sampled_from(["Kikou", "KIKOU", "Kikou SARL", "Kikou Paris", "Kikou 2", "Éclair SARL"])
TOWNS = st.sampled_from([("75009", "Paris"), ("75000", "Paris"), ("", "Lyon")])
NOWHERE = st.just(("", ""))
SIRENS = st.sampled_from(["990001000", "990001026"])
COUNTRIES = st.sampled_from(["FR", "FR", "BE", ""])
# Most companies live, are open and not hidden; else nothing would ever be sure.
USUALLY = st.sampled_from([True] * 7 + [False])


@st.composite
def entry(draw: st.DrawFn) -> Entry:
    code, town = draw(TOWNS | NOWHERE)
    place = Place("", code, town, draw(COUNTRIES), draw(USUALLY), is_seat=True)
    siren = draw(st.none() | SIRENS)
    return Entry(
        provider="made-up",
        key=draw(st.sampled_from("abcd")),
        url="",
        names=tuple(draw(st.lists(NAMES, min_size=1, max_size=2))),
        legal_form=draw(st.sampled_from(["", "sarl", "sci"])),
        places=(place,),
        identifiers={Scheme.SIREN: siren} if siren else {},
        standing=Standing.ACTIVE if draw(USUALLY) else Standing.CEASED,
        is_masked=not draw(USUALLY),
        website=draw(st.sampled_from(["", "kikou.example", "eclair.example"])),
    )


@st.composite
def company(draw: st.DrawFn, places: st.SearchStrategy[tuple[str, str]] = TOWNS) -> Company:
    code, town = draw(places | NOWHERE)
    numbered = st.dictionaries(st.just(Scheme.SIREN), SIRENS, max_size=1)
    return Company(
        id="001",
        name=draw(NAMES),
        country=draw(COUNTRIES),
        postal_code=code,
        city=town,
        website=draw(st.sampled_from(["", "kikou.example"])),
        identifiers=draw(numbered),
        claimed=draw(numbered),
        wrong=() if draw(USUALLY) else ("it is wrong",),
    )


ENTRIES = st.lists(entry(), min_size=1, max_size=3, unique_by=lambda each: each.key)


@FEW
@given(company(), ENTRIES, st.randoms(use_true_random=False))
def test_the_order_of_the_entries_does_not_matter(
    ours: Company, some: list[Entry], dice: Any
) -> None:
    shuffled = dice.sample(some, len(some))
    assert weigh(ours, shuffled) == weigh(ours, some)


@FEW
@given(company(), ENTRIES, st.data())
def test_a_rival_never_makes_anything_sure(ours: Company, some: list[Entry], data: Any) -> None:
    rival = replace(data.draw(st.sampled_from(some)), key="rival")
    before, after = (answer_of(weigh(ours, each)).verdict for each in (some, [*some, rival]))
    assert before == "sure" or after != "sure"


@FEW
@given(company(NOWHERE), ENTRIES)
def test_a_name_alone_is_never_sure(ours: Company, some: list[Entry]) -> None:
    bare = replace(ours, website="", identifiers={}, claimed={})
    assert answer_of(weigh(bare, some)).verdict != "sure"


SPELLINGS: list[Callable[[str], str]] = [
    str.upper,
    str.lower,
    lambda name: name.replace("É", "E").replace("é", "e"),
    lambda name: name.replace("SARL", "S.A.R.L."),
    lambda name: name.replace("SARL", "société à responsabilité limitée"),
    lambda name: f"  {name} .",
]


@FEW
@given(company(), ENTRIES, st.sampled_from(SPELLINGS))
def test_spelling_that_says_nothing_changes_nothing(
    ours: Company, some: list[Entry], spell: Callable[[str], str]
) -> None:
    before, after = (weigh(replace(ours, name=n), some) for n in (ours.name, spell(ours.name)))
    assert answer_of(after) == answer_of(before)


# --- Numbers ----------------------------------------------------------------------------------

SIREN, SIRET, VAT = Scheme.SIREN, Scheme.SIRET, Scheme.VAT


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("552 032 534", "FR", {SIREN: "552032534"}),
        ("552.032.534", "", {SIREN: "552032534"}),
        ("RCS Paris B 552 032 534", "", {SIREN: "552032534"}),
        ("35600000049837", "", {SIRET: "35600000049837", SIREN: "356000000"}),
        ("fr 27 552 032 534", "", {VAT: "FR27552032534", SIREN: "552032534"}),
        ("BE 0999.000.129", "", {VAT: "BE0999000129"}),
        ("0999.000.129", "BE", {VAT: "BE0999000129"}),
        ("CHE-999.000.108 MWST", "CH", {VAT: "CHE999000108"}),
        ("GB 999 0001 03", "GB", {VAT: "GB999000103"}),
        ("2065", "GB", {}),
        ("999001", "GB", {Scheme.COMPANIES_HOUSE: "00999001"}),
        ("SC990001", "", {Scheme.COMPANIES_HOUSE: "SC990001"}),
        ("969500TEST9900010072", "", {Scheme.LEI: "969500TEST9900010072"}),
        ("0001318605", "US", {Scheme.CIK: "0001318605"}),
        ("Q2283", "", {Scheme.WIKIDATA: "Q2283"}),
        ("552032534", "US", {}),  # nine digits are no SIREN where the company is American
        ("HRB 13085", "DE", {}),
        ("000 000 000", "FR", {}),
        ("+33 1 42 61 61 61", "FR", {}),
        ("", "FR", {}),
    ],
)
def test_numbers_are_read_from_what_people_type(
    text: str, country: str, expected: dict[Scheme, str]
) -> None:
    found = identify("", [text], country)
    assert found.identifiers == expected
    assert found.wrong == ()


@pytest.mark.parametrize(
    ("text", "country", "named"),
    [
        ("552032535", "FR", "SIREN 552032535"),
        ("12345678900003", "", "SIRET 12345678900003"),
        ("FR28552032534", "", "VAT number FR28552032534"),
        ("FR2755203253", "", "VAT number FR2755203253"),
        ("BE0999000130", "BE", "VAT number BE0999000130"),
        ("969500TEST9900010073", "", "LEI 969500TEST9900010073"),
    ],
)
def test_what_fails_its_checksum_is_named(text: str, country: str, named: str) -> None:
    found = identify("", [text], country)
    assert found.identifiers == {}
    assert found.wrong == (f"the {named} fails its checksum",)


def test_numbers_of_two_companies_are_none() -> None:
    found = identify("", ["552032534", "FR54990001026"], "FR")
    assert found.identifiers == {}
    assert found.wrong == ("numbers of several companies: SIREN 552032534, 990001026",)


def test_in_a_name_only_a_marked_number_counts() -> None:
    assert identify("Danone (SIREN 552 032 534)").identifiers == {SIREN: "552032534"}
    assert identify("Résidence 552032534").identifiers == {}
    assert identify("Danone (SIREN 552 032 535)").wrong == ()


# --- Names, forms, countries ------------------------------------------------------------------


def test_a_source_is_asked_for_the_name_as_typed_without_form_town_and_brackets() -> None:
    def asked(name: str) -> tuple[str, ...]:
        return question_names(company_of("001", {**AT_RODEZ, "name": name}))

    assert asked("La Poste SA") == ("La Poste",)
    assert asked("SARL L'Épicerie (Rodez)") == ("L'Épicerie", "L'Épicerie Rodez")
    assert asked("Boxaroma.com") == ("Boxaroma",)
    assert asked("Danone (SIREN 552032534)") == ("Danone",)
    assert asked("n/a") == ()


@pytest.mark.parametrize("name", ["test", "N/A", "-", "", "12", "xxx", "aaaa", "Test 3", "QWERTY"])
def test_a_placeholder_is_no_name(name: str) -> None:
    assert is_placeholder(name)


@pytest.mark.parametrize("name", ["3M", "AG", "Testut", "Compte Nickel", "Prospection SA"])
def test_a_short_or_odd_name_is_one(name: str) -> None:
    assert not is_placeholder(name)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("S.N.C.F.", "SNCF"),
        ("Bois & Fer", "BOIS ET FER"),
        ("L'Art d'Aimer", "L ART D AIMER"),
        ("Cœur", "COEUR"),
        ("Ets Granier & Cie", "ETABLISSEMENTS GRANIER ET COMPAGNIE"),
        ("www.boxaroma.fr", "boxaroma"),
    ],
)
def test_spellings_of_one_name_are_the_same_words(left: str, right: str) -> None:
    assert words_of(left) == words_of(right)


def test_the_measure_does_not_find_a_name_within_another() -> None:
    assert likeness(("danone",), ("danone", "produits", "frais")) < 60
    assert likeness(("verrerie", "aubrac"), ("aubrac", "verrerie")) == 100


@pytest.mark.parametrize(("phrase", "form"), _PHRASES)
def test_every_form_written_out_is_found(phrase: str, form: str) -> None:
    assert without_form(words_of(f"Kikou {phrase}"), is_french=False) == (("kikou",), form)


def test_forms_split_homonyms_and_their_spellings_do_not() -> None:
    assert forms_speak("sas", "sci") == Agreement.AGAINST
    assert forms_speak("sasu", "sas") == Agreement.FOR
    assert forms_speak("scic", "sarl") == Agreement.SILENT
    assert forms_speak("ltd", "plc") == Agreement.AGAINST
    assert forms_speak("", "sas") == Agreement.SILENT
    # In France these two letters are words of a name.
    assert without_form(("kikou", "ag"), is_french=True) == (("kikou", "ag"), "")


@pytest.mark.parametrize(
    ("text", "code"),
    [("France", "FR"), ("ALLEMAGNE", "DE"), ("uk", "GB"), ("U.S.A.", "US"), ("België", "BE"),
     ("Côte d'Ivoire", "CI"), ("fr", "FR"), ("Ruritania", ""), ("", ""), ("EU", "")],
)  # fmt: skip
def test_a_country_is_read_in_many_languages(text: str, code: str) -> None:
    assert country_of(text) == code


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.acme.co.uk/about", "acme.co.uk"),
        ("acme.github.io", "acme.github.io"),
        ("https://www.facebook.com/acme", ""),
        ("no site", ""),
    ],
)
def test_a_website_is_its_registered_domain(website: str, domain: str) -> None:
    assert site_of(website) == domain


def test_a_name_with_halves_of_characters_can_still_be_asked_for() -> None:
    company = company_of("001", {"name": "Atelier\ud800 Exem\x00ple\n", "city": "Tou\u202elouse"})
    assert (company.name, company.city) == ("Atelier Exemple", "Toulouse")
