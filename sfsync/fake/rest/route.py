"""What is a route?"""

from collections.abc import Callable
from dataclasses import dataclass

from sfsync.fake.wire import Reply

# Gets the org, the request and the values of the pattern's place holders.
Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """A resource: its methods, its path with place holders in braces, what answers it.

    `any_body`: whether the handler itself judges the type of the body.
    """

    methods: tuple[str, ...]
    pattern: str
    handler: Handler
    open_to_all: bool = False
    any_body: bool = False
