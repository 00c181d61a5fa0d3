"""Which fake org has the loop's fields and stages, and no records yet?"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from sfsync.fake import FakeOrg

CONFIG = Path(__file__).resolve().parent.parent / "config"
STAGES = (
    ("Opportunity Identified", 10),
    ("Qualified Opportunity", 20),
    ("Free Trial", 40),
    ("Closing", 50),
    ("Commit", 95),
    ("Closed Won", 100),
    ("Closed Lost", 0),
)


def empty_org(now: datetime, zone: str) -> FakeOrg:
    """Make an org with the loop's fields and stages, whose clock stands at `now`."""
    stages = [
        {
            "MasterLabel": name,
            "DefaultProbability": chance,
            "IsClosed": name.startswith("Closed"),
            "IsWon": name == "Closed Won",
        }
        for name, chance in STAGES
    ]
    return FakeOrg.standard(now, zone, _custom_fields(), stages)


@cache
def _custom_fields() -> dict[str, list[Mapping[str, object]]]:
    described = json.loads((CONFIG / "demo" / "describe.json").read_text(encoding="utf-8"))
    return {
        name: [each for each in described[name] if each["custom"] or each.get("history_tracked")]
        for name in ("Account", "Opportunity")
    }
