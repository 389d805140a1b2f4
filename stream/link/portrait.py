"""The portrait of a ring: how it differs, as a group, from the population of this stream.

Every number is relative to the established accounts of the same stream (to all of them while few
are established), so that it means the same at another provider.
"""

from typing import Final

import numpy as np

from stream.link.kinds import FAMILY, KINDS
from stream.link.population import (
    BEHAVIOUR,
    COLUMN,
    SHARERS,
    Population,
    counted,
    spread,
    width,
)
from stream.link.rings import FEWEST
from stream.link.surprise import Edges, Floats, Ints

TRAITS: Final = (
    "conduct",
    "strange",
    "unproven",
    "size",
    "even",
    "alike",
    "apart",
    "identity",
    "content",
    "elicits",
    "together",
    "anew",
)
# How strangely the members act, and how evenly, is counted up to here: what is beyond makes up for
# nothing else. Half of a hackathon act as hardly anybody does, from one hall.
_MOST: Final = {"conduct": 1.5, "strange": 0.35, "even": 1.5}
MOST: Final = np.array([_MOST.get(trait, np.inf) for trait in TRAITS])
# A handful of accounts is alike in something by chance: as if so many more were like everybody.
DOUBT: Final = 4
TAKEN_UP: Final = 2  # families of values: one alone may be a new tool
_FAMILY: Final = {kind.family: family for kind, family in zip(KINDS, FAMILY, strict=True)}
_IDENTITY: Final = [_FAMILY[f] for f in ("payment", "document", "mail", "phone", "device")]
_CONTENT: Final = [_FAMILY[f] for f in ("system", "text")]
_NETWORKS: Final = COLUMN["networks_distinct_30d"]


def portrait(population: Population, members: Ints) -> Floats:
    """The TRAITS of a ring; float64[len(TRAITS)]."""
    p, unproven = population, members[~population.proven[members]]
    own = unproven if len(unproven) >= FEWEST else members
    acquaintance, uses = p.acquaintance[own], p.used.of(own)
    conduct, known = p.conduct_of(own, members) * acquaintance, acquaintance.mean()
    together = _most_alike(p, uses, "network") / len(own)
    traits = np.array(
        [
            conduct.mean(),
            (conduct > 1.645).mean(),  # one in twenty of the reference
            np.log2((_share(unproven, members) + 0.05) / (1.05 - p.proven.mean())),
            np.log2(len(members)),
            known * np.log2(p.width / width(p.pace[own])) * max(_on_lines(p, own) - together, 0.0),
            known * (1.0 - spread(p.ranks[own]) / np.maximum(p.spread, 1e-9)),
            1.0 - together,
            _sharing(p, uses, _IDENTITY) / len(own),
            _sharing(p, uses, _CONTENT) / len(own),
            p.ranks[own, BEHAVIOUR.index(COLUMN["elicitation_mean_7d"])].mean(),
            _most_alike(p, uses, "mail") / len(own),
            _moved_together(p, members) / len(members),
        ]
    )
    told: Floats = np.minimum(traits * len(members) / (len(members) + DOUBT), MOST)
    return told


def _share(part: Ints, whole: Ints) -> float:
    return len(part) / len(whole)


def _on_lines(p: Population, members: Ints) -> float:
    """The share of which it is known from where they come."""
    return float((p.rows[members, _NETWORKS] > 0).mean())


def _most_alike(p: Population, uses: Edges, family: str) -> int:
    """How many use the value of a family that most of them use."""
    value = uses.value[p.families[uses.value] == _FAMILY[family]]
    _, count = np.unique(value, return_counts=True)
    return int(count.max(initial=0))


def _sharing(p: Population, uses: Edges, families: list[int]) -> int:
    """How many share a surprising value of these families."""
    among = np.zeros(len(KINDS), bool)
    among[families] = True
    sharing = np.zeros(len(p.proven), bool)
    sharing[uses.account[p.shared[uses.value] & among[p.families[uses.value]]]] = True
    return int(sharing.sum())


def _moved_together(p: Population, members: Ints) -> int:
    """How many moved, and took up values of two families that others took up who moved."""
    uses = p.taken_up.of(members)
    _, value, count = np.unique(uses.value, return_inverse=True, return_counts=True)
    uses = uses.take(count[value] >= SHARERS)
    _, account = np.unique(uses.account, return_inverse=True)
    families = counted(account, p.families[uses.value], len(members))
    return int((families >= TAKEN_UP).sum())
