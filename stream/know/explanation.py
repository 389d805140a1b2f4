"""Why an account is where it is: its tier, its score, and what every signal sees now."""

from dataclasses import dataclass

from kyc.assessed import Assessed
from kyc.claims import claims, shared
from kyc.evidence import Evidence
from kyc.known import shown
from kyc.profile import Proof
from kyc.proven import withheld
from stream.broker.connections import store_client
from stream.controls.table import Controls
from stream.decode.hashing import KeyedHasher
from stream.know.assessor import Opinion, open_assessor
from stream.know.census import Noted, RedisCensus
from stream.know.profiles import assessments, headers, unseal
from stream.redis_store import RedisStore
from stream.settings import Settings
from stream.store import Kind


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of an account at `at` ms, as the worker would judge it then."""

    at: int
    opinion: Opinion
    assessed: Assessed
    shown: dict[Proof, int]
    withheld: Proof
    decision: bytes | None


async def explain(settings: Settings, account: str, at: int) -> Explanation | None:
    """The account by its profile in the store; None where nothing was told of it, or it was
    erased. Raises StoreError."""
    client = store_client(settings)
    store, census = RedisStore(client), RedisCensus(client)
    try:
        values = await store.load([account], Kind.PROFILE)
        profile = unseal(values[0])
        if not profile.earliest:
            return None
        stand_in = KeyedHasher(settings.pepper_bytes()).value("account", account)
        found = claims(profile)
        counts = await census.count([Noted(stand_in, claim, at) for claim in found], note=False)
        decision = await store.decision(account)
    finally:
        await store.close()
    assessor = open_assessor(settings, Controls(settings.mode))
    known = shared(zip(found, counts, strict=True))
    seen = Evidence(profile, at, assessor.policy, known)
    [opinion] = assessor.opinions([seen], weigh=True)
    [assessed] = assessments(headers(values))
    return Explanation(
        at,
        opinion,
        assessed,
        shown(profile),
        withheld(seen),
        decision,
    )
