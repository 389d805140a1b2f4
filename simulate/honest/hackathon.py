"""A weekend of building."""

from dataclasses import dataclass

from simulate.accounts import Account
from simulate.honest.anyone import BUILDERS, anyone
from simulate.moves import at_home_in, met_at, starting
from simulate.networks import HOME
from simulate.places import pick
from simulate.world import DAY_MS, HOUR_MS, World

_LASTS_H = 40.0
_BEFORE_H = 6.0  # those who sign up ahead do so on the evening before


@dataclass(frozen=True, slots=True)
class Hackathon:
    """Strangers in one hall: new accounts on one network within hours, promotional credit, the
    sponsor's starter code and system prompt, similar tasks, little sleep; gone on Monday."""

    name: str = "hackathon"
    share: float = 0.02
    begins: float = 0.35  # of the run

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, "badge", index)
        hall = pick(world.generator(self.name, "hall"), HOME)
        opens = world.start + int(self.begins * world.days * DAY_MS)
        created = opens + int((rng.exponential(5.0) - _BEFORE_H * (rng.random() < 0.2)) * HOUR_MS)
        builder = at_home_in(anyone(world, self.name, index, weights=BUILDERS), hall.country)
        there = starting(met_at(builder, hall, world.key(self.name, "hall")), created)
        return there.having(
            last=max(created + 1, min(world.end, opens + int(_LASTS_H * HOUR_MS))),
            habits={
                "per_day": min(there.habits.per_day * 2.5, 900.0),
                "active_days": 1.0,
                "weekend": 1.0,
                "sleep": 2.0,
                "template_fresh": 0.5,
                "templates": 8.0,
                "launch_share": 0.3,
            },
            work={
                "capabilities": ("agentic",) * 6 + ("coding",) * 7 + ("tool_use",) * 3,
                "families": (world.key(self.name, "starter"), there.key),
                "systems": (world.key(self.name, "starter"), *there.work.systems),
            },
            proofs={
                "card": 0.15,
                "program": str(rng.choice(("", "startup"), p=(0.3, 0.7))),
                "referrer": str(rng.choice(("", "hackathon"), p=(0.4, 0.6))),
            },
        )
