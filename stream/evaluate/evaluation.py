"""One scenario judged: every figure of it, ready for tables and files."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from simulate.population import Population
from simulate.scenarios import Scenario
from stream.evaluate.ablations import ABLATIONS, Ablation
from stream.evaluate.figures import Honest, Reach, honest, reach
from stream.evaluate.judge import Detector, Progress, Trial, judge, live, shipped
from stream.evaluate.price import Price, price
from stream.evaluate.rings import Detection, Membership, detection, membership
from stream.evaluate.traffic import traffic_of

SLUICEGATE = "sluicegate"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a detector did in one scenario; docs/benchmarks.md says what each figure means."""

    scenario: str
    detector: str
    without: str | None  # what an ablation took away
    attack: Reach | None
    detection: Detection | None
    membership: Membership | None
    price: Price | None
    others: list[Reach]  # lone abusers, cohort by cohort
    honest: list[Honest]
    events: int
    dead_letters: int
    seconds: float


def evaluate(
    scenario: Scenario,
    detector: Detector | None = None,
    *,
    attack: str | None,
    name: str = SLUICEGATE,
    without: str | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Replay a scenario through a detector, by default the live path as the settings have it.

    `attack`: the name of the attack's cohort, None for peace. `without`: one of ABLATIONS.
    `cache`: a folder where simulated traffic is kept. `progress` gets the events of each chunk.
    Takes about as long as simulating and replaying; memory grows with accounts, not with events.
    """
    ablation = ABLATIONS[without] if without else Ablation()
    traffic = traffic_of(ablation.applied(scenario), cache)
    found = detector or live(partial(shipped, blind=ablation.blind))
    trial = judge(traffic, found, attack, identity=ablation.identity, progress=progress)
    return figures(trial, traffic.population, attack, name, without)


def figures(
    trial: Trial, population: Population, attack: str | None, name: str, without: str | None
) -> Evaluation:
    """All figures of a trial."""
    abusive = dict.fromkeys(t.cohort for t in trial.truths if t.abusive)
    own = reach(trial, attack) if attack else None
    return Evaluation(
        scenario=population.scenario.name,
        detector=name,
        without=without,
        attack=own,
        detection=detection(trial, attack, population.world.launch) if attack else None,
        membership=membership(trial, attack) if attack else None,
        price=price(population, own) if own else None,
        others=[reach(trial, cohort) for cohort in abusive if cohort != attack],
        honest=honest(trial),
        events=trial.events,
        dead_letters=trial.docket.dead,
        seconds=trial.seconds,
    )
