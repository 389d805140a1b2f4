"""All accounts of a run as columns, so that an hour of everybody is made in a few array steps."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from simulate.accounts import Account
from simulate.addresses import Addresses
from simulate.chance import Floats, Keys
from simulate.fill import FILL
from simulate.habits import Habits
from simulate.places import Place

# Slots of a deck. 16 resolve a share of 6 %; a rarer habit is left out of an account's deck.
SLOTS = 16
HABITS = tuple(f.name for f in fields(Habits))


class Strings:
    """Strings by number, each kept once."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self.known.setdefault(text, len(self.known))

    def listed(self) -> list[str]:
        return list(self.known)


def _deal(values: tuple[int | float, ...]) -> list[int | float]:
    """A tuple of any length as SLOTS slots, each value with nearly its share."""
    return [values[i * len(values) // SLOTS] for i in range(SLOTS)]


@dataclass(frozen=True, slots=True)
class Places:
    """Every place of every account; accounts point into it."""

    addresses: Addresses
    asn: NDArray[np.int64]
    country: list[str]
    device: list[str | None]
    user_agent: list[str]
    tls: list[str]

    @classmethod
    def of(cls, places: list[Place]) -> "Places":
        return cls(
            Addresses(places),
            np.array([p.network.asn for p in places], np.int64),
            [p.network.country for p in places],
            [p.device or None for p in places],
            [p.client.user_agent for p in places],
            [p.client.tls for p in places],
        )


@dataclass(frozen=True, slots=True)
class Roster:
    """A rows, one per hand of an account: one number per habit, and decks of SLOTS for what it
    chooses."""

    ids: list[str]
    orgs: list[str | None]
    key: Keys  # uint64[A] of the hand
    ring: Keys  # uint64[A] of the account, whose API keys every hand uses
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    api_keys: NDArray[np.int64]
    habits: dict[str, Floats]  # float64[A] each
    fill: NDArray[np.float32]  # [A, len(FILL)]
    decks: dict[str, NDArray[np.uint64]]  # [A, SLOTS] each; strings by number
    temperatures: NDArray[np.float32]  # [A, SLOTS], NaN for absent
    places: Places
    strings: list[str]

    @classmethod
    def of(cls, accounts: Iterable[Account], provider: dict[str, float]) -> "Roster":
        """The columns of `accounts`; `provider` holds shares that scale the presence of fields."""
        return _Builder(provider).add(accounts).build()


class _Builder:
    def __init__(self, provider: dict[str, float]) -> None:
        self.provider = provider
        self.strings = Strings()
        self.places: list[Place] = []
        self.plain: list[tuple[str, str | None, int, int, int, int, int]] = []
        self.habits: list[list[float]] = []
        self.fill: list[list[float]] = []
        self.temperatures: list[list[float]] = []
        self.decks: dict[str, list[list[int]]] = {}

    def add(self, accounts: Iterable[Account]) -> "_Builder":
        for account in accounts:
            for hand in account.hands():
                self._plain(account, hand)
                self._decks(hand)
        return self

    def _plain(self, account: Account, a: Account) -> None:
        org = None if account.org is None else f"org_{account.org:016x}"
        plain = (account.account_id, org, a.key, account.key, a.first, a.last, a.api_keys)
        self.plain.append(plain)
        self.habits.append([getattr(a.habits, name) for name in HABITS])
        shares = FILL | a.fill
        self.fill.append([shares[name] * self.provider.get(name, 1.0) for name in FILL])

    def _decks(self, a: Account) -> None:
        work, start = a.work, len(self.places)
        self.places.extend(a.places)
        number = self.strings.number
        texts = {
            "capability": work.capabilities,
            "model": work.models,
            "endpoint": work.endpoints,
        }
        dealt = {name: tuple(map(number, deck)) for name, deck in texts.items()} | {
            "place": tuple(range(start, start + len(a.places))),
            "family": work.families or (a.key,),
            "system": work.systems,
            # 0 stands for absent: nobody asks for an answer of no tokens.
            "max_tokens": tuple(m or 0 for m in work.max_tokens),
        }
        for name, deck in dealt.items():
            self.decks.setdefault(name, []).append([int(v) for v in _deal(deck)])
        self.temperatures.append(
            _deal(tuple(np.nan if t is None else t for t in work.temperatures))
        )

    def build(self) -> Roster:
        ids, orgs, key, ring, first, last, api_keys = zip(*self.plain, strict=True)
        columns = np.array(self.habits, np.float64).T.copy()
        return Roster(
            list(ids),
            list(orgs),
            np.array(key, np.uint64),
            np.array(ring, np.uint64),
            np.array(first, np.int64),
            np.array(last, np.int64),
            np.array(api_keys, np.int64),
            dict(zip(HABITS, columns, strict=True)),
            np.array(self.fill, np.float32),
            {name: np.array(deck, np.uint64) for name, deck in self.decks.items()},
            np.array(self.temperatures, np.float32),
            Places.of(self.places),
            self.strings.listed(),
        )
