"""What a gateway would have let through, held to a loop that looks at one request at a time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.evaluate.docket import Ruling
from stream.evaluate.exchanges import Exchanges
from stream.evaluate.tally import BLOCK, NEVER, RATE_LIMIT, RESTRICT, STEP_UP, Tally

START, END = 1_000_000_000, 1_000_600_000
ACCOUNTS = 3

Asked = tuple[int, int, bool, int]  # account, ts, succeeded, tokens
asked = st.tuples(
    st.integers(0, ACCOUNTS - 1), st.integers(START, END - 1), st.booleans(), st.integers(0, 9)
)
ruling = st.builds(
    Ruling,
    account=st.integers(0, ACCOUNTS - 1),
    ts=st.integers(START - 1_000, END),
    action=st.integers(0, BLOCK),
    expires_at=st.integers(START, END + 1_000),
    requests_per_minute=st.integers(-1, 2),
    tokens_per_minute=st.integers(-1, 12),
)


def exchanges(rows: list[Asked]) -> Exchanges:
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    account, ts, succeeded, tokens = columns
    return Exchanges(
        np.array(account, np.int64),
        np.array(ts, np.int64),
        np.array(succeeded, bool),
        np.array(tokens, np.int64),
    )


def tally(begins: tuple[int, ...] = (0,) * ACCOUNTS) -> Tally:
    return Tally(np.array(begins), np.ones(len(begins), bool), START, END)


def one_at_a_time(rows: list[Asked], rulings: list[Ruling]) -> dict[tuple[int, int], int]:
    """Prevented exchanges by account and action: a gateway that sees one request after another."""
    used: dict[tuple[int, int], list[int]] = {}
    prevented: dict[tuple[int, int], int] = {}
    told: dict[int, list[tuple[int, Ruling]]] = {}  # from when on each holds
    for r in rulings:
        since = told.setdefault(r.account, [])
        since.append((max([r.ts, *(ts for ts, _ in since)]), r))
    for account, ts, succeeded, tokens in rows:
        made = [r for since, r in told.get(account, ()) if since < ts]
        held = made[-1] if made else None
        if not succeeded or held is None or ts >= held.expires_at:
            continue
        stopped = held.action >= STEP_UP
        if held.action == RATE_LIMIT:
            window = used.setdefault((account, ts // 60_000), [0, 0])
            most, most_tokens = held.requests_per_minute, held.tokens_per_minute
            stopped = 0 <= most <= window[0] or 0 <= most_tokens <= window[1]
            if not stopped:
                window[0] += 1
                window[1] += tokens
        if stopped:
            prevented[account, held.action] = prevented.get((account, held.action), 0) + 1
    return prevented


@given(st.lists(asked, max_size=60), st.lists(ruling, max_size=15), st.integers(START, END))
@settings(max_examples=200)
def test_what_is_prevented_is_what_a_plain_gateway_stops(
    rows: list[Asked], rulings: list[Ruling], cut: int
) -> None:
    """However the run is cut into stretches."""
    rows = sorted(rows, key=lambda row: row[1])
    rulings = sorted(rulings, key=lambda r: r.ts >= cut)  # in the order that they are told
    counted = tally()
    for early in (True, False):
        counted.settle(
            exchanges([r for r in rows if (r[1] < cut) is early]),
            [r for r in rulings if (r.ts < cut) is early],
        )
    expected = np.zeros_like(counted.prevented)
    for place, count in one_at_a_time(rows, rulings).items():
        expected[place] = count
    assert counted.prevented.tolist() == expected.tolist()
    assert counted.exchanges.sum() == sum(succeeded for _, _, succeeded, _ in rows)


def test_the_request_that_brings_a_decision_about_is_through() -> None:
    """A ruling holds for what comes after it."""
    counted = tally()
    at = START + 5
    counted.settle(exchanges([(0, at, True, 0), (0, at + 1, True, 0)]), [Ruling(0, at, BLOCK, END)])
    assert counted.prevented[0, BLOCK] == 1
    assert counted.before[0, RESTRICT] == 1


def test_the_ruling_told_last_holds() -> None:
    """A campaign's, about an event of before, is not undone by one that was told before it."""
    counted = tally()
    rulings = [Ruling(0, START + 9, 0, END), Ruling(0, START + 5, BLOCK, END)]
    counted.settle(exchanges([(0, START + 7, True, 0), (0, START + 10, True, 0)]), rulings)
    assert counted.prevented[0, BLOCK] == 1


def test_a_lapsed_ruling_prevents_nothing() -> None:
    """From `expires_at` on the account is free, in a later stretch as well."""
    counted = tally()
    counted.settle(exchanges([]), [Ruling(0, START, BLOCK, START + 10)])
    counted.settle(exchanges([(0, START + 10, True, 0)]), [])
    assert counted.prevented.sum() == 0


def test_exchanges_before_the_abuse_do_not_count() -> None:
    """An account that was taken over leaked nothing while it was its owner's."""
    counted = tally((START + 100, 0, 0))
    counted.settle(exchanges([(0, START, True, 0), (0, START + 100, True, 0)]), [])
    assert counted.exchanges[0] == 1


def test_friction_that_lapsed_before_the_abuse_reaches_nobody() -> None:
    """What met the owner is no answer to the thief."""
    counted = tally((START + 100, 0, 0))
    counted.settle(exchanges([]), [Ruling(0, START, BLOCK, START + 100)])
    assert counted.first[0, RESTRICT] == NEVER


def test_exchanges_are_counted_until_a_minute() -> None:
    """For what leaked before the ring was found."""
    counted = tally()
    counted.settle(exchanges([(n, START + n * 60_000, True, 0) for n in range(3)]), [])
    assert [counted.exchanges_until(START + n * 60_000) for n in range(3)] == [1, 2, 3]
