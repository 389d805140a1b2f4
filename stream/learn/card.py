"""The model card: what a model was made of and what it does, written by the training itself.

Markdown, beside the model. It holds nothing that another run would not write again.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.features import CONDUCT_NAMES, FEATURE_NAMES, FEATURE_VERSION
from scorers.evaluation import Evaluation, auc
from scorers.hiding import SHARE
from scorers.inputs import REQUESTS
from stream.learn.cohorts import bothered, held_out, thresholds_of_strangers
from stream.learn.lessons import Plan, Trained

NAME: Final = "CARD.md"
GIVEAWAY: Final = 0.98  # a column that does so well alone would be an accident of the data
_MOST_COLUMNS: Final = 8

_LIMITS: Final = (
    "A score is a probability only where abuse is as frequent as in this data. A running system "
    "raises the thresholds to what its own established accounts call for (bars).",
    "Rows are an account's 1st, 2nd, 3rd, 4th, 6th, 9th … requests; the thresholds are those "
    "that the shipped policy had at the time for accounts of the lowest tier, before bars, "
    "sparing, rules and campaigns.",
    "Campaigns are found and answered by the linker, by a score of their own; these figures are "
    "of the score of single requests.",
    "Where the data is simulated, what the model does on real traffic is not known: train on "
    "your own recorded requests and labels, and begin in shadow.",
)


def card(trained: Trained, plan: Plan) -> str:
    """Everything about one training, as Markdown."""
    made, table = trained.report, trained.lesson.table
    lines = [
        f"# Model card: {made.version}",
        "",
        f"Scores single requests of AI-API accounts, 0 to 1. {made.trees} trees; features of "
        f"version {FEATURE_VERSION}: {len(CONDUCT_NAMES)} of conduct"
        + "".join(f", {len(names)} of {family}" for family, names in REQUESTS.families.items())
        + ".",
        "",
        "## Data",
        plan.source,
        "",
        f"{len(table.label):,} rows, {int(table.label.sum()):,} of them abusive, of "
        f"{len(np.unique(table.group)):,} groups (a campaign is one group, any other account one "
        f"each); seed {plan.seed}. Groups are never split up: three in five are learnt from, the "
        "figures are of groups that nothing was learnt from. In training each family of columns "
        f"is hidden from {SHARE:.0%} of the rows.",
        "",
        "Held to one direction: "
        + ", ".join(f"`{n}` {'up' if s > 0 else 'down'}" for n, s in REQUESTS.monotone.items())
        + ".",
        "",
        "## On what it has not seen",
        *_evaluations(made.evaluation, made.without),
        "",
        "## Honest accounts that ever reach a threshold",
        *_false_positives(trained),
        "",
        "## Single columns",
        "How well one column alone ranks all rows (AUC, either way; not known counts as least). "
        f"Above {GIVEAWAY} it would be a giveaway of the data, not evidence.",
        "",
        *_columns(alone(table.features, table.label)),
        "",
        "## Limits",
        *(f"- {limit}" for limit in _LIMITS),
    ]
    return "\n".join(lines) + "\n"


def _evaluations(whole: Evaluation, without: Mapping[str, Evaluation]) -> Iterator[str]:
    yield from _head("hidden", "AUC", "average precision", "Brier", "calibration error")
    for hidden, found in {"nothing": whole, **without}.items():
        figures = found.auc, found.average_precision, found.brier, found.calibration_error
        yield _row(hidden, *(f"{figure:.4f}" for figure in figures))


def _false_positives(trained: Trained) -> Iterator[str]:
    thresholds = thresholds_of_strangers()
    named = (f"{action} {threshold:g}" for action, threshold in thresholds.items())
    yield from _head("cohort", "accounts", *named)
    for one in bothered(held_out(trained), list(thresholds.values())):
        yield _row(one.cohort, f"{one.accounts:,}", *(f"{share:.2%}" for share in one.shares))


def _columns(found: Mapping[str, float]) -> Iterator[str]:
    yield from _head("column", "AUC alone")
    for name, value in list(found.items())[:_MOST_COLUMNS]:
        yield _row(f"`{name}`", f"{value:.3f}")


def alone(features: NDArray[np.float32], label: NDArray[np.int8]) -> dict[str, float]:
    """Of each column, the AUC of its value or of its negative, whichever is larger; largest
    first. NaN counts as less than anything."""
    found = {}
    for name, column in zip(FEATURE_NAMES, features.astype(np.float64).T, strict=True):
        area = auc(np.where(np.isnan(column), -np.inf, column), label)
        found[name] = max(area, 1.0 - area)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _head(*names: str) -> Iterable[str]:
    return _row(*names), _row("---", *["---:"] * (len(names) - 1))


def _row(*cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"
