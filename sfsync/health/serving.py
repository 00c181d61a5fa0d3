"""How do health and metrics reach who asks over HTTP?

`/healthz` answers 200 or 503 with the health as JSON, `/metrics` what Prometheus reads.
"""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from sfsync.errors import ConfigError, JournalError
from sfsync.health.state import Health
from sfsync.journal import Journal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client import CollectorRegistry

LOOPBACK = "127.0.0.1"
HEALTHZ, METRICS = "/healthz", "/metrics"
logger = logging.getLogger(__name__)


class Told(Protocol):
    """What is said of how the service fares, of one org or of several."""

    @property
    def problems(self) -> tuple[str, ...]:
        """All that is wrong."""

    def data(self) -> dict[str, Any]:
        """Return it as JSON has it."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers in a thread of its own, at `url`."""

    url: str
    server: WSGIServer
    thread: Thread

    def stop(self) -> None:
        """Answer no more."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def serve_health(
    journal: Journal, look: Callable[[bool], Health], port: int, host: str = LOOPBACK
) -> Serving:
    """Answer on a port (0: any free one), in a thread that ends with the process.

    `look` judges the service's health; it is given whether to try to write the journal. Raises
    ConfigError where the port or host cannot be had.
    """
    from sfsync.health.metrics import registry_of

    return serve_told(registry_of(journal, lambda: look(False)), look, port, host)


def serve_told(
    registry: "CollectorRegistry", look: Callable[[bool], Told], port: int, host: str = LOOPBACK
) -> Serving:
    """Answer with these metrics, and what `look` says, as `serve_health` does."""
    from prometheus_client import make_wsgi_app

    metrics = make_wsgi_app(registry)
    try:
        server = make_server(host, port, _answering(metrics, look), _Server, _Handler)
    except OSError as error:
        problem = f"health cannot be served at {host}:{port} ({error.strerror})"
        raise ConfigError([f"{problem}: name another port or host"]) from error
    thread = Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    return Serving(f"http://{host}:{server.server_port}", server, thread)


class _Server(ThreadingMixIn, WSGIServer):
    """One thread a request: a slow reader keeps nobody waiting."""

    daemon_threads = True


class _Handler(WSGIRequestHandler):
    """Tells our logs, not the standard error, who asked."""

    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug("health was asked for: %s", args[1] if len(args) > 1 else "")


def _answering(metrics: "WSGIApplication", look: Callable[[bool], Told]) -> "WSGIApplication":
    def answer(environment: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        path = environment.get("PATH_INFO", "")
        try:
            if path == METRICS:
                return metrics(environment, start)
            if path == HEALTHZ:
                health = look(True)
                status = "503 Service Unavailable" if health.problems else "200 OK"
                return _json(start, status, health.data())
        except JournalError as error:
            logger.warning("the journal cannot be read for %s: %s", path, error)
            return _json(start, "503 Service Unavailable", {"problems": [error.logged]})
        except ConfigError as error:
            # Which orgs there are is read at each request, and somebody may be editing that.
            logger.warning("the configuration is wrong, for %s: %s", path, error)
            return _json(start, "503 Service Unavailable", {"problems": list(error.problems)})
        except Exception:
            # Else the server's own words, with all values, would stand between the lines of a log.
            logger.exception("%s cannot be answered", path)
            return _json(start, "500 Internal Server Error", {"problems": ["an error in sfsync"]})
        return _json(start, "404 Not Found", {"problems": [f"ask {HEALTHZ} or {METRICS}"]})

    return answer


def _json(start: "StartResponse", status: str, data: Any) -> Iterable[bytes]:
    start(status, [("Content-Type", "application/json; charset=utf-8")])
    return [json.dumps(data, ensure_ascii=False).encode()]
