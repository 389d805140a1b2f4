"""Evaluations as tables for a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from stream.evaluate.evaluation import SLUICEGATE, Evaluation
from stream.evaluate.figures import Honest, Reach, together
from stream.evaluate.goals import missed
from stream.evaluate.prompts import Tie
from stream.evaluate.rings import Membership

# Short, so that a row fits: docs/benchmarks.md says what each means.
_REACH = ("accounts", "friction", "strong", "block", "leak", "leak strong", "stopped")
_RING = ("found", "leak found", "purity", "compl.", "F1")
_WIDTH = 180  # of a file or a pipe


def paper() -> Console:
    """Standard output, wide enough for a row where it is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def print_overview(console: Console, evaluations: Sequence[Evaluation]) -> None:
    """One row per evaluation, attack against attack."""
    table = Table(box=None)
    for name in ("scenario", "detector"):
        table.add_column(name, no_wrap=True)
    for name in (*_REACH, *_RING, "fp friction", "fp block", "cost"):
        table.add_column(name, justify="right")
    for e in evaluations:
        table.add_row(e.scenario, _told(e), *_reached(e.attack), *_ring(e), *_budget(e), _cost(e))
    console.print(table)
    for e in evaluations:
        if e.detector == SLUICEGATE and e.without is None:
            told = "; ".join(missed(e))
            console.print(
                f"{e.scenario}: " + (f"[red]missed:[/] {told}" if told else "all reached")
            )


def print_details(console: Console, evaluation: Evaluation) -> None:
    """Every class of one evaluation, one by one, and the campaigns that acted."""
    speed = evaluation.events / max(evaluation.seconds, 1e-9)
    console.print(
        f"\n[bold]{evaluation.scenario}[/], {_told(evaluation)}: {evaluation.events:,} events in "
        f"{evaluation.seconds:.0f} s ({speed:,.0f}/s)"
    )
    if evaluation.dead_letters:
        console.print(f"[red]{evaluation.dead_letters:,} of them were refused as unreadable[/]")
    abusive = Table("abusive", *_REACH, "h to friction", "h to strong", "asked early", box=None)
    for each in (*filter(None, (evaluation.attack,)), *evaluation.others):
        hours = (_number(each.hours_to_friction), _number(each.hours_to_strong))
        abusive.add_row(each.cohort, *_reached(each), *hours, f"{each.asked_early} of {each.tried}")
    console.print(abusive)
    console.print(_honest_table(evaluation.honest))
    if found := evaluation.detection:
        console.print(
            f"ring found {found.hours:.1f} h after it began, {found.hours_from_launch:+.1f} h from "
            f"the launch, by {', '.join(found.links) or 'no named links'}: {found.campaign_id}"
        )
    for ring in evaluation.membership.acting if evaluation.membership else ():
        held = ", ".join(f"{count} {cohort}" for cohort, count in ring.cohorts.items())
        mark = " [red]mostly honest[/]" if 2 * ring.honest > ring.accounts else ""
        console.print(f"campaign {ring.campaign_id} acts on {held}{mark}")


def print_ties(console: Console, ties: Sequence[Tie]) -> None:
    """One row per fingerprint and share of the attack."""
    table = Table("attack's share", "fingerprint", box=None)
    for name in ("precision", "recall", "own words", "copied"):
        table.add_column(name, justify="right")
    for tie in ties:
        precision = "–" if tie.precision is None else _share(tie.precision)
        counts = (str(tie.own), str(tie.verbatim))
        table.add_row(_share(tie.share), tie.fingerprint, precision, _share(tie.recall), *counts)
    console.print(table)


def _honest_table(classes: Sequence[Honest]) -> Table:
    table = Table("honest, in accounts", box=None)
    for name in ("accounts", "≥ restrict", "≥ rate_limit", "≥ step_up", "block", "prevented"):
        table.add_column(name, justify="right")
    for c in (*classes, together(classes)):
        hit = (c.restrict, c.rate_limit, c.step_up, c.block)
        told = [f"{n} ({_share(n / max(1, c.accounts))})" if n else "0" for n in hit]
        table.add_row(c.cohort, f"{c.accounts:,}", *told, f"{c.prevented:,} of {c.exchanges:,}")
    return table


def _reached(reach: Reach | None) -> list[str]:
    if reach is None:
        return ["–"] * len(_REACH)
    accounts = max(1, reach.accounts)
    return [
        f"{reach.accounts:,}",
        *(_share(n / accounts) for n in (reach.friction, reach.strong, reach.blocked)),
        *(_share(s) for s in (reach.leaked_friction, reach.leaked_strong, reach.prevented)),
    ]


def _ring(evaluation: Evaluation) -> list[str]:
    found, members = evaluation.detection, evaluation.membership
    return [
        f"{found.hours:.1f} h" if found else "–",
        _share(found.leaked) if found else "–",
        *(_number(n, 2) for n in _agreement(members)),
    ]


def _agreement(members: Membership | None) -> tuple[float | None, ...]:
    if members is None or not members.campaigns:
        return (None,) * 3
    return members.purity, members.completeness, members.f1


def _budget(evaluation: Evaluation) -> list[str]:
    everybody = together(evaluation.honest)
    accounts = max(1, everybody.accounts)
    return [_share(everybody.restrict / accounts), _share(everybody.block / accounts)]


def _cost(evaluation: Evaluation) -> str:
    if evaluation.price is None:
        return "–"
    multiplier = evaluation.price.multiplier
    return "∞" if multiplier is None else f"{multiplier:.1f}x"


def _told(evaluation: Evaluation) -> str:
    return f"no {evaluation.without}" if evaluation.without else evaluation.detector


def _share(value: float) -> str:
    return f"{value:.2%}" if value < 0.1 else f"{value:.1%}"


def _number(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
