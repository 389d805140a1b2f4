"""Draws that several cohorts share: devices, clocks, rates, spare places, what clients fill in."""

import numpy as np

from simulate.places import Place, elsewhere, tunnel

# Hours ahead of UTC by country of the line.
OFFSETS = {
    "US": -6, "DE": 1, "FR": 1, "GB": 0, "IN": 5.5, "CN": 8, "JP": 9, "BR": -3, "KR": 9, "NL": 1,
    "VN": 7, "TR": 3, "SG": 8, "CH": 1,
}  # fmt: skip

# What the app fills in, where the API does not; and the reverse.
APP_FILL = {"api_key_id": 0.0, "conversation_id": 0.99, "max_tokens": 0.1, "temperature": 0.05}
API_FILL = {"conversation_id": 0.12, "tls_fingerprint": 0.8}


def device(rng: np.random.Generator) -> str:
    """A device id as apps make them: a random UUID."""
    digits = rng.bytes(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def offset(rng: np.random.Generator, country: str) -> float:
    """The account's clock: its country's, and a night owl's or early bird's shift."""
    return OFFSETS[country] + float(np.clip(rng.normal(0, 1.5), -4, 4))


def with_travel(
    rng: np.random.Generator, usual: Place, spare: Place | None = None
) -> tuple[Place, ...]:
    """The usual place most of the time; for some people a phone's network or a VPN besides."""
    u = rng.random()
    if u < 0.45:
        return (usual,)
    other = spare or usual
    if u < 0.85:
        away = elsewhere(rng, usual.network.country, other.client, other.device)
        return (usual, usual, usual, away)
    return (usual, tunnel(rng, usual.client, usual.device))


def rate(rng: np.random.Generator, median: float, most: float, sd: float) -> float:
    """Requests on an active day: lognormal, cut off at `most`."""
    return float(min(median * rng.lognormal(0.0, sd), most))


def tastes(rng: np.random.Generator, first: str) -> tuple[str, ...]:
    """A deck of what somebody asks for: `first` leads, a few more, seldom the whole list."""
    kinds = ("coding", "reasoning", "translation", "summarisation", "vision", "agentic", "other")
    others = rng.choice(
        kinds, size=int(rng.integers(1, 5)), p=(0.25, 0.2, 0.13, 0.17, 0.08, 0.07, 0.1)
    )
    lead = int(rng.integers(3, 14))
    return (first,) * lead + tuple(str(others[n % len(others)]) for n in range(16 - lead))
