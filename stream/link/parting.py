"""Parting: a ring without those parts of it that would be none by themselves.

What is popular joins groups that have nothing to do with each other: a class at its assignment,
researchers with a public benchmark, three accounts of an attack. Together they look like neither:
the class is not on one network any more, and the attack is larger. So each part is judged by
itself, and who is harmless alone is not answered for the company.
"""

from typing import Final

import numpy as np

from stream.link.population import Population
from stream.link.portrait import portrait
from stream.link.rings import FEWEST, parts
from stream.link.surprise import Ints
from stream.link.weighing import Weights

# A part of a ring scores less than the whole, so it has to be plainly none: at an even chance half
# of a ring that had worked for a week was taken for harmless, another half at each search.
HARMLESS: Final = 0.25


def parted(population: Population, ring: Ints, weights: Weights) -> Ints:
    """A ring's members without its harmless parts; all of them where each part is harmless: a
    crew that is too small to tell by itself is judged with the others."""
    if len(ring) < 2 * FEWEST:
        return ring
    found = parts(population.edges, population.sharing, ring)
    told = [part for part in found if len(part) >= FEWEST]
    harmless = [part for part in told if weights.score(portrait(population, part)) < HARMLESS]
    if len(harmless) in (0, len(told)):
        return ring
    return np.setdiff1d(ring, np.concatenate(harmless))
