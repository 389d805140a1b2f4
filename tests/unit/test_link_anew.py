"""What a ring took up together: its members moved, and do the same now."""

from collections.abc import Iterator

import msgspec
import pytest

from stream.link.habits import HABIT_MS, MET_MS
from stream.link.linker import Linker
from stream.link.portrait import DOUBT, TRAITS
from stream.link.touches import Touch, Value
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import CERTAIN, honest, hours, touch, value

MEMBERS = 12
LATER = NOW + MET_MS + HOUR
TIES = value("card", 7), value("phone_prefix", 7)
KINDS = ("asn", "user_agent", "tls_fingerprint", "system_prompt", "template")


def _anew(taken_up: tuple[str, ...], movers: int = MEMBERS, then: int = LATER) -> float:
    """The trait of accounts that share a card and a phone, as of `then`: each met with values of
    its own, later so many of them with others, of which those of the kinds are shared."""
    told: list[float] = []
    linker = Linker(CERTAIN, 0.5, witness=lambda _, traits: told.append(float(traits[-1])))
    members = [_touch(number, NOW, *_own(number)) for number in range(MEMBERS)]
    later = [_touch(n, LATER, *(value(kind, 7) for kind in taken_up)) for n in range(movers)]
    for one in (*_established(), *members, *later, *hours(3, then + HOUR)):
        linker.fold(one)
    assert TRAITS[-1] == "anew"
    return told[-1] * (MEMBERS + DOUBT) / MEMBERS


def _established() -> Iterator[Touch]:
    for one in honest(60):
        number = int(one.account_id[1:]) // 2
        own = [value(kind, 1_000 + number) for kind in (*KINDS, "card", "phone_prefix")]
        yield msgspec.structs.replace(one, values=own)


def _touch(number: int, ts: int, *shown: Value) -> Touch:
    return touch(f"m{number:03}", ts + number, *TIES, *shown)


def _own(number: int) -> list[Value]:
    return [value(kind, 500 + number) for kind in KINDS]


def test_accounts_that_moved_and_do_the_same_now() -> None:
    """Elsewhere, with another client, for the same: stolen from many owners."""
    assert _anew(KINDS) == 1


def test_two_are_not_together() -> None:
    """Of what fewer than three took up nothing is said."""
    assert _anew(KINDS, movers=2) == 0


@pytest.mark.parametrize(
    "taken_up",
    [
        pytest.param(("user_agent", "tls_fingerprint", "system_prompt"), id="an update"),
        pytest.param(("user_agent", "system_prompt", "template"), id="one course, own devices"),
        pytest.param(("asn", "system_prompt", "template"), id="a journey"),
        pytest.param(("asn", "user_agent", "tls_fingerprint"), id="a new office, new machines"),
    ],
)
def test_what_people_take_up_is_not_all_of_it(taken_up: tuple[str, ...]) -> None:
    """They stay where they are, or keep what they work with, or do not all ask for the same."""
    assert _anew(taken_up) == 0


def test_what_was_taken_up_long_ago_is_a_habit() -> None:
    """The trait ends when what is new has become usual."""
    assert _anew(KINDS, then=LATER + HABIT_MS - 5 * HOUR) == 1
    assert _anew(KINDS, then=LATER + HABIT_MS) == 0
