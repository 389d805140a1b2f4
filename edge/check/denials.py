"""Denials: the refusals of the last moment, repeated without asking the store.

Who is refused asks again, often at once; those asks are the ones that must cost least.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from edge.check.asks import Ask
from edge.check.verdict import Verdict

# Some 1 KiB each.
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Denial:
    verdict: Verdict
    tokens: int
    until_ms: float


class Denials:
    """At most MOST refusals, each for `longest_ms` at most. Times: monotonic, ms."""

    def __init__(self, longest_ms: int, most: int = MOST) -> None:
        self._longest_ms = longest_ms
        self._most = most
        self._held: OrderedDict[str, _Denial] = OrderedDict()

    def find(self, ask: Ask, now_ms: float) -> Verdict | None:
        """The refusal that still holds for this ask."""
        denial = self._held.get(ask.account_id)
        # A smaller request may pass where a larger one did not; another time is another question.
        if denial is None or ask.ts is not None or now_ms >= denial.until_ms:
            return None
        return denial.verdict if ask.tokens >= denial.tokens else None

    def forget(self) -> None:
        """Forget all refusals."""
        self._held.clear()

    def last_ruled(self, account: str, now_unix_ms: int) -> Verdict | None:
        """The refusal by a decision that was still in force when last asked and is not over yet:
        for when the store is away."""
        denial = self._held.get(account)
        ruling = denial.verdict.ruling if denial and denial.verdict.status == 403 else None
        return denial.verdict if denial and ruling and ruling.expires_at > now_unix_ms else None

    def note(self, ask: Ask, verdict: Verdict, now_ms: float) -> None:
        """Keep a refusal, or forget the account's when it passes."""
        if ask.ts is not None:
            return
        if verdict.status == 200:
            self._held.pop(ask.account_id, None)
            return
        by_decision = verdict.status == 403
        lasts = self._longest_ms if by_decision else min(self._longest_ms, verdict.wait_ms)
        tokens = 0 if by_decision else ask.tokens
        self._held[ask.account_id] = _Denial(verdict, tokens, now_ms + lasts)
        self._held.move_to_end(ask.account_id)
        if len(self._held) > self._most:
            self._held.popitem(last=False)
