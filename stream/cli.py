"""The command `sluicegate`. Exit codes: 0 done, 1 something is not as it must be, 2 wrong usage."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.appeals.commands import appeal
from edge.audit.commands import audit
from edge.check.commands import edge, token
from edge.erased.commands import erasure
from edge.webhook.commands import webhook, webhooks
from schemas.errors import SluicegateError
from stream.commands.bundle import bundle
from stream.commands.campaign import campaign
from stream.commands.controls import governor, mode, override
from stream.commands.evaluate import evaluate
from stream.commands.explain import explain
from stream.commands.kyc import kyc
from stream.commands.labels import labels
from stream.commands.lists import lists
from stream.commands.paper import complain, stderr, tabulate
from stream.commands.replay import replay
from stream.commands.report import report
from stream.commands.rings import train_rings
from stream.commands.rules import rules
from stream.commands.simulate import demo, simulate, traffic
from stream.commands.train import snapshot, train
from stream.guard import EXTRAS, only_runtime, refuse_foreign_packages
from stream.settings import load_settings

# Commands import what they need when they run: `sluicegate --help` must not wait for Kafka's,
# ONNX's and XGBoost's libraries.

cli = typer.Typer(
    help="Real-time abuse scoring for providers of AI APIs: events in, decisions out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command()(demo)
cli.command()(replay)
cli.command()(simulate)
cli.command()(traffic)
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
def topics(
    check: Annotated[bool, typer.Option("--check", help="Only look, create nothing.")] = False,
) -> None:
    """Create the topics that are missing, and tell which differ. Exit code 1 when one does."""
    from stream.broker.topics import check_topics, create_topics

    states = asyncio.run((check_topics if check else create_topics)(load_settings()))
    tabulate(("topic", "finding", ""), [(s.name, s.finding, s.detail) for s in states])
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
    tabulate(("check", "", "found", "what to do"), rows)
    sys.exit(1 if any(c.verdict is Verdict.FAIL for c in checks) else 0)
