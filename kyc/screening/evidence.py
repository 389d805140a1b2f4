"""What birth date and country say for or against a candidate, beside the name."""

from collections.abc import Sequence
from typing import Final

# A declared date may be wrong or a lie: it turns a doubtful likeness, never the very same name.
# By what both know: a year, a month, a day.
BORN_ALIKE: Final = {4: 0.03, 7: 0.05, 10: 0.1}
BORN_APART: Final = -0.10
# People move, and a country alone decides nothing: the same one counts a little, another nothing.
SAME_COUNTRY: Final = 0.02
# Lists often know a year only, and give it "circa".
YEARS_APART: Final = 2


def birth(given: str | None, listed: Sequence[str]) -> tuple[float, str]:
    """Weight and reason of a birth date, against those that a list knows."""
    if not given or not listed:
        return 0.0, "birth date not compared: not known"
    for day in sorted(listed, key=len, reverse=True):
        shared = min(len(given), len(day))
        if given[:shared] == day[:shared]:
            return BORN_ALIKE[shared], f"birth date {given} fits {day}"
    apart = min(abs(int(given[:4]) - int(day[:4])) for day in listed)
    if apart > YEARS_APART:
        return BORN_APART, f"born {apart} years apart"
    return 0.0, f"birth date {given} is near {', '.join(listed)}"


def place(given: str | None, listed: Sequence[str]) -> tuple[float, str]:
    """Weight and reason of a country, against those that a list names."""
    if not given or not listed:
        return 0.0, "country not compared: not known"
    if given in listed:
        return SAME_COUNTRY, f"country {given} is on the list's entry"
    return 0.0, f"country {given} is not among {', '.join(listed)}: no weight, people move"
