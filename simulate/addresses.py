"""IP addresses of places at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.chance import Keys, Lane, mix
from simulate.places import Place


def _v4(address: int) -> str:
    return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"


def _v6(prefix: int, subnet: int, host: int) -> str:
    groups = (prefix >> 16, prefix & 0xFFFF, subnet >> 16, subnet & 0xFFFF)
    tail = (host >> 48, host >> 32 & 0xFFFF, host >> 16 & 0xFFFF, host & 0xFFFF)
    return ":".join(f"{group:x}" for group in (*groups, *tail))


class Addresses:
    """The addresses of `places`: each changes when its lease is over, at a time of its own."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.base = np.array([p.network.base for p in places], np.uint64)
        self.mask = np.array([(1 << p.network.bits) - 1 for p in places], np.uint64)
        self.v6 = np.array([p.network.v6 if p.v6 else 0 for p in places], np.uint64)
        self.key: Keys = np.array([p.key for p in places], np.uint64)
        self.lease = np.array([p.lease_ms for p in places], np.int64)

    def at(self, place: NDArray[np.int64], ts: NDArray[np.int64]) -> list[str]:
        """The address of each place, int64[n] indices, at each time, int64[n] ms."""
        key, lease = self.key[place], self.lease[place]
        phase = (key % lease.astype(np.uint64)).astype(np.int64)
        subnet = mix(key, ((ts + phase) // lease).astype(np.uint64))
        plain = self.base[place] | (subnet & self.mask[place])
        columns = (self.v6[place], plain, subnet >> np.uint64(32), mix(key, Lane.HOST))
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [_v6(prefix, net, host) if prefix else _v4(v4) for prefix, v4, net, host in rows]


def address_of(place: Place, ts: int) -> str:
    """The address of one place at one time."""
    return Addresses([place]).at(np.zeros(1, np.int64), np.array([ts]))[0]
