"""An account of the simulated world: who it is, how it works and where it works from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simulate.habits import Habits, Work
from simulate.places import Place
from simulate.proofs import Proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account; `key` decides everything about its requests. Times in ms."""

    account_id: str
    key: int
    cohort: str
    created: int
    first: int  # its requests lie in [first, last)
    last: int
    habits: Habits
    work: Work
    places: tuple[Place, ...]
    proofs: Proofs
    fill: dict[str, float] = field(default_factory=dict)
    abusive: bool = False
    campaign: str | None = None
    api_keys: int = 1  # 0: only ever through the app
    org: int | None = None  # key of an organisation, shared by its members
    # Whoever else uses the account: a thief, a reseller's customers. Only their habits, work,
    # places, fill and span count; the rest is the account's.
    others: tuple["Account", ...] = ()
    begins: int | None = None  # the abuse, where the account was honest before
    innocent: float = 0.0  # share of the requests of an abusive account, from then on

    def hands(self) -> Iterator["Account"]:
        """Everybody who works through this account."""
        yield self
        yield from self.others

    def having(
        self,
        *,
        habits: Mapping[str, Any] | None = None,
        work: Mapping[str, Any] | None = None,
        proofs: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> "Account":
        """This account with some of its fields, habits, work or proofs replaced."""
        return replace(
            self,
            habits=replace(self.habits, **habits or {}),
            work=replace(self.work, **work or {}),
            proofs=replace(self.proofs, **proofs or {}),
            **fields,
        )
