"""Backtesting: files replayed past a rulebook, through the live path."""

from pathlib import Path

from stream.decide.policy import SHIPPED, load_policy
from stream.replay import ACCOUNTS, REQUESTS, Summary, local_handlers, merged, read_file, replay
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
    rulebook = load_rulebook(rules)
    settings = load_settings(decisions="all").model_copy(update={"rules": None})
    policy = load_policy(settings.policy or SHIPPED)
    found = Backtest(policy, rulebook)
    events = merged(read_file(ACCOUNTS, accounts), read_file(REQUESTS, requests))
    summary = await replay(events, local_handlers(settings, found, witness=found.witness))
    summary.dead_letters = found.dead
    return summary, found.effects
