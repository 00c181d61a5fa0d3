"""Which organization, stages and task statuses does the demo org know?"""

from __future__ import annotations

from demo_data.clock import NOW, at
from demo_data.deals import STAGES
from demo_data.org import DemoOrg

TASK_STATUSES = (
    ("Not Started", False),
    ("In Progress", False),
    ("Completed", True),
    ("Waiting on someone else", False),
    ("Deferred", False),
)
FOUNDED = 1000


def add_catalogue(org: DemoOrg) -> None:
    """Add the organization, the opportunity stages and the task statuses."""
    founded = at(FOUNDED)
    org.add(
        "Organization",
        founded,
        "",
        Name="Société de Démonstration",
        TimeZoneSidKey="Europe/Paris",
        LanguageLocaleKey="fr",
        DefaultLocaleSidKey="fr_FR",
        OrganizationType="Enterprise Edition",
        InstanceName="DEMO1",
        IsSandbox=True,
        Country="FR",
        SystemModstamp=NOW,
    )
    add_stages(org)
    add_task_statuses(org)


def add_stages(org: DemoOrg) -> None:
    """Add the opportunity stages in the order of a sale."""
    founded = at(FOUNDED)
    for number, (stage, facts) in enumerate(STAGES.items(), start=1):
        probability, closed, won, category, label, _ = facts
        org.add(
            "OpportunityStage",
            founded,
            "",
            ApiName=stage,
            MasterLabel=stage,
            IsActive=True,
            DefaultProbability=probability,
            ForecastCategory=category,
            ForecastCategoryName=label,
            IsClosed=closed,
            IsWon=won,
            SortOrder=number,
        )


def add_task_statuses(org: DemoOrg) -> None:
    """Add the task statuses; the first is the default."""
    founded = at(FOUNDED)
    for number, (status, closed) in enumerate(TASK_STATUSES, start=1):
        org.add(
            "TaskStatus",
            founded,
            "",
            ApiName=status,
            MasterLabel=status,
            IsClosed=closed,
            IsDefault=number == 1,
            SortOrder=number,
        )
