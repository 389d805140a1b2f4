"""The command `sluicegate`. Exit codes: 0 done, 1 something is not as it must be, 2 wrong usage."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from edge.appeals.commands import appeal
from edge.audit.commands import audit
from edge.check.commands import edge, token
from edge.erased.commands import erasure
from edge.webhook.commands import webhook, webhooks
from schemas.errors import ConfigurationError, SluicegateError
from simulate.attacks import ATTACKS
from simulate.configurations import CONFIGURATIONS
from simulate.scenarios import SCENARIOS, Scenario
from stream.commands.bundle import bundle
from stream.commands.campaign import campaign
from stream.commands.controls import governor, mode, override
from stream.commands.evaluate import evaluate
from stream.commands.explain import explain
from stream.commands.kyc import kyc
from stream.commands.labels import labels
from stream.commands.lists import lists
from stream.commands.paper import complain, stderr, tabulate
from stream.commands.report import report
from stream.commands.rings import train_rings
from stream.commands.rules import rules
from stream.commands.train import snapshot, train
from stream.evaluate.trials import PEACE, TRAINED_ON, one_case
from stream.guard import EXTRAS, only_runtime, refuse_foreign_packages
from stream.logs import configure_logs
from stream.settings import load_settings

# Commands import what they need when they run: `sluicegate --help` must not wait for Kafka's,
# ONNX's and XGBoost's libraries.

cli = typer.Typer(
    help="Real-time abuse scoring for providers of AI APIs: events in, decisions out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command()(train)
cli.command()(snapshot)
cli.command()(labels)
cli.command()(train_rings)
cli.command()(evaluate)
cli.command()(explain)
cli.command()(edge)
cli.add_typer(token, name="token")
cli.command()(webhooks)
cli.add_typer(bundle, name="bundle")
cli.add_typer(kyc, name="kyc")
cli.add_typer(lists, name="lists")
cli.add_typer(rules, name="rules")
cli.add_typer(report, name="report")
cli.add_typer(webhook, name="webhook")
cli.command()(mode)
cli.add_typer(governor, name="governor")
cli.add_typer(override, name="override")
cli.add_typer(campaign, name="campaign")
cli.add_typer(appeal, name="appeal")
cli.add_typer(audit, name="audit")
cli.add_typer(erasure, name="erasure")

ScenarioName = Annotated[str, typer.Option("--scenario", help=f"One of {', '.join(SCENARIOS)}.")]
Seed = Annotated[int | None, typer.Option(help="Another seed, other traffic of the same kind.")]
Days = Annotated[float | None, typer.Option(min=0.01, help="Days of event time.")]
Accounts = Annotated[int | None, typer.Option(min=1, help="How many accounts there are.")]
Configuration = Annotated[
    str | None, typer.Option(help=f"A provider instead of --scenario: {', '.join(CONFIGURATIONS)}.")
]
Attack = Annotated[str | None, typer.Option(help=f"One of {', '.join(ATTACKS)}, on a provider.")]


def main() -> None:
    """Run the command; what a person can act on is told in a line, without a traceback."""
    try:
        refuse_foreign_packages()
        cli()
    except SluicegateError as error:
        complain(str(error))
        sys.exit(1)
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        complain(f"{error.name} is not installed: install sluicegate[{EXTRAS[error.name]}]")
        sys.exit(1)
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        stderr.print("stopped")
        sys.exit(130)


@cli.command()
def demo(scenario: ScenarioName = "demo", seed: Seed = None) -> None:
    """All of it on this machine, amid simulated traffic, for about a minute and a half."""
    from stream.demo.run import demo as run

    configure_logs("console", "warning", sys.stderr)
    console = Console(stderr=True)
    picture = asyncio.run(run(console, _scenario(scenario, seed)))
    console.print(picture.summary())
    console.print(picture.told(), highlight=False, markup=False)


@cli.command()
def worker() -> None:
    """Read requests from Kafka, write decisions. Told everything by its environment."""
    only_runtime()  # before anything imports it
    from stream.worker import run

    sys.exit(run(load_settings()))


@cli.command()
def linker() -> None:
    """Read what workers saw, find campaigns, answer their members. One works, more stand by."""
    from stream.linker_app import create_linker
    from stream.worker import serve

    sys.exit(serve(load_settings(), create_linker))


@cli.command()
def replay(
    requests: Annotated[Path, typer.Option(help="RequestEvents, one a line (.gz, .zst).")],
    decisions: Annotated[Path, typer.Option(help="Where decisions are written.")],
    accounts: Annotated[Path | None, typer.Option(help="AccountEvents, one a line.")] = None,
    campaigns: Annotated[Path | None, typer.Option(help="Where campaigns are written.")] = None,
    labels: Annotated[Path | None, typer.Option(help="LabelEvents, one a line.")] = None,
    every: Annotated[bool, typer.Option("--all", help="A decision for every request.")] = False,
) -> None:
    """Run recorded events through the live path, in event time; nothing else is needed."""
    from stream.replay import replay_files

    configure_logs("console", "warning", sys.stderr)
    with _bar("replaying", None) as advance:
        summary = asyncio.run(
            replay_files(
                accounts,
                requests,
                decisions,
                campaigns=campaigns,
                labels=labels,
                every=every,
                progress=advance,
            )
        )
    stderr.print(summary.told())


@cli.command()
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
    with _bar(f"simulating {chosen.name}", 1.0) as advance:
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


@cli.command()
def traffic(
    scenario: ScenarioName = "demo",
    seed: Seed = None,
    rate: Annotated[float, typer.Option(min=1, help="Events a second at most.")] = 1_000.0,
) -> None:
    """Send simulated traffic to Kafka, faster than life, until the scenario is over."""
    from stream.demo.traffic import produce, scenario_lines

    settings = load_settings()
    with _bar("sending", None) as advance:
        sent = asyncio.run(
            produce(
                settings,
                scenario_lines(_scenario(scenario, seed)),
                rate,
                lambda burst: advance(len(burst)),
            )
        )
    stderr.print(f"{sent:,} events sent to {settings.kafka_bootstrap}")


@cli.command()
def topics(
    check: Annotated[bool, typer.Option("--check", help="Only look, create nothing.")] = False,
) -> None:
    """Create the topics that are missing, and tell which differ. Exit code 1 when one does."""
    from stream.broker.topics import check_topics, create_topics

    states = asyncio.run((check_topics if check else create_topics)(load_settings()))
    tabulate(("topic", "finding", ""), [(s.name, s.finding, s.detail) for s in states], stderr)
    sys.exit(0 if all(state.ok for state in states) else 1)


@cli.command()
def schema(
    out: Annotated[Path, typer.Option(help="Folder to write one JSON Schema a message into.")],
) -> None:
    """Write the JSON Schema of every message of the contract."""
    from schemas.documents import documents

    out.mkdir(parents=True, exist_ok=True)
    for name, document in documents().items():
        path = out / f"{name}.json"
        path.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        stderr.print(str(path))


@cli.command()
def doctor() -> None:
    """Is everything reachable and configured, and if not, what to do. Exit code 1 if not."""
    from stream.doctor.check import Verdict
    from stream.doctor.diagnosis import diagnose

    checks = asyncio.run(diagnose(load_settings()))
    rows = [(c.name, c.verdict, c.what, c.remedy) for c in checks]
    tabulate(("check", "", "found", "what to do"), rows, stderr)
    sys.exit(1 if any(c.verdict is Verdict.FAIL for c in checks) else 0)


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


@contextmanager
def _bar(text: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """A progress bar while the block lasts; yields the function that moves it on."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}" if total is None else "{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr, transient=True) as progress:
        task = progress.add_task(text, total=total)
        yield lambda step: progress.advance(task, step)
