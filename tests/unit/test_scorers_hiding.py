"""Hiding: whole families, in a share of the rows that hangs on nothing but the seed."""

import numpy as np

from schemas.features import CONDUCT_NAMES, IDENTITY_NAMES, LINK_NAMES
from scorers.hiding import SHARE, hidden_at_random, views
from scorers.inputs import REQUESTS

ROWS = np.random.default_rng(1).random((4_000, len(REQUESTS.names))).astype(np.float32)
CONDUCT, IDENTITY = len(CONDUCT_NAMES), len(IDENTITY_NAMES)


def test_a_family_is_hidden_as_a_whole_or_not_at_all() -> None:
    """And conduct never."""
    hidden = np.isnan(hidden_at_random(ROWS, REQUESTS, seed=1))
    identity, links = hidden[:, CONDUCT : CONDUCT + IDENTITY], hidden[:, CONDUCT + IDENTITY :]
    assert not hidden[:, :CONDUCT].any()
    for family in (identity, links):
        assert (family.all(axis=1) == family.any(axis=1)).all()
        assert abs(family.all(axis=1).mean() - SHARE) < 0.05
    both = (identity.all(axis=1) & links.all(axis=1)).mean()
    assert abs(both - SHARE**2) < 0.05


def test_what_is_shown_is_unchanged() -> None:
    """The table itself stays as it was, and the same seed hides the same."""
    before = ROWS.copy()
    shown = hidden_at_random(ROWS, REQUESTS, seed=2)
    assert np.array_equal(ROWS, before)
    assert np.array_equal(shown[~np.isnan(shown)], ROWS[~np.isnan(shown)])
    again = hidden_at_random(ROWS, REQUESTS, seed=2)
    assert np.array_equal(shown, again, equal_nan=True)
    assert not np.array_equal(shown, hidden_at_random(ROWS, REQUESTS, seed=3), equal_nan=True)


def test_a_view_for_each_choice_of_families() -> None:
    """All of it first, conduct alone last."""
    found = dict(views(ROWS[:5], REQUESTS))
    assert list(found) == ["", "identity", "links", "identity and links"]
    assert np.array_equal(found[""], ROWS[:5])
    left = {name: int((~np.isnan(rows)).all(axis=0).sum()) for name, rows in found.items()}
    assert left == {
        "": len(REQUESTS.names),
        "identity": len(REQUESTS.names) - IDENTITY,
        "links": len(REQUESTS.names) - len(LINK_NAMES),
        "identity and links": CONDUCT,
    }
