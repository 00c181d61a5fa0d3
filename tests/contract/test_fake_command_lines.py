"""Does the fake answer what command-line clients ask besides records?"""

from typing import Any
from urllib.parse import quote_plus

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sfsync.fake import FakeOrg


def columns(sf: Salesforce, statement: str) -> dict[str, Any]:
    found = sf.restful("query", params={"q": statement, "columns": "true"})
    return dict(found)  # type: ignore[arg-type]


def named(data: list[dict[str, Any]]) -> list[Any]:
    return [
        (each["columnName"], named(each["joinColumns"]))
        if each["joinColumns"]
        else each["columnName"]
        for each in data
    ]


def test_the_columns_of_a_query(sf: Salesforce) -> None:
    found = columns(
        sf,
        "SELECT Id, a.Name, Owner.Name, Owner.Profile.Name, Vip__c, Score__c, "
        "(SELECT LastName, Owner.Alias FROM Contacts) FROM Account a",
    )
    assert named(found["columnMetadata"]) == [
        "Id",
        "Name",
        ("Owner", ["Name", ("Profile", ["Name"])]),
        "Vip__c",
        "Score__c",
        ("Contacts", ["LastName", ("Owner", ["Alias"])]),
    ]
    assert (found["entityName"], found["keyPrefix"], found["idSelected"]) == (
        "Account",
        "001",
        True,
    )
    kinds = {
        each["columnName"]: (
            each["apexType"],
            each["booleanType"],
            each["numberType"],
            each["custom"],
        )
        for each in found["columnMetadata"]
    }
    assert kinds["Vip__c"] == ("Boolean", True, False, True)
    assert kinds["Score__c"] == ("Double", False, True, True)
    assert kinds["Name"] == ("String", False, False, False)


def test_the_columns_of_groups_and_of_all_fields(sf: Salesforce) -> None:
    found = columns(sf, "SELECT Industry, COUNT(Id), MAX(Name) top FROM Account GROUP BY Industry")
    shown = [(each["columnName"], each["displayName"]) for each in found["columnMetadata"]]
    assert shown == [("Industry", "Industry"), ("expr0", "COUNT(Id)"), ("top", "MAX(Name)")]
    assert found["groupBy"] is True
    custom = columns(sf, "SELECT FIELDS(CUSTOM) FROM Account LIMIT 1")["columnMetadata"]
    assert {each["custom"] for each in custom} == {True}


def test_the_columns_of_a_wrong_statement(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Nothing'"):
        columns(sf, "SELECT Nothing FROM Account")


def test_the_tooling_api_knows_the_setup(sf: Salesforce, org: FakeOrg) -> None:
    found = sf.toolingexecute("query/?q=SELECT+Id+FROM+Organization")
    assert found["records"][0]["Id"] == org.state.org_id  # type: ignore[index]
    statement = "SELECT DeveloperName FROM CustomField WHERE EntityDefinition.Label = 'Account'"
    found = sf.toolingexecute(f"query/?q={quote_plus(statement)}")
    assert "Vip" in {each["DeveloperName"] for each in found["records"]}  # type: ignore[index]
    for name in ("SandboxProcess", "Account"):
        with pytest.raises(SalesforceMalformedRequest, match=f"'{name}' is not supported"):
            sf.toolingexecute(f"query/?q=SELECT+Id+FROM+{name}")


def test_the_resources_and_who_is_asking(sf: Salesforce, org: FakeOrg) -> None:
    found = sf.session.get(sf.base_url, headers=sf.headers).json()
    assert found["tooling"] == "/services/data/v62.0/tooling"
    token = {"oauth_token": org.token()}
    who = org.session().get(found["identity"], params=token).json()
    assert (who["user_id"], who["organization_id"]) == (org.user_id, org.state.org_id)
    assert who["urls"]["rest"] == f"{org.url}/services/data/v{{version}}/"


def test_nobody_learns_who_somebody_else_is(org: FakeOrg) -> None:
    other = org.add("User", Name="Nadine Inconnue", Username="n@example.com", IsActive=True)
    mine = f"{org.url}/id/{org.state.org_id}/{org.user_id}"
    for params in ({"oauth_token": "no token"}, {"oauth_token": org.token(other)}, {}):
        assert org.session().get(mine, params=params).status_code == 403
