"""Bundles swapped under load: every event once, every decision by one bundle, whatever happens."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import pytest

from schemas.wire import DecisionWire
from stream.bundles.opening import POLICY
from stream.bundles.promotion import give, roll_back
from stream.bundles.roles import Deed, Roles
from stream.bundles.store import BundleStore
from stream.remember.packing import HEADER
from stream.settings import load_settings
from tests.e2e.live import Live, living, undisturbed
from tests.e2e.rough import rough_requests
from tests.servers import Broker
from tests.unit.bundled import make_bundle

REQUESTS = 30_000  # at most: it ends when all has happened
RATE = 1_000.0
AT_ONCE = 100
DEED = Deed("ada", "", 1_790_000_000_000)
STANDING = ["action", "answer", "expires", "peak"]  # what a bundle leaves in a state

# What matters is in the worker; how brokers and stores differ is for tests/e2e/test_once.py.
pytestmark = pytest.mark.parametrize(
    ("broker", "store_url"), [("embedded", "embedded")], indirect=True, scope="session"
)
_read = msgspec.json.Decoder(DecisionWire).decode

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What there is in the end. scores: by bundle and event, as a worker gives them that has
    that bundle from the beginning to the end; counted: the states that it leaves."""

    decisions: list[DecisionWire]
    pairs: dict[str, Pair]
    scores: dict[Pair, dict[str, float]]
    states: dict[str, bytes | None]
    counted: dict[str, bytes]
    log: str
    after_refusal: set[Pair]


@pytest.fixture(scope="module")
def swapped(
    broker: Broker, store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    """One worker that is promoted to a second bundle, offered a damaged one, killed and rolled
    back while traffic goes on."""
    folder = tmp_path_factory.mktemp("bundles")
    places = {
        name: make_bundle(folder, name, trees=trees, policy=name)
        for name, trees in (("one", 3), ("two", 9))
    }
    store = folder / "store"
    give(load_settings(bundles=store), "promote", places["one"], Roles.promote, DEED)
    # The second worker waits for the end of the killed one's session.
    quick = {"session_timeout_ms": 2_000, "heartbeat_ms": 400}
    slow = {"commit_interval_ms": 1_000, "batch_max": 100}  # much comes again
    with living(broker, store_url, folder, "bundles", bundles=store, **quick, **slow) as live:
        yield asyncio.run(_swap(live, places, folder))


async def _swap(live: Live, places: dict[str, Path], folder: Path) -> Aftermath:
    settings, events = live.settings(), iter(rough_requests(REQUESTS, seed=5))
    async with live.watched() as seen:

        def is_seen(name: str, since: int) -> bool:
            return any(_read(decision).policy_version == name for decision in seen[since:])

        async def nearly(goal: int, reached: Callable[[], bool]) -> None:
            await live.until(lambda: len(seen) >= goal or reached())

        async def under_load(reached: Callable[[], bool]) -> None:
            while not reached():
                some = list(islice(events, AT_ONCE))
                assert some, "all events were sent and it has not happened"
                # Not further ahead of the worker than that: a slow machine must not use them up.
                goal = len(seen) + AT_ONCE // 2
                await live.send(some, RATE)
                await nearly(goal, reached)

        worker = live.start()
        await under_load(lambda: is_seen("one", 0))
        await asyncio.to_thread(give, settings, "promote", places["two"], Roles.promote, DEED)
        await under_load(lambda: is_seen("two", 0))
        await asyncio.to_thread(_promote_damaged, live, folder)
        await under_load(lambda: "bundle.refused" in worker.log.read_text())
        refused_at = len(seen)
        await under_load(lambda: len(seen) > refused_at + 500)
        after_refusal = {_pair(_read(decision)) for decision in seen[refused_at:]}
        worker.kill()
        # The damaged one is current in the store: undone before another worker may begin.
        await asyncio.to_thread(roll_back, settings, "", DEED)
        again = live.start()
        await under_load(lambda: is_seen("two", refused_at))
        back = len(seen)
        await asyncio.to_thread(give, settings, "promote", places["one"], Roles.promote, DEED)
        await under_load(lambda: is_seen("one", back))
        await live.all_done()
        await again.stop()
    requests = await live.records("requests")
    truths = {
        name: await undisturbed(
            settings.model_copy(update={"bundles": None, "model": place}), requests
        )
        for name, place in places.items()
    }
    decided = {name: [_read(one) for one in truth.decisions] for name, truth in truths.items()}
    counted = truths["one"].states
    return Aftermath(
        [_read(decision) for decision in await live.values("decisions")],
        {name: _pair(decisions[0]) for name, decisions in decided.items()},
        {_pair(ones[0]): {d.event_id: d.score for d in ones} for ones in decided.values()},
        await live.states(list(counted)),
        counted,
        worker.log.read_text(),
        after_refusal,
    )


def _promote_damaged(live: Live, folder: Path) -> None:
    """A bundle that was told before it was copied whole."""
    aside, store = load_settings(bundles=folder / "aside"), BundleStore(live.options["bundles"])
    place = make_bundle(folder, "three", trees=5, policy="three")
    version = give(aside, "promote", place, Roles.promote, DEED).current
    (folder / "aside" / version / POLICY).write_bytes(b"version: evil")
    (folder / "aside" / version).rename(store.folder(version))
    store.change("promote", version, lambda roles: roles.promote(version), DEED)


def _pair(decision: DecisionWire) -> Pair:
    return decision.model_version, decision.policy_version


def _undecided(state: bytes | None) -> bytes:
    """A state without what was decided."""
    assert state is not None
    header = np.frombuffer(bytearray(state[: HEADER.itemsize]), HEADER)
    for name in STANDING:
        header[name] = 0
    return header.tobytes() + state[HEADER.itemsize :]


def test_both_bundles_have_decided_and_nobody_else(swapped: Aftermath) -> None:
    """Every pair of versions is one of the two; a damaged bundle decides nothing."""
    assert {_pair(decision) for decision in swapped.decisions} == set(swapped.pairs.values())


def test_no_decision_is_mixed(swapped: Aftermath) -> None:
    """The score of each decision is that of the model which it names, to the last digit."""
    wrong = [d for d in swapped.decisions if swapped.scores[_pair(d)][d.event_id] != d.score]
    assert not wrong
    first, second = (swapped.scores[pair] for pair in swapped.pairs.values())
    assert sum(first[event] != second[event] for event in first) > len(first) // 2


def test_every_event_that_counts_has_a_decision(swapped: Aftermath) -> None:
    """No swap and no kill loses one."""
    expected = set(swapped.scores[swapped.pairs["one"]])
    assert {decision.event_id for decision in swapped.decisions} == expected


def test_every_event_is_counted_once(swapped: Aftermath) -> None:
    """All that a state holds but for what was decided is what an undisturbed worker leaves."""
    found = {account: _undecided(state) for account, state in swapped.states.items()}
    assert found == {account: _undecided(state) for account, state in swapped.counted.items()}


def test_a_damaged_bundle_is_refused_with_a_reason_and_the_old_goes_on(swapped: Aftermath) -> None:
    """The log says what is wrong with it; what decided before decides after it."""
    assert "policy.yaml: differs from the digest" in swapped.log
    assert swapped.after_refusal == {swapped.pairs["two"]}
