"""`sluicegate kyc`: who is behind an account, what tiers unlock, and the model of identity."""

import asyncio
import math
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.commands.paper import stderr, stdout, tabulate

if TYPE_CHECKING:
    from stream.know.explanation import Explanation

kyc = typer.Typer(help="Who is behind an account.", no_args_is_help=True)


@kyc.command()
def explain(account: Annotated[str, typer.Argument(help="Id of the account.")]) -> None:
    """Tier, score and proofs of an account, and what every signal sees. 1 if it is not known."""
    from stream.know.explanation import explain as explained
    from stream.logs import configure_logs
    from stream.settings import load_settings

    configure_logs("console", "warning", sys.stderr)
    found = asyncio.run(explained(load_settings(), account, int(time.time() * 1_000)))
    if found is None:
        stderr.print(f"nothing is known of {account}")
        raise typer.Exit(1)
    _print_standing(found)
    _print_proofs(found)
    _print_signals(found)


@kyc.command()
def screen(
    names: Annotated[list[str], typer.Argument(help="Names to screen, each on its own.")],
    birth_date: Annotated[
        str | None, typer.Option(help="YYYY, YYYY-MM or YYYY-MM-DD, of all of them.")
    ] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166-1 alpha-2, of all.")] = None,
) -> None:
    """Which listed names a name may mean, and why. 1 when there is a candidate to review."""
    from kyc.screening.opening import load_screener, subject
    from stream.settings import load_settings

    subjects = [subject(name, birth_date, country) for name in names]
    found = load_screener(load_settings().lists_dir).screen(subjects)
    for name, candidates in zip(names, found, strict=True):
        stdout.print(f"{name}: {len(candidates) or 'no'} candidates")
        for candidate in candidates:
            heading = f"  {candidate.score:.2f}  {candidate.key}  {candidate.name}"
            stdout.print(heading)
            for reason in candidate.reasons:
                stdout.print(f"        {reason}")
    raise typer.Exit(1 if any(found) else 0)


@kyc.command()
def rescreen() -> None:
    """Screen all known names against what is new on the lists; candidates go to review."""
    from stream.know.rescreening import rescreen as run
    from stream.logs import configure_logs
    from stream.settings import load_settings

    configure_logs("console", "warning", sys.stderr)
    done = asyncio.run(run(load_settings(), int(time.time() * 1_000)))
    stdout.print(
        f"{done.entries:,} new entries, {done.accounts:,} accounts compared, "
        f"{done.reviews:,} to review"
    )


@kyc.command()
def tiers() -> None:
    """The tiers of the policy: what proves them, what they unlock, and how long proofs hold."""
    from kyc.policy import SHIPPED, load_kyc_policy
    from stream.settings import load_settings

    policy = load_kyc_policy(load_settings().kyc_policy or SHIPPED)
    names = ("tier", "proven by", "requests/min", "tokens/min", "capabilities", "programs")
    rows = (
        (
            f"{tier:d} {tier.name.lower()}",
            "\n".join(" + ".join(_name(p.name) for p in line) for line in unlocked.proofs)
            or "nothing",
            unlocked.requests_per_minute,
            unlocked.tokens_per_minute,
            ", ".join(unlocked.capabilities),
            ", ".join(unlocked.programs),
        )
        for tier, unlocked in policy.tiers.items()
    )
    tabulate(names, rows)
    held = (f"{_name(p.name)} {ms // 86_400_000} days" for p, ms in policy.proof_lifetimes.items())
    stdout.print(f"proofs hold: {', '.join(held)}; all others until they are taken back")
    stdout.print(
        "worth nothing: a throw-away mailbox, a line of internet telephony, toll-free or premium, "
        "a document that verified others before, a business in restricted hands"
    )


@kyc.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder of the model; must not exist yet.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Folder with accounts and labels; may be given often. None: simulate."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sign-ups and of the training.")] = 1,
    populations: Annotated[int, typer.Option(min=4, help="How many to simulate.")] = 32,
    accounts: Annotated[int, typer.Option(min=100, help="Accounts of each.")] = 1_000,
    days: Annotated[float, typer.Option(min=1, help="Days of each.")] = 7.0,
) -> None:
    """Train the model of identity on recorded or simulated account events."""
    from schemas.errors import ConfigurationError
    from stream.know.curriculum import train_simulated
    from stream.know.training import train_recorded
    from stream.logs import configure_logs

    configure_logs("console", "warning", sys.stderr)
    if out.exists():
        raise ConfigurationError(f"{out} exists: a model is never written over another")
    with stderr.status("replaying account events"):
        if data:
            report = train_recorded(out, data, seed, _ignore)
        else:
            report = train_simulated(out, seed, populations, accounts, days, _ignore)
    stderr.print(
        f"{report.version}: {report.trees} trees; on held-out groups AUC "
        f"{report.evaluation.auc:.4f}, average precision {report.evaluation.average_precision:.4f}"
    )


def _ignore(_: float) -> None:
    """A spinner tells that it goes on; how far does not show."""


def _print_standing(found: "Explanation") -> None:
    from kyc.proven import tier_at

    opinion, asking = found.opinion, found.assessed.asking.at(found.at)
    tier = tier_at(opinion.until, found.at)
    stdout.print(f"tier {tier:d} ({tier.name.lower()}), score of identity {opinion.score:.3f}")
    if asking:
        stdout.print(f"asked for {asking} until {_day(found.assessed.asked_until)}")
    if found.decision:
        stdout.print(f"decision that stands: {found.decision.decode()}")


def _print_proofs(found: "Explanation") -> None:
    from kyc.proven import FOREVER

    rows = []
    for proof, since in found.shown.items():
        until = found.opinion.proven.get(proof)
        ends = "until it is taken back" if until == FOREVER else _day(until or 0)
        told = "worth nothing" if proof & found.withheld else "lapsed" if until is None else ends
        rows.append((_name(proof.name), _day(since), told))
    tabulate(("proof", "shown", "holds until"), rows)


def _print_signals(found: "Explanation") -> None:
    from kyc.reasons import told
    from kyc.signals import NAMES, SIGNALS

    opinion = found.opinion
    weights = opinion.contributions
    rows = []
    for n, name in enumerate(NAMES):
        value = None if math.isnan(opinion.row[n]) else float(opinion.row[n])
        weight = "" if weights is None or value is None else f"{weights[n]:+.2f}"
        rows.append((name, weight, told(name, value), SIGNALS[name].appeal.value))
    tabulate(("signal", "weight", "what it sees", "to appeal"), rows)


def _name(proof: str | None) -> str:
    return (proof or "").lower()


def _day(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1_000, UTC):%Y-%m-%d}"
