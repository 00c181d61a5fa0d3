"""How do records of the org become one typed table?"""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from sfsync.extract.wanted import Wanted
from sfsync.org import OrgReader
from sfsync.store.order import in_order
from sfsync.typed import ID, Misfit, arrow_type, typed

DELETED = "IsDeleted"
_UNFIT_SHOWN = 3


def read_records(
    org: OrgReader,
    each: Wanted,
    where: str,
    problems: list[str],
    *,
    extra: Sequence[str] = (),
    expected: int = 0,
) -> pa.Table:
    """Read the records that meet `where` into a table of our columns, in order, each record once.

    `extra` fields come along as text, by their names in the API; with IsDeleted among them deleted
    records come too. Pieces get their types as they come. Values that do not fit are told in
    `problems`. Raises OrgUnavailable or OrgRefused from the door.
    """
    pieces = pieces_of(org, each, where, problems, extra=extra, expected=expected)
    return in_order(pa.concat_tables([_with_text(empty_table(each), extra), *pieces]))


def pieces_of(
    org: OrgReader,
    each: Wanted,
    where: str,
    problems: list[str],
    *,
    extra: Sequence[str] = (),
    expected: int = 0,
) -> Iterator[pa.Table]:
    """Yield the records as `read_records` does, piece by piece as they come; some perhaps twice."""
    misfits: list[Misfit] = []
    for text in org.tables(
        each.object,
        [*each.fields, *extra],
        archived=each.archived or DELETED in extra,
        where=where,
        expected=expected,
        kinds=_kinds_of_fields(each, extra),
    ):
        ours = {ID: text[ID], **{spec.name: text[spec.field] for spec in each.specs}}
        table, wrong = typed(pa.table(ours), each.kinds)
        misfits += wrong
        for name in extra:
            table = table.append_column(name, text[name])
        yield table
    problems += _sentences(each, misfits)


def empty_table(each: Wanted) -> pa.Table:
    """Return a table of our columns without a record."""
    columns = [(ID, pa.string()), *((name, arrow_type(kind)) for name, kind in each.kinds.items())]
    return pa.schema(columns).empty_table()


def _with_text(table: pa.Table, names: Sequence[str]) -> pa.Table:
    for name in names:
        table = table.append_column(name, pa.array([None] * len(table), pa.string()))
    return table


def _kinds_of_fields(each: Wanted, extra: Sequence[str]) -> dict[str, str]:
    """Name the types of the fields that are not also wanted as something else."""
    kinds: dict[str, set[str]] = {}
    for spec in each.specs:
        kinds.setdefault(spec.field, set()).add(spec.type)
    return {name: min(of) for name, of in kinds.items() if len(of) == 1 and name not in extra}


def _sentences(each: Wanted, misfits: Sequence[Misfit]) -> Iterator[str]:
    """Say which values do not fit their type: of each column the first few, then how many."""
    for spec in each.specs:
        wrong = [misfit for misfit in misfits if misfit.column == spec.name]
        for misfit in wrong[:_UNFIT_SHOWN]:
            yield (
                f"{each.object} {misfit.id}: {spec.field} is {misfit.value!r}, which is no"
                f" {spec.type}; mend it, or the type of {spec.name} in sfsync.yaml"
            )
        if len(wrong) > _UNFIT_SHOWN:
            yield f"{each.object}: {spec.field} has {len(wrong)} values that are no {spec.type}"
