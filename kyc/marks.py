"""Marks: answers of yes, no or not known, as numbers that join by the largest.

A yes outlasts a no and a no outlasts not knowing, in any order: what a list said once is kept
when the list is gone.
"""

from typing import Final

NOT_KNOWN: Final = 0
NO: Final = 1
YES: Final = 2


def mark(answer: bool | None) -> int:
    """An answer as a mark."""
    return NOT_KNOWN if answer is None else NO + answer


def read(found: int) -> bool | None:
    """A mark as an answer."""
    return None if found == NOT_KNOWN else found == YES
