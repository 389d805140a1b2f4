"""What a campaign decided about a member is the floor of what its requests bring about."""

import numpy as np
import pytest

from schemas.decisions import Action
from schemas.wire import ReasonWire, encode_decision
from stream.agents import Gate
from stream.decide.court import Verdict
from stream.decide.policy import Policy
from stream.decide.statute import Floor, Standing, Statute
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.link.membership import Place, seal
from stream.metrics import Metrics
from stream.remember.packing import HEADER
from stream.store import Current, Entry, Kind, MemoryStore
from tests.unit.gates import DAY, HOUR, NOW, POLICY, ListSink, Told, chunk, court, request
from tests.unit.test_court import actions, judged

LATER = NOW + DAY
STATUTE = Statute(Policy.model_validate(POLICY))


def floor(action: Action, ends: int = LATER, score: float = 0.9) -> Floor:
    """A campaign's answer, as the policy of these tests words it."""
    standing = Standing(action, STATUTE.answer(action).digest(), ends)
    return Floor("c-1", standing, score, [ReasonWire("campaign_member", "acts together", 9.0, 2.0)])


def codes(verdict: Verdict) -> list[str]:
    """The reason codes of a decision."""
    return [reason.code for reason in verdict.decision.reasons]


def test_what_the_campaign_told_is_not_told_again() -> None:
    """A quiet account's next requests bring no decision of their own."""
    found = judged([0.1, 0.1], request(0), request(1), floors=[floor(Action.STEP_UP)])
    assert found == []


def test_the_floor_is_what_stands() -> None:
    """The state takes it over, so that it is the same standing from then on."""
    header = np.zeros(1, HEADER)
    judged([0.1], request(0), header=header, floors=[floor(Action.STEP_UP)])
    assert (header["action"][0], header["expires"][0]) == (Action.STEP_UP.rank, LATER)


def test_on_demand_every_request_names_the_campaign() -> None:
    """With its action, reasons, end, id, and the higher of both scores."""
    (found,) = judged([0.1], request(0), floors=[floor(Action.STEP_UP)], every=True)
    told = found.decision
    assert (told.action, told.campaign_id, told.expires_at) == (Action.STEP_UP, "c-1", LATER)
    assert (told.cause, told.score) == ("request", 0.9)
    assert codes(found) == ["campaign_member"]
    assert told.requirements == ["verify_email"]
    assert not found.changes


@pytest.mark.parametrize(
    ("score", "by_campaign", "expected"),
    [
        (0.9, Action.RESTRICT, Action.STEP_UP),
        (0.99, Action.STEP_UP, Action.BLOCK),
        (0.5, Action.BLOCK, Action.BLOCK),
        (0.75, Action.RATE_LIMIT, Action.RATE_LIMIT),
    ],
)
def test_the_stricter_one_wins(score: float, by_campaign: Action, expected: Action) -> None:
    """The account's own score, or the campaign; each with its own reasons."""
    (found,) = judged([score], request(0), floors=[floor(by_campaign)], every=True)
    assert found.decision.action is expected
    assert ("campaign_member" in codes(found)) is (expected is by_campaign)


def test_reasons_that_are_not_told_are_not_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """They cost ten times a score: where the campaign's are told, nobody asks for others."""

    def asked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Told, "contributions", asked)
    (found,) = judged([0.99], request(0), floors=[floor(Action.BLOCK)], every=True)
    assert codes(found) == ["campaign_member"]


def test_a_stricter_score_is_told() -> None:
    """It changes what holds, and names the campaign, too."""
    (found,) = judged([0.99], request(0), floors=[floor(Action.RESTRICT)])
    assert found.changes
    assert (found.decision.action, found.decision.campaign_id) == (Action.BLOCK, "c-1")


def test_what_the_campaign_told_is_not_said_again() -> None:
    """A restrict of its own stood when the campaign spoke: the campaign's word was the last."""
    header = np.zeros(1, HEADER)
    judged([0.6], request(0), header=header)
    assert header["action"][0] == Action.RESTRICT.rank
    requests = [request(n, ts=NOW + n) for n in (1, 2)]
    assert judged([0.6, 0.6], *requests, header=header, floors=[floor(Action.BLOCK)]) == []
    assert header["action"][0] == Action.BLOCK.rank


