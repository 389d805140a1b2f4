"""Many accounts, one will: distillation campaigns as they were alleged and published in 2026."""

from dataclasses import dataclass

import numpy as np

from simulate.abuse.crews import Crews
from simulate.abuse.fronts import Fronts
from simulate.accounts import Account
from simulate.habitats import API_FILL, APP_FILL
from simulate.honest.anyone import anyone
from simulate.world import DAY_MS, World


@dataclass(frozen=True, kw_only=True)
class Campaign(Crews, Fronts):
    """`share` of the scenario's accounts, each of which looks like a small customer.

    Besides the knobs of `Crews` (what they want) and `Fronts` (what they show): `staggered` is
    the share of the run over which sign-ups are spread, from `begins` on. `through_app`: the share
    that drives the app. `lasts_days`: every account is found and banned after about so long, and
    replaced (0: never). `customers`: the share of an account's requests that unrelated customers
    of a proxy network make besides. `taken`: the share of accounts that were somebody's for long,
    old and verified, and were taken over.
    """

    name: str = "campaign"
    share: float = 0.05
    staggered: float = 0.6
    begins: float = 0.0
    through_app: float = 0.2
    lasts_days: float = 0.0
    customers: float = 0.0
    taken: float = 0.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        taken = rng.random() < self.taken
        first, last = self._span(world, rng, index, self.staggered)
        operator = self._operator(world, index, first, last)
        if taken:
            return self._seized(world, index, operator)
        others = self._customers(world, index, operator) if self.customers else ()
        return operator.having(others=others, innocent=self.innocent_share)

    @property
    def innocent_share(self) -> float:
        """Of an account's requests, those that are no part of the campaign."""
        return self.customers + (1.0 - self.customers) * self.innocent

    def _span(
        self, world: World, rng: np.random.Generator, index: int, spread: float
    ) -> tuple[int, int]:
        """When an account is signed up and when it is banned."""
        run = world.days * DAY_MS
        created = world.start + int((self.begins + spread * rng.random()) * run)
        if not self.lasts_days:
            return created, world.end
        # A slot of the campaign is filled again and again; every account has one turn in it.
        turns = max(1, round(world.days * (1.0 - self.begins) / self.lasts_days))
        turn = (index % turns + rng.uniform(0, 0.3)) / turns
        created = world.start + int((self.begins + (1.0 - self.begins) * turn) * run)
        lives = self.lasts_days * rng.uniform(0.7, 1.3) * DAY_MS
        return created, min(world.end, created + int(lives))

    def _operator(self, world: World, index: int, created: int, last: int) -> Account:
        """The campaign's own hand on an account."""
        rng = world.generator(self.name, "operator", index)
        crew = index % self.crews
        places = self.places(rng)
        # Several pathways, as alleged: part of the accounts drive the app, not the API.
        app = rng.random() < self.through_app
        plain = Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=min(created + int(rng.exponential(0.2 * DAY_MS)), last - 1),
            last=last,
            habits=self.habits(world, self.name, rng, crew),
            work=self.work(world, self.name, rng, crew),
            places=places,
            proofs=self.proofs(world, self.name, rng, index, places[0].network.country),
            fill=APP_FILL if app else API_FILL,
            api_keys=0 if app else 1,
            abusive=True,
            campaign=f"{self.name}-{world.key(self.name) % 10_000:04d}",
        )
        return self.disguised(plain, world)

    def _customers(self, world: World, index: int, operator: Account) -> tuple[Account, ...]:
        """Unrelated people whose questions the proxy network sends through the same account."""
        count = int(world.generator(self.name, "customers", index).integers(1, 4))
        per_day = self.per_day * self.customers / (1.0 - self.customers) / count
        people = (anyone(world, f"{self.name} customer", index * 4 + n) for n in range(count))
        return tuple(
            person.having(
                first=operator.first,
                last=operator.last,
                places=operator.places,
                fill=operator.fill,
                api_keys=operator.api_keys,
                habits={"per_day": per_day, "active_days": 1.0},
            )
            for person in people
        )

    def _seized(self, world: World, index: int, operator: Account) -> Account:
        """An old customer's account whose owner is locked out when the campaign takes it."""
        owner = anyone(world, self.name, index, joining=0.0)
        when = operator.first
        thief = operator.having(
            key=world.key(self.name, "thief", index), api_keys=owner.api_keys, fill=owner.fill
        )
        return owner.having(
            last=when,
            others=(thief,),
            abusive=True,
            campaign=operator.campaign,
            begins=when,
            innocent=self.innocent,
            proofs={"seized": when},
        )
