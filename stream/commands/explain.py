"""`sluicegate explain`: why an account, or a decision about one, is what it is."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream.commands.paper import moment, stderr, stdout

if TYPE_CHECKING:
    from schemas.decisions import Decision
    from stream.decide.statute import Floor
    from stream.explain.account import AccountExplained
    from stream.explain.decision import DecisionExplained
    from stream.explain.scales import Weighed

LEAST = 0.01  # log-odds: what adds less is left out for people
PARTS = 3  # features told of a group


def explain(
    account: Annotated[str | None, typer.Argument(help="Id of the account.")] = None,
    decision: Annotated[str | None, typer.Option(help="Id of a decision instead.")] = None,
    decisions: Annotated[
        Path | None, typer.Option(help="Decisions, one a line; none: the topic.")
    ] = None,
    requests: Annotated[
        Path | None, typer.Option(help="RequestEvents: the decision's is weighed again.")
    ] = None,
    accounts: Annotated[Path | None, typer.Option(help="AccountEvents beside them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object, nothing left out.")] = False,
) -> None:
    """Exactly what adds up to a score, by the store or by recorded events. 1 if it is not known."""
    from stream.logs import configure_logs

    if (account is None) == (decision is None):
        raise typer.BadParameter("give an account, or --decision, and not both")
    configure_logs("console", "warning", sys.stderr)
    if account is not None:
        _tell(asyncio.run(_of_account(account)), as_json)
    elif decision is not None:
        _tell(asyncio.run(_of_decision(decision, decisions, accounts, requests)), as_json)


async def _of_account(account: str) -> "AccountExplained":
    from stream.explain.account import explain_account
    from stream.settings import load_settings

    found = await explain_account(load_settings(), account)
    if found is None:
        stderr.print(f"no request of {account} is remembered")
        raise typer.Exit(1)
    return found


async def _of_decision(
    decision_id: str, decisions: Path | None, accounts: Path | None, requests: Path | None
) -> "DecisionExplained":
    from stream.explain.decision import DecisionExplained, find, weigh_again
    from stream.report.sources import FileSource, TopicSource
    from stream.settings import load_settings

    settings = load_settings()
    source = FileSource({"decisions": decisions}) if decisions else TopicSource(settings)
    found = await find(source, decision_id)
    if found is None:
        stderr.print(f"there is no decision {decision_id}")
        raise typer.Exit(1)
    weighed = await weigh_again(settings, found, accounts, requests) if requests else None
    return DecisionExplained(found, weighed, sought=requests is not None)


def _tell(found: "AccountExplained | DecisionExplained", as_json: bool) -> None:
    from stream.explain.account import AccountExplained

    if as_json:
        stdout.print_json(data=_object(found))
    elif isinstance(found, AccountExplained):
        _tell_account(found)
    else:
        _tell_decision(found)


def _object(found: "AccountExplained | DecisionExplained") -> dict[str, Any]:
    import msgspec

    from stream.explain.account import AccountExplained

    weighed = _weighed(found.weighed) if found.weighed else None
    if not isinstance(found, AccountExplained):
        return {"decision": found.decision.model_dump(mode="json"), "weighed": weighed}
    return {
        "account_id": found.account,
        "clock": found.clock,
        "requests": found.requests,
        "tokens": found.tokens,
        "kyc_tier": found.tier,
        "weighed": weighed,
        "decision": msgspec.json.decode(found.decision) if found.decision else None,
        "membership": _membership(found.membership) if found.membership else None,
    }


def _weighed(weighed: "Weighed") -> dict[str, Any]:
    groups = [
        {**group._asdict(), "parts": [part._asdict() for part in group.parts]}
        for group in weighed.groups
    ]
    rules = [rule._asdict() for rule in weighed.rules]
    return {**weighed._asdict(), "groups": groups, "rules": rules}


def _membership(floor: "Floor") -> dict[str, Any]:
    import msgspec

    told: dict[str, Any] = msgspec.to_builtins(floor._asdict())
    return told


def _tell_account(found: "AccountExplained") -> None:
    import msgspec

    from schemas.decisions import Decision

    stdout.print(
        f"{found.account} at {moment(found.clock)}: {found.requests:,} requests, "
        f"{found.tokens:,} tokens, tier {found.tier}"
    )
    _tell_weighed(found.weighed)
    if found.decision:
        stdout.print("\nwhat stands:")
        _tell_record(Decision.model_validate(msgspec.json.decode(found.decision)))
    if found.membership:
        _tell_membership(found.membership)
    stdout.print(f"\nwho is behind it: sluicegate kyc explain {found.account}")


def _tell_decision(found: "DecisionExplained") -> None:
    decision = found.decision
    stdout.print(f"{decision.account_id} at {moment(decision.ts)}, event {decision.event_id}")
    _tell_record(decision)
    if found.weighed is None:
        if found.sought:
            stdout.print("\nits event is not among these requests")
        return
    stdout.print("\nits event, weighed again:")
    _tell_weighed(found.weighed)
    if found.weighed.model_version != decision.model_version:
        stdout.print(f"by another model than the decision's, {decision.model_version}")
    elif found.weighed.score != decision.score:
        stdout.print(
            f"the decision's score is {decision.score:.6f}: a rule or a campaign raised it, or "
            "these requests are not all that came before"
        )


def _tell_record(decision: "Decision") -> None:
    stdout.print(
        f"{decision.action} until {moment(decision.expires_at)} by {decision.cause}, "
        f"score {decision.score:.6f}, tier {decision.kyc_tier}, mode {decision.mode}"
    )
    for reason in decision.reasons:
        stdout.print(f"  {reason.weight:+8.3f}  {reason.code}: {reason.text} [{reason.value}]")


def _tell_weighed(weighed: "Weighed") -> None:
    added = weighed.margin - weighed.nothing
    stdout.print(
        f"score {weighed.score:.6f} by {weighed.model_version}: log-odds {weighed.margin:+.3f} "
        f"before calibration, {weighed.nothing:+.3f} of nothing known and {added:+.3f} of this:"
    )
    for group in weighed.groups:
        if abs(group.weight) < LEAST:
            continue
        stdout.print(f"  {group.weight:+8.3f}  {group.code}: {group.text}")
        strongest = sorted(group.parts, key=lambda part: -abs(part.weight))[:PARTS]
        for part in (part for part in strongest if abs(part.weight) >= LEAST):
            value = "not known" if part.value is None else f"{part.value:,.6g}"
            stdout.print(f"  {'':8}  {part.weight:+8.3f}  {part.text}: {value}")
    for rule in weighed.rules:
        shadow = ", in the shadow" if rule.shadow else ""
        stdout.print(f"rule {rule.name} holds ({rule.called}{shadow}): {rule.text}")


def _tell_membership(floor: "Floor") -> None:
    standing = floor.standing
    stdout.print(
        f"\nmember of campaign {floor.campaign_id}, score {floor.score:.6f}: "
        f"{standing.action} until {moment(standing.expires_at)}"
    )
    for reason in floor.reasons:
        stdout.print(f"  {reason.weight:+8.3f}  {reason.code}: {reason.text}")