def test_a_stricter_word_about_the_account_is_taken_back() -> None:
    """Its own block is over, the campaign's restrict holds: that is told, for a block stood."""
    header = np.zeros(1, HEADER)
    judged([0.99], request(0), header=header)
    requests = [request(n, ts=NOW + n) for n in (1, 2)]
    found = judged([0.1, 0.1], *requests, header=header, floors=[floor(Action.RESTRICT)])
    assert actions(found) == [Action.RESTRICT]


def test_a_floor_that_is_over_binds_nobody() -> None:
    """At its end the account is judged by its own score again, without a campaign's id."""
    header = np.zeros(1, HEADER)
    ended = [floor(Action.BLOCK, ends=NOW + HOUR)]
    judged([0.1], request(0), header=header, floors=ended)
    requests = [request(1, ts=NOW + HOUR - 1), request(2, ts=NOW + HOUR)]
    found = judged([0.1, 0.1], *requests, header=header, floors=ended, every=True)
    assert actions(found) == [Action.BLOCK, Action.ALLOW]
    assert [v.decision.campaign_id for v in found] == ["c-1", None]


def test_a_floor_of_allow_is_none() -> None:
    """A campaign that let go of its member."""
    (found,) = judged([0.6], request(0), floors=[floor(Action.ALLOW)])
    assert (found.decision.action, found.decision.campaign_id) == (Action.RESTRICT, None)


def test_others_are_not_touched() -> None:
    """The floor is its account's alone."""
    requests = [request(0, "ada"), request(1, "bob")]
    found = judged([0.1, 0.1], *requests, floors=[floor(Action.BLOCK), None], every=True)
    assert actions(found) == [Action.BLOCK, Action.ALLOW]


async def test_the_gate_reads_memberships() -> None:
    """From the store, with the state; the decision that stands stays as the linker wrote it."""
    store, sink = MemoryStore(), ListSink()
    member, current = seal(floor(Action.STEP_UP), Place(0, 7)), Current(b"by the linker", DAY)
    await store.write([Entry("ada", member, current)], Kind.MEMBERSHIP)
    one = Gate(
        court=court(Told(0.1), every=True),
        hasher=KeyedHasher(b"pepper"),
        geography=Geography(),
        store=store,
        sink=sink,
        metrics=Metrics(),
    )
    await one.handle(chunk(request(0), request(1, "bob")))
    told = {decision.account_id: decision for decision in sink.decisions}
    assert (told["ada"].action, told["ada"].campaign_id) == (Action.STEP_UP, "c-1")
    assert (told["bob"].action, told["bob"].campaign_id) == (Action.ALLOW, None)
    assert store.decisions == {"ada": b"by the linker"}


def test_the_same_requests_bring_the_same_decisions() -> None:
    """A chunk that comes again after a crash."""
    once, again = (
        judged([0.1], request(0), floors=[floor(Action.BLOCK)], every=True) for _ in range(2)
    )
    assert [encode_decision(v.decision) for v in once] == [
        encode_decision(v.decision) for v in again
    ]


@pytest.mark.parametrize(("ended", "expected"), [(0, Action.STEP_UP), (LATER, Action.RATE_LIMIT)])
def test_what_a_campaign_took_back_is_no_evidence(ended: int, expected: Action) -> None:
    """An account that was let go is judged by its score as if nothing had stood; once."""
    header, freed = np.zeros(1, HEADER), floor(Action.ALLOW)._replace(ended=ended)
    judged([0.1], request(0), header=header, floors=[floor(Action.STEP_UP)])
    score = 0.75  # below the threshold of a step-up, and above what keeps one
    found = judged([score], request(1), header=header, floors=[freed], every=True)
    assert actions(found) == [expected]
    assert judged([score], request(2), header=header, floors=[freed]) == []


def test_who_was_let_go_and_is_quiet_is_allowed() -> None:
    """Its state forgets the campaign, and says so."""
    header, freed = np.zeros(1, HEADER), floor(Action.ALLOW)._replace(ended=LATER)
    judged([0.1], request(0), header=header, floors=[floor(Action.BLOCK)])
    (found,) = judged([0.1], request(1), header=header, floors=[freed])
    assert (found.decision.action, found.decision.reasons) == (Action.ALLOW, [])
    assert header["expires"][0] == 0
    assert judged([0.1], request(2), header=header, floors=[freed]) == []
