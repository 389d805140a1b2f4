"""What the detector must reach on traffic that no training saw, and what of it was missed."""

from collections.abc import Iterator

from stream.evaluate.evaluation import Evaluation
from stream.evaluate.figures import EARLY, together

# Shares of accounts; of exchanges where the name says so.
FRICTION = {"june": 0.95, "paraphrased": 0.7, "drip": 0.7, "hydra": 0.8, "campaign": 0.95}
IN_FULL = ("june", "campaign")  # the alleged profile: also told by what leaks and what is stopped
LEAKED_UNTIL_FOUND = 0.01
STOPPED = 0.9
F1, F1_IN_FULL = 0.7, 0.9
HOURS_FROM_LAUNCH = 24.0  # within which `pivot` is found
FALSE_FRICTION = 0.005
FALSE_BLOCK = 0.001
CLASS_BLOCK = 0.01  # of every honest class
ASKED_EARLY = {"credit_farmers": 0.9}  # of the accounts that made EARLY exchanges


def missed(evaluation: Evaluation) -> list[str]:
    """The goals that an evaluation misses, each in words with what was reached."""
    return [*_on_attack(evaluation), *_on_others(evaluation), *_on_honest(evaluation)]


def _on_attack(e: Evaluation) -> Iterator[str]:
    if e.attack is None or e.membership is None:
        return
    name, found = e.attack.cohort, e.detection
    met = e.attack.friction / max(1, e.attack.accounts)
    if met < FRICTION.get(name, 0.0):
        yield f"friction for {met:.1%} of accounts, not {FRICTION[name]:.0%}"
    if name in IN_FULL and e.attack.prevented < STOPPED:
        yield f"{e.attack.prevented:.1%} of exchanges stopped, not {STOPPED:.0%}"
    if name in IN_FULL and found and found.leaked > LEAKED_UNTIL_FOUND:
        yield f"{found.leaked:.1%} of exchanges before the ring was found"
    if name == "pivot" and found and found.hours_from_launch > HOURS_FROM_LAUNCH:
        yield f"ring found {found.hours_from_launch:.0f} h after the launch"
    if found is None:
        yield "ring not found"
    wanted = F1_IN_FULL if name in IN_FULL else F1
    if e.membership.f1 < wanted:
        yield f"F1 {e.membership.f1:.2f}, not {wanted}"


def _on_others(e: Evaluation) -> Iterator[str]:
    for found in e.others:
        share = found.asked_early / max(1, found.tried)
        if found.tried and share < ASKED_EARLY.get(found.cohort, 0.0):
            yield (
                f"{share:.1%} of {found.cohort} asked before exchange {EARLY}, "
                f"not {ASKED_EARLY[found.cohort]:.0%}"
            )


def _on_honest(e: Evaluation) -> Iterator[str]:
    everybody = together(e.honest)
    for text, count, most in (
        ("any friction", everybody.restrict, FALSE_FRICTION),
        ("a block", everybody.block, FALSE_BLOCK),
    ):
        share = count / max(1, everybody.accounts)
        if share > most:
            yield f"{text} for {share:.2%} of honest accounts, over {most:.1%}"
    for c in e.honest:
        if c.block > CLASS_BLOCK * c.accounts:
            yield f"a block for {c.block} of {c.accounts} in {c.cohort}"
    if e.membership and e.membership.honest_acting:
        yield f"{e.membership.honest_acting} acting campaigns of mostly honest accounts"
