"""What a signal looks at: a profile at a moment, what other accounts share with it, the policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kyc import countries
from kyc.phones import Line
from kyc.policy import KycPolicy
from kyc.profile import NEVER, Profile, Thing
from kyc.things import Card, Mailbox, Number


@dataclass(slots=True)
class Evidence:
    """One account at `at` ms; never changed.

    shared: how many accounts, this one among them, share its most shared value of a kind; by the
    kinds of kyc/claims.py, and `document_90d` (accounts that a document of it was shown for
    within 90 days before it), `device_7d` and `twin_7d` (accounts that signed up on its device, or
    from its network with its client, within a week of it), `signups_1h` and `signups_24h`
    (accounts that signed up from its network within an hour or a day of it), and of all
    accounts the `signup_` and `client_` ones (with its client) of `1h`, `24h` and `90d`, and `24h`
    and `90d` of `site`, `system` and `referrer`. A kind that is missing is not known.

    Worked out once, since several signals look at each: mailbox, the account's own, the one told
    last; cards, those that it holds now, or where it holds none, those that it had; lines, the
    kinds of its verified telephone lines, as far as known, see kyc/phones.py.
    """

    profile: Profile
    at: int
    policy: KycPolicy
    shared: Mapping[str, int] = field(default_factory=dict)
    mailbox: Mailbox | None = field(init=False)
    cards: list[Card] = field(init=False)
    lines: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        row = self.latest("mailbox")
        self.mailbox = None if row is None else Mailbox(*row)
        every = [Card(*row) for row in self.things("card").values()]
        self.cards = [card for card in every if card.added > card.removed] or every
        lines = [Number(*row).line for row in self.things("phone").values()]
        self.lines = frozenset(lines) - {Line.UNKNOWN} if lines else frozenset()

    def told(self, name: str) -> int | str | None:
        """What the earliest event that told it said; None: never told."""
        found = self.profile.earliest.get(name)
        return None if found is None else found[1]

    def country(self, name: str) -> int | None:
        """A country that was told, as a number; None: never told."""
        found = self.told(name)
        return None if found is None else countries.number(str(found))

    def since(self, name: str) -> int | None:
        """Milliseconds since it was first told; None: never told."""
        found = self.profile.earliest.get(name)
        return None if found is None else max(self.at - found[0], 0)

    def latest(self, kind: str) -> Thing | None:
        """The thing of a kind that was told last."""
        return max(self.things(kind).values(), default=None)

    def things(self, kind: str) -> Mapping[int, Thing]:
        """All things of a kind."""
        return self.profile.things.get(kind, {})

    def is_on(self) -> bool:
        """Whether a second factor is on."""
        latest = self.profile.latest
        return latest.get("mfa.enabled", NEVER) > latest.get("mfa.disabled", NEVER)
