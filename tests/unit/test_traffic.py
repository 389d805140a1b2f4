"""Simulated traffic as it is sent: in order of time, each account to the partition of its key."""

from itertools import pairwise

import pytest
from aiokafka.partitioner import DefaultPartitioner

from schemas.events import RequestEvent
from simulate.scenarios import HONEST, Scenario
from stream.demo.traffic import _partition, scenario_lines
from stream.lines import ACCOUNTS, REQUESTS, Line

SCENARIO = Scenario("traffic", 100, 1.0, HONEST[:3])


@pytest.fixture(scope="module")
def sent() -> list[Line]:
    """All its events."""
    return list(scenario_lines(SCENARIO))


def test_events_come_by_time(sent: list[Line]) -> None:
    """Of both topics, merged."""
    assert {line.topic for line in sent} == {ACCOUNTS, REQUESTS}
    assert all(a.ts <= b.ts for a, b in pairwise(sent))


def test_the_key_is_the_account(sent: list[Line]) -> None:
    """So that one partition holds everything about it."""
    requests = [line for line in sent if line.topic == REQUESTS]
    assert requests
    for line in requests:
        assert line.key == RequestEvent.model_validate_json(line.value).account_id.encode()


def test_the_same_scenario_gives_the_same_traffic(sent: list[Line]) -> None:
    """To the byte."""
    assert list(scenario_lines(SCENARIO)) == sent


@pytest.mark.parametrize("partitions", [1, 4, 6, 64])
def test_partitions_are_those_of_kafkas_own_clients(sent: list[Line], partitions: int) -> None:
    """A gateway that leaves the choice to its client sends an account where we do."""
    choose, places = DefaultPartitioner(), list(range(partitions))
    for key in {line.key or b"" for line in sent}:
        assert _partition({}, key, partitions) == choose(key, places, places)
