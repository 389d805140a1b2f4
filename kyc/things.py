"""The things of a profile: what the numbers of their rows are. Times are ms, 0: never.

Two rows of one thing are joined by the larger of each number, so every number grows with what is
told: marks (kyc/marks.py), and times that carry what was told last in their lower part.
"""

from typing import Final, NamedTuple

FUNDING: Final = ("unknown", "credit", "debit", "prepaid")
RESULTS: Final = ("pass", "review", "fail")
METHODS: Final = (None, "sms", "totp", "webauthn")
NETWORKS: Final = ("datacentre", "vpn", "tor", "relay", "runner")


class Mailbox(NamedTuple):
    """By the mailbox's hash; the one told last is the account's.

    domain, site: hashes of the address's domain and of what was registered of it; then marks;
    registered: when that was, days since the epoch, 0: not known; digits: one more than the name of
    the mailbox has, 0: not known; unspeakable: a mark.
    """

    told: int
    verified: int = 0
    domain: int = 0
    site: int = 0
    tagged: int = 0
    role: int = 0
    free: int = 0
    disposable: int = 0
    academic: int = 0
    lookalike: int = 0
    registered: int = 0
    digits: int = 0
    unspeakable: int = 0


class Number(NamedTuple):
    """A verified telephone number, by the range that it lies in, not the number.

    line: see kyc/phones.py; country: see kyc/countries.py.
    """

    verified: int
    line: int = 0
    country: int = 0


class Card(NamedTuple):
    """By the fingerprint's hash; bin: a hash; funding: index in FUNDING; country: a number."""

    added: int
    removed: int
    bin: int = 0
    funding: int = 0
    country: int = 0


class Document(NamedTuple):
    """By the document's hash; issued: COUNTRIES times when, plus the country as a number."""

    shown: int
    issued: int = 0


class Vendor(NamedTuple):
    """By the vendor's hash; result: 4 times when, plus the index in RESULTS of an identity check.

    So the latest stands, at one time the worst. A kind of its own holds what screening said.
    """

    result: int


class Bureau(NamedTuple):
    """By the vendor's hash, of business checks; registration: 4 times when, plus a mark of whether
    the registration number is well formed."""

    result: int
    registration: int = 0


class Factor(NamedTuple):
    """A second factor, by 1 plus the index of its method in METHODS."""

    enabled: int
    disabled: int


class Client(NamedTuple):
    """What somebody signed in with, by the hash of a device or of a user agent without versions.

    ahead: of the latest time that an event may carry, ms: it grows as an earlier sign-in is told.
    """

    ahead: int
