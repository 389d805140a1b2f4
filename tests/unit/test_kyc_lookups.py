"""What lists say about domains, mailboxes and addresses, and what they do not know."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyc.lists.kinds import NETWORKS, Content, Kind
from kyc.lists.lookups import Lists, registrable
from kyc.lists.networks import NetworkSet

ADDRESSES = st.ip_addresses()


def test_shipped_lists_know_domains() -> None:
    """The packages answer before anything was imported."""
    lists = Lists()
    assert lists.disposable("mailinator.com")
    assert lists.free("gmail.com")
    assert lists.university("cs.stanford.edu")
    assert not lists.disposable("gmail.com")
    assert not lists.free("stanford.edu")
    assert not lists.university("gmail.com")


def test_a_domain_below_a_listed_one_is_listed() -> None:
    """Whoever owns a domain owns what is below it, however it is written."""
    assert Lists().disposable("Box7.Mailinator.COM.")
    assert not Lists().disposable("no-mailinator.example")


def test_an_imported_list_replaces_the_shipped_one() -> None:
    """Of its kind, whole; the others stay."""
    lists = Lists(
        {
            Kind.DISPOSABLE_DOMAINS: frozenset({"throw.example"}),
            Kind.FREE_DOMAINS: frozenset({"post.example"}),
            Kind.UNIVERSITY_DOMAINS: frozenset({"campus.example"}),
            Kind.ROLE_MAILBOXES: frozenset({"desk"}),
        },
        version="7",
    )
    assert lists.disposable("throw.example")
    assert not lists.disposable("mailinator.com")
    assert lists.free("post.example")
    assert lists.university("campus.example")
    assert lists.role("Desk")
    assert not lists.role("admin")
    assert lists.version == "7"


def test_roles_are_known_by_their_mailbox() -> None:
    """Case does not matter."""
    assert Lists().role("Abuse")
    assert not Lists().role("ada.lovelace")


@pytest.mark.parametrize("kind", NETWORKS)
def test_an_absent_list_is_not_a_no(kind: Kind) -> None:
    """None: nobody said what such networks are."""
    assert Lists().network(kind, "192.0.2.1") is None
    assert Lists().datacentre_system(64_496) is None


def test_networks_are_looked_up_by_kind() -> None:
    """An address of a data centre is not therefore one of a VPN."""
    lists = Lists(
        {Kind.DATACENTRE_SYSTEMS: frozenset({"64496"})},
        networks={
            Kind.DATACENTRE_NETWORKS: NetworkSet([ip_network("192.0.2.0/25")]),
            Kind.VPN_NETWORKS: NetworkSet([ip_network("2001:db8::/32")]),
        },
    )
    assert lists.network(Kind.DATACENTRE_NETWORKS, "192.0.2.127") is True
    assert lists.network(Kind.DATACENTRE_NETWORKS, "192.0.2.128") is False
    assert lists.network(Kind.DATACENTRE_NETWORKS, "::ffff:192.0.2.1") is True
    assert lists.network(Kind.VPN_NETWORKS, "2001:db8::1") is True
    assert lists.datacentre_system(64_496) is True
    assert lists.datacentre_system(64_497) is False


def test_what_is_no_address_is_an_error() -> None:
    """It is neither inside nor outside."""
    with pytest.raises(ValueError, match="not an IPv4 or IPv6 address"):
        _ = "example.org" in NetworkSet([])


@given(networks=st.lists(st.tuples(ADDRESSES, st.integers(0, 32)), max_size=8), address=ADDRESSES)
def test_membership_is_that_of_the_single_networks(
    networks: list[tuple[IPv4Address | IPv6Address, int]], address: IPv4Address | IPv6Address
) -> None:
    """Merging overlaps changes no answer; an IPv4 address inside IPv6 is the IPv4 address."""
    single = [ip_network(f"{a}/{bits}", strict=False) for a, bits in networks]
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    expected = any((mapped or address) in network for network in single)
    assert (str(address) in NetworkSet(single)) is expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("mail.example.co.uk", "example.co.uk"),
        ("Example.ORG", "example.org"),
        ("co.uk", None),
        ("", None),
    ],
)
def test_the_registered_part_of_a_domain(domain: str, expected: str | None) -> None:
    """By the public suffix list."""
    assert registrable(domain) == expected


def test_every_kind_says_what_it_holds() -> None:
    """The name ends with it."""
    assert {kind.content for kind in Kind} == set(Content)
