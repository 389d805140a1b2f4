"""What a population is composed of."""

from typing import Protocol

from simulate.accounts import Account
from simulate.world import World


class Cohort(Protocol):
    """Accounts that live alike. A cohort is a frozen dataclass whose fields are its knobs."""

    @property
    def name(self) -> str:
        """Unique in a scenario; part of every member's seed, and the `cohort` of the truth."""
        ...

    @property
    def share(self) -> float:
        """Members of this cohort per account of the scenario, before rounding."""
        ...

    def member(self, world: World, index: int) -> Account:
        """The account number `index`, made from (seed, name, index) and from nothing else."""
        ...
