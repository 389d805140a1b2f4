"""Free credit by the lot: farms that differ in every single thing they show."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulate.abuse.credit_farmers import CreditFarmers
from simulate.accounts import Account
from simulate.clients import BROWSER, CURL, PYTHON
from simulate.habitats import device
from simulate.networks import HOME, MOBILE, Network
from simulate.people import JUNK_NAMES, THROW_AWAY, firm_domain, free_mail
from simulate.places import Place, pick, server, tunnel
from simulate.proofs import Proofs
from simulate.world import DAY_MS, HOUR_MS, World

_PROGRAMS: Final = ("education", "research", "startup")
_SPREAD: Final = 0.5  # sd of ln of the gap between two sign-ups of one lot


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """Accounts that are signed up in lots of `lot` within `lot_h` hours each, to spend the credit
    that a trial gives. Every knob is a share of its accounts, or how many accounts share a thing.

    `listed` has throw-away mailboxes, `fresh` those of domains bought for it, `per_domain`
    accounts each, the rest free mail; `handle`: see simulate/people.py. `phone` shows a number,
    `voip` of these one of internet telephony, `block` one of the lot's. `per_machine` accounts
    share a device, `per_line` a line; `hosted` sign up from servers, `hidden` over a VPN. `alike`
    use one client of the lot. `card` shows a card, `prepaid` of these one without a name,
    `per_card` accounts the same. `junk` types a name along the keys; `link` follows a link of the
    lot; `claims` says to belong to a program; `quiet` tells no mailbox at sign-up.
    """

    name: str = "farm"
    share: float = 0.03
    lot: int = 30
    lot_h: float = 6.0
    listed: float = 0.3
    fresh: float = 0.2
    per_domain: int = 10
    handle: str = "random"
    phone: float = 0.3
    voip: float = 0.7
    block: float = 0.3
    per_machine: int = 1
    per_line: int = 1
    hosted: float = 0.1
    hidden: float = 0.1
    alike: float = 0.5
    card: float = 0.05
    prepaid: float = 0.7
    per_card: int = 1
    junk: float = 0.1
    link: float = 0.2
    claims: float = 0.0
    quiet: float = 0.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, "own", index)
        lot = world.generator(self.name, "lot", index // self.lot)
        place, created = self._place(world, rng, lot, index), self._created(world, rng, lot)
        single = CreditFarmers(name=self.name, share=self.share, per_machine=1)
        return single.member(world, index).having(
            created=created,
            first=created + int(rng.exponential(HOUR_MS / 2)),
            last=min(world.end, created + int((0.2 + rng.exponential(2.0)) * DAY_MS)),
            places=(place,),
            proofs=self._shown(world, rng, index, place.network.country),
        )

    def _created(self, world: World, rng: np.random.Generator, lot: np.random.Generator) -> int:
        span = int(self.lot_h * HOUR_MS * lot.lognormal(0, _SPREAD))
        begins = world.start + int(lot.random() * 0.9 * world.days * DAY_MS)
        return min(begins + int(rng.random() * span), world.end - HOUR_MS)

    def _place(
        self, world: World, rng: np.random.Generator, lot: np.random.Generator, index: int
    ) -> Place:
        """One's own line and device, or those of a machine and a line of the farm's."""
        shared, every = pick(lot, (*PYTHON, *CURL, *BROWSER), 1.0), (*PYTHON, *CURL, *BROWSER)
        client = shared if rng.random() < self.alike else pick(rng, every, 1.0)
        machine = world.generator(self.name, "machine", index // self.per_machine)
        unit = device(machine) if machine.random() < 0.7 else ""
        way = rng.random()
        if way < self.hosted:
            return server(rng, client)
        if way < self.hosted + self.hidden:
            return tunnel(rng, client, unit)
        line = world.generator(self.name, "line", index // self.per_line)
        network: Network = pick(line, (*HOME, *MOBILE))
        return Place(network, client, int(line.integers(1 << 62)), 7 * DAY_MS, unit)

    def _shown(
        self, world: World, rng: np.random.Generator, index: int, country: str
    ) -> dict[str, object]:
        lot = world.key(self.name, "lot", index // self.lot)
        shown = Proofs(
            email_domain=self._domain(world, rng, index),
            country=country,
            handle=self.handle,
            verified=0.9,
            phone=self.phone,
            voip=self.voip,
            block=lot if rng.random() < self.block else 0,
            card=self.card,
            cards=(world.key(self.name, "card", index // self.per_card),)
            if self.per_card > 1
            else (),
            prepaid=self.prepaid,
            payment_failed=0.4,
            mfa=0.02,
            identity=0.0,
            pseudonym=str(rng.choice(JUNK_NAMES)) if rng.random() < self.junk else "",
            referrer=f"link-{lot % 1000}" if rng.random() < self.link else "",
            program=str(rng.choice(_PROGRAMS)) if rng.random() < self.claims else "",
            quiet=self.quiet,
            logins_per_week=0.5,
        )
        return {name: getattr(shown, name) for name in Proofs.__dataclass_fields__}

    def _domain(self, world: World, rng: np.random.Generator, index: int) -> str:
        kind, nth = rng.random(), index // self.per_domain
        if kind < self.listed:
            return str(world.generator(self.name, "listed", nth).choice(THROW_AWAY))
        if kind < self.listed + self.fresh:
            return firm_domain(world.generator(self.name, "fresh", nth))
        return free_mail(rng)
