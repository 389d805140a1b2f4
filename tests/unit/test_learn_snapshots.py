"""A snapshot holds what the live code saw at each event, and reads back what was written."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from schemas.decisions import Campaign
from schemas.errors import ConfigurationError
from schemas.features import FEATURE_NAMES
from stream.learn.moments import MOMENTS, due
from stream.learn.snapshots import Camera, Snapshot
from stream.training import take
from tests.unit.gates import MINUTE, NOW, ListSink, Told, chunk, court, gate, request
from tests.unit.snaps import snapshot


def asked(account: str, number: int, ts: int, **fields: Any) -> bytes:
    """A request as a line."""
    event = {"event_id": f"{account}{number}", "account_id": account, "ts": ts, "model": "m"}
    return json.dumps(event | fields).encode()


def recorded(count: int = 30) -> list[bytes]:
    """Two accounts in turn; one of them asks a third as often."""
    return [
        asked("ada" if n % 4 else "bob", n, NOW + n * MINUTE, input_tokens=n) for n in range(count)
    ]


def test_rows_are_kept_at_chosen_moments() -> None:
    """The 1st, 2nd, 3rd, 4th, 6th, 9th … of each account, with how many it made in the end."""
    taken = take(recorded())
    of_ada = taken.account == taken.accounts.index("ada")
    assert taken.request[of_ada].tolist() == [1, 2, 3, 4, 6, 9, 13, 19]
    assert taken.request[~of_ada].tolist() == [1, 2, 3, 4, 6]
    assert dict(zip(taken.accounts, taken.exchanges.tolist(), strict=True)) == {"ada": 22, "bob": 8}


def test_every_row_can_be_kept() -> None:
    """And those at the chosen moments are the same rows."""
    few, every = take(recorded()), take(recorded(), every=True)
    assert len(every.time) == 30
    assert np.array_equal(few.features, every.features[due(every.request)], equal_nan=True)


def test_a_row_does_not_know_what_comes_later() -> None:
    """Whatever follows, the rows up to an event are the same to the bit."""
    short, whole = take(recorded(18), every=True), take(recorded(30), every=True)
    assert np.array_equal(short.features, whole.features[:18], equal_nan=True)
    assert np.array_equal(short.event, whole.event[:18])


def test_moments_are_half_as_many_again() -> None:
    """From the first on, for as long as an account may live."""
    assert due(np.arange(1, 30)).nonzero()[0].tolist() == [0, 1, 2, 3, 5, 8, 12, 18, 27]
    assert MOMENTS[-1] > 1 << 47


def test_a_snapshot_reads_back_what_was_written(tmp_path: Path) -> None:
    """To the bit, unknown values and campaigns too."""
    rows = [("b", 0, 1), ("a", 0, 1), ("b", 1, 2), ("c", 2, 1)]
    taken = snapshot(rows, {"b": "c-1"})
    taken.features[1, 3] = np.nan
    taken.write(tmp_path / "s.parquet")
    again = Snapshot.read(tmp_path / "s.parquet")
    assert np.array_equal(again.features, taken.features, equal_nan=True)
    assert [again.accounts[n] for n in again.account] == ["b", "a", "b", "c"]
    assert dict(zip(again.accounts, again.campaigns, strict=True)) == {"a": "", "b": "c-1", "c": ""}
    for name in ("event", "time", "request"):
        assert np.array_equal(getattr(again, name), getattr(taken, name))
    assert again.exchanges.tolist() == [1, 2, 1]


def test_other_tools_read_it_by_name(tmp_path: Path) -> None:
    """A column for each feature, and what the row is of."""
    take(recorded()).write(tmp_path / "s.parquet")
    frame = polars.read_parquet(tmp_path / "s.parquet")
    assert frame.columns == [
        *("account_id", "event", "ts", "request", "exchanges", "campaign"),
        *FEATURE_NAMES,
    ]
    assert frame["campaign"].null_count() == len(frame)


def test_a_snapshot_of_another_feature_list_is_refused(tmp_path: Path) -> None:
    """It says what to do."""
    path = tmp_path / "old.parquet"
    polars.DataFrame({"a": [1.0]}).write_parquet(path, metadata={"feature_hash": "abc"})
    with pytest.raises(ConfigurationError, match=r"feature list abc.*sluicegate snapshot"):
        Snapshot.read(path)


def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    """By its path."""
    path = tmp_path / "none.parquet"
    path.write_bytes(b"no such thing")
    with pytest.raises(ConfigurationError, match=r"none\.parquet: not a snapshot"):
        Snapshot.read(path)


def test_nothing_recorded_is_an_error() -> None:
    """There is nothing to learn from."""
    with pytest.raises(ConfigurationError, match="no request"):
        Camera().snapshot()


def campaign(name: str, members: list[str], merged_into: str | None = None) -> Campaign:
    """A record that says who joined."""
    return Campaign(
        campaign_id=name,
        ts=NOW,
        status="closed" if merged_into else "open",
        first_seen=NOW,
        last_seen=NOW,
        detected_at=NOW,
        accounts=2,
        requests=2,
        tokens=0,
        capabilities={},
        models={},
        links=[],
        countries={},
        members_added=members,
        merged_into=merged_into,
        sample_accounts=members,
        score=0.9,
    )


async def test_members_of_merged_campaigns_belong_to_the_one_that_lives_on() -> None:
    """Which account is in which campaign is told by the linker's records."""
    camera, sink = Camera(), ListSink()
    gates = gate(court(Told()), sink, witness=camera.witness)
    await gates.handle(chunk(request(0, "a"), request(1, "b"), request(2, "c")))
    await camera.record([campaign("c-1", ["a"]), campaign("c-2", ["b"])])
    await camera.record([campaign("c-2", [], merged_into="c-1")])
    taken = camera.snapshot()
    assert dict(zip(taken.accounts, taken.campaigns, strict=True)) == {
        "a": "c-1",
        "b": "c-1",
        "c": "",
    }
