"""Names as they are kept for screening against the lists of tomorrow: sealed, one key each.

A key is worked out from the pepper, the account and a salt that lies beside the sealed name only:
without the pepper the store says nothing, and once an account's names are erased their keys cannot
be made again, not even with the pepper. Hashes of words or of sounds would be no better kept,
since whoever has the pepper can hash a list of all names, and would not find what is misspelt.
"""

import hashlib
import secrets
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from kyc.screening.screener import Subject
from schemas.errors import StoreError

_SALT: Final = 16
# A key seals one name only, and so the nonce may be the same.
_NONCE: Final = bytes(12)


class Seal:
    """Seals and opens what is known of the names of accounts."""

    def __init__(self, pepper: bytes) -> None:
        """Use keys that nobody can make without `pepper`."""
        self._pepper = hashlib.blake2b(pepper, person=b"names").digest()

    def close(self, account: str, subject: Subject) -> bytes:
        """The salt, then name, birth date and country as nobody else can read them."""
        salt = secrets.token_bytes(_SALT)
        sealed = self._key(account, salt).encrypt(_NONCE, msgspec.json.encode(subject), None)
        return salt + sealed

    def open(self, account: str, sealed: bytes) -> Subject:
        """What was sealed for this account. Raises StoreError: broken, or of another pepper."""
        try:
            plain = self._key(account, sealed[:_SALT]).decrypt(_NONCE, sealed[_SALT:], None)
        except InvalidTag as error:
            raise StoreError("a sealed name is broken, or of another pepper") from error
        return msgspec.json.decode(plain, type=Subject)

    def label(self, account: str, subject: Subject) -> bytes:
        """What stands for a subject of an account: the same one is kept once. 8 bytes."""
        told = msgspec.json.encode((account, subject))
        return hashlib.blake2b(told, key=self._pepper, digest_size=8, person=b"label").digest()

    def _key(self, account: str, salt: bytes) -> ChaCha20Poly1305:
        key = hashlib.blake2b(account.encode(), key=self._pepper, salt=salt, digest_size=32)
        return ChaCha20Poly1305(key.digest())
