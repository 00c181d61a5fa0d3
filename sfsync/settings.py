"""Where is everything: which org and sign-in, which configuration, state folder, journal?

Settings come from the command line, then the environment (`SFSYNC_…`, and `SALESFORCE_…` for
signing in), then a `.env` file in the working folder. Of a secret, `NAME_FILE` may name the file
that holds it. What the rules say comes from the configuration folder (`configuration.py`).
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from dotenv import dotenv_values
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from sfsync.complaint import complaint
from sfsync.errors import ConfigError
from sfsync.registry import nearest

PREFIX = "SFSYNC_"
SALESFORCE_PREFIX = "SALESFORCE_"
ENV_FILE = ".env"
# What other tools sign in with, and this one on purpose does not.
_PASSWORDS = ("SALESFORCE_PASSWORD", "SALESFORCE_SECURITY_TOKEN", "SALESFORCE_TOKEN")


# By the setting, and by the library's word for what is wrong: what is to be written.
_LOOKS = {
    "store_url": "a URL without a slash at its end, such as s3://bucket/folder",
    "service": "letters, digits and . _ -, 200 at most, the first one a letter or digit",
}
_KINDS = {
    "string_type": "a text, in quotes if need be",
    "bool_type": "true or false",
    "path_type": "the name of a file or folder",
    "float_type": "a number",
}


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
        15,
        ge=0,
        description="How long who takes over waits for what a dead run had sent.",
    )
    config: Path | None = Field(None, description="The configuration folder.")
    log_format: Literal["text", "json"] = Field(
        "text", description="How the standard error tells what happens."
    )
    at_once: int = Field(
        2, ge=1, le=100, description="Jobs of different orgs that a scheduler has at work at once."
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

    @property
    def lock_of_runs(self) -> str:
        """The name of the lock of the runs, among those of its journal."""
        return "run"

    @property
    def name_in_mails(self) -> str:
        """The name by which mails to the admin tell the org; empty where it is the only one."""
        return ""


class OrgSettings(Settings):
    """Settings of an org that has a file of its own; `service` is the org's name."""

    @property
    def lock_of_runs(self) -> str:
        """The name of the lock of the runs: orgs of one journal do not wait for each other."""
        return f"run {self.service}"

    @property
    def name_in_mails(self) -> str:
        """The name by which mails to the admin tell the org."""
        return self.service


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
    return load(Settings, {name: value for name, value in given.items() if value is not None})


def log_format() -> str:
    """Return in which form logs are wanted, before the settings are read as a whole: a value that
    is none is complained of then.
    """
    name = f"{PREFIX}LOG_FORMAT"
    return "json" if variable(name) == "json" else "text"


def load_salesforce() -> SalesforceSettings:
    """Read what is set for signing in, secrets from their files.

    Raises ConfigError with all problems: secrets given twice or that cannot be read, and names
    beginning with SALESFORCE_ that are none.
    """
    return load(SalesforceSettings, {})


def load(kind: type[S], given: Mapping[str, Any], places: Mapping[str, str] | None = None) -> S:
    """Read settings of one kind; what is given wins over environment and `.env`. `places` says
    where what is given stands, by the setting's name. Raises ConfigError as `load_settings` does.
    """
    prefix = str(kind.model_config["env_prefix"])
    told = {name: f"{prefix}{name.upper()}" for name in kind.model_fields} | dict(places or {})
    problems = _unknown_names(kind, prefix)
    try:
        settings = kind(**given)
    except ValidationError as error:
        # The error itself would show secrets, too, which any text fits.
        problems += [f"{told[str(each['loc'][0])]}: {_complaint(each)}" for each in error.errors()]
        settings = None
    secrets = {} if settings is None else _secrets(settings, told, problems)
    if settings is None or problems:
        raise ConfigError(problems)
    return settings.model_copy(update=secrets)


def _complaint(error: ErrorDetails) -> str:
    """Say what is wrong with a value; how it is to look, where that takes an example."""
    wanted = _LOOKS.get(str(error["loc"][0])) or _KINDS.get(error["type"])
    return complaint(error) if wanted is None else f'"{error["input"]}" will not do: write {wanted}'


def _secrets(
    settings: Settings | SalesforceSettings, told: Mapping[str, str], problems: list[str]
) -> dict[str, str]:
    """Read the files that hold secrets, by the name of the secret; tell what stands against it."""
    found = {}
    for field in type(settings).model_fields:
        name = field.removesuffix("_file")
        path = getattr(settings, field)
        if name == field or path is None:
            continue
        if getattr(settings, name):
            problems.append(f"{told[name]} and {told[field]} are both set: keep one of them")
            continue
        try:
            found[name] = path.expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text in UTF-8"
            problems.append(f"{told[field]}: {path} cannot be read: {why}")
            continue
        if not found[name]:
            problems.append(f"{told[field]}: {path} is empty")
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


def variable(name: str) -> str:
    """Return what the environment, or else `.env`, has under a name; nothing where neither does."""
    return os.environ.get(name) or _env_file().get(name) or ""


def _env_file() -> Mapping[str, str | None]:
    return dotenv_values(ENV_FILE) if Path(ENV_FILE).is_file() else {}
