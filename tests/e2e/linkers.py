"""Linkers of tests: a policy under which small rings are campaigns, and what one linker says that
nobody stops."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from schemas.decisions import Campaign
from schemas.wire import encode_decision
from stream.broker.sinks import Placed, encode_campaign
from stream.controls.table import Controls
from stream.decide.bars import Calibration
from stream.decide.court import wall_clock
from stream.decide.policy import SHIPPED, load_policy
from stream.link.office import Office
from stream.link.touches import decode_touch
from stream.link.weighing import Weights
from stream.metrics import Metrics
from stream.settings import Settings
from stream.store import MemoryStore
from tests.e2e.live import undated

# Whatever the shipped weights make of small rings: these tests are about processes.
EAGER = {
    0: {"restrict": 1e-4, "block": 0.9},
    1: {"restrict": 1e-4, "block": 0.9},
    2: {"restrict": 1e-4},
    3: {"restrict": 1e-4},
}


def eager_policy(folder: Path) -> Path:
    """A file of the shipped policy, but that whatever a ring's score is, four are a campaign."""
    shipped = yaml.safe_load(SHIPPED.read_text())
    campaigns = shipped["campaigns"] | {"thresholds": EAGER, "fewest": 4}
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(shipped | {"campaigns": campaigns}))
    return path


@dataclass(slots=True)
class Kept:
    """A sink that keeps what it is given."""

    records: list[bytes] = field(default_factory=list)
    decisions: list[bytes] = field(default_factory=list)

    async def emit(self, decisions: list[Placed], letters: list[object]) -> None:
        assert not letters
        self.decisions += [undated(encode_decision(decision)) for _, decision in decisions]

    async def record(self, campaigns: list[Campaign]) -> None:
        self.records += [encode_campaign(campaign) for campaign in campaigns]


async def one_linker(settings: Settings, touches: list[bytes]) -> Kept:
    """What a linker says of `touches` that nobody stops, in this process."""
    kept = Kept()
    office = Office(
        policy=load_policy(settings.policy),
        weights=Weights.load(),
        controls=Controls(settings.mode),
        now=wall_clock,
        store=MemoryStore(),
        sink=kept,  # type: ignore[arg-type]  # lists where a sink takes sequences
        heed=_ignore,
        metrics=Metrics(),
        ask=1.0,
    )
    await office.take([(at, decode_touch(touch)) for at, touch in enumerate(touches)])
    return kept


async def _ignore(_: Calibration) -> None:
    pass
