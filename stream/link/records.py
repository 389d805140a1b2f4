"""Records of campaigns, as the contract words them."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, Literal

import numpy as np

from schemas.decisions import Campaign as CampaignRecord
from schemas.decisions import Link
from schemas.features import CAPABILITIES, FEATURE_NAMES
from stream.link.campaigns import Campaign
from stream.link.kinds import KINDS
from stream.link.ledger import Ledger
from stream.link.surprise import Floats, Ints

MOST_ADDED: Final = 1_000
MOST_SAMPLED: Final = 20
MOST_LINKS: Final = 50
_SHARES: Final = [FEATURE_NAMES.index(f"capability_{name}_share_7d") for name in CAPABILITIES]


def is_due(campaign: Campaign, fewest: int) -> bool:
    """Whether there is something new to tell: it is big enough and has other members, or it is
    over. Nobody hears the end of what was never told of, nor more of what a person has dismissed.
    """
    if campaign.dismissed:
        return False
    if campaign.closed:
        return campaign.told > 0
    if max(campaign.size, campaign.told) < fewest:
        return False
    return campaign.size != campaign.told or not campaign.named.issuperset(campaign.settled())


def records(ledger: Ledger, campaign: Campaign) -> Iterator[CampaignRecord]:
    """What to write about a campaign now; more than one where many members joined."""
    settled = campaign.settled()
    members = np.array(sorted(settled), np.int64)
    # Who came as it ended is a member of the campaign that it became, and told so.
    joined = [] if campaign.closed else settled
    added = [ledger.name[account] for account in joined if account not in campaign.named]
    campaign.named.update(joined)
    campaign.told = len(members)
    for begin in range(0, max(len(added), 1), MOST_ADDED):
        yield _record(ledger, campaign, members, added[begin : begin + MOST_ADDED])


def _record(ledger: Ledger, campaign: Campaign, members: Ints, added: list[str]) -> CampaignRecord:
    columns = ledger.columns[members]
    names = [ledger.name[account] for account in members.tolist()]
    return CampaignRecord(
        campaign_id=campaign.campaign_id,
        ts=ledger.clock,
        status=_status(campaign),
        first_seen=int(columns["first"].min(initial=campaign.detected_at)),
        last_seen=int(columns["last"].max(initial=campaign.detected_at)),
        detected_at=campaign.detected_at,
        accounts=len(members),
        requests=int(columns["requests"].sum()),
        tokens=int(columns["tokens"].sum()),
        capabilities=_capabilities(columns["row"][:, _SHARES], columns["requests"]),
        models=_shares(Counter(ledger.model[account] for account in members.tolist())),
        links=_links(ledger, campaign),
        countries=dict(
            sorted(Counter(filter(None, (ledger.country[a] for a in members.tolist()))).items())
        ),
        members_added=added,
        merged_into=campaign.merged_into,
        sample_accounts=names[:MOST_SAMPLED],
        score=round(campaign.score, 6),
    )


def _status(campaign: Campaign) -> Literal["open", "closed", "dismissed"]:
    if campaign.dismissed:
        return "dismissed"
    return "closed" if campaign.closed else "open"


def _capabilities(shares: Floats, requests: Ints) -> dict[str, float]:
    """Share by capability in the members' requests of the last days."""
    weight = np.nan_to_num(shares.astype(np.float64)) * requests[:, None]
    total = weight.sum()
    if total == 0:
        return {}
    share = weight.sum(axis=0) / total
    return {name: round(float(s), 4) for name, s in zip(CAPABILITIES, share, strict=True) if s > 0}


def _shares(counts: "Counter[str]") -> dict[str, float]:
    total = max(sum(counts.values()), 1)
    return {name: round(count / total, 4) for name, count in sorted(counts.items()) if name}


def _links(ledger: Ledger, campaign: Campaign) -> list[Link]:
    """The values that tie it, those of most members first. Cells of behaviour have no value."""
    most = sorted(campaign.keys.items(), key=lambda key: (-key[1], key[0]))[:MOST_LINKS]
    found = []
    for number, uses in most:
        if not 0 <= number < ledger.values:
            found.append(Link(kind="behaviour", value="", accounts=uses))
            continue
        kind, value = ledger.value(number)
        told = str(value) if KINDS[kind].name == "asn" else f"{value:016x}"
        found.append(Link(kind=KINDS[kind].told, value=told, accounts=uses))  # type: ignore[arg-type]
    return found
