"""Cards, and what is paid with them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from simulate.chance import key_of
from simulate.networks import HOME
from simulate.proofs import Proofs
from simulate.world import DAY_MS

Fact = dict[str, Any]

# Card issuers by popularity: the first tenth of the ranges issues half of the cards.
_RANGES = 1_500
_MINUTE = 60_000


def card_of(key: int, country: str, proofs: Proofs) -> Fact:
    """A card by its key: the same key is the same card for everyone who adds it."""
    rng = np.random.Generator(np.random.PCG64(key))
    prepaid = rng.random() < proofs.prepaid
    kinds = ("prepaid",) if prepaid else ("credit", "debit", "debit", "unknown")
    card: Fact = {"fingerprint": f"{key:016x}", "funding": str(rng.choice(kinds))}
    if rng.random() < 0.8:
        card["country"] = country
    popular = int(_RANGES * rng.random() ** 3)
    if rng.random() < 0.7:
        bank = proofs.banks[key % len(proofs.banks)] if proofs.banks else popular
        card["bin"] = str(400_000 + bank * 97)
        card["issuer"] = f"Bank {bank % 83}"
    return card


def payments(
    rng: np.random.Generator, account: int, proofs: Proofs, name: str, added: int, end: int
) -> Iterator[tuple[int, str, Fact]]:
    """A card added at `added` to the account with key `account`, charged each month until `end`."""
    shared = proofs.cards
    key = shared[int(rng.integers(len(shared)))] if shared else key_of(account, "card")
    # A shared card has one country, whoever adds it.
    elsewhere = proofs.issued or HOME[key % len(HOME)].country
    card = card_of(key, elsewhere if shared else proofs.country, proofs)
    holder = {"name": name} if rng.random() < 0.5 else {}
    yield added, "payment_method.added", card | holder
    paid = {"fingerprint": card["fingerprint"]}
    amount = round(float(proofs.spend_usd * rng.lognormal(0, 0.6)), 2)
    for month in range(int(max(0, end - added) // (30 * DAY_MS)) + 1):
        failed = rng.random() < proofs.payment_failed
        kind = "payment.failed" if failed else "payment.succeeded"
        yield added + _MINUTE + month * 30 * DAY_MS, kind, paid | {"amount_usd": amount}
        if not failed and rng.random() < proofs.payment_failed / 20:
            when = added + int((month * 30 + rng.uniform(5, 40)) * DAY_MS)
            yield when, "payment.disputed", paid
