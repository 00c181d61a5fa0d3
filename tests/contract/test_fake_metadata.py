"""Does the fake take in metadata as the platform does, and hide what nobody was granted?"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import requests
from contract_org import CUSTOM_FIELDS, NOW, sign_in
from simple_salesforce import Salesforce, metadata
from simple_salesforce.exceptions import (
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from sfsync.fake import FakeOrg, load_folder

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
HEALTH = """<fields><fullName>Health__c</fullName><label>Health</label><type>Picklist</type>
 <valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>
  <value><fullName>Green</fullName><default>false</default><label>Green</label></value>
  <value><fullName>Red</fullName><default>false</default><label>Red light</label></value>
 </valueSetDefinition></valueSet></fields>"""
ACCESS = """<label>Health access</label>
 <fieldPermissions><editable>true</editable><field>Account.Health__c</field>
  <readable>true</readable></fieldPermissions>"""
STAGE = """<standardValue><fullName>Verbal Yes</fullName><closed>false</closed><won>false</won>
 <forecastCategory>Forecast</forecastCategory><probability>80</probability></standardValue>"""
Status = dict[str, Any]
Deploy = Callable[..., Status]


def field(name: str, kind: str, more: str = "") -> str:
    about = f"<fullName>{name}</fullName><label>{name}</label><type>{kind}</type>"
    return f"<fields>{about}{more}</fields>"


def rule(more: str) -> str:
    return f"<validationRules><fullName>Reason_needed</fullName>{more}</validationRules>"


def packed(files: Mapping[str, str], named: Mapping[str, list[str]]) -> bytes:
    types = ""
    for kind, members in named.items():
        inside = "".join(f"<members>{each}</members>" for each in members)
        types += f"<types>{inside}<name>{kind}</name></types>"
    manifest = f'<Package xmlns="{NAMESPACE}">{types}<version>62.0</version></Package>'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in {"package.xml": manifest, **files}.items():
            archive.writestr(name, content)
    return stream.getvalue()


def objects(content: str, name: str = "Account") -> dict[str, str]:
    return {f"objects/{name}.object": f'<CustomObject xmlns="{NAMESPACE}">{content}</CustomObject>'}


def sets(content: str, name: str = "Access") -> dict[str, str]:
    whole = f'<PermissionSet xmlns="{NAMESPACE}">{content}</PermissionSet>'
    return {f"permissionsets/{name}.permissionset": whole}


def values(content: str, name: str) -> dict[str, str]:
    whole = f'<StandardValueSet xmlns="{NAMESPACE}">{content}</StandardValueSet>'
    return {f"standardValueSets/{name}.standardValueSet": whole}


ALL = {
    "CustomObject": ["Account", "Activity", "Opportunity", "Task", "Nothing"],
    "PermissionSet": ["*"],
    "StandardValueSet": ["*"],
}


@pytest.fixture(scope="module", autouse=True)
def one_reading_of_the_wsdl() -> Iterator[None]:
    """Let the library read its 1.5 MB description of the Metadata API once, not per client."""
    client = metadata.Client(
        (Path(metadata.__file__).parent / "metadata.wsdl").as_uri(),
        settings=metadata.Settings(strict=False, xsd_ignore_sequence_order=True),
    )
    with patch.object(metadata, "Client", lambda *_rest, **_options: client):
        yield


@pytest.fixture
def deploy(org: FakeOrg) -> Deploy:
    """Deploy files with simple-salesforce and return the last state it tells."""

    def run(
        files: Mapping[str, str], named: Mapping[str, list[str]] = ALL, **options: bool
    ) -> Status:
        # The library spoils the headers of the object that deploys.
        client = sign_in(org)
        given = {"allowMissingFiles": True, "rollbackOnError": True, **options}
        started = client.deploy(io.BytesIO(packed(files, named)), sandbox=True, **given)
        states = [client.checkDeployStatus(started["asyncId"]) for _ in range(3)]
        assert [each["state"] for each in states[:2]] == ["Pending", "InProgress"]
        return dict(states[2])

    return run


@pytest.fixture
def grant(org: FakeOrg, sf: Salesforce) -> Callable[[str], None]:
    """Assign a permission set to the service's user."""

    def assign(name: str) -> None:
        found = sf.query(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'")["records"][0]
        sf.PermissionSetAssignment.create(
            {"AssigneeId": org.user_id, "PermissionSetId": found["Id"]}
        )

    return assign


def problem(status: Status) -> str:
    (error,) = status["deployment_detail"]["errors"]
    return str(error["message"])


def described(sf: Salesforce, name: str = "Account") -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in getattr(sf, name).describe()["fields"]}


