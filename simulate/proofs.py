"""What an account shows of itself to the sign-up, billing and identity services."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """Chances unless a value is given; times follow sign-up. A key stands for one thing in the
    world: accounts with equal keys share it."""

    email_domain: str
    country: str
    mailbox: int = 0  # key of a mailbox used again with dots and plus tags; 0: its own
    quiet: float = 0.0  # who tells the mailbox only when it is verified
    handle: str = "numbered"  # what keeps its own mailbox apart, see simulate/people.py
    tagged: float = 0.02  # people who sign up with a plus tag or other dots
    pseudonym: str = ""  # a name of two words that is told in place of its own
    verified: float = 0.97
    phone: float = 0.35
    voip: float = 0.02  # of the phones
    block: int = 0  # key of a block of a hundred VoIP numbers; 0: any number
    mfa: float = 0.2
    card: float = 0.7
    cards: tuple[int, ...] = ()  # keys of cards shared with others; empty: its own
    issued: str = ""  # country of a shared card; empty: by the card's key
    banks: tuple[int, ...] = ()  # ranks of the issuers of its own card; empty: by popularity
    prepaid: float = 0.05
    payment_failed: float = 0.03
    spend_usd: float = 20.0
    business_name: float = 0.0
    domain: float = 0.0
    identity: float = 0.02
    document: int = 0  # key of a document shown by several accounts; 0: its own
    business: float = 0.0
    program: str = ""
    referrer: str = ""
    logins_per_week: float = 1.0
    login_failed: float = 0.04
    changes: float = 0.02  # of the e-mail address, of a key or of the second factor, in the run
    seized: int = 0  # when somebody else signs in and settles down, ms; 0: never
