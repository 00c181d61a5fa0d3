"""How does sfsync present itself to others, and whose websites may it read?"""

import re
from dataclasses import dataclass

from sfsync import __version__
from sfsync.errors import ConfigError

# What a robots.txt calls us.
TOKEN = "sfsync"
_CONTACT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Manners:
    """The settings of a team for its way about the web.

    `contact`: how whoever runs a source reaches the team, such as
    `sales-ops@example.com; +https://example.com`; it goes into the user agent. `websites`: whether
    companies' websites are read at all. `only_hosts`: where not empty, they are read at these hosts
    and below them alone. Raises ConfigError where the contact cannot stand in a header.
    """

    contact: str = ""
    websites: bool = True
    only_hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.contact and not (_CONTACT.fullmatch(self.contact) and self.contact.count("(") == 0):
            raise ConfigError(
                [
                    "the contact for public sources must be one line of at most 200 ASCII "
                    "characters without brackets, such as sales-ops@example.com"
                ]
            )

    @property
    def user_agent(self) -> str:
        """The header by which others know who asks."""
        return f"{TOKEN}/{__version__}" + (f" ({self.contact})" if self.contact else "")

    def may_visit(self, host: str) -> bool:
        """Say whether a website at that host may be read."""
        hosts = self.only_hosts
        return not hosts or any(host == each or host.endswith(f".{each}") for each in hosts)
