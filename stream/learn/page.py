"""The evaluation of a trained model as one page: what it does on what it has not seen."""

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np

from schemas.features import FEATURES
from scorers.curves import Floats, TradeOff, precision_recall, reliability, trade_off
from scorers.search import Trial
from stream.learn.charts import Axis, Chart, Mark, ceiling
from stream.learn.cohorts import Held, Thresholds, bothered, held_out, thresholds_of_strangers
from stream.learn.lessons import Plan, Trained
from stream.report.markup import (
    caveats,
    counted,
    document,
    folded,
    moment,
    paragraph,
    percent,
    section,
    share_bar,
    table,
    tiles,
)
from stream.report.wording import ACTIONS

MOST_FEATURES: Final = 20  # that stand on the page at once
_GRID: Final = np.round(np.arange(0.02, 1.0, 0.02), 2)

_CAVEATS: Final = (
    "Every figure is of held-out rows: their accounts and campaigns are in no other part of the "
    "split, and with a split by time they are later than everything that was learnt from.",
    "Labels are somebody's finding, late and in part: accounts that nobody looked at are missing, "
    "and an abusive account that was never found counts as nothing, or as benign.",
    "The thresholds are those of the shipped policy for accounts of the lowest tier. A running "
    "system raises them to what its own established accounts call for, and answers campaigns by "
    "what ties them, which this page knows nothing of.",
    "A row is one of an account's 1st, 2nd, 3rd, 4th, 6th, 9th … requests. What leaked is counted "
    "up to the row that passed, so it is never understated.",
)


def page(trained: Trained, plan: Plan) -> str:
    """Everything about one training, as HTML that needs nothing but itself."""
    held, thresholds = held_out(trained), thresholds_of_strangers()
    body = (
        _header(trained, plan),
        _tiles(trained, held),
        _ranking(held),
        _calibration(held),
        _trade_off(held, thresholds),
        _cohorts(held, thresholds),
        _importance(trained.report.importance),
        _search(trained.report.found.trials, trained.report.found.chosen),
        caveats(_CAVEATS),
    )
    return document(f"Evaluation of {trained.report.version}", "".join(body))


def _header(trained: Trained, plan: Plan) -> str:
    data, made = trained.lesson.table, trained.report
    groups = len(np.unique(data.group))
    told = (
        f"Trained on {counted(len(data.label), 'row')} of {counted(groups, 'group')} between "
        f"{moment(int(data.time.min()))} and {moment(int(data.time.max()))}; "
        f"{int(data.label.sum()):,} rows are of abusive accounts. {made.trees} trees."
    )
    parted = (
        f" The newest {percent(plan.newest)} of the rows were kept for this page."
        if plan.newest
        else " Split by group, not by time."
    )
    return (
        f'<header><p class="kind">Evaluation of a model</p><h1>{escape(made.version)}</h1>'
        f'<p class="lead">{escape(told + parted)}</p></header>'
    )


def _tiles(trained: Trained, held: Held) -> str:
    figures = trained.report.evaluation
    return tiles(
        [
            ("held-out rows", f"{figures.rows:,}"),
            ("of them of abusive accounts", f"{figures.abusive:,}"),
            ("held-out accounts", f"{len(np.unique(held.account)):,}"),
            ("average precision", f"{figures.average_precision:.3f}"),
            ("AUC: an abusive row scores above a benign one", f"{figures.auc:.3f}"),
            ("gap of score and frequency", f"{figures.calibration_error:.3f}"),
        ]
    )


def _ranking(held: Held) -> str:
    curve = precision_recall(held.score, held.label)
    chart = Chart("Precision by recall", Axis("abusive rows found"), Axis("of those, abusive"))
    line = list(zip(curve.recall.tolist(), curve.precision.tolist(), strict=True))
    base = percent(float(held.label.mean()))
    told = f"At each threshold. Guessing would find {base} abusive rows wherever it looks."
    return section("Precision and recall", paragraph(told, "soft"), chart.draw(line))


