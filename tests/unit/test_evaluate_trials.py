"""Which traffic is judged: apart from training's, ablated field by field, the same from a cache."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from schemas.errors import ConfigurationError
from simulate.accounts import Account
from simulate.attacks import ATTACKS
from simulate.configurations import CONFIGURATIONS
from simulate.scenarios import Scenario, scenario
from simulate.world import World
from stream import curriculum
from stream.evaluate.ablations import ABLATIONS
from stream.evaluate.ahead import requests_ahead
from stream.evaluate.exchanges import Exchanges
from stream.evaluate.traffic import Traffic, traffic_of
from stream.evaluate.trials import PEACE, SEED, TRAINED_ON, cases, named, one_case
from stream.evaluate.tuning import TUNING_SEED
from stream.link.kinds import KIND

SMALL = scenario("A", "june", SEED, accounts=80, days=0.2)


def trained_on() -> list[Scenario]:
    """Everything that the shipped model learns from."""
    return [curriculum._varied(1, number, 100, 1.0) for number in range(10)]


def test_no_seed_is_trained_on() -> None:
    """The accounts that are judged were never seen; the baselines' are training's."""
    seeds = {s.seed for s in trained_on()}
    assert SEED not in seeds
    assert TUNING_SEED in seeds


def test_no_attack_is_trained_on() -> None:
    """Every attack that is judged differs from every campaign of training, not only by name."""
    campaigns = [cohort for s in trained_on() for cohort in s.cohorts if cohort.name == "campaign"]
    assert len(campaigns) == 10
    for attack in ATTACKS.values():
        assert all(campaign.name != attack.name for campaign in campaigns)
        assert all(campaign.per_day != attack.per_day for campaign in campaigns)


def test_one_provider_is_trained_on() -> None:
    """The others are new to the model."""
    for s in trained_on():
        honest = {cohort for cohort in s.cohorts if cohort.name == "developers"}
        at_home = {c for c in CONFIGURATIONS if honest <= set(CONFIGURATIONS[c].honest)}
        assert at_home == {TRAINED_ON}


def test_all_is_every_provider_under_every_attack_and_in_peace() -> None:
    """In order, each with its name."""
    found = list(cases("all", "all", 60, 1.0, SEED, 0.1))
    assert len({case.scenario.name for case in found}) == len(found)
    assert len(found) == len(CONFIGURATIONS) * (len(ATTACKS) + 1)
    assert found[0].attack in ATTACKS
    assert found[len(ATTACKS)].attack is None


@pytest.mark.parametrize(("configuration", "attack"), [("E", "june"), ("A", "july")])
def test_an_unknown_name_is_told(configuration: str, attack: str) -> None:
    """With those that there are."""
    with pytest.raises(ConfigurationError, match="there are"):
        list(cases(configuration, attack, 60, 1.0, SEED, 0.1))


def test_files_hold_one_case() -> None:
    """One provider, one attack or none; several do not fit one folder."""
    assert one_case("C", "drip").attack == "drip"
    assert one_case("C", PEACE).attack is None
    with pytest.raises(ConfigurationError, match="at a time"):
        one_case("C", "all")


def test_a_named_scenario_keeps_its_size() -> None:
    """Unless it is told another; its campaign is the attack."""
    full = named("campaign", None, None, SEED)
    assert (full.scenario.accounts, full.scenario.days, full.attack) == (50_000, 45.0, "campaign")
    assert named("campaign", 500, 2.0, SEED).scenario.accounts == 500
    assert named("bench", None, None, SEED).attack is None
    with pytest.raises(ConfigurationError, match="no scenario x"):
        named("x", None, None, SEED)


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_hides_its_fields_and_nothing_else(name: str) -> None:
    """The same accounts ask the same at the same times."""
    ablation = ABLATIONS[name]
    plain, without = (traffic_of(s) for s in (SMALL, ablation.applied(SMALL)))
    fields = set(ablation.fields) | {"hash_version"}
    for one, other in zip(plain.requests(), without.requests(), strict=True):
        shown, left = msgspec.json.decode(one), msgspec.json.decode(other)
        assert not set(ablation.fields) & set(left)
        assert {k: v for k, v in shown.items() if k not in fields} == {
            k: v for k, v in left.items() if k not in fields
        }
    told = [set(msgspec.json.decode(event)) for event in without.account_events]
    assert not any(set(ablation.fields) & event for event in told)


def test_every_kind_that_is_left_out_is_one_of_the_linkers() -> None:
    """Else an ablation would take nothing away."""
    blind = {kind for ablation in ABLATIONS.values() for kind in ablation.blind}
    assert set() < blind < set(KIND)


def test_a_cache_gives_the_same_traffic(tmp_path: Path) -> None:
    """Written with the first use, read with the second."""
    made = Traffic.simulated(SMALL)
    for cached in (traffic_of(SMALL, tmp_path), traffic_of(SMALL, tmp_path)):
        assert [line.strip() for line in cached.requests()] == list(made.requests())
        assert [line.strip() for line in cached.account_events] == made.account_events
        assert cached.truths == made.truths
    assert len(list(tmp_path.iterdir())) == 1


class Nobody:
    """A cohort of which no account can be made."""

    name = "nobody"
    share = 1.0

    def member(self, world: World, index: int) -> Account:
        """Fails."""
        raise RuntimeError(world, index)


def test_traffic_of_a_maker_that_fails_does_not_end_quietly() -> None:
    """Half a run would be judged for a whole one."""
    with pytest.raises(EOFError):
        list(requests_ahead(replace(SMALL, cohorts=(Nobody(),))))


def test_another_scenario_is_another_entry(tmp_path: Path) -> None:
    """Of the same name, with one field hidden."""
    for s in (SMALL, ABLATIONS["network"].applied(SMALL)):
        traffic_of(s, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_was_refused_is_no_exchange() -> None:
    """Absent counts as answered, as in the contract."""
    bodies = [
        b'{"account_id":"a","ts":1,"input_tokens":2,"output_tokens":3}',
        b'{"account_id":"b","ts":2,"status":429}',
    ]
    found = Exchanges.read(bodies, {"a": 0, "b": 1})
    assert found.succeeded.tolist() == [True, False]
    assert found.tokens.tolist() == [5, 0]
    assert np.diff(found.ts).tolist() == [1]
