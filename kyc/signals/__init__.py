"""The signals, in the order in which a model reads them."""

from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from kyc.evidence import Evidence
from kyc.signals import bursts, cards, checks, mail, networks, people, phone
from kyc.signals.registry import Appeal, Direction, Signal, collect, digest

__all__ = ["DIGEST", "NAMES", "SIGNALS", "Appeal", "Direction", "Signal", "row"]

_MODULES: Final = (mail, phone, cards, networks, bursts, people, checks)
SIGNALS: Final = {signal.name: signal for signal in chain.from_iterable(map(collect, _MODULES))}
NAMES: Final = tuple(SIGNALS)
DIGEST: Final = digest(NAMES)
_LOOKS: Final = tuple(signal.look for signal in SIGNALS.values())


def row(seen: Evidence) -> npt.NDArray[np.float32]:
    """What every signal sees, float32[len(NAMES)] in the order of NAMES; NaN: not known."""
    return np.array([look(seen) for look in _LOOKS], np.float32)  # None becomes NaN
