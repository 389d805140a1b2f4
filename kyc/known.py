"""What profiles say about the accounts of a batch, as columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyc.profile import NEVER, Profile, Proof, Thing
from kyc.things import RESULTS, Card, Mailbox, Number

Ints = NDArray[np.int64]

DAY_MS: Final = 86_400_000
ESTABLISHED_AGE_MS: Final = 30 * DAY_MS
# A stolen card is disputed within days, and a farm does not wait two weeks for its credits.
ESTABLISHED_PAID_MS: Final = 14 * DAY_MS
# The card schemes give a cardholder 120 days; most disputes come in the first month.
DISPUTED_MS: Final = 120 * DAY_MS
STRONG: Final = Proof.DOMAIN | Proof.IDENTITY | Proof.BUSINESS


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
    return Proof(sum(shown(profile)))


def shown(profile: Profile) -> dict[Proof, int]:
    """What the account has shown of itself as it stands now, and since when or when last, ms."""
    latest, things = profile.latest, profile.things
    mfa = latest.get("mfa.enabled", NEVER)
    since = {
        Proof.EMAIL: _current_mailbox(things.get("mailbox", {})).verified,
        Proof.PHONE: _last(Number(*row).verified for row in things.get("phone", {}).values()),
        Proof.MFA: mfa if mfa > latest.get("mfa.disabled", NEVER) else NEVER,
        Proof.CARD: _last(row[0] for row in things.get("card", {}).values() if is_held(row)),
        Proof.PAID: profile.earliest.get("paid", (NEVER, 0))[0],
        Proof.DOMAIN: _last(row[0] for row in things.get("domain", {}).values()),
        Proof.IDENTITY: _identified(things),
        Proof.BUSINESS: _passed(things.get("bureau", {})),
    }
    return {proof: at for proof, at in since.items() if at > NEVER}


def is_held(card: Thing) -> bool:
    """Whether a card was added later than it was removed."""
    return Card(*card).added > Card(*card).removed


def _current_mailbox(mailboxes: dict[int, Thing]) -> Mailbox:
    return Mailbox(*max(mailboxes.values(), default=(NEVER,)))


def _last(times: Iterable[int]) -> int:
    return max(times, default=NEVER)


def _identified(things: Mapping[str, dict[int, Thing]]) -> int:
    """When a vendor passed the identity; never where screening, by a person's word, failed it."""
    screened = things.get("screening", {})
    is_listed = any(RESULTS[check[0] % 4] == "fail" for check in screened.values())
    return NEVER if is_listed else _passed(things.get("vendor", {}))


def _passed(checks: dict[int, Thing]) -> int:
    """When a vendor's latest result was a pass; never where some vendor's latest is a fail."""
    told = [divmod(check[0], 4) for check in checks.values()]
    is_failed = any(RESULTS[result] == "fail" for _, result in told)
    return NEVER if is_failed else _last(at for at, result in told if RESULTS[result] == "pass")


@dataclass(frozen=True, slots=True)
class Known:
    """Summaries and assessments (kyc/assessed.py) of A accounts as columns, int64[A]."""

    begun: Ints
    paid: Ints
    disputed: Ints
    proofs: Ints
    erased: Ints
    basic: Ints
    verified: Ints
    enhanced: Ints
    kyc_score: Ints
    asked_until: Ints
    asked: Ints
    answered: Ints
    peak: Ints

    @property
    def asking(self) -> tuple[Ints, Ints, Ints]:
        """The columns of kyc.stepup.Asking."""
        return self.asked_until, self.asked, self.answered

    def tier(self, account: Ints, t: Ints) -> Ints:
        """The tier of each account at the times t, 0 to 3."""
        ends = (self.basic, self.verified, self.enhanced)
        return np.asarray(sum((end[account] > t).astype(np.int64) for end in ends))

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
