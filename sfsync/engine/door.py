"""Does a Dask scheduler answer at an address?"""

import re
import socket
from contextlib import ExitStack

from distributed.security import Security

from sfsync.errors import ConfigError

_ADDRESS = re.compile(r"(tcp|tls)://([^\s/]+):(\d{1,5})")
_LAST_PORT = 65_535
_LENGTH_BYTES, _LONG_GREETING = 8, 1 << 20
_NO_ADDRESS = (
    "--scheduler {scheduler}: no address of a Dask scheduler (SFSYNC_DASK_SCHEDULER): write it as"
    " tcp://10.0.0.5:8786, or tls:// where its connections are closed to others"
)
_NO_CERTIFICATE = (
    "--scheduler {scheduler}: for tls:// Dask needs certificates: name them in its configuration"
    " (distributed.comm.tls), or by DASK_DISTRIBUTED__COMM__TLS__CA_FILE,"
    " DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"
)


def check_address(scheduler: str) -> None:
    """Raise ConfigError where a text is no address of a Dask scheduler."""
    if not _is_address(scheduler):
        raise ConfigError([_NO_ADDRESS.format(scheduler=scheduler)])


def knock(scheduler: str, seconds: float) -> None:
    """Connect to the scheduler at an address, and leave again. Raises OSError where none answers in
    so many seconds, ConfigError where certificates are missing.

    A client of Dask's that failed to connect is left half made, and may block another one; one that
    meets something else waits for ever.
    """
    way, _, place = scheduler.partition("://")
    context = None
    if way == "tls":
        context = Security().get_connection_args("client").get("ssl_context")
        if context is None:
            raise ConfigError([_NO_CERTIFICATE.format(scheduler=scheduler)])
    host, _, port = place.rpartition(":")
    address = (host.strip("[]"), int(port))
    with socket.create_connection(address, seconds) as plain, ExitStack() as opened:
        stream = opened.enter_context(context.wrap_socket(plain)) if context else plain
        is_dask = _greets_as_dask(stream)
    if not is_dask:
        raise OSError("what answers there is something else")


def _greets_as_dask(stream: socket.socket) -> bool:
    """Tell whether who was connected to greets as Dask's processes do: at once, with the length of
    what follows, eight bytes, the lowest first.
    """
    head = b""
    while len(head) < _LENGTH_BYTES and (more := stream.recv(_LENGTH_BYTES - len(head))):
        head += more
    return len(head) == _LENGTH_BYTES and int.from_bytes(head, "little") < _LONG_GREETING


def _is_address(scheduler: str) -> bool:
    found = _ADDRESS.fullmatch(scheduler)
    if found is None or int(found[3]) > _LAST_PORT:
        return False
    try:
        found[2].encode("idna")
    except UnicodeError:
        # The name of no host: a part of it is empty, or too long.
        return False
    return True
