"""Has the org the objects, fields and values that the active rules need?"""

from collections.abc import Iterator, Sequence

from sfsync.doctor.check import FIELDS, Check, Level
from sfsync.gaps import Described, Gap, GapKind, Gaps, objects_needed
from sfsync.policy import FieldSpec, Policy
from sfsync.rules.needs import columns_known

_WORDS_OF_TYPES = {
    "text": "Text",
    "picklist": "Picklist",
    "number": "Number",
    "flag": "Checkbox",
    "date": "Date",
    "instant": "Date/Time",
    "reference": "Lookup",
}
_SETUP = "`sfsync setup --out DIR` writes what it takes"
_WHERE = "Setup, Object Manager, {object}, Fields & Relationships"


def check_fields(policy: Policy, found: Gaps) -> tuple[Check, ...]:
    """Say what is missing, object by object, which rules cannot judge, and what is right."""
    checks: list[Check] = []
    for name in objects_needed(policy):
        gaps = [gap for gap in found.gaps if gap.object == name]
        checks += _object_checks(name, gaps)
    return (*_good(policy, found), *checks, *map(_blind, found.blind))


def check_spare_fields(policy: Policy, described: Described) -> Iterator[Check]:
    """Note, in one line, what the configuration names, the org does not show and no rule needs.

    `described` has each object that the configuration names, None where the org shows none of that
    name.
    """
    needed = columns_known(policy)
    lacking: list[str] = []
    for name, specs in sorted(policy.objects.items()):
        known = described[name]
        spare = {spec.field for column, spec in specs.items() if column not in needed.get(name, ())}
        if known is not None:
            lacking += sorted(f"{name}.{field}" for field in spare - set(known))
        elif name not in needed:
            lacking.append(name)
    if lacking:
        what = "the org lacks or hides what config/sfsync.yaml names and no rule needs"
        text = f"{what}: {', '.join(lacking)}"
        remedy = "nothing need be done: only `sfsync org record` would read it"
        yield Check(FIELDS, Level.NOTE, text, remedy, tuple(lacking))


def _good(policy: Policy, found: Gaps) -> Iterator[Check]:
    worse = {gap.object for gap in found.gaps}
    right = [name for name in objects_needed(policy) if name not in worse]
    if right:
        fields = sum(len(columns_known(policy)[name]) for name in right)
        yield Check(
            FIELDS, Level.GOOD, f"{', '.join(right)}: all {fields} fields that are needed are right"
        )


def _blind(line: str) -> Check:
    # Never a problem of its own: what blinds a rule is one already.
    return Check(FIELDS, Level.NOTE, line.rstrip("."), "this ends as soon as that is there")


def _object_checks(name: str, all_gaps: Sequence[Gap]) -> Iterator[Check]:
    gaps = [gap for gap in all_gaps if not gap.is_filled]
    yield from _left_out(name, [gap for gap in all_gaps if gap.is_filled])
    written = [gap for gap in gaps if gap.kind is GapKind.ABSENT and gap.is_written]
    read = [gap for gap in gaps if gap.kind is GapKind.ABSENT and not gap.is_written]
    yield from _absent(name, written, "that rules write", Level.PROBLEM)
    yield from _absent(name, [g for g in read if g.is_needed], "that rules need", Level.PROBLEM)
    optional = [gap for gap in read if not gap.is_needed]
    yield from _absent(name, optional, "that counts as empty", Level.NOTE)
    hidden = [gap for gap in gaps if gap.kind is GapKind.HIDDEN]
    for level in (Level.PROBLEM, Level.NOTE):
        yield from _hidden(name, [gap for gap in hidden if _level(gap) is level], level)
    yield from _locked(name, [gap for gap in gaps if gap.kind is GapKind.LOCKED])
    for gap in gaps:
        yield from _single(gap)


def _level(gap: Gap) -> Level:
    return Level.PROBLEM if gap.is_needed else Level.NOTE


def _absent(name: str, gaps: Sequence[Gap], what: str, level: Level) -> Iterator[Check]:
    if not gaps:
        return
    fields = "a field" if len(gaps) == 1 else f"{len(gaps)} fields"
    what = what if len(gaps) == 1 else what.replace("counts", "count")
    text = f"{name} lacks, or hides from the service's user, {fields} {what}: {_typed(gaps)}"
    is_made = any(gap.is_custom for gap in gaps)
    it = "it" if len(gaps) == 1 else "them"
    # What is the platform's own cannot be made.
    remedy = f"make {it}, or let the user see {it}" if is_made else f"let the user see {it}"
    remedy += f": {_WHERE.format(object=name)}"
    remedy += f". {_SETUP}" if is_made else ", Field-Level Security"
    yield Check(FIELDS, level, text, remedy, _names(gaps))


