"""The kinds of values by which accounts are linked, and which of them are the same evidence."""

from typing import Final, NamedTuple


class Kind(NamedTuple):
    """A kind of shared value; kinds of one family never count as two kinds of evidence.

    told: its name in the contract's Campaign.links.
    """

    name: str
    family: str
    told: str


KINDS: Final = tuple(
    Kind(name, family, told or name)
    for name, family, told in (
        ("card", "payment", ""),
        ("bin", "payment", ""),
        ("device", "device", ""),
        ("subnet", "network", ""),
        ("asn", "network", ""),
        ("tls_fingerprint", "client", ""),
        ("user_agent", "client", ""),
        ("system_prompt", "system", ""),
        ("template", "text", ""),
        ("prompt_neighbourhood", "text", ""),
        ("mailbox", "mail", "email_domain"),
        ("email_domain", "mail", ""),
        ("phone_prefix", "phone", ""),
        ("document", "document", ""),
        ("signup_burst", "arrival", ""),
        ("referrer", "pathway", ""),
        ("program", "pathway", ""),
        # What an account wants, in which form, and when: three signatures of its behaviour.
        ("wants", "wants", "behaviour"),
        ("form", "form", "behaviour"),
        ("rhythm", "rhythm", "behaviour"),
    )
)
KIND: Final = {kind.name: number for number, kind in enumerate(KINDS)}
FACETS: Final = ("wants", "form", "rhythm")
# What accounts share without having anything in common: how they act, and when they came.
CIRCUMSTANTIAL: Final = frozenset(KIND[name] for name in (*FACETS, "signup_burst"))

_FAMILIES: Final = tuple(dict.fromkeys(kind.family for kind in KINDS))
FAMILY: Final = tuple(_FAMILIES.index(kind.family) for kind in KINDS)
