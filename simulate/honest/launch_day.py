"""The crowd that a new model draws."""

from dataclasses import dataclass

from simulate.accounts import Account
from simulate.honest.anyone import anyone
from simulate.moves import starting
from simulate.world import HOUR_MS, World


@dataclass(frozen=True, slots=True)
class LaunchDay:
    """New customers of the day on which a model appears, most within half a day of the news: they
    came for that model and ask hardly any other."""

    name: str = "launch_day"
    share: float = 0.03

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, "news", index)
        created = world.launch + int((rng.exponential(10.0) - 1.0) * HOUR_MS)
        person = starting(anyone(world, self.name, index), min(created, world.end - HOUR_MS))
        return person.having(
            habits={"launch_days": float(rng.exponential(0.1)), "launch_share": 0.9},
            proofs={"referrer": str(rng.choice(("", "news", "news", "search", "friend")))},
        )
