"""What the accounts of one campaign want, and how: crews of accounts on one pipeline each."""

from dataclasses import dataclass, replace

import numpy as np

from simulate import fitted
from simulate.chance import key_of
from simulate.habits import Habits, Work
from simulate.world import LARGE, MIDDLE, THINKER, World

# Software engineering, agentic reasoning and long-horizon work, as alleged in June 2026; rubric
# grading and reasoning traces, as published in February 2026. The weights are assumed.
_AIMS = (
    ("coding",) * 9 + ("agentic",) * 4 + ("long_horizon",) * 3,
    ("agentic",) * 8 + ("tool_use",) * 4 + ("coding",) * 4,
    ("reasoning",) * 9 + ("long_horizon",) * 4 + ("coding",) * 3,
    ("grading",) * 7 + ("reasoning",) * 6 + ("coding",) * 3,
    ("long_horizon",) * 7 + ("agentic",) * 6 + ("reasoning",) * 3,
)


@dataclass(frozen=True, kw_only=True)
class Crews:
    """How many pipelines there are, and how they ask.

    `crews` pipelines, each with an aim, lengths and parameters of its own; `alike` of a crew's
    accounts keep its parameters, the others draw their own. `templates` texts in `variants`
    wordings; `paraphrased` is the share of requests whose text is new to every hash. `systems`
    system prompts shared by all (0: each account its own). `even`: 1 paces an account like a
    clock, 0 like a person; `sleep` is how much of a night it keeps. `drawn_out`: the share of
    crews whose prompts demand the reasoning. `innocent`: ordinary requests by the operators.
    `moved` of the requests follow a launch, after `moves_days` on average.
    """

    per_day: float = 25.6  # 28.8 million exchanges / 25,000 accounts / 45 days, as alleged
    crews: int = 5
    alike: float = 0.75
    templates: int = 24
    variants: int = 40
    paraphrased: float = 0.0
    systems: int = 6
    even: float = 0.8
    sleep: float = 1.0
    drawn_out: float = 0.4
    innocent: float = 0.1
    moved: float = 0.5
    moves_days: float = 0.6

    def habits(self, world: World, name: str, rng: np.random.Generator, nth: int) -> Habits:
        """The numbers of one account of crew `nth`."""
        own = rng if rng.random() >= self.alike else world.generator(name, "crew", nth)
        # Where the operators sit differs from campaign to campaign: a model must not learn it.
        office = float(world.generator(name, "office").choice((-6.0, 0.0, 1.0, 3.0, 5.5, 8.0, 9.0)))
        drawn_out = (nth + 0.5) / self.crews < self.drawn_out
        ordinary = self.paraphrased + (1.0 - self.paraphrased) * self.innocent
        pipeline = Habits(
            per_day=self.per_day,
            turns=float(own.choice((1.0, 2.0, 4.0, 9.0))),
            gap_s=float(own.lognormal(3.4, 0.5)),
            gap_shape=0.9,
            day_spread=0.6 * (1.0 - self.even),
            hour_spread=0.6 * (1.0 - self.even),
            even=self.even,
            offset_h=office,
            sleep=self.sleep,
            in_ln=float(own.normal(fitted.CODE_IN_LN, 0.4)),
            in_sd=float(own.uniform(0.3, 0.7)),
            growth=0.4,
            out_ln=float(own.normal(6.1, 0.5)),
            out_sd=float(own.uniform(0.4, 0.9)),
            reasoning=float(own.uniform(0.5, 0.8) if drawn_out else own.choice((0.0, 0.5))),
            templates=float(self.templates),
            template_fresh=ordinary,
            variants=float(self.variants),
            wander=3.0,
            streamed=float(own.choice((0.0, 0.9))),
            tools=float(own.choice((0, 0, 4, 8))),
            tool_calls=float(own.choice((0.0, 0.8))),
            retry=0.9,
            launch_share=self.moved,
        )
        return self._jittered(pipeline, rng, drawn_out)

    def _jittered(self, pipeline: Habits, rng: np.random.Generator, drawn_out: bool) -> Habits:
        """Two accounts of one crew are never quite the same."""
        return replace(
            pipeline,
            in_ln=pipeline.in_ln + float(rng.normal(0, 0.15)),
            out_ln=pipeline.out_ln + float(rng.normal(0, 0.15)),
            gap_s=pipeline.gap_s * float(rng.lognormal(0, 0.3)),
            offset_h=pipeline.offset_h + float(rng.normal(0, 1)),
            cached=float(rng.uniform(0, 0.9)),
            elicitation=float(rng.beta(6, 5) if drawn_out else rng.beta(1, 25)),
            refused=float(rng.beta(1, 60)),
            throttled=float(rng.beta(1, 90)),
            launch_days=float(rng.exponential(self.moves_days)),
        )

    def work(self, world: World, name: str, rng: np.random.Generator, nth: int) -> Work:
        """The decks of one account of crew `nth`."""
        own = rng if rng.random() >= self.alike else world.generator(name, "deck", nth)
        aside = round(16 * self.innocent)
        aims = _AIMS[nth % len(_AIMS)]
        return Work(
            # Every second slot first, so that no aim is cut out of the deck.
            capabilities=(*aims[::2], *aims[1::2])[: 16 - aside] + ("chat",) * aside,
            models=((LARGE,), (LARGE, THINKER), (MIDDLE, LARGE))[int(own.integers(3))],
            temperatures=((None,), (0.0,), (0.7,), (1.0,))[int(own.integers(4))],
            max_tokens=((None,), (1024,), (4096,), (8192,))[int(own.integers(4))],
            families=(world.key(name, "templates"),),
            systems=self._systems(world, name, rng),
        )

    def _systems(self, world: World, name: str, rng: np.random.Generator) -> tuple[int, ...]:
        if not self.systems:
            return (key_of("system", int(rng.integers(1 << 62))),)
        shared = rng.integers(self.systems, size=2).tolist()
        return tuple(world.key(name, "system", n) for n in shared)
