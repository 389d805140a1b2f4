"""Ordinary people of every kind."""

from simulate.accounts import Account
from simulate.honest.chat import ChatPeople
from simulate.honest.coding_agents import AgentUsers
from simulate.honest.developers import Developers
from simulate.world import World

_KINDS = (ChatPeople, Developers, AgentUsers)
# Weights of the three.
EVERYBODY = (0.55, 0.3, 0.15)
BUILDERS = (0.0, 0.65, 0.35)


def anyone(
    world: World,
    name: str,
    index: int,
    joining: float = 0.3,
    weights: tuple[float, float, float] = EVERYBODY,
) -> Account:
    """Member `index` of the cohort `name`; a share `joining` signs up within the run."""
    kind = _KINDS[int(world.generator(name, "kind", index).choice(3, p=weights))]
    return kind(name=name, joining=joining).member(world, index)
