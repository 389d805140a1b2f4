"""What people may order for everybody: whether decisions are acted on, and how many at once."""

from typing import TYPE_CHECKING, Final

import msgspec

from schemas.controls import Allowance, Switch
from schemas.decisions import Mode
from stream.controls.campaigns import OrderRefusedError

if TYPE_CHECKING:  # it needs Kafka's client and the models', which who only looks need not load
    from stream.controls.acting import Acting

# Longer than any incident; what holds for good is the policy's.
LONGEST_ALLOWED_MS: Final = 3 * 86_400_000


class Governing:
    """Gives orders that hold everywhere. Raises EmitError or StoreError."""

    def __init__(self, acting: "Acting") -> None:
        self._acting = acting

    @property
    def mode(self) -> Mode:
        """Whether decisions are acted on; as the settings of this process have it, until the
        first switch."""
        return self._acting.controls.mode

    @property
    def switch(self) -> Switch | None:
        """The last switch."""
        return self._acting.controls.switch

    def allowance(self) -> Allowance | None:
        """What the governor allows now in place of the policy's shares."""
        return self._acting.controls.allowance(self._acting.now())

    async def turn(self, mode: Mode, author: str, reason: str) -> Switch:
        """Let decisions be acted on, or not, everywhere. To turn it twice is to be told again."""
        held = self.switch
        ts = max(self._acting.now(), held.ts + 1 if held else 0)
        switch = Switch(mode=mode, author=author, reason=reason, ts=ts)
        await self._acting.publish(switch)
        return switch

    async def allow(
        self, accounts: float, traffic: float, lasts: int, author: str, reason: str
    ) -> Allowance:
        """Let the governor allow these shares for `lasts` ms. OrderRefusedError: for too long."""
        if not 0 < lasts <= LONGEST_ALLOWED_MS:
            raise OrderRefusedError("more is allowed for three days at most")
        ts = self._acting.now()
        allowance = Allowance(
            accounts=accounts,
            traffic=traffic,
            author=author,
            reason=reason,
            ts=ts,
            expires_at=ts + lasts,
        )
        await self._acting.publish(allowance)
        return allowance

    async def restore(self, author: str, reason: str) -> Allowance:
        """Let the policy's shares hold again. OrderRefusedError: they do."""
        held = self.allowance()
        if held is None:
            raise OrderRefusedError("the policy's shares hold")
        ts = max(self._acting.now(), held.ts + 1)
        lifted = msgspec.structs.replace(held, author=author, reason=reason, ts=ts, lifted=True)
        await self._acting.publish(lifted)
        return lifted
