"""Admission: who asks, and how fast; whatever asks the edge, over HTTP or gRPC, begins here."""

from collections.abc import Callable
from time import monotonic

from edge.check.bucket import Bucket
from edge.check.verdict import Verdict, refusal
from edge.metrics import EdgeMetrics
from edge.tokens import Grant, Keyring, Scope


class NotAdmittedError(Exception):
    """A caller who is turned away, with what it is told."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.status)
        self.verdict = verdict


_UNKNOWN = refusal(401, "A bearer token is needed.", (b"www-authenticate", b"Bearer"))
_TOO_FAST = refusal(429, "Too many requests a second.", (b"retry-after", b"1"))
_NO_CHECK = refusal(403, "The check needs a token with the scope check.")


class Admission:
    """Lets callers in by their tokens, each `per_second` times a second at most."""

    def __init__(
        self,
        keyring: Keyring,
        metrics: EdgeMetrics,
        per_second: int,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._keyring = keyring
        self._metrics = metrics
        self._per_second = per_second
        self._now = now
        self._rates: dict[str, Bucket] = {}

    def admit(self, authorization: bytes, *, checks: bool) -> Grant:
        """Who shows this `Authorization`; `checks`: to ask the check, which takes from quotas.

        Raises NotAdmittedError.
        """
        grant = self._keyring.grant(authorization)
        if grant is None:
            raise self._turned_away("unauthorized", _UNKNOWN)
        rate = self._rates.get(grant.name)
        if rate is None:  # as many as there are tokens in the file
            rate = self._rates[grant.name] = Bucket(self._per_second, 1_000)
        if rate.take(int(1_000 * self._now())):
            raise self._turned_away("too_fast", _TOO_FAST)
        if checks and not grant.may(Scope.CHECK):
            raise self._turned_away("forbidden", _NO_CHECK)
        return grant

    def _turned_away(self, why: str, verdict: Verdict) -> NotAdmittedError:
        self._metrics.refusals.labels(why).inc()
        return NotAdmittedError(verdict)
