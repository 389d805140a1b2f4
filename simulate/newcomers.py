"""Providers whose newcomers differ in everything that a sign-up shows, to learn from."""

from dataclasses import replace
from typing import Final

import numpy as np

from simulate.abuse.campaigns import Campaign
from simulate.abuse.credit_farmers import CreditFarmers
from simulate.abuse.farms import Farm
from simulate.abuse.stolen_keys import StolenKeys
from simulate.abuse.trace_scrapers import TraceScrapers
from simulate.configurations import CONFIGURATIONS, Cohorts
from simulate.honest.chat import ChatPeople
from simulate.honest.manners import Manners
from simulate.scenarios import Scenario

# Farms of sizes that no other scenario has, whose farms have six accounts.
_PER_MACHINE: Final = (2, 3, 4, 9, 14)
_FARMS: Final = 3  # beside that one
_LOTS: Final = (8, 15, 40)
_LOT_HOURS: Final = (0.5, 3.0, 24.0, 96.0)
_HANDLES: Final = ("numbered", "short", "spoken", "random")
_SHARED: Final = (1, 1, 1, 2, 3, 5, 12)


def newcomers(seed: int, number: int, accounts: int, days: float) -> Scenario:
    """Provider `number`, one configuration after another, each with manners of its own; farms and
    campaigns from obvious to careful."""
    rng = np.random.default_rng((seed, number, len(_PER_MACHINE)))
    provider = tuple(CONFIGURATIONS.values())[number % len(CONFIGURATIONS)]
    machines = CreditFarmers(share=0.04, per_machine=int(rng.choice(_PER_MACHINE)))
    campaign = Campaign(share=float(rng.uniform(0.03, 0.1)), cards=int(rng.choice((0, 3, 12, 40))))
    manners = _manners(rng)
    people: Cohorts = (*provider.honest, StolenKeys(), TraceScrapers(), machines, campaign)
    farms = tuple(_farm(rng, nth, manners.quiet) for nth in range(_FARMS))
    cohorts: Cohorts = (*(replace(manners, of=cohort) for cohort in people), *farms)
    # Seeds of a range of their own: no population of another purpose is this one.
    own = (seed + 7_000) * 1_000 + number
    return Scenario(f"identity-{number}", accounts, days, cohorts, own, provider=provider.provider)


def _manners(rng: np.random.Generator) -> Manners:
    """What the honest people of one provider show, each thing drawn apart."""
    names = ("voip", "tagged", "aliased", "discreet", "junk", "hidden", "hosted")
    most = (0.2, 0.1, 0.05, 0.02, 0.05, 0.08, 0.04)
    shares = {name: float(rng.uniform(0, top)) for name, top in zip(names, most, strict=True)}
    return Manners(
        ChatPeople(),
        **shares,
        numbered=float(rng.choice((1.0, 0.6, 0.3))),
        cardless=float(rng.uniform(0, 0.5)),
        phoneless=float(rng.uniform(0, 0.8)),
        unnamed=bool(rng.random() < 0.5),
        doubled=float(rng.choice((0.0, 0.0, 0.03, 0.1))),
        masked=float(rng.uniform(0, 0.04)),
        quiet=float(rng.choice((0.0, 0.3, 1.0))),
    )


def _farm(rng: np.random.Generator, nth: int, quiet: float) -> Farm:
    """A farm of which every knob is drawn apart: what one does not share, another does."""

    def often(*shares: float) -> float:
        return float(rng.choice(shares))

    listed = often(0.0, 0.2, 0.5, 1.0)
    return Farm(
        name=f"farm-{nth}",
        share=0.02,
        lot=int(rng.choice(_LOTS)),
        lot_h=float(rng.choice(_LOT_HOURS)),
        listed=listed,
        fresh=(1.0 - listed) * often(0.0, 0.3, 1.0),
        per_domain=int(rng.choice((4, 10, 30))),
        handle=str(rng.choice(_HANDLES)),
        phone=often(0.0, 0.3, 0.8),
        voip=often(0.0, 0.5, 0.9),
        block=often(0.0, 0.0, 1.0),
        per_machine=int(rng.choice(_SHARED)),
        per_line=int(rng.choice(_SHARED)),
        hosted=often(0.0, 0.2, 0.8),
        hidden=often(0.0, 0.2),
        alike=often(0.0, 0.5, 1.0),
        card=often(0.0, 0.05, 0.6),
        prepaid=often(0.1, 0.9),
        per_card=int(rng.choice(_SHARED)),
        junk=often(0.0, 0.1, 0.6),
        link=often(0.0, 0.0, 0.8),
        claims=often(0.0, 0.0, 0.5),
        quiet=quiet,
    )
