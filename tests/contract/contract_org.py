"""Which org do the contract tests talk to, and how do they sign in?"""

from datetime import UTC, datetime

from simple_salesforce import Salesforce

from sfsync.fake import FakeOrg

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)  # a Wednesday
CUSTOM_FIELDS = {
    "Account": [
        {
            "name": "Status__c",
            "type": "picklist",
            "restrictedPicklist": True,
            "picklistValues": ["Target", "Working", {"value": "Old", "active": False}],
            "history_tracked": True,
        },
        {"name": "Name", "history_tracked": True},
        {"name": "OwnerId", "history_tracked": True},
        {"name": "Description", "history_tracked": True},
        {"name": "NumberOfEmployees", "history_tracked": True},
        {"name": "Until__c", "type": "date"},
        {"name": "Target_At__c", "type": "datetime"},
        {"name": "Number__c", "type": "string", "externalId": True, "unique": True, "length": 20},
        {"name": "Tags__c", "type": "multipicklist", "picklistValues": ["A", "B", "C"]},
        {"name": "Vip__c", "type": "boolean"},
        {"name": "Score__c", "type": "double", "precision": 5, "scale": 1},
        {"name": "Age__c", "type": "double", "calculated": True},
    ],
    "Opportunity": [
        {"name": "StageName", "history_tracked": True},
        {"name": "Amount", "history_tracked": True},
    ],
}


def sign_in(org: FakeOrg, user_id: str | None = None, version: str = "62.0") -> Salesforce:
    """Return simple-salesforce signed in to a fake org."""
    return Salesforce(
        session_id=org.token(user_id), instance=org.host, session=org.session(), version=version
    )