def _calibration(held: Held) -> str:
    found = reliability(held.score, held.label)
    top = ceiling(max(float(found.score.max()), float(found.frequency.max())))
    chart = Chart("Calibration", Axis("mean score", top), Axis("share of abusive rows", top))
    pairs = list(zip(found.score.tolist(), found.frequency.tolist(), strict=True))
    rows = (
        (f"{score:.4f}", f"{frequency:.4f}", f"{rows:,}")
        for score, frequency, rows in zip(*(c.tolist() for c in found), strict=True)
    )
    told = "Ten bins of equal counts. A score that means what it says lies on the dashed line."
    drawn = chart.draw(pairs, [Mark(x, y, "") for x, y in pairs], even=True)
    numbers = table(("mean score", "share of abusive rows", "rows"), rows, 3)
    return section(
        "Calibration", paragraph(told, "soft"), drawn, folded("The same as a table", numbers)
    )


def _trade_off(held: Held, thresholds: Thresholds) -> str:
    known = np.array(list(thresholds.values()))
    at = _traded(held, np.unique(np.concatenate([_GRID, known])))
    marked = _traded(held, known)
    top = ceiling(1.25 * float(marked.bothered.max()))
    chart = Chart(
        "Exchanges leaked against honest accounts bothered",
        Axis("honest accounts that ever reach the threshold", top),
        Axis("exchanges of abusive accounts before they do"),
    )
    marks = [
        Mark(float(x), float(y), f"{ACTIONS[action]} {threshold:g}")
        for (action, threshold), x, y in zip(
            thresholds.items(), marked.bothered, marked.leaked, strict=True
        )
    ]
    line = list(zip(at.bothered.tolist(), at.leaked.tolist(), strict=True))
    rows = (
        (f"{threshold:.2f}", percent(bothered), percent(leaked))
        for threshold, bothered, leaked in zip(*(c.tolist() for c in at), strict=True)
    )
    numbers = table(("threshold", "honest accounts bothered", "exchanges leaked"), rows, 3)
    told = "Lower is better, further left is better. The marks are the policy's thresholds."
    return section(
        "What a threshold costs",
        paragraph(told, "soft"),
        chart.draw(line, marks),
        folded("The same as a table", numbers),
    )


def _traded(held: Held, thresholds: Floats) -> TradeOff:
    columns = held.score, held.label, held.account, held.request, held.exchanges
    return trade_off(*columns, thresholds)


def _cohorts(held: Held, thresholds: Thresholds) -> str:
    names = [f"{ACTIONS[action]} {threshold:g}" for action, threshold in thresholds.items()]
    rows = table(
        ("benign accounts", *names, "accounts"),
        (
            (escape(one.cohort), *map(percent, one.shares), f"{one.accounts:,}")
            for one in bothered(held, list(thresholds.values()))
        ),
        len(names) + 1,
    )
    told = "Share of the benign accounts of each kind that ever reach the threshold of an action."
    return section("False positives by cohort", paragraph(told, "soft"), rows)


def _importance(importance: dict[str, float]) -> str:
    most = max(importance.values()) or 1.0
    texts = {feature.name: feature.text for feature in FEATURES}
    rows = [
        (
            f"<code>{escape(name)}</code> {escape(texts.get(name, ''))}",
            share_bar(weight / most),
            f"{weight:.3f}",
        )
        for name, weight in importance.items()
    ]
    columns = ("feature", "", "log-odds")
    told = "How much each feature moves a held-out row's score, up or down, on average (SHAP)."
    rest = folded(f"{len(rows) - MOST_FEATURES} more", table(columns, rows[MOST_FEATURES:], 1))
    shown = table(columns, rows[:MOST_FEATURES], 1)
    return section("What the model looks at", paragraph(told, "soft"), shown, rest)


def _search(trials: Sequence[Trial], chosen: int) -> str:
    if len(trials) < 2:
        return ""
    names = list(trials[0].parameters)
    rows = (
        (
            "chosen" if number == chosen else "",
            *(f"{trial.parameters[name]:g}" for name in names),
            str(trial.trees),
            f"{trial.loss:.5f}",
        )
        for number, trial in enumerate(trials)
    )
    columns = ("", *names, "trees", "loss")
    told = "Judged by the loss on rows that are fitted on, calibrated on and evaluated on nowhere."
    return section("Search", paragraph(told, "soft"), table(columns, rows, len(names) + 2))
