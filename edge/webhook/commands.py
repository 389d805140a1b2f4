"""The commands of webhooks: `sluicegate webhooks`, the process, and `sluicegate webhook …`."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from schemas.errors import ConfigurationError
from stream.commands.paper import stdout, tabulate
from stream.logs import configure_logs
from stream.settings import Settings, load_settings

if TYPE_CHECKING:
    from edge.webhook.endpoints import Endpoint
    from edge.webhook.sender import Answer
    from edge.webhook.shelf import Shelf

T = TypeVar("T")
Name = Annotated[str, typer.Argument(help="Name of the endpoint.")]

webhook = typer.Typer(help="Endpoints of webhooks, and what they did not take.")


def webhooks() -> None:
    """Deliver changed decisions to every endpoint. Told everything by its environment."""
    from edge.webhook.service import serve

    settings = load_settings()
    configure_logs(settings.log_format, settings.log_level, sys.stderr)
    # What was loaded so far lives as long as the process: no collection need look at it again.
    gc.collect()
    gc.freeze()
    asyncio.run(serve(settings))


@webhook.command("list")
def list_endpoints() -> None:
    """Every endpoint, whether it is on, and what waits for it."""
    from edge.webhook.endpoints import load_endpoints

    settings = load_settings()
    endpoints = load_endpoints(settings)
    rows = asyncio.run(_overview(settings, endpoints))
    tabulate(("endpoint", "url", "state", "parked", "dead"), rows)


@webhook.command()
def dead(name: Name) -> None:
    """The deliveries that were given up. Exit code 1 when there are some."""
    found = _on_shelf(name, _dead)
    tabulate(("decision", "account", "tries", "error"), found)
    sys.exit(1 if found else 0)


@webhook.command()
def replay(
    name: Name,
    decisions: Annotated[list[str] | None, typer.Argument(help="Decision ids.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are dead.")] = False,
) -> None:
    """Deliver dead deliveries again. Exit code 1 when one of those named is not dead."""
    if bool(decisions) is every:
        raise typer.BadParameter("name decisions or give --all")
    unknown = _on_shelf(name, lambda shelf: _revive(shelf, decisions))
    for decision in unknown:
        stdout.print(f"{decision}: not among the dead")
    sys.exit(1 if unknown else 0)


@webhook.command()
def enable(name: Name) -> None:
    """Deliver again to an endpoint that was switched off."""
    was_off = _on_shelf(name, lambda shelf: shelf.switch_on())
    stdout.print(f"{name} was {'off' if was_off else 'on'}, and is on")


@webhook.command()
def disable(name: Name, reason: Annotated[str, typer.Option(help="Why.")] = "by hand") -> None:
    """Deliver nothing more to an endpoint; what it would get waits in Kafka."""
    _on_shelf(name, lambda shelf: shelf.switch_off(reason))
    stdout.print(f"{name} is off within seconds")


@webhook.command()
def test(name: Name) -> None:
    """Post a decision of an account that does not exist, in shadow. Exit code 1 on failure."""
    from edge.webhook.sender import Outcome

    answer = asyncio.run(_post(_endpoint(load_settings(), name)))
    stdout.print(f"{name}: {answer.outcome} {answer.detail}".rstrip())
    sys.exit(0 if answer.outcome is Outcome.DELIVERED else 1)


def _endpoint(settings: Settings, name: str) -> "Endpoint":
    from edge.webhook.endpoints import load_endpoints

    endpoints = load_endpoints(settings)
    if name not in endpoints:
        raise ConfigurationError(f"no endpoint {name}: there are {', '.join(endpoints)}")
    return endpoints[name]


def _on_shelf(name: str, ask: "Callable[[Shelf], Awaitable[T]]") -> T:
    from edge.webhook.shelf import Shelf
    from stream.broker.connections import store_client

    settings = load_settings()
    endpoint = _endpoint(settings, name)

    async def asked() -> T:
        client = store_client(settings)
        try:
            return await ask(Shelf(client, endpoint.name))
        finally:
            await client.aclose()

    return asyncio.run(asked())


async def _overview(settings: Settings, endpoints: "dict[str, Endpoint]") -> list[tuple[str, ...]]:
    from edge.webhook.shelf import Shelf
    from stream.broker.connections import store_client

    client = store_client(settings)
    rows: list[tuple[str, ...]] = []
    try:
        for endpoint in endpoints.values():
            shelf = Shelf(client, endpoint.name)
            size, off = await shelf.size(settings.partitions), await shelf.off()
            state = "on" if off is None else f"off: {off}"
            counts = f"{size.parked:,}", f"{size.dead:,}"
            rows.append((endpoint.name, endpoint.url, state, *counts))
    finally:
        await client.aclose()
    return rows


async def _dead(shelf: "Shelf") -> list[tuple[str, ...]]:
    found = [delivery async for delivery in shelf.dead()]
    found.sort(key=lambda delivery: delivery.decided_at)
    return [(d.decision_id, d.account_id, str(d.tries), d.error) for d in found]


async def _revive(shelf: "Shelf", decisions: list[str] | None) -> list[str]:
    """The ids that were not dead; without `decisions` all dead ones live again, oldest first."""
    from stream.decide.court import wall_clock

    chosen = decisions or [row[0] for row in await _dead(shelf)]
    return [d for d in chosen if not await shelf.revive(d, wall_clock())]


async def _post(endpoint: "Endpoint") -> "Answer":
    from edge.webhook.sample import sample
    from edge.webhook.sender import HttpSender

    sender = HttpSender(endpoint)
    try:
        return await sender.post(sample())
    finally:
        await sender.close()
