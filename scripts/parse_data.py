"""Which answers of an org does the bench of parsing read?

Seeded accounts of 20 fields, messy: companies and countries called NA, NULL or 007, line breaks,
quotes and commas in names, codes with leading zeros, fields left empty. Names are fictitious.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence

import numpy as np
from bench_data import NOW, USERS, Array, Dice, Rows, ids, rows_of, written

PAGE = 2_000
# The columns, by the names of `config/`, of which the bench makes a frame.
COLUMNS = (
    "name", "owner", "type", "industry", "number_of_employees", "annual_revenue", "website",
    "phone", "billing_street", "billing_postal_code", "billing_city", "country", "created",
    "modified", "status", "backlog_until", "backlog_count", "target_at", "customer_at",
)  # fmt: skip
_NAMES = (
    "Atelier Fictif", "NA", "NULL", "null", "None", "nan", "007", "1e5", "-", "Bœuf & Fils",
    'The "Quoted" Firm', "Line one\nLine two", "Fictive, Inc.", "株式会社架空", "Café 😀",
)  # fmt: skip
_COUNTRIES: Mapping[str | None, float] = {"FR": 40, "DE": 20, "NA": 15, "US": 10, None: 15}
_INDUSTRIES: Mapping[str | None, float] = {
    "Technology": 20, "NA": 15, "Retail": 20, "Food & Beverage": 15, None: 30,
}  # fmt: skip
_CODES: Mapping[str | None, float] = {"75001": 30, "01000": 30, "007": 10, "1E5": 5, None: 25}
_CITIES: Mapping[str | None, float] = {"Paris": 30, "Zürich": 30, "NULL": 5, None: 35}
_TYPES: Mapping[str | None, float] = {"Prospect": 60, "Customer": 20, None: 20}
_STATUSES: Mapping[str | None, float] = {"Target": 40, "Working": 20, "Backlog": 30, None: 10}


def accounts(size: int, seed: int = 1) -> Rows:
    """Make so many accounts in the form of the REST API."""
    dice = Dice(seed)
    numbers = np.arange(size).astype(str).astype(object)
    first = np.array(_NAMES, dtype=object)[dice.rng.integers(0, len(_NAMES), size)]
    now = np.full(size, np.datetime64(NOW.replace(tzinfo=None), "s"))
    money = dice.rng.random(size).round(4) * 1e7
    teams = dice.rng.integers(1, 100_000, size).astype(object)
    return rows_of(
        {
            "Id": ids("001", range(size)),
            "Name": np.where(dice.chance(size, 0.5), first, first + " " + numbers),
            "OwnerId": ids("005", range(1, USERS + 1))[dice.rng.integers(0, USERS, size)],
            "Type": dice.pick(_TYPES, size),
            "Industry": dice.pick(_INDUSTRIES, size),
            "NumberOfEmployees": np.where(dice.chance(size, 0.7), teams, None),
            "AnnualRevenue": np.where(dice.chance(size, 0.5), money.astype(object), None),
            "Website": _some(dice, "https://www.example.com/" + numbers, 0.6),
            "Phone": _some(dice, "+33 1 00 00 " + numbers, 0.7),
            "BillingStreet": _some(dice, numbers + ' rue de l\'Exemple,\nBât. "C"', 0.5),
            "BillingPostalCode": dice.pick(_CODES, size),
            "BillingCity": dice.pick(_CITIES, size),
            "BillingCountry": dice.pick(_COUNTRIES, size),
            "CreatedDate": written(dice.ago(size, 900)),
            "SystemModstamp": written(dice.ago(size, 60)),
            "Status__c": dice.pick(_STATUSES, size),
            "Backlog_Until__c": written(dice.days_from(now, -20, 700), dice.chance(size, 0.3)),
            "Backlog_Count__c": np.where(dice.chance(size, 0.2), 2.0, None),
            "Target_At__c": written(dice.ago(size, 700), dice.chance(size, 0.5)),
            "Customer_At__c": written(dice.ago(size, 700), dice.chance(size, 0.1)),
        }
    )


def _some(dice: Dice, values: Array, share: float) -> Array:
    return np.where(dice.chance(len(values), share), values, None)


def as_csv(rows: Rows) -> bytes:
    """Write records as a bulk job does: every cell quoted, instants with Z."""
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return stream.getvalue().encode()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"{text[:-5]}Z" if text.endswith(".000+0000") else text


def as_pages(rows: Rows) -> Sequence[bytes]:
    """Write records as the pages of a query, 2,000 on each."""
    return [_page(rows, first) for first in range(0, len(rows), PAGE)]


def _page(rows: Rows, first: int) -> bytes:
    url = "/services/data/v62.0"
    records = [
        {
            "attributes": {"type": "Account", "url": f"{url}/sobjects/Account/{row['Id']}"},
            **row,
        }
        for row in rows[first : first + PAGE]
    ]
    done = first + PAGE >= len(rows)
    page = {"totalSize": len(rows), "done": done, "records": records}
    if not done:
        page["nextRecordsUrl"] = f"{url}/query/01g000000000001-{first + PAGE}"
    return json.dumps(page, separators=(",", ":"), ensure_ascii=False).encode()
