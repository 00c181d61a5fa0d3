"""What are the words of a name, once spelling that says nothing is gone?"""

import re
from collections.abc import Sequence

from sfsync.facts.people import folded_words


def words_in(*lines: str) -> frozenset[str]:
    """Return the words of a table's lines."""
    return frozenset(word for line in lines for word in line.split())


_LEGAL_FORMS = words_in(
    "sa sas sasu sarl eurl snc sci scop scp selarl selas gie ei eirl gmbh mbh ag kg kgaa ohg",
    "ug ek ev ltd limited plc llc llp lp inc incorporated corp corporation co cie pty pvt bv",
    "nv bvba srl spa sl slu sau sp zoo ab oy oyj as asa aps sro kft zrt lda ltda sarlau",
)
JOINING = words_in("et and und y e the le la les l de du des d of")
_SAYS_NOTHING = _LEGAL_FORMS | JOINING
_TITLES = words_in(
    "mr mrs ms miss m mme mlle monsieur madame mademoiselle dr prof me maitre herr frau"
)
ELISION = re.compile(r"\b[ld]['’]", re.IGNORECASE)
_DISTRICT = re.compile(r"^(?:\d+\w{0,4}|cedex|arrondissement|cdx)$")
_LONG_FORMS = {"st": "saint", "ste": "sainte"}
_NUMBER = re.compile(r"[^0-9a-z]")
_FRENCH_VAT = re.compile(r"fr[0-9a-z]{2}(\d{9})")
_SHORTEST_NUMBER = 5
_SIREN, _SIRET = 9, 14

Words = tuple[str, ...]


def company_words(name: str) -> Words:
    """Return the words of a company's name without case, accents, punctuation, legal form and
    joining words; all of them where nothing else is there.
    """
    # Most names have no apostrophe, and no letters that stand alone.
    parted = ELISION.sub(" ", name) if "'" in name or "’" in name else name
    words = spelled_together(folded_words(parted))
    return tuple([word for word in words if word not in _SAYS_NOTHING] or words)


def person_words(name: str) -> Words:
    """Return the words of a person's name without case, accents, punctuation and titles."""
    words = folded_words(name)
    return tuple([word for word in words if word not in _TITLES] or words)


def spelled_together(words: Sequence[str]) -> list[str]:
    """Return the words with letters that stand alone joined: S.A.S. and I.B.M. were words."""
    if sum([len(word) == 1 for word in words]) < 2:
        return [*words]
    together: list[str] = []
    joins = False
    for word in words:
        is_letter = len(word) == 1 and word.isalpha()
        if is_letter and joins:
            together[-1] += word
        else:
            together.append(word)
        joins = is_letter
    return together


def town_of(city: str) -> str:
    """Return a town without case, accents, district and CEDEX: `saint denis`; empty where none."""
    words = [_LONG_FORMS.get(word, word) for word in folded_words(city)]
    return " ".join(word for word in words if not _DISTRICT.match(word))


def registration_of(number: str) -> str | None:
    """Return a registration number's digits and letters; None where it is a placeholder.

    A French VAT number is the SIREN behind its key.
    """
    plain = _NUMBER.sub("", number.casefold())
    vat = _FRENCH_VAT.fullmatch(plain)
    plain = vat.group(1) if vat else plain
    is_filler = len(set(plain)) < 2 or not any(letter.isdigit() for letter in plain)
    return None if len(plain) < _SHORTEST_NUMBER or is_filler else plain


def same_registration(left: str, right: str) -> bool:
    """Tell whether two numbers are one company's; a French SIRET begins with the company's SIREN.

    Two SIRETs of one SIREN are two establishments, which people keep apart.
    """
    short, long = sorted((left, right), key=len)
    if short == long:
        return True
    is_siren = len(short) == _SIREN and len(long) == _SIRET and (short + long).isdigit()
    return is_siren and long.startswith(short)


def registration_block(number: str) -> str:
    """Return what numbers of one company have in common."""
    return number[:_SIREN] if len(number) == _SIRET and number.isdigit() else number
