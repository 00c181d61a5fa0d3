"""Which keys say when jobs are done, for how long the journal keeps what, in which
partitions, and when all is well?"""

from typing import Annotated

from pydantic import BeforeValidator, Field

from sfsync.bounds import MOST_DAYS
from sfsync.rules.kinds import RuleName, Shape, TimeOfDay, as_list


class ScheduledShape(Shape):
    """A job of the schedule."""

    name: RuleName = Field(max_length=80)
    command: str = Field(description="What follows `sfsync` on a command line.")
    at: Annotated[list[TimeOfDay], BeforeValidator(as_list)] = Field(
        default_factory=list, description="The times of the day; or else every_minutes."
    )
    every_minutes: int | None = Field(None, ge=1, le=1440)
    begins: TimeOfDay | None = Field(None, description="The first time of every_minutes.")
    ends: TimeOfDay | None = Field(None, description="No time of every_minutes is later.")
    days: list[str] = Field(default_factory=list, description="mon to sun; none: every day.")
    zone: str | None = Field(None, description="The zone of its times, where it is another.")
    most_minutes: int = Field(240, ge=1, description="Ended where it goes on for longer.")


class ScheduleShape(Shape):
    """What is done without anybody asking."""

    zone: str = Field("UTC", description="The zone of the times, as Europe/Paris.")
    jobs: list[ScheduledShape] = Field(default_factory=list)


KeptDays = Annotated[int, Field(ge=90, le=MOST_DAYS)]


class RetentionShape(Shape):
    """For how many days the journal keeps what no later pass needs (sfsync journal prune)."""

    runs: KeptDays = Field(730, description="Runs with their changes.")
    messages: KeptDays = Field(365, description="Mails that were sent or refused.")
    findings: KeptDays = Field(730, description="Findings that are solved.")
    lookups: KeptDays = Field(1095, description="The last look-up of each account.")
    turns: KeptDays = Field(180, description="Turns of the schedule.")


class PartitionsShape(Shape):
    """In which partitions a large org is judged."""

    above: int = Field(200_000, ge=0, description="Up to so many accounts all is judged at once.")
    accounts: int = Field(
        50_000, ge=1, description="About so many accounts, and all of theirs, a partition."
    )


class JobHealthShape(Shape):
    """What holds for one job."""

    most_hours: float | None = Field(
        None, gt=0, description="So old its last good run may be; else as its times tell."
    )
    most_failures: int | None = Field(None, ge=1, description="So many are not well for it.")


class HealthShape(Shape):
    """What counts as unhealthy."""

    most_failures: int = Field(3, ge=1, description="So many failures in a row are not well.")
    jobs: dict[RuleName, JobHealthShape] = Field(default_factory=dict)
