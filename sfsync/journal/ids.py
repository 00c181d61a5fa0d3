"""How is a run named, so that people can say its name and files sort by it?"""

from datetime import UTC, datetime
from random import Random

# Without the letters and digits that people mistake for each other (i, l, o, 0, 1).
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
SUFFIX_LENGTH = 4


def new_run_id(moment: datetime, randomness: Random) -> str:
    """Name a run that starts at `moment` (aware): `20261125-190301-k3f7`, its time in UTC.

    Names sort by time; four letters of `randomness` tell runs of one second apart. Raises
    ValueError where the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: pass an aware moment")
    suffix = "".join(randomness.choices(ALPHABET, k=SUFFIX_LENGTH))
    return f"{moment.astimezone(UTC):%Y%m%d-%H%M%S}-{suffix}"
