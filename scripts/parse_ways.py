"""In which ways do the org's answers become frames?

The product's own functions, as a pass calls them, and what other scripts do: pyarrow alone, pandas,
csv.DictReader, simple-salesforce, orjson.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import requests
from bench_data import USERS, ids
from bench_rules import policy_of_config
from parse_data import COLUMNS
from requests.adapters import BaseAdapter
from simple_salesforce.api import Salesforce

from sfsync.extract.frames import frames_of
from sfsync.org.client import API_VERSION
from sfsync.org.decode import DecodingSalesforce
from sfsync.org.line import Line
from sfsync.org.text import from_csv, from_rows
from sfsync.org.wire import Wire
from sfsync.policy import Policy
from sfsync.typed import ID, arrow_type, typed

HOST = "bench.my.salesforce.com"
SOQL = "SELECT Id FROM Account"
CSV, PAGES = "Bulk CSV", "JSON pages"
OURS = "product"
BARE, READER, PANDAS = "bare pyarrow.csv", "csv.DictReader", "pandas, dtypes given"
DEFAULT, PLAIN, BY_PAGE = "simple-salesforce", "orjson, all records", "orjson, page by page"
Way = Callable[["Answers"], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the org answers: one CSV, or pages one after the other."""

    csv: bytes
    pages: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Shape:
    """Which fields there are, by the policy's names for them."""

    policy: Policy

    @property
    def fields(self) -> Mapping[str, str]:
        """The API's names by ours, `Id` first."""
        specs = self.policy.objects["Account"]
        return {ID: ID} | {name: specs[name].field for name in COLUMNS}

    @property
    def kinds(self) -> Mapping[str, str]:
        """The type of each column."""
        return {name: self.policy.objects["Account"][name].type for name in COLUMNS}

    @property
    def kinds_of_fields(self) -> Mapping[str, str]:
        """The types by the API's names, of what the org describes so, too."""
        sure = {"number", "date", "instant"}
        return {self.fields[name]: kind for name, kind in self.kinds.items() if kind in sure}

    @property
    def instants(self) -> list[str]:
        """The API's names of the fields of type datetime."""
        return [self.fields[name] for name, kind in self.kinds.items() if kind == "instant"]


SHAPE = Shape(policy_of_config())


class Played(BaseAdapter):
    """Answers any request with the next page, from memory."""

    def __init__(self, pages: Sequence[bytes]) -> None:
        super().__init__()
        self.pages = iter(pages)

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:  # type: ignore[override]
        """Answer."""
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = 200, request, str(request.url)
        answer.raw = io.BytesIO(next(self.pages))
        return answer

    def close(self) -> None:
        """Nothing is open."""


def session_of(answers: Answers) -> requests.Session:
    """Give a session in which the org answers."""
    session = requests.Session()
    session.mount("https://", Played(answers.pages))
    return session


def _framed(pieces: Sequence[pa.Table]) -> pd.DataFrame:
    fields = SHAPE.fields
    tables = []
    for text in pieces:
        ours = pa.table({name: text[field] for name, field in fields.items()})
        table, misfits = typed(ours, SHAPE.kinds)
        if misfits:
            raise SystemExit(f"values do not fit their type: {misfits[:3]}")
        tables.append(table)
    users = pa.table({ID: pa.array(ids("005", range(1, USERS + 1)), pa.string())})
    found = frames_of({"User": (users,), "Account": tuple(tables)}, SHAPE.policy)
    return found["Account"]


def product_csv(answers: Answers) -> pd.DataFrame:
    """As a pass does."""
    fields, kinds = list(SHAPE.fields.values()), SHAPE.kinds_of_fields
    return _framed([from_csv(answers.csv, fields, SHAPE.instants, kinds)])


def bare_pyarrow(answers: Answers) -> pd.DataFrame:
    """Give each column its type, and nothing else."""
    types = {SHAPE.fields[name]: arrow_type(kind) for name, kind in SHAPE.kinds.items()}
    types |= dict.fromkeys(SHAPE.instants, pa.timestamp("ms", "UTC"))
    table = pa.csv.read_csv(
        pa.BufferReader(answers.csv),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types={ID: pa.string(), **types}, null_values=[""], strings_can_be_null=True
        ),
    )
    return table.to_pandas(date_as_object=False)


def dict_reader(answers: Answers) -> pd.DataFrame:
    """As scripts with simple-salesforce do; all values stay text."""
    return pd.DataFrame(list(csv.DictReader(io.StringIO(answers.csv.decode()))))


def pandas_csv(answers: Answers) -> pd.DataFrame:
    """Give pandas the types, and tell it that NA is a word."""
    numbers = {SHAPE.fields[name] for name, kind in SHAPE.kinds.items() if kind == "number"}
    days = [SHAPE.fields[name] for name, kind in SHAPE.kinds.items() if kind == "date"]
    rest = set(SHAPE.fields.values()) - numbers - set(days) - set(SHAPE.instants)
    return pd.read_csv(
        io.BytesIO(answers.csv),
        dtype=dict.fromkeys(rest, "str") | dict.fromkeys(numbers, "float64"),
        keep_default_na=False,
        na_values=[""],
        parse_dates=[*days, *SHAPE.instants],
    )


def product_pages(answers: Answers) -> pd.DataFrame:
    """As a pass does."""
    line = Line(session_of(answers))
    client = DecodingSalesforce(
        session_id="bench",
        instance=HOST,
        version=API_VERSION,
        session=line,
        object_pairs_hook=dict,
    )
    wire = Wire(client, line, lambda _: None)
    pages = wire.pages(SOQL, "reading Account", archived=False)
    fields, kinds = list(SHAPE.fields.values()), SHAPE.kinds_of_fields
    return _framed([from_rows(page["records"], fields, kinds) for page in pages])


def simple_salesforce(answers: Answers) -> pd.DataFrame:
    """Ask for all records; a frame of them, untyped."""
    client = Salesforce(session_id="bench", instance=HOST, session=session_of(answers))
    return pd.DataFrame(client.query_all(SOQL)["records"]).drop(columns="attributes")


def orjson_all(answers: Answers) -> pd.DataFrame:
    """Hold all records, then make a frame of them, untyped."""
    records = [each for page in answers.pages for each in orjson.loads(page)["records"]]
    return pd.DataFrame(records).drop(columns="attributes")


def orjson_by_page(answers: Answers) -> pd.DataFrame:
    """Make a frame of each page, untyped, and put them together."""
    frames = [pd.DataFrame(orjson.loads(page)["records"]) for page in answers.pages]
    return pd.concat(frames).drop(columns="attributes")


WAYS: Mapping[str, Mapping[str, Way]] = {
    CSV: {OURS: product_csv, BARE: bare_pyarrow, PANDAS: pandas_csv, READER: dict_reader},
    PAGES: {
        OURS: product_pages,
        DEFAULT: simple_salesforce,
        PLAIN: orjson_all,
        BY_PAGE: orjson_by_page,
    },
}
