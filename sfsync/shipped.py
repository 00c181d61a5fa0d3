"""Which files came with the package: the configuration, the demo org, the example of the settings?

In a wheel they lie beside the code, in a checkout beside the package, in the same folders.
"""

from collections.abc import Iterator
from pathlib import Path

CONFIG = "config"
# What is said in place of a folder: the demo org, and the one that is signed in to.
DEMO, SALESFORCE = "demo", "salesforce"
# What running it as a service takes, beside the configuration.
_SERVICE = {"deploy", "monitoring"}
EXAMPLE = ".env.example"
_SETTINGS_FILE = "sfsync.yaml"
_IN_A_WHEEL = "_shipped"


def root() -> Path | None:
    """Return the folder in which `config/` and `.env.example` are as shipped; None where they were
    left out.
    """
    package = Path(__file__).parent
    for folder in (package / _IN_A_WHEEL, package.parent):
        if (folder / CONFIG / _SETTINGS_FILE).is_file():
            return folder
    return None


def demo() -> Path | None:
    """Return the folder of the demo org; None where it was left out."""
    folder = root()
    return folder / CONFIG / DEMO if folder else None


def editable(*, with_deploy: bool) -> Iterator[tuple[str, str]]:
    """Give the files that people edit, each with its path (such as `config/sfsync.yaml`) and text,
    sorted; those for running it as a service only where they are asked for.
    """
    folder = root()
    if folder is None:
        return
    left_out = {DEMO} if with_deploy else {DEMO, *_SERVICE}
    files = [path for path in (folder / CONFIG).rglob("*") if path.is_file()]
    for path in [folder / EXAMPLE, *sorted(files)]:
        parts = path.relative_to(folder).parts
        if parts[0] == EXAMPLE or parts[1] not in left_out:
            yield "/".join(parts), path.read_text(encoding="utf-8")
