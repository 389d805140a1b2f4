"""The live path in this process: the same gate, registry and office, with a store in memory."""

from collections.abc import Sequence
from typing import Protocol

from stream.agents import Gate, Outlet, Witness
from stream.broker.chunk import Handle
from stream.broker.sinks import CampaignSink
from stream.broker.tombstones import Erased
from stream.bundles.opening import chosen_policy
from stream.controls.table import Controls
from stream.decide.bars import Calibration
from stream.decide.court import wall_clock
from stream.decide.judge import Judge
from stream.decide.opening import open_court
from stream.decide.statute import Bars
from stream.decode.geography import open_geography
from stream.decode.hashing import KeyedHasher
from stream.govern.governor import Governor
from stream.govern.grants import MemoryGrants
from stream.know.again import SecondLooks
from stream.know.assessor import chosen_kyc_policy
from stream.know.census import MemoryCensus
from stream.know.opening import open_registry
from stream.lines import ACCOUNTS, REQUESTS
from stream.link.labels import Labels
from stream.link.office import Office
from stream.link.touches import Touch
from stream.link.weighing import Weights
from stream.metrics import Metrics
from stream.settings import Settings
from stream.store import MemoryStore

# Keys the hashes where nothing leaves this process: a replay must not depend on a secret.
LOCAL_PEPPER = b"replay, never in production"


class LocalOffice:
    """An office in this process: a touch is looked at as soon as it is there."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._offset = 0

    async def send(self, touches: Sequence[Touch]) -> None:
        """Hand touches to the office, numbered as a topic would."""
        await self._office.take(list(enumerate(touches, self._offset)))
        self._offset += len(touches)

    async def bury(self, erased: Sequence[Erased]) -> None:
        """Let the office forget accounts; there are no topics here."""
        for one in erased:
            await self._office.forget(one.account)


class Bench(Judge, Protocol):
    """A court as replay needs it."""

    def heed(self, bars: Bars) -> None:
        """Take the bars that the linker found."""


def local_handlers(
    settings: Settings,
    sink: CampaignSink,
    blind: frozenset[str] = frozenset(),
    outlet: Outlet | None = None,
    court: Bench | None = None,
    witness: Witness | None = None,
    labels: Labels | None = None,
) -> dict[str, Handle]:
    """The live path of both topics with a store of its own in this process.

    `blind`: kinds of links to do without (ablation); `outlet`: takes the touches in place of an
    office (training); `court`: decides in place of the settings' model and policy; `witness`:
    sees every feature row; `labels`: whom the bars may be calibrated on.
    """
    bench, geography = court or open_court(settings), open_geography(settings)
    policy = chosen_policy(settings)
    hasher, store, metrics = KeyedHasher(LOCAL_PEPPER), MemoryStore(), Metrics()
    controls = Controls(settings.mode)
    governor = Governor(policy, MemoryGrants(), controls, metrics)

    async def heed(found: Calibration) -> None:
        bench.heed(found.actions)
        registry.inquiry.assessor.heed(found.ask)

    linker = LocalOffice(
        Office(
            policy=policy,
            weights=Weights.load(),
            controls=controls,
            governor=governor,
            now=wall_clock,
            store=store,
            sink=sink,
            heed=heed,
            metrics=metrics,
            ask=chosen_kyc_policy(settings).step_up.budget,
            labels=labels,
            blind=blind,
        )
    )
    census = MemoryCensus()
    registry = open_registry(
        settings,
        hasher,
        geography,
        census,
        store,
        sink,
        metrics,
        controls=controls,
        governor=governor,
        burial=linker,
    )
    gate = Gate(
        court=bench,
        hasher=hasher,
        geography=geography,
        store=store,
        sink=sink,
        metrics=metrics,
        outlet=outlet or linker,
        witness=witness,
        controls=controls,
        governor=governor,
        looks=SecondLooks(registry.inquiry, hasher),
    )
    return {REQUESTS: gate.handle, ACCOUNTS: registry.handle}
