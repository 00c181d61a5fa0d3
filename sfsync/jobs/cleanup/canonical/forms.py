"""What does each value of a field become, and why?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sfsync.columns import Array, Kind
from sfsync.facts import Look
from sfsync.facts.blank import blank_texts_of, says_nothing
from sfsync.jobs.cleanup.canonical.blanks import without_stray_blanks
from sfsync.jobs.cleanup.canonical.phones import canonical_phone
from sfsync.jobs.cleanup.canonical.websites import canonical_website
from sfsync.jobs.cleanup.canonical.words import Countries, Meanings
from sfsync.model import Evidence
from sfsync.rules.words import ids_of

_NO_COUNTRY = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What a value becomes (None: nobody can tell), why, what proves it, and on which fields of
    other records that rests.
    """

    text: str | None
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    rests: tuple[str, ...] = ()


# Gives the form of the text that stands in a row.
FormOf = Callable[[int, str], Form]
# Makes that for one column (object and name).
Maker = Callable[[Look, str, str], FormOf]


def _sources(look: Look, _object: str, _name: str) -> FormOf:
    meanings = Meanings(look.policy.normalise.sources)
    return _by_text(lambda text: _meant(text, meanings.value(text)))


def _industries(look: Look, _object: str, _name: str) -> FormOf:
    meanings = Meanings(look.policy.normalise.industries)
    return _by_text(lambda text: _meant(text, meanings.value(text)))


def _countries(look: Look, _object: str, _name: str) -> FormOf:
    countries = _countries_of(look)
    return _by_text(lambda text: _meant(text, countries.value(text)))


def _names(_look: Look, _object: str, _name: str) -> FormOf:
    return _by_text(lambda text: Form(without_stray_blanks(text), "without stray blanks"))


def _websites(look: Look, _object: str, _name: str) -> FormOf:
    tracking = look.policy.normalise.tracking

    def form(text: str) -> Form:
        found = canonical_website(text, tracking)
        if found is None:
            return Form(None)
        without = f", without {', '.join(found.dropped)}" if found.dropped else ""
        return Form(found.text, f"the same address in one form{without}")

    return _by_text(form)


def _phones(look: Look, object_name: str, _name: str) -> FormOf:
    """Numbers are those of the record's country, a contact's of its account's where it has none."""
    countries = _countries_of(look)
    own = _words_at(look, object_name, "country", np.arange(look.size(object_name)))
    of_account: list[str | None] = [None] * len(own)
    ids: list[str] = []
    if object_name == "Contact":
        accounts = look.column("Contact", "account").values
        of_account = _words_at(look, "Account", "country", accounts)
        ids = ids_of(look, "Account", np.arange(look.size("Account")))
    blank = blank_texts_of(look.policy)
    forms: dict[tuple[str, str], str | None] = {}

    def form(row: int, text: str) -> Form:
        country, record = own[row], None
        if country is None or says_nothing(country, blank):
            country = of_account[row]
            record = ids[accounts[row]] if country is not None else None
        key = text, _NO_COUNTRY if country is None else countries.code(country)
        if key not in forms:
            forms[key] = canonical_phone(*key)
        evidence = () if country is None else (Evidence("country", country, record),)
        where = f" in {key[1]}" if key[1] else ""
        rests = () if record is None else ("account.country",)
        why = f"as it is dialled from everywhere (E.164), read{where}"
        return Form(forms[key], why, evidence, rests)

    return form


def _words_at(look: Look, object_name: str, name: str, rows: Array) -> list[str | None]:
    """Return what stands in a column at each row (-1: of no record); None where there is none."""
    named = name in look.policy.objects.get(object_name, ())
    column = look.column(object_name, name) if named else None
    if column is None or column.kind is not Kind.WORDS:
        return [None] * len(rows)
    words = np.array([*column.words, None], dtype=object)
    codes = np.append(column.values, -1)[rows]
    return list(words[codes])


def _countries_of(look: Look) -> Countries:
    return Countries(look.policy.normalise, blank_texts_of(look.policy))


def _meant(text: str, value: str | None) -> Form:
    return Form(value, f'"{text}" means {value}')


def _by_text(form: Callable[[str], Form]) -> FormOf:
    """Make the form of each text once."""
    made: dict[str, Form] = {}

    def form_of(_row: int, text: str) -> Form:
        if text not in made:
            made[text] = form(text)
        return made[text]

    return form_of


MAKERS: Mapping[str, Maker] = {
    "sources": _sources,
    "industries": _industries,
    "countries": _countries,
    "phones": _phones,
    "websites": _websites,
    "names": _names,
}
