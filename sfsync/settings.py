"""Where is everything: which org and sign-in, which configuration, state folder, journal?

Settings come from the command line, then the environment (`SFSYNC_…`, and `SALESFORCE_…` for
signing in), then a `.env` file in the working folder. Of a secret, `NAME_FILE` may name the file
that holds it. What the rules say comes from the configuration folder.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from dotenv import dotenv_values
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sfsync import shipped
from sfsync.complaint import complaint
from sfsync.errors import ConfigError
from sfsync.registry import nearest
from sfsync.rules.shape import ENRICH_FILE, INDUSTRIES_FILE, NORMALISE_FILE, SETTINGS_FILE

PREFIX = "SFSYNC_"
# What a configuration folder may do without.
_OPTIONAL = (ENRICH_FILE, INDUSTRIES_FILE, NORMALISE_FILE)
SALESFORCE_PREFIX = "SALESFORCE_"
ENV_FILE = ".env"
# What other tools sign in with, and this one on purpose does not.
_PASSWORDS = ("SALESFORCE_PASSWORD", "SALESFORCE_SECURITY_TOKEN", "SALESFORCE_TOKEN")


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
        "",
        repr=False,
        description="An SQLAlchemy URL; empty: an SQLite file in the state folder.",
    )
    journal_url_file: Path | None = Field(None, description="A file that holds that URL.")
    takeover_seconds: float = Field(
        15, ge=0, description="How long who takes over waits for what a dead run had sent."
    )
    config: Path | None = Field(None, description="The configuration folder.")
    log_format: Literal["text", "json"] = Field(
        "text", description="How the standard error tells what happens."
    )
    service: str = Field(
        "",
        max_length=200,
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$",
        description="The name of the schedule in the journal; empty: after the org.",
    )
    engine: Literal["here", "dask"] = Field(
        "here", description="Where the partitions of a large org are judged."
    )
    dask_scheduler: str = Field(
        "", description="The address of a Dask scheduler; empty: a cluster of this machine's own."
    )
    dask_workers: int | None = Field(
        None, ge=1, description="So many processes of this machine; None: one a processor."
    )
    store_url: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9+.-]*://.*[^/])?$",
        description="Where stores are, for all workers to see; empty: in the state folder.",
    )
    read_only: bool = Field(False, description="Make every write to the org impossible.")
    smtp_host: str = Field("", description="The mail server; empty: mails go to files.")
    smtp_port: int | None = Field(None, ge=1, le=65535, description="None: as the security says.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the way to the mail server is closed to others."
    )
    smtp_user: str = Field("", description="The user to sign in as; empty: without signing in.")
    smtp_password: str = Field("", repr=False, description="The user's password.")
    smtp_password_file: Path | None = Field(None, description="A file that holds the password.")
    smtp_timeout: float = Field(30, gt=0, description="Seconds to wait for the mail server.")
    mail_from: str = Field("", description="From whom mails come: an address, or NAME <address>.")
    mail_reply_to: str = Field("", description="Whom an answer reaches; empty: the sender.")
    mail_per_minute: float = Field(30, gt=0, description="At most so many mails a minute.")
    admin_email: str = Field("", description="Who gets what nobody else would get.")
    enrich_contact: str = Field("", description="How those who run public sources reach you.")
    enrich_answers: Path | None = Field(
        None, description="A folder of recorded answers that stands in for public sources."
    )
    insee_key: str = Field("", repr=False, description="The key of Insee's API Sirene.")
    insee_key_file: Path | None = Field(None, description="A file that holds that key.")
    companies_house_key: str = Field("", repr=False, description="The key of Companies House.")
    companies_house_key_file: Path | None = Field(None, description="A file that holds that key.")

    @property
    def journal(self) -> str:
        """The URL of the journal."""
        return self.journal_url or f"sqlite:///{(self.state_dir / 'journal.db').absolute()}"


class SalesforceSettings(BaseSettings):
    """What is set for signing in to a real org; `docs/connect.md` tells which ways there are.

    As loaded, `private_key`, `client_secret` and `access_token` are the secrets themselves, also
    where a file was named.
    """

    model_config = SettingsConfigDict(
        env_prefix=SALESFORCE_PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    login_url: str = Field("", description="Where to sign in: https and the org's My Domain.")
    client_id: str = Field("", description="The consumer key of the app.")
    username: str = Field("", description="The user to sign in as.")
    private_key: str = Field("", repr=False, description="The app's private key, in PEM form.")
    private_key_file: Path | None = Field(None, description="The file of the private key.")
    client_secret: str = Field("", repr=False, description="The consumer secret of the app.")
    client_secret_file: Path | None = Field(None, description="A file that holds the secret.")
    instance_url: str = Field("", description="The org's address, for an existing token.")
    access_token: str = Field("", repr=False, description="An existing token.")
    access_token_file: Path | None = Field(None, description="A file that holds the token.")
    sf_alias: str = Field("", description="An org that the sf command line is signed in to.")
    api_version: str = Field("62.0", description="The version of the API to speak.")


S = TypeVar("S", Settings, SalesforceSettings)


def load_settings(**given: object) -> Settings:
    """Read the settings; what is given and not None wins over environment and `.env`.

    Raises ConfigError with all problems: values that do not fit, secrets that cannot be read, and
    names beginning with SFSYNC_ that are none.
    """
    return _load(
        Settings, PREFIX, {name: value for name, value in given.items() if value is not None}
    )


def log_format() -> str:
    """Return in which form logs are wanted, before the settings are read as a whole: a value that
    is none is complained of then.
    """
    name = f"{PREFIX}LOG_FORMAT"
    wanted = os.environ.get(name) or _env_file().get(name)
    return wanted if wanted == "json" else "text"


def load_salesforce() -> SalesforceSettings:
    """Read what is set for signing in, secrets from their files.

    Raises ConfigError with all problems: secrets given twice or that cannot be read, and names
    beginning with SALESFORCE_ that are none.
    """
    return _load(SalesforceSettings, SALESFORCE_PREFIX, {})


def _load(kind: type[S], prefix: str, given: Mapping[str, Any]) -> S:
    problems = _unknown_names(kind, prefix)
    try:
        settings = kind(**given)
    except ValidationError as error:
        # The error itself would show secrets, too, which any text fits.
        problems += [
            f"{prefix}{str(each['loc'][0]).upper()}: {complaint(each)}" for each in error.errors()
        ]
        settings = None
    secrets = {} if settings is None else _secrets(settings, prefix, problems)
    if settings is None or problems:
        raise ConfigError(problems)
    return settings.model_copy(update=secrets)


def _secrets(
    settings: Settings | SalesforceSettings, prefix: str, problems: list[str]
) -> dict[str, str]:
    """Read the files that hold secrets, by the name of the secret; tell what stands against it."""
    found = {}
    for field in type(settings).model_fields:
        name = field.removesuffix("_file")
        path = getattr(settings, field)
        if name == field or path is None:
            continue
        if getattr(settings, name):
            both = f"{prefix}{name.upper()}", f"{prefix}{field.upper()}"
            problems.append(f"{both[0]} and {both[1]} are both set: keep one of them")
            continue
        try:
            found[name] = path.expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text in UTF-8"
            problems.append(f"{prefix}{field.upper()}: {path} cannot be read: {why}")
            continue
        if not found[name]:
            problems.append(f"{prefix}{field.upper()}: {path} is empty")
    return found


def secret_files(settings: Settings | SalesforceSettings) -> list[Path]:
    """Name the files that hold secrets: those that are set, and `.env` where one is in it."""
    fields = type(settings).model_fields
    values = (getattr(settings, name) for name in fields if name.endswith("_file"))
    found = [path.expanduser() for path in values if path is not None]
    prefix = settings.model_config["env_prefix"]
    secret = {f"{prefix}{name.upper()}" for name, info in fields.items() if not info.repr}
    if any(value for name, value in _env_file().items() if name in secret):
        found.append(Path(ENV_FILE))
    return found


def _unknown_names(kind: type[BaseSettings], prefix: str) -> list[str]:
    known = {f"{prefix}{name.upper()}" for name in kind.model_fields}
    places = dict.fromkeys(os.environ, "environment") | dict.fromkeys(_env_file(), ENV_FILE)
    return [
        f"{place}: there is no setting {name}{_instead(name, known)}"
        for name, place in places.items()
        if name.startswith(prefix) and name not in known
    ]


def _instead(name: str, known: Iterable[str]) -> str:
    if name in _PASSWORDS:
        return ": passwords are not used to sign in; docs/connect.md tells why, and how instead"
    return nearest(name, known)


def _env_file() -> Mapping[str, str | None]:
    return dotenv_values(ENV_FILE) if Path(ENV_FILE).is_file() else {}


@dataclass(frozen=True, slots=True)
class ConfigFolder:
    """The configuration folder and the texts in it, by the name that complaints use."""

    path: Path
    texts: Mapping[str, str]


def read_config(settings: Settings) -> ConfigFolder:
    """Read `sfsync.yaml` and `rules/*.yaml` of the configuration folder, and, where there are any,
    `enrich.yaml`, `industries.yaml` and `normalise.yaml`.

    The folder is the one named, or `config/` in it; else `config/` in the working folder; else the
    one that came with the package. Raises ConfigError where there is none, or a file is not
    readable as UTF-8.
    """
    folder = _config_folder(settings)
    files = [folder / SETTINGS_FILE, *sorted((folder / "rules").glob("*.yaml"))]
    files += [folder / name for name in _OPTIONAL if (folder / name).exists()]
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
        for folder in (settings.config, settings.config / shipped.CONFIG):
            if (folder / SETTINGS_FILE).is_file():
                return folder
        raise ConfigError(
            [f"{settings.config}: there is no {SETTINGS_FILE} in it (--config, {PREFIX}CONFIG)"]
        )
    for root in (Path(), shipped.root()):
        if root is not None and (root / shipped.CONFIG / SETTINGS_FILE).is_file():
            return root / shipped.CONFIG
    raise ConfigError([f"no configuration folder: name one with --config or {PREFIX}CONFIG"])


def _shown(file: Path) -> str:
    try:
        return str(file.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(file)
