"""From arrivals to RequestEvents: every field of the contract, an hour of everybody at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec import defstruct
from numpy.typing import NDArray

from simulate.arrivals import Arrivals
from simulate.chance import Keys, Lane, mix, normal, uniform
from simulate.fill import FILL
from simulate.roster import SLOTS, Roster
from simulate.texts import texts_of
from simulate.tokens import tokens_of
from simulate.world import DAY_MS, LAUNCHED, World

Column = list[Any]

NAMES = (
    *("event_id", "account_id", "ts", "model", "input_tokens"),
    *FILL,
    "hash_version",
)
# A struct encodes twice as fast as a dict, and leaves out what is not known.
Request = defstruct(
    "Request",
    [(name, Any) for name in NAMES[:4]] + [(name, Any, None) for name in NAMES[4:]],
    omit_defaults=True,
)


def _hex(keys: Keys) -> list[str]:
    """Each key as 16 hex digits."""
    digits = keys.astype(">u8").tobytes().hex()
    return [digits[i : i + 16] for i in range(0, len(digits), 16)]


def _named(prefix: str, keys: Keys) -> list[str]:
    return [prefix + digits for digits in _hex(keys)]


def _texts(numbers: NDArray[Any], strings: list[Any]) -> Column:
    return [strings[n] for n in numbers.tolist()]


def api_keys(account: Keys, nth: NDArray[np.uint64]) -> list[str]:
    """The id of key number `nth`, uint64[n], of the account with each key, uint64[n]."""
    return _named("key_", mix(mix(account, Lane.KEY), nth))


class Requests:
    """Makes the requests of a roster in a world."""

    def __init__(self, world: World, roster: Roster) -> None:
        self.world = world
        self.roster = roster
        self.launched = len(roster.strings)
        self.strings: list[str] = [*roster.strings, LAUNCHED]
        self.fill = np.rint(roster.fill * 65536).astype(np.uint32)

    def structs(self, arrivals: Arrivals) -> list[Any]:
        """The events of `arrivals`, in their order, for an msgspec encoder."""
        columns = self.columns(arrivals)
        return [Request(*row) for row in zip(*(columns[name] for name in NAMES), strict=True)]

    def dicts(self, arrivals: Arrivals) -> Iterator[dict[str, Any]]:
        """The events of `arrivals` as the JSON objects of the contract."""
        columns = self.columns(arrivals)
        for row in zip(*(columns[name] for name in NAMES), strict=True):
            yield {k: v for k, v in zip(NAMES, row, strict=True) if v is not None}

    def columns(self, arrivals: Arrivals) -> dict[str, Column]:
        """Lists of n values by field name, None where the field is absent."""
        who = arrivals.account
        made = self._identity(arrivals) | self._asked(arrivals) | self._numbers(arrivals)
        made |= self._place(arrivals)
        for lane, name in enumerate(FILL):
            hidden = np.flatnonzero(~self._present(arrivals.key, who, lane))
            column = made[name]
            for row in hidden.tolist():
                column[row] = None
        made["hash_version"] = [
            None if t is None and s is None and p is None else 1
            for t, s, p in zip(
                made["template_hash"], made["system_hash"], made["prompt_simhash"], strict=True
            )
        ]
        return made

    def _present(self, key: Keys, who: NDArray[np.int64], lane: int) -> NDArray[np.bool_]:
        # Four fields share one draw, 16 bits each.
        draw = mix(key, Lane.FILL + lane // 4) >> np.uint64(16 * (lane % 4)) & np.uint64(0xFFFF)
        return np.asarray(draw < self.fill[who, lane])

    def _dealt(self, deck: str, key: Keys, who: NDArray[np.int64], lane: int) -> Keys:
        slot = (uniform(key, lane) * SLOTS).astype(np.int64)
        return self.roster.decks[deck][who, slot]

    def _identity(self, a: Arrivals) -> dict[str, Column]:
        roster, who = self.roster, a.account
        nth = (uniform(a.session, Lane.KEY) * roster.api_keys[who]).astype(np.uint64)
        return {
            "event_id": _named("req_", mix(a.key, Lane.EVENT_ID)),
            "account_id": _texts(who, roster.ids),
            "ts": a.ts.tolist(),
            "org_id": _texts(who, roster.orgs),
            "api_key_id": api_keys(roster.ring[who], nth),
            "conversation_id": _named("conv_", mix(a.session, Lane.CONVERSATION)),
            "status": a.status.tolist(),
            "turns": (1 + 2 * a.turn).tolist(),
        }

    def _model(self, a: Arrivals) -> NDArray[np.uint64]:
        h, who = self.roster.habits, a.account
        moved = a.ts >= self.world.launch + h["launch_days"][who] * DAY_MS
        moved &= uniform(a.session, Lane.LAUNCH) < h["launch_share"][who]
        usual = self._dealt("model", a.session, who, Lane.MODEL)
        return np.where(moved, np.uint64(self.launched), usual)

    def _asked(self, a: Arrivals) -> dict[str, Column]:
        who, asked = a.account, a.origin
        families = self._dealt("family", a.session, who, Lane.FRESH)
        systems = self._dealt("system", a.session, who, Lane.SYSTEM)
        texts = texts_of(self.roster, a, families, systems)
        system = [None if digits == "0" * 16 else digits for digits in _hex(texts.system)]
        return {
            "model": _texts(self._model(a), self.strings),
            "capability": _texts(
                self._dealt("capability", asked, who, Lane.CAPABILITY), self.strings
            ),
            "endpoint": _texts(
                self._dealt("endpoint", a.session, who, Lane.ENDPOINT), self.strings
            ),
            "system_hash": system,
            "template_hash": _hex(texts.template),
            "prompt_simhash": _hex(texts.simhash),
            "elicitation": texts.elicitation.tolist(),
        }

    def _numbers(self, a: Arrivals) -> dict[str, Column]:
        h, who, asked = self.roster.habits, a.account, a.origin
        ceiling = self._dealt("max_tokens", a.session, who, Lane.MAX_TOKENS).astype(np.int64)
        tokens = tokens_of(self.roster, a, ceiling)
        slot = (uniform(a.session, Lane.TEMPERATURE) * SLOTS).astype(np.int64)
        temperature = np.round(self.roster.temperatures[who, slot].astype(np.float64), 3)
        calls = h["tool_calls"][who] * -np.log(uniform(a.key, Lane.TOOL_CALLS))
        wait = np.exp(0.35 * normal(a.key, Lane.LATENCY))
        return {
            **tokens.columns(),
            "max_tokens": [m or None for m in ceiling.tolist()],
            "temperature": [None if t != t else t for t in temperature.tolist()],  # noqa: PLR0124 -- NaN
            "tools": h["tools"][who].astype(np.int64).tolist(),
            "tool_calls": np.where(a.status == 200, calls, 0).astype(np.int64).tolist(),
            "stream": (uniform(a.session, Lane.STREAM) < h["streamed"][who]).tolist(),
            "logprobs": (uniform(a.session, Lane.LOGPROBS) < h["logprobs"][who]).tolist(),
            "refused": (uniform(asked, Lane.REFUSED) < h["refused"][who]).tolist(),
            "latency_ms": ((250.0 + tokens.out * h["speed_ms"][who]) * wait)
            .astype(np.int64)
            .tolist(),
        }

    def _place(self, a: Arrivals) -> dict[str, Column]:
        places = self.roster.places
        at = self._dealt("place", a.session, a.account, Lane.PLACE).astype(np.int64)
        return {
            "ip": places.addresses.at(at, a.ts),
            "asn": places.asn[at].tolist(),
            "country": _texts(at, places.country),
            "device_id": _texts(at, places.device),
            "user_agent": _texts(at, places.user_agent),
            "tls_fingerprint": _texts(at, places.tls),
        }
