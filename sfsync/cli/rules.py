"""What are the rules, and are they right? (`sfsync rules`)"""

import json
from typing import TYPE_CHECKING

import click
from rich.text import Text

from sfsync.cli import HelpfulGroup
from sfsync.cli.options import Place, place_options
from sfsync.cli.posting import check_mail_settings
from sfsync.cli.screen import Cell, Screen, echo
from sfsync.cli.setting import set_up, several, texts_file
from sfsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sfsync.cli.setting import Setting
    from sfsync.policy import Machine, TaskRule


@click.group(cls=HelpfulGroup)
def rules() -> None:
    """Check and show the rules, facts and states."""


@rules.command()
@place_options
def check(place: Place, quiet: bool) -> None:
    """Check the configuration; tell every problem at once.

    findings.yaml, reports.yaml, setup.yaml, the providers of enrich.yaml and the commands of the
    schedule are checked when all else is right: they speak of the others' findings, fields and
    states. Mail settings are checked, too. With several orgs (--org all) the configuration of each
    is checked.
    """
    places = several(place)
    if places is not None:
        from sfsync.cli.orgs import check_all

        check_all(places, Screen(is_quiet=quiet))
        return
    setting = set_up(place)
    check_others(setting)
    check_mail_settings(setting.settings)
    for warning in warnings_of(setting):
        Screen(is_quiet=quiet).warn(warning)
    policy = setting.policy
    parts = [(m.rules, m.keep, m.findings, m.tasks) for m in policy.judged.values()]
    count = sum(len(part) for each in parts for part in each)
    *first, last = policy.judged
    objects = f"{', '.join(first)} and {last}" if first else last
    if not quiet:
        click.echo(
            f"{setting.config.path}: {count} rules for {objects} are right (policy {policy.hash})"
        )


def check_others(setting: "Setting") -> None:
    """Check what speaks of the policy or stands beside it. Raises ConfigError with all problems."""
    from sfsync.cli.jobs import check_commands
    from sfsync.cli.setup import wishes_of
    from sfsync.rules.texts import check_texts

    problems: list[str] = []
    for each in (
        lambda: check_texts(*texts_file(setting.config), setting.policy),
        lambda: wishes_of(setting),
        lambda: _check_mails(setting),
        lambda: _check_enrichment(setting),
        lambda: check_commands(setting.policy.schedule, setting.file.name if setting.file else ""),
    ):
        try:
            each()
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


def warnings_of(setting: "Setting") -> "Iterator[str]":
    """Tell what is no mistake by itself, and surely not meant."""
    from sfsync.cli.jobs import writers

    names = writers(setting.policy.schedule)
    if names and setting.settings.read_only:
        jobs = ", ".join(names)
        told = "SFSYNC_READ_ONLY is set, and jobs of the schedule that write will fail each time"
        yield f"{told} ({jobs}): take them out, or unset it"


def _check_mails(setting: "Setting") -> None:
    """Check reports.yaml. Raises ConfigError."""
    from sfsync.cli.delivery import read_alerts, read_reports

    texts, _ = read_reports(setting)
    read_alerts(setting, texts)


def _check_enrichment(setting: "Setting") -> None:
    """Check the providers of enrich.yaml, where there is one; raises ConfigError."""
    from sfsync.rules.shape import ENRICH_FILE

    for name, text in setting.config.texts.items():
        if name.rpartition("/")[2] == ENRICH_FILE:
            from sfsync.enrich.settings import check_providers

            check_providers(text, name)


