"""The values of a profile by which accounts may be linked, by the contract's kinds of links."""

from typing import Final

from kyc.profile import Profile

HOUR_MS: Final = 3_600_000
_SIGNUP: Final = {
    "device": "device",
    "subnet": "network",
    "asn": "asn",
    "user_agent": "user_agent",
    "referrer": "referrer",
    "program": "program",
}
_THINGS: Final = {"card": "card", "document": "document", "phone_prefix": "phone"}


def links(profile: Profile) -> dict[str, frozenset[int | str]]:
    """Values by kind of link; kinds without a value are left out.

    `signup_burst` is the hour of the sign-up since the epoch. Cards and bins that were removed
    again still link: they were used.
    """
    things, early = profile.things, profile.earliest
    cards, mailboxes = things.get("card", {}), things.get("mailbox", {})
    found: dict[str, frozenset[int | str]] = {
        **{kind: frozenset({early[name][1]}) for kind, name in _SIGNUP.items() if name in early},
        **{kind: frozenset(things.get(name, {})) for kind, name in _THINGS.items()},
        "bin": frozenset(card[2] for card in cards.values() if card[2]),
        "mailbox": frozenset(mailboxes),
        "email_domain": frozenset(box[2] for box in mailboxes.values() if box[2]),
    }
    if "created" in early:
        found["signup_burst"] = frozenset({early["created"][0] // HOUR_MS})
    return {kind: values for kind, values in found.items() if values}
