"""How are the stages of opportunities written, with those that the org lacks?"""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement

from sfsync.model import Value
from sfsync.setup.metadata import Component, put, put_all, root
from sfsync.setup.wishes import StageWish

STAGES = "OpportunityStage"
STAGE_FIELDS = (
    "MasterLabel",
    "ApiName",
    "IsActive",
    "SortOrder",
    "IsClosed",
    "IsWon",
    "DefaultProbability",
    "ForecastCategory",
)


def stages(present: Sequence[Mapping[str, Value]], added: Mapping[str, StageWish]) -> Component:
    """Write the whole set of stages: those of the org (rows with STAGE_FIELDS) as they are, in
    their order, then the added ones.

    The platform takes the file for the whole set: what is not in it is deactivated. A stage of the
    org that is inactive and asked for becomes active.
    """
    element = root("StandardValueSet")
    put(element, "sorted", False)
    for row in sorted(present, key=_place):
        _present(element, row, is_wanted=_name(row) in added)
    names = {_name(row) for row in present}
    for name, wish in added.items():
        if name not in names:
            _added(element, name, wish)
    return Component("StandardValueSet", STAGES, element, is_there=True)


def _name(row: Mapping[str, Value]) -> str:
    return str(row.get("ApiName") or row["MasterLabel"])


def _place(row: Mapping[str, Value]) -> tuple[float, str]:
    return float(row.get("SortOrder") or 0), _name(row)


def _present(element: Element, row: Mapping[str, Value], *, is_wanted: bool) -> None:
    value = SubElement(element, "standardValue")
    put_all(value, [("fullName", _name(row)), ("default", False)])
    if row.get("IsActive") is False and not is_wanted:
        put(value, "isActive", False)
    put_all(
        value,
        [
            ("label", row["MasterLabel"]),
            ("closed", bool(row.get("IsClosed"))),
            ("forecastCategory", row.get("ForecastCategory") or "Pipeline"),
            ("probability", int(float(row.get("DefaultProbability") or 0))),
            ("won", bool(row.get("IsWon"))),
        ],
    )


def _added(element: Element, name: str, wish: StageWish) -> None:
    value = SubElement(element, "standardValue")
    put_all(
        value,
        [
            ("fullName", name),
            ("default", False),
            ("label", name),
            ("closed", wish.closed is not None),
            ("forecastCategory", wish.forecast),
            ("probability", wish.probability),
            ("won", wish.closed == "won"),
        ],
    )
