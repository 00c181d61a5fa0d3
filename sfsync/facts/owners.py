"""Does the owner of a record still work here?"""

import numpy as np

from sfsync.columns import Column, Kind, Mask
from sfsync.facts.look import Look, fact

NEEDS = ("User", "User.is_active")


def inactive_owners(look: Look, object_name: str) -> Mask:
    """Tell which records of an object have an owner who is not active any more."""
    inactive = ~look.column("User", "is_active").values
    # The owner may be a queue, which is no user.
    return np.append(inactive, False)[look.column(object_name, "owner").values]


@fact("Account", Kind.FLAG, reads=("Account.owner", "User.is_active"), needs=NEEDS)
def has_inactive_owner(look: Look) -> Column:
    """Whether the owner is a user who is not active any more."""
    return Column(Kind.FLAG, inactive_owners(look, "Account"))
