"""What the store holds of an account: every key is looked at, of whatever kind.

Keys of single accounts are known by their names. Of all others the members and values are looked
into: a key of a kind that is added one day is found as well.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from redis.exceptions import RedisError

from edge.erased.finding import Finding, Verdict
from kyc.profile import NEVER
from schemas.errors import StoreError
from stream.keys import key
from stream.know.profiles import unseal
from stream.store import Kind

# The letter in a key of one account, and what lies there.
KINDS: Final = {
    "s": "windows of requests",
    "m": "membership of a campaign",
    "w": "notice of the linker",
    "f": "pardon of a campaign",
    "d": "standing decision",
    "l": "quotas used",
    "k": "key of the audit",
    "v": "sealed names",
    "a": "appeals",
}
PROFILE: Final = "p"
CENSUS: Final = "census of shared values"
OTHER: Final = "other keys"
WEBHOOKS: Final = "deliveries of webhooks"
BATCH: Final = 1_000

_OWN: Final = re.compile(rb"sg:\{\d+\}:([a-z]):(.*)", re.DOTALL)
_CENSUS: Final = re.compile(rb"sg:\{\d+\}:n:")
# How to read everything that a key of a type holds.
_WHOLE: Final[dict[bytes, tuple[Any, ...]]] = {
    b"string": ("GET",),
    b"hash": ("HGETALL",),
    b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", 0, -1),
    b"list": ("LRANGE", 0, -1),
}

Told = Callable[[int], None]


async def search(client: Any, account: str, stand_in: int, told: Told) -> list[Finding]:
    """Look at every key of the store; `stand_in`: the hash by which the census knows the account;
    `told`: takes how many keys were looked at. Raises StoreError."""
    found, seen = Counter[str](), 0
    batch: list[bytes] = []
    try:
        async for place in client.scan_iter(match="sg:*", count=BATCH):
            seen += 1
            whose = _own(place)
            if whose:
                found[whose[0]] += whose[1] == account.encode()
                continue
            batch.append(place)
            if len(batch) == BATCH:
                found += await _mentions(client, batch, account, stand_in)
                batch = []
                told(seen)
        found += await _mentions(client, batch, account, stand_in)
        profile = await client.get(key(Kind.PROFILE, account))
    except RedisError as error:
        raise StoreError(f"the proof: {error}") from error
    told(seen)
    places = (*KINDS.values(), CENSUS, WEBHOOKS, OTHER)
    return [_profile(profile), *(_finding(place, found[place]) for place in places)]


def _own(place: bytes) -> tuple[str, bytes] | None:
    """What lies at a key of one account, and whose it is."""
    match = _OWN.fullmatch(place)
    letter = match[1].decode() if match else ""
    if not match or letter not in KINDS.keys() | {PROFILE}:
        return None
    return KINDS.get(letter, PROFILE), match[2]


async def _mentions(client: Any, places: list[bytes], account: str, stand_in: int) -> Counter[str]:
    """How many keys name the account, or hold it, by place."""
    found = Counter[str]()
    asked = client.pipeline(transaction=False)
    counted = [place for place in places if _CENSUS.match(place)]
    for place in counted:
        asked.zscore(place, str(stand_in))
    found[CENSUS] = sum(score is not None for score in await asked.execute())
    for place in places:
        if not _CENSUS.match(place) and await _holds(client, place, account):
            found[WEBHOOKS if place.startswith(b"sg:{webhook:") else OTHER] += 1
    return found


async def _holds(client: Any, place: bytes, account: str) -> bool:
    name = account.encode()
    if place.endswith(b":" + name):
        return True
    command = _WHOLE.get(await client.type(place))
    if command is None:
        return True  # of a type that nobody can vouch for
    held = await client.execute_command(*command[:1], place, *command[1:])
    quoted = msgspec.json.encode(account)
    return any(part == name or quoted in part for part in _parts(held))


def _parts(held: Any) -> Iterator[bytes]:
    """All bytes in an answer."""
    if isinstance(held, bytes):
        yield held
    elif isinstance(held, dict):
        for pair in held.items():
            yield from pair
    elif held is not None:
        for part in held:
            yield from _parts(part)


def _finding(place: str, count: int) -> Finding:
    if not count:
        return Finding(f"store: {place}", Verdict.GONE)
    return Finding(f"store: {place}", Verdict.LEFT, f"{count} of them")


def _profile(value: bytes | None) -> Finding:
    """A tombstone must be there: it refuses what comes late."""
    place = "store: profile"
    if value is None:
        return Finding(place, Verdict.GONE, "no tombstone: never erased, or 400 days ago")
    if unseal(value).erased == NEVER:
        return Finding(place, Verdict.LEFT, "no erasure was counted")
    return Finding(place, Verdict.GONE, "a tombstone, which holds the time of the erasure alone")
