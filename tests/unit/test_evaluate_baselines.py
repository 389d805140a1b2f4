"""The three simple detectors, event by event, and how their thresholds are chosen."""

import math

import pytest

from stream.evaluate.baselines import (
    BASELINES,
    DAY_MS,
    HOUR_MS,
    Baseline,
    FanOut,
    Limit,
    Sharing,
    Sight,
)
from stream.evaluate.tuning import lowest_threshold, tuned

START = 20_000 * DAY_MS


def caught(baseline: Baseline, account: int, **fields: object) -> list[int]:
    """The accounts that an event of `account` gets blocked."""
    sight = Sight(**({"account_id": str(account), "ts": START} | fields))  # type: ignore[arg-type]
    return sorted(ruling.account for ruling, _ in baseline.see(account, sight))


def card(fingerprint: str = "c") -> dict[str, object]:
    return {"type": "payment_method.added", "fingerprint": fingerprint}


def test_the_limit_lasts_to_the_end_of_its_hour() -> None:
    """The request that reaches it is the last one."""
    limit = Limit((2, math.inf))
    assert caught(limit, 0) == []
    (ruling, campaign), *more = limit.see(0, Sight("0", START + 1))
    assert (ruling.ts, ruling.expires_at, campaign, more) == (START + 1, START + HOUR_MS, None, [])
    assert caught(limit, 0, ts=START + HOUR_MS) == []


def test_account_events_are_no_requests() -> None:
    """A payment does not count against a limit."""
    limit = Limit((1, 1))
    assert caught(limit, 0, type="login.succeeded") == []


def test_sharing_takes_all_at_the_threshold() -> None:
    """Those before, and from then on each newcomer by itself."""
    sharing = Sharing((3, math.inf))
    assert [caught(sharing, n, **card()) for n in range(4)] == [[], [], [0, 1, 2], [3]]
    assert caught(sharing, 9, **card("another")) == []


def test_an_account_is_counted_once() -> None:
    """However often it shows its device."""
    sharing = Sharing((math.inf, 2))
    assert [caught(sharing, 0, device_id="d") for _ in range(3)] == [[], [], []]


def test_an_organisation_is_one_customer() -> None:
    """The seats of a firm share its card."""
    sharing = Sharing((2, math.inf))
    for n in range(3):
        caught(sharing, n, type="account.created", org_id="firm")
        assert caught(sharing, n, **card()) == []


def test_a_template_of_new_accounts_fans_out() -> None:
    """The campaign of each is named by it."""
    fan_out = FanOut((2,))
    assert caught(fan_out, 0, template_hash="t") == []
    found = list(fan_out.see(1, Sight("1", START, template_hash="t")))
    assert [campaign for _, campaign in found] == ["template:t", "template:t"]


@pytest.mark.parametrize("prefix", ["10.0.0.", "2001:db8:1:"])
def test_one_hall_is_one_network(prefix: str) -> None:
    """A class shares its assignment and its line."""
    fan_out = FanOut((2,))
    assert [caught(fan_out, n, template_hash="t", ip=f"{prefix}{n}") for n in range(3)] == [[]] * 3
    assert caught(fan_out, 3, template_hash="t", ip="192.0.2.1") == [0, 1, 2, 3]


def test_a_template_that_an_old_account_uses_is_a_product() -> None:
    """Nobody is blocked for it."""
    fan_out = FanOut((2,))
    caught(fan_out, 0, type="account.created", ts=START - 40 * DAY_MS)
    assert [caught(fan_out, n, template_hash="t") for n in range(3)] == [[], [], []]
    assert fan_out.peaks == ({0: 0, 1: 0, 2: 0},)


def test_peaks_are_the_levels_that_would_have_been_reached() -> None:
    """What a threshold is chosen from."""
    limit = Limit((math.inf, math.inf))
    for ts in (START, START + 1, START + HOUR_MS):
        caught(limit, 0, ts=ts)
    assert limit.peaks == ({0: 2}, {0: 3})
    sharing = Sharing((math.inf, math.inf))
    for n in range(3):
        caught(sharing, n, **card())
    assert sharing.peaks == ({0: 3, 1: 3, 2: 3}, {})


@pytest.mark.parametrize(
    ("peaks", "allowed", "threshold"), [([1, 5, 9], 0, 10), ([1, 5, 9], 1, 6), ([0, 0, 0], 1, 2)]
)
def test_the_lowest_threshold_within_the_budget(
    peaks: list[int], allowed: int, threshold: int
) -> None:
    """At most so many reach it; one account alone shares nothing."""
    assert lowest_threshold(peaks, allowed) == threshold


def test_every_baseline_is_tuned_at_home() -> None:
    """Each gets finite thresholds, one for each of its kinds."""
    for name, kind in BASELINES.items():
        baseline = tuned(name, "B", accounts=60, days=0.1, cache_folder=None)
        assert type(baseline) is kind
