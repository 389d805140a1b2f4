"""Addresses of brokers, stores and servers: which are valid, which only this machine reaches."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """True when only this machine can reach `host` (a literal address or `localhost`)."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def valid_brokers(value: str) -> str:
    """`host:port,host:port` without spaces; ValueError when one of them is not that."""
    addresses = [address.strip() for address in value.split(",")]
    for address in addresses:
        parts = urlsplit(f"//{address}")
        if not parts.hostname or not parts.port or parts.path or parts.username is not None:
            raise ValueError("must be host:port, or several of them separated by commas")
    return ",".join(addresses)


def valid_store_url(value: str) -> str:
    """`redis://`, `rediss://` or `unix://` as it came; ValueError otherwise.

    Credentials in it are refused: URLs end up in logs, process lists and bug reports.
    """
    parts = urlsplit(value)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    if "@" in parts.netloc or "password=" in parts.query:
        raise ValueError("must not hold credentials: they have settings of their own")
    return value
