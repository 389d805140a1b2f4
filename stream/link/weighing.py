"""How likely a ring is a campaign: a logistic regression over its portrait.

Twelve weights that a person can read, and the evidence is never averaged away among quiet
accounts: a ring's score decides alone. `sluicegate train-rings` fits them (stream/link/fitting.py).
"""

import json
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from scipy.special import expit

from schemas.errors import ModelError
from stream.link.portrait import TRAITS
from stream.link.surprise import Floats

SHIPPED = Path(__file__).with_name("weights.json")


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-odds of a ring whose traits are all zero, and what each trait adds per unit."""

    bias: float
    trait: Floats
    version: str = "rings-0"

    def odds(self, traits: Floats) -> float:
        """Log-odds that the ring with this portrait is a campaign."""
        return float(self.bias + self.trait @ traits)

    def score(self, traits: Floats) -> float:
        """Probability that the ring with this portrait is a campaign."""
        return float(expit(self.odds(traits)))

    @classmethod
    def load(cls, path: Path = SHIPPED) -> "Weights":
        """Read weights. Raises ModelError when they are not for these traits."""
        try:
            found = json.loads(path.read_text("utf-8"))
            named: dict[str, float] = found["traits"]
            weights = cls(
                float(found["bias"]),
                np.array([float(named[name]) for name in TRAITS]),
                str(found["version"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path}: {error!r}") from error
        if len(named) != len(TRAITS):
            raise ModelError(f"{path}: made for the traits {', '.join(named)}")
        return weights

    def told(self) -> dict[str, float]:
        """The weight of each trait, to four digits."""
        return dict(zip(TRAITS, np.round(self.trait, 4).tolist(), strict=True))

    def digest(self) -> str:
        """Eight hex digits of what is told: other weights have others."""
        whole = json.dumps([round(self.bias, 4), self.told()])
        return blake2b(whole.encode(), digest_size=4).hexdigest()

    def save(self, path: Path) -> None:
        """Write what `load` reads."""
        whole = {"version": self.version, "bias": round(self.bias, 4), "traits": self.told()}
        text = json.dumps(whole, indent=2)
        path.write_text(text + "\n", "utf-8")
