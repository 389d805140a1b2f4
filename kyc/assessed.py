"""What an assessment leaves behind: the few numbers about identity that every request asks for."""

from typing import Final, NamedTuple

from kyc.profile import NEVER
from kyc.proven import NOTHING, Until
from kyc.stepup import SILENT, Asking

# A score of six decimals as an integer.
SCORE_UNITS: Final = 1_000_000


class Assessed(NamedTuple):
    """Numbers of one account; times in ms, 0: never.

    basic, verified, enhanced: until when it is in tier 1, 2, 3 or above; kyc_score: in
    millionths; asked_until, asked, answered: see kyc.stepup.Asking; peak: just above the highest
    KYC score so far that could have led to an asking, in millionths; 0: its sign-up was not told.
    """

    basic: int
    verified: int
    enhanced: int
    kyc_score: int
    asked_until: int
    asked: int
    answered: int
    peak: int = NEVER

    @classmethod
    def of(cls, until: Until, score: float, asking: Asking, peak: int) -> "Assessed":
        """The numbers of an assessment."""
        return cls(*until, round(score * SCORE_UNITS), *asking, peak)

    def still(self, asking: Asking) -> "Assessed":
        """The same, asked for what it was."""
        until, last, answered = asking
        return self._replace(asked_until=until, asked=last, answered=answered)

    @property
    def asking(self) -> Asking:
        """What the account is asked for."""
        return Asking(self.asked_until, self.asked, self.answered)


UNASSESSED: Final = Assessed(*NOTHING, NEVER, *SILENT)
