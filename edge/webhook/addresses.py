"""Keeps webhooks out of the network that they are sent from (server-side request forgery).

The address that was judged is the one that is connected to, so a name cannot answer with a
public address first and a private one later.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

# RFC 6052: the last 32 bits are an IPv4 address, which a translator would connect to.
NAT64: Final = IPv6Network("64:ff9b::/96")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address, and any IPv4 address inside it, is the open internet's."""
    inner = _inner(address)
    if inner is not None and not is_public(inner):
        return False
    return address.is_global and not address.is_multicast


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo


class PublicResolver(AbstractResolver):
    """Resolves names as the system does; OSError when one of the addresses is not public."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`, all of them public."""
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            if not is_public(ip_address(result["host"].partition("%")[0])):
                raise OSError(None, f"{host} has an address that is not public")
        return found

    async def close(self) -> None:
        """Close the resolver below."""
        await self._resolver.close()
