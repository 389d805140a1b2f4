"""Decide: from a score and what stands to what shall stand. Pure; time is the event's own.

An action is taken when the score reaches its threshold, and kept until the score falls below a
share of it. It lapses to `allow` when its life is over and nothing has renewed it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from kyc.tiers import Tier
from schemas.controls import Override
from schemas.decisions import Action, Requirement, Restriction
from schemas.wire import LimitsWire, ReasonWire
from stream.decide.policy import Policy

ACTIONS = tuple(Action)
Bars = Mapping[Action, float]


@dataclass(frozen=True, slots=True)
class Standing:
    """What was last decided about an account; `answer` is a digest of all that it entails."""

    action: Action
    answer: int
    expires_at: int

    def at(self, ts: int) -> Action:
        """The action that holds at `ts` ms."""
        return Action.ALLOW if ts >= self.expires_at else self.action


class Ruling(NamedTuple):
    """What the rules that hold for an event call for, in its tier.

    action: this at least, `unproven` where a block lacks evidence, both called for by the rule
    `by`; score: at least this; alone: the model by itself calls for nothing.
    """

    action: Action
    unproven: Action
    by: str
    score: float
    reasons: list[ReasonWire]
    alone: bool


NO_RULING = Ruling(Action.ALLOW, Action.ALLOW, "", 0.0, [], alone=False)


class Floor(NamedTuple):
    """What a campaign decided about one of its members, and has told; nothing weaker stands.

    ended: when what it told before would have lapsed, ms, where it took that back; 0 where not.
    """

    campaign_id: str
    standing: Standing
    score: float
    reasons: list[ReasonWire]
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What an action entails for the gateway."""

    limits: LimitsWire | None = None
    restrictions: list[Restriction] | None = None
    requirements: list[Requirement] | None = None

    def digest(self) -> int:
        """32 bits that change with the answer."""
        return crc32(msgspec.json.encode(self))


class Statute:
    """A policy, prepared for one comparison per event.

    bars: scores below which an action is not taken whatever the policy's thresholds are, see
    stream/decide/bars.py; ruling: names of the rules that may call for an action by themselves.
    """

    def __init__(
        self, policy: Policy, bars: Bars = MappingProxyType({}), ruling: Iterable[str] = ()
    ) -> None:
        self.policy = policy
        self.ruling = frozenset(ruling)
        self._take = {tier: _thresholds(policy, tier, bars) for tier in Tier}
        self._keep = {tier: [t * policy.hysteresis for t in self._take[tier]] for tier in Tier}
        self._table = np.array([self._take[tier] for tier in Tier])
        self._least = np.array([min(self._take[tier]) for tier in Tier])
        self._answers = {action: _answer(policy, action) for action in Action}
        self._digests = {action: answer.digest() for action, answer in self._answers.items()}
        self._ruled = {
            action: frozenset(_marked(digest, name) for name in self.ruling)
            for action, digest in self._digests.items()
        }

    def heeding(self, bars: Bars) -> "Statute":
        """The same under other bars."""
        return Statute(self.policy, bars, self.ruling)

    def answer(self, action: Action) -> Answer:
        """What `action` entails."""
        return self._answers[action]

    def notable(
        self, score: NDArray[np.float64], tier: NDArray[np.int64] | Tier
    ) -> NDArray[np.bool_]:
        """Which scores lead to any action at all where none stands, each in its tier."""
        notable: NDArray[np.bool_] = score >= self._least[tier]
        return notable

    def called(self, score: NDArray[np.float64], tier: NDArray[np.int64]) -> NDArray[np.int64]:
        """Ranks of the strictest actions that scores call for where nothing stands, by tier."""
        reached = score[:, None] >= self._table[tier]
        # The last action reached; `allow`, which has no threshold, where none is.
        last = len(ACTIONS) - 1 - reached[:, ::-1].argmax(axis=1)
        return np.where(reached.any(axis=1), last, 0)

    def decide(
        self,
        held: Standing,
        score: float,
        tier: Tier,
        ts: int,
        *,
        proven: bool = True,
        ruling: Ruling = NO_RULING,
    ) -> Standing:
        """What stands after an event at `ts` ms: `held` itself unless it changes or is renewed.

        proven: whether there are kinds of evidence enough for a block. What a rule called for
        stands until its end, as long as there is that rule: when its condition holds no more,
        nothing flaps.
        """
        current = held.at(ts)
        action = self._strictest(score, tier, current, proven)
        digest = self._digests[action]
        if (called := ruling.action if proven else ruling.unproven) > action:
            action, digest = called, _marked(self._digests[called], ruling.by)
        ruled = held.answer in self._ruled[held.action]
        if action is Action.ALLOW and current is Action.ALLOW:
            return held  # a lapse writes nothing: its reader takes it for allow already
        if action < current and ruled:
            return held
        life = self.policy.lifetimes[action]
        renewed = held.expires_at - ts <= life // 2
        same = action is current and (ruled or held.answer == self._digests[action])
        return held if same and not renewed else Standing(action, digest, ts + life)

    def pinned(self, override: Override) -> Standing:
        """What stands by a person's word."""
        return Standing(override.action, self._digests[override.action], override.expires_at)

    def lessened(self, held: Standing, ts: int) -> Standing:
        """What stands at `ts` ms where the governor refuses more: no less than a rate_limit."""
        action, life = Action.RATE_LIMIT, self.policy.lifetimes[Action.RATE_LIMIT]
        current, digest = held.at(ts), self._digests[action]
        renewed = current is action and held.expires_at - ts <= life // 2
        if current > action or (held.answer == digest and current is action and not renewed):
            return held
        return Standing(action, digest, ts + life)

    def _strictest(self, score: float, tier: Tier, current: Action, proven: bool) -> Action:
        take, keep = self._take[tier], self._keep[tier]
        for rank in range(len(ACTIONS) - 1, 0, -1):
            reached = score >= take[rank] or (rank <= current.rank and score >= keep[rank])
            if reached and (proven or ACTIONS[rank] is not Action.BLOCK):
                return ACTIONS[rank]
        return Action.ALLOW


def raised(scores: NDArray[np.float64], ruled: Mapping[int, Ruling]) -> NDArray[np.float64]:
    """Scores by row, each as high as the rules that hold there would have it."""
    if not ruled:
        return scores
    higher = scores.copy()
    for row, ruling in ruled.items():
        higher[row] = max(higher[row], ruling.score)
    return higher


def _marked(digest: int, rule: str) -> int:
    """The digest of an answer that a rule called for."""
    return crc32(rule.encode(), digest)


def _thresholds(policy: Policy, tier: Tier, bars: Bars) -> list[float]:
    """By rank; infinite for allow and for what this tier never gets."""
    taken = {str(action): score for action, score in policy.thresholds[tier].items()}
    return [max(taken.get(a.value, math.inf), bars.get(a, 0.0)) for a in ACTIONS]


def _answer(policy: Policy, action: Action) -> Answer:
    if action is Action.RESTRICT:
        return Answer(restrictions=list(policy.restrictions))
    if action is Action.RATE_LIMIT:
        limits = policy.limits
        return Answer(LimitsWire(limits.requests_per_minute, limits.tokens_per_minute))
    if action is Action.STEP_UP:
        return Answer(requirements=list(policy.requirements))
    return Answer()
