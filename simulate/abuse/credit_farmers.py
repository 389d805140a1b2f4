"""Trials without end."""

from dataclasses import dataclass

import numpy as np

from simulate.accounts import Account
from simulate.clients import CURL, PYTHON
from simulate.habitats import API_FILL, APP_FILL, OFFSETS, device
from simulate.habits import Habits, Work
from simulate.people import free_mail
from simulate.places import home, pick
from simulate.proofs import Proofs
from simulate.world import DAY_MS, MIDDLE, SMALL, World


@dataclass(frozen=True, slots=True)
class CreditFarmers:
    """Free credit, again and again: signs up, spends what the trial gives within hours or a few
    days on cheap bulk work, never pays; several accounts on one machine."""

    name: str = "credit_farmers"
    share: float = 0.02
    per_machine: int = 6

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        machine = world.generator(self.name, "machine", index // self.per_machine)
        client = pick(machine, (*PYTHON, *CURL))
        unit = device(machine)
        machine_key = world.key(self.name, "identity", index // self.per_machine)
        usual = home(machine, client, unit if rng.random() < 0.5 else "")
        country = usual.network.country
        created = world.start + int(rng.random() * 0.9 * world.days * DAY_MS)
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(600_000)),
            last=min(world.end, created + int((0.2 + rng.exponential(2.0)) * DAY_MS)),
            habits=self._habits(rng, country),
            work=self._work(world, rng, index),
            places=(usual,),
            proofs=self._proofs(rng, machine, machine_key, country),
            fill=APP_FILL if machine.random() < 0.3 else API_FILL,
            abusive=True,
        )

    def _habits(self, rng: np.random.Generator, country: str) -> Habits:
        return Habits(
            per_day=float(180.0 * rng.lognormal(0, 0.7)),
            turns=float(1 + rng.gamma(2.0, 8.0)),
            gap_s=float(rng.uniform(2, 20)),
            gap_shape=float(rng.uniform(0.8, 2.0)),
            hour_spread=0.9,
            offset_h=OFFSETS[country],
            sleep=float(rng.uniform(1, 5)),
            in_ln=float(rng.normal(6.4, 0.8)),
            in_sd=float(rng.uniform(0.1, 0.7)),
            out_ln=float(rng.normal(5.7, 0.6)),
            out_sd=0.6,
            templates=float(rng.integers(1, 4)),
            template_fresh=float(rng.beta(1, 5)),
            wander=6.0,
            elicitation=float(rng.beta(1, 15)),
            throttled=float(rng.beta(1, 30)),
            streamed=float(rng.choice((0.0, 0.1, 0.9))),
            cached=float(rng.uniform(0, 0.9)),
            growth=0.3,
        )

    def _work(self, world: World, rng: np.random.Generator, index: int) -> Work:
        return Work(
            capabilities=("data_generation",) * 6
            + ("translation",) * 3
            + ("chat",) * 4
            + ("other",) * 3,
            models=(SMALL, MIDDLE),
            temperatures=((None,), (0.7,), (1.0,))[int(rng.integers(3))],
            max_tokens=((None,), (1024,), (4096,))[int(rng.integers(3))],
            systems=(world.key(self.name, "machine", index // self.per_machine),),
        )

    def _proofs(
        self, rng: np.random.Generator, machine: np.random.Generator, machine_key: int, country: str
    ) -> Proofs:
        return Proofs(
            email_domain=free_mail(rng),
            country=country,
            card=0.08,
            prepaid=0.8,
            payment_failed=0.5,
            phone=0.1,
            # One mailbox in many spellings, one block of numbers, a few stolen documents.
            mailbox=machine_key if machine.random() < 0.4 else 0,
            voip=0.6,
            block=machine_key if machine.random() < 0.5 else 0,
            document=machine_key if machine.random() < 0.3 else 0,
            logins_per_week=1.5,
        )
