"""A key for each account: it seals what the chain holds about it, and is destroyed to erase it.

Keys lie in the store, without an end: what has no key can never be read again.
"""

import asyncio
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Iterable
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from schemas.errors import StoreError
from stream.keys import shard

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12  # what AES-GCM takes; 2^32 random ones a key are safe (NIST SP 800-38D)
AT_ONCE: Final = 64


class UnreadableError(StoreError):
    """No key opens it: the account was erased, or the record is of another one."""


class Keyring(Protocol):
    """Where the keys are. Methods raise StoreError."""

    async def keys(self, accounts: Iterable[str]) -> dict[str, bytes]:
        """The key of each account, made where there is none yet."""

    async def find(self, account: str) -> bytes | None:
        """The key of an account, None when there is none any more."""

    async def destroy(self, account: str) -> None:
        """Make everything sealed with the account's key unreadable, for good."""


class StoreKeyring:
    """Keys in Redis or Valkey."""

    def __init__(self, client: "Redis | RedisCluster") -> None:
        self._client = client

    async def keys(self, accounts: Iterable[str]) -> dict[str, bytes]:
        """As Keyring.keys; two writers at once agree on one key."""
        wanted = list(dict.fromkeys(accounts))
        found: dict[str, bytes] = {}
        for at in range(0, len(wanted), AT_ONCE):
            some = wanted[at : at + AT_ONCE]
            found |= zip(some, await asyncio.gather(*map(self._key, some)), strict=True)
        return found

    async def find(self, account: str) -> bytes | None:
        """As Keyring.find."""
        found: bytes | None = await _answer(self._client.get(audit_key(account)))
        return found

    async def destroy(self, account: str) -> None:
        """As Keyring.destroy."""
        await _answer(self._client.delete(audit_key(account)))

    async def _key(self, account: str) -> bytes:
        fresh = secrets.token_bytes(KEY_BYTES)
        asked = self._client.set(audit_key(account), fresh, nx=True, get=True)
        held: bytes | None = await _answer(asked)
        return held or fresh


async def _answer(asked: Awaitable[Any]) -> Any:
    try:
        return await asked
    except (RedisError, OSError) as error:
        raise StoreError(f"the keys of the audit: {error}") from error


def audit_key(account: str) -> str:
    """Where the store has the key of an account."""
    return f"sg:{{{shard(account)}}}:k:{account}"


def subject(key: bytes, account: str) -> str:
    """What stands for the account in its records, as long as its key exists."""
    return hmac.digest(key, account.encode(), "sha256")[:16].hex()


def seal(key: bytes, content: bytes, place: bytes) -> str:
    """Encrypt what a record holds; `place` binds it to the record, so that it fits no other."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return b64encode(nonce + AESGCM(key).encrypt(nonce, content, place)).decode()


def unseal(key: bytes, sealed: str, place: bytes) -> bytes:
    """Undo `seal`. Raises UnreadableError when the key or the place is another."""
    raw = b64decode(sealed)
    try:
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place)
    except InvalidTag:
        raise UnreadableError("sealed with another key") from None
