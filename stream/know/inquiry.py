"""Inquiry: what each event makes of its account, with who else has what the account has.

The same whether an account event brings it about (stream/know/accounts.py) or one of the account's
first requests (stream/know/again.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import msgspec

from kyc.assessed import Assessed
from kyc.claims import claims, shared
from kyc.evidence import Evidence
from schemas.decisions import Action
from schemas.wire import DecisionWire
from stream.controls.pinned import is_pinned
from stream.controls.table import Controls
from stream.govern.governor import Governor
from stream.know.assessor import Assessor, Occasion, Opinion
from stream.know.census import Census, Noted
from stream.know.dossier import Dossier, Stage
from stream.store import Store

Witness = Callable[[Sequence[Occasion], Sequence[Opinion]], None]
"""Sees every opinion as it is formed (training)."""


class Standing(msgspec.Struct):
    """What counts of the decision that stands about an account."""

    action: Action
    cause: str
    expires_at: int


_standing: Final = msgspec.json.Decoder(Standing).decode


@dataclass(slots=True)
class Inquiry:
    """Turns stages of dossiers into assessments and decisions. Methods raise StoreError."""

    assessor: Assessor
    census: Census
    store: Store
    witness: Witness | None = None
    controls: Controls = field(default_factory=Controls)
    governor: Governor | None = None

    async def hold(self, stages: Sequence[Stage], *, note: bool = True) -> list[Assessed]:
        """Move the dossiers of `stages` on, in this order, and add what is decided to them; what
        each account is after each stage.

        note: False where nothing new is told of the accounts: the census is only looked at, and
        whoever is asked for something is let alone.
        """
        opinions = self.assessor.opinions(await self._evidence(stages, note=note))
        if self.witness:
            self.witness([stage.occasion for stage in stages], opinions)
        after: list[Assessed] = []
        for (_, dossier, occasion, _), opinion in zip(stages, opinions, strict=True):
            if note or not dossier.assessed.asking.at(occasion.ts):
                decision = await self._decide(dossier, opinion, occasion)
                if decision and not await self._is_weaker(decision):
                    dossier.decisions.append(decision)
            after.append(dossier.assessed)
        return after

    async def _decide(
        self, dossier: Dossier, opinion: Opinion, occasion: Occasion
    ) -> DecisionWire | None:
        """What an event calls for, None where nothing is to be told; the dossier moves on."""
        held = dossier.assessed
        dossier.assessed = self.assessor.assess(held, opinion)
        dossier.proofs = sum(map(int, opinion.proven))
        decision = self.assessor.decide(held, dossier.assessed, opinion, occasion)
        if decision is None or self.governor is None or held.asking.at(occasion.ts):
            return decision
        governed = await self.governor.govern(decision)
        if governed is not decision:  # nothing is asked for yet: the next event asks again
            dossier.assessed = dossier.assessed.still(held.asking)
        return governed

    async def _evidence(self, stages: Sequence[Stage], *, note: bool) -> list[Evidence]:
        """Each stage with how many others have what its account has."""
        found = [claims(stage.profile) for stage in stages]
        noted = [
            Noted(stage.dossier.stand_in, claim, stage.occasion.ts)
            for stage, claimed in zip(stages, found, strict=True)
            for claim in claimed
        ]
        counts = iter(await self.census.count(noted, note=note))
        return [
            Evidence(
                stage.profile,
                stage.occasion.ts,
                self.assessor.policy,
                shared(zip(claimed, islice(counts, len(claimed)), strict=True)),
            )
            for stage, claimed in zip(stages, found, strict=True)
        ]

    async def _is_weaker(self, decision: DecisionWire) -> bool:
        """Whether a person's word stands, or for another cause what is at least as strict: then
        it goes on standing, and the account's next request hears what is asked of it."""
        if await is_pinned(self.store, self.controls, decision.account_id, decision.ts):
            return True
        held = await self.store.decision(decision.account_id)
        if held is None:
            return False
        stands = _standing(held)
        lives = stands.cause != decision.cause and stands.expires_at > decision.ts
        return lives and stands.action >= decision.action
