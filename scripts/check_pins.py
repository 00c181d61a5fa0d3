"""Is anything known against the pinned packages, and do their licences fit?

    scripts/check audit
    scripts/check licences

`audit` asks the index's list of advisories about each pin of constraints.txt. What cannot be asked
about is told; a known hole ends with 1. `licences` reads what the installed packages of
config/deploy/requirements.txt say of themselves: with a licence that reaches over to who uses the
package (GPL, AGPL and their like; LGPL and MPL do not), or with none, it ends with 1.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)
REACHING = re.compile(
    r"\b(A?GPL|SSPL|EUPL|CC-BY-SA|OSL|BUSL)\b|GNU (Affero )?General Public|Business Source", re.I
)
LESSER = re.compile(r"\bLGPL\b|Lesser General|Library General|\bMPL\b|Mozilla Public", re.I)


def audit() -> int:
    """Ask about each pin; tell, and give the exit code."""
    words = ["-m", "pip_audit", "--disable-pip", "--require-hashes", "--requirement"]
    form = ["--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    done = subprocess.run(
        [sys.executable, *words, str(ROOT / "constraints.txt"), *form],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        asked = json.loads(done.stdout)["dependencies"]
    except ValueError:
        why = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        if "requests.exceptions" in done.stderr or "ConnectionError" in done.stderr:
            return tell(f"audit: skipped, the list of advisories cannot be reached ({why[:120]})")
        return tell(f"audit: pip-audit failed: {why}", 1)
    return judged(asked)


def judged(asked: Sequence[Mapping[str, Any]]) -> int:
    """Tell what pip-audit found of each package, and give the exit code."""
    skipped = [each["name"] for each in asked if "skip_reason" in each]
    holes = [(each, hole) for each in asked for hole in each.get("vulns", ())]
    for each, hole in holes:
        mended = ", ".join(hole["fix_versions"]) or "no release yet"
        tell(f"audit: {each['name']} {each['version']}: {hole['id']}, mended by {mended}")
    if holes:
        return tell("audit: scripts/refresh-pins takes the newest versions", 1)
    if len(skipped) == len(asked):
        return tell(
            f"audit: skipped, the index that is asked here knows no advisories: nothing is known "
            f"of any of the {len(asked)} pins"
        )
    if skipped:
        tell(f"audit: nobody knows of {', '.join(skipped)}")
    return tell(f"audit: nothing is known against {len(asked) - len(skipped)} pins")


def licences() -> int:
    """Read the licences; tell, and give the exit code."""
    text = (ROOT / "config" / "deploy" / "requirements.txt").read_text(encoding="utf-8")
    found, absent = {}, []
    for name, _version, marker in PIN.findall(text):
        try:
            found[name] = licence_of(distribution(name))
        except PackageNotFoundError:
            # Of another system or Python than this one.
            absent.append(f"{name} ({marker})")
    wrong = {name: said or "none" for name, said in found.items() if not fits(said)}
    for name, said in wrong.items():
        tell(f"licences: {name}: {said}")
    if absent:
        tell(f"licences: not installed here: {', '.join(absent)}")
    if wrong:
        return tell("licences: look at these, and do without them", 1)
    kinds = Counter(found.values()).most_common(4)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds)
    return tell(f"licences: {len(found)} packages, none reaches over to who uses it ({told}, ...)")


def licence_of(package: Distribution) -> str:
    """Return what a package says of its licence, in short; empty where it says nothing."""
    data = package.metadata
    kinds = [
        each.split(" :: ")[-1] for each in data.get_all("Classifier", ()) if "License ::" in each
    ]
    kinds = [each for each in kinds if each != "OSI Approved"]
    said = (data.get("License") or "").strip().splitlines()
    return next(
        (each for each in (data.get("License-Expression"), " and ".join(kinds), *said[:1]) if each),
        "",
    )


def fits(licence: str) -> bool:
    """Tell whether a licence is known and binds only the package itself; of several that one may
    choose from (or), one that fits is enough.
    """
    choices = re.split(r"\s+or\s+", licence, flags=re.IGNORECASE)
    return bool(licence) and any(
        not _reaches(re.split(r"\s+and\s+", each, flags=re.I)) for each in choices
    )


def _reaches(parts: Iterable[str]) -> bool:
    return any(REACHING.search(LESSER.sub("", part)) for part in parts)


def tell(text: str, code: int = 0) -> int:
    """Tell a person, and give the exit code."""
    (sys.stderr if code else sys.stdout).write(f"{text}\n")
    return code


def main(arguments: Sequence[str]) -> int:
    """Carry out the check that is named."""
    return {"audit": audit, "licences": licences}[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
