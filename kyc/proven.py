"""What an account has proven, until when, and which tier that makes: the table is the policy's."""

from collections.abc import Callable, Mapping
from typing import Final

from kyc.evidence import Evidence
from kyc.known import shown
from kyc.profile import NEVER, Proof
from kyc.signals.checks import document_organisations, owners_restricted
from kyc.signals.mail import email_disposable
from kyc.signals.phone import phone_premium, phone_toll_free, phone_voip
from kyc.tiers import Tier

# As good as always, and added to a time it stays an int64.
FOREVER: Final = 1 << 60
Until = tuple[int, int, int]
"""Until when (ms) an account is in tier 1, 2 and 3 or above; 0: it is not."""
Proven = Mapping[Proof, int]
"""Until when each proof holds, ms."""
NOTHING: Final[Until] = (NEVER, NEVER, NEVER)


def proven_until(seen: Evidence) -> Proven:
    """Until when each proof holds, ms; what is withheld or has lapsed is left out."""
    lifetimes = seen.policy.proof_lifetimes
    until = {
        proof: since + lifetimes[proof] if proof in lifetimes else FOREVER
        for proof, since in shown(seen.profile).items()
    }
    return {
        proof: end
        for proof, end in until.items()
        if end > seen.at and not (proof in _WEAK and _WEAK[proof](seen))
    }


def withheld(seen: Evidence) -> Proof:
    """Proofs that prove nothing: a throw-away mailbox, a line that is nobody's, a document that
    verified others before, a business in restricted hands."""
    return Proof(sum(proof for proof, is_weak in _WEAK.items() if is_weak(seen)))


def _is_nobodys(seen: Evidence) -> bool:
    return bool(phone_voip(seen) or phone_toll_free(seen) or phone_premium(seen))


def _is_in_restricted_hands(seen: Evidence) -> bool:
    hands = owners_restricted(seen)
    return hands is not None and hands >= seen.policy.ownership_share


_WEAK: Final[Mapping[Proof, Callable[[Evidence], float | None]]] = {
    Proof.EMAIL: email_disposable,
    Proof.PHONE: _is_nobodys,
    Proof.IDENTITY: document_organisations,
    Proof.BUSINESS: _is_in_restricted_hands,
}


def tiers_until(seen: Evidence, proven: Proven) -> Until:
    """Until when the account is in tier 1, 2 and 3 or above, by what it has proven.

    A higher tier proves the lower ones. After a dispute the next event beyond the policy's
    `dispute_caps` restores tiers 2 and 3.
    """
    if not proven:
        return NOTHING
    held = sum(map(int, proven))
    ends = {
        tier: max(
            (min(proven[p] for p in line) for bits, line in unlocked.lines if bits & held == bits),
            default=NEVER,
        )
        for tier, unlocked in seen.policy.tiers.items()
    }
    disputed = seen.profile.latest.get("payment.disputed", NEVER)
    if disputed > NEVER and seen.at - disputed <= seen.policy.dispute_caps:
        capped = max(ends[tier] for tier in Tier)
        return (capped, NEVER, NEVER)
    enhanced = ends[Tier.ENHANCED]
    verified = max(enhanced, ends[Tier.VERIFIED])
    return (max(verified, ends[Tier.BASIC]), verified, enhanced)


def tier_at(until: Until, at: int) -> Tier:
    """The tier at `at` ms."""
    return Tier(sum(end > at for end in until))
