"""The demo's story as a terminal shows it, while it runs and once it is over."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from time import monotonic

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.panel import Panel
from rich.table import Table

from schemas.decisions import Action, Campaign
from schemas.wire import DecisionWire
from stream.demo.customers import Customers
from stream.demo.story import Story
from stream.demo.visitors import Visitors

_COLOURS = {"allow": "green", "restrict": "yellow", "rate_limit": "yellow", "step_up": "magenta"}
_CAMPAIGNS_SHOWN = 2
_TIES_SHOWN = 4
_OUTCOMES = ("answered", "answered without reasoning", "slowed", "refused")


class Picture:
    """A story, and who makes it up beside the traffic."""

    def __init__(self, story: Story, visitors: Visitors, customers: Customers) -> None:
        self._story = story
        self._visitors = visitors
        self._customers = customers

    def live(self) -> Group:
        """The terminal's content while it runs."""
        story = self._story
        lived = max(monotonic() - story.began, 1.0)
        decisions = sum(len(told) for told in story.decisions.values())
        head = (
            f"{story.handled:,} requests scored in {lived:.0f} s "
            f"({story.handled / lived:,.0f}/s), half within {story.median_ms:.0f} ms   "
            f"{_day(story.event_time)}   {decisions:,} decisions"
        )
        sides = Table.grid(expand=True)
        sides.add_column(ratio=2)
        sides.add_column(ratio=3)
        sides.add_row(
            Panel(self._limit(), title="a limit per account", height=10),
            Panel(self._campaigns(), title="sluicegate, across accounts", height=10),
        )
        title = "sluicegate demo, simulated traffic"
        return Group(Panel(head, title=title), sides, self._api(), self._latest())

    def _limit(self) -> str:
        story = self._story
        thresholds = story.limit.thresholds()
        if thresholds is None:
            return "too little traffic yet to set one by"
        hour, day = thresholds
        over = story.limit.over(story.ring)
        return (
            f"over it: {hour:,.0f} requests an hour, {day:,.0f} a day; as low as one may be that "
            f"0.5 % of honest customers meet\n\n"
            f"of the ring's {len(story.ring)} accounts it saw [bold]{over}[/]"
        )

    def _campaigns(self) -> str:
        open_ = [c for c in self._story.campaigns.values() if c.status == "open"]
        largest = sorted(open_, key=lambda c: -c.accounts)[:_CAMPAIGNS_SHOWN]
        return "\n".join(map(self._campaign, largest)) or "no accounts that act together yet"

    def _campaign(self, campaign: Campaign) -> str:
        members = self._story.members(campaign.campaign_id)
        actions = self._story.standing(members)
        answered = ", ".join(f"{actions[a]} {_DONE[a]}" for a in _DONE if actions[a])
        count = max(
            campaign.accounts, len(members)
        )  # a record comes when it has grown by a quarter
        return (
            f"[bold]{count} accounts[/] that act together, found "
            f"{_day(campaign.detected_at)}, {ties(campaign)}; {answered or 'none answered yet'}"
        )

    def _api(self) -> str:
        visitors = self._visitors
        told = f"told of {visitors.told:,} accounts by webhook"
        return f"the API behind the edge: {_counted(_sum(visitors.answered.values()))}; {told}"

    def _latest(self) -> Table:
        table = Table(box=None, pad_edge=False, expand=True)
        for name, width in (("account", 12), ("decision", 10), ("score", 5)):
            table.add_column(name, no_wrap=True, min_width=width)
        table.add_column("why", no_wrap=True, ratio=1)
        for decision in self._story.lately:
            colour = _COLOURS.get(decision.action, "red")
            action = f"[{colour}]{decision.action}[/]"
            score = f"{decision.score:.2f}"
            table.add_row(decision.account_id[-12:], action, score, _why(decision))
        return table

    def summary(self) -> Table:
        """What was decided about whom; only the simulator knows who is who."""
        story = self._story
        title = "The strictest action per account, by who it is in the simulation"
        table = Table(title=title, box=SIMPLE_HEAD, padding=0)
        for name in ("cohort", "", "accounts", *Action):
            table.add_column(str(name), justify="left" if name in ("cohort", "") else "right")
        cohorts: dict[tuple[bool, str], Counter[Action]] = {}
        for account, truth in story.truths.items():
            counts = cohorts.setdefault((truth.abusive, truth.cohort), Counter())
            counts[story.strictest(account)] += 1
        for (abusive, cohort), counts in sorted(cohorts.items()):
            kind = "[red]abusive[/]" if abusive else "honest"
            shown = (f"{counts[action]:,}" if counts[action] else "" for action in Action)
            table.add_row(cohort, kind, f"{counts.total():,}", *shown)
        return table

    def told(self) -> str:
        """What happened, for a person, once it is over."""
        parts = (self._ring(), self._honest(), self._free(), self._visited(), self._ran())
        return "\n".join(f"• {part}" for part in parts)

    def _ring(self) -> str:
        story = self._story
        ring, campaign = story.ring, story.found()
        if not ring:
            return "There was no ring in this traffic."
        thresholds = story.limit.thresholds()
        limit = "There was too little traffic to set a limit per account by."
        if thresholds:
            hour, day = thresholds
            limit = (
                f"A limit per account that 0.5 % of honest customers meet ({hour:,.0f} an hour, "
                f"{day:,.0f} a day) saw {story.limit.over(ring)} of them."
            )
        opening = f"The ring: {len(ring)} accounts made {story.exchanges():,} exchanges. {limit}"
        if campaign is None:
            return f"{opening} sluicegate did not find it."
        early = story.exchanges(campaign.detected_at)
        return (
            f"{opening} sluicegate found it on {_day(campaign.detected_at)}, {ties(campaign)}, "
            f"{early:,} exchanges after it began: {story.met(ring)} accounts were answered, "
            f"{story.met(ring, Action.BLOCK)} of them blocked, and "
            f"{story.stopped():,} exchanges came while it stopped them."
        )

    def _honest(self) -> str:
        story = self._story
        honest = story.honest
        return (
            f"The honest: {story.met(honest):,} of {len(honest):,} accounts met an action at some "
            f"time, {story.met(honest, Action.BLOCK):,} of them a block (by cohort above); "
            f"{len(story.freed()):,} were free of it again by the end."
        )

    def _free(self) -> str:
        """Of those who proved themselves, the one who was asked last."""
        story, shown = self._story, self._customers.shown
        proven = [account for account in story.freed() if shown.get(account)]
        tales = [(asked, let) for asked, let in map(story.let_in, proven) if asked and let]
        if not tales:
            return "None of them was freed by a proof in this run."
        asked, let = max(tales, key=lambda tale: tale[0].ts)
        account = asked.account_id
        proofs = " and ".join(shown[account]).replace("_", " ")
        return (
            f"One of them, {account[-12:]} ({story.truths[account].cohort}), was asked for proof "
            f"on {_day(asked.ts)} (“{_why(asked)}”), showed it ({proofs}), and was let in again on "
            f"{_day(let.ts)}. That honest customers show what they are asked for, and no one else "
            "does, is the demo's assumption."
        )

    def _visited(self) -> str:
        answered = self._visitors.answered
        ring, honest = (
            _counted(_sum(answered[account] for account in accounts if account in answered))
            for accounts in (self._story.ring, self._story.honest)
        )
        return (
            f"At the API behind the edge, a sample of requests. The ring's: {ring}. Honest "
            f"customers': {honest}. It was told of {self._visitors.told:,} accounts by webhook. "
            "(Limits run by this machine's clock, which the traffic outruns.)"
        )

    def _ran(self) -> str:
        story = self._story
        lived = monotonic() - story.began
        return (
            f"{story.handled:,} events in {lived:.0f} s, {story.handled / lived:,.0f} a second, "
            f"half within {story.median_ms:.0f} ms of reaching the broker. Traffic, accounts and "
            "ring are simulated: these figures say how the simulation went, no more."
        )


_DONE = {
    Action.RESTRICT: "restricted",
    Action.RATE_LIMIT: "slowed",
    Action.STEP_UP: "asked for proof",
    Action.BLOCK: "blocked",
}


def ties(campaign: Campaign) -> str:
    """What ties a campaign together, in words, the tie of most accounts first."""
    kinds = dict.fromkeys(link.kind.replace("_", " ") for link in campaign.links)
    return f"tied by {', '.join(list(kinds)[:_TIES_SHOWN])}" if kinds else "alike in what they do"


def _sum(counts: "Iterable[Counter[str]]") -> "Counter[str]":
    return sum(counts, Counter[str]())


def _counted(outcomes: "Counter[str]") -> str:
    names = [*_OUTCOMES, *sorted(set(outcomes) - set(_OUTCOMES))]
    return ", ".join(f"{outcomes[name]:,} {name}" for name in names if outcomes[name]) or "none"


def _why(decision: DecisionWire) -> str:
    return decision.reasons[0].text if decision.reasons else "nothing speaks against it now"


def _day(ts: int) -> str:
    return f"{datetime.fromtimestamp(ts / 1_000, UTC):%-d %b %H:%M}"
