"""Labs that grade models in public."""

from dataclasses import dataclass

from simulate.accounts import Account
from simulate.honest.developers import PROGRAMS, Developers
from simulate.moves import met_at
from simulate.networks import CAMPUS
from simulate.world import LARGE, MIDDLE, THINKER, World

_DOMAINS = ("mit.edu", "cam.ac.uk", "ethz.ch")
_BENCHMARKS = 3


@dataclass(frozen=True, slots=True)
class Researchers:
    """Public benchmarks, run by many labs: the same templates, the same harness's system prompt,
    rubric grading and step-by-step reasoning at temperature 0, in long even runs. By their
    requests they look like distillation; they are few a lab, mostly known, and paid by one card.
    """

    name: str = "researchers"
    share: float = 0.012
    per_lab: int = 4

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, "bench", index)
        lab = world.key(self.name, "lab", index // self.per_lab)
        campus = lab % len(CAMPUS)
        network = CAMPUS[campus]
        person = met_at(Developers(name=self.name, joining=0.25).member(world, index), network, lab)
        runs = int(rng.integers(_BENCHMARKS))
        reasoning = rng.random() < 0.6
        return person.having(
            habits={
                "per_day": float(min(90.0 * rng.lognormal(0, 1.0), 1_500.0)),
                "active_days": float(rng.uniform(0.2, 0.9)),
                "turns": float(rng.choice((1, 1, 40))),
                "gap_s": float(rng.uniform(2, 20)),
                "even": float(rng.uniform(0.2, 0.9)),
                "sleep": float(rng.uniform(0, 3)),
                "templates": float(rng.integers(2, 12)),
                "template_fresh": float(rng.beta(1, 8)),
                "wander": 8.0,
                "elicitation": float(rng.beta(4, 5) if reasoning else rng.beta(1, 12)),
                "reasoning": float(rng.uniform(0.3, 0.8)) if reasoning else 0.0,
                "logprobs": float(rng.random() < 0.3),
            },
            work={
                "capabilities": ("grading",) * 7 + ("reasoning",) * 6 + ("coding",) * 3,
                "models": ((LARGE, THINKER), (LARGE,), (MIDDLE, LARGE))[int(rng.integers(3))],
                "temperatures": (0.0,),
                "max_tokens": ((1024,), (4096,), (8192,))[int(rng.integers(3))],
                "families": (world.key("public benchmark", runs),),
                "systems": (world.key("evaluation harness", runs % 2),),
            },
            proofs={
                "email_domain": _DOMAINS[campus],
                "cards": (lab,) if rng.random() < 0.7 else (),
                "issued": network.country,
                "program": str(rng.choice(("", *PROGRAMS), p=(0.35, 0.15, 0.1, 0.0, 0.4))),
                "identity": 0.15,
                "document": 0,
            },
        )
