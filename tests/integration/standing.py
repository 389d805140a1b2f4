"""What stands in a store about an account, and the quota that tests of the ledger count."""

from typing import Any, Final

from edge.check.quotas import Quota
from stream.keys import decision_key
from tests.unit.edges import decision

FAR: Final = 4_000_000_000_000  # ms, in 2096
# A bucket of a day refills too slowly for a test to see it.
DAY_MS: Final = 86_400_000
REQUESTS: Final = Quota("requests", "requests", 100, DAY_MS)


async def stand(client: Any, account: str, action: str, **others: Any) -> bytes:
    """Let a decision stand about an account; returns its message."""
    fields = {"mode": "enforce", "expires_at": FAR} | others
    message = decision(action, **fields)
    await client.set(decision_key(account), message)
    return message
