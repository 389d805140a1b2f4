"""Three simple detectors, tuned to the same budget of false positives, to be measured beside."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from stream.evaluate.docket import Docket, Ruling
from stream.evaluate.judge import Progress
from stream.evaluate.tally import BLOCK
from stream.lines import Line
from stream.replay import CHUNK

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_FOR_GOOD = 1 << 60
_Value = tuple[str, str]  # its kind and what it is


class Sight(msgspec.Struct, gc=False):
    """What the three look at of an event, a request or an account event."""

    account_id: str
    ts: int
    type: str | None = None
    org_id: str | None = None
    fingerprint: str | None = None
    device_id: str | None = None
    template_hash: str | None = None
    ip: str | None = None


_read = msgspec.json.Decoder(Sight).decode


class Limit:
    """So many requests in a calendar hour, and so many in a day; what is over is refused."""

    kinds = ("hour", "day")
    _WIDTHS = (HOUR_MS, DAY_MS)

    def __init__(self, thresholds: Sequence[float]) -> None:
        self._thresholds = thresholds
        self._counts: tuple[dict[int, tuple[int, int]], ...] = ({}, {})
        self.peaks: tuple[dict[int, int], ...] = ({}, {})

    def see(self, account: int, sight: Sight) -> Iterator[tuple[Ruling, str | None]]:
        """The rulings that an event brings about."""
        if sight.type is not None:
            return
        parts = zip(self._WIDTHS, self._thresholds, self._counts, self.peaks, strict=True)
        for width, most, counts, peaks in parts:
            window = sight.ts // width
            last, count = counts.get(account, (window, 0))
            count = count + 1 if last == window else 1
            counts[account] = (window, count)
            peaks[account] = max(count, peaks.get(account, 0))
            if count == most:
                yield Ruling(account, sight.ts, BLOCK, (window + 1) * width), None


class Sharing:
    """So many customers on one card, or on one device: all of their accounts are blocked.

    The accounts of one organisation are one customer, as its seats share a card by right.
    """

    kinds: tuple[str, ...] = ("card", "device")

    def __init__(self, thresholds: Sequence[float]) -> None:
        self._most = dict(zip(self.kinds, thresholds, strict=True))
        self._org: dict[int, str] = {}
        self._users: dict[_Value, set[int]] = defaultdict(set)
        self._customers: dict[_Value, set[int | str]] = defaultdict(set)
        self._caught: set[_Value] = set()

    def values(self, account: int, sight: Sight) -> tuple[str | None, ...]:
        """What may be shared, a value for each of `kinds`."""
        if sight.org_id:
            self._org[account] = sight.org_id
        card = sight.fingerprint if sight.type == "payment_method.added" else None
        return card, sight.device_id

    def see(self, account: int, sight: Sight) -> Iterator[tuple[Ruling, str | None]]:
        """The rulings that an event brings about."""
        for kind, text in zip(self.kinds, self.values(account, sight), strict=True):
            if text is None or account in (users := self._users[value := (kind, text)]):
                continue
            users.add(account)
            self._customers[value].add(self.customer(account, sight))
            if self.level(value) < self._most[kind]:
                continue
            # With the account that is one too many, all before it; later ones by themselves.
            caught = (account,) if value in self._caught else users
            self._caught.add(value)
            for user in caught:
                yield Ruling(user, sight.ts, BLOCK, _FOR_GOOD), f"{kind}:{text}"

    def customer(self, account: int, sight: Sight) -> int | str:  # noqa: ARG002 -- others look at it
        """What counts as one."""
        return self._org.get(account, account)

    def level(self, value: _Value) -> int:
        """What is held against the threshold."""
        return len(self._customers[value])

    @property
    def peaks(self) -> tuple[dict[int, int], ...]:
        """By kind, the level of each account's most shared value."""
        found: dict[str, dict[int, int]] = {kind: {} for kind in self.kinds}
        for value, users in self._users.items():
            own, level = found[value[0]], self.level(value)
            own.update((user, max(level, own.get(user, 0))) for user in users)
        return tuple(found.values())


class FanOut(Sharing):
    """So many networks with one template, all of new accounts: all of these are blocked.

    A class in one hall with one assignment is one network. A template that an account of before
    uses as well is a product's, and left alone.
    """

    kinds = ("template",)
    _NEW_MS = 30 * DAY_MS

    def __init__(self, thresholds: Sequence[float]) -> None:
        super().__init__(thresholds)
        self._since: dict[int, int] = {}
        self._products: set[_Value] = set()

    def values(self, account: int, sight: Sight) -> tuple[str | None, ...]:
        """The template."""
        since = self._since.setdefault(account, sight.ts)  # sign-up, or whatever is seen first
        template = sight.template_hash
        if template and sight.ts - since > self._NEW_MS:
            self._products.add(("template", template))
        return (template,)

    def customer(self, account: int, sight: Sight) -> int | str:
        """The network, /24 or /48, where it is known."""
        if sight.ip is None:
            return account
        return ":".join(sight.ip.split(":")[:3]) if ":" in sight.ip else sight.ip.rsplit(".", 1)[0]

    def level(self, value: _Value) -> int:
        """Networks of new accounts; none where an older one is among them."""
        return 0 if value in self._products else super().level(value)


Baseline = Limit | Sharing
BASELINES: dict[str, type[Limit] | type[Sharing]] = {
    "account limit": Limit,
    "sharing": Sharing,
    "fan-out": FanOut,
}


class Watch:
    """A baseline as a detector."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline

    async def __call__(self, events: Iterable[Line], docket: Docket, settle: Progress) -> None:
        """Show it every event, by time."""
        events = iter(events)
        while taken := list(islice(events, CHUNK)):
            for line in taken:
                sight = _read(line.value)
                for ruling, campaign in self._baseline.see(docket.numbers[sight.account_id], sight):
                    docket.note(ruling, campaign)
                    if campaign:
                        docket.open(campaign, ruling.ts)
            settle(len(taken))
