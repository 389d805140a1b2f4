"""Named attacks, as data: campaigns that differ in what they hide."""

from dataclasses import replace

from simulate.abuse.campaigns import Campaign

# The alleged campaign of April to June 2026: own lines, several cards, a small set of templates
# with variations, 25.6 requests a day from each account.
_JUNE = Campaign(name="june")
# Own lines, cards and mailboxes, a system prompt each, sign-ups spread over the whole run.
_UNLINKED = replace(_JUNE, cards=0, virtual=0.1, systems=0, exits=0.05, staggered=0.9, program=0.05)

ATTACKS = {
    campaign.name: campaign
    for campaign in (
        _JUNE,
        # Behaviour alone is left: every request is worded anew, far from any other.
        replace(_UNLINKED, name="paraphrased", paraphrased=1.0),
        # Too few requests for any limit or any account's own statistics.
        replace(_UNLINKED, name="drip", per_day=5.0, paraphrased=0.5, even=0.6),
        # A proxy network that sells access: half of every account is strangers' traffic.
        replace(_JUNE, name="hydra", customers=0.45, innocent=0.1, exits=0.25),
        # Half of the traffic on a new model within a day of its launch, as published.
        replace(_UNLINKED, name="pivot", paraphrased=0.7, moved=0.55, moves_days=0.25),
        # Education, security research, startups: credit and trust without a card.
        replace(_UNLINKED, name="programs", program=0.7, documents=20, paraphrased=0.5),
        # Old and verified accounts, bought or phished, four in five.
        replace(_UNLINKED, name="takeover", taken=0.8, paraphrased=0.5),
        # Banned after four days and replaced, from farmed mailboxes, numbers and cards.
        replace(_JUNE, name="churn", lasts_days=4.0, mailboxes=5, blocks=25, domains=0, cards=8),
        # Behind a popular agent: its client, TLS hello and system prompt.
        replace(_UNLINKED, name="disguised", agent=0.9, paraphrased=0.8),
    )
}
