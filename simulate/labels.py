"""What reviewers find out, late and in part, as LabelEvents."""

from typing import Any

from simulate.accounts import Account
from simulate.chance import key_of
from simulate.scenarios import Scenario
from simulate.world import DAY_MS, World

_ABUSE_DELAY_DAYS = 3.0  # mean; a dispute or a review takes days
_BENIGN_DELAY_DAYS = 5.0


def label_of(account: Account, scenario: Scenario, world: World) -> dict[str, Any] | None:
    """The label that somebody gives `account`, or None: most accounts are never looked at."""
    rng = world.generator("label", account.account_id)
    share = scenario.label_share if account.abusive else scenario.label_benign_share
    if rng.random() >= share:
        return None
    delay = rng.exponential(_ABUSE_DELAY_DAYS if account.abusive else _BENIGN_DELAY_DAYS)
    label: dict[str, Any] = {
        "event_id": f"label_{key_of(account.key, 'label'):016x}",
        "account_id": account.account_id,
        "ts": max(account.begins or account.first, world.start) + int((0.2 + delay) * DAY_MS),
        "label": "abuse" if account.abusive else "benign",
        "source": str(
            rng.choice(("review", "billing") if account.abusive else ("review", "appeal"))
        ),
    }
    # A reviewer sees the ring only sometimes.
    if account.campaign and rng.random() < 0.3:
        label["campaign_id"] = account.campaign
    return label
