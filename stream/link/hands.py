"""Hands: whether an established account still does what made it one, by what its touches show.

An account that was stolen or sold is as old and as well proven as before, and would go on
vouching for whatever its new owner does. So it loses that standing when two habits break within
three days: where it is used and with what (or it was signed in to so), and what is asked of the
model (or a key or an address was made new). Each alone is a journey, a telephone, a project.
Nothing else follows from it: the account is one of those that have yet to show who they are, as
after its sign-up, until it proves it anew or thirty days are over.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from stream.link.kinds import KIND
from stream.link.touches import Touch

DAY_MS: Final = 86_400_000
WITHIN_MS: Final = 3 * DAY_MS
LEARNING_MS: Final = 5 * DAY_MS  # nothing is unusual of an account that is younger
LAPSES_MS: Final = 30 * DAY_MS  # as long as a new account takes to be established

_SYSTEM: Final = KIND["system_prompt"]
# Lines and carriers give other addresses every day, seldom those of another system.
PLACES: Final = (KIND["asn"], KIND["subnet"])
CLIENTS: Final = tuple(KIND[name] for name in ("device", "tls_fingerprint", "user_agent"))
HABITS: Final = frozenset((_SYSTEM, *PLACES, *CLIENTS))
"""The kinds of values that an account is known by."""

# Times, ms, 0: never; of what was new last, and when the account was last seen to have changed.
COLUMNS: Final = [(name, "i8") for name in ("new_place", "new_client", "new_work", "turned")]

Novel = Mapping[int, bool]
"""By kind, of those that an account used before: whether it shows a value that is new to it."""


def turn(account: np.void, touch: Touch, novel: Novel) -> None:
    """Note in an account's COLUMNS what a touch shows that is new to it."""
    ts = touch.ts
    if ts - (touch.begun or ts) < LEARNING_MS or not _is_news(touch, novel):
        return
    for name, is_new in (
        ("new_place", _is_elsewhere(novel)),
        ("new_client", _is_equipped_anew(novel)),
        ("new_work", novel.get(_SYSTEM, False)),
    ):
        if is_new:
            account[name] = ts
    arrived = max(min(account["new_place"], account["new_client"]), touch.strange)
    began = max(account["new_work"], touch.settled)
    if ts - min(arrived, began) <= WITHIN_MS:
        account["turned"] = ts


def is_lost(account: np.void, touch: Touch) -> bool:
    """Whether the account's standing is lost at a touch."""
    turned = int(account["turned"])
    return turned > touch.proved and touch.ts - turned < LAPSES_MS


def _is_news(touch: Touch, novel: Novel) -> bool:
    return any(novel.values()) or touch.ts - max(touch.strange, touch.settled) <= WITHIN_MS


def _is_elsewhere(novel: Novel) -> bool:
    return next((novel[kind] for kind in PLACES if kind in novel), False)


def _is_equipped_anew(novel: Novel) -> bool:
    """Whether nothing of what it is used with is known."""
    shown = [novel[kind] for kind in CLIENTS if kind in novel]
    return bool(shown) and all(shown)
