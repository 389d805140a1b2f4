"""The model card: written by the training, true to it, and without a column that gives all away."""

import json
import re

import numpy as np
import pytest

from schemas.features import FEATURE_NAMES
from scorers.manifest import MANIFEST
from scorers.shipped import SHIPPED
from scorers.train import train
from stream.learn.card import GIVEAWAY, NAME, alone, card
from stream.learn.lessons import Lesson, Plan, Trained
from tests.unit.scorers_table import made_up_table

COHORTS = np.array(["chat", "class", "ci"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A small model, and three cohorts that it learnt from."""
    table = made_up_table()
    report = train(table, tmp_path_factory.mktemp("card") / "model", seed=1, trees=8, depth=3)
    account = np.arange(len(table.label)) // 5
    request = np.arange(len(table.label)) % 5 + 1
    lesson = Lesson(table, account, request, np.full(len(account), 5), COHORTS[account % 3])
    return Trained(report, lesson)


def test_a_card_tells_what_was_learnt_from(trained: Trained) -> None:
    """Source, seed, rows and the version that it is about."""
    told = card(trained, Plan(seed=7, source="Made up for a test."))
    assert told.startswith(f"# Model card: {trained.report.version}\n")
    for phrase in ("Made up for a test.", "seed 7", "3,000 rows", "## Limits"):
        assert phrase in told


def test_a_card_tells_how_it_does_without_a_family(trained: Trained) -> None:
    """Each choice of what a provider does not know has its figures."""
    told = card(trained, Plan())
    for hidden, found in {"nothing": trained.report.evaluation, **trained.report.without}.items():
        assert f"| {hidden} | {found.auc:.4f} |" in told
    assert set(trained.report.without) == {"identity", "links", "identity and links"}


def test_a_card_counts_false_positives_by_cohort(trained: Trained) -> None:
    """Each cohort has its row, with its accounts."""
    rows = re.findall(r"^\| (chat|class|ci) \| (\d+) \|", card(trained, Plan()), re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(COHORTS)
    assert all(int(accounts) > 0 for _, accounts in rows)


def test_the_same_training_writes_the_same_card(trained: Trained) -> None:
    """Nothing of the moment is in it."""
    assert card(trained, Plan()) == card(trained, Plan())


def test_a_column_that_gives_all_away_comes_first() -> None:
    """Whichever way it points; one that is only known of the abusive does so, too."""
    label = np.tile(np.array([0, 1], np.int8), 50)
    features = np.random.default_rng(1).random((100, len(FEATURE_NAMES))).astype(np.float32)
    features[:, 3] = -label
    features[:, 5] = np.where(label == 1, 0.5, np.nan)
    found = alone(features, label)
    assert list(found)[:2] == sorted((FEATURE_NAMES[3], FEATURE_NAMES[5]))
    assert list(found.values())[:2] == [1.0, 1.0]


def test_the_shipped_card_is_the_shipped_models() -> None:
    """One training wrote both."""
    version = json.loads((SHIPPED / MANIFEST).read_text())["version"]
    assert (SHIPPED / NAME).read_text().startswith(f"# Model card: {version}\n")


def test_no_column_of_the_shipped_training_gives_all_away() -> None:
    """The best one alone stands first in its table."""
    told = (SHIPPED / NAME).read_text().split("## Single columns")[1]
    (best, *_) = re.findall(r"^\| `\w+` \| ([\d.]+) \|", told, re.MULTILINE)
    assert 0.5 < float(best) < GIVEAWAY
