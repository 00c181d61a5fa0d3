"""Which queues has the org, to which a task may be given?"""

from collections.abc import Mapping

from sfsync.org import OrgReader, Question

_GROUP, _MEMBER_OBJECTS = "Group", "QueueSobject"


def task_queues(org: OrgReader) -> Mapping[str, str]:
    """Return the Ids of the queues that take tasks, by DeveloperName and by Name; empty where the
    org shows none.

    Where it does not tell what its queues take, all of them do. Raises OrgUnavailable or OrgRefused
    where it cannot be read.
    """
    org.describe((_GROUP, _MEMBER_OBJECTS))
    names = ("Name", "DeveloperName")
    if not {*names, "Type"} <= (org.fields(_GROUP) or {}).keys():
        return {}
    asked = [Question(_GROUP, ("Id", *names), where="Type = 'Queue'")]
    if {"QueueId", "SobjectType"} <= (org.fields(_MEMBER_OBJECTS) or {}).keys():
        asked.append(Question(_MEMBER_OBJECTS, ("QueueId",), where="SobjectType = 'Task'"))
    queues, *taking = org.ask(asked)
    takes = {row["QueueId"] for rows in taking for row in rows}
    fitting = [row for row in queues if not taking or row["Id"] in takes]
    # Names may repeat, developer names do not: these go before.
    return {
        str(row[name]): str(row["Id"])
        for name in names
        for row in sorted(fitting, key=lambda row: str(row["Id"]), reverse=True)
        if row[name]
    }
