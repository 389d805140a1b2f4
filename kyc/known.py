"""What profiles say about the accounts of a batch, as columns."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyc.facts import RESULTS
from kyc.profile import NEVER, Profile, Proof, Thing

Ints = NDArray[np.int64]

DAY_MS: Final = 86_400_000
ESTABLISHED_AGE_MS: Final = 30 * DAY_MS
# A stolen card is disputed within days, and a farm does not wait two weeks for its credits.
ESTABLISHED_PAID_MS: Final = 14 * DAY_MS
# The card schemes give a cardholder 120 days; most disputes come in the first month.
DISPUTED_MS: Final = 120 * DAY_MS
STRONG: Final = Proof.DOMAIN | Proof.IDENTITY | Proof.BUSINESS
_PASS: Final = RESULTS.index("pass")


class Summary(NamedTuple):
    """The numbers of one profile that every request asks for; times in ms, 0: never.

    begun: sign-up, or the first account event where that is not known; erased: of an erased
    account nothing else is known.
    """

    begun: int
    paid: int
    disputed: int
    proofs: int
    erased: int


NOTHING: Final = Summary(NEVER, NEVER, NEVER, 0, NEVER)


def summary(profile: Profile) -> Summary:
    """The numbers of a profile."""
    early = profile.earliest
    begun = early.get("created") or early.get("seen") or (NEVER, 0)
    paid = early.get("paid", (NEVER, 0))
    disputed = profile.latest.get("payment.disputed", NEVER)
    return Summary(begun[0], paid[0], disputed, proofs(profile), profile.erased)


def proofs(profile: Profile) -> Proof:
    """What the account has shown of itself, as it stands now."""
    latest, things = profile.latest, profile.things
    shown = {
        Proof.EMAIL: _current_mailbox(things.get("mailbox", {}))[1] > NEVER,
        Proof.PHONE: bool(things.get("phone")),
        Proof.MFA: latest.get("mfa.enabled", NEVER) > latest.get("mfa.disabled", NEVER),
        Proof.CARD: any(is_held(card) for card in things.get("card", {}).values()),
        Proof.PAID: "paid" in profile.earliest,
        Proof.DOMAIN: bool(things.get("domain")),
        Proof.IDENTITY: _passed(things.get("vendor", {})),
        Proof.BUSINESS: _passed(things.get("bureau", {})),
    }
    return Proof(sum(proof for proof, is_shown in shown.items() if is_shown))


def is_held(card: Thing) -> bool:
    """Whether a card was added later than it was removed."""
    return card[0] > card[1]


def _current_mailbox(mailboxes: dict[int, Thing]) -> Thing:
    return max(mailboxes.values(), default=(NEVER, NEVER, 0))


def _passed(checks: dict[int, Thing]) -> bool:
    """Some vendor's latest result is a pass, and no vendor's latest is a fail."""
    results = {check[0] % 4 for check in checks.values()}
    return _PASS in results and RESULTS.index("fail") not in results


@dataclass(frozen=True, slots=True)
class Known:
    """Summaries of A accounts as columns, int64[A]."""

    begun: Ints
    paid: Ints
    disputed: Ints
    proofs: Ints
    erased: Ints

    def age(self, account: Ints, t: Ints) -> Ints:
        """Milliseconds since each account began, at the times t; -1 where it is not known."""
        begun = self.begun[account]
        return np.where(begun == NEVER, -1, np.maximum(t - begun, 0))

    def established(self, account: Ints, t: Ints) -> NDArray[np.bool_]:
        """Whether each account counts as proven at the times t.

        30 days old, or paid 14 days ago, or with a verified identity, business or domain; but not
        within 120 days of a dispute. Unknown accounts are not.
        """
        paid, disputed = self.paid[account], self.disputed[account]
        trusted = self.age(account, t) >= ESTABLISHED_AGE_MS
        trusted |= (paid > NEVER) & (t - paid >= ESTABLISHED_PAID_MS)
        trusted |= (self.proofs[account] & int(STRONG)) > 0
        calm: NDArray[np.bool_] = trusted & ((disputed == NEVER) | (t - disputed > DISPUTED_MS))
        return calm
