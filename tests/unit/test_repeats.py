"""An id is known for ten minutes of its account's time."""

import numpy as np
import pytest

from stream.remember import repeats
from stream.remember.repeats import GRACE, MINUTE_MS, Ids, renew, repeated
from stream.settings import Settings

MINUTE = 29_000_000  # since the epoch: 2025


def ids(*entries: tuple[int, int, int]) -> Ids:
    """(account, id, minute) each."""
    columns = np.array(entries, np.int64).reshape(-1, 3).T
    return Ids(*columns)


def entries(found: Ids) -> list[tuple[int, int, int]]:
    return list(zip(found.account.tolist(), found.id.tolist(), found.minute.tolist(), strict=True))


def at(*minutes: int) -> np.ndarray:
    return np.array(minutes, np.int64) * MINUTE_MS


NONE = ids()


def test_a_first_use_is_no_repeat() -> None:
    """Nothing is held, nothing comes twice."""
    assert not repeated(NONE, ids((0, 7, MINUTE), (0, 8, MINUTE)), at(-1, MINUTE)).any()


def test_a_second_use_in_one_batch_is_a_repeat() -> None:
    """Of the same account."""
    used = ids((0, 7, MINUTE), (0, 7, MINUTE), (1, 7, MINUTE))
    assert repeated(NONE, used, at(MINUTE, MINUTE, MINUTE)).tolist() == [False, True, False]


def test_an_id_of_another_account_is_another_id() -> None:
    """Ids are unique per account only as far as we rely on it."""
    used = ids((1, 7, MINUTE))
    assert not repeated(ids((0, 7, MINUTE)), used, at(MINUTE)).any()


@pytest.mark.parametrize(("age", "again"), [(0, True), (GRACE, True), (GRACE + 1, False)])
def test_a_held_id_is_known_for_the_grace_period(age: int, again: bool) -> None:
    """By the account's clock ahead of the event."""
    used = ids((0, 7, MINUTE + age))
    assert repeated(ids((0, 7, MINUTE)), used, at(MINUTE + age)).tolist() == [again]


def test_a_repeat_keeps_its_id_known() -> None:
    """Counted from the latest use, however often it comes."""
    used = ids((0, 7, MINUTE + 8), (0, 7, MINUTE + 16))
    clock = at(MINUTE + 8, MINUTE + 16)
    assert repeated(ids((0, 7, MINUTE)), used, clock).tolist() == [True, True]
    assert entries(renew(ids((0, 7, MINUTE)), used, at(MINUTE + 16))) == [(0, 7, MINUTE + 16)]


def test_a_repeat_out_of_order_shortens_nothing() -> None:
    """What counts is the latest use, not the last one to arrive."""
    used = ids((0, 7, MINUTE + 5), (0, 7, MINUTE), (0, 7, MINUTE + 15))
    clock = at(-1, MINUTE + 5, MINUTE + 5 + GRACE)
    assert repeated(NONE, used, clock).tolist() == [False, True, True]


def test_ids_are_forgotten_after_the_grace_period() -> None:
    """What is kept is by account and id."""
    held = ids((0, 5, MINUTE - 1), (0, 9, MINUTE), (1, 5, MINUTE - 1))
    clock = at(MINUTE + GRACE, MINUTE)
    kept = renew(held, ids((1, 3, MINUTE)), clock)
    assert entries(kept) == [(0, 9, MINUTE), (1, 3, MINUTE), (1, 5, MINUTE - 1)]


def test_a_very_busy_account_forgets_its_oldest_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond MOST; other accounts keep theirs."""
    monkeypatch.setattr(repeats, "MOST", 3)
    held = ids((0, 1, MINUTE), (0, 2, MINUTE - 2), (0, 3, MINUTE - 1), (1, 4, MINUTE - 9))
    kept = renew(held, ids((0, 9, MINUTE)), at(MINUTE, MINUTE))
    assert entries(kept) == [
        (0, 1, MINUTE),
        (0, 3, MINUTE - 1),
        (0, 9, MINUTE),
        (1, 4, MINUTE - 9),
    ]


def test_the_largest_batch_keeps_accounts_apart() -> None:
    """Each of its records may be another account's: their numbers fit beside ids and ages."""
    schema = Settings.model_json_schema()["properties"]["batch_max"]
    rows = np.arange(schema["maximum"])
    used = Ids(rows, rows + 1, np.full(len(rows), MINUTE))
    assert (renew(NONE, used, at(*used.minute)).account == rows).all()
