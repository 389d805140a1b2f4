"""Claims: what of an account others may have as well, and how sharing is told to the signals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from kyc.marks import NO, YES
from kyc.profile import Profile
from kyc.things import Card, Document, Mailbox, Number

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
WEEK_MS: Final = 7 * DAY_MS
QUARTER_MS: Final = 90 * DAY_MS
# What an account signs up with, and what it adds later: the number of its row that says when.
_SIGNUP: Final = {
    "device": "device",
    "subnet": "network",
    "system": "asn",
    "referrer": "referrer",
}
_THINGS: Final = {
    "mailbox": ("mailbox", Mailbox._fields.index("told")),
    "phone_prefix": ("phone", Number._fields.index("verified")),
    "card": ("card", Card._fields.index("added")),
    "document": ("document", Document._fields.index("shown")),
}


# Beyond this a value is everybody's, and what matters is that it is; 64 accounts weigh 3 KB.
MOST: Final = 64
# Of what the whole stream has: enough to tell a share of one in a hundred, and several chunks of
# sign-ups, of which all are noted before any is counted.
MOST_OF_ALL: Final = 2_048


class Span(NamedTuple):
    """How a kind is counted: within these windows, ms, among how many claims at most, and whether
    ever, too. since: a window reaches as far beyond the claim as before it, as time goes on."""

    windows: tuple[int, ...] = ()
    most: int = MOST
    ever: bool = True
    since: bool = True

    def around(self, at: int, until: int) -> list[tuple[int, int]]:
        """From when to when others are counted of a claim of `at`, as of `until`, ms; neither end
        is included."""
        later = until - at if self.since and until > at else 0
        spans = [(at - w, at + (later if later < w else w)) for w in self.windows]
        return [(-1, until), *spans] if self.ever else spans


_OF_ALL: Final = Span((HOUR_MS, DAY_MS, QUARTER_MS), MOST_OF_ALL, ever=False)
# Enough to tell a day's rush from what is usual, and 50 KB of a value that everybody has.
MOST_IN_BURSTS: Final = 512
_BURST: Final = Span((DAY_MS, QUARTER_MS), MOST_IN_BURSTS, ever=False)
_ONLY_EVER: Final = Span()
_SPANS: Final = {
    "subnet": Span((HOUR_MS, DAY_MS)),
    "device": Span((WEEK_MS,)),
    "twin": Span((WEEK_MS,)),
    # Who showed it first is not told apart from the others by those that follow.
    "document": Span((QUARTER_MS,), since=False),
    "client": _OF_ALL,
    "signup": _OF_ALL,
    "site": _BURST,
    "system": _BURST,
    "referrer": _BURST,
}


class Claim(NamedTuple):
    """An account has a value of a kind, since `at` ms. value: a keyed hash."""

    kind: str
    value: int
    at: int

    @property
    def span(self) -> Span:
        """How it is counted."""
        return _SPANS.get(self.kind, _ONLY_EVER)


# What the counts of a kind are called; a kind that has no windows, by its own name.
_NAMES: Final = {
    "subnet": ("subnet", "signups_1h", "signups_24h"),
    "device": ("device", "device_7d"),
    "twin": ("twin", "twin_7d"),
    "document": ("document", "document_90d"),
    "client": ("client_1h", "client_24h", "client_90d"),
    "signup": ("signup_1h", "signup_24h", "signup_90d"),
    "site": ("site_24h", "site_90d"),
    "system": ("system_24h", "system_90d"),
    "referrer": ("referrer_24h", "referrer_90d"),
}
Counts = tuple[int, ...]
"""How many accounts have a value, this one among them: so far, where its kind is counted so, and
those that claimed it within each of the windows of its kind before this one, or after it."""


def claims(profile: Profile) -> list[Claim]:
    """What may be shared of a profile: kinds as in kyc/links.py; `twin`: its client on its network,
    `plain_twin`: the same of those whom nothing but a mailbox that anybody can have speaks for;
    `client` and `signup`: what share of all sign-ups have its client; `site`: who has mailboxes at
    the same domain, where neither a free service nor a school nor an organisation gives them."""
    early, boxes = profile.earliest, _boxes(profile)
    found = [
        Claim(kind, int(early[name][1]), early[name][0])
        for kind, name in _SIGNUP.items()
        if name in early
    ]
    found += [
        Claim(kind, value, row[place])
        for kind, (name, place) in _THINGS.items()
        for value, row in profile.things.get(name, {}).items()
    ]
    if "org" not in early:
        found += [
            Claim("site", box.site, box.told)
            for box in boxes
            if box.disposable == YES or NO == box.free == box.academic
        ]
    if "network" in early and "user_agent" in early:
        at, client = early["user_agent"][0], int(early["user_agent"][1])
        # Exclusive or: as good as a hash of both, since both are keyed hashes.
        both = int(early["network"][1]) ^ client
        found += [Claim("twin", both, at), Claim("client", client, at), Claim("signup", 1, at)]
        if _is_plain(profile, boxes):
            found.append(Claim("plain_twin", both, at))
    return found


def _boxes(profile: Profile) -> list[Mailbox]:
    return [Mailbox(*row) for row in profile.things.get("mailbox", {}).values()]


def _is_plain(profile: Profile, boxes: Sequence[Mailbox]) -> bool:
    """Whether all of its mailboxes are such as anybody has, and no organisation was named."""
    is_anybody = bool(boxes) and all(box.free == YES for box in boxes)
    return is_anybody and not profile.earliest.keys() & {"org", "business_oddities"}


def shared(counted: Iterable[tuple[Claim, Counts]]) -> Mapping[str, int]:
    """What signals see of the counts of an account's claims: the most shared value of a kind."""
    most: dict[str, int] = {}
    for claim, counts in counted:
        for name, count in zip(_NAMES.get(claim.kind) or (claim.kind,), counts, strict=True):
            if count > most.get(name, 0):
                most[name] = count
    return most
