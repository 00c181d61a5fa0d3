"""Does the fake merge records as the platform's SOAP API for partners does?

What public documents say of merge: three records at most, each merge a transaction of its own, what
hung on the losers hangs on the master, and the losers are deleted with its Id in MasterRecordId.
"""

from datetime import timedelta
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
import requests
from contract_org import NOW
from simple_salesforce import Salesforce

from sfsync.fake import FakeOrg
from sfsync.fake.errors import refuse_record

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def post(
    org: FakeOrg, merges: str, token: str | None = None, version: str = "62.0"
) -> requests.Response:
    header = f"<p:SessionHeader><p:sessionId>{token or org.token()}</p:sessionId></p:SessionHeader>"
    body = f"""<s:Envelope xmlns:s="{ENVELOPE}" xmlns:p="urn:partner.soap.sforce.com"
      xmlns:r="urn:sobject.partner.soap.sforce.com"><s:Header>{header}</s:Header>
      <s:Body><p:merge>{merges}</p:merge></s:Body></s:Envelope>"""
    head = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
    url = f"{org.url}/services/Soap/u/{version}"
    return org.session().post(url, data=body.encode(), headers=head)


def request(
    master: str, *losers: str, object: str = "Account", nulls: str = "", **values: str
) -> str:
    fields = f"<r:type>{object}</r:type>"
    fields += f"<r:fieldsToNull>{nulls}</r:fieldsToNull>" if nulls else ""
    fields += f"<r:Id>{master}</r:Id>"
    fields += "".join(f"<r:{name}>{escape(value)}</r:{name}>" for name, value in values.items())
    others = "".join(f"<p:recordToMergeIds>{id}</p:recordToMergeIds>" for id in losers)
    return f"<p:request><p:masterRecord>{fields}</p:masterRecord>{others}</p:request>"


def results(answer: requests.Response) -> list[ElementTree.Element]:
    assert answer.status_code == 200, answer.text
    return ElementTree.fromstring(answer.content).findall(".//{*}result")


def told(result: ElementTree.Element, name: str) -> list[str]:
    return [each.text or "" for each in result.iter() if each.tag.rpartition("}")[2] == name]


@pytest.fixture
def firms(org: FakeOrg) -> list[str]:
    """Three accounts."""
    return [org.add("Account", Name=f"Firm {n}", Status__c="Target") for n in range(3)]


def test_the_master_gets_the_values_and_all_that_hung_on_the_losers(
    org: FakeOrg, sf: Salesforce, firms: list[str]
) -> None:
    master, *losers = firms
    person = org.add("Contact", LastName="Doe", AccountId=losers[0])
    deal = org.add(
        "Opportunity",
        Name="Deal",
        AccountId=losers[1],
        StageName="Prospecting",
        CloseDate="2026-07-01",
    )
    call = org.add(
        "Task", Subject="Call", WhoId=person, Status="Completed", ActivityDate="2026-03-01"
    )
    visit = org.add("Event", Subject="Visit", WhatId=losers[1], StartDateTime=NOW)
    branch = org.add("Account", Name="Branch", ParentId=losers[0])
    (result,) = results(
        post(org, request(master, *losers, nulls="Description", Name="Firm & Co", Vip__c="true"))
    )
    assert told(result, "success") == ["true"]
    assert told(result, "id") == [master]
    assert told(result, "mergedRecordIds") == losers
    assert set(told(result, "updatedRelatedIds")) == {person, deal, visit, branch}
    row = org.record("Account", master)
    assert (row["Name"], row["Vip__c"], row["LastActivityDate"]) == (
        "Firm & Co",
        True,
        "2026-03-04",
    )
    hung = [("Contact", person, "AccountId"), ("Opportunity", deal, "AccountId"),
            ("Task", call, "AccountId"), ("Event", visit, "WhatId"), ("Event", visit, "AccountId"),
            ("Account", branch, "ParentId")]  # fmt: skip
    assert {str(org.record(name, id)[field]) for name, id, field in hung} == {master}
    soql = "SELECT Id FROM Account WHERE IsDeleted = true AND MasterRecordId != null"
    gone = sf.query_all(soql, include_deleted=True)["records"]
    assert sorted(each["Id"] for each in gone) == sorted(losers)
    assert {org.record("Account", each)["MasterRecordId"] for each in losers} == {master}
    history = [row["Field"] for row in org.records("AccountHistory") if row["AccountId"] == master]
    assert history.count("accountMerged") == 2
    assert "Name" in history


