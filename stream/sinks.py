"""Where decisions and dead letters go: Kafka, or a file of NDJSON."""

from collections.abc import Sequence
from typing import IO, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.decisions import DeadLetter
from schemas.errors import SluicegateError
from schemas.wire import DecisionWire, encode_decision


class EmitError(SluicegateError):
    """The broker did not acknowledge what was sent."""


class Sink(Protocol):
    """Takes what a batch brought about; has kept it when `emit` returns."""

    async def emit(
        self, partition: int, decisions: Sequence[DecisionWire], letters: Sequence[DeadLetter]
    ) -> None:
        """Write all of them. Raises EmitError when that is not certain."""


class FileSink:
    """Decisions as lines of JSON, in the order that they were made; dead letters likewise."""

    def __init__(self, decisions: IO[bytes], letters: IO[bytes]) -> None:
        self._decisions = decisions
        self._letters = letters

    async def emit(
        self,
        partition: int,  # noqa: ARG002 - a file has none
        decisions: Sequence[DecisionWire],
        letters: Sequence[DeadLetter],
    ) -> None:
        """Append one line each."""
        self._decisions.writelines(encode_decision(d) + b"\n" for d in decisions)
        self._letters.writelines(letter.model_dump_json().encode() + b"\n" for letter in letters)


class KafkaSink:
    """The decisions topic and the dead-letter topic, all replicas' acknowledgement awaited.

    Decisions go to the partition that their events came from: the topics have as many, and one
    account's decisions stay in order behind one writer.
    """

    def __init__(self, producer: AIOKafkaProducer, decisions: str, letters: str) -> None:
        self._producer = producer
        self._decisions = decisions
        self._letters = letters

    async def emit(
        self, partition: int, decisions: Sequence[DecisionWire], letters: Sequence[DeadLetter]
    ) -> None:
        """Send in whole batches: one at a time, the client costs more than the scoring."""
        messages = [(d.account_id.encode(), encode_decision(d)) for d in decisions]
        dead = [(b"", letter.model_dump_json().encode()) for letter in letters]
        try:
            await self._send(self._decisions, partition, messages)
            if dead:  # the one topic that may have another number of partitions
                places = await self._producer.partitions_for(self._letters)
                await self._send(self._letters, partition % len(places), dead)
        except KafkaError as error:
            raise EmitError(f"decisions of partition {partition}: {error!r}") from error

    async def _send(self, topic: str, partition: int, messages: list[tuple[bytes, bytes]]) -> None:
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
