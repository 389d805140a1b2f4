"""Labels say whom the bars may be calibrated on, from their own time on, in whichever order."""

import json
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import Action
from schemas.events import LabelEvent
from stream.link.labels import Labels, witnesses
from stream.link.ledger import Ledger
from stream.link.touches import Touch
from stream.metrics import Metrics
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import Ear, honest, hours, numbered, office, ring, touch


def said(account: str, label: str, ts: int = NOW, number: int = 0) -> LabelEvent:
    """A label."""
    event = {"event_id": f"l{number}", "account_id": account, "ts": ts, "label": label}
    return LabelEvent.model_validate(event | {"source": "review"})


def heard(*labels: LabelEvent) -> Labels:
    """What the linker knows of labels."""
    found = Labels()
    for label in labels:
        found.hear(label)
    return found


LABELS = st.lists(
    st.builds(
        said,
        st.sampled_from("abc"),
        st.sampled_from(["abuse", "benign"]),
        st.integers(0, 20),
        st.integers(0, 5),
    ),
    max_size=30,
    unique_by=lambda label: (label.account_id, label.ts, label.event_id),
)


@given(LABELS, st.integers(0, 20), st.randoms())
def test_the_order_of_labels_does_not_matter(
    labels: list[LabelEvent], clock: int, random: Random
) -> None:
    """The latest one of each account that its time has come for holds, by counting."""
    shuffled = [*labels, *labels[:3]]
    random.shuffle(shuffled)
    latest = {
        label.account_id: label.label == "abuse"
        for label in sorted(labels, key=lambda label: (label.ts, label.event_id))
        if label.ts <= clock
    }
    assert heard(*shuffled).by(clock) == latest


@given(LABELS, st.integers(0, 20), st.integers(0, 20))
def test_looking_earlier_changes_nothing_later(
    labels: list[LabelEvent], early: int, more: int
) -> None:
    """However often it was asked before."""
    asked = heard(*labels)
    asked.by(early)
    assert asked.by(early + more) == heard(*labels).by(early + more)


def test_a_label_holds_from_its_own_time_on() -> None:
    """What is said on Friday does not count on Tuesday, however early it is read."""
    labels = heard(said("a", "abuse", NOW + HOUR))
    assert labels.by(NOW) == {}
    assert labels.by(NOW + HOUR) == {"a": True}


@pytest.mark.parametrize("message", [None, b"", b"{}", b'{"account_id": 1}'])
def test_what_cannot_be_read_is_counted(message: bytes | None) -> None:
    """And the labels around it are heeded."""
    metrics = Metrics()
    labels = Labels(metrics)
    labels.read(message)
    labels.read(json.dumps(said("a", "benign").model_dump(exclude_none=True)).encode())
    assert labels.by(NOW) == {"a": False}
    value = metrics.registry.get_sample_value
    assert value("sluicegate_unreadable_labels_total") == 1
    assert value("sluicegate_labelled", {"label": "benign"}) == 1
    assert value("sluicegate_labelled", {"label": "abuse"}) == 0


def test_witnesses_are_the_established_and_the_vindicated() -> None:
    """Never who was called abusive, is not known, or has hardly asked; members only by a label."""
    ledger = Ledger()
    for name, fields in {
        "old": {"established": True},
        "guilty": {"established": True},
        "member": {"established": True},
        "freed": {"established": True},
        "young": {},
        "cleared": {},
        "fresh": {"requests": 2},
    }.items():
        ledger.fold(touch(name, NOW, **fields))
    members = [ledger.number["member"], ledger.number["freed"]]
    said_of = {"guilty": True, "freed": False, "cleared": False, "fresh": False, "nobody": False}
    chosen = witnesses(ledger, 5, members, said_of)
    assert [ledger.name[n] for n in np.flatnonzero(chosen)] == ["old", "freed", "cleared"]


def population(peaks: dict[str, float]) -> Sequence[Touch]:
    """Six hundred established accounts that score low but for some, and searches after them."""
    raised = [
        touch(t.account_id, t.ts, *t.values, established=True, peak=peaks.get(t.account_id, 0.1))
        for t in honest(600)
    ]
    return [*raised, *hours(4, NOW + HOUR)]


async def bar(labels: Labels, peaks: dict[str, float], more: Sequence[Touch] = ()) -> float:
    """From which score on accounts are restricted, at the end."""
    ear = Ear()
    await office(ear, labels=labels).take(numbered([*more, *population(peaks)]))
    return ear.bars[-1][Action.RESTRICT]


HIGH = {f"h{n:03}": 0.9 for n in range(100, 106)}


async def test_abusive_accounts_raise_no_bar() -> None:
    """Six old accounts that score high are three too many, unless they were found out."""
    guilty = heard(*(said(name, "abuse") for name in HIGH))
    assert await bar(Labels(), HIGH) == pytest.approx(0.9)
    assert await bar(guilty, HIGH) == pytest.approx(0.1)


async def test_who_is_only_suspected_goes_on_raising_the_bar() -> None:
    """Six old accounts that show a ring's values are no witnesses once they are its members, and
    not before: a first look finds more honest ones than a second."""
    ear = Ear()
    one = office(ear)
    crowd = [*ring(12), *population(HIGH)]
    tied = next(ring(1)).values
    joined = [touch(name, NOW + HOUR, *tied, established=True, peak=0.9) for name in HIGH]
    await one.take(numbered([*crowd, *joined, *hours(1, NOW + 6 * HOUR)]))
    found = one.linker.register.campaign_of
    assert {one.linker.ledger.number[name] for name in HIGH} <= set(found)
    assert ear.bars[-1][Action.RESTRICT] == pytest.approx(0.9)
    await one.take(numbered([*joined, *hours(48, NOW + 7 * HOUR)], len(crowd)))
    assert ear.bars[-1][Action.RESTRICT] == pytest.approx(0.1)


async def test_honest_accounts_that_were_cleared_raise_the_bar() -> None:
    """Not established, but a reviewer has looked: they are spared from now on."""
    young = [touch(f"y{n}", NOW, peak=0.8) for n in range(6)]
    cleared = heard(*(said(one.account_id, "benign") for one in young))
    assert await bar(Labels(), {}, young) == pytest.approx(0.1)
    assert await bar(cleared, {}, young) == pytest.approx(0.8)


async def test_labels_that_are_yet_to_come_change_nothing() -> None:
    """A replay that has all labels at once says what the live linker said."""
    later = heard(*(said(name, "abuse", NOW + 90 * HOUR) for name in HIGH))
    assert await bar(later, HIGH) == pytest.approx(0.9)


async def test_a_restart_gives_the_same_bars() -> None:
    """Half of the touches are recalled, all labels read anew: the bars are those of one process."""
    labels = [*(said(name, "abuse") for name in HIGH), said("h101", "benign", NOW + 2 * HOUR)]
    touches = [*population(HIGH), *ring(12, NOW + 9 * HOUR), *hours(9, NOW + 10 * HOUR)]
    alone, second = Ear(), Ear()
    await office(alone, labels=heard(*labels)).take(numbered(touches))
    again = office(second, labels=heard(*reversed(labels)))
    again.recall(numbered(touches[:605]))
    await again.take(numbered(touches[605:], 605))
    assert second.bars[-1] == alone.bars[-1]
