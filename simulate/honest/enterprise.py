"""Firms whose every employee has a seat."""

from dataclasses import dataclass

from simulate.accounts import Account
from simulate.honest.anyone import anyone
from simulate.moves import at_home_in, met_at, starting
from simulate.networks import HOME
from simulate.people import firm_domain
from simulate.places import pick
from simulate.world import DAY_MS, HOUR_MS, World


@dataclass(frozen=True, slots=True)
class Enterprise:
    """`seats` accounts a firm: one egress address, one card, one mail domain, one organisation.

    With `in_a_day` all seats of a firm are made on one day of the run, in its office hours;
    without, they came one by one over the years.
    """

    name: str = "enterprise"
    share: float = 0.05
    seats: int = 250
    in_a_day: bool = False

    def member(self, world: World, index: int) -> Account:
        firm = world.generator(self.name, "firm", index // self.seats)
        egress, domain = pick(firm, HOME), firm_domain(firm)
        key = world.key(self.name, "firm", index // self.seats)
        day = world.start + int(firm.uniform(0.1, 0.7) * world.days) * DAY_MS
        seat = at_home_in(anyone(world, self.name, index, joining=0.1), egress.country)
        if self.in_a_day:
            minute = world.generator(self.name, "day", index).uniform(8, 17)
            seat = starting(seat, day + int(minute * HOUR_MS))
        office = met_at(seat, egress, key)
        # The egress is the usual place; a few work from home.
        places = (*office.places, *office.places, seat.places[0])
        return office.having(
            places=places if index % 5 == 0 else office.places,
            org=key,
            habits={"weekend": 0.15, "sleep": max(office.habits.sleep, 3.0)},
            proofs={
                "email_domain": domain,
                "cards": (key,),
                "issued": egress.country,
                "prepaid": 0.0,
                "document": 0,
                "mfa": 0.8,
                "domain": 0.3,
                "business": 0.1,
                "program": "",
                "referrer": "",
            },
        )
