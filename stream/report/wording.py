"""What a report says in words: a campaign is alleged until people confirm it."""

from typing import Final

CAVEATS: Final = (
    "This is a finding of software, to be confirmed by people. That these accounts act together, "
    "and to what end, is alleged, not proven; single accounts among them may have been linked "
    "wrongly.",
    "A country is where an internet address lies, by public registries or what the gateway sent. "
    "It is not where a person is, says nothing about citizenship, and does not point to any state: "
    "addresses are rented, shared and resold.",
    "Keyed hashes stand for personal values. Who holds the key of this installation can compare "
    "them; nobody can read the values from them.",
    "Exchanges are requests that the gateway answered with 2xx, counted from the request events "
    "at hand: what these no longer hold is not counted. A request that came twice counts once.",
    "An action counts from the decision on. Whether the gateway carried it out is known to the "
    "gateway; decisions of mode shadow were not to be carried out.",
)
KINDS: Final = {
    "card": "the same payment card",
    "bin": "cards of the same issuer range",
    "device": "the same device",
    "subnet": "the same network (/24 or /48)",
    "asn": "the same network operator (AS number)",
    "tls_fingerprint": "the same TLS client (JA4)",
    "user_agent": "the same user agent",
    "system_prompt": "the same system prompt",
    "template": "the same template of prompts",
    "prompt_neighbourhood": "nearly the same prompts",
    "email_domain": "the same e-mail domain or mailbox",
    "phone_prefix": "telephone numbers of one range",
    "document": "the same identity document",
    "signup_burst": "sign-ups within one hour (hours since 1970)",
    "referrer": "the same referrer",
    "program": "the same program (index)",
    "behaviour": "alike in what they want, in which form, or when",
}
ACTIONS: Final = {
    "allow": "no action",
    "restrict": "restricted",
    "rate_limit": "rate-limited",
    "step_up": "asked for proof",
    "block": "blocked",
}
