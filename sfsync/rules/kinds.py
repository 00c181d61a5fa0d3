"""Of which kinds is what may stand in the files of `config/`?"""

import re
from datetime import time
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sfsync.bounds import MOST_DAYS


def as_list(value: Any) -> Any:
    """Take one text for a list of one."""
    return [value] if isinstance(value, str) else value


def _as_time(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d", value):
        return value
    raise ValueError('write a time of the day in quotes, as "08:30"')


TimeOfDay = Annotated[time, BeforeValidator(_as_time)]
StateNames = Annotated[list[str], BeforeValidator(as_list)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Days = Annotated[int, Field(le=MOST_DAYS)]
# `account.city` is the field `city` of the record to which `account` refers.
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]
RuleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class Shape(BaseModel):
    """A mapping with known keys only."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False
    )
