"""What do a look's text columns say, each distinct text read once?"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from sfsync.columns import Array
from sfsync.facts import Look

T = TypeVar("T")


def texts_of(look: Look, object_name: str, name: str, read: Callable[[str], T], none: T) -> list[T]:
    """Return what `read` makes of each record's text, `none` where it has none; all `none` where
    the org lacks the field or the policy does not name it.
    """
    if name not in look.policy.objects.get(object_name, {}):
        return [none] * look.size(object_name)
    column = look.column(object_name, name)
    found = [*(read(word) for word in column.words), none]
    return [found[code] for code in column.values.tolist()]


def positions_of(look: Look, object_name: str, name: str) -> Array:
    """Return where each record's reference leads, int32; -1 where nowhere, or the policy does not
    name it.
    """
    if name not in look.policy.objects.get(object_name, {}):
        return np.full(look.size(object_name), -1, dtype="int32")
    return look.column(object_name, name).values.astype("int32")
