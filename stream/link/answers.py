"""Answers: what a campaign means for each of its members, told once and renewed while it lasts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from kyc.tiers import Tier
from schemas.decisions import Action, Mode
from schemas.wire import DecisionWire, ReasonWire
from stream.decide.court import decision_id
from stream.decide.policy import Policy
from stream.decide.rules import Floor, Rules, Standing
from stream.link.campaigns import Campaign
from stream.link.kinds import KINDS
from stream.link.ledger import Ledger
from stream.link.portrait import TRAITS

TIES_TOLD: Final = 4
_CONDUCT: Final = TRAITS.index("conduct")


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision about a member: where it goes, and what the gate is to hold."""

    partition: int
    decision: DecisionWire
    floor: Floor


class Answers:
    """Works out which members have to be told what. `model`: the version of the weights."""

    def __init__(self, policy: Policy, model: str, mode: Mode, now: Callable[[], int]) -> None:
        self._rules = Rules(policy.model_copy(update={"thresholds": policy.campaigns.thresholds}))
        self._policy = policy
        self._model = model
        self._mode = mode
        self._now = now
        self._told: dict[int, Floor] = {}

    def to(
        self, ledger: Ledger, accounts: Iterable[int], campaign_of: dict[int, Campaign]
    ) -> list[Answer]:
        """The answers that change or need renewing, in the order of `accounts`."""
        members = [account for account in accounts if account in campaign_of]
        fewest = self._policy.campaigns.fewest
        acted_on = {one: one.holds(fewest) for one in {campaign_of[a] for a in members}}
        found = (
            self._answer(ledger, account, campaign)
            for account in members
            if acted_on[campaign := campaign_of[account]]
        )
        return [answer for answer in found if answer]

    def free(self, ledger: Ledger, account: int) -> Answer | None:
        """The end of what a campaign decided about an account; None where nothing stands."""
        told, ts = self._told.pop(account, None), ledger.clock
        if told is None or told.standing.at(ts) is Action.ALLOW:
            return None
        digest = self._rules.answer(Action.ALLOW).digest()
        ends = ts + self._policy.lifetimes[Action.ALLOW]
        score = float(ledger.columns[account]["score"])
        floor = Floor(told.campaign_id, Standing(Action.ALLOW, digest, ends), score, [])
        decision = self._write(ledger, account, floor)
        decision.campaign_id = None
        return Answer(int(ledger.columns[account]["partition"]), decision, floor)

    def _answer(self, ledger: Ledger, account: int, campaign: Campaign) -> Answer | None:
        columns, ts = ledger.columns[account], ledger.clock
        told = self._told.get(account)
        held = told.standing if told else Standing(Action.ALLOW, 0, 0)
        if told and told.campaign_id != campaign.campaign_id:
            held = Standing(held.action, 0, held.expires_at)  # another answer, since it names it
        tier = Tier(int(columns["tier"]))
        proven = self._is_proven(ledger, account, campaign)
        new = self._rules.decide(held, campaign.score, tier, ts, proven=proven)
        renews = new.action is held.action and new.answer == held.answer
        if new is held or (renews and int(columns["last"]) < ts - (new.expires_at - ts) // 2):
            return None  # an account that stays away lets its action lapse
        floor = Floor(
            campaign.campaign_id, new, campaign.score, _reasons(ledger, account, campaign)
        )
        self._told[account] = floor
        return Answer(int(columns["partition"]), self._write(ledger, account, floor), floor)

    def _is_proven(self, ledger: Ledger, account: int, campaign: Campaign) -> bool:
        """Whether there is evidence of two kinds for a block: the account, which is not
        established, shows what ties the campaign, and acts strangely as its members do."""
        columns, least = ledger.columns[account], self._policy.campaigns.proven_conduct
        strange = min(campaign.traits[_CONDUCT], columns["conduct"]) >= least
        tied = any(value in campaign.keys for value in ledger.values_of(account))
        return bool(tied and strange and not columns["established"])

    def _write(self, ledger: Ledger, account: int, floor: Floor) -> DecisionWire:
        name, event_id = ledger.name[account], ledger.event_id[account]
        standing, ts = floor.standing, ledger.clock
        answer = self._rules.answer(standing.action)
        version = self._policy.version
        allows = standing.action is Action.ALLOW
        return DecisionWire(
            decision_id=decision_id(name, f"{event_id}@{ts}", self._model, version),
            account_id=name,
            event_id=event_id,
            cause="campaign",
            ts=ts,
            decided_at=self._now(),
            action=standing.action,
            score=floor.score,
            kyc_tier=int(ledger.columns[account]["tier"]),
            kyc_score=0.0,
            reasons=[] if allows else floor.reasons,
            model_version=self._model,
            policy_version=version,
            mode=self._mode,
            expires_at=standing.expires_at,
            limits=answer.limits,
            restrictions=answer.restrictions,
            requirements=answer.requirements,
            campaign_id=floor.campaign_id,
        )


def _reasons(ledger: Ledger, account: int, campaign: Campaign) -> list[ReasonWire]:
    """The ring, and the account's own strongest ties to it."""
    members = len(campaign.members)
    ring = ReasonWire(
        "campaign_member",
        f"acts together with {members - 1:,} other accounts",
        float(members),
        campaign.odds,
    )
    return [ring, *_ties(ledger, account, campaign)]


def _ties(ledger: Ledger, account: int, campaign: Campaign) -> list[ReasonWire]:
    """Of each kind the value that most members share with the account."""
    most: dict[str, int] = {}
    for number in ledger.values_of(account):
        if number in campaign.keys:
            kind = KINDS[ledger.value(number)[0]].told
            most[kind] = max(most.get(kind, 0), campaign.keys[number])
    ties = sorted(most.items(), key=lambda tie: (-tie[1], tie[0]))[:TIES_TOLD]
    return [
        ReasonWire(
            f"shared_{kind}",
            f"shares {kind.replace('_', ' ')} with {uses - 1:,} members of the campaign",
            float(uses),
            uses / len(campaign.members),
        )
        for kind, uses in ties
    ]
