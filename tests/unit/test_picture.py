"""The terminal says what happened, and no more."""

from collections import Counter
from pathlib import Path

from rich.console import Console, RenderableType

from edge.demo.run import DemoApi
from schemas.decisions import Action
from simulate.population import Population
from simulate.scenarios import SCENARIOS
from stream.demo.customers import Customers
from stream.demo.picture import Picture
from stream.demo.story import Story
from stream.demo.visitors import Visitors
from tests.unit.gates import HOUR, NOW
from tests.unit.stories import TRUTHS, asked, campaign, decision, told


def shown(renderable: RenderableType) -> str:
    console = Console(width=300)  # no sentence is cut
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def picture(story: Story) -> Picture:
    visitors = Visitors(DemoApi("", Path(), ()), seed=1)
    visitors.answered = {
        "ada": Counter({"answered": 5}),
        "bo": Counter({"refused": 3, "answered": 1}),
    }
    return Picture(story, visitors, Customers(Population(SCENARIOS["small"])))


def row(story: Story, cohort: str) -> list[str]:
    """The summary's line about a cohort."""
    lines = shown(picture(story).summary()).splitlines()
    return next(line for line in lines if cohort in line).split()


def test_the_summary_counts_accounts_by_their_strictest_action() -> None:
    """Those without any as allowed."""
    story = told(decision("bo", Action.BLOCK), decision("ada", Action.RESTRICT))
    assert row(story, "campaign") == ["campaign", "abusive", "2", "1", "1"]
    assert row(story, "developers") == ["developers", "honest", "1", "1"]


def test_the_picture_shows_the_latest_decisions_and_why() -> None:
    """A decision without reasons says that nothing speaks against the account."""
    story = told(decision("bo", Action.BLOCK), decision("ada", Action.ALLOW))
    text = shown(picture(story).live())
    assert "the reason" in text
    assert "nothing speaks against it now" in text


def test_the_picture_shows_both_sides() -> None:
    """What a limit per account sees, and campaigns that are open with what became of members."""
    story = told(decision("bo", Action.BLOCK, campaign_id="c-1"))
    story.record(campaign("c-1", accounts=77))
    story.record(campaign("c-2", accounts=88, status="closed"))
    text = shown(picture(story).live())
    assert "too little traffic yet" in text
    assert "77 accounts that act together" in text
    assert "tied by system prompt; 1 blocked" in text
    assert "88" not in text


def test_the_end_tells_of_the_ring() -> None:
    """How it was found, how many exchanges came before, and what was stopped."""
    story = told(decision("bo", Action.BLOCK, NOW + HOUR, campaign_id="c-1"))
    story.record(campaign("c-1", detected_at=NOW + HOUR))
    story.follow([asked("bo", NOW), asked("cy", NOW + HOUR), asked("bo", NOW + 2 * HOUR)])
    text = picture(story).told()
    assert "2 accounts made 3 exchanges" in text
    assert "2 exchanges after it began" in text
    assert "1 accounts were answered, 1 of them blocked, and 1 exchanges came while" in text
    assert "The ring's: 1 answered, 3 refused. Honest customers': 5 answered." in text


def test_a_ring_that_is_not_found_is_told_of_too() -> None:
    """And so is one that there is not."""
    assert "sluicegate did not find it" in picture(told()).told()
    assert "There was no ring" in picture(Story(TRUTHS[:1])).told()


def test_the_end_tells_of_someone_who_was_let_in_again() -> None:
    """Only when somebody was, after a proof."""
    asking = decision("ada", Action.STEP_UP, requirements=["verify_phone"])
    made = picture(told(asking, decision("ada", Action.ALLOW)))
    assert "None of them was freed by a proof" in made.told()
    made._customers.shown["ada"] = ["verify_phone"]
    text = made.told()
    assert "1 of 1 accounts met an action" in text
    assert "ada (developers)" in text
    assert "(“the reason”), showed it (verify phone)" in text
