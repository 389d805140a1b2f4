"""The table: which orders hold, in memory; asked for every decision that is made."""

from collections.abc import Mapping

from schemas.controls import (
    Allowance,
    CampaignOrder,
    Control,
    Override,
    Proposal,
    Subject,
    Switch,
)
from schemas.decisions import Mode


class Controls:
    """The orders that hold. `mode`: what holds before anybody has switched."""

    def __init__(self, mode: Mode = "enforce") -> None:
        self.switch: Switch | None = None
        self._configured: Mode = mode
        self._overrides: dict[Subject, dict[str, Override]] = {}
        self._allowance: Allowance | None = None
        self._orders: dict[str, CampaignOrder] = {}
        self._proposals: dict[str, Proposal] = {}

    @property
    def mode(self) -> Mode:
        """Whether decisions are acted on."""
        return self.switch.mode if self.switch else self._configured

    @property
    def overrides(self) -> list[Override]:
        """What was set and not lifted, ended ones too."""
        return [one for about in self._overrides.values() for one in about.values()]

    def take(self, control: Control) -> None:
        """Let an order hold, in the order of the topic."""
        match control:
            case Override():
                self._set(control)
            case Switch():
                self.switch = control
            case Allowance():
                self._allowance = None if control.lifted else control
            case CampaignOrder():
                self._orders[control.campaign_id] = control
            case Proposal():
                self._proposals[control.campaign_id] = control

    def forget(self, key: str) -> None:
        """Let go of an override of an account that is erased, by the key of its message."""
        subject, _, value = key.removeprefix("override:").partition(":")
        if subject == "account":
            self._overrides.get("account", {}).pop(value, None)

    def _set(self, override: Override) -> None:
        about = self._overrides.setdefault(override.subject, {})
        if override.lifted:
            about.pop(override.value, None)
        else:
            about[override.value] = override

    def find(self, subject: Subject, value: str, ts: int) -> Override | None:
        """What holds at `ts`, ms, about whom a subject names.

        An event that is older than the order is answered by it as well: whatever is told from
        now on, the order is told.
        """
        found = self.about(subject).get(value)
        return found if found and ts < found.expires_at else None

    def about(self, subject: Subject) -> Mapping[str, Override]:
        """What was set about subjects of a kind, by value, ended ones too."""
        return self._overrides.get(subject, {})

    def allowance(self, ts: int) -> Allowance | None:
        """What the governor allows at `ts`, ms, in place of the policy's shares."""
        found = self._allowance
        return found if found and ts < found.expires_at else None

    def order(self, campaign_id: str) -> CampaignOrder | None:
        """The last order about a campaign."""
        return self._orders.get(campaign_id)

    def proposal(self, campaign_id: str) -> Proposal | None:
        """What was proposed about a campaign since the last order about it."""
        found, order = self._proposals.get(campaign_id), self._orders.get(campaign_id)
        return found if found and (order is None or order.ts < found.ts) else None
