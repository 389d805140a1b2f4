"""When to try again."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# Quick at first, since an action that comes late has let something pass; a day in all, so that
# somebody can be woken. The sum is 24 h 22 min.
RETRIES_S: Final = (5, 30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 30_600)
JITTER: Final = 0.2  # of the delay, up or down: what failed together comes back apart
LONGEST_S: Final = 86_400.0  # a receiver's typing error must not hold its own webhooks for years


def delay(
    schedule: Sequence[float], tries: int, asked: float | None, uniform: Callable[[], float]
) -> float | None:
    """Seconds until the next try after `tries` (1 or more) in vain; None when that was the last.

    asked: what the endpoint's Retry-After says, which is never undercut; uniform: 0-1.
    """
    if tries > len(schedule):
        return None
    own = schedule[tries - 1] * (1 + JITTER * (2 * uniform() - 1))
    return max(own, asked or 0.0)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, 0 to a day; None when it says nothing."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:12]), LONGEST_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    return min(max(seconds.total_seconds(), 0.0), LONGEST_S)
