"""The governor: asks, before accounts are blocked or stepped up, whether the policy allows so many.

Counted in the store over all workers and the linker, so that the share is one of everybody, and a
process that starts again goes on counting. Time is that of the events: a replay says the same.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import structlog

from schemas.decisions import Action
from schemas.wire import DecisionWire, LimitsWire
from stream.controls.reasons import governed
from stream.controls.table import Controls
from stream.decide.policy import Policy, Shares
from stream.govern.activity import HOUR_MS, Active, activity, added
from stream.govern.grants import Grants, Wish
from stream.metrics import Metrics
from stream.remember.windows import Sight

# What an account gets in place of more than the share allows.
FALLBACK: Final = Action.RATE_LIMIT

log = structlog.get_logger()


class Rise(NamedTuple):
    """An account that is to come under a stricter action at `ts`, ms; requests: of its last 24
    hours."""

    account: str
    action: Action
    ts: int
    requests: int


class Governor:
    """Says who must not be blocked or stepped up in this hour."""

    def __init__(
        self, policy: Policy, grants: Grants, controls: Controls, metrics: Metrics
    ) -> None:
        self.obey(policy)
        self._grants = grants
        self._controls = controls
        self._metrics = metrics
        self._seen: dict[int, Active] = {}
        self._called: set[tuple[int, Action]] = set()

    def obey(self, policy: Policy) -> None:
        """Keep to another policy from now on."""
        self._policy, self._limits = policy, policy.governor

    def see(self, sight: Sight) -> None:
        """Count the accounts and requests of a batch."""
        self._seen = added(self._seen, activity(sight))

    async def settle(self) -> None:
        """Tell everybody what was counted. Raises StoreError.

        The hours that are over go to the store, those that go on stay here until they are: a
        process that is killed takes less than an hour of one worker's counts with it.
        """
        seen, latest = self._seen, max(self._seen, default=0)
        over = {hour: counts for hour, counts in seen.items() if hour < latest}
        # Before anything is waited for: another batch may be seen meanwhile, of a later hour.
        self._seen = {hour: counts for hour, counts in seen.items() if hour == latest}
        if over:
            await self._grants.add(over)

    async def refuse(self, rises: Sequence[Rise]) -> set[tuple[str, int]]:
        """The accounts, each with its hour, that get FALLBACK instead. Raises StoreError."""
        wishes: dict[tuple[int, Action], dict[str, Wish]] = {}
        for rise in rises:
            if rise.action > FALLBACK:
                named = wishes.setdefault((rise.ts // HOUR_MS, rise.action), {})
                named.setdefault(rise.account, Wish(rise.account, rise.requests))
        if wishes:
            await self.settle()
        refused: set[tuple[str, int]] = set()
        for (hour, action), named in wishes.items():
            names = await self._refuse(hour, action, list(named.values()))
            refused.update((name, hour) for name in names)
        return refused

    async def govern(self, decision: DecisionWire) -> DecisionWire:
        """The decision itself, or where it is refused one of FALLBACK. Raises StoreError."""
        # What its requests are worth is not known where identity alone decides.
        rise = Rise(decision.account_id, decision.action, decision.ts, requests=0)
        return self.lessened(decision) if await self.refuse([rise]) else decision

    def lessened(self, decision: DecisionWire) -> DecisionWire:
        """The same with FALLBACK, and why."""
        policy = self._policy
        return msgspec.structs.replace(
            decision,
            action=FALLBACK,
            limits=LimitsWire(**policy.limits.model_dump()),
            restrictions=None,
            requirements=None,
            reasons=[governed(decision.action), *decision.reasons],
            expires_at=decision.ts + policy.lifetimes[FALLBACK],
        )

    async def _refuse(self, hour: int, action: Action, wishes: Sequence[Wish]) -> set[str]:
        shares = self._shares(hour * HOUR_MS, action)
        granted = await self._grants.grant(hour, action, shares, self._limits.fewest, wishes)
        refused = {wish.account for wish, yes in zip(wishes, granted, strict=True) if not yes}
        self._metrics.governed.labels(action.value).inc(len(refused))
        if refused and (hour, action) not in self._called:
            self._called.add((hour, action))  # the metric has the rest
            self._call(hour, action, shares)
        return refused

    def _shares(self, ts: int, action: Action) -> Shares:
        allowed = self._controls.allowance(ts)
        if allowed:
            return Shares(accounts=allowed.accounts, traffic=allowed.traffic)
        return self._limits.block if action is Action.BLOCK else self._limits.step_up

    def _call(self, hour: int, action: Action, shares: Shares) -> None:
        log.error(
            "governor.reached",
            action=action.value,
            hour_begins=hour * HOUR_MS,
            share_of_accounts=shares.accounts,
            share_of_traffic=shares.traffic,
            instead=FALLBACK.value,
            remedy="a policy gone wrong: `sluicegate mode shadow`; a campaign: "
            "`sluicegate governor allow`",
        )
