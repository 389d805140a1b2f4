"""What the sign-up, billing and identity services say about an account, as AccountEvents."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from simulate.accounts import Account
from simulate.addresses import address_of
from simulate.chance import key_of
from simulate.conduct import conduct
from simulate.payments import Fact, payments
from simulate.people import birth_date, business_name, mailbox, person, phone, voip, wording
from simulate.world import HOUR_MS, World

_MINUTE = 60_000
_CHECKED = ("pass", "review", "fail")


class _Biography:
    """Draws one account's facts in a fixed order, so that each knob changes only its own."""

    def __init__(self, account: Account, world: World) -> None:
        self.account = account
        self.world = world
        self.rng = world.generator("facts", account.account_id)
        document = account.proofs.document
        # Whoever shows one document goes by one name.
        teller = np.random.default_rng(document) if document else self.rng
        self.name = account.proofs.pseudonym or person(teller, account.proofs.country)
        self.email = self._mailbox()

    def facts(self) -> Iterator[tuple[int, str, Fact]]:
        yield from self._signup()
        yield from self._proofs()
        yield from self._checks()
        yield from self._billing()
        yield from conduct(self.account, self.world, self.name)

    def _later(self, hours: float) -> int:
        """A time after sign-up, exponential with the given mean."""
        return self.account.created + _MINUTE + int(self.rng.exponential(hours * HOUR_MS))

    def _chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def _mailbox(self) -> str:
        p = self.account.proofs
        if p.mailbox:
            owner = np.random.default_rng(p.mailbox)
            base = mailbox(owner, person(owner, p.country), "gmail.com")
            return wording(self.rng, base)
        own = mailbox(self.rng, self.name, p.email_domain, p.handle)
        return wording(self.rng, own) if self._chance(p.tagged) else own

    def _is_quiet(self) -> bool:
        """Drawn apart: whoever tells everything shows the same as ever."""
        quiet = self.account.proofs.quiet
        return quiet > 0 and self.world.generator("quiet", self.account.account_id).random() < quiet

    def _signup(self) -> Iterator[tuple[int, str, Fact]]:
        a, p = self.account, self.account.proofs
        place = a.places[0]
        optional = {
            "email": None if self._is_quiet() else self.email,
            "name": self.name if self._chance(0.8) else None,
            "business_name": business_name(self.rng) if self._chance(p.business_name) else None,
            "country": p.country if self._chance(0.9) else None,
            "ip": address_of(place, a.created) if self._chance(0.97) else None,
            "device_id": place.device or None if self._chance(0.9) else None,
            "user_agent": place.client.user_agent if self._chance(0.95) else None,
            "org_id": None if a.org is None else f"org_{a.org:016x}",
            "program": p.program or None,
            "referrer": p.referrer or None,
        }
        yield a.created, "account.created", {k: v for k, v in optional.items() if v is not None}
        if self._chance(p.verified):
            yield self._later(0.2), "email.verified", {"email": self.email}

    def _proofs(self) -> Iterator[tuple[int, str, Fact]]:
        p, rng = self.account.proofs, self.rng
        if self._chance(p.phone):
            number = voip(rng, p.block) if self._chance(p.voip) else phone(rng, p.country)
            yield self._later(3), "phone.verified", {"phone": number}
        if self._chance(p.mfa):
            method = str(rng.choice(("totp", "totp", "webauthn", "sms")))
            yield self._later(40), "mfa.enabled", {"method": method}
        if self._chance(p.domain):
            yield self._later(30), "domain.verified", {"domain": p.email_domain, "method": "dns"}

    def _checks(self) -> Iterator[tuple[int, str, Fact]]:
        p, rng = self.account.proofs, self.rng
        if self._chance(p.identity):
            born = birth_date(np.random.default_rng(p.document) if p.document else rng)
            person_checked: Fact = {
                "vendor": "idcheck",
                "result": str(rng.choice(_CHECKED, p=(0.94, 0.04, 0.02))),
                "name": self.name,
                "birth_date": born,
                "country": p.country,
                "document_hash": f"{p.document or int(rng.integers(1 << 62)):016x}",
            }
            yield self._later(60), "identity.checked", person_checked
        if self._chance(p.business):
            firm_checked: Fact = {
                "vendor": "bizcheck",
                "result": str(rng.choice(("pass", "review"), p=(0.95, 0.05))),
                "business_name": business_name(rng),
                "registration_number": str(rng.integers(10_000_000, 99_999_999)),
                "country": p.country,
                "owners": [{"name": self.name, "country": p.country, "share": 1.0}],
            }
            yield self._later(90), "business.checked", firm_checked

    def _billing(self) -> Iterator[tuple[int, str, Fact]]:
        a = self.account
        if self._chance(a.proofs.card):
            added = self._later(4)
            yield from payments(self.rng, a.key, a.proofs, self.name, added, self.world.end)


def account_events(
    account: Account, world: World, hidden: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """The account's events up to the run's end, in time order, sign-up first, without the
    fields in `hidden`."""
    found = [f for f in _Biography(account, world).facts() if f[0] < world.end]
    # Stable: what falls on one millisecond keeps the order of the story.
    found.sort(key=lambda fact: fact[0])
    return [
        {
            "event_id": f"acct_{key_of(account.key, 'event', n):016x}",
            "account_id": account.account_id,
            "ts": ts,
            "type": kind,
            **{k: v for k, v in fields.items() if k not in hidden},
        }
        for n, (ts, kind, fields) in enumerate(found)
    ]
