"""What does a finding say of its record, and what may stand in the braces of its words?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sfsync.duplicates import ALIKE, OBJECTS
from sfsync.policy import (
    COMPANY_CEASED,
    DUPLICATES,
    ENRICHMENT_REVIEW,
    MAIL_REFUSED,
    MISSING,
    NUMBER_INVALID,
    TASK_WAITING,
    UPDATE_REFUSED,
    FindingRule,
    Machine,
    Policy,
)
from sfsync.rules.words import proofs_of

# What proves that the org refused an update, and a mail server a mail, so many times.
FIELDS, PASSES, RECIPIENT, REFUSAL = "fields", "passes", "recipient", "refusal"
TOLD_OF_UPDATE = frozenset({FIELDS, PASSES, REFUSAL})
TOLD_OF_MAIL = frozenset({RECIPIENT, REFUSAL})
# What proves that a task waits: what it would say, and what must be done first.
SUBJECT, HINDRANCE = "subject", "hindrance"
TOLD_OF_TASK = frozenset({SUBJECT, HINDRANCE})
# Which companies an account may be, and the public source that has them.
COMPANIES, SOURCE = "companies", "source"
TOLD_OF_COMPANY = frozenset({COMPANIES, SOURCE})
TOLD_OF_NUMBER = frozenset({SOURCE})
ACCOUNT = "Account"
# Whom mails do not reach.
USER = "User"
# An object and a field of it, as the API names them.
Field = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Saying:
    """What a rule says of a record.

    `because` are its own words (English), with names in braces; empty where they are put together
    in code. `names` may stand in braces. `missing` are the fields whose blanks `{missing}` names.
    `fields` tells of each name that is a field which one.
    """

    because: str
    names: frozenset[str]
    missing: tuple[str, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)


def sayings_of(policy: Policy) -> dict[str, dict[str, Saying]]:
    """Return what is said by each code, for each object of which it is found."""
    found: dict[str, dict[str, Saying]] = {}
    for machine in policy.judged.values():
        for rule in machine.findings:
            found.setdefault(rule.name, {})[machine.object] = _saying(rule, machine, policy)
    if policy.duplicates.find:
        found[DUPLICATES] = {each: Saying("", frozenset({ALIKE})) for each in OBJECTS}
    if policy.enrich.providers:
        for code in (ENRICHMENT_REVIEW, COMPANY_CEASED):
            found[code] = {ACCOUNT: Saying("", TOLD_OF_COMPANY)}
        found[NUMBER_INVALID] = {ACCOUNT: Saying("", TOLD_OF_NUMBER)}
    found[UPDATE_REFUSED] = {each: Saying("", TOLD_OF_UPDATE) for each in policy.machines}
    found[TASK_WAITING] = {each: Saying("", TOLD_OF_TASK) for each in policy.machines}
    found[MAIL_REFUSED] = {USER: Saying("", TOLD_OF_MAIL)}
    return found


def names_in_all(sayings: Iterable[Saying]) -> frozenset[str]:
    """Return the names that may stand in the braces of words that several say."""
    return frozenset.intersection(*(each.names for each in sayings))


def _saying(rule: FindingRule, machine: Machine, policy: Policy) -> Saying:
    names = proofs_of(rule)
    more = {MISSING} if rule.missing else set()
    told = {name: _field(name, machine.object, policy) for name in (*names, *rule.missing)}
    fields = {name: field for name, field in told.items() if field is not None}
    return Saying(rule.because, frozenset({*names, *more}), rule.missing, fields)


def _field(name: str, object_name: str, policy: Policy) -> Field | None:
    """Return the field that a name means; None where it is a fact or a score."""
    first, _, second = name.partition(".")
    spec = policy.objects[object_name].get(first)
    if spec is None or not second:
        return None if spec is None else (object_name, spec.field)
    return None if spec.to is None else (spec.to, policy.field(spec.to, second))
