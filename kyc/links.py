"""The values of a profile by which accounts may be linked, by the contract's kinds of links."""

from typing import Final

from kyc.profile import Profile

HOUR_MS: Final = 3_600_000
PROGRAMS: Final = ("", "education", "research", "startup", "security_research")
_SIGNUP: Final = {
    "device": "device",
    "subnet": "network",
    "asn": "asn",
    "user_agent": "user_agent",
    "referrer": "referrer",
}
_THINGS: Final = {
    "card": "card",
    "document": "document",
    "phone_prefix": "phone",
    "mailbox": "mailbox",
}


def links(profile: Profile) -> dict[str, frozenset[int]]:
    """Values by kind of link, each below 2**64 and above 0; kinds without a value are left out.

    Keyed hashes, but for three that are not personal: `asn`, `program` (index in PROGRAMS) and
    `signup_burst` (hours from the epoch to the sign-up). `mailbox` is the normalised address, a
    kind of our own. Cards and bins that were removed again still link: they were used.
    """
    things, early = profile.things, profile.earliest
    found = {kind: [early[name][1]] for kind, name in _SIGNUP.items() if name in early}
    found |= {kind: list(things.get(name, {})) for kind, name in _THINGS.items()}
    found["bin"] = [card[2] for card in things.get("card", {}).values()]
    found["email_domain"] = [box[2] for box in things.get("mailbox", {}).values()]
    if "program" in early:
        found["program"] = [PROGRAMS.index(str(early["program"][1]))]
    if "created" in early:
        found["signup_burst"] = [early["created"][0] // HOUR_MS]
    linked = {
        kind: frozenset(int(value) for value in values if value) for kind, values in found.items()
    }
    return {kind: values for kind, values in linked.items() if values}
