"""`sluicegate campaign`: what campaigns there are, and what a person decides about one."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from stream.commands.paper import moment, stdout, tabulate

if TYPE_CHECKING:
    from schemas.controls import CampaignOrder, Proposal
    from schemas.decisions import Campaign
    from stream.controls.campaigns import Campaigning
    from stream.link.board import Board

T = TypeVar("T")
Id = Annotated[str, typer.Argument(help="Id of the campaign.", metavar="ID")]
Author = Annotated[str, typer.Option(help="Who decides.")]
Reason = Annotated[str, typer.Option(help="Why, for those who read it later.")]
Answer = Annotated[
    Literal["restrict", "rate_limit", "step_up", "block"],
    typer.Option(help="What every member is to get, present and future."),
]

campaign = typer.Typer(help="Campaigns, and what people decide about them.", no_args_is_help=True)


@campaign.command("list")
def list_campaigns(
    count: Annotated[int, typer.Option(min=1, max=1_000, help="So many at most.")] = 50,
) -> None:
    """Campaigns, the one that changed last first."""
    found = _ask(lambda board, _: board.latest(count))
    names = ("campaign", "status", "accounts", "score", "changed", "ordered")
    rows = (
        (one.campaign_id, one.status, one.accounts, f"{one.score:.3f}", moment(one.ts), ordered)
        for one, ordered in found
    )
    tabulate(names, rows)


@campaign.command()
def show(campaign_id: Id) -> None:
    """One campaign: its size, what ties it, and what was decided. 1 if it is not known."""
    found = _ask(lambda board, _: _one(board, campaign_id))
    if not found:
        stdout.print(f"no campaign {campaign_id}")
        sys.exit(1)
    [(record, ordered)] = found
    rows = [
        ("status", record.status + (f", {record.merged_into} now" if record.merged_into else "")),
        ("ordered", ordered or "nothing"),
        ("accounts", f"{record.accounts:,} with {record.requests:,} requests"),
        ("score", f"{record.score:.3f}"),
        ("seen", f"{moment(record.first_seen)} to {moment(record.last_seen)}"),
        ("found", moment(record.detected_at)),
        ("after", ", ".join(f"{name} {part:.0%}" for name, part in _most(record.capabilities))),
        ("models", ", ".join(f"{name} {part:.0%}" for name, part in _most(record.models))),
        ("countries", ", ".join(f"{name} {count}" for name, count in _most(record.countries))),
    ]
    rows += [("tied by", f"{one.kind} {one.value}: {one.accounts:,}") for one in record.links]
    for name, told in rows:
        stdout.print(f"{name:10} {told}")


@campaign.command()
def dismiss(campaign_id: Id, author: Author, reason: Reason) -> None:
    """It is none: let every member go, and teach that they are benign."""
    _told(_order(lambda desk: desk.dismiss(campaign_id, author, reason)))


@campaign.command()
def act(
    campaign_id: Id,
    action: Answer,
    author: Author,
    reason: Reason,
    days: Annotated[float, typer.Option(min=0.01, max=30, help="For how long.")] = 7.0,
) -> None:
    """Give every member this answer, whatever the evidence says."""
    from schemas.decisions import Action
    from stream.controls.campaigns import DAY_MS

    lasts = int(days * DAY_MS)
    _told(_order(lambda desk: desk.act(campaign_id, Action(action), lasts, author, reason)))


@campaign.command()
def confirm(campaign_id: Id, author: Author) -> None:
    """Agree to the block that somebody else has proposed."""
    _told(_order(lambda desk: desk.confirm(campaign_id, author)))


@campaign.command()
def undo(campaign_id: Id, author: Author, reason: Reason) -> None:
    """Take the last decision back: members get what the evidence says."""
    _told(_order(lambda desk: desk.undo(campaign_id, author, reason)))


def _ask(
    read: "Callable[[Board, Campaigning], Awaitable[list[Campaign]]]",
) -> "list[tuple[Campaign, str]]":
    """Records with what is ordered about each, in words."""

    async def asked() -> "list[tuple[Campaign, str]]":
        async with _open() as (board, desk):
            return [(one, _standing(desk, one.campaign_id)) for one in await read(board, desk)]

    return asyncio.run(asked())


async def _one(board: "Board", campaign_id: str) -> "list[Campaign]":
    found = await board.find(campaign_id)
    return [found] if found else []


def _order(give: "Callable[[Campaigning], Awaitable[T]]") -> T:
    async def given() -> T:
        async with _open() as (_, desk):
            return await give(desk)

    return asyncio.run(given())


@asynccontextmanager
async def _open() -> "AsyncIterator[tuple[Board, Campaigning]]":
    from stream.broker.connections import store_client
    from stream.controls.acting import open_acting
    from stream.controls.campaigns import Campaigning
    from stream.controls.table import Controls
    from stream.link.board import Board
    from stream.logs import configure_logs
    from stream.settings import load_settings

    settings = load_settings()
    configure_logs("console", "error", sys.stderr)
    client = store_client(settings)
    try:
        async with open_acting(settings, Controls(settings.mode)) as acting:
            board = Board(client)
            yield board, Campaigning(acting, board, four_eyes=settings.four_eyes)
    finally:
        await client.aclose()


def _standing(desk: "Campaigning", campaign_id: str) -> str:
    proposal, order = desk.proposal(campaign_id), desk.order(campaign_id)
    if proposal:
        return f"{proposal.action.value} proposed by {proposal.author}: {proposal.reason}"
    return _words(order) if order and order.what != "undo" else ""


def _words(order: "CampaignOrder") -> str:
    agreed = f" and {order.proposed_by}" if order.proposed_by else ""
    what = f"{order.action.value} until {moment(order.expires_at)}" if order.action else order.what
    return f"{what} by {order.author}{agreed}: {order.reason}"


def _told(given: "CampaignOrder | Proposal") -> None:
    from schemas.controls import Proposal

    if isinstance(given, Proposal):
        waits = f"sluicegate campaign confirm {given.campaign_id} --author …"
        stdout.print(f"proposed; somebody else has to say: {waits}")
    else:
        stdout.print(f"{given.campaign_id}: {given.what}; members are told within seconds")


def _most(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(shares.items(), key=lambda one: one[1], reverse=True)[:5]
