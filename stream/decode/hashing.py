"""Keyed hashes: what stands for a personal value wherever it is stored, compared or shown."""

import hashlib
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from schemas.errors import ConfigurationError
from schemas.events import parse_ip

# One entry per live value of a kind: 20,000 active accounts with an address and a device each
# fit three times over, and 65,536 strings of 512 characters stay below 40 MB.
_MEMO_ENTRIES = 65_536


class _Memo(dict[str | None, int]):
    """Digests already worked out; forgets them all when full, which costs one pass again."""

    def __init__(self, digest: Callable[[str], int], entries: int) -> None:
        super().__init__()
        self._digest = digest
        self._entries = entries

    def __missing__(self, value: str | None) -> int:
        if len(self) >= self._entries:
            self.clear()
        self[value] = digest = self._digest(value) if value else 0
        return digest


class KeyedHasher:
    """64-bit BLAKE2b hashes, keyed with the pepper, one domain per kind of value.

    Equal values of one kind hash alike, equal values of two kinds do not. 0 stands for a value
    that is not known: None and the empty string. Raises ConfigurationError on an empty pepper.
    """

    def __init__(self, pepper: bytes, *, memo_entries: int = _MEMO_ENTRIES) -> None:
        if not pepper:
            raise ConfigurationError("the pepper is empty: personal values could be guessed back")
        self._key = hashlib.blake2b(pepper).digest()
        self._entries = memo_entries
        self._memos: dict[str, _Memo] = {}
        self._digests: dict[str, Callable[[bytes], int]] = {}

    def value(self, kind: str, text: str | None) -> int:
        """Hash one value and forget it: a column remembers its raw values, this does not."""
        return self._digest(kind)(text.encode()) if text else 0

    def network(self, address: str | None) -> int:
        """Hash the /24 or /48 of one address, and forget it. Raises ValueError."""
        return self._digest("network")(_network(address)) if address else 0

    def hash_column(self, kind: str, column: Iterable[str | None]) -> npt.NDArray[np.uint64]:
        """Hash each value of a column: uint64[n]."""
        memo = self._memos[kind] if kind in self._memos else self._open(kind, str.encode)
        return np.fromiter(map(memo.__getitem__, column), np.uint64)

    def network_column(self, column: Iterable[str | None]) -> npt.NDArray[np.uint64]:
        """Hash the /24 (IPv4) or /48 (IPv6) of each address: uint64[n]. Raises ValueError."""
        kind = "network"
        memo = self._memos[kind] if kind in self._memos else self._open(kind, _network)
        return np.fromiter(map(memo.__getitem__, column), np.uint64)

    def _open(self, kind: str, prefix: Callable[[str], bytes]) -> _Memo:
        digest = self._digest(kind)
        self._memos[kind] = memo = _Memo(lambda value: digest(prefix(value)), self._entries)
        return memo

    def _digest(self, kind: str) -> Callable[[bytes], int]:
        if kind not in self._digests:
            keyed = hashlib.blake2b(digest_size=8, key=self._key, person=kind.encode())

            def digest(value: bytes) -> int:
                hashed = keyed.copy()
                hashed.update(value)
                return int.from_bytes(hashed.digest(), "little") or 1

            self._digests[kind] = digest
        return self._digests[kind]


def _network(address: str) -> bytes:
    packed = parse_ip(address)
    return b"4" + packed[:3] if len(packed) == 4 else b"6" + packed[:6]
