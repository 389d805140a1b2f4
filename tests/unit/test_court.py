"""Scores become decisions: in order, with reasons, the same however often."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from kyc.assessed import Assessed
from kyc.known import Known
from kyc.profile import Profile
from schemas.decisions import Action
from schemas.features import FEATURE_NAMES, LINK_NAMES
from schemas.wire import encode_decision
from stream.broker.chunk import Chunk
from stream.decide.court import Verdict
from stream.decide.matter import Matter
from stream.decide.scribe import decision_id
from stream.decide.statute import Floor
from stream.decode.batch import RequestBatch
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.decode.records import decode_requests
from stream.know.profiles import Position, know, seal
from stream.link.notice import Notices
from stream.remember.packing import HEADER
from stream.remember.windows import Sight
from tests.unit.gates import DAY, DECIDED_AT, HOUR, NOW, Raw, Told, court, request

ONE_KIND = {"gaps_mean_7d": 0.3, "gaps_spread_7d": 0.3}
TWO_KINDS = {**ONE_KIND, "elicitation_mean_7d": 0.3}


def batch_of(*requests: Raw) -> RequestBatch:
    source = [Chunk("t", 0, requests, 1 << 62)]
    batch, letters = decode_requests(source, hasher=KeyedHasher(b"k"), geography=Geography())
    assert letters == []
    return batch


def sight_of(batch: RequestBatch) -> Sight:
    """Every event counted, each later than the one before; a court asks for no more of it."""
    row = np.argsort(batch.account, kind="stable")
    nothing = np.zeros(0, np.int64)
    return Sight(row, batch.account[row], batch.ts[row], *[nothing] * 7)


NONE = Notices(())


def judged(
    scores: list[float],
    *requests: Raw,
    header: "np.ndarray[Any, Any] | None" = None,
    weights: dict[str, float] | None = None,
    floors: list[Floor | None] | None = None,
    known: Known | None = None,
    notices: Notices = NONE,
    links: float | None = None,
    alone: float = 0.0,
    **options: Any,
) -> list[Verdict]:
    """Verdicts on `requests`, whose scores are by account and within it in order; links: what
    each row tells of what is shared; alone: the score that the model gives without that."""
    batch = batch_of(*requests)
    model = Told(alone, TWO_KINDS if weights is None else weights)
    if header is None:
        header = np.zeros(len(batch.accounts), HEADER)
    rows = np.zeros((len(scores), len(FEATURE_NAMES)), np.float32)
    rows[:, -len(LINK_NAMES) :] = np.nan if links is None else links
    matter = Matter(
        batch,
        sight_of(batch),
        rows,
        known or know([None] * len(batch.accounts)),
        notices,
        floors or [None] * len(batch.accounts),
    )
    return court(model, **options).judge(header, matter, np.array(scores, np.float64))


def actions(verdicts: list[Verdict]) -> list[Action]:
    return [verdict.decision.action for verdict in verdicts]


def test_quiet_events_bring_no_decision() -> None:
    """Nothing stands, nothing is reached, nothing is written."""
    assert judged([0.1, 0.2], request(0), request(1)) == []


def test_on_demand_every_event_brings_a_decision() -> None:
    """Those that change nothing say so."""
    verdicts = judged([0.1, 0.6], request(0), request(1), every=True)
    assert [(v.decision.event_id, v.changes) for v in verdicts] == [("e0", False), ("e1", True)]


def test_a_batch_is_judged_event_by_event() -> None:
    """What the first event brought about stands when the second is judged."""
    scores = [0.6, 0.45, 0.1]
    verdicts = judged(scores, *(request(n, ts=NOW + n) for n in range(3)))
    assert actions(verdicts) == [Action.RESTRICT, Action.ALLOW]


def test_verdicts_come_in_order_of_arrival() -> None:
    """Over all accounts, although events are scored account by account."""
    mixed = [request(n, account=("ada", "bo")[n % 2]) for n in range(6)]
    verdicts = judged([0.9] * 6, *mixed, every=True)
    assert [v.decision.event_id for v in verdicts] == [f"e{n}" for n in range(6)]


def test_the_standing_moves_on_in_the_header() -> None:
    """The next batch finds there what this one decided."""
    header = np.zeros(1, HEADER)
    judged([0.6], request(0), header=header)
    again = judged([0.6], request(1, ts=NOW + 1), header=header)
    assert header["expires"][0] == NOW + DAY
    assert again == []


def test_a_standing_action_is_looked_at_when_the_score_is_low() -> None:
    """So that it can be lifted."""
    header = np.zeros(1, HEADER)
    judged([0.6], request(0), header=header)
    assert actions(judged([0.0], request(1, ts=NOW + 1), header=header)) == [Action.ALLOW]


def test_a_renewal_is_a_change() -> None:
    """The same action, with a later end."""
    header = np.zeros(1, HEADER)
    judged([0.6], request(0), header=header)
    (renewed,) = judged([0.6], request(1, ts=NOW + 13 * HOUR), header=header)
    assert renewed.changes
    assert renewed.decision.expires_at == NOW + 37 * HOUR


@pytest.mark.parametrize(
    ("weights", "action"),
    [
        ({}, Action.STEP_UP),
        (ONE_KIND, Action.STEP_UP),
        ({**ONE_KIND, "elicitation_mean_7d": 0.2}, Action.STEP_UP),
        (TWO_KINDS, Action.BLOCK),
    ],
    ids=["none", "one kind", "one kind and a weak one", "two kinds"],
)
def test_a_block_needs_two_kinds_of_evidence(weights: dict[str, float], action: Action) -> None:
    """Two features of one kind are one reason; a reason below the weight does not count."""
    assert actions(judged([0.99], request(0), weights=weights)) == [action]


def test_the_evidence_that_a_block_needs_is_the_policys() -> None:
    """A policy may be content with one kind."""
    evidence = {"kinds": 1, "weight": 0.25}
    verdicts = judged([0.99], request(0), weights=ONE_KIND, block_evidence=evidence)
    assert actions(verdicts) == [Action.BLOCK]


@pytest.mark.parametrize("weights", [{}, {"gaps_mean_7d": -1.0}], ids=["none", "in favour"])
def test_there_is_always_a_reason(weights: dict[str, float]) -> None:
    """Even where no feature speaks against the account by itself."""
    (verdict,) = judged([0.75], request(0), weights=weights)
    assert verdict.decision.action is Action.RATE_LIMIT
    assert [reason.code for reason in verdict.decision.reasons] == ["model_score"]


def test_an_action_that_still_stands_has_a_reason() -> None:
    """When every event gets a decision, those between change and renewal say why too."""
    _, second = judged([0.6, 0.6], request(0), request(1, ts=NOW + 1), every=True)
    assert not second.changes
    assert [reason.code for reason in second.decision.reasons] == ["earlier_decision"]


def test_reasons_come_strongest_first() -> None:
    """As the contract says."""
    weights = {"gaps_mean_7d": 0.2, "elicitation_mean_7d": 0.9, "hours_distinct_7d": 0.5}
    (verdict,) = judged([0.6], request(0), weights=weights)
    found = [reason.weight for reason in verdict.decision.reasons]
    assert len(found) == 3
    assert all(a >= b for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("score", "filled"),
    [
        (0.6, {"restrictions": ["hide_reasoning", "no_batch"]}),
        (0.75, {"limits"}),
        (0.9, {"requirements": ["verify_email"]}),
        (0.99, {}),
    ],
    ids=["restrict", "rate_limit", "step_up", "block"],
)
def test_a_decision_says_what_its_action_entails(score: float, filled: Any) -> None:
    """Its own field is filled in, the others are not."""
    (verdict,) = judged([score], request(0))
    told = {
        name: getattr(verdict.decision, name)
        for name in ("limits", "restrictions", "requirements")
        if getattr(verdict.decision, name) is not None
    }
    assert set(told) == set(filled)
    assert all(told[name] == filled[name] for name in filled if isinstance(filled, dict))


def test_a_decision_names_its_cause() -> None:
    """Account, event, times, score, model, policy and mode."""
    (verdict,) = judged([0.6], request(7, account="bo", ts=NOW + 5))
    decision = verdict.decision
    assert (decision.account_id, decision.event_id, decision.cause) == ("bo", "e7", "request")
    assert (decision.ts, decision.decided_at) == (NOW + 5, DECIDED_AT)
    assert (decision.model_version, decision.policy_version) == ("told", "test")
    assert (decision.score, decision.kyc_tier, decision.mode) == (0.6, 0, "enforce")


def test_an_allow_lapses_too() -> None:
    """Its end is counted from the event, since nothing was decided to stand."""
    (verdict,) = judged([0.1], request(0), every=True)
    assert verdict.decision.expires_at == NOW + DAY


def test_the_same_input_gives_the_same_bytes() -> None:
    """A batch that is repeated after a crash says the same again."""
    requests = [request(n, account=("ada", "bo")[n % 2], ts=NOW + n) for n in range(8)]
    scores = [0.6, 0.99, 0.1, 0.75, 0.9, 0.45, 0.7, 0.2]
    once, twice = (judged(scores, *requests, every=True) for _ in range(2))
    assert [encode_decision(v.decision) for v in once] == [
        encode_decision(v.decision) for v in twice
    ]


def test_a_decisions_id_hangs_on_what_brought_it_about() -> None:
    """Account, event, model and policy, and where one ends and the next begins."""
    one = ("ada", "e1", "model", "policy")
    others = [
        ("bo", "e1", "model", "policy"),
        ("ada", "e2", "model", "policy"),
        ("ada", "e1", "other", "policy"),
        ("ada", "e1", "model", "other"),
        ("adae", "1", "model", "policy"),
    ]
    assert decision_id(*one) == decision_id(*one)
    assert len({decision_id(*parts) for parts in [one, *others]}) == 6


def test_a_decisions_id_does_not_hang_on_the_batch() -> None:
    """Alone or among others, the event brings about the same decision."""
    (alone,) = judged([0.6], request(1))
    among = judged([0.1, 0.6], request(0, account="bo"), request(1))
    assert encode_decision(among[-1].decision) == encode_decision(alone.decision)


class TestIdentity:
    """What is known of who is behind an account."""

    @staticmethod
    def known(tier: int = 0, asked_until: int = 0) -> Known:
        """One account that was assessed; asked for a telephone number until then."""
        until = [NOW + DAY if tier > step else 0 for step in range(3)]
        assessed = Assessed(*until, 250_000, asked_until, 3 if asked_until else 0, 0)
        return know([seal(Profile(), Position(0, 0), 0, assessed)])

    @pytest.mark.parametrize(
        ("tier", "action"), [(0, Action.RATE_LIMIT), (1, Action.RESTRICT), (3, None)]
    )
    def test_each_tier_has_thresholds_of_its_own(self, tier: int, action: Action | None) -> None:
        """The same score, taken as the policy has it."""
        verdicts = judged([0.75], request(0), known=self.known(tier))
        assert actions(verdicts) == ([action] if action else [])

    def test_a_decision_tells_tier_and_score(self) -> None:
        """As the last account event left them."""
        [verdict] = judged([0.75], request(0), known=self.known(1))
        assert (verdict.decision.kyc_tier, verdict.decision.kyc_score) == (1, 0.25)

    def test_nothing_weaker_is_decided_while_more_proof_is_asked(self) -> None:
        """The step-up stands; what stood beneath it is looked at anew afterwards."""
        header = np.zeros(1, HEADER)
        assert judged([0.75], request(0), header=header)
        known = self.known(asked_until=NOW + DAY)
        assert judged([0.75], request(1), header=header, known=known) == []
        [verdict] = judged([0.75], request(2), header=header)
        assert verdict.decision.action is Action.RATE_LIMIT

    def test_what_is_stricter_is_decided_all_the_same(self) -> None:
        """A block."""
        known = self.known(asked_until=NOW + DAY)
        assert actions(judged([0.99], request(0), known=known)) == [Action.BLOCK]

    def test_on_demand_the_asking_is_told(self) -> None:
        """What is asked, until when, and a reason, for every request."""
        known = self.known(asked_until=NOW + DAY)
        [verdict] = judged([0.1], request(0), known=known, every=True)
        decision = verdict.decision
        assert (decision.action, decision.expires_at) == (Action.STEP_UP, NOW + DAY)
        assert decision.requirements == ["verify_phone"]
        assert [reason.code for reason in decision.reasons] == ["identity_asked"]
        assert not verdict.changes

    def test_an_asking_that_is_over_asks_nothing(self) -> None:
        """By the account's clock."""
        known = self.known(asked_until=NOW)
        assert actions(judged([0.75], request(0), known=known)) == [Action.RATE_LIMIT]
