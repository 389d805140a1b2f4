"""What of an account others may have as well."""

from typing import Any

import pytest

from kyc.claims import claims
from tests.unit.identities import created, profile

PLAIN = {"email": "ada@gmail.com", "ip": "192.0.2.1", "user_agent": "agent"}


def kinds(**fields: Any) -> set[str]:
    return {claim.kind for claim in claims(profile(created(**PLAIN | fields)))}


def test_a_sign_up_claims_its_client_and_its_place() -> None:
    """And is one of all sign-ups."""
    found = {"mailbox", "subnet", "system", "twin", "client", "signup", "plain_twin"}
    assert kinds() == found
    assert kinds(referrer="news") == found | {"referrer"}


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "ada@x.org"},
        {"email": "ada@mit.edu"},
        {"email": None},
        {"org_id": "org"},
        {"business_name": "Ada Ltd"},
    ],
)
def test_whom_something_speaks_for_is_no_plain_twin(fields: dict[str, Any]) -> None:
    """A domain, a school, an organisation: a course or a firm signs up side by side."""
    found = kinds(**fields)
    assert "plain_twin" not in found
    assert {"twin", "client", "signup"} <= found


def test_a_client_without_a_place_has_no_twin() -> None:
    """Nor is its share told: it is only asked of neighbours."""
    assert kinds(ip=None) == {"mailbox"}


@pytest.mark.parametrize(
    ("fields", "claimed"),
    [
        ({"email": "ada@x.org"}, True),
        ({"email": "ada@mailinator.com"}, True),
        ({"email": "ada@gmail.com"}, False),
        ({"email": "ada@mit.edu"}, False),
        ({"email": "ada@x.org", "org_id": "org"}, False),
    ],
)
def test_the_domain_of_a_mailbox_is_claimed(fields: dict[str, Any], claimed: bool) -> None:
    """Where its mailboxes are neither a free service's nor a school's nor an organisation's."""
    assert ("site" in kinds(**fields)) is claimed
