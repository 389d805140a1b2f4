"""What was done: the actions that stood about the members, and when."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.decisions import Action, Decision


@dataclass(slots=True)
class Span:
    """An action that stood from after `begin` to `end`, ms."""

    begin: int
    end: int
    action: Action


@dataclass(slots=True)
class Conduct:
    """What was decided about the members of one campaign: counts, and spans by account."""

    actions: "Counter[Action]" = field(default_factory=Counter)
    causes: "Counter[str]" = field(default_factory=Counter)
    modes: "Counter[str]" = field(default_factory=Counter)
    spans: dict[str, list[Span]] = field(default_factory=dict)

    def decide(self, decision: Decision) -> None:
        """Take in a decision; of one account they come in order."""
        self.actions[decision.action] += 1
        self.causes[decision.cause] += 1
        self.modes[decision.mode] += 1
        spans = self.spans.setdefault(decision.account_id, [])
        begin, end = decision.ts, decision.expires_at
        # The one told last holds, as in a store: never from before one that was told earlier.
        if spans:
            begin = max(begin, spans[-1].begin)
            if spans[-1].action is decision.action and begin <= spans[-1].end:
                spans[-1].end = max(end, spans[-1].begin)
                return
            spans[-1].end = min(spans[-1].end, begin)
        spans.append(Span(begin, end, decision.action))

    def standing(self, account: str, ts: int) -> Action:
        """The action that met a request: what brought a decision about was already through."""
        spans = self.spans.get(account, [])
        at = bisect_left(spans, ts, key=lambda span: span.begin) - 1
        return spans[at].action if at >= 0 and ts <= spans[at].end else Action.ALLOW

    def under(self, ts: int) -> Mapping[Action, int]:
        """How many accounts are under each action stronger than `allow` at a time."""
        found = Counter(self.standing(account, ts) for account in self.spans)
        del found[Action.ALLOW]
        return found
