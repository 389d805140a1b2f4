"""Values that tell of a campaign: who shows some of them joins it before a search has found it."""

from collections.abc import Iterable
from typing import Final

from stream.link.campaigns import SETTLED, Campaign
from stream.link.kinds import CIRCUMSTANTIAL, FAMILY
from stream.link.ledger import Ledger
from stream.link.touches import Value

FEWEST_FAMILIES: Final = 2


class Telling:
    """By value of the ledger, the campaigns of which it tells a member."""

    def __init__(self, campaigns: Iterable[Campaign] = ()) -> None:
        self._told: dict[int, list[Campaign]] = {}
        for campaign in campaigns:
            for value in campaign.telling:
                self._told.setdefault(value, []).append(campaign)

    def met(self, ledger: Ledger, values: Iterable[Value]) -> tuple[Campaign, int] | None:
        """The campaign that an account joins who shows these, and as how often found; None for
        none.

        While a ring signs up in hundreds, nearly whoever comes at that hour is of it, and an
        honest newcomer is one prompt away. So what is circumstantial leaves the last word to the
        next search, and only what is the campaign's own settles a member.
        """
        shown: dict[str, tuple[Campaign, set[int]]] = {}
        for value in values:
            number = ledger.number_of(value)
            for campaign in self._told.get(-1 if number is None else number, ()):
                shown.setdefault(campaign.campaign_id, (campaign, set()))[1].add(value[0])
        for campaign, kinds in shown.values():
            if _families(kinds) >= FEWEST_FAMILIES:
                sure = _families(kinds - CIRCUMSTANTIAL) >= FEWEST_FAMILIES
                return campaign, SETTLED if sure else SETTLED - 1
        return None


def _families(kinds: Iterable[int]) -> int:
    """So many kinds of evidence they are."""
    return len({FAMILY[kind] for kind in kinds})
