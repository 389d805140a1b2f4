"""What the sign-up, billing and identity services say about an account, as AccountEvents."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from simulate.accounts import Account
from simulate.addresses import address_of
from simulate.chance import key_of
from simulate.networks import HOME
from simulate.people import birth_date, business_name, mailbox, person, phone
from simulate.requests import api_keys
from simulate.world import DAY_MS, HOUR_MS, World

Fact = dict[str, Any]

_MINUTE = 60_000


def _card(key: int, country: str, prepaid: float) -> Fact:
    """A card by its key: the same key is the same card for everyone who adds it."""
    rng = np.random.Generator(np.random.PCG64(key))
    kinds = ("prepaid",) if rng.random() < prepaid else ("credit", "debit", "debit", "unknown")
    card: Fact = {"fingerprint": f"{key:016x}", "funding": str(rng.choice(kinds))}
    if rng.random() < 0.8:
        card["country"] = country
    if rng.random() < 0.7:
        card["bin"] = str(400_000 + key % 1500 * 97)
        card["issuer"] = f"Bank {key % 1500 % 83}"
    return card


class _Biography:
    """Draws one account's facts in a fixed order, so that each knob changes only its own."""

    def __init__(self, account: Account, world: World) -> None:
        self.account = account
        self.world = world
        self.rng = world.generator("facts", account.account_id)
        self.name = person(self.rng, account.proofs.country)

    def facts(self) -> Iterator[tuple[int, str, Fact]]:
        yield from self._signup()
        yield from self._proofs()
        yield from self._billing()
        yield from self._keys()
        yield from self._logins()

    def _later(self, hours: float) -> int:
        """A time after sign-up, exponential with the given mean."""
        return self.account.created + _MINUTE + int(self.rng.exponential(hours * HOUR_MS))

    def _chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def _signup(self) -> Iterator[tuple[int, str, Fact]]:
        a, p = self.account, self.account.proofs
        email = mailbox(self.rng, self.name, p.email_domain)
        place = a.places[0]
        optional = {
            "email": email,
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
            yield self._later(0.2), "email.verified", {"email": email}

    def _proofs(self) -> Iterator[tuple[int, str, Fact]]:
        p, rng = self.account.proofs, self.rng
        if self._chance(p.phone):
            yield self._later(3), "phone.verified", {"phone": phone(rng, p.country)}
        if self._chance(p.mfa):
            method = str(rng.choice(("totp", "totp", "webauthn", "sms")))
            yield self._later(40), "mfa.enabled", {"method": method}
        if self._chance(p.domain):
            yield self._later(30), "domain.verified", {"domain": p.email_domain, "method": "dns"}
        if self._chance(p.identity):
            yield (
                self._later(60),
                "identity.checked",
                {
                    "vendor": "idcheck",
                    "result": str(rng.choice(("pass", "review", "fail"), p=(0.94, 0.04, 0.02))),
                    "name": self.name,
                    "birth_date": birth_date(rng),
                    "country": p.country,
                    "document_hash": f"{rng.integers(1 << 62):016x}",
                },
            )
        if self._chance(p.business):
            yield (
                self._later(90),
                "business.checked",
                {
                    "vendor": "bizcheck",
                    "result": str(rng.choice(("pass", "review"), p=(0.95, 0.05))),
                    "business_name": business_name(rng),
                    "registration_number": str(rng.integers(10_000_000, 99_999_999)),
                    "country": p.country,
                    "owners": [{"name": self.name, "country": p.country, "share": 1.0}],
                },
            )

    def _billing(self) -> Iterator[tuple[int, str, Fact]]:
        a, p, rng = self.account, self.account.proofs, self.rng
        if not self._chance(p.card):
            return
        key = p.cards[int(rng.integers(len(p.cards)))] if p.cards else key_of(a.key, "card")
        # A shared card has one country, whoever adds it.
        country = HOME[key % len(HOME)].country if p.cards else p.country
        card = _card(key, country, p.prepaid)
        added = self._later(4)
        holder = {"name": self.name} if self._chance(0.5) else {}
        yield added, "payment_method.added", card | holder
        paid = {"fingerprint": card["fingerprint"]}
        amount = round(float(p.spend_usd * rng.lognormal(0, 0.6)), 2)
        for month in range(int(max(0, self.world.end - added) // (30 * DAY_MS)) + 1):
            failed = self._chance(p.payment_failed)
            kind = "payment.failed" if failed else "payment.succeeded"
            yield added + _MINUTE + month * 30 * DAY_MS, kind, paid | {"amount_usd": amount}
            if not failed and self._chance(p.payment_failed / 20):
                when = added + int((month * 30 + rng.uniform(5, 40)) * DAY_MS)
                yield when, "payment.disputed", paid

    def _keys(self) -> Iterator[tuple[int, str, Fact]]:
        count = self.account.api_keys
        ids = api_keys(
            np.full(count, self.account.key, np.uint64), np.arange(count, dtype=np.uint64)
        )
        for nth, key_id in enumerate(ids):
            yield self._later(1 + 200 * nth), "api_key.created", {"api_key_id": key_id}

    def _logins(self) -> Iterator[tuple[int, str, Fact]]:
        """Logins of the run itself; those of years past would only fill files."""
        a, rng = self.account, self.rng
        begin, end = max(a.created, self.world.start), min(a.last, self.world.end)
        weeks = max(0.0, end - begin) / (7 * DAY_MS)
        for _ in range(int(rng.poisson(a.proofs.logins_per_week * weeks))):
            place = a.places[int(rng.integers(len(a.places)))]
            kind = "login.failed" if self._chance(a.proofs.login_failed) else "login.succeeded"
            ts = begin + int(rng.random() * (end - begin))
            seen = {"ip": address_of(place, ts), "country": place.network.country}
            if place.device:
                seen["device_id"] = place.device
            seen["user_agent"] = place.client.user_agent
            kept = {k: v for k, v in seen.items() if self._chance(0.93)}
            yield ts, kind, kept


def account_events(account: Account, world: World) -> list[Fact]:
    """The account's events up to the run's end, in time order, sign-up first."""
    found = [f for f in _Biography(account, world).facts() if f[0] < world.end]
    # Stable: what falls on one millisecond keeps the order of the story.
    found.sort(key=lambda fact: fact[0])
    return [
        {
            "event_id": f"acct_{key_of(account.key, 'event', n):016x}",
            "account_id": account.account_id,
            "ts": ts,
            "type": kind,
            **fields,
        }
        for n, (ts, kind, fields) in enumerate(found)
    ]