def test_replication_tells_of_the_losers(org: FakeOrg, sf: Salesforce, firms: list[str]) -> None:
    post(org, request(*firms))
    org.clock.advance(120)
    start, end = NOW - timedelta(minutes=5), org.clock.now()
    answer = sf.Account.deleted(start, end)
    assert sorted(each["id"] for each in answer["deletedRecords"]) == sorted(firms[1:])


def test_each_merge_is_a_transaction_of_its_own(org: FakeOrg, firms: list[str]) -> None:
    other, second = (org.add("Account", Name=f"Other {n}") for n in range(2))
    person = org.add("Contact", LastName="Doe", AccountId=firms[1])
    org.add_validation_rule("Account", lambda _, row: "No" if row.get("Name") == "Bad" else None)
    bad, good, again = results(
        post(
            org, request(*firms[:2], Name="Bad") + request(other, second) + request(other, firms[2])
        )
    )
    assert told(bad, "statusCode") == ["FIELD_CUSTOM_VALIDATION_EXCEPTION"]
    assert told(bad, "message") == ["No"]
    assert told(good, "success") == told(again, "success") == ["true"]
    assert org.record("Contact", person)["AccountId"] == firms[1]
    assert not org.record("Account", firms[1])["IsDeleted"]


def test_what_is_refused_of_a_merge(org: FakeOrg, firms: list[str]) -> None:
    child = org.add("Account", Name="Child", ParentId=firms[1])
    person = org.add("Contact", LastName="Doe")
    gone = org.add("Account", Name="Gone")
    org.remove("Account", gone)
    for asked, code in (
        (request(firms[0], gone), "ENTITY_IS_DELETED"),
        (request(gone, firms[0]), "ENTITY_IS_DELETED"),
        (request(firms[0], "001000000000000AAA"), "INVALID_CROSS_REFERENCE_KEY"),
        (request(firms[0], person), "MALFORMED_ID"),
        (request(firms[0], firms[0]), "INVALID_CROSS_REFERENCE_KEY"),
        (request(firms[0], *firms[1:], child), "INVALID_INPUT"),
        (request(firms[0]), "INVALID_INPUT"),
        (request(child, firms[1]), "CIRCULAR_DEPENDENCY"),
        (request(firms[0], firms[1], Unknown__c="x"), "INVALID_FIELD"),
        (request(firms[0], firms[1], NumberOfEmployees="many"), "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    ):
        (result,) = results(post(org, asked))
        assert told(result, "statusCode") == [code]
        assert told(result, "success") == ["false"]
    assert not any(org.record("Account", each)["IsDeleted"] for each in firms)


def test_a_locked_record_refuses_the_merge(org: FakeOrg, firms: list[str]) -> None:
    def lock(id: str) -> None:
        if id == firms[1]:
            raise refuse_record("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")

    org.state.record_faults.append(lock)
    (result,) = results(post(org, request(*firms)))
    assert told(result, "statusCode") == ["UNABLE_TO_LOCK_ROW"]
    assert not org.record("Account", firms[2])["IsDeleted"]


def test_faults_refuse_the_whole_request(org: FakeOrg, firms: list[str]) -> None:
    deals = [
        org.add("Opportunity", Name=str(n), StageName="Prospecting", CloseDate="2026-07-01")
        for n in range(2)
    ]
    many = request(*firms) * 201
    for asked, token, version, code in (
        (request(*firms), "no token", "62.0", "INVALID_SESSION_ID"),
        (request(*firms), None, "20.0", "UNSUPPORTED_API_VERSION"),
        (request(*deals, object="Opportunity"), None, "62.0", "INVALID_TYPE_FOR_OPERATION"),
        (request(*firms, object="Firm"), None, "62.0", "INVALID_TYPE"),
        (many, None, "62.0", "EXCEEDED_ID_LIMIT"),
    ):
        answer = post(org, asked, token, version)
        assert answer.status_code == 500
        fault = ElementTree.fromstring(answer.content).find(f".//{{{ENVELOPE}}}Fault")
        assert fault is not None
        assert (fault.findtext("faultcode") or "").endswith(f":{code}")


def test_who_may_not_delete_may_not_merge(org: FakeOrg, firms: list[str]) -> None:
    org.state.store.schema.objects["Account"].deletable = False
    (result,) = results(post(org, request(*firms)))
    assert told(result, "statusCode") == ["INSUFFICIENT_ACCESS_OR_READONLY"]
    assert not org.record("Account", firms[1])["IsDeleted"]


def test_describe_tells_what_can_be_merged(org: FakeOrg, sf: Salesforce) -> None:
    named = {each["name"]: each["mergeable"] for each in sf.describe()["sobjects"]}
    assert {name for name, mergeable in named.items() if mergeable} == {
        "Account",
        "Contact",
        "Lead",
    }
