"""Sign-ins: whether somebody signs in to an account as its owner never did.

What people do when they travel, or buy a telephone, breaks with one habit; whoever bought or
phished the account breaks with all of them at once: another country, another device, and soon a
key or an address of their own. It is the unfamiliar sign-in of those who guard the sign-ins of
others (Entra ID Protection: past locations and devices, learnt for five days before anything is
unfamiliar). By itself it leads to nothing: see stream/link/hands.py.

Facts as all others are (kyc/profile.py): from where, since when and with what first; and with
what, since when. So the order of events does not matter, nor how often they come.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from kyc.profile import NEVER, Profile, Thing
from kyc.things import Client
from schemas.events import MAX_TS

LEARNING_MS: Final = 5 * 86_400_000
SETTLING: Final = ("api_key.created", "email.changed", "mfa.disabled")
"""What whoever took an account does to stay; people do so as well."""
_FROM: Final = "signin_"
_NOTHING: Final = -1  # what an unknown device is to a profile, in which 0 is left out
_VERSION: Final = re.compile(r"[\d._]+")


def origin(country: str | None, clients: Mapping[int, Thing]) -> dict[str, int]:
    """The earliest facts of a sign-in: from where, with what. clients: of `clients`."""
    return {_FROM + country: next(iter(clients), _NOTHING)} if country else {}


def clients(
    ts: int,
    device: str | None,
    user_agent: str | None,
    hashed: Callable[[str, str | None], int],
) -> dict[int, Thing]:
    """The things that somebody signed in with, the most telling one first. Of a user agent counts
    what stays from one version to the next. hashed: a value of a kind; 0 where it is not known."""
    agent = _VERSION.sub("", user_agent) if user_agent else None
    told = hashed("device", device), hashed("client", agent)
    return {one: Client(MAX_TS - ts) for one in told if one}


def strange(profile: Profile) -> int:
    """When the account was last signed in to from a country and with a client that were both new
    to it, though others were known, ms; NEVER: it was not, or too little is known."""
    return max(_strange(profile), default=NEVER)


def _strange(profile: Profile) -> Iterator[int]:
    places = [told for name, told in profile.earliest.items() if name.startswith(_FROM)]
    used = profile.things.get("client", {})
    if not places or not used:
        return
    since = {one: MAX_TS - row[0] for one, row in used.items()}
    learnt = max(min(places)[0], min(since.values())) + LEARNING_MS
    for ts, client in places:
        # Of very many clients not all are kept: one that is not may be an old one.
        if ts >= learnt and since.get(int(client)) == ts:
            yield ts


def settled(profile: Profile) -> int:
    """When somebody last did what makes a stay of a sign-in, ms; NEVER: nobody did."""
    return max((profile.latest.get(done, NEVER) for done in SETTLING), default=NEVER)
