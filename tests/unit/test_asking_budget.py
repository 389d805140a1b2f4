"""Asking keeps a budget: its bar is what established accounts have reached, and it is heeded."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyc.assessed import SCORE_UNITS, UNASSESSED, Assessed
from kyc.policy import SHIPPED
from kyc.proven import NOTHING
from kyc.signals import NAMES
from schemas.events import AccountEvent
from stream.controls.table import Controls
from stream.decide.bars import FIRST_ASK, NEVER, ask_bar
from stream.know.assessor import Assessor, Opinion
from stream.lines import ACCOUNTS, REQUESTS, lines, merged
from stream.local import local_handlers
from stream.replay import replay
from stream.settings import load_settings
from tests.unit.gates import DAY, HOUR, NOW, Suspicious
from tests.unit.identities import POLICY, created, event, evidence
from tests.unit.touched import Ear, honest, numbered, office, touch

SIGN_UP = created()
EVIDENCE = np.zeros(len(NAMES), np.float32)
EVIDENCE[NAMES.index("card_prepaid")] = 9.0
ROW = np.ones(len(NAMES), np.float32)


def assessor(bar: float) -> Assessor:
    """One that keeps to a bar."""
    found = Assessor(Suspicious(), POLICY, controls=Controls())
    found.heed(bar)
    return found


def lived(scores: Sequence[float], bar: float, first: AccountEvent = SIGN_UP) -> list[Assessed]:
    """An account after each of its events, by their scores; each is full of evidence."""
    judging, held, found = assessor(bar), UNASSESSED, []
    for score in scores:
        opinion = Opinion(evidence(first), ROW, score, {}, NOTHING, EVIDENCE)
        held = judging.assess(held, opinion)
        found.append(held)
    return found


def asked(scores: Sequence[float], bar: float) -> bool:
    """Whether anything is ever asked of an account."""
    return any(held.asking.at(NOW) for held in lived(scores, bar))


SCORES = st.integers(0, 100).map(lambda n: n / 100) | st.floats(0, 1)
LIVES = st.lists(st.lists(SCORES, min_size=1, max_size=3), min_size=1, max_size=60)


@given(LIVES, st.sampled_from([0.02, 0.1, 0.5]))
def test_no_more_than_the_budget_are_asked(lives: list[list[float]], share: float) -> None:
    """Of the very accounts that set the bar, living again under it: ties, ends and all."""
    peaks = np.array([lived(scores, NEVER)[-1].peak for scores in lives]) / SCORE_UNITS
    bar = ask_bar(peaks, share)
    if int(share * (len(lives) + 1)):
        assert sum(asked(scores, bar) for scores in lives) <= share * (len(lives) + 1)


@given(st.lists(SCORES, min_size=1, max_size=6), st.randoms())
def test_a_peak_is_the_highest_score_whatever_the_order(
    scores: list[float], random: Random
) -> None:
    """And lies just above it, so that who reached it once is below a bar that it sets."""
    shuffled = random.sample(scores, len(scores))
    peak = lived(shuffled, 0.9)[-1].peak
    assert peak == lived(scores, NEVER)[-1].peak
    assert peak / SCORE_UNITS > max(scores) or peak == SCORE_UNITS
    assert peak / SCORE_UNITS <= max(scores) + 1.5 / SCORE_UNITS


def test_before_the_linker_tells_a_bar_nobody_is_asked() -> None:
    """Nothing is known of this stream's people: sign-ups of years may be told on the first day."""
    opinion = Opinion(evidence(SIGN_UP), ROW, 1.0, {}, NOTHING, EVIDENCE)
    held = Assessor(Suspicious(), POLICY, controls=Controls()).assess(UNASSESSED, opinion)
    assert not held.asking.at(NOW)


def test_while_few_established_accounts_are_known_the_nearly_certain_is_asked() -> None:
    """A bar of a budget needs as many accounts as tell one in so many apart."""
    bar = ask_bar(np.full(9, 0.3), 0.01)
    assert [asked([score], bar) for score in (FIRST_ASK - 0.01, FIRST_ASK + 0.001)] == [False, True]


@pytest.mark.parametrize(("bar", "is_asked"), [(0.0, True), (0.75, True), (0.85, False)])
def test_a_bar_raises_the_threshold(bar: float, is_asked: bool) -> None:
    """And never lowers it: the policy's holds where honest accounts stay far below."""
    assert asked([0.8], bar) is is_asked
    assert not asked([POLICY.step_up.threshold - 0.01], bar)


def test_under_a_higher_bar_a_cheaper_proof_is_enough() -> None:
    """It only has to bring the score below what is usual in the stream."""
    wanted = [lived([0.9], bar)[-1].asking.at(NOW) for bar in (0.0, 0.85)]
    assert wanted == ["verify_identity", "verify_phone"]


def test_without_a_sign_up_nothing_is_known_of_a_peak() -> None:
    """An account that was there before its events were told may have been anything."""
    assert lived([0.9], NEVER, event("payment.succeeded"))[-1].peak == 0


async def test_the_linker_tells_the_bar() -> None:
    """With every search, from established accounts alone: unproven ones score as they like."""
    ear = Ear()
    touches = [
        touch(t.account_id, t.ts, *t.values, established=True, kyc_peak=0.3) for t in honest(99)
    ]
    farm = [touch(f"f{n}", NOW + n, kyc_peak=0.97) for n in range(500)]
    again = [
        touch(t.account_id, t.ts + 10**7, *t.values, established=True, kyc_peak=0.3)
        for t in honest(99)
    ]
    await office(ear).take(numbered([*touches, *farm, *again]))
    assert ear.asks[-1] == pytest.approx(0.3)


def told(account: str, kind: str, ts: int, **fields: Any) -> bytes:
    """An account event as a line."""
    named = {"event_id": f"{kind}-{ts}", "account_id": account, "ts": ts, "type": kind}
    return json.dumps(named | fields).encode()


def voip(account: str, ts: int) -> list[bytes]:
    """Somebody signs up, with a throw-away mailbox and a number of internet telephony."""
    return [
        told(account, "account.created", ts, email=f"{account}@mailinator.com", country="DE"),
        told(account, "phone.verified", ts + 1, phone="+445612345678"),
    ]


def asks(account: str, ts: int) -> bytes:
    """A request as a line."""
    return json.dumps(
        {"event_id": f"r{ts}", "account_id": account, "ts": ts, "model": "m"}
    ).encode()


async def test_a_replay_heeds_what_the_linker_tells(tmp_path: Path) -> None:
    """The same sign-up is asked for more once forty accounts, verified two weeks ago, are known to
    be below it."""
    policy = tmp_path / "kyc.yaml"
    policy.write_text(SHIPPED.read_text().replace("budget: 0.004", "budget: 0.05"))
    old = NOW - 15 * DAY
    verified = [
        told(f"h{n}", kind, old + n, email=f"h{n}@firm{n}.org", vendor="v", result="pass")
        for n in range(40)
        for kind in ("account.created", "identity.checked")
    ]
    requests = [asks(f"h{n}", NOW + h * HOUR + n) for h in range(6) for n in range(40)]
    # A replay takes account events first, up to where an account that asked tells something.
    requests.append(asks("late", NOW + 6 * HOUR))
    accounts = [*verified, *voip("early", NOW), *voip("late", NOW + 7 * HOUR)]
    ear = Ear()
    handlers = local_handlers(load_settings(kyc_policy=policy), ear)
    await replay(merged(lines(ACCOUNTS, accounts), lines(REQUESTS, requests)), handlers)
    assert {d.account_id for d in ear.decisions if d.cause == "account_event"} == {"late"}
