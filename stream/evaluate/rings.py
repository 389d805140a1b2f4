"""Campaigns against the truth: purity, completeness, pairwise F1, and whom an acting one holds."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from stream.evaluate.judge import Trial
from stream.evaluate.tally import MINUTE_MS

_HOUR_MS = 60 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Acting:
    """A campaign whose members met an action because of it, by the cohorts of its members."""

    campaign_id: str
    accounts: int
    cohorts: dict[str, int]
    honest: int


@dataclass(frozen=True, slots=True)
class Membership:
    """How well campaigns and the attack's ring agree, over all accounts but lone abusers."""

    campaigns: int
    purity: float | None  # of the members of campaigns, those of their campaign's own majority
    completeness: float  # of the ring, the part in the campaign that holds most of it
    precision: float | None  # of pairs in one campaign, those in one ring
    recall: float
    f1: float
    acting: list[Acting]
    honest_acting: int  # acting campaigns most of whose members are honest


@dataclass(frozen=True, slots=True)
class Detection:
    """When the ring was found: the first campaign most of whose members are the attack's."""

    campaign_id: str
    hours: float  # since the attack's first account began
    hours_from_launch: float  # since the launch of the new model; below 0: before it
    leaked: float  # share of the attack's exchanges until then
    links: list[str]  # the kinds of values that ever tied it together


def membership(trial: Trial, attack: str) -> Membership:
    """Agreement of campaigns, as the latest decisions have them, with the attack's accounts.

    Worked out from how many accounts of each kind each campaign holds, never from pairs. A
    campaign of lone abusers (farmers that share a machine) is neither right nor wrong here.
    """
    cells = _contingency(trial, attack)
    ring = [count for (_, mine), count in cells.items() if mine]
    alone = _in_play(trial, attack) - sum(ring)
    sizes: Counter[str] = Counter()
    for (campaign, _), count in cells.items():
        sizes[campaign] += count
    majorities = sum(max(cells[c, True], cells[c, False]) for c in sizes)
    found, right = sum(map(_pairs, sizes.values())), sum(map(_pairs, ring))
    wanted = _pairs(sum(ring) + alone)
    acting = _acting(trial)
    return Membership(
        campaigns=len(sizes),
        purity=majorities / sum(sizes.values()) if sizes else None,
        completeness=max(ring, default=0) / max(1, sum(ring) + alone),
        precision=right / found if found else None,
        recall=right / wanted if wanted else 0.0,
        f1=2 * right / (found + wanted) if found + wanted else 0.0,
        acting=acting,
        honest_acting=sum(2 * campaign.honest > campaign.accounts for campaign in acting),
    )


def _contingency(trial: Trial, attack: str) -> Counter[tuple[str, bool]]:
    """Accounts by (campaign, whether the attack's), of those that count for membership."""
    cells: Counter[tuple[str, bool]] = Counter()
    for account, campaign in trial.docket.member_of.items():
        truth = trial.truths[account]
        if truth.cohort == attack or not truth.abusive:
            cells[trial.docket.living(campaign), truth.cohort == attack] += 1
    return cells


def _in_play(trial: Trial, attack: str) -> int:
    """Accounts of the attack that anybody could know of: those that asked at least once."""
    asked = trial.tally.requests > 0
    members = trial.docket.member_of
    return sum(
        truth.cohort == attack and (bool(asked[n]) or n in members)
        for n, truth in enumerate(trial.truths)
    )


def _pairs(n: int) -> int:
    return n * (n - 1) // 2


def _acting(trial: Trial) -> list[Acting]:
    held: dict[str, set[int]] = defaultdict(set)
    for campaign, accounts in trial.docket.acted_on.items():
        held[trial.docket.living(campaign)] |= accounts
    found = []
    for campaign, accounts in held.items():
        truths = [trial.truths[account] for account in accounts]
        cohorts = dict(Counter(truth.cohort for truth in truths).most_common())
        found.append(
            Acting(campaign, len(accounts), cohorts, sum(not truth.abusive for truth in truths))
        )
    return sorted(found, key=lambda campaign: -campaign.accounts)


def detection(trial: Trial, attack: str, launch: int) -> Detection | None:
    """When the attack's ring was found; None where no campaign is mostly its accounts."""
    cells = _contingency(trial, attack)
    mine = {c for c, own in cells if own and cells[c, True] > cells[c, False]}
    opened = [
        (told.detected_at, name)
        for name, told in trial.docket.campaigns.items()
        if trial.docket.living(name) in mine
    ]
    if not opened:
        return None
    ts, name = min(opened)
    tally = trial.tally
    active = tally.watched & (tally.exchanges > 0)
    # A ring may be found by its sign-ups, before it makes an exchange.
    began = int(tally.begins[active if active.any() else tally.watched].min())
    return Detection(
        campaign_id=name,
        hours=(ts - began) / _HOUR_MS,
        hours_from_launch=(ts - launch) / _HOUR_MS,
        leaked=tally.exchanges_until(ts) / max(1, int(tally.minutes.sum())),
        links=sorted(trial.docket.campaigns[name].kinds),
    )
