"""Client software, as its user agent and its TLS hello show it."""

from dataclasses import dataclass

from simulate.chance import key_of


@dataclass(frozen=True, slots=True)
class Client:
    """Client software: what it sends as user agent and how its TLS hello looks (JA4)."""

    user_agent: str
    tls: str


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
