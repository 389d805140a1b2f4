"""The commands of bundles: `sluicegate bundle …`."""

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.errors import ConfigurationError
from stream.commands.paper import moment, stdout, tabulate
from stream.logs import configure_logs
from stream.settings import load_settings

if TYPE_CHECKING:
    from stream.bundles.disagreement import Disagreement
    from stream.bundles.roles import Deed, Roles
    from stream.settings import Settings

bundle = typer.Typer(help="Model and policy as one: built, signed, swapped while events flow.")

Named = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="A folder, or a version in the store.")
]
Reason = Annotated[str, typer.Option(help="Why: it stands in the store's acts and in the audit.")]


@bundle.command()
def build(
    out: Annotated[Path, typer.Option(help="Folder of the bundle; must not exist yet.")],
    model: Annotated[
        Path | None, typer.Option(help="Folder of `sluicegate train`; none: the shipped model.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="Policy; none: the shipped one.")] = None,
    rules: Annotated[Path | None, typer.Option(help="Rules beside the model.")] = None,
    key: Annotated[
        Path | None, typer.Option(help="PEM file of the Ed25519 private key that signs.")
    ] = None,
) -> None:
    """Make a bundle of a model, a policy and rules, and sign it."""
    from scorers.shipped import SHIPPED as SHIPPED_MODEL
    from stream.bundles.building import build as run
    from stream.decide.policy import SHIPPED as SHIPPED_POLICY

    parts = model or SHIPPED_MODEL, policy or SHIPPED_POLICY
    content = run(*parts, out, rules=rules, key=key)
    signed = "signed" if content.signature else "not signed"
    stdout.print(f"{content.version}: {content.manifest.version}, {signed}, in {out}")


@bundle.command()
def verify(named: Named) -> None:
    """Prove a bundle as a worker would: signature, digests, features, golden rows, policy."""
    from stream.bundles.opening import Opener
    from stream.bundles.promotion import place_of

    settings = _settings()
    found = Opener(settings).open(place_of(named, settings))
    signed = "signed by a trusted key" if settings.bundle_keys else "no trusted keys are set"
    stdout.print(f"{found.version}: {found.model.version}, policy {found.policy.version}; {signed}")


@bundle.command()
def diff(before: Named, after: Named) -> None:
    """What differs: features, model card, policy, and the scores of golden rows."""
    from stream.bundles.difference import differences
    from stream.bundles.promotion import place_of

    settings = _settings()
    found = differences(place_of(before, settings), place_of(after, settings))
    if not found:
        stdout.print("no difference")
        return
    tabulate(("what", "before", "after"), found)


@bundle.command()
def promote(
    named: Named,
    canary: Annotated[
        float | None, typer.Option(help="Decide about this share of the accounts only, as 0.05.")
    ] = None,
    shadow: Annotated[bool, typer.Option(help="Score everything and decide nothing.")] = False,
    reason: Reason = "",
) -> None:
    """Let a bundle decide: workers take it within seconds, without a restart."""
    from stream.bundles.promotion import give, place_of
    from stream.bundles.roles import Roles

    if canary is not None and shadow:
        raise typer.BadParameter("--canary or --shadow, not both")
    settings, deed = _settings(), _deed(reason)
    place = place_of(named, settings)
    if canary is not None:
        share = canary
        after = give(
            settings, "canary", place, lambda roles, v: roles.try_out(v, share, deed.now), deed
        )
    elif shadow:
        after = give(settings, "shadow", place, Roles.shadow, deed)
    else:
        after = give(settings, "promote", place, Roles.promote, deed)
    _print_roles(after)


@bundle.command()
def rollback(
    named: Annotated[
        str, typer.Argument(metavar="[BUNDLE]", help="The candidate or shadow to withdraw.")
    ] = "",
    reason: Reason = "",
) -> None:
    """End the canary; without one, let the bundle before decide again."""
    from stream.bundles.promotion import roll_back

    _print_roles(roll_back(_settings(), named, _deed(reason)))


@bundle.command()
def show() -> None:
    """The roles of the store's bundles, and the last acts."""
    from stream.bundles.promotion import store_of

    acts = store_of(_settings()).acts()
    if not acts:
        stdout.print("no bundle was promoted yet")
        return
    _print_roles(acts[-1].roles)
    rows = [(moment(act.at), act.act, act.bundle, act.author, act.reason) for act in acts[-10:]]
    tabulate(("when", "act", "bundle", "who", "why"), rows)


@bundle.command()
def report(
    worker: Annotated[
        list[str] | None,
        typer.Option(help="Web port of a worker, as http://host:6066; may be given often."),
    ] = None,
) -> None:
    """What the candidate and the shadows would do otherwise, by action and by score."""
    from stream.bundles.disagreement import fetch, read_pages

    settings = _settings()
    token = settings.web_token.get_secret_value() if settings.web_token else None
    urls = worker or [f"http://{settings.web_host}:{settings.web_port}"]
    found = read_pages(fetch(url, token) for url in urls)
    if not found:
        stdout.print("no bundle is compared with the current one")
    for version, one in found.items():
        _print_disagreement(version, one)


def _settings() -> "Settings":
    configure_logs("console", "warning", sys.stderr)
    return load_settings()


def _deed(reason: str) -> "Deed":
    from stream.bundles.roles import Deed
    from stream.decide.court import wall_clock

    try:
        author = getpass.getuser()
    except (KeyError, OSError) as error:  # KeyError before Python 3.13
        raise ConfigurationError(f"who acts is not known: {error}; set LOGNAME") from error
    return Deed(author, reason, wall_clock())


def _print_roles(roles: "Roles") -> None:
    rows = [("current", roles.current, ""), ("previous", roles.previous, "")]
    rows.append(("candidate", roles.candidate, f"{roles.share:.1%}" if roles.candidate else ""))
    rows += [("shadow", version, "") for version in roles.shadows]
    tabulate(("role", "bundle", "share"), [row for row in rows if row[1]])


def _print_disagreement(version: str, found: "Disagreement") -> None:
    events = sum(found.actions.values())
    differing = {pair: n for pair, n in found.actions.items() if pair[0] != pair[1]}
    stdout.print(f"{version}: another action for {sum(differing.values()):,.0f} of {events:,.0f}")
    rows = [
        (ours, theirs, f"{n:,.0f}", f"{n / events:.3%}")
        for (ours, theirs), n in sorted(differing.items(), key=lambda item: -item[1])
    ]
    tabulate(("current", "this one", "events", "share"), rows)
    tabulate(("score", "quantile", "events", "another action", "mean gap"), _banded(found))


def _banded(found: "Disagreement") -> list[tuple[str, ...]]:
    """By the current bundle's score, from the lowest; quantile: of events up to the band's end."""
    total = sum(band.events for band in found.bands.values())
    rows: list[tuple[str, ...]] = []
    below = 0.0
    for name, band in sorted(found.bands.items(), key=lambda item: float(item[0].split()[1])):
        below += band.events
        share, gap = band.differing / band.events, band.gaps / band.events
        rows.append(
            (name, f"{below / total:.4f}", f"{band.events:,.0f}", f"{share:.3%}", f"{gap:.4f}")
        )
    return rows
