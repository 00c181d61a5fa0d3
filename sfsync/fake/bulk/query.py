"""Which statements does a query job take, and what is in its files?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sfsync.fake.bulk.jobs import FAILED, JOB_COMPLETE, QueryJob, early_end, end_early
from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.rest.query import calendar_of
from sfsync.fake.schema import NUMERIC_TYPES, Field
from sfsync.fake.soql.aggregate import is_aggregate
from sfsync.fake.soql.columns import Column, Scope
from sfsync.fake.soql.grammar import parse
from sfsync.fake.soql.run import Runner
from sfsync.fake.soql.syntax import FieldsOf, Path, Query, Selected
from sfsync.fake.state import OrgState
from sfsync.fake.store import Store
from sfsync.fake.values import Row, Value
from sfsync.fake.wire import Request

_MAX_STATEMENT = 100_000
_COMPOUND = frozenset({"address", "location"})
# Some of the objects of which the platform says that no query job reads them.
_NOT_IN_BULK = frozenset({"CaseStatus", "ContractStatus", "TaskPriority", "TaskStatus"})


def check(state: OrgState, user_id: str, statement: str) -> str:
    """Return the object that a statement asks about; raises ApiError where no job takes it."""
    if len(statement) > _MAX_STATEMENT:
        raise refuse_request(
            400, "QUERY_TOO_COMPLICATED", f"SOQL statement is over {_MAX_STATEMENT:,} characters"
        )
    query = parse(statement)
    found = _Asked(state, user_id, statement, query)
    found.check()
    return found.owner_name


def carry_out(state: OrgState, job: QueryJob) -> None:
    """Read the records of a job as they are now and let it end: JobComplete or Failed."""
    end = early_end(state, job)
    if end is not None:
        end_early(state, job, end)
        return
    try:
        query = parse(job.statement)
        asked = _Asked(state, job.user_id, job.statement, query)
        columns = asked.columns()
        rows = asked.rows(all_rows=job.operation == "queryAll")
    except ApiError as refusal:
        job.error = str(refusal)
        job.move(FAILED, state.clock.now())
        return
    (job.header_line,) = job.dialect.lines([[_heading(each) for each in columns]])
    cells = [_cells(column, rows) for column in columns]
    job.lines = job.dialect.lines(zip(*cells, strict=True))
    job.move(JOB_COMPLETE, state.clock.now())


@dataclass(frozen=True, slots=True)
class _Asked:
    state: OrgState
    user_id: str
    statement: str
    query: Query

    @property
    def owner_name(self) -> str:
        return self.state.store.existing(self.query.object_name).name

    def check(self) -> None:
        _check_clauses(self.query)
        # The platform judges a statement at once and reads later: an org without records judges.
        self._runner(Store(self.state.store.schema), all_rows=False).run(self.query)
        if self.owner_name in _NOT_IN_BULK:
            raise refuse_request(
                400,
                "INVALIDENTITY",
                f"Entity '{self.owner_name}' is not supported by the Bulk API.",
            )
        for column in self.columns():
            if column.field.type in _COMPOUND:
                raise _not_in_bulk("Selecting compound data")

    def columns(self) -> list[Column]:
        owner = self.state.store.existing(self.query.object_name)
        scope = Scope(self.state.store, self.statement, owner, self.query.alias)
        found: list[Column] = []
        for item in self.query.select:
            if isinstance(item, Selected):
                found.append(scope.plain_column(item.expression))
            elif isinstance(item, FieldsOf):
                names = [each.name for each in owner.visible() if not each.custom]
                found += [scope.column(Path((name,), item.at)) for name in names]
        return found

    def rows(self, *, all_rows: bool) -> list[Row]:
        answer = self._runner(self.state.store, all_rows=all_rows).run(self.query)
        kept = self.state.store.table(self.owner_name).rows
        return [kept[each] for each in answer.record_ids]

    def _runner(self, store: Store, *, all_rows: bool) -> Runner:
        calendar = calendar_of(self.state, Request("GET", "", {}, user_id=self.user_id))
        return Runner(store, self.statement, calendar, all_rows, _no_children)


def _no_children(*_given: object) -> object:
    return None


def _check_clauses(query: Query) -> None:
    if is_aggregate(query):
        raise _not_in_bulk("Aggregate functions and GROUP BY")
    if query.offset or query.offset_at:
        raise _not_in_bulk("OFFSET")
    if any(isinstance(each, Query) for each in query.select):
        raise _not_in_bulk("Aggregate Relationships")
    if any(isinstance(each, FieldsOf) and each.which != "STANDARD" for each in query.select):
        raise _not_in_bulk("FIELDS(ALL) and FIELDS(CUSTOM)")


def _not_in_bulk(text: str) -> ApiError:
    return refuse_request(400, "API_ERROR", f"{text} not supported in Bulk Query")


def _heading(column: Column) -> str:
    return ".".join([*(step.name for step in column.steps), column.field.name])


def _cells(column: Column, rows: Sequence[Row]) -> list[object]:
    name, get, write = column.field.name, column.get, _writer(column.field)
    # A file has millions of cells, most of them own fields, and each call counts.
    is_own = not column.steps and column.field.type != "boolean"
    values = [row.get(name) for row in rows] if is_own else [get(row) for row in rows]
    return list(values) if write is None else [None if v is None else write(v) for v in values]


def _writer(field: Field) -> Callable[[Value], str] | None:
    if field.type == "boolean":
        return lambda value: "true" if value else "false"
    if field.type == "datetime":
        # Kept as 2026-02-03T10:11:12.000+0000; the zone of a file is written Z.
        return lambda value: str(value)[:-5] + "Z"
    if field.type in NUMERIC_TYPES or field.type == "anyType":
        return lambda value: str(value).lower() if isinstance(value, bool) else str(value)
    return None
