"""Do README and docs say what the product does, and nothing else?"""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
import pytest
from case_files import Case, ids_of, records_of
from click.testing import CliRunner
from loop_org import CONFIG, Loop, config_texts, empty_org, fill, loop_of
from signin_keys import private_pem
from test_cases import expected, told

from sfsync.cli import commands
from sfsync.conditions import OPERATORS, PRESENCE
from sfsync.errors import ExitCode
from sfsync.facts import FACTS, deals
from sfsync.jobs import JOBS, Services
from sfsync.lines import read_yaml
from sfsync.model import State
from sfsync.org.credentials import Given, choose
from sfsync.policy import Policy
from sfsync.rules.kinds import Shape
from sfsync.rules.load import load_policy
from sfsync.rules.shape import RuleFile, Settings
from sfsync.settings import SalesforceSettings, load_salesforce, load_settings
from sfsync.settings import Settings as Place

ROOT = Path(__file__).parents[1]
PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
EXAMPLE_RULES = "rules/accounts.yaml"
NEXT_RULE = "  - name: backlog-expired-high\n"


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str | Path, language: str) -> list[str]:
    """The code blocks of a page in one language, without the indent of the list they stand in."""
    fence = rf"^( *)```{language}\n(.*?)^\1```$"
    found = re.findall(fence, (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


def commands_under(group: click.Group, path: str = "sfsync") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{path} {name}"
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands_under(command, f"{path} {name}")


ALL_COMMANDS = dict(commands_under(commands))


def keys_of(shape: type[Shape]) -> Iterator[str]:
    """Every key that a person may write in a file of this shape."""
    for name, info in shape.model_fields.items():
        yield info.alias or name
        for inner in shapes_in(info.annotation):
            yield from keys_of(inner)


def shapes_in(annotation: Any) -> Iterator[type[Shape]]:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        yield annotation
    for each in get_args(annotation):
        yield from shapes_in(each)


def words_in(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("path", ALL_COMMANDS)
def test_each_command_has_help_and_its_place_in_operate(path: str) -> None:
    command = ALL_COMMANDS[path]
    assert (command.help or "").strip(), f"{path} has no help"
    if isinstance(command, click.Group):
        return
    told_under = re.findall(
        r"^### `(sfsync [a-z -]+[a-z])(?: [A-Z ]+)?`$", text_of("docs/operate.md"), re.M
    )
    assert path in told_under
    undescribed = [
        parameter.name
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name != "form" and not parameter.help
    ]
    assert undescribed == []


def test_operate_tells_of_no_command_that_is_none() -> None:
    said = re.findall(
        r"^### `(sfsync [a-z -]+[a-z])(?: [A-Z ]+)?`$", text_of("docs/operate.md"), re.M
    )
    assert set(said) <= set(ALL_COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_line_in_the_docs_is_understood(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    typed = "\n".join([*blocks(page, "sh"), *blocks(page, "console")])
    lines = re.findall(r"^(?:\$ )?(sfsync .*)$", typed, re.MULTILINE)
    for line in [*lines, *re.findall(r"`(sfsync [^`]+)`", text)]:
        words = re.sub(r"\s+#.*|\s+>.*", "", line).split()
        assert_understood(words[1:], line)


def assert_understood(words: list[str], line: str) -> None:
    known: click.Command = commands
    while isinstance(known, click.Group) and words and not words[0].startswith("-"):
        inner = known.get_command(click.Context(known), words.pop(0))
        assert inner is not None, line
        known = inner
    options = {name for each in known.params for name in each.opts} | {"--help", "--version"}
    assert {word for word in words if word.startswith("-")} <= options, line


def test_the_help_in_the_readme_is_the_real_one() -> None:
    shown = CliRunner().invoke(commands, ["--help"], prog_name="sfsync", terminal_width=78).output
    assert f"```text\n{shown}```" in text_of("README.md")


def test_the_readme_shows_what_the_demo_org_says(tmp_path: Path) -> None:
    (tour,) = blocks("README.md", "console")
    for command in ("plan hourly", "explain 001Dm000000000yIAA", "plan enrich"):
        place = ["--org", "demo", "--config", str(CONFIG), "--state-dir", str(tmp_path)]
        said = CliRunner().invoke(commands, [*command.split(), *place])
        assert said.exit_code == 0, said.output
        if command.startswith("plan "):
            number = {"plan hourly": "108", "plan enrich": "200"}[command]
            shown = re.findall(r"^.*accounts judged, .*$", text_of("README.md"), re.MULTILINE)
            shown = [line for line in shown if number in line]
        else:
            (shown,) = re.findall(rf"^\$ sfsync {command}.*?\n(.*?)\n\.\.\.$", tour, re.M | re.S)
            shown = shown.splitlines()
        assert shown
        assert set(shown) <= set(said.output.splitlines())


def test_the_readme_and_operate_tell_every_exit_code() -> None:
    table = re.findall(r"^\| (\d) \|", text_of("docs/operate.md"), re.MULTILINE)
    assert [int(code) for code in table] == [code.value for code in ExitCode]
    said = re.search(r"Exit codes: (.*)", text_of("README.md"))
    assert said is not None
    assert re.findall(r"`(\d)`", said.group(1)) == [str(code.value) for code in ExitCode]


def test_operate_tells_every_outcome() -> None:
    for state in State:
        assert f"\n| {state.value} |" in text_of("docs/operate.md")


PLACES = {
    **{f"SFSYNC_{name.upper()}": "docs/configuration.md" for name in Place.model_fields},
    **{f"SALESFORCE_{name.upper()}": "docs/connect.md" for name in SalesforceSettings.model_fields},
}


@pytest.mark.parametrize("setting", PLACES)
def test_each_setting_stands_commented_in_the_example_and_in_the_docs(setting: str) -> None:
    assert re.search(rf"^# .+\n{setting}=", text_of(".env.example"), re.MULTILINE)
    assert f"\n| `{setting}` |" in text_of(PLACES[setting])


def test_the_example_and_the_docs_name_no_setting_that_is_none() -> None:
    said = {
        *re.findall(r"^(\w+)=", text_of(".env.example"), re.MULTILINE),
        *re.findall(r"^\| `((?:SFSYNC|SALESFORCE)_\w+)` \|", text_of("docs/connect.md"), re.M),
    }
    assert said == set(PLACES)


def test_the_example_settings_load_and_are_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting in PLACES:
        monkeypatch.delenv(setting, raising=False)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    monkeypatch.chdir(tmp_path)
    assert load_settings() == Place.model_construct()
    assert load_salesforce() == SalesforceSettings.model_construct()


def test_the_settings_shown_for_each_way_to_sign_in_are_enough() -> None:
    shown = [block for block in blocks("docs/connect.md", "text") if "SALESFORCE_" in block]
    assert len(shown) == 2
    for block in shown:
        names = [line.partition("=")[0] for line in block.splitlines()]
        values = {
            name.removeprefix("SALESFORCE_").removesuffix("_FILE").lower(): (
                private_pem() if "KEY" in name else "https://acme.my.salesforce.com"
            )
            for name in names
        }
        choose(Given(**values))


@pytest.mark.parametrize("shape", [Settings, RuleFile], ids=lambda shape: shape.__name__)
def test_each_key_of_the_files_stands_in_the_docs(shape: type[Shape]) -> None:
    missing = {key for key in keys_of(shape) if f"`{key}`" not in text_of("docs/configuration.md")}
    # What stands behind `fact` is told with the values of conditions.
    assert missing - {"fact"} == set()


def test_each_operator_and_type_stands_in_the_docs() -> None:
    text = text_of("docs/configuration.md")
    objects = Settings.model_fields["objects"].annotation
    types = {
        word
        for shape in shapes_in(objects)
        for word in words_in(shape.model_fields["type"].annotation)
    }
    assert types
    for word in {
        *OPERATORS,
        *PRESENCE,
        *types,
        "all",
        "any",
        "not",
        "now",
        "{fact: name}",
        "{in_days: n}",
    }:
        assert f"`{word}`" in text, word


def test_the_docs_give_each_operator_the_kinds_it_fits() -> None:
    rows = re.findall(
        r"^\| (`.*?) \| .*? \| (.*?) \|$", text_of("docs/configuration.md"), re.MULTILINE
    )
    kinds = {name: said for names, said in rows for name in re.findall(r"`(\w+)`", names)}
    for operator in OPERATORS.values():
        assert set(kinds[operator.name].split(", ")) == {k.value for k in operator.kinds}, (
            operator.name
        )


def with_example_rule() -> tuple[Policy, Case]:
    """The shipped configuration, changed as docs/add-a-rule.md says, and the page's case."""
    state, rule, case = blocks("docs/add-a-rule.md", "yaml")
    name = state.strip().partition(":")[0]
    rules, replaced = re.subn(rf"^  {name}: .*\n", state, config_texts()[EXAMPLE_RULES], flags=re.M)
    assert replaced == 1
    assert rules.count(NEXT_RULE) == 1
    rules = rules.replace(NEXT_RULE, f"{rule}\n{NEXT_RULE}")
    (body,) = read_yaml(case, "add-a-rule.md").data
    return load_policy({**config_texts(), EXAMPLE_RULES: rules}), Case("add-a-rule.md", 1, body)


def plan_under(policy: Policy, loop: Loop) -> Any:
    services = Services(
        loop.org,
        loop.journal,
        policy,
        loop.now,
        loop.fake.clock.now,
        loop.fake.clock.now,
        loop.org.id,
    )
    return JOBS.find("hourly")(services).plan


def test_the_example_of_add_a_rule_loads_and_does_what_its_case_says() -> None:
    policy, case = with_example_rule()
    ids = ids_of(case)
    fake = empty_org(case.now, case.zone)
    fill(fake, records_of(case, ids))
    with loop_of(fake, case.now) as loop:
        plan = plan_under(policy, loop)
    names: Mapping[str, str] = {record: name for name, record in ids.items()}
    assert told(plan.changes, names, set()) == expected(case)


def test_the_example_of_add_a_fact_computes_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = blocks("docs/add-a-fact.md", "python")
    monkeypatch.setattr(FACTS, "_items", dict(FACTS._items))
    exec(compile(source, "docs/add-a-fact.md", "exec"), dict(vars(deals)))  # the docs' own code
    given = {
        "Account": [{"Id": "acme"}, {"Id": "bolt"}],
        "Opportunity": [
            {"Id": "a", "AccountId": "acme", "StageName": "Closing", "Amount": 4000},
            {"Id": "b", "AccountId": "acme", "StageName": "Free Trial", "Amount": 2500.5},
            {"Id": "c", "AccountId": "acme", "StageName": "Closing"},
            {"Id": "d", "AccountId": "acme", "StageName": "Closed Won", "Amount": 9000},
        ],
    }
    _, example = with_example_rule()
    case = Case("add-a-fact.md", 1, {**example.body, "given": given})
    fake = empty_org(case.now, case.zone)
    fill(fake, records_of(case, ids_of(case)))
    with loop_of(fake, case.now) as loop:
        assert loop.look().column("Account", "open_amount").values.tolist() == [6500.5, 0]


@pytest.mark.parametrize("name", FACTS)
def test_each_fact_says_in_one_sentence_what_it_is(name: str) -> None:
    meaning = FACTS[name].meaning
    assert re.fullmatch(r"[A-Z].*\.", meaning), f"{name}: {meaning!r}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert ROOT in file.parents, f"{target} leads out of the project"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), target


def test_the_records_of_decisions_are_numbered_and_of_one_form() -> None:
    assert [int(page.name[:4]) for page in ADRS] == list(range(1, len(ADRS) + 1))
    for page in ADRS:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith(f"# {int(page.name[:4])}. "), page.name
        heads = [line for line in lines if line.startswith("## ")]
        assert heads == ["## Context", "## Decision", "## Consequences"], page.name
        assert len(lines) <= 45, f"{page.name} is longer than a screen"


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / ".env.example", CONFIG / "sfsync.yaml"], ids=lambda page: page.name
)
def test_no_page_holds_a_path_of_a_machine_or_a_promise(page: Path) -> None:
    found = re.findall(
        r"(?<![\w.])/(?:work|tmp|root|home|Users)\b\S*|\bTODO\b|\bFIXME\b", page.read_text("utf-8")
    )
    assert found == []


def test_the_docs_are_linked_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#]+)\)", text_of("README.md")))
    pages = {page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")}
    assert pages | {"CHANGELOG.md", "docs/adr"} <= linked
