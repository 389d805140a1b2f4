"""The command from scenario to table and file, on a population of a few dozen."""

import json
from io import StringIO
from pathlib import Path

from rich.console import Console

from schemas.decisions import Action
from schemas.wire import DecisionWire, LimitsWire, ReasonWire
from simulate.population import Population
from simulate.scenarios import scenario
from stream.evaluate.ablations import ABLATIONS
from stream.evaluate.docket import Docket
from stream.evaluate.evaluation import Evaluation, evaluate
from stream.evaluate.figures import together
from stream.evaluate.judge import Line, Progress
from stream.evaluate.session import Task, perform_all
from stream.evaluate.tables import print_details, print_overview
from stream.evaluate.trials import Case
from tests.unit.gates import DECIDED_AT
from tests.unit.test_cli import sluicegate

SMALL = scenario("A", "june", 77, accounts=100, days=0.8, attack_share=0.3)


class Omniscient:
    """Blocks whom it is told to, at the first event of the run."""

    def __init__(self, cohorts: set[str], answers: dict[str, str]) -> None:
        self._cohorts, self._answers = cohorts, answers

    async def __call__(self, events: "list[Line]", docket: Docket, settle: Progress) -> None:
        taken = list(events)
        guilty = [a for a, cohort in self._answers.items() if cohort in self._cohorts]
        decided = [(0, decision(account, taken[0].ts - 1)) for account in guilty]
        await docket.emit(decided, [])
        settle(len(taken))


def decision(account: str, ts: int) -> DecisionWire:
    return DecisionWire(
        decision_id=account,
        account_id=account,
        event_id="e",
        cause="campaign",
        ts=ts,
        decided_at=DECIDED_AT,
        action=Action.BLOCK,
        score=1.0,
        kyc_tier=0,
        kyc_score=0.0,
        reasons=[ReasonWire("told", "told so", 1.0, 1.0)],
        model_version="m",
        policy_version="p",
        mode="enforce",
        expires_at=1 << 50,
        limits=LimitsWire(1, 1),
        campaign_id="ring",
    )


def judged(*cohorts: str) -> Evaluation:
    answers = {truth.account_id: truth.cohort for truth in Population(SMALL).truths()}
    return evaluate(SMALL, Omniscient(set(cohorts), answers), attack="june")


def test_who_is_blocked_from_the_start_leaks_nothing() -> None:
    """And no exchange is to be had at any price."""
    found = judged("june")
    assert found.attack is not None
    assert found.price is not None
    assert found.membership is not None
    assert found.attack.accounts == found.attack.friction == found.attack.blocked > 0
    assert (found.attack.leaked_friction, found.attack.prevented) == (0.0, 1.0)
    assert (found.price.multiplier, found.membership.f1) == (None, 1.0)
    assert together(found.honest).restrict == 0


def test_the_innocent_are_told_class_by_class() -> None:
    """In accounts that asked at all, and what they lost."""
    found = judged("chat")
    chat = next(c for c in found.honest if c.cohort == "chat")
    assert chat.accounts == chat.block > 0
    assert chat.prevented == chat.exchanges > 0
    assert found.membership is not None
    assert found.membership.honest_acting == 1
    assert found.attack is not None
    assert (found.attack.friction, found.attack.leaked_strong) == (0, 1.0)


def test_tables_tell_it() -> None:
    """Every class, the campaign that acts, and one row in the overview."""
    found = judged("june", "chat")
    console = Console(file=StringIO(), width=160)
    print_details(console, found)
    print_overview(console, [found])
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(c.cohort in told for c in found.honest)
    assert "campaign ring acts on" in told
    assert "A-june-77  sluicegate" in told


def test_runs_go_on_beside_one_another() -> None:
    """Each in a process of its own, told with its place."""
    tiny = scenario("A", None, 77, accounts=50, days=0.1)
    todo = [Task(Case(tiny, None, "A")), Task(Case(tiny, None, "A"), "fan-out")]
    found = dict(perform_all(todo, 2, None))
    assert [found[place].detector for place in range(2)] == ["sluicegate", "fan-out"]
    assert found[0].events == found[1].events > 0


def test_the_command_writes_every_figure(tmp_path: Path) -> None:
    """As JSON, an object per run, in order."""
    out = tmp_path / "figures.json"
    options = ("--accounts", "50", "--days", "0.1", "--jobs", "1", "--ablate", "--json", out)
    told = sluicegate("evaluate", "--configuration", "A", *options)
    assert told.returncode == 0, told.stderr
    assert "A-june-77  no network" in told.stdout
    runs = json.loads(out.read_bytes())
    assert [run["without"] for run in runs] == [None, *ABLATIONS]
    assert {"attack", "membership", "price", "honest", "others"} <= set(runs[0])
