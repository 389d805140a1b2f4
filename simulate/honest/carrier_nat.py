"""People behind their carrier's few addresses."""

from dataclasses import dataclass

from simulate.accounts import Account
from simulate.honest.anyone import anyone
from simulate.moves import at_home_in, met_at
from simulate.networks import CARRIER_NAT
from simulate.places import pick
from simulate.world import HOUR_MS, World


@dataclass(frozen=True, slots=True)
class CarrierNat:
    """Unrelated people of four carriers, each of which hides them all behind a few /24: an
    address is a stranger's within hours, and thousands of accounts touch every network."""

    name: str = "carrier_nat"
    share: float = 0.05
    joining: float = 0.35

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, "carrier", index)
        carrier, lease = pick(rng, CARRIER_NAT), int(rng.uniform(1, 12) * HOUR_MS)
        person = at_home_in(anyone(world, self.name, index, self.joining), carrier.country)
        return met_at(person, carrier, lease_ms=lease)
