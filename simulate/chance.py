"""Randomness without state: every draw is a function of a 64-bit key and a lane number.

A generator with state would tie an event's values to everything drawn before it. Here any
account, and any event, can be made alone, in any order, and millions at once. The mixer is
SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014).
"""

from enum import IntEnum, auto
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Lane(IntEnum):
    """One name for every independent use of a key; fields' presence lanes start at FILL."""

    COUNT = auto()
    DAY = auto()
    START = auto()
    TURNS = auto()
    GAP = auto()
    STATUS = auto()
    RETRY = auto()
    BACKOFF = auto()
    PLACE = auto()
    LEASE = auto()
    HOST = auto()
    MODEL = auto()
    LAUNCH = auto()
    CAPABILITY = auto()
    TEMPLATE = auto()
    FRESH = auto()
    VARIANT = auto()
    SIMHASH = auto()
    SYSTEM = auto()
    ELICITATION = auto()
    ELICITATION_SIZE = auto()
    TOKENS_MIX = auto()
    TOKENS_IN = auto()
    TOKENS_OUT = auto()
    TOKENS_REASONING = auto()
    TOKENS_CACHED = auto()
    TOOLS = auto()
    TOOL_CALLS = auto()
    MAX_TOKENS = auto()
    TEMPERATURE = auto()
    STREAM = auto()
    LOGPROBS = auto()
    REFUSED = auto()
    LATENCY = auto()
    KEY = auto()
    ENDPOINT = auto()
    EVENT_ID = auto()
    CONVERSATION = auto()
    ADDRESS = auto()
    FILL = 100


def mix(key: Keys, lane: Keys | int) -> Keys:
    """New independent keys, uint64[n]; `lane` is one number or one per key."""
    if isinstance(lane, np.ndarray):
        z = key + (lane + np.uint64(1)) * np.uint64(_GOLDEN)
    else:
        z = key + np.uint64((int(lane) + 1) * _GOLDEN & _MASK)
    z = (z ^ (z >> np.uint64(30))) * _M1
    z = (z ^ (z >> np.uint64(27))) * _M2
    return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)


def uniform(key: Keys, lane: int) -> Floats:
    """float64[n] in the open interval (0, 1): never an endpoint, so logarithms are finite."""
    return ((mix(key, lane) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(key: Keys, lane: int) -> Floats:
    """Standard normal float64[n] by Box and Muller from the two halves of one draw."""
    z = mix(key, lane)
    radius = np.sqrt(-2.0 * np.log(((z >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32))
    turn = (z & np.uint64(0xFFFFFFFF)).astype(np.float64) * (2.0 * np.pi * 2.0**-32)
    return radius * np.cos(turn)


def poisson(key: Keys, lane: int, mean: Floats) -> NDArray[np.int64]:
    """Poisson counts int64[n]: by inversion below 12, else the rounded normal (skew < 0.3)."""
    counts = np.rint(mean + np.sqrt(mean) * normal(key, lane)).clip(0).astype(np.int64)
    small = np.flatnonzero(mean < 12.0)
    u, lam = uniform(key[small], lane), mean[small]
    term = np.exp(-lam)
    total, inverted = term.copy(), np.zeros(small.size, np.int64)
    for k in range(1, 48):
        above = u > total
        if not above.any():
            break
        inverted += above
        term = term * lam / k
        total = total + term
    counts[small] = inverted
    return counts


def weibull(key: Keys, lane: int, shape: Floats) -> Floats:
    """Weibull float64[n] of scale 1 by inversion."""
    return np.asarray((-np.log(uniform(key, lane))) ** (1.0 / shape))


def geometric(key: Keys, lane: int, mean: Floats) -> NDArray[np.int64]:
    """Geometric counts int64[n] from 1 with the given mean (≥ 1)."""
    with np.errstate(divide="ignore"):
        tail = np.log1p(-1.0 / np.maximum(mean, 1.0))
    return 1 + np.floor(np.log(uniform(key, lane)) / tail).astype(np.int64)


def key_of(*parts: object) -> int:
    """A 64-bit key from anything with a stable text: seeds, names, indices."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def generator(*parts: object) -> np.random.Generator:
    """A NumPy generator for the few draws that make an account, seeded by `key_of`."""
    return np.random.Generator(np.random.PCG64(key_of(*parts)))
