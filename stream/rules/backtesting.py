"""Backtesting: files replayed past a rulebook, through the live path."""

from pathlib import Path

from stream.bundles.opening import open_chosen
from stream.decide.court import wall_clock
from stream.decide.opening import court_of
from stream.lines import ACCOUNTS, REQUESTS, merged, read_file
from stream.local import local_handlers
from stream.replay import Summary, replay
from stream.rules.backtest import Backtest, Effect
from stream.rules.rulebook import load_rulebook
from stream.settings import load_settings


async def backtest(
    rules: Path, accounts: Path | None, requests: Path
) -> tuple[Summary, list[Effect]]:
    """What each rule of a file would have added to the settings' model, policy and campaigns.

    The settings' own rules are left out: the file is looked at as if it took their place.
    Raises PolicyError, ModelError, OSError.
    """
    settings = load_settings(decisions="all")
    alone = open_chosen(settings)._replace(rulebook=None)
    found = Backtest(alone.policy, load_rulebook(rules))
    court = court_of(alone, settings, wall_clock, lambda *_: None)
    events = merged(read_file(ACCOUNTS, accounts), read_file(REQUESTS, requests))
    summary = await replay(
        events, local_handlers(settings, found, court=court, witness=found.witness)
    )
    summary.dead_letters = found.dead
    return summary, found.effects
