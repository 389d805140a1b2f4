"""The feature-math contract, by brute force: every raw event of one account, counted anew."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

TICK = 5_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
GRACE = 10 * MINUTE
# window: (length, hop), both in ms
WINDOWS = {
    "1m": (MINUTE, TICK),
    "10m": (10 * MINUTE, MINUTE),
    "1h": (HOUR, 5 * MINUTE),
    "6h": (6 * HOUR, 30 * MINUTE),
    "24h": (DAY, 2 * HOUR),
    "7d": (7 * DAY, DAY),
    "30d": (30 * DAY, 3 * DAY),
}
CAPS = {"networks": 16, "devices": 8, "user_agents": 8, "templates": 16, "models": 8, "systems": 8}
CAPABILITIES = 12


@dataclass
class Event:
    """One raw request; None is not known."""

    id: int
    ts: int
    failed: bool = False
    tokens: tuple[int, int, int, int] = (0, 0, 0, 0)  # in, out, reasoning, cached
    optional: dict[str, float | None] = field(default_factory=dict)
    capability: int | None = None
    used: dict[str, int] = field(default_factory=dict)  # kind: hash
    gap: float | None = None


@dataclass
class Account:
    """All that ever reached one account, in order of arrival."""

    clock: int = -1
    events: list[Event] = field(default_factory=list)
    seen: list[tuple[int, int]] = field(default_factory=list)  # (id, minute)

    def arrive(self, event: Event) -> str:
        """What becomes of the event; counted ones are kept."""
        before = self.clock
        self.clock = max(self.clock, event.ts)
        minutes = [m for i, m in self.seen if i == event.id]
        self.seen.append((event.id, event.ts // MINUTE))
        if minutes and before // MINUTE - max(minutes) <= 10:
            return "repeated"
        if event.ts < before - GRACE:
            return "late"
        if before >= 0 and event.ts >= before:
            event.gap = math.floor(4 * math.log2(event.ts - before + 1) + 1e-9) / 4
        self.events.append(event)
        return "counted"

    def inside(self, window: str) -> list[Event]:
        """The events that the sawtooth window covers at the clock."""
        length, hop = WINDOWS[window]
        tail = (self.clock // TICK * TICK - length) // hop * hop
        return [e for e in self.events if e.ts >= tail]

    def features(self) -> dict[str, float]:
        """Every feature by name, at the clock."""
        return {**self._rates(), **self._week(), **self._variety()}

    def _rates(self) -> dict[str, float]:
        out: dict[str, float] = {}
        first = min(e.ts for e in self.events)
        for w in WINDOWS:
            out[f"requests_count_{w}"] = len(self.inside(w))
        for w in ("10m", "1h", "24h"):
            lived = min(max(self.clock - first, WINDOWS[w][0]), 30 * DAY)
            ratio = _ratio(len(self.inside(w)) * lived, len(self.inside("30d")) * WINDOWS[w][0])
            out[f"requests_burst_{w}"] = ratio
        for w in ("10m", "1h", "24h", "7d"):
            out[f"failures_ratio_{w}"] = _mean(self.inside(w), lambda e: e.failed)
        for w in ("1h", "24h", "30d"):
            out[f"tokens_in_mean_{w}"] = _mean(self.inside(w), lambda e: e.tokens[0])
            out[f"tokens_out_mean_{w}"] = _mean(self.inside(w), lambda e: e.tokens[1])
        for w in ("24h", "30d"):
            out[f"tokens_out_ratio_{w}"] = _share(self.inside(w), 1, 0)
        return out

    def _week(self) -> dict[str, float]:
        week = self.inside("7d")
        tail = (self.clock // TICK * TICK - DAY) // DAY * DAY
        today = [e for e in self.events if e.ts >= tail]
        names = {
            "refused": "refusals_ratio_7d",
            "batch": "batch_ratio_7d",
            "logprobs": "logprobs_ratio_7d",
            "turns": "turns_mean_7d",
            "tool_calls": "tool_calls_mean_7d",
            "tools": "tools_mean_7d",
            "elicitation": "elicitation_mean_7d",
        }
        out = {
            feature: _mean(
                [e for e in week if e.optional.get(name) is not None],
                lambda e, name=name: e.optional[name],
            )
            for name, feature in names.items()
        }
        out["tokens_reasoning_ratio_7d"] = _share(week, 2, 1)
        out["tokens_cached_ratio_7d"] = _share(week, 3, 0)
        gaps = [e.gap for e in week if e.gap is not None]
        out["gaps_mean_7d"] = sum(gaps) / len(gaps) if gaps else math.nan
        squares = sum(g * g for g in gaps) / len(gaps) if gaps else math.nan
        out["gaps_spread_7d"] = math.sqrt(max(squares - out["gaps_mean_7d"] ** 2, 0))
        mix = _mix([e.capability for e in week if e.capability is not None], CAPABILITIES)
        out |= {f"capability_{i}": share for i, share in enumerate(mix)}
        out["capabilities_concentration_7d"] = sum(s * s for s in mix)
        usual = _mix([e.used["models"] % 4 for e in week], 4)
        lately = _mix([e.used["models"] % 4 for e in today], 4)
        out["models_concentration_7d"] = sum(s * s for s in usual)
        out["models_shift_7d"] = sum(abs(a - b) for a, b in zip(usual, lately, strict=True)) / 2
        return out

    def _variety(self) -> dict[str, float]:
        out: dict[str, float] = {}
        for kind, cap in CAPS.items():
            for w in ("24h", "7d", "30d"):
                values = {e.used[kind] % 2**18 for e in self.inside(w) if e.used.get(kind)}
                out[f"{kind}_distinct_{w}"] = min(len(values), cap) or math.nan
        for w in ("24h", "7d"):
            out[f"hours_distinct_{w}"] = len({e.ts // HOUR % 24 for e in self.inside(w)})
        requests = min(len(self.inside("7d")), CAPS["templates"])
        out["templates_ratio_7d"] = out["templates_distinct_7d"] / requests
        out["age_seen_days"] = (self.clock - min(e.ts for e in self.events)) / DAY
        return out


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _mean(events: list[Event], value: Callable[[Event], float]) -> float:
    return _ratio(sum(value(e) for e in events), len(events))


def _share(events: list[Event], part: int, whole: int) -> float:
    return _ratio(sum(e.tokens[part] for e in events), sum(e.tokens[whole] for e in events))


def _mix(values: list[int], size: int) -> list[float]:
    return [_ratio(values.count(i), len(values)) for i in range(size)]