@rules.command("list")
@place_options
def list_rules(place: Place, quiet: bool) -> None:
    """List the rules in the order they are tried."""
    setting = set_up(place)
    screen = Screen(is_quiet=quiet)
    for machine in setting.policy.judged.values():
        rows = [
            (rule.name, ", ".join(rule.from_states), rule.to, rule.asks, rule.place)
            for rule in machine.rules
        ]
        rows += [
            (keep.name, "keeps", "", str(keep.when or "always"), keep.place)
            for keep in machine.keep
        ]
        rows += [
            (each.name, ", ".join(each.in_states or ["any"]), "finding", str(each.when), each.place)
            for each in machine.findings
        ]
        rows += [
            (each.name, ", ".join(each.in_states or ["any"]), "task", _told(each), each.place)
            for each in machine.tasks
        ]
        if screen.is_terminal:
            screen.table(("rule", "what it says"), [_in_two(*row) for row in rows], machine.object)
        else:
            screen.table((), rows)


def _told(task: "TaskRule") -> str:
    """Say when a task is created: `commit_due is true, without commit-quote`."""
    without = f", without {', '.join(task.without)}" if task.without else ""
    return f"{task.when}{without}"


def _in_two(name: str, states: str, to: str, when: str, place: str) -> list[Cell]:
    """Return what a rule says in two columns, which fit into a narrow terminal."""
    file = place.rpartition("/")[2]
    head = f"{states} → {to}" if to else states
    return [Text.assemble(name, "\n", (file, "dim")), f"{head}\nwhen {when}"]


@rules.command()
@click.option("--object", "name", default="Account", show_default=True, help="Whose states.")
@place_options
def graph(name: str, place: Place, quiet: bool) -> None:
    """Draw the states and moves as a Mermaid diagram."""
    echo(mermaid(_machine(set_up(place).policy.machines, name)))


def _machine(machines: "Mapping[str, Machine]", name: str) -> "Machine":
    """Find the machine of an object; raises NotFound with the nearest name."""
    from sfsync.errors import NotFound
    from sfsync.registry import nearest

    if name not in machines:
        raise NotFound(f'no rules for "{name}"{nearest(name, machines)}')
    return machines[name]


def mermaid(machine: "Machine") -> str:
    """Draw a machine as a Mermaid state diagram.

    One arrow for each pair of states, labelled with its rules.
    """
    ids = {"none": "[*]"} | {name: name.replace(" ", "_") for name in machine.states}
    arrows: dict[tuple[str, str], list[str]] = {}
    for rule in machine.rules:
        for state in rule.from_states:
            arrows.setdefault((state, rule.to), []).append(rule.name)
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{name}" as {ids[name]}' for name in machine.states]
    lines += [f"    {ids[a]} --> {ids[b]}: {', '.join(names)}" for (a, b), names in arrows.items()]
    return "\n".join(lines)


@rules.command()
@click.option("--settings", is_flag=True, help="Of sfsync.yaml instead of a file in rules/.")
@click.option("--object", "name", default="Account", show_default=True, help="Whose rule file.")
@place_options
def schema(settings: bool, name: str, place: Place, quiet: bool) -> None:
    """Print the JSON Schema of an object's rule file.

    An editor that is told of it completes and checks facts, operators, fields and states. Print it
    again after you named a new state, score or field.
    """
    if settings:
        from sfsync.rules.shape import Settings

        echo(json.dumps(Settings.model_json_schema(by_alias=True), indent=2))
        return
    from sfsync.rules.schema import rule_file_schema

    setting = set_up(place)
    _machine(setting.policy.judged, name)
    echo(json.dumps(rule_file_schema(setting.policy, name), indent=2))


@rules.command()
@place_options
def facts(place: Place, quiet: bool) -> None:
    """List the facts and fields that rules can ask about."""
    from sfsync.facts import FACTS

    setting = set_up(place)
    screen = Screen(is_quiet=quiet)
    for name, fields in setting.policy.objects.items():
        rows = [
            [fact.name, fact.kind.value, fact.meaning]
            for fact in FACTS.values()
            if fact.object == name
        ]
        machine = setting.policy.machines.get(name)
        rows += [
            [score, "number", "a score of this file"]
            for score in (machine.scores if machine else ())
        ]
        rows += [
            [field.name, field.kind.value, f"the field {field.field}"] for field in fields.values()
        ]
        screen.table(("name", "kind", "meaning"), rows, title=name)
