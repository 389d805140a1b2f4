"""A ring whose parts have nothing to do with each other."""

from typing import Any

import numpy as np
import pytest

from stream.link.parting import parted
from stream.link.population import Population
from stream.link.portrait import TRAITS
from stream.link.weighing import Weights
from tests.unit.test_link_portrait import HONEST, MEMBERS, RING, population

# Only conduct counts: whoever acts like the established is harmless.
BY_CONDUCT = Weights(-1.0, np.array([2.0 * (name == "conduct") for name in TRAITS]))
HALF = RING // 2
STRANGE, ORDINARY = 0.9, 0.1


def two_groups(first: float, second: float) -> Population:
    """Half of the ring's members share a card and a template, the others another; their scores."""
    score = np.linspace(0, 0.5, HONEST + RING)
    score[MEMBERS] = np.repeat([first, second], HALF)
    own = np.arange(HONEST + RING)
    own[MEMBERS] = np.repeat([HONEST, HONEST + 1], HALF)
    shown: dict[str, Any] = {"card": own, "template": own}
    return population(shown, score=score)


def test_a_harmless_part_is_left_out() -> None:
    """A class is not answered for the company that a popular benchmark gave it."""
    assert set(parted(two_groups(ORDINARY, STRANGE), MEMBERS, BY_CONDUCT)) == set(MEMBERS[HALF:])


@pytest.mark.parametrize("conduct", [ORDINARY, STRANGE])
def test_parts_that_are_alike_stay_together(conduct: float) -> None:
    """All harmless alone, they are judged as a whole; all strange, all stay."""
    assert set(parted(two_groups(conduct, conduct), MEMBERS, BY_CONDUCT)) == set(MEMBERS)


def test_a_handful_has_no_parts() -> None:
    """Too few to be two rings."""
    few = MEMBERS[HALF - 3 : HALF + 3]
    assert set(parted(two_groups(ORDINARY, STRANGE), few, BY_CONDUCT)) == set(few)
