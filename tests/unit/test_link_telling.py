"""Values that tell: who joins a campaign by what it shows."""

import numpy as np
import pytest

from stream.link.campaigns import SETTLED, Campaign
from stream.link.kinds import KIND
from stream.link.ledger import Ledger
from stream.link.telling import Telling
from stream.link.touches import Value
from tests.unit.gates import NOW
from tests.unit.touched import touch


def told(*kinds: str) -> tuple[Ledger, Telling, list[Value]]:
    """A campaign of which one value of each of these kinds tells."""
    ledger, values = Ledger(), [(KIND[kind], 7) for kind in kinds]
    ledger.fold(touch("member", NOW, *values))
    campaign = Campaign("c", NOW, 0.9, 2.0, np.zeros(1))
    campaign.telling = [number for one in values if (number := ledger.number_of(one)) is not None]
    return ledger, Telling([campaign]), values


@pytest.mark.parametrize(
    ("kinds", "times"),
    [
        (("card", "template"), SETTLED),
        (("card", "template", "signup_burst"), SETTLED),
        (("prompt_neighbourhood", "signup_burst"), SETTLED - 1),
    ],
)
def test_what_is_circumstantial_leaves_the_last_word_to_a_search(
    kinds: tuple[str, ...], times: int
) -> None:
    """Who came in the same hour as a ring and once asked what a member did may be anybody."""
    ledger, telling, values = told(*kinds)
    joined = telling.met(ledger, values)
    assert joined is not None
    assert (joined[0].campaign_id, joined[1]) == ("c", times)


@pytest.mark.parametrize("kinds", [("card",), ("template", "prompt_neighbourhood")])
def test_one_kind_of_evidence_tells_of_nobody(kinds: tuple[str, ...]) -> None:
    """However many of its values are shown."""
    ledger, telling, values = told(*kinds)
    assert telling.met(ledger, values) is None


def test_values_of_others_tell_of_nobody() -> None:
    """Those of a kind are not each other."""
    ledger, telling, _ = told("card", "template")
    assert telling.met(ledger, [(KIND["card"], 8), (KIND["template"], 8)]) is None
