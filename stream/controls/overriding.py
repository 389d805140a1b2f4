"""What people may order about accounts, networks and organisations."""

from typing import TYPE_CHECKING, Final

import msgspec

from schemas.controls import LONGEST_MS, Override, Subject
from schemas.decisions import Action
from schemas.errors import ConfigurationError
from schemas.events import parse_ip
from stream.controls.campaigns import OrderRefusedError
from stream.decode.hashing import KeyedHasher
from stream.settings import Settings

if TYPE_CHECKING:  # it needs Kafka's client and the models', which who only looks need not load
    from stream.controls.acting import Acting

MOST_ACCOUNT: Final = 128
# What counts as one network, by the length of an address in bytes: see stream/decode/hashing.py.
_PREFIX: Final = {4: "24", 16: "48"}


class Overriding:
    """Gives orders about whoever a subject names. `hasher`: none where no pepper is set, and
    networks cannot be named."""

    def __init__(self, acting: "Acting", hasher: KeyedHasher | None) -> None:
        self._acting = acting
        self._hasher = hasher

    def holding(self) -> list[Override]:
        """What holds now, the one that ends first first."""
        now = self._acting.now()
        found = [one for one in self._acting.controls.overrides if now < one.expires_at]
        return sorted(found, key=lambda one: (one.expires_at, one.key))

    async def set(
        self, subject: Subject, named: str, action: Action, lasts: int, author: str, reason: str
    ) -> Override:
        """Pin an action for `lasts` ms, in place of whatever was pinned before.

        Raises OrderRefusedError, ConfigurationError, EmitError or StoreError.
        """
        if not 0 < lasts <= LONGEST_MS:
            raise OrderRefusedError(f"an override lasts {LONGEST_MS // 86_400_000} days at most")
        value = self._value(subject, named)
        ts = self._moment(subject, value)
        override = Override(
            subject=subject,
            value=value,
            action=action,
            author=author,
            reason=reason,
            ts=ts,
            expires_at=ts + lasts,
        )
        await self._acting.override(override)
        return override

    async def lift(self, subject: Subject, named: str, author: str, reason: str) -> Override:
        """End what is pinned: the evidence decides again. As `set`, and OrderRefusedError where
        nothing is pinned."""
        value = self._value(subject, named)
        held = self._acting.controls.about(subject).get(value)
        if held is None:
            raise OrderRefusedError(f"nothing is pinned for {subject} {named}")
        ts = self._moment(subject, value)
        lifted = msgspec.structs.replace(held, author=author, reason=reason, ts=ts, lifted=True)
        await self._acting.override(lifted)
        return lifted

    def _moment(self, subject: Subject, value: str) -> int:
        """Later than what was ordered before, since whom it is about and a time name an order."""
        held = self._acting.controls.about(subject).get(value)
        return max(self._acting.now(), held.ts + 1 if held else 0)

    def _value(self, subject: Subject, named: str) -> str:
        if subject == "network":
            return self._network(named)
        if "\0" in named or (subject == "account" and len(named) > MOST_ACCOUNT):
            raise OrderRefusedError(f"an {subject} has at most {MOST_ACCOUNT} characters, no NUL")
        return named

    def _network(self, named: str) -> str:
        if self._hasher is None:
            raise ConfigurationError("networks are known by keyed hashes: set the workers' pepper")
        address, _, prefix = named.partition("/")
        try:
            length = _PREFIX[len(parse_ip(address))]
        except ValueError as error:
            raise OrderRefusedError("a network is an address, or one with its prefix") from error
        if prefix not in {"", length}:
            raise OrderRefusedError(f"a network of such addresses has the prefix /{length}")
        return f"{self._hasher.network(address):016x}"


def hasher(settings: Settings) -> KeyedHasher | None:
    """Of the workers' pepper; None where it is not set."""
    return KeyedHasher(settings.pepper_bytes()) if settings.pepper else None
