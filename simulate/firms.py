"""What firms with an API key have in common: servers, proofs, what they fill in."""

import numpy as np

from simulate.clients import GO, NODE, PYTHON
from simulate.people import firm_domain
from simulate.places import Place, pick, server
from simulate.proofs import Proofs

FIRM_FILL = {"org_id": 0.9, "conversation_id": 0.3, "device_id": 0.0, "elicitation": 0.85}


def servers(rng: np.random.Generator, most: int) -> tuple[Place, ...]:
    client = pick(rng, (*PYTHON, *NODE, *GO), 1.4)
    return tuple(server(rng, client) for _ in range(int(rng.integers(1, most + 1))))


def firm_proofs(rng: np.random.Generator, country: str, spend_usd: float) -> Proofs:
    return Proofs(
        email_domain=firm_domain(rng),
        country=country,
        card=0.95,
        phone=0.6,
        mfa=0.6,
        business_name=0.9,
        domain=0.5,
        business=0.3,
        identity=0.1,
        prepaid=0.01,
        spend_usd=spend_usd,
        logins_per_week=0.6,
        referrer=str(rng.choice(("", "", "sales", "docs"))),
        program=str(rng.choice(("", "startup"), p=(0.85, 0.15))),
    )
