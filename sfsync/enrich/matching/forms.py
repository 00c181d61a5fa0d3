"""Which legal form does a name carry, and can two forms be one company's?

Only a form at the beginning or the end of a name is one: AG Conseil is no German share company. In
a French register the short forms of other countries (AG, AS, CO) are words like any other.
"""

from sfsync.duplicates.names import Words, words_in
from sfsync.enrich.model import Agreement

# As a name is written out, longest first where one begins like another.
_PHRASES: tuple[tuple[str, str], ...] = (
    ("societe par actions simplifiee unipersonnelle", "sasu"),
    ("societe par actions simplifiee a associe unique", "sasu"),
    ("societe par actions simplifiee", "sas"),
    ("entreprise unipersonnelle a responsabilite limitee", "eurl"),
    ("societe a responsabilite limitee", "sarl"),
    ("societe exercice liberal a responsabilite limitee", "selarl"),
    ("societe exercice liberal par actions simplifiee", "selas"),
    ("societe anonyme simplifiee", "sas"),
    ("societe anonyme", "sa"),
    ("societe civile immobiliere", "sci"),
    ("societe civile professionnelle", "scp"),
    ("societe civile moyens", "scm"),
    ("societe civile", "sc"),
    ("societe en nom collectif", "snc"),
    ("societe cooperative interet collectif", "scic"),
    ("societe cooperative participative", "scop"),
    ("groupement interet economique", "gie"),
    ("association loi 1901", "association"),
    ("association loi 1908", "association"),
    ("gmbh co kg", "kg"),
    ("gmbh co kgaa", "kgaa"),
    ("ag co kg", "kg"),
    ("gesellschaft mit beschrankter haftung", "gmbh"),
    ("gesellschaft mbh", "gmbh"),
    ("ges mbh", "gmbh"),
    ("public limited company", "plc"),
    ("limited liability company", "llc"),
    ("private limited", "ltd"),
    ("pvt ltd", "ltd"),
    ("pty ltd", "ltd"),
    ("co ltd", "ltd"),
    ("sp zoo", "spzoo"),
    ("sas u", "sasu"),
)
_LONG = tuple((tuple(text.split()), form) for text, form in _PHRASES)
# Before or after a name.
_FRENCH = words_in(
    "sa sas sasu sarl eurl snc sci sccv scop scic selarl selas selafa selca scm scp scea earl",
    "gaec gie geie cuma spfpl sarlu association asso",
)
# After a name only; before one they are words (SE Conseil, Co Working).
_AFTER = words_in("se sca scs eirl ei")
_FOREIGN = words_in(
    "gmbh mbh ag aktiengesellschaft kg kgaa ohg ug ek ev ltd limited plc llc llp lp inc",
    "incorporated corp corporation co company bv nv bvba sprl cvba asbl vzw spa srl sl slu sau",
    "oy oyj ab as asa aps spzoo sro kft zrt lda ltda doo pty sagl",
)
# Belgium and Switzerland write one form in several languages.
_FAMILIES = {
    "sasu": "sas",
    "eurl": "sarl",
    "sarlu": "sarl",
    "gmbh": "sarl",
    "mbh": "sarl",
    "sagl": "sarl",
    "ug": "sarl",
    "srl": "sarl",
    "sprl": "sarl",
    "bvba": "sarl",
    "bv": "sarl",
    "sl": "sarl",
    "slu": "sarl",
    "lda": "sarl",
    "ltda": "sarl",
    "ag": "sa",
    "aktiengesellschaft": "sa",
    "nv": "sa",
    "spa": "sa",
    "sau": "sa",
    "vzw": "association",
    "asbl": "association",
    "asso": "association",
    "ev": "association",
    "limited": "ltd",
    "incorporated": "inc",
    "corp": "inc",
    "corporation": "inc",
    "co": "inc",
    "company": "inc",
}
# A cooperative or a holding of a profession is registered as the company that it also is.
_ALSO = {
    "scop": frozenset({"sarl", "sa", "sas", "scic"}),
    "scic": frozenset({"sarl", "sa", "sas", "scop"}),
    "spfpl": frozenset({"sarl", "sa", "sas", "selarl", "selas"}),
}


def without_form(words: Words, *, is_french: bool) -> tuple[Words, str]:
    """Return a name's words without legal forms, and the form: "" where none or several.

    A name that is nothing but forms keeps its words.
    """
    forms: list[str] = []
    rest = words
    while stripped := _stripped(rest, is_french):
        rest, form = stripped
        forms.append(form)
    families = {_family(form) for form in forms}
    return rest, forms[0] if len(families) == 1 else ""


def _stripped(words: Words, is_french: bool) -> tuple[Words, str] | None:
    for phrase, form in _LONG:
        size = len(phrase)
        if size < len(words):
            if words[-size:] == phrase:
                return words[:-size], form
            if words[:size] == phrase:
                return words[size:], form
    if len(words) < 2:
        return None
    if words[-1] in _FRENCH | _AFTER or (not is_french and words[-1] in _FOREIGN):
        return words[:-1], words[-1]
    return (words[1:], words[0]) if words[0] in _FRENCH | {"sprl", "asbl"} else None


def _family(form: str) -> str:
    return _FAMILIES.get(form, form)


def forms_speak(ours: str, theirs: str) -> Agreement:
    """Tell whether two forms can be one company's; an unknown one says nothing."""
    if not ours or not theirs:
        return Agreement.SILENT
    left, right = _family(ours), _family(theirs)
    if left == right:
        return Agreement.FOR
    is_also = right in _ALSO.get(left, ()) or left in _ALSO.get(right, ())
    return Agreement.SILENT if is_also else Agreement.AGAINST
