"""How do the demo and tests ask sources without any network?

A folder holds `answers.yaml` and the bodies beside it; docs/enrich.md shows its form.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sfsync.enrich.http.address import shown
from sfsync.enrich.http.cache import question_of
from sfsync.enrich.provider import Answer, Moved
from sfsync.errors import ConfigError, LookupFailed
from sfsync.lines import read_yaml

INDEX = "answers.yaml"
# A redirect within the site would have been followed when it was recorded.
_MOVED = (301, 302, 303, 307, 308)
_TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json"}


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class _Recording(_Shape):
    """One answer: of a provider at a url, to any question with these params, or of a page."""

    provider: str = ""
    url: str = ""
    params: dict[str, str] = Field(default_factory=dict)
    page: str = ""
    file: str = ""
    status: int = 200
    content_type: str = ""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> "_Recording":
        if bool(self.page) == bool(self.provider and self.url):
            raise ValueError("give either provider and url, or page")
        if not self.file and self.status == 200:
            raise ValueError("give the file that holds the body")
        return self


class _Index(_Shape):
    otherwise: Literal["refused", "nothing"] = "refused"
    answers: list[_Recording] = Field(default_factory=list)


class Recorded:
    """The role `Web` from a folder. A question is answered by the entry that names most of its
    params; what is not recorded raises LookupFailed, or, where the index says
    `otherwise: nothing`, is status 404 of a source and an empty page of a website.

    Raises ConfigError, with all problems, where the index or one of its files cannot be read.
    """

    def __init__(self, folder: Path, fetched_at: datetime) -> None:
        self._folder = folder
        self._fetched_at = fetched_at
        index = _read_index(folder / INDEX)
        self._otherwise = index.otherwise
        self._pages = {each.page: each for each in index.answers if each.page}
        self._answers = [each for each in index.answers if each.provider]
        problems = [
            f"{folder / INDEX}: there is no file {each.file} in this folder"
            for each in index.answers
            if each.file and not self._path(each).is_file()
        ]
        if problems:
            raise ConfigError(problems)

    def get(
        self,
        provider: str,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Answer:
        """Give the recorded answer; see `Web.get`."""
        asked = dict(params or {})
        fitting = [
            each
            for each in self._answers
            if (each.provider, each.url) == (provider, url) and each.params.items() <= asked.items()
        ]
        if fitting:
            answer = self._answer(max(fitting, key=lambda each: len(each.params)), url)
        elif self._otherwise == "nothing":
            answer = Answer(404, b"{}", url, self._fetched_at, _TYPES[".json"])
        else:
            raise LookupFailed(
                f"{provider}: not recorded: {shown(question_of(url, params))}. Add it to "
                f"{self._folder / INDEX}"
            )
        if answer.status not in (200, 404):
            raise LookupFailed(f"{provider}: it answers with status {answer.status}")
        return answer

    def page(self, url: str) -> Answer:
        """Give the recorded page; see `Web.page`."""
        recording = self._pages.get(url)
        if recording is None and self._otherwise == "nothing":
            return Answer(200, b"", url, self._fetched_at, _TYPES[".html"])
        if recording is None:
            raise LookupFailed(f"{shown(url)}: not recorded. Add it to {self._folder / INDEX}")
        if recording.status in _MOVED:
            raise Moved(f"{shown(url)}: moved or parked: it leads to another site")
        if recording.status != 200:
            raise LookupFailed(f"{shown(url)}: it answers with status {recording.status}")
        return self._answer(recording, url)

    def _answer(self, recording: _Recording, url: str) -> Answer:
        body = self._path(recording).read_bytes() if recording.file else b""
        kind = recording.content_type or _TYPES.get(Path(recording.file).suffix, "")
        return Answer(recording.status, body, url, self._fetched_at, kind)

    def _path(self, recording: _Recording) -> Path:
        return self._folder / recording.file


def _read_index(path: Path) -> _Index:
    try:
        index = read_yaml(path.read_text(encoding="utf-8"), str(path)).data
        return _Index.model_validate(index or {})
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error
    except ValidationError as error:
        problems = [
            f"{path}: {'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
            for each in error.errors()
        ]
        raise ConfigError(problems) from error
