"""Is the configuration right, and what does it say?

Everything is checked whole: shapes by pydantic, names and kinds against facts and fields, moves
against the states. Every problem is told at once, with file, line and the nearest valid name,
before any org is asked anything.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from sfsync.columns import Kind
from sfsync.conditions import Condition, parse_condition
from sfsync.errors import ConfigError
from sfsync.facts import FACTS
from sfsync.lines import Document, Path, read_yaml, without
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
    Policy,
    Reading,
    hash_of,
)
from sfsync.registry import nearest
from sfsync.rules import shape
from sfsync.rules.build import Builder, Problems
from sfsync.rules.enriching import EnrichFile, enrich_settings, industries_of
from sfsync.rules.scheduling import health_of, schedule_of, without_schedule
from sfsync.rules.shape import ENRICH_FILE, INDUSTRIES_FILE, SETTINGS_FILE

S = TypeVar("S", bound=shape.Shape)


def load_policy(texts: Mapping[str, str]) -> Policy:
    """Build the policy from the texts of `config/`: `sfsync.yaml` and `rules/*.yaml`, by file name,
    and `enrich.yaml` and `industries.yaml` where there are any.

    The file whose name ends in `sfsync.yaml` holds the settings, every other one a machine. Raises
    ConfigError with all problems at once.
    """
    found: list[str] = []
    documents, main = _documents(texts, found)
    settings, settings_problems = _shaped(shape.Settings, documents[main], found)
    others = _of_enrichment(documents)
    rules = [each for name, each in documents.items() if name not in (main, *others.values())]
    files = [_shaped(shape.RuleFile, each, found) for each in rules]
    if settings is None:
        raise ConfigError(found)
    objects = _objects(settings, settings_problems)
    judged = _machines(files, objects, main)
    machines = {name: machine for name, machine in judged.items() if machine.state}
    stateless = {name: machine for name, machine in judged.items() if not machine.state}
    out = _leave_out(settings, objects, settings_problems)
    if len(files) == len(judged):
        _check_facts(settings, machines, settings_problems)
    enrich = _enrich_settings(documents, others, objects, machines, found)
    schedule = schedule_of(settings.schedule, settings_problems)
    if found:
        raise ConfigError(found)
    contents = {n.rpartition("/")[2]: repr(without_schedule(d)) for n, d in documents.items()}
    return Policy(
        objects=objects,
        leave_out=out,
        facts=FactSettings(**settings.facts.model_dump()),
        limits=Limits(**settings.limits.model_dump()),
        reading=Reading(**settings.reading.model_dump()),
        machines=machines,
        hash=hash_of(contents),
        duplicates=DuplicateSettings(**settings.duplicates.model_dump()),
        enrich=enrich,
        stateless=stateless,
        commit=CommitSettings(**settings.commit.model_dump()),
        cleanup=CleanupSettings(**settings.cleanup.model_dump()),
        schedule=schedule,
        health=health_of(settings.health),
    )


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


def _of_enrichment(documents: Mapping[str, Document]) -> dict[str, str]:
    """Name the files about enrichment that there are, by the names that they have in a folder."""
    return {
        file: name
        for file in (ENRICH_FILE, INDUSTRIES_FILE)
        for name in documents
        if name.rpartition("/")[2] == file
    }


def _enrich_settings(
    documents: Mapping[str, Document],
    names: Mapping[str, str],
    objects: Mapping[str, Mapping[str, FieldSpec]],
    machines: Mapping[str, Machine],
    found: list[str],
) -> EnrichSettings:
    """Read how accounts are enriched; nothing is where there is no such file."""
    industries: Mapping[str, Mapping[str, str | None]] = {}
    if INDUSTRIES_FILE in names:
        document = documents[names[INDUSTRIES_FILE]]
        try:
            industries = industries_of(document.data)
        except ValidationError as error:
            problems = Problems(document, found)
            for each in error.errors():
                path = tuple(part for part in each["loc"] if part != "[key]")
                problems.add(path, f"{'.'.join(map(str, path))}: {each['msg']}")
    if ENRICH_FILE not in names:
        return EnrichSettings()
    file, problems = _shaped(EnrichFile, documents[names[ENRICH_FILE]], found)
    if file is None:
        return EnrichSettings()
    return enrich_settings(file, problems, objects, machines, industries)


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


def _shaped(model: type[S], document: Document, found: list[str]) -> tuple[S | None, Problems]:
    """Read a file into its shape.

    What is wrong is noted and taken out, so that the rest is checked too.

    Returns None where too little is left, and the problems of the file, to which more can be added.
    """
    while True:
        problems = Problems(document, found)
        try:
            return model.model_validate(document.data), problems
        except ValidationError as error:
            for each in error.errors():
                problems.add(*_words(model, each["loc"], each["type"], each["msg"]))
            paths = {_item(each["loc"], each["type"]) for each in error.errors()}
        if () in paths:
            return None, problems
        # From the end of a list to its beginning, so that no place moves before its turn.
        for path in sorted(paths, key=_order, reverse=True):
            if _stands(document.data, path):
                document = without(document, path)


def _order(path: Path) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (0, part) for part in path]


def _item(loc: Path, kind: str) -> Path:
    """Return what has to go for a problem.

    The wrong key itself, or the whole rule or field that it spoils.

    Empty where the file makes no sense without it.
    """
    if kind == "extra_forbidden":
        return loc
    if loc[:1] == ("schedule",):
        return loc[:3]
    places = [place for place, part in enumerate(loc) if isinstance(part, int)]
    if places:
        return loc[: places[-1] + 1]
    return loc[:3] if loc[:1] == ("objects",) and len(loc) > 3 else ()


def _stands(data: Any, path: Path) -> bool:
    for part in path:
        if part in data if isinstance(data, dict) else isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return False
    return True


def _words(model: type[shape.Shape], loc: Path, kind: str, message: str) -> tuple[Path, str]:
    if kind == "extra_forbidden":
        return (
            loc,
            f'unknown key "{loc[-1]}"{nearest(str(loc[-1]), shape.keys_at(model, loc[:-1]))}',
        )
    if not loc:
        return loc, "the file must hold keys with values, as the one that came with sfsync does"
    if kind == "missing":
        return loc, f'"{loc[-1]}" is missing'
    return loc, f"{'.'.join(str(part) for part in loc)}: {message.removeprefix('Value error, ')}"


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
    ):
        if object_name not in machines:
            problems.add((), f"no file in rules/ says the states of {object_name}")
            continue
        valid = [*machines[object_name].states, NO_STATE]
        for word in sorted(words):
            if word not in valid:
                problems.add(path, f'{object_name} has no state "{word}"{nearest(word, valid)}')
