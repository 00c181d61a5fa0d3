"""Which files make up the demo org, and what stands in them?"""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from io import StringIO
from pathlib import Path

from demo_data.clock import NOW
from demo_data.org import DemoOrg, Expectation, Value
from demo_data.schema import SCHEMA

README = Path(__file__).with_name("readme.md")


def cell(value: Value) -> str:
    """A value as Salesforce's Data Export writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def table(org: DemoOrg, object_name: str) -> str:
    """The CSV of one object: all cells quoted, rows sorted by Id."""
    columns = [described.name for described in SCHEMA[object_name]]
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    for record in sorted(org.records[object_name], key=lambda record: str(record["Id"])):
        writer.writerow([cell(record.get(column)) for column in columns])
    return text.getvalue()


def describe() -> str:
    """The description of all objects; one field a line keeps changes readable."""
    blocks = []
    for object_name, fields in SCHEMA.items():
        lines = ",\n".join(
            "  " + json.dumps(described.describe(), ensure_ascii=False, separators=(",", ":"))
            for described in fields
        )
        blocks.append(f" {json.dumps(object_name)}: [\n{lines}\n ]")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def expected(expectation: Expectation) -> str:
    """One line of the README's table."""
    account = expectation.account
    name = str(account["Name"]).replace("|", "\\|")
    outcome = f"`{expectation.rule}` → {expectation.to}" if expectation.rule else "stays"
    status = account.get("Status__c") or "no status"
    return f"| {name} | `{account['Id']}` | {status} | {outcome} | {expectation.why} |"


def readme(org: DemoOrg) -> str:
    """The folder's README: the words of the template, the counts and the table."""
    counts = ", ".join(
        f"{len(org.records[name]):,} {name}" for name in SCHEMA if len(org.records[name]) > 10
    )
    rows = "\n".join(expected(expectation) for expectation in org.expectations)
    moves = sum(expectation.rule is not None for expectation in org.expectations)
    template = README.read_text(encoding="utf-8")
    return (
        template.replace("{now}", cell(NOW))
        .replace("{counts}", counts)
        .replace("{moves}", str(moves))
        .replace("{rows}", rows)
    )


def files(org: DemoOrg) -> dict[str, bytes]:
    """File name to content, for every file of the folder."""
    texts = {f"{object_name}.csv": table(org, object_name) for object_name in SCHEMA}
    texts["describe.json"] = describe()
    texts["state.json"] = json.dumps({"user_id": org.users["sfsync"]}) + "\n"
    texts["README.md"] = readme(org)
    return {name: text.encode("utf-8") for name, text in sorted(texts.items())}
