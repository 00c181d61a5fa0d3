"""Is the demo org in config/demo what the generator makes, and if not, how is it written anew?

    python scripts/make_demo.py [--out DIR] [--check]

Exit codes: 0 written, or current; 1 with --check when a file differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from demo_data.build import build
from demo_data.folder import files

DEFAULT = Path(__file__).resolve().parent.parent / "config" / "demo"


def differing(folder: Path, wanted: dict[str, bytes]) -> list[str]:
    """The names of files that are missing, differ or do not belong into the folder; sorted."""
    found = {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}
    return sorted(
        name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the folder; gives the exit code."""
    parser = argparse.ArgumentParser(description="Write the demo org, or check that it is current.")
    parser.add_argument("--out", type=Path, default=DEFAULT, help="folder to write or check")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file differs"
    )
    options = parser.parse_args(arguments)
    wanted = files(build())
    if options.check:
        different = differing(options.out, wanted)
        for name in different:
            sys.stderr.write(f"{options.out / name}: differs; run python scripts/make_demo.py\n")
        return 1 if different else 0
    options.out.mkdir(parents=True, exist_ok=True)
    for name, content in wanted.items():
        (options.out / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
