"""How well it is known who is behind an account."""

from enum import IntEnum


class Tier(IntEnum):
    """The tier of an account; policy has thresholds for each."""

    UNVERIFIED = 0
    BASIC = 1
    VERIFIED = 2
    ENHANCED = 3
