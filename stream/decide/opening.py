"""A court as settings or a bundle ask for it: model, policy and rules read and checked."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stream.bundles.opening import Bundle, open_chosen
from stream.decide.bars import AT_FIRST
from stream.decide.court import Court, wall_clock
from stream.decide.statute import Statute
from stream.settings import Settings

if TYPE_CHECKING:  # needs an SQL parser, which who has no rules need not wait for
    from stream.rules.rulings import Rulings


def open_court(
    settings: Settings,
    now: Callable[[], int] = wall_clock,
    count_hits: Callable[[str, int], None] = lambda *_: None,
) -> Court:
    """The model, policy and rules that settings name. Raises ModelError or PolicyError.

    count_hits: told the name of a rule and how many events it held for.
    """
    return court_of(open_chosen(settings), settings, now, count_hits)


def court_of(
    bundle: Bundle,
    settings: Settings,
    now: Callable[[], int],
    count_hits: Callable[[str, int], None],
) -> Court:
    """The court of a bundle. Raises PolicyError."""
    rulings = _rulings(bundle, count_hits)
    return Court(
        bundle.model,
        Statute(bundle.policy, AT_FIRST, rulings.deciding if rulings else ()),
        every=settings.decisions == "all",
        now=now,
        rulings=rulings,
    )


def _rulings(bundle: Bundle, count_hits: Callable[[str, int], None]) -> "Rulings | None":
    if bundle.rulebook is None:
        return None
    from stream.rules.rulings import Rulings  # noqa: PLC0415 - see above

    return Rulings(bundle.rulebook, bundle.policy, count_hits)
