"""What a profile shows of its account."""

from kyc.known import shown
from kyc.profile import NEVER, Profile


def test_kinds_of_which_nothing_is_held_show_nothing() -> None:
    """However a stored profile came to name them."""
    kinds = ("mailbox", "phone", "card", "domain", "vendor", "bureau")
    assert shown(Profile(NEVER, things={kind: {} for kind in kinds})) == {}
