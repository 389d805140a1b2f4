"""A linker's place among the linkers of its group."""

import pytest
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.structs import PartitionMetadata

from stream.linker_app import create_linker
from stream.metrics import Metrics
from stream.settings import load_settings

TOPIC = "sluicegate.touches"


def test_who_works_goes_on_when_another_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the broker adds to their names to tell them apart."""
    starts = iter([999_999_999_999, 1_000_000_000_000])
    monkeypatch.setattr("stream.linker_app.wall_clock", lambda: next(starts))
    names = [create_linker(load_settings(), Metrics()).conf.broker_client_id for _ in range(2)]
    first, second = f"{names[0]}-ffff", f"{names[1]}-0000"
    metadata = RangePartitionAssignor.metadata([TOPIC])
    cluster = ClusterMetadata()
    cluster._partitions = {TOPIC: {0: PartitionMetadata(TOPIC, 0, 0, [0], [0], 0)}}
    assigned = RangePartitionAssignor.assign(cluster, {second: metadata, first: metadata})
    assert assigned[first].assignment == [(TOPIC, [0])]
    assert assigned[second].assignment == [(TOPIC, [])]
