"""Rulings: what the rules that hold call for, for each event of a batch."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kyc.tiers import Tier
from schemas.decisions import Action
from schemas.features import FEATURE_NAMES
from schemas.wire import ReasonWire
from stream.decide.policy import Policy
from stream.decide.statute import ACTIONS, Ruling
from stream.rules.predicates import Predicates
from stream.rules.program import Program
from stream.rules.rulebook import Rule, Rulebook

Ints = NDArray[np.int64]
# Scores have six decimals: what is certain weighs no more than the surest score.
_SUREST: Final = 1 - 1e-6


class Rulings:
    """A rulebook, prepared for batches. `count` is told each rule's hits, those of shadows too."""

    def __init__(
        self, rulebook: Rulebook, policy: Policy, count: Callable[[str, int], None]
    ) -> None:
        self.version = rulebook.version
        self.deciding = frozenset(rulebook.deciding)
        self._rules = list(rulebook.rules.items())
        self._count = count
        self._program = Program()
        predicates = Predicates(FEATURE_NAMES, self._program)
        self._places = [predicates.add(rule.where) for _, rule in self._rules]
        self._tiers = [np.isin(list(Tier), list(rule.tiers)) for _, rule in self._rules]
        self._strictest = {tier: _strictest(policy, tier) for tier in Tier}
        self._thresholds = policy.thresholds
        for name, _ in self._rules:
            count(name, 0)

    def hits(
        self, rows: NDArray[np.float32], tier: Ints, clock: Ints
    ) -> Iterator[tuple[int, Ints]]:
        """Each rule that holds anywhere, by number, and the rows where it does.

        tier, clock (ms) of each row: a rule holds in its tiers, until it expires.
        """
        if not self._rules:
            return
        found = self._program.run(rows, self._places)
        for number, (_, rule) in enumerate(self._rules):
            if not found[number].any():
                continue
            holds = found[number] & self._tiers[number][tier] & (clock < rule.ends)
            if len(at := np.flatnonzero(holds)):
                yield number, at

    def of(
        self,
        rows: NDArray[np.float32],
        tier: Ints,
        clock: Ints,
        notable: NDArray[np.bool_],
        *,
        again: bool = False,
    ) -> dict[int, Ruling]:
        """The rulings of a batch, by row. `notable`: where the model calls for something too;
        `again`: its hits were counted before."""
        holding: dict[int, list[int]] = {}
        for number, at in self.hits(rows, tier, clock):
            name, rule = self._rules[number]
            if not again:
                self._count(name, len(at))
            for row in () if rule.shadow else at.tolist():
                holding.setdefault(row, []).append(number)
        # What holds together holds for many events of a batch, in few combinations.
        made: dict[tuple[tuple[int, ...], int, bool], Ruling] = {}
        found = {}
        for row, numbers in holding.items():
            case = tuple(numbers), int(tier[row]), not notable[row]
            if case not in made:
                made[case] = self.ruling(numbers, Tier(case[1]), alone=case[2])
            found[row] = made[case]
        return found

    def ruling(self, numbers: Sequence[int], tier: Tier, *, alone: bool) -> Ruling:
        """What some rules call for together. `alone`: the model calls for nothing."""
        proven, unproven = self._strictest[tier]
        action, by, score = Action.ALLOW, "", 0.0
        reasons: dict[str, ReasonWire] = {}
        for name, rule in (self._rules[number] for number in numbers):
            called = proven[Action(rule.action or Action.ALLOW)]
            if called > action:
                action, by = called, name
            score = max(score, rule.score or 0.0)
            reason = self._reason(name, rule, called, tier)
            told = reason and reasons.get(reason.code)
            if reason and (told is None or reason.weight > told.weight):
                reasons[reason.code] = reason
        strongest = sorted(reasons.values(), key=lambda reason: (-reason.weight, reason.code))
        return Ruling(action, unproven[action], by, score, strongest, alone)

    def _reason(self, name: str, rule: Rule, called: Action, tier: Tier) -> ReasonWire | None:
        """As weighty as a score that leads to the same; none where the tier knows no action."""
        worth = rule.score
        if worth is None:
            if called is Action.ALLOW:
                return None
            worth = self._thresholds[tier][called.value]  # type: ignore[index]
        return ReasonWire(rule.reason.code, rule.reason.text, name, _log_odds(worth))


def _log_odds(score: float) -> float:
    likely = min(score, _SUREST)
    return round(max(math.log(likely / (1 - likely)), 0.0), 6)


def _strictest(
    policy: Policy, tier: Tier
) -> tuple[Mapping[Action, Action], Mapping[Action, Action]]:
    """The strictest action that a tier has and that is not stricter: of all, and but for block."""
    has = {Action(taken) for taken in policy.thresholds[tier]} | {Action.ALLOW}

    def capped(action: Action, has: set[Action]) -> Action:
        return max(one for one in has if one <= action)

    every = {action: capped(action, has) for action in ACTIONS}
    unproven = {action: capped(action, has - {Action.BLOCK}) for action in ACTIONS}
    return every, unproven
