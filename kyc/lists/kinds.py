"""The kinds of lists, and what a file of each kind holds."""

from enum import StrEnum
from typing import Final


class Content(StrEnum):
    """What a list holds, and so how it is kept and looked up."""

    DOMAINS = "domains"
    DATES = "dates"
    MAILBOXES = "mailboxes"
    NETWORKS = "networks"
    SYSTEMS = "systems"
    NAMES = "names"
    DATABASE = "database"


class Kind(StrEnum):
    """A list that sluicegate can hold; there is at most one of each kind."""

    DISPOSABLE_DOMAINS = "disposable_domains"
    FREE_DOMAINS = "free_domains"
    UNIVERSITY_DOMAINS = "university_domains"
    DOMAIN_DATES = "domain_dates"
    ROLE_MAILBOXES = "role_mailboxes"
    DATACENTRE_NETWORKS = "datacentre_networks"
    DATACENTRE_SYSTEMS = "datacentre_systems"
    VPN_NETWORKS = "vpn_networks"
    TOR_NETWORKS = "tor_networks"
    RELAY_NETWORKS = "relay_networks"
    RUNNER_NETWORKS = "runner_networks"
    OFAC_NAMES = "ofac_names"
    UN_NAMES = "un_names"
    OPENSANCTIONS_NAMES = "opensanctions_names"
    COUNTRY_DATABASE = "country_database"
    SYSTEM_DATABASE = "system_database"

    @property
    def content(self) -> Content:
        """What a list of this kind holds: the last word of its name."""
        return Content(self.value.rpartition("_")[2])


NETWORKS: Final = tuple(kind for kind in Kind if kind.content is Content.NETWORKS)
NAMES: Final = tuple(kind for kind in Kind if kind.content is Content.NAMES)
