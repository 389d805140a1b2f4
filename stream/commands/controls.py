"""`sluicegate override`, `sluicegate mode`, `sluicegate governor`: what people order."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from stream.commands.paper import moment, stdout, tabulate

if TYPE_CHECKING:
    from stream.controls.acting import Acting
    from stream.controls.governing import Governing
    from stream.controls.overriding import Overriding

T = TypeVar("T")
SubjectName = Annotated[
    Literal["account", "network", "organisation"], typer.Argument(help="What is named.")
]
Named = Annotated[
    str,
    typer.Argument(
        help="An account's or an organisation's id; an address stands for its /24 or /48.",
        metavar="NAME",
    ),
]
Answer = Annotated[
    Literal["allow", "restrict", "rate_limit", "step_up", "block"],
    typer.Option(help="What whoever is named gets, whatever the evidence says."),
]
Author = Annotated[str, typer.Option(help="Who orders it.")]
Reason = Annotated[str, typer.Option(help="Why, for those who read it later; no personal data.")]
Share = Annotated[
    float, typer.Option(min=0.001, max=1.0, help="Share that may be answered an hour.")
]
HOUR_MS = 3_600_000

override = typer.Typer(help="Pin what an account gets: set, list, lift.", no_args_is_help=True)
governor = typer.Typer(
    help="How many may be blocked or stepped up in an hour.", no_args_is_help=True
)


@override.command("set")
def set_override(
    subject: SubjectName,
    name: Named,
    action: Answer,
    author: Author,
    reason: Reason,
    days: Annotated[float, typer.Option(min=0.01, max=90, help="For how long.")] = 7.0,
) -> None:
    """Pin an action, at once, until its end."""
    from schemas.decisions import Action

    lasts = int(days * 24 * HOUR_MS)
    told = _override(lambda o: o.set(subject, name, Action(action), lasts, author, reason))
    stdout.print(f"{told.key}: {told.action} until {moment(told.expires_at)}")


@override.command()
def lift(subject: SubjectName, name: Named, author: Author, reason: Reason) -> None:
    """End what is pinned: the evidence decides again."""
    told = _override(lambda o: o.lift(subject, name, author, reason))
    stdout.print(f"{told.key}: lifted")


@override.command("list")
def list_overrides() -> None:
    """What is pinned now, what ends first first."""

    async def read(overriding: "Overriding") -> "list[tuple[str, ...]]":
        return [
            (o.subject, o.value, o.action.value, moment(o.expires_at), o.author, o.reason)
            for o in overriding.holding()
        ]

    tabulate(("subject", "name", "action", "until", "author", "reason"), _override(read))


def mode(
    wanted: Annotated[
        Literal["shadow", "enforce", "show"],
        typer.Argument(help="shadow: decisions are not to be acted on.", metavar="MODE"),
    ] = "show",
    author: Annotated[str, typer.Option(help="Who orders it.")] = "",
    reason: Annotated[str, typer.Option(help="Why, for those who read it later.")] = "",
) -> None:
    """The kill switch: shadow or enforce, for every worker, linker and edge, within seconds."""
    if wanted != "show" and not (author and reason):
        raise typer.BadParameter("--author and --reason are needed")

    async def turn(governing: "Governing") -> str:
        if wanted != "show":
            await governing.turn(wanted, author, reason)
        last = governing.switch
        if last is None:
            return f"{governing.mode} by settings"
        return f"{governing.mode} since {moment(last.ts)} by {last.author}: {last.reason}"

    stdout.print(_govern(turn))


@governor.command()
def allow(
    author: Author,
    reason: Reason,
    accounts: Share = 1.0,
    traffic: Share = 1.0,
    hours: Annotated[float, typer.Option(min=0.1, max=72, help="For how long.")] = 6.0,
) -> None:
    """Let more be blocked or stepped up for a while: a campaign is larger than the share."""
    lasts = int(hours * HOUR_MS)
    told = _govern(lambda g: g.allow(accounts, traffic, lasts, author, reason))
    shares = f"{told.accounts:.0%} of accounts, {told.traffic:.0%} of traffic"
    stdout.print(f"{shares} an hour until {moment(told.expires_at)}")


@governor.command()
def restore(author: Author, reason: Reason) -> None:
    """Let the policy's shares hold again."""
    _govern(lambda g: g.restore(author, reason))
    stdout.print("the policy's shares hold")


def _override(act: "Callable[[Overriding], Awaitable[T]]") -> T:
    async def acted() -> T:
        from stream.controls.overriding import Overriding, hasher
        from stream.settings import load_settings

        async with _open() as acting:
            return await act(Overriding(acting, hasher(load_settings())))

    return asyncio.run(acted())


def _govern(act: "Callable[[Governing], Awaitable[T]]") -> T:
    async def acted() -> T:
        from stream.controls.governing import Governing

        async with _open() as acting:
            return await act(Governing(acting))

    return asyncio.run(acted())


@asynccontextmanager
async def _open() -> "AsyncIterator[Acting]":
    from stream.controls.acting import open_acting
    from stream.controls.table import Controls
    from stream.logs import configure_logs
    from stream.settings import load_settings

    settings = load_settings()
    configure_logs("console", "error", sys.stderr)
    async with open_acting(settings, Controls(settings.mode)) as acting:
        yield acting
