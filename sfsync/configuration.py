"""Which texts does the configuration folder hold, and which of them has an org of its own?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sfsync import shipped
from sfsync.errors import ConfigError
from sfsync.rules.shape import ENRICH_FILE, INDUSTRIES_FILE, NORMALISE_FILE, SETTINGS_FILE
from sfsync.settings import PREFIX, Settings

# What a configuration folder may do without.
_OPTIONAL = (ENRICH_FILE, INDUSTRIES_FILE, NORMALISE_FILE)


@dataclass(frozen=True, slots=True)
class ConfigFolder:
    """The configuration folder and the texts in it, by the name that complaints use. Files of `own`
    take the place of those of the same name.
    """

    path: Path
    texts: Mapping[str, str]
    own: Path | None = None

    def file(self, name: str) -> Path:
        """Return where a file of the configuration is, or would be."""
        return _file_in(self.path, self.own, name)


def read_config(settings: Settings, own: Path | None = None) -> ConfigFolder:
    """Read `sfsync.yaml` and `rules/*.yaml` of the configuration folder, and, where there are any,
    `enrich.yaml`, `industries.yaml` and `normalise.yaml`.

    Those of the folder `own`, if that is given, take the place of those of the same name. The
    folder is the one named, or `config/` in it; else `config/` in the working folder; else the
    one that came with the package. Raises ConfigError where there is none, or a file is not
    readable as UTF-8.
    """
    folder = config_folder(settings)
    rules = {each.name for at in (folder, own) if at for each in (at / "rules").glob("*.yaml")}
    names = [SETTINGS_FILE, *(f"rules/{name}" for name in sorted(rules)), *_OPTIONAL]
    files = [_file_in(folder, own, name) for name in names]
    files = [each for each in files if each.name not in _OPTIONAL or each.exists()]
    texts: dict[str, str] = {}
    problems = []
    for file in files:
        try:
            texts[shown(file)] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{shown(file)}: cannot be read: {error}")
    if problems:
        raise ConfigError(problems)
    return ConfigFolder(folder, texts, own)


def _file_in(folder: Path, own: Path | None, name: str) -> Path:
    return own / name if own is not None and (own / name).exists() else folder / name


def config_folder(settings: Settings) -> Path:
    """Return the configuration folder. Raises ConfigError where there is none."""
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


def shown(file: Path) -> str:
    """Name a file as a person who is in the working folder does."""
    try:
        return str(file.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(file)
