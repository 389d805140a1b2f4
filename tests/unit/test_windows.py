"""The packed state agrees with the brute-force oracle, however the events fall into batches."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.features import CAPABILITIES, CONDUCT_NAMES
from stream.decode.batch import RequestBatch
from stream.remember.packing import pack, unpack
from stream.remember.rows import conduct_rows
from stream.remember.windows import Outcome, remember
from tests.unit.oracle import Account, Event

KINDS = ("networks", "devices", "user_agents", "templates", "models", "systems")
OPTIONAL = ("refused", "batch", "logprobs", "turns", "tool_calls", "tools", "elicitation")


def batch_of(arrivals: list[tuple[str, Event]], offset: int) -> RequestBatch:
    """Columns as decode makes them from the same events."""
    events = [event for _, event in arrivals]
    accounts = list(dict.fromkeys(name for name, _ in arrivals))

    def ints(values: object) -> np.ndarray:
        return np.array(list(values), np.int64)

    def optional(name: str, dtype: type, absent: float) -> np.ndarray:
        values = (e.optional.get(name) for e in events)
        return np.array([absent if v is None else v for v in values], dtype)

    def hashes(kind: str) -> np.ndarray:
        return np.array([e.used.get(kind, 0) for e in events], np.uint64)

    n = len(events)
    return RequestBatch(
        accounts=accounts,
        account=ints(accounts.index(name) for name, _ in arrivals),
        event_id=[str(e.id) for e in events],
        named=["m"] * n,
        organisation=[None] * n,
        event=np.array([e.id for e in events], np.uint64),
        partition=np.full(n, 3),
        offset=np.arange(offset, offset + n),
        ts=ints(e.ts for e in events),
        status=ints(500 if e.failed else 200 for e in events),
        tokens_in=ints(e.tokens[0] for e in events),
        tokens_out=ints(e.tokens[1] for e in events),
        tokens_reasoning=ints(e.tokens[2] for e in events),
        tokens_cached=ints(e.tokens[3] for e in events),
        turns=optional("turns", np.int64, -1),
        tool_calls=optional("tool_calls", np.int64, -1),
        tools=optional("tools", np.int64, -1),
        max_tokens=np.full(n, -1),
        latency=np.full(n, -1),
        temperature=np.full(n, np.nan, np.float32),
        elicitation=optional("elicitation", np.float32, math.nan),
        stream=np.full(n, -1, np.int8),
        logprobs=optional("logprobs", np.int8, -1),
        refused=optional("refused", np.int8, -1),
        batch=optional("batch", np.int8, -1),
        asn=np.full(n, -1),
        country=np.zeros(n, np.int16),
        capability=np.array(
            [-1 if e.capability is None else e.capability for e in events], np.int8
        ),
        network=hashes("networks"),
        device=hashes("devices"),
        user_agent=hashes("user_agents"),
        template=hashes("templates"),
        model=hashes("models"),
        system=hashes("systems"),
        tls=np.zeros(n, np.uint64),
        simhash=np.zeros(n, np.uint64),
        clamped=0,
    )


START = 1_780_000_000_000
SIZES = (1, 2, 5, 40, 1_000, 300_000, 20_000_000)


@st.composite
def events(draw: st.DrawFn) -> list[tuple[str, Event]]:
    """Arrivals of three accounts: bursts, silences, stragglers and repeats."""
    arrivals: list[tuple[str, Event]] = []
    now = START
    gap = st.sampled_from((0, 900, 4_000, 70_000, 900_000, 7_000_000, 80_000_000, 900_000_000))
    for number in range(draw(st.integers(1, 40))):
        now += draw(gap)
        ts = now - draw(st.sampled_from((0, 0, 0, 3_000, 200_000, 599_000, 640_000, 3_000_000)))
        name = draw(st.sampled_from(("ada", "bo", "cy")))
        known = [e for n, e in arrivals if n == name]
        if known and draw(st.integers(0, 5)) == 0:
            again = draw(st.sampled_from(known))
            arrivals.append((name, Event(again.id, again.ts)))
            continue
        maybe = st.sampled_from((None, 0, 1, 3))
        arrivals.append(
            (
                name,
                Event(
                    number + 1,
                    ts,
                    failed=draw(st.booleans()),
                    tokens=tuple(draw(st.sampled_from(SIZES)) for _ in range(4)),
                    optional={
                        k: None
                        if (v := draw(maybe)) is None
                        else min(v, 1)
                        if i < 3
                        else v / 8
                        if k == "elicitation"
                        else v
                        for i, k in enumerate(OPTIONAL)
                    },
                    capability=draw(st.one_of(st.none(), st.integers(0, 11))),
                    used={k: draw(st.integers(0 if k != "models" else 1, 25)) for k in KINDS},
                ),
            )
        )
    return arrivals


def run(arrivals: list[tuple[str, Event]], cuts: list[int]):
    """Outcomes, feature rows by arrival, and each account's bytes, after batches cut at `cuts`."""
    stored: dict[str, bytes] = {}
    outcomes: list[int] = []
    rows: dict[int, np.ndarray] = {}
    for begin, end in zip([0, *cuts], [*cuts, len(arrivals)], strict=True):
        if begin == end:
            continue
        batch = batch_of(arrivals[begin:end], begin)
        result = remember(unpack([stored.get(a) for a in batch.accounts]), batch, 0)
        outcomes += result.outcome.tolist()
        seen = conduct_rows(result.sight)
        rows |= {begin + int(r): f for r, f in zip(result.sight.row, seen, strict=True)}
        stored |= dict(zip(batch.accounts, pack(result.state), strict=True))
    return outcomes, rows, stored


