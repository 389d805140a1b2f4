"""The keys under which accounts lie in the store: each holds the tag of its account's shard."""

from typing import Final
from zlib import crc32

from stream.store import Kind

# Accounts fall into fixed hash slots: a batch is one call on one server, and on a cluster one per
# slot. The number can never change, since it is part of every key.
SHARDS: Final = 64


def shard(account: str) -> int:
    """The hash slot's tag of an account."""
    return crc32(account.encode()) % SHARDS


def key(kind: Kind, account: str) -> str:
    """Key of a packed value of an account."""
    return f"sg:{{{shard(account)}}}:{kind.value}:{account}"


def state_key(account: str) -> str:
    """Key of an account's packed state."""
    return key(Kind.STATE, account)


def decision_key(account: str) -> str:
    """Key of the decision that stands about an account."""
    return f"sg:{{{shard(account)}}}:d:{account}"


def buckets_key(account: str) -> str:
    """Key of what an account has used of its quotas, which the edge counts."""
    return f"sg:{{{shard(account)}}}:l:{account}"


def appeals_key(account: str) -> str:
    """Key of an account's appeals, which the edge keeps."""
    return f"sg:{{{shard(account)}}}:a:{account}"


def appeals_index(number: int) -> str:
    """Key of the accounts of a shard whose appeal waits for an answer."""
    return f"sg:{{{number}}}:appeals"
