"""Which values pass between the parts of the house?

Values of fields are kept as Salesforce's REST API writes them: text, numbers, true/false, None,
dates as `2026-06-15`, datetimes as `2026-06-15T08:00:00.000+0000` (UTC). So what is planned, shown,
journalled, sent and undone is one and the same thing, and JSON needs no translation.
"""

from sfsync.model.change import (
    ABOUT_FIELD,
    CLEANUP_CAUSE,
    ENRICH_CAUSE,
    LABEL_FIELD,
    MASTER_FIELD,
    RULE_CAUSE,
    STAMP_FIELD,
    TASK_CAUSE,
    UNDO_CAUSE,
    Action,
    Change,
    Evidence,
    FieldChange,
    Loser,
    Source,
    Stamp,
    Watch,
    key_of_new,
)
from sfsync.model.finding import Finding, OpenFinding
from sfsync.model.run import (
    CLOSED_LATER,
    JournalledChange,
    Outcome,
    OwnWrite,
    Plan,
    PreviousPass,
    Run,
    RunState,
    State,
)
from sfsync.model.turn import Turn
from sfsync.model.value import Value, from_wire, same_value, to_wire

__all__ = [
    "ABOUT_FIELD",
    "CLEANUP_CAUSE",
    "CLOSED_LATER",
    "ENRICH_CAUSE",
    "LABEL_FIELD",
    "MASTER_FIELD",
    "RULE_CAUSE",
    "STAMP_FIELD",
    "TASK_CAUSE",
    "UNDO_CAUSE",
    "Action",
    "Change",
    "Evidence",
    "FieldChange",
    "Finding",
    "JournalledChange",
    "Loser",
    "OpenFinding",
    "Outcome",
    "OwnWrite",
    "Plan",
    "PreviousPass",
    "Run",
    "RunState",
    "Source",
    "Stamp",
    "State",
    "Turn",
    "Value",
    "Watch",
    "from_wire",
    "key_of_new",
    "same_value",
    "to_wire",
]
