"""Where a report's messages come from: files as `replay` reads and writes them, or the topics."""

from collections.abc import AsyncIterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

from schemas.ndjson import read_lines
from stream.broker.scan import BATCH, scan
from stream.settings import Settings

Topic = Literal["accounts", "campaigns", "decisions", "labels", "requests"]


class Source(Protocol):
    """Gives every message of a topic, as often as it is asked."""

    def read(self, topic: Topic) -> AsyncIterator[list[bytes]]:
        """The messages in batches, those of one account in their order."""


class FileSource:
    """Files of NDJSON (`.gz`, `.zst`), a message a line; a topic without a file is empty."""

    def __init__(self, paths: Mapping[Topic, Path]) -> None:
        self._paths = paths

    async def read(self, topic: Topic) -> AsyncIterator[list[bytes]]:
        """Raises OSError, and UnreadableFileError for what is cut off."""
        if topic not in self._paths:
            return
        lines = (line.rstrip(b"\r\n") for line in read_lines(self._paths[topic]))
        while batch := list(islice(lines, BATCH)):
            yield batch


class TopicSource:
    """The topics of a live system, as far as they went when the reading of each began."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def read(self, topic: Topic) -> AsyncIterator[list[bytes]]:
        """Raises ConfigurationError when the broker or the topic is not there, or falls silent."""
        async for batch in scan(self._settings, topic):
            yield [record.value for record in batch if record.value is not None]
