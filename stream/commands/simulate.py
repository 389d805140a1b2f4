"""`sluicegate demo`, `simulate` and `traffic`: simulated traffic, through all of it, into files,
or into Kafka."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from schemas.errors import ConfigurationError
from simulate.attacks import ATTACKS
from simulate.configurations import CONFIGURATIONS
from simulate.scenarios import SCENARIOS, Scenario
from stream.commands.paper import progress_bar, stderr
from stream.evaluate.trials import PEACE, TRAINED_ON, one_case
from stream.logs import configure_logs
from stream.settings import load_settings

ScenarioName = Annotated[str, typer.Option("--scenario", help=f"One of {', '.join(SCENARIOS)}.")]
Seed = Annotated[int | None, typer.Option(help="Another seed, other traffic of the same kind.")]
Days = Annotated[float | None, typer.Option(min=0.01, help="Days of event time.")]
Accounts = Annotated[int | None, typer.Option(min=1, help="How many accounts there are.")]
Configuration = Annotated[
    str | None, typer.Option(help=f"A provider instead of --scenario: {', '.join(CONFIGURATIONS)}.")
]
Attack = Annotated[str | None, typer.Option(help=f"One of {', '.join(ATTACKS)}, on a provider.")]


def demo(scenario: ScenarioName = "demo", seed: Seed = None) -> None:
    """All of it on this machine, amid simulated traffic, for about a minute and a half."""
    from stream.demo.run import demo as run

    configure_logs("console", "warning", sys.stderr)
    console = Console(stderr=True)
    picture = asyncio.run(run(console, _scenario(scenario, seed)))
    console.print(picture.summary())
    console.print(picture.told(), highlight=False, markup=False)


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for accounts, requests, labels, truth.")],
    scenario: ScenarioName = "small",
    seed: Seed = None,
    days: Days = None,
    accounts: Accounts = None,
    configuration: Configuration = None,
    attack: Attack = None,
) -> None:
    """Write simulated traffic to files, the same to the byte for the same seed."""
    from simulate.files import write

    if configuration or attack:
        composed = one_case(configuration or TRAINED_ON, attack or PEACE).scenario
        chosen = _changed(composed, seed, days, accounts)
    else:
        chosen = _scenario(scenario, seed, days, accounts)
    with progress_bar(f"simulating {chosen.name}", 1.0) as advance:
        done = 0.0

        def progress(_: int, share: float) -> None:
            nonlocal done
            advance(share - done)
            done = share

        written = write(chosen, out, progress=progress)
    stderr.print(
        f"{written.request_events:,} requests and {written.account_events:,} account events "
        f"of {written.members:,} accounts in {out}"
    )


def traffic(
    scenario: ScenarioName = "demo",
    seed: Seed = None,
    rate: Annotated[float, typer.Option(min=1, help="Events a second at most.")] = 1_000.0,
) -> None:
    """Send simulated traffic to Kafka, faster than life, until the scenario is over."""
    from stream.demo.traffic import produce, scenario_lines

    settings = load_settings()
    with progress_bar("sending", None) as advance:
        sent = asyncio.run(
            produce(
                settings,
                scenario_lines(_scenario(scenario, seed)),
                rate,
                lambda burst: advance(len(burst)),
            )
        )
    stderr.print(f"{sent:,} events sent to {settings.kafka_bootstrap}")


def _scenario(
    name: str,
    seed: int | None = None,
    days: float | None = None,
    accounts: int | None = None,
) -> Scenario:
    if name not in SCENARIOS:
        raise ConfigurationError(f"no scenario {name}: there are {', '.join(SCENARIOS)}")
    return _changed(SCENARIOS[name], seed, days, accounts)


def _changed(
    scenario: Scenario, seed: int | None, days: float | None, accounts: int | None
) -> Scenario:
    given = {"seed": seed, "days": days, "accounts": accounts}
    return replace(scenario, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
