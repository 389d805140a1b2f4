"""Fingerprints of texts that nobody wrote: templates, their wordings and near-duplicates."""

from dataclasses import dataclass

import numpy as np

from simulate.arrivals import Arrivals
from simulate.chance import Floats, Keys, Lane, mix, uniform
from simulate.roster import Roster

# Two wordings of one template differ in about this many of 64 SimHash bits.
_VARIANT_BITS = 4
_SIX_BITS = np.uint64(63)
_MOST_FLIPS = 10  # one 64-bit draw holds ten positions of six bits


@dataclass(frozen=True, slots=True)
class Texts:
    """Columns of n requests; hashes as uint64[n], 0 for no system prompt."""

    template: Keys
    simhash: Keys
    system: Keys
    elicitation: Floats  # float64[n] 0-1


def _flip(hashes: Keys, key: Keys, bits: Floats) -> Keys:
    """`hashes` with up to `bits` of their bits turned, chosen by `key`."""
    out = hashes.copy()
    for nth in range(min(int(bits.max(initial=0.0)), _MOST_FLIPS)):
        position = key >> np.uint64(6 * nth) & _SIX_BITS
        out ^= (np.uint64(1) << position) * (bits > nth).astype(np.uint64)
    return out


def _bounded(u: Floats, a: float, b: float) -> Floats:
    """Kumaraswamy's law on (0, 1): shaped like a beta law, with an inverse in closed form."""
    return np.asarray((1.0 - (1.0 - u) ** (1.0 / b)) ** (1.0 / a))


def _elicitation(habit: Floats, key: Keys) -> Floats:
    u = uniform(key, Lane.ELICITATION_SIZE)
    high = uniform(key, Lane.ELICITATION) < habit
    # Medians 0.83 and 0.06: a classifier's likelihood overlaps on ordinary prompts.
    drawn = np.where(high, _bounded(u, 5.0, 1.8), _bounded(u, 0.8, 6.0))
    return np.asarray(np.round(drawn, 3), np.float64)


def texts_of(roster: Roster, arrivals: Arrivals, families: Keys, systems: Keys) -> Texts:
    """What each request says, from its account's habits and its family of templates."""
    h, who, asked = roster.habits, arrivals.account, arrivals.origin
    rank = uniform(asked, Lane.TEMPLATE) ** h["template_skew"][who]
    number = (rank * h["templates"][who]).astype(np.uint64)
    template = mix(families, number)
    variant = (uniform(asked, Lane.VARIANT) * h["variants"][who]).astype(np.uint64)
    wording = np.where(variant > 0, mix(template, variant), template)
    fresh = uniform(asked, Lane.FRESH) < h["template_fresh"][who]
    near = _flip(mix(template, Lane.SIMHASH), wording, np.where(variant > 0, _VARIANT_BITS, 0.0))
    near = _flip(near, mix(asked, Lane.SIMHASH), h["wander"][who])
    return Texts(
        np.where(fresh, mix(asked, Lane.FRESH), wording),
        np.where(fresh, mix(asked, Lane.VARIANT), near),
        systems,
        _elicitation(h["elicitation"][who], asked),
    )