# Fields and who sees them.


def test_nobody_sees_a_new_field_before_it_is_granted(
    deploy: Deploy, grant: Callable[[str], None], org: FakeOrg, sf: Salesforce
) -> None:
    record = org.add("Account", Name="Atelier Fictif")
    status = deploy({**objects(HEALTH), **sets(ACCESS)})
    assert status["state"] == "Succeeded"
    assert status["deployment_detail"]["deployed_count"] == "2"
    assert "Health__c" not in described(sf)
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Health__c'"):
        sf.query("SELECT Health__c FROM Account")
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        sf.Account.update(record, {"Health__c": "Green"})
    grant("Access")
    assert described(sf)["Health__c"]["picklistValues"][1]["label"] == "Red light"
    sf.Account.update(record, {"Health__c": "Green"})
    assert sf.query("SELECT Health__c FROM Account")["records"][0]["Health__c"] == "Green"
    with pytest.raises(SalesforceMalformedRequest, match="RESTRICTED_PICKLIST"):
        sf.Account.update(record, {"Health__c": "Blue"})


def test_another_user_still_sees_nothing(
    deploy: Deploy, grant: Callable[[str], None], org: FakeOrg
) -> None:
    other = org.add("User", Name="Nadine Inconnue", Username="n@example.com", IsActive=True)
    deploy({**objects(HEALTH), **sets(ACCESS)})
    grant("Access")
    assert "Health__c" not in described(sign_in(org, other))
    assert "Health__c" in described(sign_in(org))


def test_read_only_access(
    deploy: Deploy, grant: Callable[[str], None], org: FakeOrg, sf: Salesforce
) -> None:
    record = org.add("Account", Name="Atelier Fictif")
    readable = ACCESS.replace("<editable>true", "<editable>false")
    deploy({**objects(HEALTH), **sets(readable)})
    grant("Access")
    assert described(sf)["Health__c"]["updateable"] is False
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        sf.Account.update(record, {"Health__c": "Green"})


def test_rows_of_field_permissions_grant_too(deploy: Deploy, org: FakeOrg, sf: Salesforce) -> None:
    deploy(objects(HEALTH))
    parent = sf.PermissionSet.create({"Name": "Own", "Label": "Own"})["id"]
    row = {
        "ParentId": parent,
        "SobjectType": "Account",
        "Field": "Account.Health__c",
        "PermissionsRead": True,
    }
    granted = sf.FieldPermissions.create(row)["id"]
    assignment = {"AssigneeId": org.user_id, "PermissionSetId": parent}
    given = sf.PermissionSetAssignment.create(assignment)["id"]
    assert "Health__c" in described(sf)
    with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_VALUE"):
        sf.PermissionSetAssignment.create(assignment)
    with pytest.raises(SalesforceMalformedRequest, match="RESTRICTED_PICKLIST"):
        sf.FieldPermissions.create(row | {"Field": "Account.Nothing__c"})
    sf.PermissionSetAssignment.delete(given)
    assert "Health__c" not in described(sf)
    sf.PermissionSetAssignment.create(assignment)
    sf.FieldPermissions.delete(granted)
    assert "Health__c" not in described(sf)


def test_required_and_older_fields_are_seen_by_everybody(deploy: Deploy, sf: Salesforce) -> None:
    text = "<length>20</length>"
    deploy(
        objects(
            field("Code__c", "Text", text + "<required>true</required>")
            + field("Number__c", "Text", text + "<externalId>true</externalId>")
        )
    )
    fields = described(sf)
    assert fields["Code__c"]["nillable"] is False
    assert (fields["Number__c"]["label"], fields["Number__c"]["externalId"]) == ("Number__c", True)


