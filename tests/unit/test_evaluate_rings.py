"""Campaigns against the truth, on a handful of accounts."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import Campaign
from simulate.population import Truth
from stream.evaluate.docket import Docket, Ruling
from stream.evaluate.exchanges import Exchanges
from stream.evaluate.judge import Trial
from stream.evaluate.rings import detection, membership
from stream.evaluate.tally import MINUTE_MS, STEP_UP, Tally

START = 1_000_000_000
HOUR = 60 * MINUTE_MS


def trial(cohorts: list[str], campaigns: list[str | None]) -> Trial:
    """A trial in which account n belongs to `campaigns[n]`, and each asked once, at hour n."""
    truths = [
        Truth(f"a{n}", cohort, cohort in ("june", "loner"), None, START, 0.0)
        for n, cohort in enumerate(cohorts)
    ]
    docket = Docket({truth.account_id: n for n, truth in enumerate(truths)})
    for n, campaign in enumerate(campaigns):
        if campaign:
            docket.note(Ruling(n, START, STEP_UP, START + HOUR), campaign)
    n = len(truths)
    attack = np.array([cohort == "june" for cohort in cohorts], bool)
    tally = Tally(np.full(n, START), attack, START, START + 100 * HOUR)
    ts = START + HOUR * np.arange(n)
    tally.settle(Exchanges(np.arange(n), ts, np.ones(n, bool), np.zeros(n, np.int64)), [])
    return Trial(truths, docket, tally, n, 1.0)


def record(campaign_id: str, detected_at: int, **fields: object) -> Campaign:
    plain = {
        "ts": detected_at,
        "status": "open",
        "first_seen": START,
        "last_seen": START,
        "accounts": 2,
        "requests": 2,
        "tokens": 2,
        "capabilities": {},
        "models": {},
        "links": [],
        "countries": {},
        "members_added": [],
        "sample_accounts": [],
        "score": 1.0,
    }
    return Campaign.model_validate(
        plain | {"campaign_id": campaign_id, "detected_at": detected_at} | fields
    )


COHORTS = st.lists(
    st.tuples(st.sampled_from(["june", "chat"]), st.sampled_from([None, "x", "y"])), max_size=12
)


@given(COHORTS)
def test_pairs_need_not_be_formed(drawn: list[tuple[str, str | None]]) -> None:
    """Precision, recall and F1 from counts are those of all pairs of accounts."""
    cohorts, campaigns = [c for c, _ in drawn], [r for _, r in drawn]
    pairs = list(combinations(range(len(drawn)), 2))
    together = {p for p in pairs if campaigns[p[0]] and campaigns[p[0]] == campaigns[p[1]]}
    wanted = {p for p in pairs if cohorts[p[0]] == cohorts[p[1]] == "june"}
    found = membership(trial(cohorts, campaigns), "june")
    right = len(together & wanted)
    assert found.recall == (right / len(wanted) if wanted else 0.0)
    assert found.precision == (right / len(together) if together else None)
    either = len(together) + len(wanted)
    assert found.f1 == pytest.approx(2 * right / either if either else 0.0)


def test_purity_and_completeness() -> None:
    """Of those in campaigns the majority's share; of the ring the largest part."""
    found = membership(
        trial(["june"] * 5 + ["chat"], ["x", "x", "x", None, None, "x"]),
        "june",
    )
    assert (found.campaigns, found.purity, found.completeness) == (1, 0.75, 0.6)


def test_lone_abusers_are_neither_right_nor_wrong() -> None:
    """A campaign of farmers that share a machine is no mistake."""
    found = membership(trial(["june", "june", "loner", "loner"], ["x", "x", "y", "y"]), "june")
    assert (found.campaigns, found.precision, found.f1) == (1, 1.0, 1.0)


def test_an_honest_class_that_is_acted_on_is_told() -> None:
    """With its members by class."""
    found = membership(trial(["class", "class", "june"], ["x", "x", "x"]), "june")
    assert found.honest_acting == 1
    assert found.acting[0].cohorts == {"class": 2, "june": 1}


def test_a_merged_campaign_lives_on_in_the_older_one() -> None:
    """Members of both are together."""
    judged = trial(["june"] * 4, ["x", "x", "y", "y"])
    judged.docket.note_record(record("y", START, merged_into="x", status="closed"))
    assert membership(judged, "june").f1 == 1.0


def test_the_ring_is_found_with_its_first_campaign() -> None:
    """Campaigns of others do not count, and what was asked until then has leaked."""
    judged = trial(["june", "june", "chat", "chat"], ["x", "x", "y", "y"])
    judged.docket.note_record(record("y", START))
    judged.docket.note_record(
        record("x", START + HOUR // 2, links=[{"kind": "card", "value": "1", "accounts": 2}])
    )
    judged.docket.note_record(record("x", START + HOUR // 2, ts=START + 9 * HOUR))
    found = detection(judged, "june", launch=START + HOUR)
    assert found is not None
    assert (found.campaign_id, found.hours, found.hours_from_launch) == ("x", 0.5, -0.5)
    assert (found.leaked, found.links) == (0.5, ["card"])


def test_a_ring_is_found_before_it_makes_an_exchange() -> None:
    """By its sign-ups: nothing leaked."""
    run = trial(["june", "june"], ["x", "x"])
    run.tally.exchanges[:] = run.tally.minutes[:] = 0
    run.docket.note_record(record("x", START + HOUR))
    found = detection(run, "june", START)
    assert found
    assert (found.hours, found.leaked) == (1.0, 0.0)


def test_without_a_campaign_the_ring_was_not_found() -> None:
    """Decisions account by account are no detection of a ring."""
    assert detection(trial(["june"], [None]), "june", START) is None
