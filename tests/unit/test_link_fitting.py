"""What portraits are worth: learnt from rings, held to what is expected."""

from pathlib import Path

import numpy as np
import pytest

from schemas.errors import ConfigurationError
from stream.link.fitting import EITHER_WAY, Example, fit
from stream.link.portrait import TRAITS
from stream.link.weighing import SHIPPED, Weights

CONDUCT, APART = TRAITS.index("conduct"), TRAITS.index("apart")


def examples(count: int = 60, seed: int = 5) -> list[Example]:
    """Abusive rings act strangely and apart, honest ones do not."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        abusive = number % 2
        traits = rng.normal(0, 0.1, len(TRAITS))
        traits[[CONDUCT, APART]] += 2.0 * abusive, 0.8 * abusive
        found.append(
            Example(traits, float(abusive), (number % 7, "abusive" if abusive else "honest"))
        )
    return found


def test_abusive_rings_score_higher() -> None:
    """On rings that were not shown."""
    weights = fit(examples(), "v", seed=1)
    score = [(weights.score(e.traits), e.abusive) for e in examples(seed=6)]
    abusive, honest = ([one for one, was in score if was == kind] for kind in (1.0, 0.0))
    assert min(abusive) > max(honest)


def test_the_same_seed_gives_the_same_weights() -> None:
    """Training can be repeated."""
    once, again = fit(examples(), "v", seed=1), fit(examples(), "v", seed=1)
    assert once.told() == again.told()


def test_no_trait_of_a_campaign_speaks_for_it_being_honest() -> None:
    """Where data says the contrary the weight is nought; two traits may go either way."""
    contrary = [e._replace(traits=-e.traits) for e in examples()]
    told = fit(contrary, "v", seed=1).told()
    assert min(weight for name, weight in told.items() if name not in EITHER_WAY) >= 0


def test_a_story_told_often_does_not_count_as_often() -> None:
    """A hundred portraits of one cohort move the weights less than a hundred cohorts would."""
    strange = np.zeros(len(TRAITS))
    strange[TRAITS.index("even")] = 3.0
    one = [Example(strange, 0.0, (0, "class"))] * 100
    many = [Example(strange, 0.0, (n, "class")) for n in range(100)]
    even = {
        name: fit([*examples(), *extra], "v", seed=1).told()["even"]
        for name, extra in (("one", one), ("many", many))
    }
    assert even["many"] < even["one"]


def test_mixed_rings_teach_nothing() -> None:
    """Rings of honest and abusive members, and nothing else, are an error."""
    with pytest.raises(ConfigurationError, match="no honest ring"):
        fit([e._replace(abusive=0.5) for e in examples()], "v", seed=1)


def test_the_shipped_weights_know_each_trait() -> None:
    """And say by which seed, populations and accounts they were made, and what they are."""
    weights = Weights.load(SHIPPED)
    assert list(weights.told()) == list(TRAITS)
    assert weights.version.startswith("rings-")
    assert weights.version.endswith(weights.digest())


def test_other_weights_have_another_version(tmp_path: Path) -> None:
    """Decisions tell a fit anew, with the same options, from the one before; a file keeps it."""
    one, other = (fit(examples(seed=seed), "v", seed=1) for seed in (5, 7))
    assert one.version != other.version
    one.save(tmp_path / "weights.json")
    assert Weights.load(tmp_path / "weights.json").digest() == one.digest()


# In the order of TRAITS: conduct, strange, unproven, size, even, alike, apart, identity, content,
# elicits, together; `anew` of a ring in which nobody moved is 0.
@pytest.mark.parametrize(
    "honest",
    [
        pytest.param((1.5, 0.35, 1.4, 5.3, 0.1, 0.5, 0.2, 0.0, 0.9, -0.1, 0.5), id="hackathon"),
        pytest.param((1.1, 0.2, 1.4, 4.1, 0.0, 0.5, 0.0, 0.7, 0.8, 0.7, 0.7), id="class"),
        pytest.param((0.8, 0.0, 1.7, 6.3, 0.4, 0.5, 0.8, 0.0, 0.9, 0.7, 0.5), id="launch day"),
        pytest.param((0.8, 0.1, 0.5, 5.3, 0.5, 0.4, 0.8, 0.0, 0.9, 0.8, 0.5), id="one product"),
    ],
)
def test_company_is_no_campaign(honest: tuple[float, ...]) -> None:
    """New, alike, with what they share in hand: each lacks one thing that a campaign has."""
    assert Weights.load(SHIPPED).score(np.array([*honest, 0.0])) < 0.85


@pytest.mark.parametrize(
    "ring",
    [
        pytest.param((1.5, 0.35, 1.2, 6.8, 1.5, 0.5, 0.9, 0.8, 0.9, 0.7, 0.4), id="shares much"),
        pytest.param((1.5, 0.35, 1.1, 5.0, 1.5, 0.3, 0.7, 0.3, 0.3, 0.3, 0.3), id="even"),
        pytest.param((1.2, 0.3, 0.5, 6.3, 0.6, 0.7, 0.7, 0.0, 0.2, 0.8, 0.3), id="shares nothing"),
    ],
)
def test_a_ring_that_acts_as_one_is(ring: tuple[float, ...]) -> None:
    """Strangely, apart, and for what is elicited, or at one pace."""
    assert Weights.load(SHIPPED).score(np.array([*ring, 0.0])) >= 0.85


def test_stolen_accounts_need_not_look_new() -> None:
    """They are as old as any, and reached by one hosting firm's lines: that they moved tells."""
    ring = 1.5, 0.35, -0.5, 5.8, 0.3, 0.3, 0.4, 0.1, 0.9, 0.0, 0.3
    weights = Weights.load(SHIPPED)
    assert weights.score(np.array([*ring, 0.0])) < 0.85 <= weights.score(np.array([*ring, 0.6]))
