"""Products that pass other people's questions on."""

from dataclasses import dataclass

from simulate.accounts import Account
from simulate.firms import FIRM_FILL
from simulate.habitats import rate
from simulate.honest.anyone import anyone
from simulate.honest.businesses import ApiBusinesses
from simulate.world import World


@dataclass(frozen=True, slots=True)
class Resellers:
    """A legitimate aggregator: one account, one card, a few servers, and behind them `customers`
    with texts, prompts, hours and lengths of their own. High volume, many templates."""

    name: str = "reseller"
    share: float = 0.002
    customers: int = 24
    median_per_day: float = 1_200.0
    most_per_day: float = 4_000.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, "volume", index)
        total = rate(rng, self.median_per_day, self.most_per_day, 0.7)
        firm = ApiBusinesses(name=self.name).member(world, index)
        firm = firm.having(habits={"per_day": total / (self.customers + 1), "active_hours": 1.0})
        weights = rng.dirichlet([0.7] * self.customers)
        others = tuple(
            self._customer(world, index * self.customers + n, total * float(weight), firm)
            for n, weight in enumerate(weights)
        )
        return firm.having(others=others)

    def _customer(self, world: World, number: int, per_day: float, firm: Account) -> Account:
        """Somebody's questions, through the firm's servers and client."""
        customer = anyone(world, f"{self.name} customer", number)
        return customer.having(
            first=firm.first,
            last=firm.last,
            places=firm.places,
            fill=FIRM_FILL,
            api_keys=firm.api_keys,
            habits={"per_day": per_day, "active_days": 1.0, "launch_share": 0.3},
        )
