"""Where requests come from: a network, a device and a piece of client software."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simulate.chance import key_of

_HOUR = 3_600_000
FOREVER_MS = 1 << 50

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Network:
    """A provider's range: `base` IPv4 address, `bits` free host bits, `v6` a /32 or 0 for none."""

    asn: int
    country: str
    base: int
    bits: int
    v6: int = 0


@dataclass(frozen=True, slots=True)
class Client:
    """Client software: what it sends as user agent and how its TLS hello looks (JA4)."""

    user_agent: str
    tls: str


@dataclass(frozen=True, slots=True)
class Place:
    """One of an account's usual places. `key` fixes the address, new after every `lease_ms`."""

    network: Network
    client: Client
    key: int
    lease_ms: int = FOREVER_MS
    device: str = ""
    v6: bool = False


def _v4(a: int, b: int) -> int:
    return a << 24 | b << 16


# Well-known eyeball, mobile, hosting and VPN ranges, so that an ASN look-up finds what is stated.
HOME = (
    Network(7922, "US", _v4(73, 0), 24, 0x26010000),
    Network(7018, "US", _v4(99, 0), 21, 0x26000000 | 0x1700),
    Network(701, "US", _v4(71, 160), 19),
    Network(3320, "DE", _v4(79, 192), 22, 0x20030000),
    Network(3215, "FR", _v4(90, 0), 23, 0x2A010000 | 0xCB00),
    Network(2856, "GB", _v4(86, 128), 22, 0x2A000000 | 0x23C0),
    Network(24560, "IN", _v4(122, 160), 20),
    Network(4134, "CN", _v4(114, 80), 20),
    Network(4713, "JP", _v4(153, 128), 22, 0x24000000 | 0x4050),
    Network(28573, "BR", _v4(177, 32), 20, 0x28040000 | 0x14C),
    Network(4766, "KR", _v4(121, 128), 22),
    Network(1136, "NL", _v4(86, 80), 20),
    Network(45899, "VN", _v4(113, 160), 21),
    Network(9121, "TR", _v4(88, 224), 21),
    Network(12322, "FR", _v4(82, 64), 22, 0x2A010000 | 0xE00),
)
MOBILE = (
    Network(21928, "US", _v4(172, 56), 14, 0x26070000 | 0xFB90),
    Network(20057, "US", _v4(166, 170), 15),
    Network(55836, "IN", _v4(157, 32), 16, 0x24090000 | 0x4000),
    Network(3209, "DE", _v4(109, 40), 14),
    Network(9808, "CN", _v4(117, 128), 16),
)
HOSTING = (
    Network(16509, "US", _v4(52, 0), 20),
    Network(15169, "US", _v4(34, 64), 20),
    Network(8075, "US", _v4(20, 40), 20),
    Network(24940, "DE", _v4(95, 216), 16),
    Network(16276, "FR", _v4(51, 68), 16),
    Network(14061, "US", _v4(159, 65), 16),
    Network(45102, "SG", _v4(47, 88), 18),
)
VPN = (
    Network(9009, "GB", _v4(185, 94), 10),
    Network(212238, "NL", _v4(146, 70), 12),
    Network(60068, "US", _v4(89, 187), 12),
)
CAMPUS = (
    Network(3, "US", _v4(18, 9), 12),
    Network(786, "GB", _v4(131, 111), 12),
    Network(559, "CH", _v4(129, 132), 12),
)


def _ja4(name: str, http: str = "h2") -> str:
    digest = f"{key_of('ja4', name):016x}{key_of('ja4+', name):016x}"
    return (
        f"t13d{15 + key_of(name) % 4}{10 + key_of(name, 1) % 8}{http}_{digest[:12]}_{digest[16:28]}"
    )


def _versions(name: str, tls: str, template: str, versions: tuple[str, ...]) -> tuple[Client, ...]:
    http = "h1" if name in {"curl", "node"} else "h2"
    return tuple(Client(template.format(v), _ja4(tls, http)) for v in versions)


# An SDK's TLS hello belongs to its runtime, not to its version: many versions, one JA4.
PYTHON = _versions(
    "python", "openssl3", "Atlas/Python {}", ("1.52.0", "1.54.3", "1.55.1", "1.58.2")
)
NODE = _versions("node", "node22", "Atlas/JS {}", ("4.67.1", "4.71.0", "4.73.0"))
CURL = _versions("curl", "curl8", "curl/{}", ("8.5.0", "8.9.1"))
BROWSER = (
    *_versions(
        "chrome",
        "chrome",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/{}.0.0.0 Safari/537.36",
        ("135", "136", "137"),
    ),
    *_versions(
        "safari",
        "safari18",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        " Version/{} Safari/605.1.15",
        ("18.3", "18.4"),
    ),
    *_versions(
        "firefox",
        "firefox",
        "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
        ("137", "138"),
    ),
)
PHONE = _versions("ios", "ios18", "AtlasApp/{} (iOS 18.4; iPhone)", ("2.31", "2.32", "2.34"))
AGENT = _versions("agent", "node20-agent", "open-coder/{} (terminal)", ("0.9.4", "0.9.6"))
GO = _versions("go", "go1.24", "Go-http-client/{}", ("2.0",))


def pick(rng: np.random.Generator, things: tuple[Thing, ...], skew: float = 1.6) -> Thing:
    """One of `things`, the first the likeliest: popularity falls off as a power."""
    return things[int(len(things) * rng.random() ** skew)]


def home(rng: np.random.Generator, client: Client, device: str = "") -> Place:
    """A household line: the address changes every one to thirty days; a quarter speak IPv6."""
    network = pick(rng, HOME)
    lease = int(rng.uniform(1, 30) * 24 * _HOUR)
    v6 = bool(network.v6) and rng.random() < 0.4
    return Place(network, client, int(rng.integers(1 << 62)), lease, device, v6)


def elsewhere(rng: np.random.Generator, country: str, client: Client, device: str = "") -> Place:
    """A phone's network in the same country where there is one: a new address every few hours."""
    local = tuple(n for n in MOBILE if n.country == country)
    network = pick(rng, local or MOBILE)
    lease = int(rng.uniform(1, 8) * _HOUR)
    return Place(network, client, int(rng.integers(1 << 62)), lease, device, bool(network.v6))


def tunnel(rng: np.random.Generator, client: Client, device: str = "") -> Place:
    """A commercial VPN: another exit every few hours, shared with strangers."""
    network = pick(rng, VPN)
    return Place(
        network, client, int(rng.integers(1 << 62)), int(rng.uniform(2, 48) * _HOUR), device
    )


def server(rng: np.random.Generator, client: Client) -> Place:
    """A rented machine: one address for good."""
    return Place(pick(rng, HOSTING), client, int(rng.integers(1 << 62)))
