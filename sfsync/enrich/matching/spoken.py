"""What do the clues of a candidate say, taken together?"""

from sfsync.enrich.model import Agreement, Candidate, Scheme, Standing

# A name below this likeness speaks against a number, as in weighing.
_AGREES = 60.0


def has_ceased(candidate: Candidate) -> bool:
    """Tell whether a candidate is the company by its number and name, and only ceased to trade."""
    if candidate.entry.standing is not Standing.CEASED:
        return False
    names = [clue.points for clue in candidate.clues if clue.of == "name"]
    return has_number(candidate) and max(names, default=0.0) >= _AGREES


def has_number(candidate: Candidate) -> bool:
    """Tell whether it has the account's number, and no other one of its kind."""
    return _said(candidate, *(scheme.value for scheme in Scheme)) == {Agreement.FOR}


def has_site(candidate: Candidate) -> bool:
    """Tell whether it has the account's website, or a number that is shown there."""
    claims = (f"{scheme.value} on its website" for scheme in Scheme)
    return Agreement.FOR in _said(candidate, "website", *claims)


def is_there(candidate: Candidate) -> bool:
    """Tell whether it is, or was, where the account is."""
    return _said(candidate, "postal code", "town") - {Agreement.SILENT} == {Agreement.FOR}


def _said(candidate: Candidate, *of: str) -> set[Agreement]:
    return {clue.agreement for clue in candidate.clues if clue.of in of}
