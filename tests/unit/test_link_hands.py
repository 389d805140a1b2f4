"""Hands: when an established account is no witness any more, and when it is one again."""

from typing import Any

import pytest

from stream.link.hands import DAY_MS, LAPSES_MS, LEARNING_MS, WITHIN_MS
from stream.link.labels import witnesses
from stream.link.ledger import LIFE_MS, Ledger
from stream.link.linker import Linker
from stream.link.touches import Touch, Value
from stream.link.uses import MOST_VALUES
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import CERTAIN, hash_of, honest, hours, ring, touch, value

OLD = NOW - 400 * DAY_MS


def shown(number: int, *kinds: str) -> list[Value]:
    return [value(kind, number) for kind in kinds]


USUAL = shown(1, "asn", "subnet", "user_agent", "system_prompt")
ALL_NEW = shown(2, "asn", "subnet", "user_agent", "system_prompt")


def _ledger(*usual: Value) -> Ledger:
    """That of an old account which has shown what it usually does."""
    ledger = Ledger()
    for day in (2, 1):
        ledger.fold(_touch(NOW - day * DAY_MS, *(usual or USUAL)))
    return ledger


def _touch(ts: int, *values: Value, **fields: Any) -> Touch:
    return touch("a", ts, *values, **({"established": True, "begun": OLD} | fields))


def _stands(ledger: Ledger, *values: Value, ts: int = NOW, **fields: Any) -> bool:
    account = ledger.fold(_touch(ts, *values, **fields))
    return bool(ledger.columns["trusted"][account])


def test_an_account_that_changed_hands_is_no_witness() -> None:
    """Elsewhere, with another client, for something else."""
    ledger = _ledger()
    assert ledger.turned == 0
    assert not _stands(ledger, *ALL_NEW)
    assert ledger.turned == 1
    assert ledger.columns["established"].tolist() == [True]


def test_bars_count_it_all_the_same() -> None:
    """Who is suspected for acting strangely may be honest: their scores are what bars are for."""
    ledger = _ledger()
    assert not _stands(ledger, *ALL_NEW)
    assert witnesses(ledger, 5, [], {}).tolist() == [True]


@pytest.mark.parametrize("kept", ["asn", "user_agent", "system_prompt"])
def test_one_habit_that_stays_is_enough(kept: str) -> None:
    """A journey, a telephone, a project; even two of them at once."""
    told = [one for one in ALL_NEW if one != value(kept, 2)]
    assert _stands(_ledger(), *told, value(kept, 1))


def test_another_address_of_the_same_system_is_no_other_place() -> None:
    """Lines change their addresses; the network counts where its system is not known."""
    same = shown(1, "asn")
    new = shown(2, "subnet", "user_agent", "system_prompt")
    assert _stands(_ledger(), *same, *new)
    assert not _stands(_ledger(*shown(1, "subnet", "user_agent", "system_prompt")), *new)


@pytest.mark.parametrize("kept", ["device", "tls_fingerprint"])
def test_an_update_of_the_client_is_no_other_client(kept: str) -> None:
    """Whose device or TLS hello is known."""
    assert _stands(_ledger(*USUAL, value(kept, 1)), *ALL_NEW, value(kept, 1))
    assert not _stands(_ledger(*USUAL, value(kept, 1)), *ALL_NEW, value(kept, 2))


def test_what_is_new_may_come_one_by_one() -> None:
    """Within three days."""
    moved = shown(2, "asn", "user_agent")
    for apart, stands in ((WITHIN_MS, False), (WITHIN_MS + 1, True)):
        ledger = _ledger()
        assert _stands(ledger, *moved, value("system_prompt", 1))
        assert _stands(ledger, *moved, value("system_prompt", 2), ts=NOW + apart) is stands


