"""Keyed hashes: stable, apart by kind and pepper, bounded."""

import pytest

from schemas.errors import ConfigurationError
from stream.decode.hashing import KeyedHasher


def test_hashes_are_stable() -> None:
    """A stored hash is found again after a restart: BLAKE2b keyed with the pepper's digest."""
    assert KeyedHasher(b"pepper").hash_column("device", ["d"]).tolist() == [13350416564254637365]


def test_pepper_changes_every_hash() -> None:
    """Nobody who lacks the pepper can guess a value back."""
    one, other = (KeyedHasher(p).hash_column("device", ["d", "e"]) for p in (b"p", b"q"))
    assert not set(one.tolist()) & set(other.tolist())


def test_no_pepper() -> None:
    """Without a pepper there is no hasher."""
    with pytest.raises(ConfigurationError, match="pepper"):
        KeyedHasher(b"")


def test_unknown_is_zero() -> None:
    """None and the empty string are not known; no other value is 0."""
    got = KeyedHasher(b"p").hash_column("device", [None, "", " "]).tolist()
    assert got[:2] == [0, 0]
    assert got[2] != 0


def test_memo_is_bounded() -> None:
    """However many values come, a memo forgets rather than grows, and hashes stay the same."""
    hasher = KeyedHasher(b"p", memo_entries=10)
    values = [f"d{i}" for i in range(100)]
    assert hasher.hash_column("device", values).tolist() == (
        KeyedHasher(b"p").hash_column("device", values).tolist()
    )
    assert max(map(len, hasher._memos.values())) <= 10


def test_malformed_address() -> None:
    """What is not an address has no network."""
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        KeyedHasher(b"p").network_column(["nowhere"])
