"""People as they differ from provider to provider in what they show at sign-up."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simulate.accounts import Account
from simulate.cohort import Cohort
from simulate.moves import met_at
from simulate.networks import HOSTING, VPN
from simulate.people import FREE_MAIL, JUNK_NAMES, THROW_AWAY
from simulate.places import pick
from simulate.world import World

# How many accounts one person has, by blocks of as many accounts as every size divides.
_SIZES: Final = (2, 3, 2, 4)
_BLOCK: Final = 12
# Services that pass mail on to somebody's own mailbox: lists do not know them.
_ALIASES: Final = ("simplelogin.com", "slmail.me", "mozmail.com", "passmail.net", "duck.com")


@dataclass(frozen=True, slots=True)
class Manners:
    """A cohort whose people show other things, one by one, by shares of all of them: `voip` of the
    phones; `tagged` sign up with a plus tag; `aliased` behind a service that passes mail on,
    `discreet` with a throw-away mailbox; `junk` types a name along the keys; `hidden` and `hosted`
    come over a VPN or from a rented desktop; `numbered` has a number in the mailbox's name;
    `cardless` and `phoneless` never show what others do. `unnamed`: organisations are not told.
    `doubled`: of twos to fours of accounts, those that are one person's, who signs up again on the
    same device and line, half of them with the same mailbox, half with the same card. `masked` hide
    behind a mailbox whose name says nothing, as makers of devices give them; `quiet` tell no
    mailbox at sign-up, abusers too, since that is how a provider lets people in.
    """

    of: Cohort
    voip: float = 0.02
    tagged: float = 0.02
    aliased: float = 0.0
    discreet: float = 0.0
    junk: float = 0.0
    hidden: float = 0.0
    hosted: float = 0.0
    numbered: float = 1.0
    cardless: float = 0.0
    phoneless: float = 0.0
    unnamed: bool = False
    doubled: float = 0.0
    masked: float = 0.0
    quiet: float = 0.0

    @property
    def name(self) -> str:
        """The cohort's."""
        return self.of.name

    @property
    def share(self) -> float:
        """The cohort's."""
        return self.of.share

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, "manners", index)
        account = self.of.member(world, index)
        shown, way = self._shown(rng, account), rng.random()
        if account.abusive:  # what else an abuser shows is the cohort's own
            return account.having(proofs={name: shown[name] for name in ("handle", "quiet")})
        if way < self.hidden:
            account = met_at(account, pick(rng, VPN))
        elif way < self.hidden + self.hosted:
            account = met_at(account, pick(rng, HOSTING))
        account = account.having(org=None if self.unnamed else account.org, proofs=shown)
        return self._again(world, index, account)

    def _again(self, world: World, index: int, account: Account) -> Account:
        """The same account, or where one person has several, one of these."""
        size = _SIZES[index // _BLOCK % len(_SIZES)]
        first = index - index % size
        person = world.generator(self.name, "person", first)
        if person.random() >= self.doubled:
            return account
        one = self.of.member(world, first)
        key = world.key(self.name, "person", first)
        has_one_mailbox, has_one_card = person.random(2) < 0.5
        held = {"mailbox": key if has_one_mailbox else 0, "cards": (key,) if has_one_card else ()}
        return account.having(places=one.places, proofs={"country": one.proofs.country, **held})

    def _shown(self, rng: np.random.Generator, account: Account) -> dict[str, Any]:
        """Drawn in one order, so that each knob changes only its own."""
        draw = rng.random(7).tolist()
        proofs = account.proofs
        domain = proofs.email_domain
        if domain in FREE_MAIL and draw[0] < self.aliased:
            domain = str(rng.choice(_ALIASES))
        elif domain in FREE_MAIL and draw[0] < self.aliased + self.discreet:
            domain = str(rng.choice(THROW_AWAY))
        numbered = "numbered" if draw[2] < 0.6 else "short"
        handle = numbered if draw[3] < self.numbered else "spoken"
        return {
            "email_domain": domain,
            "quiet": self.quiet,
            "voip": self.voip,
            "tagged": self.tagged,
            "pseudonym": str(rng.choice(JUNK_NAMES)) if draw[1] < self.junk else "",
            "handle": "random" if draw[6] < self.masked else handle,
            "card": 0.0 if draw[4] < self.cardless else proofs.card,
            "phone": 0.0 if draw[5] < self.phoneless else proofs.phone,
        }
