"""Scrubbing: what was told of campaigns, without accounts that were erased.

The last record of a campaign holds, and the topic keeps it for good, long after the campaign is
over. So one that names such an account is written again without it. The count of members stays: it
tells what happened, and names nobody.
"""

from collections.abc import Set

import msgspec

from schemas.decisions import Campaign
from stream.broker.scan import scan
from stream.settings import Settings


async def scrub(settings: Settings, erased: Set[str]) -> list[Campaign]:
    """The last records of campaigns that name accounts of `erased`, without these.

    Reads the whole topic, which is compacted: seconds, and erasures are few. Raises
    ConfigurationError when the broker is away or falls silent.
    """
    quoted = [msgspec.json.encode(account) for account in erased]
    last: dict[bytes, bytes] = {}
    async for batch in scan(settings, "campaigns"):
        for record in batch:
            key, value = record.key or b"", record.value or b""
            if key in last or any(name in value for name in quoted):
                last[key] = value
    named = (value for value in last.values() if any(name in value for name in quoted))
    return [without(Campaign.model_validate_json(value), erased) for value in named]


def without(record: Campaign, erased: Set[str]) -> Campaign:
    """A record that names everybody but these."""
    kept = {
        field: [account for account in getattr(record, field) if account not in erased]
        for field in ("members_added", "sample_accounts")
    }
    return record.model_copy(update=kept)
