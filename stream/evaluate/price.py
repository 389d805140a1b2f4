"""What a million exchanges cost an attacker, in accounts and money, with and without defence.

After SEAT (2021): a defence is worth the factor by which it raises the attacker's cost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from simulate.identity import account_events
from simulate.population import Population
from stream.evaluate.figures import Reach

# US dollars; all assumed, and told in docs/benchmarks.md. Only ratios of results matter.
MAILBOX = 0.05
LINE = 1.50  # a residential exit and a browser profile of its own, for an account's life
PHONE = 0.30  # one number at a reseller of verification codes
CARD = 4.00  # virtual or prepaid, beside what is charged to it
DOCUMENT = 25.00  # an identity that passes a check
BUSINESS = 150.00
DOMAIN = 10.00
TAKEN = 12.00  # somebody's old account, instead of all of the above but the line

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million exchanges. None: not to be had, since every exchange was prevented."""

    accounts_free: float  # accounts, without any defence
    dollars_free: float
    accounts: float | None
    dollars: float | None
    multiplier: float | None


def price(population: Population, reach: Reach) -> Price | None:
    """The price to the attack that `reach` tells of; None where it made no exchange.

    An account that is lost is bought anew, at the same price and for as many exchanges as the
    lost one got. What is charged for the exchanges themselves is left out on both sides.
    """
    if not reach.exchanges:
        return None
    accounts = reach.accounts * _MILLION / reach.exchanges
    dollars = _outlay(population, reach.cohort) * accounts
    passed = 1.0 - reach.prevented
    return Price(
        accounts_free=accounts,
        dollars_free=dollars,
        accounts=accounts / passed if passed else None,
        dollars=dollars / passed if passed else None,
        multiplier=1.0 / passed if passed else None,
    )


def _outlay(population: Population, cohort: str) -> float:
    """US dollars per account of an attack, from what its accounts showed; shared things once."""
    members = [a for a in population.accounts() if a.cohort == cohort]
    bought = [member for member in members if member.begins is None]
    events = (e for member in bought for e in account_events(member, population.world))
    taken = len(members) - len(bought)
    total = len(members) * LINE + taken * TAKEN + len(bought) * MAILBOX + _proofs(events)
    return total / len(members)


def _proofs(events: Iterable[dict[str, Any]]) -> float:
    worth = {
        "phone.verified": ("phone", PHONE),
        "payment_method.added": ("fingerprint", CARD),
        "identity.checked": ("document_hash", DOCUMENT),
        "business.checked": ("registration_number", BUSINESS),
        "domain.verified": ("domain", DOMAIN),
    }
    shown = {
        (event["type"], event[worth[event["type"]][0]])
        for event in events
        if event["type"] in worth
    }
    return sum(worth[kind][1] for kind, _ in shown)
