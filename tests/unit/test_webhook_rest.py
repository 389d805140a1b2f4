"""When an endpoint is left alone, and for how long."""

import asyncio

import pytest

from edge.webhook.rest import REST_MAX_S, Rest
from edge.webhook.sender import Answer, Outcome

TAKEN = Answer(Outcome.DELIVERED)
REFUSED = Answer(Outcome.FAILED, "status 500")


def rest(concurrency: int, *answers: Answer) -> float:
    """Seconds that an endpoint rests after these answers, given at one moment."""
    resting = Rest(concurrency, clock=lambda: 1_000.0)
    for answer in answers:
        resting.hear(answer)
    return resting.left_s


def test_who_takes_some_does_not_rest() -> None:
    """Failures count in a row."""
    assert rest(4, *[REFUSED] * 3, TAKEN, *[REFUSED] * 3) == 0.0


@pytest.mark.parametrize(("rounds", "seconds"), [(1, 1.0), (2, 2.0), (5, 16.0), (2_000, 30.0)])
def test_who_fails_whatever_is_sent_rests(rounds: int, seconds: float) -> None:
    """After as many failures as may be under way; twice as long each time, within a bound."""
    assert rest(4, *[REFUSED] * (4 * rounds)) == seconds <= REST_MAX_S


def test_a_busy_endpoint_rests_as_long_as_it_asks() -> None:
    """Whatever a later answer says that asks for less."""
    busy = Answer(Outcome.FAILED, "status 429", 60.0, busy=True)
    assert rest(4, busy, REFUSED) == 60.0


def test_a_single_message_that_asks_for_time_holds_nobody_up() -> None:
    """Only 429 and 503 speak for the whole endpoint."""
    assert rest(4, Answer(Outcome.FAILED, "status 500", 60.0)) == 0.0


async def test_a_rest_that_is_put_off_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a try that was under way when it began."""
    slept: list[float] = []
    late = [Answer(Outcome.FAILED, "status 503", 5.0, busy=True)]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if late:
            resting.hear(late.pop())

    monkeypatch.setattr(asyncio, "sleep", sleep)
    resting = Rest(1, clock=lambda: sum(slept))
    resting.hear(REFUSED)
    await resting.over()
    assert slept == [1.0, 5.0]
