"""Sign-ups to learn from: each knob shows in the events, and only there."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from simulate.abuse.credit_farmers import CreditFarmers
from simulate.abuse.farms import Farm
from simulate.cohort import Cohort
from simulate.honest.chat import ChatPeople
from simulate.honest.manners import Manners
from simulate.newcomers import newcomers
from simulate.people import THROW_AWAY, mailbox
from simulate.population import Population
from simulate.scenarios import Scenario


def sign_ups(cohort: Cohort, accounts: int = 60) -> list[dict[str, Any]]:
    events = Population(Scenario("one", accounts, 4.0, (cohort,))).account_events()
    return [event for event in events if event["type"] == "account.created"]


def domains(events: list[dict[str, Any]]) -> Counter[str]:
    return Counter(event["email"].partition("@")[2] for event in events)


@pytest.mark.parametrize("handle", ["numbered", "spoken", "short", "random"])
def test_a_handle_keeps_mailboxes_apart(handle: str) -> None:
    """Whatever it is written in."""
    rng = np.random.default_rng(1)
    assert len({mailbox(rng, "Ada King", "x.org", handle) for _ in range(300)}) == 300


def test_a_farm_shows_what_its_knobs_say() -> None:
    """Throw-away mailboxes, a few of its own domains, one machine for three."""
    assert domains(sign_ups(Farm(listed=1.0))).keys() <= set(THROW_AWAY)
    fresh = domains(sign_ups(Farm(listed=0.0, fresh=1.0, per_domain=20)))
    assert list(fresh.values()) == [20, 20, 20]
    shared = sign_ups(Farm(per_machine=3, hosted=0.0, hidden=0.0))
    devices = Counter(e["device_id"] for e in shared if "device_id" in e)
    assert 1 < max(devices.values()) <= 3


def test_who_is_quiet_tells_the_mailbox_when_it_is_verified() -> None:
    """And all else as ever; a farm may claim programs."""
    plain, quiet = (sign_ups(Farm(quiet=share)) for share in (0.0, 1.0))
    assert [e | {"email": ""} for e in quiet] == [e | {"email": ""} for e in plain]
    assert not any("email" in event for event in quiet)
    events = Population(Scenario("one", 60, 4.0, (Farm(quiet=1.0),))).account_events()
    assert any("email" in event for event in events if event["type"] == "email.verified")
    assert all("program" in event for event in sign_ups(Farm(claims=1.0)))


def test_honest_people_differ_in_manners() -> None:
    """One person has several accounts on one device; elsewhere no mailbox has a number."""
    people = sign_ups(Manners(ChatPeople(), doubled=1.0))
    devices = Counter(e["device_id"] for e in people if "device_id" in e)
    assert 2 <= max(devices.values()) <= 4
    plain = sign_ups(Manners(ChatPeople(), numbered=0.0))
    handles = [e["email"].partition("@")[0].partition("+")[0] for e in plain]
    assert not any(sign.isdigit() for handle in handles for sign in handle)
    assert not any("email" in event for event in sign_ups(Manners(ChatPeople(), quiet=1.0)))
    masked = sign_ups(Manners(ChatPeople(), masked=1.0, tagged=0.0))
    assert not any(set("aeiou") & set(e["email"].partition("@")[0]) for e in masked)


def test_an_abuser_keeps_what_it_shares() -> None:
    """Manners change how its mailbox is written, and nothing else."""
    farm = CreditFarmers(share=1.0)
    world = Population(Scenario("one", 10, 4.0, (farm,))).world
    own, mannered = (c.member(world, 3) for c in (farm, Manners(farm, numbered=0.0, voip=0.9)))
    assert mannered.proofs.handle == "spoken"
    assert mannered.having(proofs={"handle": own.proofs.handle}) == own


def test_no_two_providers_are_alike() -> None:
    """The same number gives the same one again."""
    one, other = newcomers(1, 0, 100, 2.0), newcomers(1, 4, 100, 2.0)
    assert one == newcomers(1, 0, 100, 2.0)
    assert one.cohorts != other.cohorts
