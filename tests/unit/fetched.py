"""aiokafka's consumer as far as taking chunks goes, with records that it has fetched."""

from collections import defaultdict
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from faust.types import TP


@dataclass(frozen=True, slots=True)
class Raw:
    """A record of the fake broker."""

    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = b"x"


class Assignment:
    """Partitions, and the place in each that is fetched next."""

    def __init__(self) -> None:
        self.active = True
        self._states: dict[TP, Any] = defaultdict(lambda: SimpleNamespace(position=0))

    def state_value(self, tp: TP) -> Any:
        """What aiokafka notes of a partition."""
        return self._states[tp]


class FetchedRecords:
    """What aiokafka has fetched and not yet handed out, by partition."""

    _closed = False
    _fetch_min_bytes = 0

    def __init__(self, records: dict[TP, list[Raw]], assignment: Assignment) -> None:
        self._records = {tp: list(raw) for tp, raw in records.items()}
        self._assignment = assignment

    async def fetched_records(self, tps: set[TP], max_records: int) -> dict[TP, list[Raw]]:
        """aiokafka's: at most `max_records` of `tps`; a partition without more is forgotten."""
        (tp,) = tps
        raw = self._records.pop(tp)
        if raw[max_records:]:
            self._records[tp] = raw[max_records:]
        taken = raw[:max_records]
        self._assignment.state_value(tp).position = taken[-1].offset + 1
        return {tp: taken}


class Client:
    """aiokafka's consumer, as far as taking chunks goes."""

    _closed = False

    def __init__(self, records: dict[TP, list[Raw]]) -> None:
        self.assignment = Assignment()
        self._fetcher = FetchedRecords(records, self.assignment)
        subscription = SimpleNamespace(assignment=self.assignment)
        self._subscription = SimpleNamespace(
            reassignment_in_progress=False, subscription=subscription
        )

    def fetch(self, tp: TP, *offsets: int) -> None:
        """Let records come."""
        self._fetcher._records[tp] = [Raw(offset) for offset in offsets]

    def highwater(self, _: TP) -> int:
        return 1000
