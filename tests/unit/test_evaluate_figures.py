"""Figures of one trial, on a handful of accounts."""

import numpy as np

from simulate.population import Truth
from stream.evaluate.docket import Docket, Ruling
from stream.evaluate.exchanges import Exchanges
from stream.evaluate.figures import EARLY, reach
from stream.evaluate.judge import Trial
from stream.evaluate.tally import BLOCK, MINUTE_MS, RATE_LIMIT, STEP_UP, Tally

START = 1_000_000_000
NEVER_ENDS = START + 1_000 * MINUTE_MS


def asked(exchanges: list[int], rulings: list[tuple[int, int, int]]) -> tuple[int, int]:
    """Of farmers that made so many exchanges, one a minute: `tried` and `asked_early`, after
    rulings of (account, minute, action)."""
    n = len(exchanges)
    truths = [Truth(f"a{i}", "farm", True, None, START, 0.0) for i in range(n)]
    account = np.repeat(np.arange(n), exchanges)
    minute = np.concatenate([np.arange(count) for count in exchanges])
    order = np.argsort(minute, kind="stable")
    ones = np.ones(len(account), bool)
    tally = Tally(np.full(n, START), np.zeros(n, bool), START, NEVER_ENDS)
    tally.settle(
        Exchanges(account[order], START + MINUTE_MS * minute[order], ones, 0 * account),
        [Ruling(a, START + MINUTE_MS * at, action, NEVER_ENDS) for a, at, action in rulings],
    )
    docket = Docket({truth.account_id: i for i, truth in enumerate(truths)})
    found = reach(Trial(truths, docket, tally, len(account), 1.0), "farm")
    return found.tried, found.asked_early


def test_who_is_asked_by_the_ninth_exchange_is_asked_early() -> None:
    """Not who is asked by the tenth, nor who is never asked."""
    ninth, tenth = EARLY - 2, EARLY - 1  # the first is made in minute 0
    assert asked([12, 12, 12], [(0, ninth, STEP_UP), (1, tenth, STEP_UP)]) == (3, 1)


def test_a_block_asks_more_and_a_limit_asks_nothing() -> None:
    """What counts is whether the account goes on without showing who it is."""
    assert asked([12, 12], [(0, 0, BLOCK), (1, 0, RATE_LIMIT)]) == (2, 1)


def test_who_never_makes_ten_exchanges_is_not_counted() -> None:
    """Asked or not: nothing tells whether it would have come to them."""
    assert asked([9, 10], [(0, 0, STEP_UP)]) == (1, 0)
