"""Does `config/enrich.yaml` name only providers that there are?"""

from collections.abc import Mapping

from sfsync.enrich.provider import PROVIDERS, Provider
from sfsync.errors import ConfigError
from sfsync.lines import Path, read_yaml
from sfsync.registry import nearest


def check_providers(text: str, name: str, providers: Mapping[str, Provider] = PROVIDERS) -> None:
    """Check a file that was read well before; `name` is what complaints call it.

    Raises ConfigError with all problems, each with its line and the nearest name.
    """
    document = read_yaml(text, name)
    lists: dict[Path, list[str]] = {("providers",): document.data["providers"]}
    for group, names in (document.data.get("precedence") or {}).items():
        lists["precedence", group] = names
    problems = [
        f'{document.place((*path, place))}: no provider is called "{each}"'
        f"{nearest(each, providers)}"
        for path, names in lists.items()
        for place, each in enumerate(names)
        if each not in providers
    ]
    problems += [
        f'{document.place((*path, place))}: "{each}" is named twice'
        for path, names in lists.items()
        for place, each in enumerate(names)
        if each in names[:place]
    ]
    if problems:
        raise ConfigError(problems)