def _left_out(name: str, gaps: Sequence[Gap]) -> Iterator[Check]:
    """Note what enrichment would fill or read, and cannot."""
    if gaps:
        text = f"{name}: enrichment leaves out what the org lacks, hides, or does not let the "
        text += f"service's user write: {_typed(gaps)}"
        remedy = f"nothing need be done; else make it, or let the user write it. {_SETUP}"
        yield Check(FIELDS, Level.NOTE, text, remedy, _names(gaps))


def _hidden(name: str, gaps: Sequence[Gap], level: Level) -> Iterator[Check]:
    if gaps:
        text = f"{name} hides from the service's user what is there: {_typed(gaps)}"
        remedy = "give the user Read, and Edit on what rules write, by a permission set"
        yield Check(FIELDS, level, text, f"{remedy}. {_SETUP}", _names(gaps))


def _locked(name: str, gaps: Sequence[Gap]) -> Iterator[Check]:
    if gaps:
        text = f"{name}: the service's user may not write {_typed(gaps)}"
        remedy = f"give the user Edit on them, and on {name}, by a permission set. {_SETUP}"
        yield Check(FIELDS, Level.PROBLEM, text, remedy, _names(gaps))


def _single(gap: Gap) -> Iterator[Check]:
    full = f"{gap.object}.{gap.field}"
    if gap.kind is GapKind.OBJECT:
        text = f"the org has no object {gap.object}, or hides it; it counts as empty"
        yield Check(FIELDS, _level(gap), text, _opening(gap.object), (gap.object,))
    elif gap.kind is GapKind.TYPE and gap.spec is not None:
        wanted = f"{gap.spec.type} to {gap.spec.to}" if gap.spec.to else gap.spec.type
        text = f"{full} is a {gap.found}, and config/sfsync.yaml says {wanted}"
        remedy = f"name a {_words(gap.spec)} field there, or correct the type"
        yield Check(FIELDS, Level.PROBLEM, text, remedy, (full,))
    elif gap.kind is GapKind.FORMULA:
        text = f"{full} is computed by the org, and rules write it"
        yield Check(
            FIELDS, Level.PROBLEM, text, "name another field in config/sfsync.yaml", (full,)
        )
    elif gap.kind is GapKind.VALUES:
        yield _values(gap, full)


def _opening(name: str) -> str:
    """Say how the service's user comes to see an object."""
    if name in ("Task", "Event"):
        return "give the service's user Access Activities by a permission set"
    # A history is seen by whoever sees what it is of. That of stages is always kept, others where
    # some field is tracked.
    parent = name.removesuffix("History")
    remedy = f"give the service's user Read on {parent} by a permission set"
    if name.endswith("History") and name != "OpportunityHistory":
        remedy += f", and see that fields are tracked: {_WHERE.format(object=parent)}, "
        remedy += "Set History Tracking"
    return remedy


def _values(gap: Gap, full: str) -> Check:
    where = f"{_WHERE.format(object=gap.object)}, {gap.field}, Values"
    if gap.is_needed:
        text = f"{full} takes no other values than its own, and lacks {', '.join(gap.values)}"
        return Check(FIELDS, Level.PROBLEM, text, f"add them: {where}. {_SETUP}", (full,))
    text = f"{full} does not list {', '.join(gap.values)}, which rules know"
    remedy = f"add them if records shall have them: {where}; else change the rules"
    remedy += f". {_SETUP}" if gap.due else ""
    return Check(FIELDS, Level.NOTE, text, remedy, (full,))


def _typed(gaps: Sequence[Gap]) -> str:
    return ", ".join(f"{gap.field} ({_words(gap.spec)})" for gap in gaps if gap.spec is not None)


def _words(spec: FieldSpec) -> str:
    words = _WORDS_OF_TYPES[spec.type]
    return f"{words} to {spec.to}" if spec.to else words


def _names(gaps: Sequence[Gap]) -> tuple[str, ...]:
    return tuple(f"{gap.object}.{gap.field}" for gap in gaps)
