"""People who never show their own address."""

from dataclasses import dataclass

from simulate.accounts import Account
from simulate.honest.anyone import anyone
from simulate.moves import met_at
from simulate.networks import VPN
from simulate.places import pick
from simulate.world import HOUR_MS, World


@dataclass(frozen=True, slots=True)
class VpnUsers:
    """Everything through one of three commercial VPNs, whose exits attackers use as well."""

    name: str = "vpn_users"
    share: float = 0.03

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, "vpn", index)
        service, lease = pick(rng, VPN), int(rng.uniform(2, 48) * HOUR_MS)
        return met_at(anyone(world, self.name, index), service, lease_ms=lease)
