"""How does an org get what the rules need? (`sfsync setup`)"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfsync.cli import opening
from sfsync.cli.doctor import examine, reader_of
from sfsync.cli.opening import enter, lock_of
from sfsync.cli.options import Place, place_options
from sfsync.cli.project import write_project
from sfsync.cli.salesforce import Entrance
from sfsync.cli.screen import Screen, ask, count
from sfsync.cli.setting import Setting, set_up
from sfsync.errors import ConfigError, OrgRefused

if TYPE_CHECKING:
    from sfsync.model import Value
    from sfsync.org import OrgReader
    from sfsync.org.deploy import Deployment
    from sfsync.setup import Blueprint, Wishes

_WORDS = {
    ("CustomField", False): "field",
    ("CustomField", True): "changed field",
    ("StandardValueSet", True): "changed set of stages",
    ("PermissionSet", False): "permission set",
    ("PermissionSet", True): "permission set, written again",
    ("ValidationRule", False): "validation rule, inactive",
}
_READ_ONLY = (
    "SFSYNC_READ_ONLY is set, and `sfsync setup --apply` would write to the org. Nothing was done: "
    "write files to review with `sfsync setup --out DIR`, or unset it"
)


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a project folder (SFDX) that an admin reviews and deploys.",
)
@click.option("--apply", "applies", is_flag=True, help="Deploy it to the org, and check the org.")
@click.option("--yes", is_flag=True, help="Deploy without asking first, as scripts do.")
@place_options
def setup(out: Path | None, applies: bool, yes: bool, place: Place, quiet: bool) -> None:
    """Make what the org lacks: fields, picklist values, a permission set.

    Without --out and --apply it only says what there is to make. With --apply the org is examined
    afterwards, and the exit code is that of `sfsync doctor`.
    """
    setting = set_up(place)
    if applies and setting.settings.read_only:
        raise ConfigError([_READ_ONLY])
    screen = Screen(is_quiet=quiet)
    if not applies:
        _draw_and_write(setting, enter(setting), out, screen)
        if out is None:
            screen.say("Nothing was written: add --out DIR for files to review, or --apply.")
        return
    with lock_of(setting):
        entrance = enter(setting)
        blueprint, user_id = _draw_and_write(setting, entrance, out, screen)
        if not yes:
            ask("Deploy this to the org?", "nothing was deployed")
        _apply(blueprint, user_id, entrance, screen)
    click.get_current_context().exit(examine(setting, quiet=quiet))


def _draw_and_write(
    setting: Setting, entrance: Entrance, out: Path | None, screen: Screen
) -> tuple["Blueprint", str]:
    """Say what there is to make and write it where that is wanted; returns it and the user."""
    from sfsync.setup import project_of

    wishes = wishes_of(setting)
    org = reader_of(entrance)
    blueprint = _blueprint(setting, wishes, org, entrance)
    _tell(blueprint, screen)
    if out is not None:
        name = f"{org.name} ({org.id})"
        files = project_of(blueprint, setting.policy, name, entrance.version)
        write_project(out, files, screen)
    return blueprint, org.user_id


def wishes_of(setting: Setting) -> "Wishes":
    """Read setup.yaml of the configuration folder; what is usual where there is none.

    Raises ConfigError with all problems.
    """
    from sfsync.setup import SETUP_FILE, load_wishes

    file = setting.config.file(SETUP_FILE)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return load_wishes(text, str(file), setting.policy)


def _blueprint(
    setting: Setting, wishes: "Wishes", org: "OrgReader", entrance: Entrance
) -> "Blueprint":
    from sfsync.doctor import hidden_fields, tracked_fields
    from sfsync.gaps import absent_fields, find_gaps, objects_needed
    from sfsync.org.metadata import MetadataReader
    from sfsync.setup import OrgNow, draw

    policy = setting.policy
    metadata = MetadataReader(
        entrance.session, entrance.tokens, version=entrance.version, sleep=opening.sleep
    )
    names = sorted({*objects_needed(policy), *wishes.fields})
    details = {name: metadata.details(name) for name in names}
    described = {
        name: None if found is None else {field: each.info for field, each in found.items()}
        for name, found in details.items()
    }
    absent = absent_fields(policy, described)
    for name, fields in wishes.fields.items():
        lacking = set(fields) - set(details[name] or ())
        absent[name] = sorted({*absent.get(name, ()), *lacking})
    hidden = hidden_fields(org, {name: fields for name, fields in absent.items() if fields})
    now = OrgNow(
        details,
        _stages(org),
        metadata.validation_rules(list(policy.machines))
        if wishes.validation_rules
        else frozenset(),
        _user_permissions(org),
        hidden,
        tracked_fields(org, policy),
        _permission_sets(org, [wishes.permission_set.name, wishes.cleanups.permission_set.name]),
    )
    return draw(policy, wishes, find_gaps(policy, described, hidden).gaps, now)


def _stages(org: "OrgReader") -> list[Mapping[str, "Value"]]:
    from sfsync.org import Question
    from sfsync.setup.stages import STAGE_FIELDS, STAGES

    known = org.fields(STAGES) or {}
    if not {"MasterLabel", "IsClosed", "IsWon", "DefaultProbability"} <= set(known):
        return []
    there = tuple(name for name in STAGE_FIELDS if name in known)
    (rows,) = org.ask([Question(STAGES, there)])
    return list(rows)


def _user_permissions(org: "OrgReader") -> frozenset[str] | None:
    start = "Permissions"
    known = [name for name in org.fields("PermissionSet") or () if name.startswith(start)]
    return frozenset(name.removeprefix(start) for name in known) if known else None


def _permission_sets(org: "OrgReader", names: Sequence[str]) -> frozenset[str]:
    """Return those of the names that permission sets of the org have."""
    from sfsync.org import Question
    from sfsync.org.soql import condition

    if "Name" not in (org.fields("PermissionSet") or ()):
        return frozenset()
    (rows,) = org.ask([Question("PermissionSet", ("Name",), where=condition("Name IN {}", names))])
    return frozenset(str(row["Name"]) for row in rows)


def _tell(blueprint: "Blueprint", screen: Screen) -> None:
    if blueprint.is_all_there:
        names = [each.name for each in blueprint.components]
        told = ", ".join(names)
        kind, are = ("permission set", "is") if len(names) == 1 else ("permission sets", "are")
        screen.tell(
            f"Nothing is missing that setup makes: only the {kind} {told} {are} to be written "
            "again."
        )
    else:
        between = ": " if screen.is_terminal else "\t"
        for each in blueprint.components:
            screen.tell(f"{_WORDS[each.type, each.is_there]}{between}{each.name}")
    for sentence in blueprint.changing:
        screen.tell(f"Changes what is there: {sentence}")
    for sentence in blueprint.by_hand:
        screen.tell(f"Left for you: {sentence}")


def _apply(blueprint: "Blueprint", user_id: str, entrance: Entrance, screen: Screen) -> None:
    """Deploy what was drawn, and give the service's user the permission set.

    Raises OrgRefused where the org takes it not, naming each component.
    """
    from sfsync.org.deploy import Deployer
    from sfsync.setup import archive_of

    deployer = Deployer(
        entrance.session, entrance.tokens, version=entrance.version, sleep=opening.sleep
    )
    done = deployer.deploy(archive_of(blueprint, entrance.version), _teller(screen))
    if not done.succeeded:
        raise OrgRefused(_refusal(done))
    if not blueprint.rules_are_known and blueprint.of_type("ValidationRule"):
        screen.say("Validation rules were left out: the org does not tell which ones it has.")
    screen.say(f"Deployed: {count(done.done, 'component')} (deployment {done.id}).")
    if not user_id:
        screen.warn("The org does not tell the service's user: assign the permission set yourself.")
        return
    given = deployer.assign(blueprint.permission_set, user_id)
    word = "now has" if given else "already had"
    screen.say(f"The service's user {word} the permission set {blueprint.permission_set}.")


def _teller(screen: Screen) -> Callable[["Deployment"], None]:
    last: list[tuple[str, int]] = []

    def tell(here: "Deployment") -> None:
        if (here.state, here.done) not in last:
            last.append((here.state, here.done))
            screen.say(f"{here.state}: {here.done} of {here.total or '?'} components")

    return tell


def _refusal(done: "Deployment") -> str:
    lines = [f"the deployment {done.id} ended as {done.state}, and nothing of it is in the org:"]
    lines += [f"  {each.file} ({each.type}): {each.problem}" for each in done.failures]
    return "\n".join(lines)
