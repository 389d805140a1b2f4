"""Where decisions and dead letters go: Kafka, or a file of NDJSON."""

import asyncio
from collections.abc import Sequence
from typing import IO, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.decisions import DeadLetter
from schemas.errors import SluicegateError
from schemas.wire import DecisionWire, encode_decision

Placed = tuple[int, DecisionWire]  # the partition that its event came from
Message = tuple[bytes | None, bytes]  # key, value


class EmitError(SluicegateError):
    """The broker did not acknowledge what was sent."""


class Sink(Protocol):
    """Takes what a batch brought about; has kept it when `emit` returns."""

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """Write all of them. Raises EmitError when that is not certain."""


class FileSink:
    """Decisions as lines of JSON, in the order that they were made; dead letters likewise."""

    def __init__(self, decisions: IO[bytes], letters: IO[bytes]) -> None:
        self._decisions = decisions
        self._letters = letters

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """Append one line each."""
        self._decisions.writelines(encode_decision(d) + b"\n" for _, d in decisions)
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
        try:
            await asyncio.gather(*(self._send(*place, told) for place, told in places.items()))
        except KafkaError as error:
            raise EmitError(f"{sorted(places)}: {error!r}") from error

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
