"""Two gates on the same batches, by turns: what else runs on the machine hits both."""

import statistics
import time
from collections.abc import Sequence
from typing import Final

from stream.agents import Gate
from stream.broker.chunk import Chunk
from stream.lines import REQUESTS, Line

_NO_END: Final = 1 << 62


def chunks(lines: Sequence[Line], size: int) -> list[Chunk]:
    """Recorded traffic as a worker gets it, `size` records at a time."""
    numbered = [Line(REQUESTS, n, line.key, line.value, line.ts) for n, line in enumerate(lines)]
    return [
        Chunk(REQUESTS, 0, numbered[at : at + size], _NO_END) for at in range(0, len(lines), size)
    ]


async def turns(gates: Sequence[Gate], chunks: Sequence[Chunk], warm: int) -> tuple[float, float]:
    """CPU seconds of the first gate for a chunk, and how many more the second one takes for the
    same: the medians, without the first `warm` chunks."""
    spent: list[list[float]] = [[] for _ in gates]
    for number, chunk in enumerate(chunks):
        for place in (0, 1) if number % 2 else (1, 0):
            began = time.process_time()
            await gates[place].handle(chunk)
            spent[place].append(time.process_time() - began)
    first, second = (one[warm:] for one in spent)
    more = [theirs - ours for ours, theirs in zip(first, second, strict=True)]
    return statistics.median(first), statistics.median(more)
