"""What do all contract tests start from?"""

import pytest
from contract_org import CUSTOM_FIELDS, NOW, sign_in
from simple_salesforce import Salesforce

from sfsync.fake import FakeOrg


@pytest.fixture
def org() -> FakeOrg:
    """A standard org in Paris at NOW with the custom fields above."""
    return FakeOrg.standard(NOW, custom_fields=CUSTOM_FIELDS)


@pytest.fixture
def sf(org: FakeOrg) -> Salesforce:
    """simple-salesforce itself, signed in as the service's user."""
    return sign_in(org)
