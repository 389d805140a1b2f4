"""How long requests and answers are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.arrivals import Arrivals
from simulate.chance import Lane, normal, uniform
from simulate.roster import Roster

Ints = NDArray[np.int64]

_CONTEXT = 200_000  # the largest input that the models take
_LONGEST = 32_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """Columns int64[n]; reasoning is part of out, cached is part of in."""

    into: Ints
    out: Ints
    reasoning: Ints
    cached: Ints

    def columns(self) -> dict[str, list[int]]:
        return {
            "input_tokens": self.into.tolist(),
            "output_tokens": self.out.tolist(),
            "reasoning_tokens": self.reasoning.tolist(),
            "cached_tokens": self.cached.tolist(),
        }


def tokens_of(roster: Roster, a: Arrivals, ceiling: Ints) -> Tokens:
    """Tokens of each request; `ceiling` int64[n] is its max_tokens, 0 for none."""
    h, who = roster.habits, a.account
    long = uniform(a.session, Lane.TOKENS_MIX) < h["long_share"][who]
    ln = np.where(long, h["long_ln"][who], h["in_ln"][who])
    size = np.exp(ln + h["in_sd"][who] * normal(a.session, Lane.TOKENS_IN))
    # Within a conversation the texts differ a little and the context grows.
    size *= 1.0 + h["growth"][who] * a.turn
    size *= np.exp(0.25 * h["in_sd"][who] * normal(a.origin, Lane.TOKENS_IN))
    into = np.clip(size, 1, _CONTEXT).astype(np.int64)
    out = np.exp(h["out_ln"][who] + h["out_sd"][who] * normal(a.key, Lane.TOKENS_OUT))
    out = np.clip(out, 1, np.where(ceiling > 0, np.minimum(ceiling, _LONGEST), _LONGEST))
    out = np.where(a.status == 200, out, 0).astype(np.int64)
    thought = h["reasoning"][who] * (0.7 + 0.5 * uniform(a.key, Lane.TOKENS_REASONING))
    cached = h["cached"][who] * uniform(a.origin, Lane.TOKENS_CACHED) * (a.turn > 0)
    return Tokens(
        into,
        out,
        (out * np.minimum(thought, 0.97)).astype(np.int64),
        (into * cached).astype(np.int64),
    )
