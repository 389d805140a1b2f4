"""What a profile shows of its account."""

import numpy as np

from kyc.assessed import UNASSESSED
from kyc.known import ESTABLISHED_PAID_MS, Proof, shown
from kyc.profile import NEVER, Profile
from stream.know.profiles import Position, know, seal


def test_kinds_of_which_nothing_is_held_show_nothing() -> None:
    """However a stored profile came to name them."""
    kinds = ("mailbox", "phone", "card", "domain", "vendor", "bureau")
    assert shown(Profile(NEVER, things={kind: {} for kind in kinds})) == {}


def test_a_farm_that_shows_documents_at_once_raises_no_bar() -> None:
    """It is established by them, but for two weeks no witness of what honest people reach."""
    begun = Profile(earliest={"created": (1, 0)})
    assessed = UNASSESSED._replace(peak=900_001)
    known = know([seal(begun, Position(0, 0), 0, assessed, int(Proof.IDENTITY))])
    one = np.zeros(2, np.int64)
    times = np.array([ESTABLISHED_PAID_MS, ESTABLISHED_PAID_MS + 1])
    assert known.established(one, times).tolist() == [True, True]
    assert known.lasting_peak(one, times).tolist() == [NEVER, 900_001]
