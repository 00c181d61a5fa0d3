"""What of a file is as it should be, and what is wrong with the rest?"""

from typing import Any, TypeVar

from pydantic import ValidationError

from sfsync.lines import Document, Path, without
from sfsync.registry import nearest
from sfsync.rules import shape
from sfsync.rules.build import Problems
from sfsync.rules.kinds import Shape

S = TypeVar("S", bound=Shape)
# What pydantic puts behind the place of a key that is wrong itself.
_OF_KEY = "[key]"


def shaped(model: type[S], document: Document, found: list[str]) -> tuple[S | None, Problems]:
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
            paths = {_item(model, each["loc"], each["type"]) for each in error.errors()}
        if () in paths:
            return None, problems
        # From the end of a list to its beginning, so that no place moves before its turn.
        for path in sorted(paths, key=_order, reverse=True):
            if _stands(document.data, path):
                document = without(document, path)


def _order(path: Path) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (0, part) for part in path]


def _item(model: type[Shape], loc: Path, kind: str) -> Path:
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
    if not any(field.is_required() for field in model.model_fields.values()):
        return tuple(part for part in loc if part != _OF_KEY)
    return loc[:3] if loc[:1] == ("objects",) and len(loc) > 3 else ()


def _stands(data: Any, path: Path) -> bool:
    for part in path:
        if part in data if isinstance(data, dict) else isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return False
    return True


def _words(model: type[Shape], loc: Path, kind: str, message: str) -> tuple[Path, str]:
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
