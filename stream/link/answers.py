"""Answers: what a campaign means for each of its members, told once and renewed while it lasts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from kyc.tiers import Tier
from schemas.decisions import Action, Cause
from schemas.features import FEATURE_NAMES
from schemas.wire import DecisionWire
from stream.controls.reasons import governed
from stream.controls.table import Controls
from stream.decide.policy import Policy
from stream.decide.scribe import decision_id
from stream.decide.statute import Floor, Standing, Statute
from stream.govern.governor import Rise
from stream.link.campaigns import Campaign
from stream.link.ledger import Ledger
from stream.link.orders import FREE, Ordered
from stream.link.portrait import TRAITS
from stream.link.reasons import ordered_by_person, reasons

_CONDUCT: Final = TRAITS.index("conduct")
_REQUESTS: Final = FEATURE_NAMES.index("requests_count_24h")


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision about a member: where it goes, and what the gate is to hold. `ends`: it is the
    end of what the campaign decided, which something later may have outdone; `rise`: it is a
    stricter action than was told, `before`, for the governor to look at."""

    partition: int
    decision: DecisionWire
    floor: Floor
    ends: bool = False
    before: Floor | None = None
    rise: Rise | None = None


About = Callable[[Campaign, int], Ordered | None]


class Answers:
    """Works out which members have to be told what. `model`: the version of the weights; `about`:
    what people ordered about a campaign at a time, ms."""

    def __init__(
        self,
        policy: Policy,
        model: str,
        controls: Controls,
        now: Callable[[], int],
        about: About = lambda *_: None,
    ) -> None:
        self.obey(policy)
        self._model = model
        self._controls = controls
        self._now = now
        self._about = about
        self._told: dict[str, Floor] = {}  # by account id: numbers change

    def obey(self, policy: Policy) -> None:
        """Keep to another policy from now on."""
        self._statute = Statute(
            policy.model_copy(update={"thresholds": policy.campaigns.thresholds})
        )
        self._policy = policy

    def to(
        self, ledger: Ledger, accounts: Iterable[int], campaign_of: dict[int, Campaign]
    ) -> list[Answer]:
        """The answers that change or need renewing, in the order of `accounts`."""
        members = [account for account in accounts if account in campaign_of]
        campaigns = {campaign_of[account] for account in members}
        ordered = {one: self._about(one, ledger.clock) for one in campaigns}
        acted_on = {one: one.size >= self._policy.campaigns.fewest for one in campaigns}
        found = []
        for account in members:
            campaign = campaign_of[account]
            if order := ordered[campaign]:
                found.append(self._obey(ledger, account, campaign, order))
            elif acted_on[campaign]:
                found.append(self._answer(ledger, account, campaign))
        return [answer for answer in found if answer]

    def free(self, ledger: Ledger, account: int, cause: Cause = "campaign") -> Answer | None:
        """The end of what a campaign decided about an account; None where nothing stands."""
        told = self._told.pop(ledger.name[account], None)
        if told is None or told.standing.at(ledger.clock) is Action.ALLOW:
            return None
        return _taking_back(told, self._end(ledger, account, told.campaign_id, cause))

    def forget(self, account_id: str) -> None:
        """Nothing was told about an account: it was erased, or is gone."""
        self._told.pop(account_id, None)

    @property
    def told(self) -> Mapping[str, Floor]:
        """What was told last, by account id."""
        return self._told

    def recollect(self, told: Mapping[str, Floor]) -> None:
        """What was told in fact, where it is known, in place of what touches called for."""
        self._told |= told

    def carry_out(
        self, ledger: Ledger, accounts: Iterable[int], campaign: Campaign, order: str
    ) -> list[Answer]:
        """What an order, by its id, means for members: said again however often it was said."""
        ordered = self._about(campaign, ledger.clock)
        acted_on = campaign.size >= self._policy.campaigns.fewest
        found = []
        for account in accounts:
            told = self._told.pop(ledger.name[account], None)
            answer = None
            if ordered and ordered is not FREE:
                answer = self._obey(ledger, account, campaign, ordered, order)
            elif ordered is None and acted_on and campaign.is_settled(account):
                answer = self._answer(ledger, account, campaign, order)
            answer = answer or self._end(ledger, account, campaign.campaign_id, "override", order)
            found.append(_taking_back(told, answer))
        return found

    def _obey(
        self,
        ledger: Ledger,
        account: int,
        campaign: Campaign,
        ordered: Ordered,
        order: str | None = None,
    ) -> Answer | None:
        if ordered is FREE:
            return self.free(ledger, account, "override")
        digest = self._statute.answer(ordered.action).digest()
        standing = Standing(ordered.action, digest, ordered.until)
        told = self._told.get(ledger.name[account])
        if told and (told.campaign_id, told.standing) == (campaign.campaign_id, standing):
            return None
        told_why = [ordered_by_person(ordered.action), *reasons(ledger, account, campaign)]
        floor = Floor(campaign.campaign_id, standing, campaign.score, told_why)
        return self._tell(ledger, account, floor, "override", order)

    def _end(
        self,
        ledger: Ledger,
        account: int,
        campaign_id: str,
        cause: Cause,
        order: str | None = None,
    ) -> Answer:
        digest = self._statute.answer(Action.ALLOW).digest()
        ends = ledger.clock + self._policy.lifetimes[Action.ALLOW]
        score = float(ledger.columns[account]["score"])
        floor = Floor(campaign_id, Standing(Action.ALLOW, digest, ends), score, [])
        decision = self._write(ledger, account, floor, cause, order)
        decision.campaign_id = None
        partition = int(ledger.columns[account]["partition"])
        return Answer(partition, decision, floor, ends=True)

    def _answer(
        self, ledger: Ledger, account: int, campaign: Campaign, order: str | None = None
    ) -> Answer | None:
        columns, ts = ledger.columns[account], ledger.clock
        told = self._told.get(ledger.name[account])
        held = told.standing if told else Standing(Action.ALLOW, 0, 0)
        if told and told.campaign_id != campaign.campaign_id:
            held = Standing(held.action, 0, held.expires_at)  # another answer, since it names it
        tier = Tier(int(columns["tier"]))
        proven = self._is_proven(ledger, account, campaign)
        new = self._statute.decide(held, campaign.score, tier, ts, proven=proven)
        renews = new.action is held.action and new.answer == held.answer
        if new is held or (renews and int(columns["last"]) < ts - (new.expires_at - ts) // 2):
            return None  # an account that stays away lets its action lapse
        floor = Floor(campaign.campaign_id, new, campaign.score, reasons(ledger, account, campaign))
        answer = self._tell(ledger, account, floor, "campaign", order)
        if new.action <= max(held.at(ts), Action.RATE_LIMIT):
            return answer
        rise = Rise(ledger.name[account], new.action, ts, int(columns["row"][_REQUESTS]))
        return replace(answer, before=told, rise=rise)

    def lessen(self, answer: Answer) -> Answer | None:
        """What is said where the governor refuses an answer; None where what was told goes on,
        which is no less than that."""
        ts, before = answer.decision.ts, answer.before
        held = before.standing if before else Standing(Action.ALLOW, 0, 0)
        standing = self._statute.lessened(held, ts)
        if before and standing is held:
            self._told[answer.decision.account_id] = before
            return None
        why = [governed(answer.decision.action), *answer.floor.reasons]
        floor = answer.floor._replace(standing=standing, reasons=why)
        self._told[answer.decision.account_id] = floor
        said = self._statute.answer(standing.action)
        decision = msgspec.structs.replace(
            answer.decision,
            action=standing.action,
            reasons=why,
            expires_at=standing.expires_at,
            limits=said.limits,
            restrictions=said.restrictions,
            requirements=said.requirements,
        )
        return replace(answer, decision=decision, floor=floor, rise=None)

    def _tell(
        self, ledger: Ledger, account: int, floor: Floor, cause: Cause, order: str | None
    ) -> Answer:
        self._told[ledger.name[account]] = floor
        decision = self._write(ledger, account, floor, cause, order)
        return Answer(int(ledger.columns[account]["partition"]), decision, floor)

    def _is_proven(self, ledger: Ledger, account: int, campaign: Campaign) -> bool:
        """Whether there is evidence of two kinds for a block: the account, which is not
        established, shows what ties the campaign, and acts strangely as its members do."""
        columns, least = ledger.columns[account], self._policy.campaigns.proven_conduct
        strange = min(campaign.traits[_CONDUCT], columns["conduct"]) >= least
        tied = campaign.members[account].tied
        return bool(tied and strange and not columns["established"])

    def _write(
        self, ledger: Ledger, account: int, floor: Floor, cause: Cause, order: str | None
    ) -> DecisionWire:
        name, event_id = ledger.name[account], order or ledger.event_id[account]
        standing, ts = floor.standing, ledger.clock
        # An order that is carried out again, after a crash, may meet another time.
        moment = order or f"{event_id}@{ts}"
        answer = self._statute.answer(standing.action)
        version = self._policy.version
        allows = standing.action is Action.ALLOW
        return DecisionWire(
            decision_id=decision_id(name, moment, self._model, version),
            account_id=name,
            event_id=event_id,
            cause=cause,
            ts=ts,
            decided_at=self._now(),
            action=standing.action,
            score=floor.score,
            kyc_tier=int(ledger.columns[account]["tier"]),
            kyc_score=0.0,
            reasons=[] if allows else floor.reasons,
            model_version=self._model,
            policy_version=version,
            mode=self._controls.mode,
            expires_at=standing.expires_at,
            limits=answer.limits,
            restrictions=answer.restrictions,
            requirements=answer.requirements,
            campaign_id=floor.campaign_id,
        )


def _taking_back(told: Floor | None, answer: Answer) -> Answer:
    """The answer, so that the gate knows that what was told before holds no more."""
    if told is None:
        return answer
    return replace(answer, floor=answer.floor._replace(ended=told.standing.expires_at))