@pytest.mark.parametrize(
    ("signs", "values", "stands"),
    [
        ({"strange": NOW - HOUR}, USUAL, True),
        ({"settled": NOW - HOUR}, USUAL, True),
        ({"strange": NOW - HOUR, "settled": NOW - HOUR}, USUAL, False),
        ({"strange": NOW - HOUR, "settled": NOW - WITHIN_MS - 1}, USUAL, True),
        ({"strange": NOW - HOUR}, [*USUAL[:3], *shown(2, "system_prompt")], False),
        ({"settled": NOW - HOUR}, [*shown(2, "asn", "user_agent"), USUAL[3]], False),
        ({"settled": NOW - HOUR}, [*USUAL[:3], *shown(2, "system_prompt")], True),
        ({"strange": NOW - HOUR}, [*shown(2, "asn", "user_agent"), USUAL[3]], True),
    ],
    ids=(
        "sign-in",
        "settled",
        "both",
        "long ago",
        "sign-in, asks",
        "settled, moved",
        "settled, asks",
        "sign-in, moved",
    ),
)
def test_account_events_stand_for_what_requests_do_not_tell(
    signs: dict[str, int], values: list[Value], stands: bool
) -> None:
    """A strange sign-in for place and client, a new key or address for what is asked."""
    assert _stands(_ledger(), *values, **signs) is stands


def test_it_stands_again_after_a_while() -> None:
    """As a new account would; until then it is the same whatever it shows."""
    ledger = _ledger()
    assert not _stands(ledger, *ALL_NEW)
    assert not _stands(ledger, *ALL_NEW, ts=NOW + LAPSES_MS - 1)
    assert _stands(ledger, *ALL_NEW, ts=NOW + WITHIN_MS + LAPSES_MS)


def test_it_stands_again_when_it_is_proven_anew() -> None:
    """What was proven before was proven by another."""
    for proved, stands in ((NOW - 1, False), (NOW + 1, True)):
        ledger = _ledger()
        assert not _stands(ledger, *ALL_NEW, proved=NOW - 1)
        later = NOW + WITHIN_MS + 1
        assert _stands(ledger, *ALL_NEW, ts=later, proved=proved) is stands


def test_nothing_is_unusual_of_a_young_account() -> None:
    """Nor of one that nobody has seen before, or for as long as the ledger reaches back."""
    young = {"begun": NOW - LEARNING_MS + 1}
    assert _stands(_ledger(), *ALL_NEW, **young)
    assert _stands(Ledger(), *ALL_NEW)
    ledger = _ledger()
    ledger.fold(touch("b", NOW + LIFE_MS))
    ledger.forget()
    assert _stands(ledger, *ALL_NEW, ts=NOW + LIFE_MS)


def test_who_is_everywhere_is_never_elsewhere() -> None:
    """Of an account with more values than are kept nothing is known to be new."""
    ledger = Ledger()
    for number in range(MOST_VALUES):
        ledger.fold(_touch(NOW - 4 * DAY_MS, *shown(number + 10, "asn", "subnet"), *USUAL))
    assert _stands(ledger, *ALL_NEW)


def test_a_touch_that_comes_again_changes_nothing() -> None:
    """Workers tell again what they told before they ended."""
    again, once = _ledger(), _ledger()
    for _ in range(2):
        assert not _stands(again, *ALL_NEW)
    assert not _stands(once, *ALL_NEW)
    assert again.columns.tobytes() == once.columns.tobytes()


def test_a_late_touch_teaches_and_accuses_nobody() -> None:
    """What came before is known from then on."""
    ledger = _ledger()
    assert _stands(ledger, *ALL_NEW, ts=NOW - 3 * DAY_MS)
    assert _stands(ledger, *ALL_NEW)


def test_a_taken_account_joins_the_campaign_whose_values_it_shows() -> None:
    """At once, as a new account would: its owner's years do not excuse it."""

    def joined(*usual: Value) -> bool:
        linker = Linker(CERTAIN, 0.5)
        for one in (*honest(60), *ring(12), _touch(NOW, *usual), *hours(4, NOW + HOUR)):
            linker.fold(one)
        own = [value(kind, hash_of("r")) for kind in ("card", "template")]
        changes = linker.fold(_touch(NOW + 4 * HOUR + 1, *ALL_NEW, *own))
        return changes.accounts == [linker.ledger.number["a"]]

    assert joined(*USUAL)
    assert not joined(*ALL_NEW)
