"""Do all machines of a cluster run the same code, so that they give the same plan?"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from distributed import Client
from distributed.versions import get_versions

PACKAGES = ("sfsync", "pandas", "numpy", "pyarrow", "distributed")
NONE = "none"


@cache
def versions_here() -> Mapping[str, str]:
    """Return the versions of Python and of the packages that make a plan, in this process."""
    return _told(get_versions(list(PACKAGES)))


def other_versions(client: Client) -> Iterator[str]:
    """Yield a line for each machine of a cluster that runs other versions than this process."""
    there = cast(Mapping[str, Any], client.get_versions(packages=list(PACKAGES)))
    machines = {"the scheduler": there["scheduler"]}
    machines |= {f"the worker {address}": told for address, told in there["workers"].items()}
    for name, told in machines.items():
        yield from differing(name, _told(told), versions_here())


def differing(machine: str, there: Mapping[str, str], here: Mapping[str, str]) -> Iterator[str]:
    """Yield the line that tells in what a machine differs from the one that asks, if it does."""
    others = [
        f"{name} {there[name]} (here {version})"
        for name, version in here.items()
        if there[name] != version
    ]
    if others:
        yield (
            f"--engine dask: {machine} has {', '.join(others)}: the plan could differ. Give all"
            " machines the same versions"
        )


def _told(versions: Mapping[str, Any] | None) -> Mapping[str, str]:
    packages = (versions or {}).get("packages", {})
    told = {name: str(packages.get(name) or NONE) for name in PACKAGES}
    # A patch of Python changes no result and no pickle.
    python = str(packages.get("python") or NONE)
    return {"Python": ".".join(python.split(".")[:2]), **told}
