"""Is the configuration right, and what does it say?

Everything is checked whole: shapes by pydantic, names and kinds against facts and fields, moves
against the states. Every problem is told at once, with file, line and the nearest valid name,
before any org is asked anything.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sfsync.columns import Kind
from sfsync.conditions import Condition, parse_condition
from sfsync.errors import ConfigError
from sfsync.facts import FACTS
from sfsync.lines import Document, Path, read_yaml
from sfsync.policy import (
    ANY_STAGE,
    NO_STATE,
    CleanupSettings,
    CommitSettings,
    DuplicateSettings,
    EnrichSettings,
    FactSettings,
    FieldSpec,
    Limits,
    Machine,
    NormaliseSettings,
    Partitions,
    Policy,
    Reading,
    Retention,
    hash_of,
)
from sfsync.registry import nearest
from sfsync.rules import shape
from sfsync.rules.build import Builder, Problems
from sfsync.rules.enriching import EnrichFile, check_retention, enrich_settings, industries_of
from sfsync.rules.merging import merge_settings
from sfsync.rules.normalising import NormaliseFile, normalise_settings
from sfsync.rules.scheduling import health_of, schedule_of, that_plans_rest_on
from sfsync.rules.shape import ENRICH_FILE, INDUSTRIES_FILE, NORMALISE_FILE, SETTINGS_FILE
from sfsync.rules.shaped import shaped
from sfsync.rules.versions import as_of_today


def load_policy(texts: Mapping[str, str]) -> Policy:
    """Build the policy from the texts of `config/`: `sfsync.yaml` and `rules/*.yaml`, by file name,
    and `enrich.yaml`, `industries.yaml` and `normalise.yaml` where there are any.

    The file whose name ends in `sfsync.yaml` holds the settings, every other one a machine. Raises
    ConfigError with all problems at once.
    """
    found: list[str] = []
    documents, main = _documents(texts, found)
    documents[main] = as_of_today(documents[main], Problems(documents[main], found))
    settings, settings_problems = shaped(shape.Settings, documents[main], found)
    others = _optional(documents)
    rules = [each for name, each in documents.items() if name not in (main, *others.values())]
    files = [shaped(shape.RuleFile, each, found) for each in rules]
    if settings is None:
        raise ConfigError(found)
    objects = _objects(settings, settings_problems)
    judged = _machines(files, objects, main)
    machines = {name: machine for name, machine in judged.items() if machine.state}
    stateless = {name: machine for name, machine in judged.items() if not machine.state}
    out = _leave_out(settings, objects, settings_problems)
    if len(files) == len(judged):
        _check_facts(settings, machines, settings_problems)
    enrich, normalise = _of_optional(documents, others, objects, machines, found)
    merge = merge_settings(settings.merge, objects, settings_problems)
    check_retention(settings.retention, enrich, settings_problems)
    schedule = schedule_of(settings.schedule, settings_problems)
    if found:
        raise ConfigError(found)
    contents = {n.rpartition("/")[2]: repr(that_plans_rest_on(d)) for n, d in documents.items()}
    return Policy(
        objects=objects,
        leave_out=out,
        machines=machines,
        stateless=stateless,
        hash=hash_of(contents),
        enrich=enrich,
        merge=merge,
        normalise=normalise,
        schedule=schedule,
        health=health_of(settings.health),
        **_as_they_stand(settings),
    )


def _as_they_stand(settings: shape.Settings) -> dict[str, Any]:
    """Return the sections of the settings that say by themselves what they say."""
    kinds: Mapping[str, Callable[..., Any]] = {
        "facts": FactSettings,
        "limits": Limits,
        "reading": Reading,
        "duplicates": DuplicateSettings,
        "commit": CommitSettings,
        "cleanup": CleanupSettings,
        "retention": Retention,
        "partitions": Partitions,
    }
    return {name: kind(**getattr(settings, name).model_dump()) for name, kind in kinds.items()}


def _documents(texts: Mapping[str, str], found: list[str]) -> tuple[dict[str, Document], str]:
    """Read all that can be read, by file name in order; return it with the name of the settings.
    Raises ConfigError where there are none.
    """
    read = {name: _read(texts[name], name, found) for name in sorted(texts)}
    documents = {name: document for name, document in read.items() if document is not None}
    main = next((name for name in documents if name.endswith(SETTINGS_FILE)), None)
    if main is None:
        raise ConfigError(found or [f"{SETTINGS_FILE}: missing from the configuration folder"])
    return documents, main


def _optional(documents: Mapping[str, Document]) -> dict[str, str]:
    """Name the files that may be absent, of those that there are, by their names in a folder."""
    return {
        file: name
        for file in (ENRICH_FILE, INDUSTRIES_FILE, NORMALISE_FILE)
        for name in documents
        if name.rpartition("/")[2] == file
    }


def _of_optional(
    documents: Mapping[str, Document],
    names: Mapping[str, str],
    objects: Mapping[str, Mapping[str, FieldSpec]],
    machines: Mapping[str, Machine],
    found: list[str],
) -> tuple[EnrichSettings, NormaliseSettings]:
    """Read how accounts are enriched, and how values are written in one form; where there is no
    such file, nothing is.
    """
    enrich, normalise = EnrichSettings(), NormaliseSettings()
    industries: Mapping[str, Mapping[str, str | None]] = {}
    if INDUSTRIES_FILE in names:
        industries = industries_of(documents[names[INDUSTRIES_FILE]], found)
    if ENRICH_FILE in names:
        enriching, problems = shaped(EnrichFile, documents[names[ENRICH_FILE]], found)
        if enriching is not None:
            enrich = enrich_settings(enriching, problems, objects, machines, industries)
    if NORMALISE_FILE in names:
        normalising, problems = shaped(NormaliseFile, documents[names[NORMALISE_FILE]], found)
        if normalising is not None:
            normalise = normalise_settings(normalising, problems, industries)
    return enrich, normalise


def _machines(
    files: Sequence[tuple[shape.RuleFile | None, Problems]],
    objects: Mapping[str, Mapping[str, FieldSpec]],
    main: str,
) -> dict[str, Machine]:
    names = _names(objects, [file for file, _ in files if file is not None])
    machines: dict[str, Machine] = {}
    for file, problems in files:
        if file is None:
            continue
        if file.object not in objects:
            hint = nearest(file.object, objects)
            problems.add(("object",), f'no object "{file.object}" in {main}{hint}')
        elif file.object in machines:
            problems.add(("object",), f"{file.object} has its rules in another file already")
        else:
            machines[file.object] = Builder(file, names[file.object], problems, objects).machine()
    return machines


def _read(text: str, name: str, found: list[str]) -> Document | None:
    try:
        return read_yaml(text, name)
    except ConfigError as error:
        found += error.problems
        return None


def _objects(settings: shape.Settings, problems: Problems) -> dict[str, dict[str, FieldSpec]]:
    objects: dict[str, dict[str, FieldSpec]] = {}
    for object_name, fields in settings.objects.items():
        objects[object_name] = {}
        for name, spec in fields.items():
            path: Path = ("objects", object_name, name)
            if f"{object_name}.{name}" in FACTS:
                problems.add(path, f'"{name}" is the name of a fact; call the field something else')
            if spec.to is not None and spec.to not in settings.objects:
                problems.add(
                    (*path, "to"), f'no object "{spec.to}"{nearest(spec.to, settings.objects)}'
                )
            objects[object_name][name] = FieldSpec(name, spec.field, spec.type, spec.to)
    for fact in FACTS.values():
        if fact.object not in objects:
            continue
        for read in fact.reads:
            object_name, _, name = read.partition(".")
            if name not in objects.get(object_name, {}):
                problems.add(
                    ("objects", object_name),
                    f"the fact {fact.name} reads {read}: name its field here",
                )
    return objects


def _names(
    objects: Mapping[str, Mapping[str, FieldSpec]], files: Sequence[shape.RuleFile]
) -> dict[str, dict[str, Kind]]:
    """Return, per object, every name a condition may ask about, and its kind."""
    names = {
        object_name: {name: f.kind for name, f in fields.items()}
        for object_name, fields in objects.items()
    }
    for fact in FACTS.values():
        names.setdefault(fact.object, {})[fact.name] = fact.kind
    for file in files:
        names.setdefault(file.object, {}).update(dict.fromkeys(file.scores, Kind.NUMBER))
    return names


def _leave_out(
    settings: shape.Settings, objects: Mapping[str, Mapping[str, FieldSpec]], problems: Problems
) -> dict[str, Condition]:
    conditions = {}
    for object_name, raw in settings.leave_out.items():
        path: Path = ("leave_out", object_name)
        if object_name not in objects:
            problems.add(path, f'no object "{object_name}"{nearest(object_name, objects)}')
            continue
        # Facts are computed from what is in the loop, so only fields can say what is not.
        fields = {name: spec.kind for name, spec in objects[object_name].items()}
        conditions[object_name] = parse_condition(raw, fields, problems.add, path)
    return conditions


def _check_facts(
    settings: shape.Settings, machines: Mapping[str, Machine], problems: Problems
) -> None:
    """Check that the statuses and stages which the settings of facts and cleanups name exist."""
    facts, cleanup = settings.facts, settings.cleanup
    reasons = set(cleanup.lost_reasons) - {ANY_STAGE}
    for path, object_name, words in (
        (("facts", "deals_count_without_entry"), "Account", facts.deals_count_without_entry),
        (("facts", "qualified_stages"), "Opportunity", facts.qualified_stages),
        (("facts", "commit_stage"), "Opportunity", {facts.commit_stage}),
        (("cleanup", "lost_reasons"), "Opportunity", reasons),
        (("cleanup", "dead_statuses"), "Account", cleanup.dead_statuses),
        (("cleanup", "customer_statuses"), "Account", cleanup.customer_statuses),
    ):
        if object_name not in machines:
            problems.add((), f"no file in rules/ says the states of {object_name}")
            continue
        valid = [*machines[object_name].states, NO_STATE]
        for word in sorted(words):
            if word not in valid:
                problems.add(path, f'{object_name} has no state "{word}"{nearest(word, valid)}')
