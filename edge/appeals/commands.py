"""The commands of reviewers: `sluicegate appeal …`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import msgspec
import typer

from stream.commands.paper import moment, stdout, tabulate

if TYPE_CHECKING:
    from edge.appeals.appeal import Appeal
    from edge.controls.staff import LiveStaff

T = TypeVar("T")
Account = Annotated[str, typer.Argument(help="The account.")]
DecisionId = Annotated[str, typer.Argument(help="The decision that it contests.")]

appeal = typer.Typer(help="Accounts that contest a decision.", no_args_is_help=True)


@appeal.command("list")
def list_appeals(
    count: Annotated[int, typer.Option(min=1, max=1_000, help="So many at most.")] = 50,
) -> None:
    """Those that wait for an answer, the oldest first. Exit code 1 when there are some."""
    found = _ask(lambda staff: staff.docket.waiting(count))
    rows = []
    for one in found:
        state = one.state if one.state == "open" else f"{one.state}, not carried out"
        rows.append((moment(one.filed_at), one.account_id, one.decision_id, one.category, state))
    tabulate(("filed", "account", "decision", "category", "state"), rows)
    sys.exit(1 if found else 0)


@appeal.command()
def show(account: Account, decision: DecisionId) -> None:
    """One appeal: what the account says, and the decision as it stood."""

    async def look(staff: "LiveStaff") -> "tuple[Appeal, str | None]":
        hearing = await staff.hearing()
        found = await hearing.find(account, decision)
        return found, await hearing.statement(found)

    found, statement = _ask(look)
    says = "(its key is gone)" if statement is None else statement or "(nothing)"
    answer = f" by {found.reviewer}: {found.reason}" if found.reviewer else ""
    rows = (
        ("filed", moment(found.filed_at)),
        ("category", found.category),
        ("says", says),
        ("state", found.state + answer),
        ("decision", msgspec.json.format(bytes(found.decision).decode(), indent=2)),
    )
    for name, told in rows:
        stdout.print(f"{name:10} {told}")


@appeal.command()
def answer(
    account: Account,
    decision: DecisionId,
    verdict: Annotated[Literal["uphold", "overturn"], typer.Argument(help="The answer.")],
    author: Annotated[str, typer.Option(help="Who answers.")],
    reason: Annotated[str, typer.Option(help="Why, for those who read it later.")],
) -> None:
    """Uphold the decision, or overturn it: the account is then allowed for a while."""

    async def given(staff: "LiveStaff") -> "Appeal":
        hearing = await staff.hearing()
        return await hearing.answer(account, decision, verdict, author, reason)

    stdout.print(f"{account}: {_ask(given).state}")


def _ask(ask: "Callable[[LiveStaff], Awaitable[T]]") -> T:
    from edge.controls.staff import LiveStaff
    from stream.logs import configure_logs
    from stream.settings import load_settings

    settings = load_settings()
    configure_logs("console", "error", sys.stderr)

    async def asked() -> T:
        staff = LiveStaff(settings)
        try:
            return await ask(staff)
        finally:
            await staff.close()

    return asyncio.run(asked())
