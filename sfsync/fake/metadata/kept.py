"""What does an org remember of the deploys it was asked for?"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sfsync.fake.errors import refuse_request
from sfsync.fake.ids import normalise, with_checksum
from sfsync.fake.metadata.component import Component, Failure
from sfsync.fake.metadata.package import Package

_ID_PREFIXES = {
    "CustomField": "00N",
    "ValidationRule": "03d",
    "StandardValueSet": "0Nv",
    "Deploy": "0Af",
}


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """How a package is to be deployed."""

    check_only: bool = False
    rollback_on_error: bool = True
    single_package: bool = True
    allow_missing_files: bool = False


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A validation rule that was deployed; its formula is kept and never evaluated."""

    object_name: str
    name: str
    active: bool
    formula: str
    message: str
    field_name: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A component that the org took (or would take, if the deploy only checks)."""

    component: Component
    record_id: str
    is_new: bool


@dataclass(slots=True)
class Deployment:
    """A deploy: who asked for it, its package, and what became of it so far."""

    deploy_id: str
    user_id: str
    options: DeployOptions
    archive: bytes
    package: Package
    created: str
    status: str = "Pending"
    was_asked_for: bool = False
    completed: str | None = None
    taken: list[Taken] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether the deploy has ended."""
        return self.status not in ("Pending", "InProgress")


@dataclass(slots=True)
class Metadata:
    """What an org keeps of deploys, beyond its schema and records.

    `on_deploy` is called with the zip of each deploy that changes the org, before its records are
    committed.
    """

    deployments: dict[str, Deployment] = field(default_factory=dict)
    rules: dict[str, StoredRule] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    on_deploy: list[Callable[[bytes, DeployOptions], None]] = field(default_factory=list)

    def find(self, text: str) -> Deployment:
        """Return the deploy of an Id, in either length; raises ApiError where there is none."""
        found = self.deployments.get(normalise(text) or "")
        if found is None:
            raise refuse_request(
                404, "INVALID_CROSS_REFERENCE_KEY", f"There is no deploy with the Id {text!r}"
            )
        return found

    def id_of(self, kind: str, name: str) -> tuple[str, bool]:
        """Return the Id of a component and whether it was given just now."""
        known = self.ids.get((kind, name))
        if known is not None:
            return known, False
        made = with_checksum(_ID_PREFIXES[kind] + str(len(self.ids) + 1).rjust(12, "0"))
        self.ids[kind, name] = made
        return made, True
