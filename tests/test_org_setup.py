"""Does setup make what an org lacks, and touch nothing else?"""

import io
import json
import re
import shutil
import zipfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from doctor_calls import call, examine, problems, signed_in, wishes_of
from empty_org import STAGES
from entering import given
from loop_org import CONFIG, empty_org, shipped_policy

from sfsync.cli import commands
from sfsync.errors import ConfigError, ExitCode, OrgRefused, OrgUnavailable
from sfsync.fake import FakeOrg, Reply
from sfsync.fake.faults import refuse
from sfsync.org.client import API_VERSION
from sfsync.org.deploy import Deployer
from sfsync.rules.needs import columns_known
from sfsync.setup import Wishes, load_wishes
from sfsync.setup.formulas import validation_rule

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
META = "{http://soap.sforce.com/2006/04/metadata}"
SOURCE = Path("made/force-app/main/default")


@pytest.fixture(autouse=True)
def work_alone(alone: None) -> None:
    """Work in an empty folder, before anything is put into it."""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> FakeOrg:
    """An org as it comes from the platform."""
    return signed_in(FakeOrg.standard(NOW), monkeypatch)


@pytest.fixture(scope="module")
def for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeOrg, Path]]:
    """An org as it comes from the platform, and the folder that setup wrote for it, once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("setup")
        patch.chdir(folder)
        org = signed_in(FakeOrg.standard(NOW), patch)
        call("setup", "--out", "made")
        yield org, folder / "made"


@pytest.fixture
def made(for_all: tuple[FakeOrg, Path]) -> FakeOrg:
    """An org as it comes from the platform, which tests do not change; `made` is as setup wrote
    it for that org.
    """
    org, folder = for_all
    shutil.copytree(folder, "made")
    return org


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def texts(file: Path, path: str) -> list[str]:
    """The texts of all elements at a path of a metadata file."""
    found = ElementTree.parse(file).findall("/".join(META + part for part in path.split("/")))
    return [each.text or "" for each in found]


def wrote(fake: FakeOrg) -> list[str]:
    harmless = ("/token", "/userinfo", "/composite")
    return [path for method, path in fake.calls if method != "GET" and not path.endswith(harmless)]


# The folder.


def test_the_folder_holds_the_fields_that_the_configuration_names(made: FakeOrg) -> None:
    status = SOURCE / "objects/Account/fields/Status__c.field-meta.xml"
    assert texts(status, "type") == ["Picklist"]
    assert texts(status, "valueSet/restricted") == ["true"]
    assert texts(status, "valueSet/valueSetDefinition/value/fullName") == list(
        shipped_policy().machines["Account"].states
    )
    reason = SOURCE / "objects/Opportunity/fields/Lost_Reason__c.field-meta.xml"
    assert texts(reason, "valueSet/restricted") == ["false"]
    assert texts(reason, "valueSet/valueSetDefinition/value/fullName") == ["Not a fit", "Too small"]
    types = {
        file.name.partition(".")[0]: texts(file, "type")[0]
        for file in SOURCE.glob("objects/*/fields/*.xml")
    }
    assert types["Backlog_Until__c"] == "Date"
    assert types["Target_At__c"] == "DateTime"
    assert types["Backlog_Count__c"] == "Number"
    assert types["Customer_Context__c"] == "LongTextArea"
    assert wrote(made) == []


def test_the_stages_of_the_org_stay_and_those_of_the_loop_come(made: FakeOrg) -> None:
    own = [str(row["MasterLabel"]) for row in made.records("OpportunityStage")]
    file = SOURCE / "standardValueSets/OpportunityStage.standardValueSet-meta.xml"

    names = texts(file, "standardValue/fullName")
    assert names == [*own, *(name for name, _ in STAGES if name not in own)]
    chances = dict(zip(names, texts(file, "standardValue/probability"), strict=True))
    assert {name: int(chances[name]) for name, _ in STAGES} == dict(STAGES)
    won = dict(zip(names, texts(file, "standardValue/won"), strict=True))
    assert [name for name, is_won in won.items() if is_won == "true"] == ["Closed Won"]


@pytest.mark.usefixtures("made")
def test_the_permission_set_gives_read_on_what_is_read_and_edit_on_what_is_written() -> None:
    file = SOURCE / "permissionsets/Sfsync_Service.permissionset-meta.xml"
    fields = dict(
        zip(
            texts(file, "fieldPermissions/field"),
            texts(file, "fieldPermissions/editable"),
            strict=True,
        )
    )

    assert fields["Account.Status__c"] == fields["Opportunity.Won_At__c"] == "true"
    # What public sources say of an account is written, too.
    assert fields["Account.Industry"] == "true"
    assert fields["Account.Subscription_End__c"] == "false"
    # these are not read at all, or are no matter of permissions
    assert {"Account.Phone", "Account.Name", "Opportunity.StageName"}.isdisjoint(fields)
    edits = dict(
        zip(
            texts(file, "objectPermissions/object"),
            texts(file, "objectPermissions/allowEdit"),
            strict=True,
        )
    )
    edited = {"Account": "true", "Opportunity": "true"}
    assert edits == {**edited, "Contact": "false", "Lead": "false"}
    for right in ("allowCreate", "allowDelete", "modifyAllRecords", "viewAllRecords"):
        assert set(texts(file, f"objectPermissions/{right}")) == {"false"}
    assert {"ApiEnabled", "EditTask"} <= set(texts(file, "userPermissions/name"))


@pytest.mark.usefixtures("made")
def test_a_second_permission_set_opens_what_cleanups_write() -> None:
    file = SOURCE / "permissionsets/Sfsync_Cleanup.permissionset-meta.xml"
    fields = texts(file, "fieldPermissions/field")
    assert {"Opportunity.Lost_Reason__c", "Opportunity.Probability", "Lead.LeadSource"} <= set(
        fields
    )
    assert set(texts(file, "fieldPermissions/editable")) == {"true"}
    # an address goes as a whole, and what is no matter of permissions is not named
    assert "Account.BillingAddress" in fields
    assert "Opportunity.StageName" not in fields
    objects = texts(file, "objectPermissions/object")
    assert objects == ["Account", "Contact", "Lead", "Opportunity"]
    assert set(texts(file, "objectPermissions/allowEdit")) == {"true"}
    deleted = texts(file, "objectPermissions/allowDelete")
    assert dict(zip(objects, deleted, strict=True)) == {
        "Account": "true", "Contact": "true", "Lead": "false", "Opportunity": "false"
    }  # fmt: skip
    for right in ("allowCreate", "modifyAllRecords", "viewAllRecords"):
        assert set(texts(file, f"objectPermissions/{right}")) == {"false"}
    given = {"ActivitiesAccess", "ApiEnabled", "EditTask", "TransferAnyEntity", "TransferAnyLead"}
    assert set(texts(file, "userPermissions/name")) == given
    readme = Path("made/README.md").read_text(encoding="utf-8")
    assert "The permission set Sfsync_Cleanup opens what `sfsync cleanup` writes" in readme


def rights_in(name: str) -> dict[str, set[str]]:
    """The rights on objects that a permission set gives, in words."""
    file = SOURCE / f"permissionsets/{name}.permissionset-meta.xml"
    rights: dict[str, set[str]] = {}
    objects = texts(file, "objectPermissions/object")
    for word in ("Read", "Create", "Edit", "Delete"):
        given = texts(file, f"objectPermissions/allow{word}")
        for each, is_given in zip(objects, given, strict=True):
            rights.setdefault(each, set()).update({word.lower()} if is_given == "true" else ())
    return rights


@pytest.mark.usefixtures("made")
def test_the_page_on_security_tells_each_object_and_what_may_be_done_with_it() -> None:
    page = (CONFIG.parent / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]\w+) \| ([a-z, ]*) \| ([a-z, ]*?) ?\| ", page, re.MULTILINE)
    told = {name: [set(each.split(", ")) - {""} for each in rest] for name, *rest in rows}
    assert set(told) == set(columns_known(shipped_policy()))
    for name, rights in rights_in("Sfsync_Service").items():
        assert told[name][0] == rights, name
    for name, rights in rights_in("Sfsync_Cleanup").items():
        assert told[name][1] == rights - {"read"}, name


def test_the_same_org_gives_the_same_bytes_and_says_what_it_replaces(
    made: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(made, monkeypatch)
    first = files_in(Path("made"))
    # what tools put beside it is theirs
    Path("made/.forceignore").write_text("mine", encoding="utf-8")
    said = call("setup", "--out", "made").stdout

    assert files_in(Path("made")) == {**first, ".forceignore": b"mine"}
    assert f"{len(first) - 1} were replaced and 0 removed" in said


@pytest.mark.usefixtures("made")
def test_what_is_made_meanwhile_leaves_the_folder(bare: FakeOrg) -> None:
    bare.declare("Account", {"name": "Enriched_At__c", "type": "datetime"})
    assert "1 removed" in call("setup", "--out", "made").stdout

    assert not (SOURCE / "objects/Account/fields/Enriched_At__c.field-meta.xml").exists()


@pytest.mark.usefixtures("bare")
def test_anybodys_work_is_left_alone() -> None:
    Path("made").mkdir()
    Path("made/letter.txt").write_text("Dear Pia", encoding="utf-8")
    said = call("setup", "--out", "made", exits=ExitCode.CONFIGURATION).stderr
    assert "something else is in it" in said
    assert [file.name for file in Path("made").iterdir()] == ["letter.txt"]


@pytest.mark.usefixtures("made")
def test_nothing_of_others_is_deployed_with_it(bare: FakeOrg) -> None:
    bare.declare("Account", {"name": "Enriched_At__c", "type": "datetime"})
    own = SOURCE / "objects/Account/fields/My_Own__c.field-meta.xml"
    own.write_text("mine", encoding="utf-8")
    (SOURCE / "layouts").symlink_to(Path.cwd())
    before = files_in(Path("made"))
    said = call("setup", "--out", "made", exits=ExitCode.CONFIGURATION).stderr

    assert f"{own}: setup did not write it, and it would be deployed too" in said
    assert f"{SOURCE / 'layouts'}: setup did not write it" in said
    assert files_in(Path("made")) == before


@pytest.mark.usefixtures("made", "bare")
def test_a_file_that_was_changed_is_left_alone() -> None:
    readme = Path("made/README.md")
    readme.write_text("my own", encoding="utf-8")
    said = call("setup", "--out", "made", exits=ExitCode.CONFIGURATION).stderr
    assert "README.md: was changed since setup wrote it" in said
    assert readme.read_text(encoding="utf-8") == "my own"


@pytest.mark.usefixtures("made")
def test_the_readme_says_what_to_do() -> None:
    text = Path("made/README.md").read_text(encoding="utf-8")

    assert "sf org assign permset --name Sfsync_Service" in text
    assert "- Account.Status__c\n" in text
    assert "New fields:\n" in text
    assert "Changed fields:" not in text
    for right in ("View All Data", "Modify All Records", "View Setup and Configuration"):
        assert right in text
    assert "{{" not in text
    project = json.loads(Path("made/sfdx-project.json").read_text(encoding="utf-8"))
    assert project["sourceApiVersion"] == "62.0"


def test_without_any_option_it_only_says_what_there_is_to_make(bare: FakeOrg) -> None:
    said = call("setup").stdout.splitlines()

    assert "field\tAccount.Status__c" in said
    assert "permission set\tSfsync_Service" in said
    assert said[-1].startswith("Nothing was written: add --out DIR")
    assert wrote(bare) == []
    assert list(Path().iterdir()) == []


# Into the org.


def test_a_bare_org_is_set_up_and_then_the_loop_runs(bare: FakeOrg) -> None:
    account = bare.add("Account", Name="Atelier Fictif", NumberOfEmployees=20)
    # it ends as the doctor does: all that the rules need is there
    said = call("setup", "--apply", "--yes").stdout

    assert "Succeeded: " in said
    assert "validation rule, inactive\tOpportunity.Commit_Needs_Billing" in said
    assert "now has the permission set Sfsync_Service" in said
    call("run", "hourly")
    assert bare.record("Account", account)["Status__c"] == "Unqualified Pool"
    stages = {str(row["MasterLabel"]) for row in bare.records("OpportunityStage")}
    assert {name for name, _ in STAGES} <= stages
    # a second time there is nothing left but the permissions
    said = call("setup").stdout.splitlines()
    assert said[0] == (
        "Nothing is missing that setup makes: only the permission sets Sfsync_Cleanup, "
        "Sfsync_Service are to be written again."
    )
    assert said[1].startswith("Left for you: ")
    assert len(said) == 3
    said = call("setup", "--apply", "--yes").stdout
    assert "field\t" not in said
    # whose rules an admin may have activated meanwhile
    assert "validation rule" not in said
    assert "already had the permission set" in said
    assert len(bare.records("PermissionSetAssignment")) == 1


def test_a_cleanup_may_write_as_long_as_the_second_permission_set_is_assigned(
    bare: FakeOrg,
) -> None:
    call("setup", "--apply", "--yes")
    account = bare.add("Account", Name="Atelier Fictif", Status__c="Target")
    lost = {"AccountId": account, "CloseDate": NOW.date(), "StageName": "Closed Lost"}
    deal = bare.add("Opportunity", Name="Lost", **lost)
    assert CliRunner().invoke(commands, ["init", "."]).exit_code == ExitCode.DONE
    file = Path("config/sfsync.yaml")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("  lost_reasons: {}", "  lost_reasons: {default: Too small}"))
    fix = ["cleanup", "fix-stages", "--id", deal, "--apply", "--config", "config"]
    said = CliRunner().invoke(commands, fix)
    assert said.exit_code == ExitCode.CONFIGURATION, said.output
    assert "may not write Lost_Reason__c: allow it first" in said.output
    assert bare.record("Opportunity", deal)["Lost_Reason__c"] is None

    (parent,) = [row for row in bare.records("PermissionSet") if row["Name"] == "Sfsync_Cleanup"]
    bare.add("PermissionSetAssignment", AssigneeId=bare.user_id, PermissionSetId=parent["Id"])
    said = CliRunner().invoke(commands, fix)
    assert said.exit_code == ExitCode.DONE, said.output
    assert bare.record("Opportunity", deal)["Lost_Reason__c"] == "Too small"
    (check,) = [each for each in examine() if "Sfsync_Cleanup" in each["text"]]
    assert (check["level"], check["remedy"]) == ("note", "take it away once the cleanup is done")


def test_a_picklist_gets_the_states_that_it_lacks_and_keeps_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    org = signed_in(empty_org(NOW, "Europe/Paris"), monkeypatch)
    there = [{"value": "Target", "label": "Ziel"}, {"value": "Other", "label": "Andere"}]
    org.declare("Account", {"name": "Status__c", "picklistValues": there})
    call("setup", "--out", "made")
    readme = Path("made/README.md").read_text(encoding="utf-8")
    assert "\nChanged fields:\n\n- Account.Status__c\n" in readme
    said = call("setup", "--apply", "--yes")

    assert "changed field\tAccount.Status__c" in said.stdout.splitlines()
    assert "Changes what is there: Account.Status__c gets Unqualified Pool" in said.stdout
    field = org.state.store.schema.objects["Account"].fields["Status__c"]
    labels = {each.value: each.label for each in field.picklist if each.active}
    assert labels["Target"] == "Ziel"
    assert labels["Other"] == "Andere"
    assert set(shipped_policy().machines["Account"].states) <= set(labels)


def test_a_field_that_is_only_hidden_is_given_and_not_made_anew(bare: FakeOrg) -> None:
    call("setup", "--apply", "--yes")
    for row in bare.records("PermissionSetAssignment"):
        bare.remove("PermissionSetAssignment", str(row["Id"]))
    hidden = problems(examine(ExitCode.CONFIGURATION))
    assert any("hides from the service's user what is there" in each["text"]
               for each in hidden.values())  # fmt: skip
    # all is well afterwards, or this would not be DONE
    said = call("setup", "--apply", "--yes", exits=ExitCode.DONE).stdout

    assert "field\t" not in said


def test_validation_rules_stay_at_home_where_the_org_does_not_tell_its_own(bare: FakeOrg) -> None:
    bare.on_request.append(refuse("tooling/", 403, "INSUFFICIENT_ACCESS", "no", times=9))
    said = call("setup", "--apply", "--yes", "--out", "made").stdout

    assert "Validation rules were left out" in said
    assert list(SOURCE.glob("objects/Opportunity/validationRules/Commit_*"))
    assert "The org did not tell" in Path("made/README.md").read_text(encoding="utf-8")


def test_nothing_is_deployed_without_a_yes(bare: FakeOrg) -> None:
    for answer in ("n\n", ""):
        result = CliRunner().invoke(
            commands, ["setup", "--apply", "--config", str(CONFIG)], input=answer
        )
        assert result.exit_code == ExitCode.STOPPED
        assert "nothing was deployed" in result.stderr
    assert wrote(bare) == []


def test_where_writing_is_forbidden_the_org_is_not_even_asked(
    bare: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFSYNC_READ_ONLY", "1")
    said = call("setup", "--apply", "--yes", exits=ExitCode.CONFIGURATION).stderr

    assert said.startswith("sfsync: SFSYNC_READ_ONLY is set")
    assert "`sfsync setup --out DIR" in said
    assert bare.calls == []
    call("setup", "--out", "made")


def test_a_deployment_that_fails_names_each_component_and_leaves_nothing(bare: FakeOrg) -> None:
    # of another type, and nobody can tell that it is there
    bare.declare("Account", {"name": "Backlog_Until__c", "type": "string"})
    bare.hide_field("Account", "Backlog_Until__c")
    said = call("setup", "--apply", "--yes", exits=ExitCode.UNREACHABLE).stderr

    assert "ended as Failed, and nothing of it is in the org" in said
    assert "objects/Account.object (CustomField): " in said
    assert "Status__c" not in bare.state.store.schema.objects["Account"].fields
    assert bare.records("PermissionSet") == []


def test_a_token_that_expires_before_or_during_the_deployment_is_renewed(bare: FakeOrg) -> None:
    def expire(request: object) -> None:
        if getattr(request, "when", "") == "before" and "Soap" in getattr(request, "path", ""):
            bare.on_request.remove(expire)
            bare.expire_tokens()

    bare.on_request.append(expire)
    # it ends as the doctor does, who finds everything
    call("setup", "--apply", "--yes")

    assert expire not in bare.on_request


def test_who_may_not_deploy_is_told_so(bare: FakeOrg) -> None:
    fault = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        "<soapenv:Fault><faultcode>sf:INSUFFICIENT_ACCESS</faultcode><faultstring>"
        "INSUFFICIENT_ACCESS: use of the Metadata API requires a user with Modify Metadata"
        "</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )
    bare.on_request.append(page_of("/services/Soap/m/", 500, fault))
    with pytest.raises(OrgRefused) as caught:
        deployer_of(bare).deploy(b"a package", lambda _: None)

    assert "deploying: INSUFFICIENT_ACCESS: use of the Metadata API" in str(caught.value)
    assert "Modify Metadata" in str(caught.value)


@pytest.mark.parametrize("text", ["<html>maintenance", "<x/>"])
def test_an_answer_in_no_form_of_the_platforms_is_temporary_trouble(
    bare: FakeOrg, text: str
) -> None:
    bare.on_request.append(page_of("/services/Soap/m/", 200, text))
    with pytest.raises(OrgUnavailable) as caught:
        deployer_of(bare).deploy(b"a package", lambda _: None)

    assert "deploying: the answer is not in the platform's form" in str(caught.value)
    assert text not in str(caught.value)


def deployer_of(fake: FakeOrg) -> Deployer:
    way = fake.session(), given(fake.host, fake.token())
    return Deployer(*way, version=API_VERSION, sleep=lambda _: None)


def page_of(path: str, status: int, text: str) -> Callable[[object], object]:
    """A hook that answers requests with a text of any form."""

    def answer(request: object) -> object:
        if getattr(request, "when", "") == "before" and path in getattr(request, "path", ""):
            return Reply(status, text.encode(), {"Content-Type": "text/xml"})
        return None

    return answer


# What the company wishes.


def wishes(text: str = "") -> Wishes:
    shipped = (CONFIG / "setup.yaml").read_text("utf-8")
    if not text:
        return wishes_of(shipped, str(CONFIG / "setup.yaml"))
    return load_wishes(text, "setup.yaml", shipped_policy())


def test_mistakes_in_the_file_are_told_with_their_lines() -> None:
    with pytest.raises(ConfigError) as caught:
        wishes("permission_sets: {}\nfields:\n  Account:\n    Status: {label: State}\n")
    assert [each.partition(": ")[0] for each in caught.value.problems] == [
        "setup.yaml:1",
        "setup.yaml:4",
    ]
    assert 'did you mean "permission_set"?' in caught.value.problems[0]
    with pytest.raises(ConfigError) as caught:
        wishes(
            "fields:\n  Account:\n    Status__c: {type: text}\n    Shoe_Size__c: {decimals: 1}\n"
            "stages:\n  Comit: {probability: 1, forecast: Omitted}\n"
        )
    assert len(caught.value.problems) == 3
    assert 'setup.yaml:6: no rules know the state "Comit"; did you mean "Commit"?' in (
        caught.value.problems
    )


def test_cleanups_are_opened_only_what_the_configuration_knows() -> None:
    with pytest.raises(ConfigError) as caught:
        wishes("cleanups:\n  edit:\n    Acount: [Phone]\n  delete:\n    - Contact\n")
    assert caught.value.problems == (
        'setup.yaml:3: sfsync.yaml names no object "Acount"; did you mean "Account"?',
        "setup.yaml:5: Contact: what is deleted must also be under `edit`",
    )


def test_rules_check_tells_them_too(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path / "config", ignore=shutil.ignore_patterns("demo"))
    file = tmp_path / "config" / "setup.yaml"
    with file.open("a", encoding="utf-8") as text:
        text.write("stage: {}\n")
    said = CliRunner().invoke(commands, ["rules", "check", "--config", str(tmp_path / "config")])

    assert said.exit_code == ExitCode.CONFIGURATION
    assert f"setup.yaml:{len(file.read_text('utf-8').splitlines())}: " in said.stderr
    assert 'did you mean "stages"?' in said.stderr


def test_without_the_file_the_usual_is_made() -> None:
    usual = load_wishes("", "setup.yaml", shipped_policy())
    assert (usual.permission_set.name, usual.validation_rules) == ("Sfsync_Service", ())


def formula_of(name: str, types: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    (wish,) = [each for each in wishes().validation_rules if each.name == name]
    written = validation_rule(wish, "Opportunity", "StageName", types.get)
    if written.component is None:
        return "", written.missing
    assert written.component.element.findtext("active") == "false"
    return written.component.element.findtext("errorConditionFormula") or "", written.missing


def test_a_validation_rule_asks_at_the_stages_door_only() -> None:
    formula, missing = formula_of(
        "Commit_Needs_Signed_Quote", {"Amount": "currency", "Quote_Signed_On__c": "date"}
    )
    assert formula == (
        "AND(\n"
        "  OR(ISNEW(), ISCHANGED(StageName)),\n"
        '  OR(ISPICKVAL(StageName, "Commit"), AND(ISPICKVAL(StageName, "Closed Won"), '
        'ISPICKVAL(PRIORVALUE(StageName), "Commit"))),\n'
        "  AND(OR(ISBLANK(Amount), Amount >= 10000), ISBLANK(Quote_Signed_On__c))\n"
        ")"
    )
    assert missing == ()


def test_a_validation_rule_leaves_out_what_the_org_lacks() -> None:
    formula, missing = formula_of(
        "Commit_Needs_Onboarding_Information", {"Plan__c": "picklist", "User_Count__c": "double"}
    )
    assert "OR(ISBLANK(TEXT(Plan__c)), OR(ISBLANK(User_Count__c), User_Count__c = 0))" in formula
    assert missing == ("Pricing_Terms__c", "Customer_Context__c", "Billing_Tool__c")
    assert formula_of("Commit_Needs_Acceptance", {}) == ("", ("Acceptance_Received_On__c",))


def test_what_a_validation_rule_cannot_ask_for_is_left_to_the_admin(
    bare: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = wishes(
        "validation_rules:\n"
        "  - {name: A, entering: Commit, message: m, complete_with: [{field: Amount},\n"
        "     {field: None_Such__c}]}\n"
        "  - {name: B, entering: Commit, message: m, complete_with: [{field: None_Such__c}]}\n"
    )
    monkeypatch.setattr("sfsync.setup.load_wishes", lambda *_: few)
    said = call("setup").stdout

    lacks = "None_Such__c, which the org lacks."
    assert "validation rule, inactive\tOpportunity.A" in said
    assert f"Left for you: A: the validation rule does not ask for {lacks}" in said
    assert "validation rule, inactive\tOpportunity.B" not in said
    assert "Left for you: B: no validation rule, since the org lacks None_Such__c." in said
    assert wrote(bare) == []


def test_the_start_date_may_pass_once_the_deal_is_won() -> None:
    formula, _ = formula_of("Commit_Needs_Start_Date", {"Start_Date__c": "date"})
    past = 'AND(ISPICKVAL(StageName, "Commit"), Start_Date__c < TODAY())'
    assert f"OR(ISBLANK(Start_Date__c), {past})" in formula


# The package.


def test_the_package_names_all_that_is_in_it_and_is_the_same_each_time(bare: FakeOrg) -> None:
    packages = []

    def keep(request: object) -> None:
        body = getattr(request, "body", b"")
        if getattr(request, "when", "") == "before" and b"ZipFile" in body:
            packages.append(body.partition(b"<met:ZipFile>")[2].partition(b"</met:ZipFile>")[0])
            bare.on_request.append(refuse("/services/", 503, "SERVER_UNAVAILABLE", "busy", times=9))

    bare.on_request.append(keep)
    call("setup", "--apply", "--yes", exits=ExitCode.UNREACHABLE)
    bare.on_request[:] = [keep]
    call("setup", "--apply", "--yes", exits=ExitCode.UNREACHABLE)

    assert len(packages) == 2
    assert packages[0] == packages[1]
    with zipfile.ZipFile(io.BytesIO(b64decode(packages[0]))) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        manifest = ElementTree.fromstring(archive.read("package.xml"))
        account = ElementTree.fromstring(archive.read("objects/Account.object"))
    members = [each.text or "" for each in manifest.iter(f"{META}members")]
    fields = [f"Account.{each.text}" for each in account.findall(f"{META}fields/{META}fullName")]
    assert fields
    assert set(fields) == {each for each in members if each.startswith("Account.")}
