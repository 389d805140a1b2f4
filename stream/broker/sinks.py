"""Where decisions, dead letters, campaigns and touches go: Kafka, or files of NDJSON."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.controls import Control, encode_control
from schemas.decisions import Campaign, DeadLetter
from schemas.errors import SluicegateError
from schemas.events import LabelEvent
from schemas.wire import DecisionWire, encode_decision
from stream.link.touches import Touch, encode_touch

Placed = tuple[int, DecisionWire]  # the partition that its event came from
Message = tuple[bytes | None, bytes]  # key, value


class EmitError(SluicegateError):
    """The broker did not acknowledge what was sent."""


class Sink(Protocol):
    """Takes what a batch brought about; has kept it when `emit` returns."""

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """Write all of them. Raises EmitError when that is not certain."""


class CampaignSink(Sink, Protocol):
    """Takes what the linker finds as well."""

    async def record(self, campaigns: Sequence[Campaign]) -> None:
        """Write records of campaigns. Raises EmitError when that is not certain."""


class LabelSink(Protocol):
    """Takes what people found out about accounts."""

    async def label(self, labels: Sequence[tuple[int, LabelEvent]]) -> None:
        """Write labels to their accounts' partitions. Raises EmitError when that is not certain."""


class FileSink:
    """Decisions as lines of JSON, in the order that they were made; dead letters and campaigns
    likewise. `campaigns`: None keeps none."""

    def __init__(
        self, decisions: IO[bytes], letters: IO[bytes], campaigns: IO[bytes] | None = None
    ) -> None:
        self._decisions = decisions
        self._letters = letters
        self._campaigns = campaigns
        self.dead = 0  # letters so far

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """Append one line each."""
        self.dead += len(letters)
        self._decisions.writelines(encode_decision(d) + b"\n" for _, d in decisions)
        self._letters.writelines(letter.model_dump_json().encode() + b"\n" for letter in letters)

    async def record(self, campaigns: Sequence[Campaign]) -> None:
        """Append one line each."""
        if self._campaigns:
            self._campaigns.writelines(encode_campaign(c) + b"\n" for c in campaigns)


def encode_campaign(campaign: Campaign) -> bytes:
    """A record as JSON; what is not known is left out."""
    return campaign.model_dump_json(exclude_none=True).encode()


class KafkaSink:
    """The topics of decisions, dead letters and campaigns, every replica's acknowledgement
    awaited.

    Decisions go to the partition that their events came from: the topics have as many, and one
    account's decisions stay in order behind one writer.
    """

    def __init__(self, producer: AIOKafkaProducer, topic: Callable[[str], str]) -> None:
        """`topic`: the whole name of a topic of the contract."""
        self._producer = producer
        self._decisions = topic("decisions")
        self._letters = topic("dead-letters")
        self._campaigns = topic("campaigns")
        self._touches = topic("touches")
        self._labels = topic("labels")
        self._controls = topic("controls")

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """Send in whole batches: one at a time, the client costs more than the scoring."""
        places: dict[tuple[str, int], list[Message]] = {}
        message: Message
        for partition, decision in decisions:
            message = (decision.account_id.encode(), encode_decision(decision))
            places.setdefault((self._decisions, partition), []).append(message)
        for letter in letters:
            # The one topic that may have another number of partitions.
            partition = letter.partition % len(await self._producer.partitions_for(self._letters))
            message = (None, letter.model_dump_json().encode())
            places.setdefault((self._letters, partition), []).append(message)
        await self._send_all(places)

    async def send(self, touches: Sequence[Touch]) -> None:
        """Write touches for the linker; all of them go to its one partition."""
        messages: list[Message] = [
            (touch.account_id.encode(), encode_touch(touch)) for touch in touches
        ]
        await self._send_all({(self._touches, 0): messages} if messages else {})

    async def label(self, labels: Sequence[tuple[int, LabelEvent]]) -> None:
        """Write labels; one that comes again has the same event id."""
        places: dict[tuple[str, int], list[Message]] = {}
        for partition, label in labels:
            value = label.model_dump_json(exclude_none=True).encode()
            message = (label.account_id.encode(), value)
            places.setdefault((self._labels, partition), []).append(message)
        await self._send_all(places)

    async def _send_all(self, places: Mapping[tuple[str, int], list[Message]]) -> None:
        try:
            await asyncio.gather(*(self._send(*place, told) for place, told in places.items()))
        except KafkaError as error:
            raise EmitError(f"{sorted(places)}: {error!r}") from error

    async def record(self, campaigns: Sequence[Campaign]) -> None:
        """Send one after the other: they are few, and the last one of a campaign must hold."""
        try:
            for campaign in campaigns:
                key, value = campaign.campaign_id.encode(), encode_campaign(campaign)
                await self._producer.send_and_wait(self._campaigns, value, key)
        except KafkaError as error:
            raise EmitError(f"{self._campaigns}: {error!r}") from error

    async def order(self, control: Control) -> None:
        """Write what a person has ordered. Raises EmitError."""
        try:
            await self._producer.send_and_wait(
                self._controls, encode_control(control), control.key.encode(), partition=0
            )
        except KafkaError as error:
            raise EmitError(f"{self._controls}: {error!r}") from error

    async def _send(self, topic: str, partition: int, messages: list[Message]) -> None:
        while messages:
            batch = self._producer.create_batch()
            taken = 0
            for key, value in messages:
                if batch.append(key=key, value=value, timestamp=None) is None:
                    break
                taken += 1
            if not taken:
                raise EmitError(f"a message of {len(messages[0][1])} bytes does not fit a batch")
            batch.close()
            await (await self._producer.send_batch(batch, topic, partition=partition))
            messages = messages[taken:]
