"""Where is everything: which org, which configuration, which state folder, which journal?

Settings come from the command line, then the environment (`SFSYNC_…`), then a `.env` file in the
working folder. What the rules say comes from the configuration folder.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

import sfsync
from sfsync.errors import ConfigError
from sfsync.registry import nearest
from sfsync.rules.shape import SETTINGS_FILE

PREFIX = "SFSYNC_"
ENV_FILE = ".env"


class Settings(BaseSettings):
    """Settings of one call; every one is explained in `.env.example`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, env_ignore_empty=True, extra="ignore", frozen=True
    )

    org: str = Field(
        "demo", description="demo, salesforce, or the folder or zip of a recorded org."
    )
    state_dir: Path = Field(
        Path(".sfsync"), description="Where the journal and the copies of recorded orgs are."
    )
    journal_url: str = Field(
        "", description="An SQLAlchemy URL; empty: an SQLite file in the state folder."
    )
    config: Path | None = Field(None, description="The configuration folder.")

    @property
    def journal(self) -> str:
        """The URL of the journal."""
        return self.journal_url or f"sqlite:///{(self.state_dir / 'journal.db').absolute()}"


def load_settings(**given: object) -> Settings:
    """Read the settings; what is given and not None wins over environment and `.env`.

    Raises ConfigError with all problems: values that do not fit, and names beginning with SFSYNC_
    that are none.
    """
    problems = _unknown_names()
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        problems += [
            f"{PREFIX}{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()
        ]
        raise ConfigError(problems) from error
    if problems:
        raise ConfigError(problems)
    return settings


def _unknown_names() -> list[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    places = dict.fromkeys(os.environ, "environment") | dict.fromkeys(_env_file(), ENV_FILE)
    return [
        f"{place}: there is no setting {name}{nearest(name, known)}"
        for name, place in places.items()
        if name.startswith(PREFIX) and name not in known
    ]


def _env_file() -> Mapping[str, str | None]:
    return dotenv_values(ENV_FILE) if Path(ENV_FILE).is_file() else {}


@dataclass(frozen=True, slots=True)
class ConfigFolder:
    """The configuration folder and the texts in it, by the name that complaints use."""

    path: Path
    texts: Mapping[str, str]


def read_config(settings: Settings) -> ConfigFolder:
    """Read `sfsync.yaml` and `rules/*.yaml` of the configuration folder.

    The folder is the one named; else `config/` in the working folder; else the one that came with
    the package. Raises ConfigError where there is none, or a file is not readable as UTF-8.
    """
    folder = _config_folder(settings)
    files = [folder / SETTINGS_FILE, *sorted((folder / "rules").glob("*.yaml"))]
    texts: dict[str, str] = {}
    problems = []
    for file in files:
        try:
            texts[_shown(file)] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{_shown(file)}: cannot be read: {error}")
    if problems:
        raise ConfigError(problems)
    return ConfigFolder(folder, texts)


def _config_folder(settings: Settings) -> Path:
    if settings.config is not None:
        if not (settings.config / SETTINGS_FILE).is_file():
            raise ConfigError(
                [f"{settings.config}: there is no {SETTINGS_FILE} in it (--config, {PREFIX}CONFIG)"]
            )
        return settings.config
    package = Path(sfsync.__file__).parent
    for folder in (Path("config"), package.parent / "config", package / "_config"):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    raise ConfigError([f"no configuration folder: name one with --config or {PREFIX}CONFIG"])


def _shown(file: Path) -> str:
    try:
        return str(file.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(file)
