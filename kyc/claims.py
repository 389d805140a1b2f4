"""Claims: what of an account others may have as well, and how sharing is told to the signals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from kyc.profile import Profile
from kyc.things import Card, Document, Mailbox, Number

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
WINDOWS: Final = (HOUR_MS, DAY_MS, 90 * DAY_MS)
# What an account signs up with, and what it adds later: the number of its row that says when.
_SIGNUP: Final = {"device": "device", "subnet": "network"}
_THINGS: Final = {
    "mailbox": ("mailbox", Mailbox._fields.index("told")),
    "phone_prefix": ("phone", Number._fields.index("verified")),
    "card": ("card", Card._fields.index("added")),
    "document": ("document", Document._fields.index("shown")),
}


class Claim(NamedTuple):
    """An account has a value of a kind, since `at` ms. value: a keyed hash."""

    kind: str
    value: int
    at: int


Counts = tuple[int, ...]
"""How many accounts have a value, this one among them: so far, and those that claimed it within
each of WINDOWS before this one."""


def claims(profile: Profile) -> list[Claim]:
    """What may be shared of a profile: kinds as in kyc/links.py, and `twin`: its client on its
    network."""
    early = profile.earliest
    found = [
        Claim(kind, int(early[name][1]), early[name][0])
        for kind, name in _SIGNUP.items()
        if name in early
    ]
    found += [
        Claim(kind, value, row[place])
        for kind, (name, place) in _THINGS.items()
        for value, row in profile.things.get(name, {}).items()
    ]
    if "network" in early and "user_agent" in early:
        # Exclusive or: as good as a hash of both, since both are keyed hashes.
        both = int(early["network"][1]) ^ int(early["user_agent"][1])
        found.append(Claim("twin", both, early["network"][0]))
    return found


def shared(counted: Iterable[tuple[Claim, Counts]]) -> Mapping[str, int]:
    """What signals see of the counts of an account's claims: the most shared value of a kind."""
    most: dict[str, int] = {}
    for claim, counts in counted:
        for name, count in _named(claim.kind, counts):
            most[name] = max(most.get(name, 0), count)
    return most


def _named(kind: str, counts: Sequence[int]) -> list[tuple[str, int]]:
    ever, hour, day, quarter = counts
    if kind == "subnet":
        return [(kind, ever), ("signups_1h", hour), ("signups_24h", day)]
    if kind == "document":
        return [(kind, ever), ("document_90d", quarter)]
    return [(kind, ever)]
