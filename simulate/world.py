"""What all accounts of a run have in common: the seed, the clock and the models on offer."""

from dataclasses import dataclass

import numpy as np

from simulate.chance import generator, key_of

DAY_MS = 86_400_000
HOUR_MS = 3_600_000

# From small to large; the second field of a launch below is one more.
SMALL, MIDDLE, LARGE, THINKER = "atlas-mini-2", "atlas-4", "atlas-4-large", "atlas-4-reason"
LAUNCHED = "atlas-5"


@dataclass(frozen=True, slots=True)
class World:
    """Seed and clock of a run: requests lie in [start, start + days); a model launch in ms."""

    seed: int
    start: int
    days: float
    launch: int

    @property
    def end(self) -> int:
        return self.start + int(self.days * DAY_MS)

    def key(self, *parts: object) -> int:
        """A 64-bit key of this world, the same whatever else the scenario holds."""
        return key_of(self.seed, *parts)

    def generator(self, *parts: object) -> np.random.Generator:
        """The generator of one account, cohort or shared thing of this world."""
        return generator(self.seed, *parts)

    def account_id(self, cohort: str, index: int) -> str:
        """Ids look alike for everyone: nothing about the cohort shows."""
        return f"acc_{self.key('id', cohort, index):016x}"

    def joined(self, rng: np.random.Generator, joining: float) -> int:
        """A sign-up time, ms: a share `joining` within the run, the rest up to two years ago."""
        if rng.random() < joining:
            return self.start + int(rng.random() * self.days * DAY_MS)
        return self.start - int(rng.exponential(200.0) % 730.0 * DAY_MS) - HOUR_MS
