"""The honest customers of the demo: asked for a proof, they show it.

The abusers do not: that is an assumption of this demo, and no finding.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from schemas.decisions import Requirement
from schemas.wire import DecisionWire
from simulate.people import phone
from simulate.population import Population
from stream.lines import ACCOUNTS, Line


class SignUp(msgspec.Struct):
    """What an account event may say about the mailbox."""

    account_id: str
    email: str | None = None


_read = msgspec.json.Decoder(SignUp).decode


class Customers:
    """Answers to step-ups, worked into the traffic; of each account one of each kind."""

    def __init__(self, population: Population) -> None:
        honest = (account for account in population.accounts() if not account.abusive)
        self._country = {account.account_id: account.proofs.country for account in honest}
        self._mailbox: dict[str, str] = {}
        self._rng = np.random.default_rng(population.scenario.seed)
        self._asked: list[tuple[str, Requirement]] = []
        self.shown: dict[str, list[str]] = {}  # requirements, by account

    def read(self, decision: DecisionWire) -> None:
        """A customer is told of a decision."""
        if decision.account_id in self._country:
            self._asked += [(decision.account_id, r) for r in decision.requirements or ()]

    def joining(self, events: Iterator[Line]) -> Iterator[Line]:
        """The events, each answer among them at the time at which it is given."""
        for line in events:
            if line.topic == ACCOUNTS:
                self._note(_read(line.value))
            yield line
            asked, self._asked = self._asked, []
            yield from self._answers(asked, line.ts)

    def _note(self, event: SignUp) -> None:
        if event.email:
            self._mailbox[event.account_id] = event.email

    def _answers(self, asked: Sequence[tuple[str, Requirement]], ts: int) -> Iterator[Line]:
        for account, wanted in asked:
            proof, shown = self._proof(account, wanted), self.shown.setdefault(account, [])
            if proof is None or wanted in shown:
                continue
            shown.append(wanted)
            event = {"event_id": f"{account}-{wanted}", "account_id": account, "ts": ts, **proof}
            yield Line(ACCOUNTS, 0, account.encode(), msgspec.json.encode(event), ts)

    def _proof(self, account: str, wanted: Requirement) -> dict[str, Any] | None:
        """The event that shows it; None for what is not the customer's to show."""
        match wanted:
            case "verify_email" if account in self._mailbox:
                return {"type": "email.verified", "email": self._mailbox[account]}
            case "verify_phone":
                number = phone(self._rng, self._country[account])
                return {"type": "phone.verified", "phone": number}
            case "enable_mfa":
                return {"type": "mfa.enabled", "method": "totp"}
            case "verify_identity":
                return {"type": "identity.checked", "vendor": "idcheck", "result": "pass"}
            case "verify_business":
                return {"type": "business.checked", "vendor": "bizcheck", "result": "pass"}
        return None
