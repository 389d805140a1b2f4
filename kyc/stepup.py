"""Step-up: which proof to ask for, when, and when to stop asking. Pure; time is the event's own."""

import math
from typing import Final, NamedTuple

from kyc.evidence import Evidence
from kyc.known import shown
from kyc.marks import YES
from kyc.policy import StepUp
from kyc.profile import NEVER, Proof
from kyc.proven import Proven
from schemas.decisions import Requirement

REQUIREMENTS: Final[tuple[Requirement, ...]] = (
    "verify_email",
    "enable_mfa",
    "verify_phone",
    "verify_domain",
    "verify_identity",
    "verify_business",
    "manual_review",
)
"""In a fixed order: profiles keep their places in it."""
PROVES: Final[dict[Requirement, Proof]] = {
    "verify_email": Proof.EMAIL,
    "enable_mfa": Proof.MFA,
    "verify_phone": Proof.PHONE,
    "verify_domain": Proof.DOMAIN,
    "verify_identity": Proof.IDENTITY,
    "verify_business": Proof.BUSINESS,
}
_CHECKS: Final[dict[Requirement, str]] = {"verify_identity": "vendor", "verify_business": "bureau"}
_MOST: Final = 30.0


class Asking(NamedTuple):
    """What an account is asked for.

    until: ms, 0: nothing; last: what was asked last, as 1 plus its place in REQUIREMENTS, 0:
    nothing ever; answered: proofs that were asked for and shown, as bits of Proof.
    """

    until: int = NEVER
    last: int = 0
    answered: int = 0

    def at(self, ts: int) -> Requirement | None:
        """What is asked for at `ts` ms."""
        return REQUIREMENTS[self.last - 1] if self.last and ts < self.until else None


SILENT: Final = Asking()


def ask(
    held: Asking,
    seen: Evidence,
    score: float,
    proven: Proven,
    *,
    threshold: float,
    decisive: bool,
) -> Asking:
    """What is asked for after an event: `held` itself unless that changes or is renewed.

    score: the KYC score; proven: as proven_until gives it; threshold: the score from which on
    something is asked for; decisive: whether anything but countries and networks speaks for it. A
    proof that was asked for counts with its full worth once it is shown, whatever the model makes
    of it; one that was tried in vain is not asked for again at once.
    """
    if not decisive and held == SILENT:
        return held
    step = seen.policy.step_up
    current = held.at(seen.at)
    if current in PROVES and PROVES[current] in proven:
        held = held._replace(answered=held.answered | PROVES[current])
    risk = _log_odds(score) - _worth(held.answered, proven, step)
    is_open = current is not None and _tried(current, seen) <= held.until - step.lifetime
    enough = _log_odds(threshold * step.hysteresis)
    if not decisive or risk < (enough if is_open else _log_odds(threshold)):
        return held._replace(until=NEVER)
    if is_open and held.until - seen.at > step.lifetime // 2:
        return held
    until = seen.at + step.lifetime
    if is_open:
        return held._replace(until=until)
    wanted = choose(seen, risk - enough, proven, held.last)
    return held._replace(until=until, last=REQUIREMENTS.index(wanted) + 1)


def _worth(answered: int, proven: Proven, step: StepUp) -> float:
    """Of the proofs that were asked for, shown, and still hold."""
    return sum(
        step.proofs[wanted].worth
        for wanted, proof in PROVES.items()
        if proof & answered and proof in proven and wanted in step.proofs
    )


def _tried(wanted: Requirement, seen: Evidence) -> int:
    """When what is asked for was last shown, well or in vain, ms."""
    if wanted in _CHECKS:
        return max((row[0] // 4 for row in seen.things(_CHECKS[wanted]).values()), default=NEVER)
    return shown(seen.profile).get(PROVES[wanted], NEVER) if wanted in PROVES else NEVER


def choose(seen: Evidence, excess: float, proven: Proven, last: int) -> Requirement:
    """The cheapest requirement that is worth more than `excess` (log-odds of what is too much);
    where none alone is, a review. Never what was asked for last, and nothing that is proven."""
    step = seen.policy.step_up
    open_ = [
        wanted
        for wanted in PROVES
        if wanted in step.proofs
        and PROVES[wanted] not in proven
        and _can_show(wanted, seen)
        and REQUIREMENTS.index(wanted) + 1 != last
        and step.proofs[wanted].worth > excess
    ]
    return min(open_, key=lambda wanted: step.proofs[wanted].cost, default="manual_review")


def _can_show(wanted: Requirement, seen: Evidence) -> bool:
    """Whether the account has what the proof is about: a domain of its own, a business."""
    if wanted == "verify_domain":
        return _has_own_domain(seen)
    if wanted == "verify_business":
        return _has_own_domain(seen) or seen.told("business_oddities") is not None
    return True


def _has_own_domain(seen: Evidence) -> bool:
    box = seen.mailbox
    return box is not None and YES not in (box.free, box.disposable, box.academic)


def _log_odds(score: float) -> float:
    if score > 1.0:
        return math.inf  # a threshold that no score reaches
    if not 0.0 < score < 1.0:
        return math.copysign(_MOST, score - 0.5)
    return math.log(score / (1.0 - score))
