"""Scales: what a feature row weighs by the model, group by group, and which rules hold for it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.features import FEATURE_NAMES
from scorers.manifest import BOOSTER
from scorers.reasons import Group, grouped
from scorers.shapley import shapley
from stream.bundles.opening import chosen_content, open_chosen
from stream.settings import Settings


class Holding(NamedTuple):
    """A rule that holds; called: an action at least, or a score."""

    name: str
    called: str
    shadow: bool
    code: str
    text: str


class Weighed(NamedTuple):
    """A row on the scales. margin: log-odds before calibration, which is what groups and
    `nothing`, the margin of nothing known, add up to."""

    model_version: str
    score: float
    margin: float
    nothing: float
    groups: list[Group]
    rules: list[Holding]


class Scales:
    """The model and the rules that settings name. Raises ModelError, PolicyError."""

    def __init__(self, settings: Settings) -> None:
        self._bundle = open_chosen(settings)
        self._booster = chosen_content(settings).files[BOOSTER]

    def weigh(self, row: NDArray[np.float32], tier: int, clock: int) -> Weighed:
        """float32[features] of an account in `tier`, at its clock, ms.

        Raises ConfigurationError where XGBoost is not installed.
        """
        model, rows = self._bundle.model, row[None]
        margins = model.margins(rows)
        values, nothing = shapley(self._booster, rows, margins)
        return Weighed(
            model.version,
            float(model.score(rows)[0]),
            float(margins[0]),
            nothing,
            grouped(FEATURE_NAMES, row, values[0]),
            self._holding(rows, tier, clock),
        )

    def _holding(self, rows: NDArray[np.float32], tier: int, clock: int) -> list[Holding]:
        rulebook = self._bundle.rulebook
        if rulebook is None:
            return []
        from stream.rules.rulings import Rulings  # noqa: PLC0415 - brings an SQL parser

        rulings = Rulings(rulebook, self._bundle.policy, lambda *_: None)
        named = list(rulebook.rules.items())
        hits = rulings.hits(rows, np.array([tier]), np.array([clock]))
        return [
            Holding(name, rule.called, rule.shadow, rule.reason.code, rule.reason.text)
            for name, rule in (named[number] for number, _ in hits)
        ]
