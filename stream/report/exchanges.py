"""The members' requests, counted as they stream by: memory grows with accounts and hours."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from schemas.decisions import Action
from schemas.wire import RequestWire
from stream.decode.geography import Geography
from stream.remember.repeats import GRACE_MS

HOUR_MS: Final = 3_600_000
RANKS: Final = len(Action)


@dataclass(slots=True)
class Account:
    """What one member asked: exchanges, first and last, and ids seen in the last minutes."""

    exchanges: int = 0
    first: int = 0
    last: int = 0
    recent: dict[str, int] = field(default_factory=dict)

    def repeats(self, event_id: str, ts: int) -> bool:
        """Whether this is an event that was counted: the same id within GRACE_MS."""
        old = []
        for known, at in self.recent.items():
            if abs(ts - at) <= GRACE_MS:  # a clock that was ahead once must not keep all ids
                break
            old.append(known)
        for known in old:
            del self.recent[known]
        if event_id in self.recent:
            return True
        self.recent[event_id] = ts
        return False


@dataclass(slots=True)
class Exchanges:
    """Sums over one campaign. An exchange is a request that the gateway answered with 2xx.

    before: those before `detected_at`; after: the others, by the action that stood; hours: all of
    them by hour since the epoch, one number for each action.
    """

    detected_at: int
    geography: Geography
    requests: int = 0
    exchanges: int = 0
    declined: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_reasoning: int = 0
    before: int = 0
    after: list[int] = field(default_factory=lambda: [0] * RANKS)
    hours: dict[int, list[int]] = field(default_factory=dict)
    capabilities: "Counter[str]" = field(default_factory=Counter)
    models: "Counter[str]" = field(default_factory=Counter)
    countries: "Counter[str]" = field(default_factory=Counter)
    places: dict[str, set[str]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def count(self, event: RequestWire, standing: Action) -> None:
        """Take in a request of a member; `standing`: the action that met it."""
        account = self.accounts.setdefault(event.account_id, Account(0, event.ts, event.ts))
        if account.repeats(event.event_id, event.ts):
            return
        account.first, account.last = min(account.first, event.ts), max(account.last, event.ts)
        self.requests += 1
        if (200 if event.status is None else event.status) // 100 == 2:
            account.exchanges += 1
            self._exchange(event, standing)

    def _exchange(self, event: RequestWire, standing: Action) -> None:
        self.exchanges += 1
        if event.ts < self.detected_at:
            self.before += 1
        else:
            self.after[standing.rank] += 1
        self.declined += event.refused is True
        self.tokens_in += event.input_tokens or 0
        self.tokens_out += event.output_tokens or 0
        self.tokens_reasoning += event.reasoning_tokens or 0
        self.hours.setdefault(event.ts // HOUR_MS, [0] * RANKS)[standing.rank] += 1
        self.capabilities[event.capability or ""] += 1
        self.models[event.model] += 1
        country = event.country or self.geography.locate(event.ip)[1]
        self.countries[country] += 1
        self.places.setdefault(country, set()).add(event.account_id)