@settings(max_examples=150)
@given(events(), st.lists(st.integers(0, 40), max_size=4))
def test_state_agrees_with_the_oracle(arrivals: list[tuple[str, Event]], cuts: list[int]) -> None:
    """Outcomes and every feature equal the brute-force count over raw events."""
    cuts = sorted(min(c, len(arrivals)) for c in cuts)
    outcomes, rows, _ = run(arrivals, cuts)
    accounts = {name: Account() for name, _ in arrivals}
    for i, (name, event) in enumerate(arrivals):
        verdict = accounts[name].arrive(event)
        assert Outcome(outcomes[i]).name.lower() == verdict
        if verdict == "counted":
            truth = accounts[name].features()
            for c, capability in enumerate(CAPABILITIES):
                truth[f"capability_{capability}_share_7d"] = truth.pop(f"capability_{c}")
            for feature, value in zip(CONDUCT_NAMES, rows[i], strict=True):
                assert value == np.float32(truth[feature]) or np.isclose(
                    value, truth[feature], rtol=1e-5, atol=1e-6, equal_nan=True
                ), feature


@settings(max_examples=80)
@given(events(), st.lists(st.integers(0, 40), max_size=6))
def test_batches_do_not_matter(arrivals: list[tuple[str, Event]], cuts: list[int]) -> None:
    """The bytes of state and feature rows are the same in one batch as in many."""
    whole = run(arrivals, [])
    parts = run(arrivals, sorted(min(c, len(arrivals)) for c in cuts))
    assert whole[0] == parts[0]
    assert whole[2] == parts[2]
    assert {i: r.tobytes() for i, r in whole[1].items()} == {
        i: r.tobytes() for i, r in parts[1].items()
    }


@settings(max_examples=40)
@given(events())
def test_a_replay_changes_nothing(arrivals: list[tuple[str, Event]]) -> None:
    """Events that the state already holds are recognised by their offsets."""
    _, _, stored = run(arrivals, [])
    batch = batch_of(arrivals, 0)
    result = remember(unpack([stored[a] for a in batch.accounts]), batch, 0)
    assert set(result.outcome) == {Outcome.REPLAYED}
    assert pack(result.state) == [stored[a] for a in batch.accounts]
