"""`sluicegate rules`: whether rules are right, which there are, and what they would have done."""

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream.commands.paper import stderr, stdout, tabulate

if TYPE_CHECKING:
    from stream.rules.backtest import Effect
    from stream.rules.rulebook import Rule

rules = typer.Typer(help="Named SQL conditions beside the model.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="File of rules (YAML).")]


@rules.command()
def check(file: File) -> None:
    """Read a file of rules as a worker would; tells every rule that is wrong. Then 1."""
    from stream.rules.rulebook import load_rulebook

    rulebook = load_rulebook(file)
    deciding, version = len(rulebook.deciding), rulebook.version.removeprefix("+") or "none"
    shadowed = len(rulebook.rules) - deciding
    stdout.print(f"rules: {deciding:,} that decide, {shadowed:,} in the shadow; version {version}")


@rules.command("list")
def show(
    file: Annotated[Path | None, typer.Argument(help="None: the one of the settings.")] = None,
) -> None:
    """The rules of a file: what they look for, what they call for, who wrote them, until when."""
    from stream.rules.rulebook import load_rulebook

    now = int(time.time() * 1_000)
    for name, rule in load_rulebook(file or _file_of_settings()).rules.items():
        ended = " (expired)" if rule.ends <= now else ""
        tiers = " ".join(str(int(tier)) for tier in sorted(rule.tiers))
        stdout.print(f"{name}: {_called(rule)} in tiers {tiers}, until {rule.expires}{ended}")
        stdout.print(f"  where {rule.where}")
        stdout.print(f"  {rule.reason.code}: {rule.reason.text} ({rule.author})")


@rules.command()
def backtest(
    file: File,
    requests: Annotated[Path, typer.Option(help="RequestEvents, one a line (.gz, .zst).")],
    accounts: Annotated[Path | None, typer.Option(help="AccountEvents, one a line.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="LabelEvents, or the simulator's truth, one a line.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object, with accounts.")] = False,
) -> None:
    """What each rule would have met and changed in recorded traffic, rules in the shadow too."""
    from stream.logs import configure_logs
    from stream.rules.backtest import read_truth
    from stream.rules.backtesting import backtest as run

    configure_logs("console", "warning", sys.stderr)
    truth = read_truth(labels) if labels else {}
    with stderr.status("replaying"):
        summary, effects = asyncio.run(run(file, accounts, requests))
    if as_json:
        stdout.print_json(data=[_object(effect, truth) for effect in effects])
        return
    stderr.print(summary.told())
    _tabulate(effects, truth)


def _file_of_settings() -> Path:
    from schemas.errors import ConfigurationError
    from stream.settings import load_settings
    from stream.variables import variable

    file = load_settings().rules
    if file is None:
        raise ConfigurationError(f"no file given, and {variable('rules')} names none")
    return file


def _called(rule: "Rule") -> str:
    return f"{rule.called} (shadow)" if rule.shadow else rule.called


def _tabulate(effects: "list[Effect]", truth: dict[str, bool]) -> None:
    from stream.rules.backtest import Split, split

    names = ("rule", "events", "accounts", "stricter: events", "stricter: accounts")
    rows = (
        (
            f"{one.rule}{' (shadow)' * one.shadow}",
            *(one.events, len(one.accounts), one.stricter_events, len(one.stricter)),
            *(split(one.stricter, truth) if truth else ()),
        )
        for one in effects
    )
    tabulate((*names, *(Split._fields if truth else ())), rows)


def _object(effect: "Effect", truth: dict[str, bool]) -> dict[str, Any]:
    from stream.rules.backtest import SAMPLE, split

    return {
        "rule": effect.rule,
        "shadow": effect.shadow,
        "events": effect.events,
        "accounts": len(effect.accounts),
        "stricter_events": effect.stricter_events,
        "stricter_accounts": len(effect.stricter),
        **({"stricter": split(effect.stricter, truth)._asdict()} if truth else {}),
        "sample": list(effect.stricter or effect.accounts)[:SAMPLE],
    }
