"""The figures of one campaign: what the report's page, its JSON and its indicators are made of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

import msgspec

from schemas.decisions import Action
from stream.report.answers import Conduct
from stream.report.exchanges import HOUR_MS, Account, Exchanges
from stream.report.members import History, Member

DAY_MS: Final = 24 * HOUR_MS
MOST_BUCKETS: Final = 96
WIDTHS: Final = tuple(HOUR_MS * hours for hours in (1, 2, 3, 6, 12, 24, 48, 168, 720, 8_760))
MOST_NAMES: Final = 12  # of models and capabilities; the rest is told as one
# All else is a keyed hash (kyc/links.py).
IN_CLEAR: Final = frozenset({"asn", "program", "signup_burst"})


class Share(msgspec.Struct, frozen=True):
    """Exchanges of one capability or model; the empty name: not told."""

    name: str
    exchanges: int
    share: float


class Tie(msgspec.Struct, frozen=True):
    """A value that members share. `keyed`: it is a keyed hash; `share`: of the accounts in the
    record; a tie by behaviour has no value."""

    kind: str
    value: str
    keyed: bool
    accounts: int
    share: float


class Place(msgspec.Struct, frozen=True):
    """Where addresses lie; an account counts in each country that it was seen in."""

    country: str
    accounts: int
    exchanges: int


class Bucket(msgspec.Struct, frozen=True):
    """A stretch of time from `begin`, ms. exchanges: by the action that met them; members: who
    had joined by its end; under: accounts by the action that stood at its end."""

    begin: int
    exchanges: dict[str, int]
    members: int
    under: dict[str, int]


class Figures(msgspec.Struct, frozen=True):
    """Everything that a report tells about a campaign. Times are ms since the epoch, UTC.

    accounts: linked to it now; released: linked once, and by their latest decision no more, counted
    nowhere else; active: those of `accounts` that asked; recorded: members by the last record
    that has some; answered: accounts that a decision stronger than `allow` was about.
    per_account_day: median and highest exchanges of one account a day.
    """

    campaign_id: str
    merged: list[str]
    status: str
    score: float
    detected_at: int
    first_seen: int
    last_seen: int
    accounts: int
    released: int
    active: int
    recorded: int
    answered: int
    requests: int
    exchanges: int
    declined: int
    tokens_in: int
    tokens_out: int
    tokens_reasoning: int
    before_detection: int
    after_detection: int
    after_by_action: dict[str, int]
    per_account_day: tuple[float, float]
    capabilities: list[Share]
    models: list[Share]
    ties: list[Tie]
    countries: list[Place]
    decisions: dict[str, int]
    causes: dict[str, int]
    modes: dict[str, int]
    width: int
    timeline: list[Bucket]


def figures(
    history: History,
    merged: Sequence[str],
    linked: Mapping[str, Member],
    conduct: Conduct,
    counted: Exchanges,
) -> Figures:
    """Work the figures out. `linked`: every account that was ever linked to the campaign."""
    members = {a: m for a, m in linked.items() if m.released is None}
    record, last = history.fullest, history.last
    active = counted.accounts
    width, timeline = _timeline(members, conduct, counted)
    return Figures(
        campaign_id=last.campaign_id,
        merged=list(merged),
        status=last.status,
        score=last.score,
        detected_at=history.detected_at,
        first_seen=min((a.first for a in active.values()), default=record.first_seen),
        last_seen=max((a.last for a in active.values()), default=record.last_seen),
        accounts=len(members),
        released=len(linked) - len(members),
        active=len(active),
        recorded=record.accounts,
        answered=sum(any(s.action.rank for s in spans) for spans in conduct.spans.values()),
        requests=counted.requests,
        exchanges=counted.exchanges,
        declined=counted.declined,
        tokens_in=counted.tokens_in,
        tokens_out=counted.tokens_out,
        tokens_reasoning=counted.tokens_reasoning,
        before_detection=counted.before,
        after_detection=counted.exchanges - counted.before,
        after_by_action=_by_action(counted.after),
        per_account_day=_per_day(list(active.values())),
        capabilities=_shares(counted.capabilities),
        models=_shares(counted.models),
        ties=_ties(history),
        countries=_places(counted),
        decisions=_by_action([conduct.actions[action] for action in Action]),
        causes=dict(sorted(conduct.causes.items())),
        modes=dict(sorted(conduct.modes.items())),
        width=width,
        timeline=timeline,
    )


def _by_action(counts: Sequence[int]) -> dict[str, int]:
    return {action.value: n for action, n in zip(Action, counts, strict=True) if n}


def _per_day(active: Sequence[Account]) -> tuple[float, float]:
    """An account of less than a day counts as of one."""
    rates = [a.exchanges / max((a.last - a.first) / DAY_MS, 1.0) for a in active]
    return (round(median(rates), 1), round(max(rates), 1)) if rates else (0.0, 0.0)


def _shares(counts: "Counter[str]") -> list[Share]:
    total = max(sum(counts.values()), 1)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    found = [Share(name, n, round(n / total, 4)) for name, n in ordered[:MOST_NAMES]]
    if rest := sum(n for _, n in ordered[MOST_NAMES:]):
        found.append(Share(f"{len(ordered) - MOST_NAMES} more", rest, round(rest / total, 4)))
    return found


def _ties(history: History) -> list[Tie]:
    """Those of the record that holds; a record that closes a campaign may have none."""
    record = history.last if history.last.links else history.fullest
    total = max(record.accounts, 1)
    found = [
        Tie(x.kind, x.value, x.kind not in IN_CLEAR, x.accounts, round(x.accounts / total, 4))
        for x in record.links
    ]
    return sorted(found, key=lambda tie: (-tie.accounts, tie.kind, tie.value))


def _places(counted: Exchanges) -> list[Place]:
    found = [Place(c, len(counted.places[c]), n) for c, n in counted.countries.items()]
    return sorted(found, key=lambda place: (-place.accounts, -place.exchanges, place.country))


def _timeline(
    members: Mapping[str, Member], conduct: Conduct, counted: Exchanges
) -> tuple[int, list[Bucket]]:
    """Buckets of one width, from the first exchange or member to the last; and that width."""
    joined = sorted(m.joined for m in members.values())
    seen = [hour * HOUR_MS for hour in counted.hours] + joined
    if not seen:
        return WIDTHS[0], []
    width = _width(max(seen) - min(seen))
    sums: dict[int, list[int]] = {}
    for hour, counts in counted.hours.items():
        row = sums.setdefault(hour * HOUR_MS // width, [0] * len(counts))
        row[:] = [a + b for a, b in zip(row, counts, strict=True)]
    found = []
    for place in range(min(seen) // width, max(seen) // width + 1):
        end = (place + 1) * width
        under = {action.value: n for action, n in sorted(conduct.under(end).items())}
        here = sum(ts < end for ts in joined)
        by_action = _by_action(sums.get(place, [0] * len(Action)))
        found.append(Bucket(place * width, by_action, here, under))
    return width, found


def _width(span: int) -> int:
    return next((w for w in WIDTHS if span < w * MOST_BUCKETS), WIDTHS[-1])
