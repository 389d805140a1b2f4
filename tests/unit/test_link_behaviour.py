"""The behaviour signature: ranks, not units; near in habits, near in cells."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from schemas.features import FEATURE_NAMES
from stream.link.behaviour import FEATURES, TABLES, ranks, signatures
from stream.link.kinds import FACETS, KIND


def population(accounts: int = 200, seed: int = 1) -> NDArray[np.float32]:
    """Rows of accounts, each with habits of its own."""
    rng = np.random.default_rng(seed)
    return rng.lognormal(size=(accounts, len(FEATURE_NAMES))).astype(np.float32)


@given(st.floats(0.01, 1_000), st.floats(-50, 50))
def test_units_do_not_matter(scale: float, shift: float) -> None:
    """Ranks are the same in other units: another provider's tokens are as good."""
    rows = population()[:, :4].astype(np.float64)
    np.testing.assert_array_equal(ranks(rows), ranks(np.round(rows, 6) * scale + shift))


def test_a_rising_change_moves_no_cell() -> None:
    """Neither a logarithm nor a square of every feature changes a signature."""
    rows = population()
    before = signatures(rows)
    for changed in (np.log(rows), rows.astype(np.float64) ** 2):
        after = signatures(changed)
        assert all(np.array_equal(before[kind], after[kind]) for kind in before)


def test_paraphrase_moves_no_cell() -> None:
    """Networks, devices, agents and the number of templates used are no part of it."""
    rows = population()
    before = signatures(rows)
    told = {name for names in FEATURES.values() for name in names}
    others = [i for i, name in enumerate(FEATURE_NAMES) if name not in told]
    assert any("networks" in FEATURE_NAMES[i] for i in others)
    rows[:, others] = 0
    after = signatures(rows)
    assert all(np.array_equal(before[kind], after[kind]) for kind in before)


def test_who_acts_the_same_shares_every_cell() -> None:
    """Two accounts of equal rows, in every table of every facet."""
    rows = population()
    rows[17] = rows[3]
    for cells in signatures(rows).values():
        assert np.array_equal(cells[17], cells[3])


def test_who_acts_nearly_the_same_shares_some_cell() -> None:
    """A percent of difference leaves most of a crew together in some table of each facet."""
    rows = population()
    rng = np.random.default_rng(2)
    rows[:20] = rows[0] * (1 + 0.01 * rng.standard_normal((20, rows.shape[1])))
    for cells in signatures(rows).values():
        largest = [np.unique(column[:20], return_counts=True)[1].max() for column in cells.T]
        assert max(largest) >= 12


def test_every_facet_has_cells_of_its_own() -> None:
    """Shape (accounts, tables); cells of two tables are never the same value."""
    found = signatures(population())
    assert set(found) == {KIND[facet] for facet in FACETS}
    for cells in found.values():
        assert cells.shape == (200, TABLES)
        assert not set(cells[:, 0].tolist()) & set(cells[:, 1].tolist())


def test_what_is_not_known_is_in_the_middle() -> None:
    """NaN is no rank, and takes no part in those of others."""
    rows = np.array([[1.0], [np.nan], [3.0]])
    np.testing.assert_array_equal(ranks(rows), [[-1.0], [0.0], [1.0]])


def test_ties_share_the_middle_of_their_ranks() -> None:
    """Everybody the same: everybody in the middle."""
    np.testing.assert_array_equal(ranks(np.ones((5, 1))), np.zeros((5, 1)))
    tied = ranks(np.array([[1.0], [2.0], [2.0], [3.0]]))
    np.testing.assert_allclose(tied.ravel(), [-1, 0, 0, 1])
