"""Are Ids what the platform's are? (contract 4.7)"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce import Salesforce

from sfsync.fake import FakeOrg
from sfsync.fake.ids import next_id, normalise, with_checksum

SHORT = st.text("0123456789ABCXYZabcxyz", min_size=15, max_size=15)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001000000000001", "001000000000001AAA"),
        ("0060000000000mO", "0060000000000mOAAQ"),
        ("0010000000000WG", "0010000000000WGAAY"),
        ("00D000000000001", "00D000000000001EAA"),
    ],
)
def test_the_checksum_says_which_characters_are_capitals(short: str, long: str) -> None:
    """Contract 4.7, with Ids of the recorded data."""
    assert with_checksum(short) == long


@given(SHORT)
def test_fifteen_and_eighteen_characters_name_the_same_record(short: str) -> None:
    """Contract 4.7: input accepts both."""
    assert normalise(short) == with_checksum(short) == normalise(with_checksum(short))


@given(SHORT)
def test_the_eighteen_characters_survive_a_change_of_case(short: str) -> None:
    """Contract 4.7: the 18-character form is case-insensitive on input."""
    long = with_checksum(short)
    assert normalise(long.lower()) == normalise(long.upper()) == long


@given(SHORT, st.integers(0, 14))
def test_a_wrong_checksum_is_no_id(short: str, place: int) -> None:
    """Contract 4.7: the checksum guards the 15 characters' case."""
    long = with_checksum(short)
    swapped = long[:place] + long[place].swapcase() + long[place + 1 :]
    assert (normalise(swapped) == long) or normalise(swapped) is None


@pytest.mark.parametrize(
    "text",
    ["", "001", "001000000000001AA", "001000000000001AAB", "00100000000000!", None, 12],
)
def test_what_is_no_id_is_none(text: object) -> None:
    """Contract 4.7."""
    assert normalise(text) is None


@given(SHORT)
def test_the_next_id_is_greater_and_keeps_the_prefix(short: str) -> None:
    """Ids of one object only grow, in the order of their characters."""
    following = next_id(short)
    assert following > short
    assert following[:3] == short[:3]


def test_a_created_record_has_the_key_prefix_of_its_object(sf: Salesforce) -> None:
    """Contract 4.7: key prefixes."""
    account = sf.Account.create({"Name": "Acme"})["id"]
    task = sf.Task.create({"Subject": "Call"})["id"]
    lead = sf.Lead.create({"LastName": "Moss", "Company": "Fern"})["id"]
    assert [account[:3], task[:3], lead[:3]] == ["001", "00T", "00Q"]
    assert all(normalise(each) == each for each in (account, task, lead))


def test_a_record_is_found_by_fifteen_characters(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 4.7: output has always 18 characters."""
    account = org.add("Account", Name="Acme")
    assert sf.Account.get(account[:15])["Id"] == account
    found = sf.query(f"SELECT Id FROM Account WHERE Id = '{account[:15]}'")["records"]
    assert [each["Id"] for each in found] == [account]
