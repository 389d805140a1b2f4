"""An inquiry: the campaigns that a report is about, and what their members did.

Three passes: who belonged to what, what was decided about them, what they asked. Memory grows with
the members, their changes of action and the hours; never with the events.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.decisions import Campaign
from schemas.errors import ConfigurationError, MalformedEventError
from schemas.wire import read_requests
from stream.decode.geography import Geography
from stream.report import reading
from stream.report.answers import Conduct
from stream.report.chain import Writer
from stream.report.exchanges import Exchanges
from stream.report.figures import Figures, figures
from stream.report.members import Member, Members
from stream.report.reading import Unreadable
from stream.report.sources import Source

Progress = Callable[[int], None]


@dataclass(slots=True)
class _Affair:
    """One campaign of an inquiry. `linked`: every account that ever was."""

    linked: dict[str, Member]
    counted: Exchanges
    conduct: Conduct = field(default_factory=Conduct)


class Inquiry:
    """Takes the messages of a source."""

    def __init__(self, source: Source, geography: Geography, progress: Progress) -> None:
        self._source = source
        self._geography = geography
        self._progress = progress
        self._members = Members()
        self._erased = set[str]()
        self._campaign_of: dict[str, str] = {}
        self._affairs: dict[str, _Affair] = {}
        self.unreadable: Unreadable = Unreadable()

    async def open(self, campaign: str | None) -> None:
        """Find out whom it is about. Raises ConfigurationError for an unknown campaign."""
        self._erased = await reading.read_erased(self._source, self.unreadable)
        self._members = await reading.read_members(self._source, self.unreadable)
        self._members.forget(self._erased)
        histories = self._members.histories
        if campaign is not None and campaign not in histories:
            raise ConfigurationError(
                f"no campaign {campaign} in the records: there are {len(histories):,}"
            )
        living = self._members.living
        found = [c for c in histories if living(c) == c] if campaign is None else [living(campaign)]
        self._affairs = {
            c: _Affair({}, Exchanges(histories[c].detected_at, self._geography)) for c in found
        }
        for account, member in self._members.of(self._affairs).items():
            campaign_id = living(member.campaign_id)
            self._affairs[campaign_id].linked[account] = member
            if member.released is None:
                self._campaign_of[account] = campaign_id

    async def pursue(self, chain: Writer | None) -> None:
        """Take every record, decision and request of the members. `chain`: where evidence goes."""
        if chain:
            await self._keep_records(chain)
        await self._take_decisions(chain)
        async for batch in self._source.read("requests"):
            self._take_requests(batch, chain)
            self._progress(len(batch))

    async def _keep_records(self, chain: Writer) -> None:
        async for batch in self._source.read("campaigns"):
            for body in batch:
                record = reading.campaign(body, Unreadable())  # they were counted before
                if record and self._members.living(record.campaign_id) in self._affairs:
                    chain.add("campaign", self._without_erased(record))

    def _without_erased(self, record: Campaign) -> dict[str, Any]:
        names = {
            field: [account for account in getattr(record, field) if account not in self._erased]
            for field in ("members_added", "sample_accounts")
        }
        return record.model_dump(mode="json", exclude_none=True) | names

    async def _take_decisions(self, chain: Writer | None) -> None:
        async for batch in self._source.read("decisions"):
            for body in batch:
                campaign_id = self._campaign_of.get(reading.whose(body) or "")
                if campaign_id is None:
                    continue
                decision = reading.decision(body, self.unreadable)
                if decision:
                    self._affairs[campaign_id].conduct.decide(decision)
                    if chain:
                        chain.add("decision", decision.model_dump(mode="json", exclude_none=True))

    def _take_requests(self, batch: Sequence[bytes], chain: Writer | None) -> None:
        owners = [reading.whose(body) for body in batch]
        self.unreadable["requests"] += owners.count(None)
        ours = [
            (body, account)
            for body, account in zip(batch, owners, strict=True)
            if account in self._campaign_of
        ]
        events = read_requests([body for body, _ in ours])
        for (body, account), event in zip(ours, events, strict=True):
            told: dict[str, Any] = {"account_id": account}
            if isinstance(event, MalformedEventError):
                self.unreadable["requests"] += 1
            else:
                affair = self._affairs[self._campaign_of[event.account_id]]
                standing = affair.conduct.standing(event.account_id, event.ts)
                affair.counted.count(event, standing)
                told |= {"event_id": event.event_id, "ts": event.ts}
            if chain:
                chain.add("request", told | {"sha256": hashlib.sha256(body).hexdigest()})

    def figures(self) -> list[Figures]:
        """The figures of every campaign, those of most exchanges first."""
        histories, merged = self._members.histories, self._members.merged()
        found = [
            figures(histories[c], merged.get(c, []), affair.linked, affair.conduct, affair.counted)
            for c, affair in self._affairs.items()
        ]
        return sorted(found, key=lambda f: (-f.exchanges, -f.accounts, f.campaign_id))

    def roll(self, campaign_id: str) -> list[Mapping[str, Any]]:
        """The accounts of a campaign, in the order in which they joined."""
        affair = self._affairs[campaign_id]
        found = sorted(affair.linked.items(), key=lambda item: (item[1].joined, item[0]))
        return [self._entry(affair, account, member) for account, member in found]

    @staticmethod
    def _entry(affair: _Affair, account: str, member: Member) -> Mapping[str, Any]:
        asked = affair.counted.accounts.get(account)
        return {
            "account_id": account,
            "joined": member.joined,
            "released": member.released,
            "exchanges": asked.exchanges if asked else 0,
            "first_seen": asked.first if asked else None,
            "last_seen": asked.last if asked else None,
        }
