"""The sample of what is served, and what a worker shows of it."""

import asyncio
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from redis.exceptions import ConnectionError as StoreAwayError

from schemas.features import FEATURE_NAMES
from scorers.drift import SHIFTED, Summary
from stream.doctor.check import Verdict
from stream.doctor.store import _moved
from stream.learn.drift import FEWEST, Drift, Served
from stream.learn.meters import DriftMeters
from stream.learn.moments import due
from stream.learn.sample import PER_BATCH, Sample
from stream.training import take
from tests.unit.gates import DAY, ListSink, Told, chunk, court, gate, request

AGE = FEATURE_NAMES.index("age_seen_days")


class Away:
    """A store that does not answer."""

    async def hgetall(self, _: str) -> dict[bytes, bytes]:
        raise StoreAwayError("away")


def normal(count: int, seed: int) -> np.ndarray:
    """Rows of noise."""
    rows = np.random.default_rng(seed).normal(size=(count, len(FEATURE_NAMES)))
    return rows.astype(np.float32)


class Fixed(Sample):
    """A sample of given rows."""

    def __init__(self, rows: np.ndarray) -> None:
        super().__init__()
        self.given = rows

    def rows(self) -> np.ndarray:
        return self.given


def drift(rows: np.ndarray, served: Served, registry: CollectorRegistry, **options: Any) -> Drift:
    """One worker's view of given rows; the store is away."""
    meters: Any = options.pop("meters", None) or DriftMeters(registry)
    client: Any = options.pop("client", Away())
    return Drift(Fixed(rows), lambda: served, meters, client, **options)


def test_a_sample_holds_rows_at_the_moments_of_training() -> None:
    """What training would have kept of the same requests, the latest ones only."""
    sample = Sample(8)
    one = gate(court(Told()), ListSink(), witness=sample.witness)
    records = [request(n, "ada", ts=n * DAY) for n in range(30)]

    async def pass_through() -> None:
        await one.handle(chunk(*records[:11]))
        await one.handle(chunk(*records[11:]))

    asyncio.run(pass_through())
    kept = take([record.value or b"" for record in records]).features
    found = sample.rows()
    assert len(kept) == 9
    order = np.argsort(found[:, AGE])
    assert np.array_equal(found[order], kept[1:], equal_nan=True)


async def test_a_batch_gives_so_many_rows_at_most() -> None:
    """The price of a batch is bounded, and all of it is looked at."""
    sample = Sample()
    one = gate(court(Told()), ListSink(), witness=sample.witness)
    await one.handle(chunk(*(request(n, f"a{n}", ts=n * DAY) for n in range(1_000))))
    assert PER_BATCH / 2 <= len(sample.rows()) <= PER_BATCH
    assert due(np.array([1])).all()


async def test_a_moved_feature_is_shown() -> None:
    """By its name, beside those that stay; and how often each is known."""
    rows, registry = normal(1_000, 1), CollectorRegistry()
    rows[:, AGE] += 2
    rows[:250, 0] = np.nan
    summary = Summary.describe(FEATURE_NAMES, normal(5_000, 2))
    await drift(rows, Served("m", summary), registry).look()

    def shown(name: str, feature: str) -> float:
        value = registry.get_sample_value(f"sluicegate_feature_{name}", {"feature": feature})
        assert value is not None
        return value

    assert shown("drift", "age_seen_days") > SHIFTED > shown("drift", FEATURE_NAMES[1])
    assert shown("filled", FEATURE_NAMES[0]) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("rows", "summary"), [(FEWEST - 1, True), (1_000, False)], ids=["too few rows", "no summary"]
)
async def test_what_cannot_be_told_is_not_shown(rows: int, summary: bool) -> None:
    """Nor what was shown of another model before."""
    registry = CollectorRegistry()
    meters = DriftMeters(registry)
    known = Summary.describe(FEATURE_NAMES, normal(5_000, 2))
    await drift(normal(1_000, 1), Served("m", known), registry, meters=meters).look()
    served = Served("n", known if summary else None)
    await drift(normal(rows, 1), served, registry, meters=meters).look()
    assert (
        registry.get_sample_value("sluicegate_feature_drift", {"feature": "age_seen_days"}) is None
    )


def test_a_doctor_names_what_has_moved_most() -> None:
    """Over all workers, the worst first."""
    summary = Summary.describe(FEATURE_NAMES, normal(5_000, 2))
    rows = normal(2_000, 3)
    still = _moved(summary, [summary.count(rows)])
    rows[:, AGE] += 2
    rows[:, 0] += 1
    moved = _moved(summary, [summary.count(rows[:1_000]), summary.count(rows[1_000:])])
    assert (still.verdict, moved.verdict) == (Verdict.OK, Verdict.WARN)
    assert "moved: 2; most: age_seen_days " in moved.what
    assert moved.what.index(FEATURE_NAMES[0]) > moved.what.index("age_seen_days")


def test_a_doctor_knows_no_drift_before_anybody_looked() -> None:
    """That is no fault."""
    assert _moved(Summary.describe(FEATURE_NAMES, normal(99, 2)), []).verdict is Verdict.OK
