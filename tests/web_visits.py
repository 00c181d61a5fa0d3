"""A process that reads the pages of hostile servers, and says what its memory did.

Argument: a JSON object of the servers' ports by name. Printed is what became of each page, and by
how many bytes the process's memory rose at most.
"""

import json
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from web_server import HERE

from sfsync.enrich.http import Cache, Clock, HttpWeb, Manners, Network
from sfsync.errors import LookupFailed

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
# The seconds of the clock pass faster than ours.
FASTER = 20


def quick_clock() -> Clock:
    return Clock(
        lambda: NOW, lambda: time.monotonic() * FASTER, lambda seconds: time.sleep(seconds / FASTER)
    )


def peak_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def address_of(name: str) -> list[str]:
    return ["10.0.0.5" if name.startswith("private.") else HERE]


def read(web: HttpWeb, port: int) -> str:
    try:
        page = web.page(f"http://www.example.com:{port}/")
    except LookupFailed as error:
        return f"refused: {error}"
    return f"read: {len(page.body)}"


def main(ports: str) -> None:
    told = {}
    peak = 0
    with TemporaryDirectory() as folder:
        for number, (name, port) in enumerate({"": 0, **json.loads(ports)}.items()):
            network = Network(lambda host, _: address_of(host), frozenset({(HERE, port)}))
            cache = Cache(Path(folder) / f"{number}.db", NOW)
            with HttpWeb(cache, quick_clock(), Manners(), {}, network) as web:
                started = time.monotonic()
                if name:
                    told[name] = [read(web, port), time.monotonic() - started]
                else:
                    # What is loaded at first use is not the pages' memory.
                    read(web, port)
                    peak = peak_bytes()
            cache.close()
    json.dump({"told": told, "rose": peak_bytes() - peak}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
