"""Traffic made ahead of who reads it, by a process of its own: it is a fifth of a run's work."""

from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

from simulate.population import Population
from simulate.scenarios import Scenario


def requests_ahead(scenario: Scenario) -> Iterator[bytes]:
    """The scenario's RequestEvents by ts, a line each. Raises EOFError where their maker fails."""
    # Not forked: XGBoost's and ONNX's threads do not live through that.
    context = get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    maker = context.Process(target=_make, args=(scenario, writer), daemon=True)
    maker.start()
    writer.close()  # the maker's end alone is left: if it dies, reading ends
    try:
        while block := reader.recv_bytes():
            yield from block.splitlines()
    finally:
        reader.close()
        maker.terminate()
        maker.join()


def _make(scenario: Scenario, writer: Connection) -> None:
    for block in Population(scenario).request_lines():
        writer.send_bytes(block.data)
    writer.send_bytes(b"")
