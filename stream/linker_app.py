"""The composition root of a linker: settings in, a Faust app out.

Labels are read whole by each linker, and followed.
"""

from collections.abc import AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager

from schemas.decisions import Campaign
from stream.beside import beside
from stream.broker.chunk import Handle
from stream.broker.following import following
from stream.bundles.following import following_policy
from stream.bundles.opening import chosen_policy
from stream.decide.bars import Calibration
from stream.decide.court import wall_clock
from stream.decide.policy import Policy
from stream.handling import HandlerApp, handler_app
from stream.know.assessor import chosen_kyc_policy
from stream.link.board import post
from stream.link.clerk import Clerk
from stream.link.labels import Labels
from stream.link.office import Office
from stream.link.published import publish
from stream.link.scrubbing import scrub
from stream.link.weighing import Weights
from stream.linking import Linking, linker_group
from stream.metrics import Metrics
from stream.ordering import Ordering
from stream.rim import open_rim
from stream.settings import Settings


@asynccontextmanager
async def open_linking(settings: Settings, metrics: Metrics) -> AsyncIterator[dict[str, Handle]]:
    """What takes the chunks of touches, with its connections, closed at the end."""
    policy, labels = chosen_policy(settings), Labels(metrics)
    async with (
        open_rim(settings, metrics) as rim,
        following(settings, "labels", settings.partitions, lambda one: labels.read(one.value)),
    ):
        put, hang = publish(rim.client), post(rim.client)

        async def heed(bars: Calibration) -> None:
            await rim.store.insist(lambda: put(bars))

        async def show(records: Sequence[Campaign]) -> None:
            await rim.store.insist(lambda: hang(records))

        async def clean(erased: Set[str]) -> None:
            await rim.sink.record(await scrub(settings, erased))

        governor = rim.governor(policy)
        office = Office(
            policy=policy,
            weights=Weights.load(),
            controls=rim.controls,
            governor=governor,
            now=wall_clock,
            store=rim.store,
            sink=rim.sink,
            heed=heed,
            metrics=metrics,
            ask=chosen_kyc_policy(settings).step_up.budget,
            post=show,
            burial=rim.burial,
            labels=labels,
            epoch=settings.stream_epoch,
        )
        linking = Linking(office, settings, rim.sink, metrics, clean)
        ordering = Ordering(linking.catch_up, Clerk(office, rim.sink), rim.controls)

        def obey(policy: Policy) -> None:
            office.obey(policy)
            governor.obey(policy)

        async with following_policy(settings, obey), beside(linking.stand_by()):
            yield {
                settings.topic("touches"): linking.handle,
                settings.topic("controls"): ordering.handle,
            }


def create_linker(settings: Settings, metrics: Metrics) -> HandlerApp:
    """The Faust app of a linker, in a consumer group of the linkers' own."""
    opened = open_linking(settings, metrics)
    topics = [settings.topic("touches"), settings.topic("controls")]
    # The broker makes members' ids of this, and the first one by id gets the partition: so who has
    # worked longest goes on, and not who just came and would have to read 30 days first.
    client = f"linker-{wall_clock():015}"
    return handler_app(
        settings,
        metrics,
        linker_group(settings),
        opened,
        topics,
        overlap=1,
        broker_client_id=client,
    )
