"""The signals, in the order in which a model reads them."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from kyc.evidence import Evidence
from kyc.signals import bursts, cards, checks, mail, networks, people, phone
from kyc.signals.registry import Appeal, Direction, Signal, collect, digest

__all__ = ["DIGEST", "NAMES", "SIGNALS", "Appeal", "Direction", "Signal", "rows"]

_MODULES: Final = (mail, phone, cards, networks, bursts, people, checks)
SIGNALS: Final = {signal.name: signal for signal in chain.from_iterable(map(collect, _MODULES))}
NAMES: Final = tuple(SIGNALS)
DIGEST: Final = digest(NAMES)
_LOOKS: Final = tuple(signal.look for signal in SIGNALS.values())


def rows(seen: Sequence[Evidence]) -> npt.NDArray[np.float32]:
    """What every signal sees, float32[n, len(NAMES)] in the order of NAMES; NaN: not known."""
    # None becomes NaN.
    return np.array([[look(one) for look in _LOOKS] for one in seen], np.float32)
