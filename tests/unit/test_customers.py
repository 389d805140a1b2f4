"""Honest customers of the demo show what they are asked for, as events of the contract."""

from dataclasses import replace

import pytest

from kyc.stepup import REQUIREMENTS
from schemas.decisions import Action, Requirement
from simulate.population import Population
from simulate.scenarios import SCENARIOS
from stream.demo.customers import Customers
from stream.demo.traffic import scenario_lines
from stream.know.accounts import read_account_event
from stream.lines import ACCOUNTS, Line
from tests.unit.stories import decision

SMALL = replace(SCENARIOS["small"], accounts=40, days=0.05)
POPULATION = Population(SMALL)
HONEST, ABUSIVE = (
    next(truth.account_id for truth in POPULATION.truths() if truth.abusive is abusive)
    for abusive in (False, True)
)
LINES = [line for line in scenario_lines(SMALL) if line.topic == ACCOUNTS]


def answers(account: str, *wanted: Requirement) -> list[Line]:
    """What an account does once it is asked, all sign-ups being known."""
    customers = Customers(POPULATION)
    assert list(customers.joining(iter(LINES))) == LINES
    for one in wanted:
        customers.read(decision(account, Action.STEP_UP, requirements=[one]))
    return list(customers.joining(iter(LINES[-1:])))[1:]


@pytest.mark.parametrize("wanted", [r for r in REQUIREMENTS if r.startswith(("verify", "enable"))])
def test_a_proof_is_an_account_event(wanted: Requirement) -> None:
    """The worker can read it, and it comes at the traffic's time; a domain is nobody's to show."""
    found = answers(HONEST, wanted)
    if wanted == "verify_domain":
        assert found == []
        return
    [line] = found
    event = read_account_event(line)
    assert (event.account_id, event.ts) == (HONEST, LINES[-1].ts)


def test_a_proof_is_shown_once() -> None:
    """However often it is asked for."""
    assert len(answers(HONEST, "verify_phone", "verify_phone", "enable_mfa")) == 2


def test_a_review_is_not_the_customers_to_show() -> None:
    """A person has to look."""
    assert answers(HONEST, "manual_review") == []


def test_abusers_show_nothing() -> None:
    """That is what the demo assumes, and says."""
    assert answers(ABUSIVE, "verify_phone") == []
