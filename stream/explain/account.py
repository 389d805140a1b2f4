"""An account explained from the store: what its last event saw, weighed again, exactly."""

from dataclasses import dataclass

import numpy as np

from stream.broker.connections import store_client
from stream.decide.statute import Floor
from stream.explain.scales import Scales, Weighed
from stream.know.profiles import Profiles
from stream.link.membership import unseal
from stream.link.notice import Notices
from stream.redis_store import RedisStore
from stream.remember.packing import unpack
from stream.remember.recall import recall
from stream.rows import feature_rows
from stream.settings import Settings


@dataclass(frozen=True, slots=True)
class AccountExplained:
    """An account at its clock, ms; decision: what stands about it, as JSON; membership: what a
    campaign decided about it."""

    account: str
    clock: int
    requests: int
    tokens: int
    tier: int
    weighed: Weighed
    decision: bytes | None
    membership: Floor | None


async def explain_account(settings: Settings, account: str) -> AccountExplained | None:
    """An account by its state in the store; None where no request of it is remembered.

    Raises StoreError, and what `Scales` raises.
    """
    store = RedisStore(store_client(settings))
    try:
        held = await store.load_all([account])
        decision = await store.decision(account)
    finally:
        await store.close()
    sight = recall(unpack(held.states))
    if not len(sight.row):
        return None
    clock = int(sight.clock[0])
    known = Profiles(held.profiles).known
    rows = feature_rows(sight, known, Notices(held.notices))
    tier = int(known.tier(np.zeros(1, np.int64), sight.clock)[0])
    return AccountExplained(
        account,
        clock,
        int(sight.requests[0]),
        int(sight.tokens[0]),
        tier,
        Scales(settings).weigh(rows[0], tier, clock),
        decision,
        unseal(held.memberships[0]),
    )
