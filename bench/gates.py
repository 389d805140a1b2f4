"""The gate of the live path as measurements need it: without Kafka, and nobody keeps decisions."""

import io
from typing import Any

from stream.agents import Gate
from stream.broker.sinks import FileSink
from stream.decide.judge import Judge
from stream.decide.opening import open_court
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.local import LOCAL_PEPPER
from stream.metrics import Metrics
from stream.settings import load_settings
from stream.store import Store


def gate(
    store: Store, court: Judge | None = None, metrics: Metrics | None = None, **measured: Any
) -> Gate:
    """A gate on `store`; `court`: by default the settings'; `measured`: further parts of a Gate,
    which are what is looked at."""
    return Gate(
        court=court or open_court(load_settings()),
        hasher=KeyedHasher(LOCAL_PEPPER),
        geography=Geography(),
        store=store,
        sink=FileSink(io.BytesIO(), io.BytesIO()),
        metrics=metrics or Metrics(),
        **measured,
    )
