"""Who decides: the roles of a store's bundles, and the acts that change them. Pure."""

from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from schemas.errors import ConfigurationError

MOST_SHADOWS: Final = 3  # each of them scores every event once more
NOBODY: Final = ""

# A version names a folder of the store: nothing else may.
Version = Annotated[str, Meta(pattern=r"\A(bundle-[0-9a-f]{12})?\Z")]
Share = Annotated[float, Meta(ge=0, lt=1)]


class Roles(Struct, frozen=True, forbid_unknown_fields=True):
    """What each bundle does; NOBODY where a role is free.

    current: decides; previous: decided before; candidate: decides about `share` of the accounts,
    since `since` ms (wall clock); shadows: score everything and decide nothing.
    """

    current: Version = NOBODY
    previous: Version = NOBODY
    candidate: Version = NOBODY
    share: Share = 0.0
    since: int = 0
    shadows: tuple[Version, ...] = ()

    @property
    def beside(self) -> tuple[str, ...]:
        """Those that are compared with the current one."""
        return tuple(version for version in (self.candidate, *self.shadows) if version)

    def promote(self, bundle: str) -> "Roles":
        """Let it decide. A canary ends with that: it was compared with what decided before."""
        if bundle == self.current:
            raise ConfigurationError(f"{bundle} is the current bundle already")
        return Roles(bundle, self.current, shadows=self._without(bundle))

    def try_out(self, bundle: str, share: float, now: int) -> "Roles":
        """Let it decide about a share of the accounts, in place of the candidate before."""
        self._refuse_alone(bundle)
        if not 0.0 < share < 1.0:
            raise ConfigurationError(f"a canary's share is above 0 and below 1, not {share}")
        told = {"candidate": bundle, "share": share, "since": now}
        return msgspec.structs.replace(self, **told, shadows=self._without(bundle))

    def shadow(self, bundle: str) -> "Roles":
        """Let it score everything and decide nothing."""
        self._refuse_alone(bundle)
        if bundle in self.beside:
            raise ConfigurationError(f"{bundle} is the candidate or a shadow already")
        if len(self.shadows) == MOST_SHADOWS:
            raise ConfigurationError(f"there are {MOST_SHADOWS} shadows: withdraw one of them")
        return msgspec.structs.replace(self, shadows=(*self.shadows, bundle))

    def roll_back(self) -> "Roles":
        """End the canary; without one, let the bundle before decide again."""
        if self.candidate:
            return self.withdraw(self.candidate)
        if not self.previous:
            raise ConfigurationError("no canary, and no bundle decided before: nothing to undo")
        return Roles(self.previous, shadows=self._without(self.previous))

    def withdraw(self, bundle: str) -> "Roles":
        """Take the candidate, or a shadow, from its role."""
        if not bundle or bundle not in self.beside:
            raise ConfigurationError(f"{bundle} is neither the candidate nor a shadow")
        if bundle == self.candidate:
            return msgspec.structs.replace(self, candidate=NOBODY, share=0.0, since=0)
        return msgspec.structs.replace(self, shadows=self._without(bundle))

    def _without(self, bundle: str) -> tuple[str, ...]:
        return tuple(version for version in self.shadows if version != bundle)

    def _refuse_alone(self, bundle: str) -> None:
        if not self.current:
            raise ConfigurationError("no bundle decides yet: promote one first")
        if bundle == self.current:
            raise ConfigurationError(f"{bundle} is the current bundle")


What = Literal["promote", "canary", "shadow", "rollback"]


class Deed(NamedTuple):
    """Who acts, why, and when (ms)."""

    author: str
    reason: str
    now: int


class Act(Struct, frozen=True, forbid_unknown_fields=True):
    """One change of the roles: what was done with which bundle, by whom and why, ms."""

    at: int
    act: What
    bundle: Version
    author: str
    reason: str
    roles: Roles
