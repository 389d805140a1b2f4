"""What profiles say about the accounts of a batch, as columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyc.profile import NEVER, Profile, Proof, Thing
from kyc.things import RESULTS, Mailbox

Ints = NDArray[np.int64]
Things = Mapping[str, dict[int, Thing]]

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


def summary(profile: Profile, counted: int | None = None) -> Summary:
    """The numbers of a profile; counted: bits of those proofs that count, None: all shown."""
    early = profile.earliest
    begun = early.get("created") or early.get("seen") or (NEVER, 0)
    paid = early.get("paid", (NEVER, 0))
    disputed = profile.latest.get("payment.disputed", NEVER)
    proven = proofs(profile) if counted is None or profile.erased else counted
    return Summary(begun[0], paid[0], disputed, proven, profile.erased)


def proofs(profile: Profile) -> Proof:
    """What the account has shown of itself, as it stands now."""
    return Proof(sum(shown(profile)))


def shown(profile: Profile) -> dict[Proof, int]:
    """What the account has shown of itself as it stands now, and since when or when last, ms."""
    latest, things = profile.latest, profile.things
    since = {proof: by(things) for kind, (proof, by) in _SHOWN_BY.items() if things.get(kind)}
    mfa = latest.get("mfa.enabled", NEVER)
    since[Proof.MFA] = mfa if mfa > latest.get("mfa.disabled", NEVER) else NEVER
    since[Proof.PAID] = profile.earliest.get("paid", (NEVER, 0))[0]
    return {proof: at for proof, at in since.items() if at > NEVER}


def is_held(card: Thing) -> bool:
    """Whether a card was added later than it was removed."""
    added, removed, *_ = card
    return added > removed


def _mailbox_verified(things: Things) -> int:
    return Mailbox(*max(things["mailbox"].values())).verified


def _phone_verified(things: Things) -> int:
    return max(row[0] for row in things["phone"].values())


def _card_added(things: Things) -> int:
    return max((row[0] for row in things["card"].values() if is_held(row)), default=NEVER)


def _domain_verified(things: Things) -> int:
    return max(row[0] for row in things["domain"].values())


def _identified(things: Things) -> int:
    """When a vendor passed the identity; never where screening, by a person's word, failed it."""
    screened = things.get("screening", {})
    is_listed = any(RESULTS[check[0] % 4] == "fail" for check in screened.values())
    return NEVER if is_listed else _passed(things["vendor"])


def _business_passed(things: Things) -> int:
    return _passed(things["bureau"])


def _passed(checks: dict[int, Thing]) -> int:
    """When a vendor's latest result was a pass; never where some vendor's latest is a fail."""
    told = [divmod(check[0], 4) for check in checks.values()]
    is_failed = any(RESULTS[result] == "fail" for _, result in told)
    passed = (at for at, result in told if RESULTS[result] == "pass")
    return NEVER if is_failed else max(passed, default=NEVER)


# Of most kinds an account has none: they are not looked at.
_SHOWN_BY: Final[Mapping[str, tuple[Proof, Callable[[Things], int]]]] = {
    "mailbox": (Proof.EMAIL, _mailbox_verified),
    "phone": (Proof.PHONE, _phone_verified),
    "card": (Proof.CARD, _card_added),
    "domain": (Proof.DOMAIN, _domain_verified),
    "vendor": (Proof.IDENTITY, _identified),
    "bureau": (Proof.BUSINESS, _business_passed),
}


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

    def lasting_peak(self, account: Ints, t: Ints) -> Ints:
        """The highest KYC score of each account, in millionths, that tells at the times t what
        honest people reach; 0: not known.

        Only of those that signed up two weeks ago: a farm that shows documents at once would
        raise, by its own scores, the bar of asking for the rest of it.
        """
        is_old = self.age(account, t) >= ESTABLISHED_PAID_MS
        return np.where(is_old, self.peak[account], NEVER)

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
