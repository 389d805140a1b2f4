"""Whom the linker takes for a witness of what is usual."""

import msgspec
import pytest

from stream.link.linker import Linker
from stream.link.portrait import TRAITS
from stream.link.touches import Touch
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import CERTAIN, honest, hours, ring

MEMBERS = 12


def _newness(touches: list[Touch]) -> list[float]:
    """How new the ring looks to each search."""
    told: list[float] = []
    seen = TRAITS.index("unproven")
    linker = Linker(CERTAIN, 0.5, witness=lambda _, traits: told.append(float(traits[seen])))
    for one in (*honest(60), *touches):
        linker.fold(one)
    return told


def test_who_is_accused_is_no_witness() -> None:
    """Members that come to be established look as new as before to the searches that follow."""
    paid = [msgspec.structs.replace(one, established=True) for one in ring(MEMBERS, NOW + 5 * HOUR)]
    *before, last = _newness(
        [*ring(MEMBERS), *hours(4, NOW + HOUR), *paid, *hours(2, NOW + 6 * HOUR)]
    )
    assert last == pytest.approx(before[2])
    assert last > 0
