"""May the service's user create such records?"""

from collections.abc import Collection

from sfsync.model import Action
from sfsync.org import OrgReader


def hindrance(org: OrgReader, object: str, fields: Collection[str]) -> str:
    """Say what keeps the user from creating records with these fields, then, after `: `, what to
    do; empty where nothing does.
    """
    if Action.CREATE not in org.may(object):
        what, remedy = f"may not create {object} records", "give it that right"
    else:
        there = org.fields(object) or {}
        kept = [name for name in fields if name not in there or not there[name].createable]
        if not kept:
            return ""
        named = ", ".join(f"{object}.{name}" for name in sorted(kept))
        what, remedy = f"may not write {named}, or does not see it", "let it edit that"
    return f"the service's user {what}: {remedy} in its permission set; that of `sfsync setup` does"
