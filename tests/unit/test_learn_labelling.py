"""Labels join rows by the time at which they were known, and by groups that are never parted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import MalformedEventError
from schemas.events import LabelEvent
from scorers.splits import JUDGED, Calendar, split
from stream.learn.labelling import ALL, Terms, Truth, lesson, read_labels, truths
from stream.learn.lessons import Lesson
from tests.unit.snaps import DAY, NOW, label, snapshot, written


def said(*events: dict[str, Any], until: int = ALL.until) -> dict[str, Truth]:
    """What these labels say."""
    return truths((LabelEvent.model_validate(event) for event in events), until=until)


def test_the_latest_label_counts() -> None:
    """Whoever gave it, in whichever order they came."""
    found = said(label("a", 5, "benign", source="appeal"), label("a", 2), label("b", 1, "benign"))
    assert not found["a"].abusive
    assert found["a"].since == NOW + 5 * DAY


def test_a_label_that_is_repeated_was_known_before() -> None:
    """Since the first of those that say the same to the end."""
    found = said(
        *(label("a", day, which) for day, which in ((1, "benign"), (3, "abuse"), (8, "abuse")))
    )
    assert found["a"] == Truth(True, "a", NOW + 3 * DAY)


def test_nothing_is_known_before_it_was_said() -> None:
    """Asked about an earlier time, a later label is not there."""
    events = label("a", 1, "benign"), label("a", 4), label("b", 4)
    assert said(*events, until=NOW + 3 * DAY) == {"a": Truth(False, "a", NOW + DAY)}


def test_a_campaign_of_a_label_is_a_group() -> None:
    """Of abuse: an honest account that was drawn into a campaign is a group of its own."""
    found = said(label("a", 1, campaign_id="c"), label("b", 2, "benign", campaign_id="c"))
    assert (found["a"].group, found["b"].group) == ("c", "b")


def test_a_file_of_labels_is_read(tmp_path: Path) -> None:
    """Groups of several files are kept apart by a prefix; what is no label is an error."""
    path = written(tmp_path / "labels.ndjson", [label("a", 1)])
    assert read_labels(path, "0:") == {"a": Truth(True, "0:a", NOW + DAY)}
    bad = written(tmp_path / "bad.ndjson", [label("a", 1), {"label": "abuse"}])
    with pytest.raises(MalformedEventError, match=f"{bad}:2: event_id"):
        read_labels(bad)


ROWS = [("a", 0, 1), ("a", 1, 2), ("a", 6, 5), ("b", 0, 1), ("b", 6, 2), ("c", 3, 1)]


def numbers(found: Lesson) -> list[int]:
    """Which rows of the snapshot are in a lesson."""
    return sorted(found.table.features[:, 0].astype(int).tolist())


def test_only_labelled_rows_at_chosen_moments_are_learnt_from() -> None:
    """The fifth request is no such moment; the rest is kept for the summary."""
    found = lesson(snapshot(ROWS), said(label("a", 2), label("b", 2, "benign")))
    assert numbers(found) == [0, 1, 3, 4]
    assert found.table.label.tolist() == [1, 1, 0, 0]
    assert found.table.others is not None
    assert found.table.others[:, 0].tolist() == [5]
    assert found.exchanges.tolist() == [5, 5, 2, 2]


def test_rows_without_a_label_mature() -> None:
    """The recording ends on day 6: after three days without a label those of day 3 are benign,
    younger ones are not known."""
    terms = Terms(maturity_ms=3 * DAY)
    found = lesson(snapshot(ROWS), said(label("a", 2)), terms)
    assert numbers(found) == [0, 1, 3, 5]
    assert found.table.known is not None
    known = dict(zip(numbers(found), found.table.known.tolist(), strict=True))
    assert known == {0: NOW + 2 * DAY, 1: NOW + 2 * DAY, 3: NOW + 3 * DAY, 5: NOW + 6 * DAY}


def test_what_comes_after_the_terms_is_not_there() -> None:
    """Neither rows nor labels: as if the training had been made then."""
    until = NOW + 3 * DAY
    events = label("a", 2), label("b", 5, "benign")
    found = lesson(snapshot(ROWS), said(*events, until=until), Terms(until=until))
    assert numbers(found) == [0, 1]
    assert found.table.others is not None
    assert sorted(found.table.others[:, 0].tolist()) == [3, 5]


def test_what_the_linker_joined_is_one_group() -> None:
    """Two labels, one with a campaign of its own, and an account that nobody labelled."""
    taken = snapshot(ROWS, {"a": "c-1", "b": "c-1"})
    found = lesson(taken, said(label("a", 2, campaign_id="x")), Terms(maturity_ms=0))
    group = dict(zip(numbers(found), found.table.group, strict=True))
    assert group[0] == group[3] != group[5]


@given(
    campaigns=st.lists(st.integers(0, 30), min_size=40, max_size=40),
    named=st.lists(st.integers(0, 40), min_size=40, max_size=40),
    seed=st.integers(0, 9),
)
def test_no_account_and_no_campaign_is_on_both_sides(
    campaigns: list[int], named: list[int], seed: int
) -> None:
    """Whether the linker found the campaign or a reviewer named it, with a split by time too."""
    accounts = [f"a{n:02}" for n in range(60)]
    rows = [(account, day, day + 1) for account in accounts for day in range(4)]
    # The last twenty are by themselves: there is something to split however the others are joined.
    linked = {a: f"c-{c}" for a, c in zip(accounts[:40], campaigns, strict=True) if c < 6}
    events = [
        label(a, -1, "benign" if n % 2 else "abuse", **({"campaign_id": f"x{c}"} if c < 9 else {}))
        for n, (a, c) in enumerate(zip(accounts, [*named, *[9] * 20], strict=True))
    ]
    told = said(*events)
    found = lesson(snapshot(rows, linked), told)
    table = found.table
    assert table.known is not None
    parts = split(table.group, table.label, seed, Calendar(table.time, table.known, 0.25))
    learnt = np.concatenate([part for name, part in parts.items() if name != JUDGED])
    names = [accounts[n] for n in found.account.tolist()]

    def seen(part: np.ndarray) -> set[str]:
        whose = {names[row] for row in part.tolist()}
        joined = {linked.get(name, "") for name in whose} | {
            told[name].group for name in whose if told[name].abusive
        }
        return (whose | joined) - {""}

    assert not seen(learnt) & seen(parts[JUDGED])


def test_lessons_stay_apart_when_they_are_joined() -> None:
    """Accounts of one name are two accounts; campaigns are told apart by their prefix."""
    one = lesson(snapshot(ROWS), said(label("a", 2)))
    both = Lesson.join([one, one])
    assert both.account.tolist() == [0, 0, 1, 1]
    assert len(both.table.label) == 4
