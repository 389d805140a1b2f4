"""What the accounts of one campaign show of themselves."""

from dataclasses import dataclass

import numpy as np

from simulate.accounts import Account
from simulate.clients import AGENT, BROWSER, NODE, PYTHON
from simulate.habitats import device
from simulate.honest.coding_agents import open_coder
from simulate.honest.developers import PROGRAMS
from simulate.people import firm_domain, free_mail
from simulate.places import Place, home, pick, tunnel
from simulate.proofs import Proofs
from simulate.world import World

_CAMPUSES = ("mit.edu", "cam.ac.uk", "ethz.ch")
# Card ranges of virtual-card services that many honest people use as well.
_VIRTUAL = (11, 17, 23)


@dataclass(frozen=True, kw_only=True)
class Fronts:
    """What its members share, and what each has of its own. Counts are accounts per shared thing.

    `cards` accounts a card, for `paying` of them (0: everybody an own card, `virtual` of these
    from three services); `mailboxes` a mailbox in other spellings, `domains` a catch-all domain,
    `blocks` a block of VoIP numbers, `documents` a document (0: none is shared). `exits`: the
    share on VPN exits instead of an own line; `agent`: the share behind the client, TLS hello and
    system prompt of the popular agent; `program`: the share that came through education, security
    research or startup programs, the pathways published as most abused.
    """

    cards: int = 12
    paying: float = 0.6
    virtual: float = 0.3
    mailboxes: int = 0
    domains: int = 0
    blocks: int = 0
    documents: int = 0
    exits: float = 0.1
    agent: float = 0.0
    program: float = 0.08

    def places(self, rng: np.random.Generator) -> tuple[Place, ...]:
        """An own residential line, or a VPN's exits; a user agent is what everybody has."""
        client = pick(rng, AGENT) if rng.random() < self.agent else pick(rng, (*PYTHON, *NODE), 1.5)
        unit = device(rng) if rng.random() < 0.2 else ""
        usual = (tunnel if rng.random() < self.exits else home)(rng, client, unit)
        if client in AGENT or rng.random() < 0.8:
            return (usual,)
        return (usual, home(rng, pick(rng, BROWSER)))

    def proofs(
        self, world: World, name: str, rng: np.random.Generator, index: int, country: str
    ) -> Proofs:
        """The proofs of member `index`, whose line is in `country`."""

        def shared(what: str, accounts: int) -> int:
            """One of four things that four times as many accounts share: as many each, however
            large the scenario is."""
            nth = int(rng.integers(4))
            return world.key(name, what, index // (4 * accounts), nth) if accounts else 0

        card = shared("card", self.cards) if rng.random() < self.paying else 0
        virtual = rng.random() < self.virtual
        document = shared("document", self.documents)
        program = str(rng.choice(PROGRAMS[:3])) if rng.random() < self.program else ""
        return Proofs(
            email_domain=self._domain(rng, program, shared("domain", self.domains)),
            country=country,
            mailbox=shared("mailbox", self.mailboxes),
            card=0.35 if program else 0.75,
            cards=(card,) if card else (),
            banks=_VIRTUAL if virtual and not card else (),
            prepaid=0.2,
            phone=0.4,
            voip=0.25,
            block=shared("block", self.blocks),
            mfa=0.1,
            identity=0.1 if document else 0.03,
            document=document,
            payment_failed=0.06,
            spend_usd=20.0,
            logins_per_week=0.6,
            referrer=str(rng.choice(("", "", "", "docs", "search"))),
            program=program,
        )

    def _domain(self, rng: np.random.Generator, program: str, catch_all: int) -> str:
        if catch_all:
            return firm_domain(np.random.default_rng(catch_all))
        if program == "education" and rng.random() < 0.5:
            return str(rng.choice(_CAMPUSES))
        return free_mail(rng) if rng.random() < 0.8 else firm_domain(rng)

    @staticmethod
    def disguised(account: Account, world: World) -> Account:
        """With the popular agent's system prompt, where its client is used."""
        if account.places[0].client not in AGENT:
            return account
        return account.having(
            work={"systems": (open_coder(world, "system prompt"),)},
            habits={"tools": 14.0, "tool_calls": 1.0, "streamed": 1.0},
        )