KINDS = {
    "Checkbox": ("<defaultValue>true</defaultValue>", {"type": "boolean", "defaultValue": True}),
    "Currency": ("<precision>16</precision><scale>2</scale>", {"type": "currency", "scale": 2}),
    "Date": ("", {"type": "date"}),
    "DateTime": ("<trackHistory>true</trackHistory>", {"type": "datetime"}),
    "Email": ("<unique>true</unique>", {"type": "email", "unique": True}),
    "Html": ("<length>1000</length><visibleLines>9</visibleLines>", {"type": "textarea"}),
    "LongTextArea": (
        "<length>500</length><visibleLines>3</visibleLines>",
        {"type": "textarea", "length": 500, "filterable": False},
    ),
    "Lookup": (
        "<referenceTo>Contact</referenceTo><relationshipName>Firms</relationshipName>",
        {"type": "reference", "referenceTo": ["Contact"], "relationshipName": "X__r"},
    ),
    "MultiselectPicklist": (
        "<visibleLines>3</visibleLines><valueSet><valueSetDefinition><sorted>true</sorted>"
        "<value><fullName>B</fullName></value><value><fullName>A</fullName></value>"
        "</valueSetDefinition></valueSet>",
        {"type": "multipicklist", "restrictedPicklist": False},
    ),
    "Number": (
        "<precision>6</precision><scale>1</scale><externalId>true</externalId>",
        {"type": "double", "precision": 6, "externalId": True},
    ),
    "Percent": ("<precision>3</precision><scale>0</scale>", {"type": "percent"}),
    "Phone": ("", {"type": "phone"}),
    "Text": (
        '<length>12</length><defaultValue>"none"</defaultValue>',
        {"type": "string", "length": 12, "defaultValue": "none"},
    ),
    "TextArea": ("", {"type": "textarea", "length": 255}),
    "Time": ("", {"type": "time"}),
    "Url": ("", {"type": "url"}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_types_of_fields(
    kind: str, deploy: Deploy, grant: Callable[[str], None], sf: Salesforce
) -> None:
    more, expected = KINDS[kind]
    status = deploy({**objects(field("X__c", kind, more)), **sets(ACCESS.replace("Health", "X"))})
    assert status["state"] == "Succeeded", status
    grant("Access")
    found = described(sf)["X__c"]
    assert {key: found[key] for key in expected} == expected
    assert found["custom"] is True


TEN = "<length>10</length>"
ONE_VALUE = "<value><fullName>A</fullName></value>"
NO_FIELDS = {
    "bad type": (field("X__c", "Colour"), "not a valid value for the enum 'FieldType'"),
    "no type": ("<fields><fullName>X__c</fullName><label>X</label></fields>", "specify a 'type'"),
    "no label": ("<fields><fullName>X__c</fullName><type>Date</type></fields>", "-empty label"),
    "no length": (field("X__c", "Text"), "Must specify 'length'"),
    "length of a date": (field("X__c", "Date", TEN), "Can not specify 'length'"),
    "too long": (field("X__c", "Text", "<length>256</length>"), "between 1 and 255"),
    "no number": (field("X__c", "Text", "<length>ten</length>"), "xsd:int"),
    "no boolean": (field("X__c", "Date", "<required>yes</required>"), "xsd:boolean"),
    "no scale": (field("X__c", "Number", "<precision>9</precision>"), "Must specify 'scale'"),
    "scale": (
        field("X__c", "Number", "<precision>2</precision><scale>3</scale>"), "at most precision"
    ),
    "no default": (field("X__c", "Checkbox"), "Must specify 'defaultValue'"),
    "date as key": (
        field("X__c", "Date", "<externalId>true</externalId>"), "Can not specify 'externalId'"
    ),
    "no values": (
        field("X__c", "Picklist", "<valueSet><valueSetDefinition/></valueSet>"), "at least one"
    ),
    "no value set": (field("X__c", "Picklist"), "Must specify 'valueSet'"),
    "value twice": (
        field("X__c", "Picklist",
              f"<valueSet><valueSetDefinition>{ONE_VALUE * 2}</valueSetDefinition></valueSet>"),
        "Duplicate value: A",
    ),
    "bad name": (field("X", "Date"), "field name 'X'"),
    "bad target": (
        field("X__c", "Lookup",
              "<referenceTo>Nothing</referenceTo><relationshipName>Y</relationshipName>"),
        "does not resolve",
    ),
    "formula": (field("X__c", "Text", TEN + "<formula>Name</formula>"), "The fake does not offer"),
    "unknown element": (field("X__c", "Date", "<colour>red</colour>"), "the element colour"),
    "other type": (field("Number__c", "Date"), "does not change the type"),
    "setting": ("<sharingModel>Private</sharingModel>", "not its sharingModel"),
    "no active": (
        rule("<errorConditionFormula>TRUE</errorConditionFormula><errorMessage>No</errorMessage>"),
        "missing: active",
    ),
    "no formula": (
        rule("<active>true</active><errorMessage>No</errorMessage>"), "errorConditionFormula"
    ),
    "no message": (
        rule("<active>true</active><errorConditionFormula>TRUE</errorConditionFormula>"),
        "errorMessage",
    ),
    "twice": (field("X__c", "Date") * 2, "it is there twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_FIELDS)
def test_what_no_object_file_can_hold(case: str, deploy: Deploy, org: FakeOrg) -> None:
    content, told = NO_FIELDS[case]
    status = deploy(objects(content + field("Good__c", "Date")))
    assert status["state"] == "Failed"
    assert told in problem(status)
    assert "Good__c" not in org.state.store.schema.objects["Account"].fields


def test_an_unknown_object(deploy: Deploy) -> None:
    assert "no CustomObject named Nothing" in problem(deploy(objects(HEALTH, "Nothing")))


def test_fields_of_activities(deploy: Deploy, grant: Callable[[str], None], sf: Salesforce) -> None:
    access = sets(ACCESS.replace("Account.Health__c", "Activity.Why__c"))
    why = field("Why__c", "Text", TEN)
    assert deploy({**objects(why, "Activity"), **access})["state"] == "Succeeded"
    assert "Why__c" not in described(sf, "Task")
    grant("Access")
    assert "Why__c" in described(sf, "Task")
    assert "Why__c" in described(sf, "Event")
    assert "belong to Activity" in problem(deploy(objects(why, "Task")))


def test_a_picklist_gets_further_values(deploy: Deploy, org: FakeOrg, sf: Salesforce) -> None:
    org.declare("Account", {"name": "Health__c", "type": "picklist", "picklistValues": ["Grey"]})
    assert deploy(objects(HEALTH))["state"] == "Succeeded"
    found = described(sf)["Health__c"]["picklistValues"]
    assert [(each["value"], each["active"]) for each in found] == [
        ("Green", True), ("Red", True), ("Grey", False),
    ]  # fmt: skip


def test_history_of_a_standard_field_can_be_tracked(deploy: Deploy, org: FakeOrg) -> None:
    tracked = "<fields><fullName>Industry</fullName><trackHistory>true</trackHistory></fields>"
    assert deploy(objects(tracked))["state"] == "Succeeded"
    record = org.add("Account", Name="Atelier Fictif")
    org.edit("Account", record, Industry="Banking")
    assert [row["Field"] for row in org.records("AccountHistory")] == ["Industry"]


def test_a_validation_rule_is_kept(deploy: Deploy, org: FakeOrg) -> None:
    content = rule(
        "<active>false</active><errorConditionFormula>ISBLANK(Site)</errorConditionFormula>"
        "<errorDisplayField>Site</errorDisplayField><errorMessage>Say where</errorMessage>"
    )
    assert deploy(objects(content))["state"] == "Succeeded"
    told = sign_in(org).toolingexecute(
        "query/?q=SELECT+ValidationName,EntityDefinition.QualifiedApiName,Active+FROM+ValidationRule"
    )
    (row,) = told["records"]  # type: ignore[index]
    assert (row["ValidationName"], row["Active"]) == ("Reason_needed", False)
    assert row["EntityDefinition"]["QualifiedApiName"] == "Account"
    kept = org.state.metadata.rules["Account.Reason_needed"]
    assert (kept.active, kept.formula, kept.message, kept.field_name) == (
        False, "ISBLANK(Site)", "Say where", "Site",
    )  # fmt: skip


# Values of standard picklists.


def test_standard_picklists_get_values(deploy: Deploy, sf: Salesforce) -> None:
    status = deploy(
        {
            **values("<standardValue><fullName>Crafts</fullName></standardValue>", "Industry"),
            **values(STAGE, "OpportunityStage"),
            **values(
                "<standardValue><fullName>Dropped</fullName><closed>true</closed></standardValue>",
                "TaskStatus",
            ),
        }
    )
    assert status["state"] == "Succeeded", status
    for name, field_name, value in (
        ("Account", "Industry", "Crafts"),
        ("Lead", "Industry", "Crafts"),
        ("Opportunity", "StageName", "Verbal Yes"),
        ("Task", "Status", "Dropped"),
    ):
        found = described(sf, name)[field_name]["picklistValues"]
        assert value in {each["value"] for each in found}
    stages = described(sf, "Opportunity")["StageName"]["picklistValues"]
    assert [each["value"] for each in stages if each["active"]] == ["Verbal Yes"]
    industries = described(sf)["Industry"]["picklistValues"]
    assert [each["value"] for each in industries if each["active"]] == ["Crafts"]
    deal = {"Name": "Deal", "StageName": "Verbal Yes", "CloseDate": "2026-05-01"}
    made = sf.Opportunity.get(sf.Opportunity.create(deal)["id"])
    assert (made["Probability"], made["ForecastCategoryName"]) == (80.0, "Commit")


def test_value_sets_that_are_none(deploy: Deploy) -> None:
    value = "<standardValue><fullName>A</fullName></standardValue>"
    assert "does not offer the standard value set" in problem(deploy(values(value, "Colour")))
    assert "at least one value" in problem(deploy(values("", "Industry")))
    assert "needs a probability" in problem(deploy(values(value, "OpportunityStage")))


# Permission sets.


def test_a_permission_set_replaces_what_it_granted(
    deploy: Deploy, grant: Callable[[str], None], sf: Salesforce
) -> None:
    more = (
        ACCESS.replace("Health", "Until")
        + "<userPermissions><enabled>true</enabled><name>ApiEnabled</name></userPermissions>"
    )
    deploy({**objects(HEALTH), **sets(ACCESS)})
    grant("Access")
    assert "Health__c" in described(sf)
    assert deploy(sets(more))["state"] == "Succeeded"
    assert "Health__c" not in described(sf)
    found = sf.query(
        "SELECT Name, Label, PermissionsApiEnabled, (SELECT Field FROM FieldPerms) "
        "FROM PermissionSet WHERE IsCustom = true"
    )["records"]
    assert [(row["Label"], row["PermissionsApiEnabled"]) for row in found] == [
        ("Until access", True)
    ]
    assert [row["Field"] for row in found[0]["FieldPerms"]["records"]] == ["Account.Until__c"]


NO_SETS = {
    "no label": ("", "missing: label"),
    "unknown field": (ACCESS, "no CustomField named Account.Health__c found"),
    "required field": (ACCESS.replace("Health__c", "Name"), "deploy to a required field"),
    "edit without read": (
        ACCESS.replace("Health__c", "Site").replace("<readable>true", "<readable>false"),
        "editable depends on readable",
    ),
    "unknown object": (
        "<label>X</label><objectPermissions><object>Nothing</object></objectPermissions>",
        "no CustomObject named Nothing",
    ),
    "right without right": (
        "<label>X</label><objectPermissions><object>Account</object><allowEdit>true</allowEdit>"
        "</objectPermissions>",
        "depends on permission(s): allowRead",
    ),
    "unknown permission": (
        "<label>X</label><userPermissions><name>Fly</name></userPermissions>",
        "Unknown user permission: Fly",
    ),
}


@pytest.mark.parametrize("case", NO_SETS)
def test_what_no_permission_set_can_be(case: str, deploy: Deploy) -> None:
    content, told = NO_SETS[case]
    assert told in problem(deploy(sets(content)))


def test_a_user_with_minimum_access_has_what_is_granted(
    deploy: Deploy, org: FakeOrg, sf: Salesforce
) -> None:
    """Objects and fields appear for him alone, and only as far as the sets go."""
    name = "Minimum Access - API Only Integrations"
    profile = sf.query(f"SELECT Id FROM Profile WHERE Name = '{name}'")["records"][0]["Id"]
    user = org.add(
        "User", Name="Machine", Username="m@example.com", IsActive=True, ProfileId=profile
    )
    record = org.add("Account", Name="Atelier Fictif", Site="Nord", Industry="Banking")
    machine = sign_in(org, user)
    with pytest.raises(SalesforceMalformedRequest, match="'Account' is not supported"):
        machine.query("SELECT Id FROM Account")
    with pytest.raises(SalesforceResourceNotFound):
        machine.Account.describe()
    content = ACCESS.replace("Health__c", "Site") + (
        "<objectPermissions><object>Account</object><allowRead>true</allowRead>"
        "<allowEdit>true</allowEdit></objectPermissions>"
    )
    deploy(sets(content))
    parent = sf.query("SELECT Id FROM PermissionSet WHERE Name = 'Access'")["records"][0]["Id"]
    sf.PermissionSetAssignment.create({"AssigneeId": user, "PermissionSetId": parent})
    assert {"Id", "Name", "Site", "OwnerId"} <= described(machine).keys()
    assert "Industry" not in described(machine)
    machine.Account.update(record, {"Site": "Sud"})
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        machine.Account.update(record, {"Industry": "Energy"})
    with pytest.raises(SalesforceMalformedRequest, match="CANNOT_INSERT"):
        machine.Account.create({"Name": "Maison Inventée"})
    with pytest.raises(SalesforceMalformedRequest, match="INSUFFICIENT_ACCESS"):
        machine.Account.delete(record)
    seen = {each["name"] for each in machine.describe()["sobjects"]}  # type: ignore[index]
    assert ("Account" in seen, "Contact" in seen, "User" in seen) == (True, False, True)
    assert "Task" not in seen
    activities = (
        "<userPermissions><enabled>true</enabled><name>ActivitiesAccess</name></userPermissions>"
    )
    deploy(sets(content.replace("Site", "BillingAddress") + activities))
    assert "Task" in {each["name"] for each in machine.describe()["sobjects"]}  # type: ignore[index]
    fields = described(machine)
    assert fields["BillingCity"]["compoundFieldName"] == "BillingAddress"
    assert ("Site" in fields, "ShippingCity" in fields) == (False, False)
    assert "Industry" in described(sf)
    with pytest.raises(SalesforceGeneralError, match="INSUFFICIENT_ACCESS"):
        machine.deploy(io.BytesIO(packed({}, ALL)), sandbox=True)


# The deploy itself.


def test_the_steps_of_a_deploy(org: FakeOrg, sf: Salesforce) -> None:
    stream = io.BytesIO(packed(objects(HEALTH), {"CustomField": ["Account.Health__c"]}))
    started = sf.deploy(stream, sandbox=False, testLevel="RunSpecifiedTests", tests=["A"])
    assert (started["state"], started["asyncId"][:3]) == ("Queued", "0Af")
    seen = []
    for _ in range(4):
        status = sf.checkDeployStatus(started["asyncId"])
        there = "Health__c" in org.state.store.schema.objects["Account"].fields
        detail = status["deployment_detail"]
        seen.append((status["state"], detail["total_count"], detail["deployed_count"], there))
    assert seen == [
        ("Pending", "0", "0", False),
        ("InProgress", "1", "0", False),
        ("Succeeded", "1", "1", True),
        ("Succeeded", "1", "1", True),
    ]


def test_check_only_changes_nothing(deploy: Deploy, org: FakeOrg) -> None:
    status = deploy({**objects(HEALTH), **sets(ACCESS)}, checkOnly=True)
    assert (status["state"], status["deployment_detail"]["deployed_count"]) == ("Succeeded", "2")
    assert "Health__c" not in org.state.store.schema.objects["Account"].fields
    assert org.records("PermissionSet") == []


def test_a_failure_takes_all_back_or_not(deploy: Deploy, org: FakeOrg) -> None:
    files = objects(HEALTH + field("X__c", "Text"))
    account = org.state.store.schema.objects["Account"]
    before = dict(account.fields)
    assert deploy(files)["state"] == "Failed"
    assert account.fields == before
    status = deploy(files, rollbackOnError=False)
    assert status["state"] == "SucceededPartial"
    assert status["deployment_detail"] == {
        "total_count": "2",
        "failed_count": "1",
        "deployed_count": "1",
        "errors": [
            {
                "type": "CustomField",
                "file": "objects/Account.object",
                "status": "Error",
                "message": "Must specify 'length' for a CustomField of type Text",
            }
        ],
    }
    assert account.fields.keys() - before.keys() == {"Health__c"}


def test_the_manifest_is_compared_with_the_files(deploy: Deploy) -> None:
    unnamed = deploy(objects(HEALTH), {"CustomField": ["Account.Other__c"]})
    assert problem(unnamed) == "Not in package.xml"
    missing = deploy({}, {"CustomField": ["Account.Health__c"]}, allowMissingFiles=False)
    assert "'Account.Health__c' of type CustomField was named in package.xml" in problem(missing)
    assert "type 'ApexClass'" in problem(deploy({}, {"ApexClass": ["*"]}))
    assert "files of this type" in problem(deploy({"classes/A.cls": "x"}, {}))
    assert "Error parsing file" in problem(deploy({"objects/Account.object": "<a>"}, ALL))


def test_zips_that_hold_no_package(sf: Salesforce) -> None:
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("other.xml", "<a/>")
    for content, told in (
        (empty.getvalue(), "No package.xml found"),
        (b"no zip", "cannot be read"),
    ):
        started = sf.deploy(io.BytesIO(content), sandbox=True)
        status = [sf.checkDeployStatus(started["asyncId"]) for _ in range(3)][-1]
        assert told in problem(status)


# On the wire.


def post_soap(org: FakeOrg, operation: str, token: str, version: str = "62.0") -> requests.Response:
    body = f"""<e:Envelope xmlns:e="{ENVELOPE}" xmlns:m="{NAMESPACE}">
     <e:Header><m:SessionHeader><m:sessionId>{token}</m:sessionId></m:SessionHeader></e:Header>
     <e:Body>{operation}</e:Body></e:Envelope>"""
    return org.session().post(
        f"{org.url}/services/Soap/m/{version}", data=body, headers={"Content-Type": "text/xml"}
    )


def test_soap_faults(org: FakeOrg) -> None:
    check = "<m:checkDeployStatus><m:asyncProcessId>0Af</m:asyncProcessId></m:checkDeployStatus>"
    for operation, token, version, code in (
        (check, "no token", "62.0", "INVALID_SESSION_ID"),
        (check, org.token(), "62.0", "INVALID_CROSS_REFERENCE_KEY"),
        (check, org.token(), "20.0", "UNSUPPORTED_API_VERSION"),
        ("<m:retrieve/>", org.token(), "62.0", "INVALID_OPERATION"),
        ("<m:open>", org.token(), "62.0", "INVALID_REQUEST"),
    ):
        answer = post_soap(org, operation, token, version)
        assert (answer.status_code, f"<sf:exceptionCode>{code}<" in answer.text) == (500, True)


def test_soap_costs_a_call_and_tells_what_there_is(org: FakeOrg, deploy: Deploy) -> None:
    deploy(objects(HEALTH))
    left = org.state.calls_left()
    described = post_soap(org, "<m:describeMetadata/>", org.token()).text
    assert "<xmlName>PermissionSet</xmlName>" in described
    query = "<m:listMetadata><m:queries><m:type>CustomField</m:type></m:queries></m:listMetadata>"
    listed = post_soap(org, query, org.token()).text
    assert "<fullName>Account.Health__c</fullName><id>00N" in listed
    assert left - org.state.calls_left() == 2


def send(org: FakeOrg, options: object, content: bytes) -> requests.Response:
    url = f"{org.url}/services/data/v62.0/metadata/deployRequest"
    given = (None, json.dumps({"deployOptions": options}), "application/json")
    files = {"json": given, "file": ("d.zip", content, "application/zip")}
    head = {"Authorization": f"Bearer {org.token()}"}
    return org.session().post(url, files=files, headers=head)


def test_a_deploy_over_rest(org: FakeOrg, sf: Salesforce) -> None:
    content = packed(objects(HEALTH), {"CustomField": ["Account.Health__c"]})
    answer = send(org, {"singlePackage": True, "rollbackOnError": True}, content)
    assert answer.status_code == 201
    assert answer.json()["deployResult"]["status"] == "Pending"
    path = f"metadata/deployRequest/{answer.json()['id']}"
    found = [sf.restful(path, params={"includeDetails": "true"}) for _ in range(3)]
    results = [each["deployResult"] for each in found]  # type: ignore[index]
    assert [each["status"] for each in results] == ["Pending", "InProgress", "Succeeded"]
    assert [each["done"] for each in results] == [False, False, True]
    (success,) = results[-1]["details"]["componentSuccesses"]
    assert (success["fullName"], success["created"]) == ("Account.Health__c", True)


def test_what_no_deploy_over_rest_can_be(org: FakeOrg, sf: Salesforce) -> None:
    assert send(org, None, b"").json()[0]["errorCode"] == "BAD_REQUEST"
    with pytest.raises(SalesforceGeneralError, match="UNSUPPORTED_MEDIA_TYPE"):
        sf.restful("metadata/deployRequest", method="POST", data="{}")
    with pytest.raises(SalesforceResourceNotFound, match="no deploy with the Id"):
        sf.restful("metadata/deployRequest/0Af000000000009AAA")


def test_a_saved_org_keeps_who_sees_what(
    deploy: Deploy, grant: Callable[[str], None], org: FakeOrg, tmp_path: Any
) -> None:
    deploy({**objects(HEALTH + field("X__c", "Date")), **sets(ACCESS)})
    grant("Access")
    org.save(tmp_path)
    fields = described(sign_in(load_folder(tmp_path)))
    assert ("Health__c" in fields, "X__c" in fields) == (True, False)


def test_a_log_keeps_what_was_deployed(tmp_path: Path) -> None:
    """Each process that opens the recording with its log finds the fields, sets and values."""
    FakeOrg.standard(NOW, custom_fields=CUSTOM_FIELDS).save(tmp_path / "recorded")
    log = tmp_path / "writes.jsonl"
    org = load_folder(tmp_path / "recorded", log=log)
    value = "<standardValue><fullName>Crafts</fullName></standardValue>"
    needed = rule(
        "<active>true</active><errorConditionFormula>TRUE</errorConditionFormula>"
        "<errorMessage>No</errorMessage>"
    )
    stages = values(STAGE, "OpportunityStage")
    files = {**objects(HEALTH + needed), **sets(ACCESS), **values(value, "Industry"), **stages}
    for check_only in (True, False):
        options = {"singlePackage": True, "allowMissingFiles": True, "checkOnly": check_only}
        path = f"metadata/deployRequest/{send(org, options, packed(files, ALL)).json()['id']}"
        found: Any = [sign_in(org).restful(path) for _ in range(3)]
        assert found[-1]["deployResult"]["status"] == "Succeeded"
    record = org.add("Account", Name="Atelier Fictif", Health__c="Red", Industry="Crafts")
    again = load_folder(tmp_path / "recorded", log=log)
    assert "Health__c" not in described(sign_in(again))
    (granted,) = again.records("PermissionSet")
    sign_in(again).PermissionSetAssignment.create(
        {"AssigneeId": again.user_id, "PermissionSetId": granted["Id"]}
    )
    last = load_folder(tmp_path / "recorded", log=log)
    assert described(sign_in(last))["Health__c"]["picklistValues"][1]["value"] == "Red"
    assert last.record("Account", record)["Health__c"] == "Red"
    assert list(last.state.metadata.rules) == ["Account.Reason_needed"]
    industries = described(sign_in(last))["Industry"]["picklistValues"]
    assert [each["value"] for each in industries if each["active"]] == ["Crafts"]
    labels = [each["MasterLabel"] for each in last.records("OpportunityStage")]
    assert labels.count("Verbal Yes") == 1
    last.save(tmp_path / "saved")
    assert load_folder(tmp_path / "saved").state.metadata.rules == last.state.metadata.rules
