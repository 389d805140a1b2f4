"""Log lines: one form for our events and for the libraries', without personal data."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from schemas.decisions import Action
from schemas.wire import DecisionWire, ReasonWire
from stream.logs import PERSONAL, REMOVED, Complaint, configure_logs, decision_changed

DECISION = DecisionWire(
    decision_id="d1",
    account_id="acct_1",
    event_id="e1",
    cause="request",
    ts=1_780_000_000_000,
    decided_at=1_780_000_000_001,
    action=Action.RATE_LIMIT,
    score=0.87654321,
    kyc_tier=1,
    kyc_score=0.5,
    reasons=[ReasonWire(code="networks_many", text="27 networks in a day", value=27.0, weight=0.5)],
    campaign_id=None,
    model_version="m1",
    policy_version="p1",
    mode="enforce",
    expires_at=1_780_000_600_000,
)


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """The test runner's own logging comes back after each test."""
    root = logging.getLogger()
    handlers, level, aiokafka = root.handlers[:], root.level, logging.getLogger("aiokafka").level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("aiokafka").setLevel(aiokafka)
    structlog.reset_defaults()


@pytest.fixture
def output() -> io.StringIO:
    """Where the lines go, as JSON from info on."""
    output = io.StringIO()
    configure_logs("json", "info", output)
    return output


def lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_an_event_is_one_json_object(output: io.StringIO) -> None:
    """Name, level, UTC time and keys, on one line."""
    structlog.get_logger().info("worker.started", partitions=8)
    [line] = lines(output)
    assert (line["event"], line["level"], line["partitions"]) == ("worker.started", "info", 8)
    assert line["timestamp"].endswith("Z")


def test_a_librarys_message_has_the_same_form(output: io.StringIO) -> None:
    """Faust's lines say who wrote them, and keep the event's name constant."""
    logging.getLogger("faust.app").warning("lost %s", "partition 3")
    [line] = lines(output)
    assert line["event"] == "library.message"
    assert (line["logger"], line["message"]) == ("faust.app", "lost partition 3")


def test_less_severe_events_are_left_out(output: io.StringIO) -> None:
    """Neither ours nor a library's debug lines come at info."""
    structlog.get_logger().debug("batch.done")
    logging.getLogger("faust").debug("hello")
    assert output.getvalue() == ""


def test_aiokafka_is_quiet_unless_debugged(output: io.StringIO) -> None:
    """Its info lines about every join come only at debug."""
    logging.getLogger("aiokafka.consumer").info("joined")
    assert output.getvalue() == ""
    configure_logs("json", "debug", output)
    logging.getLogger("aiokafka.consumer").info("joined")
    assert len(lines(output)) == 1


def test_personal_fields_are_blanked(output: io.StringIO) -> None:
    """No field of the contract that holds personal data or a secret gets through."""
    structlog.get_logger().info("event.odd", **dict.fromkeys(PERSONAL, "Ada"))
    [line] = lines(output)
    assert {line[field] for field in PERSONAL} == {REMOVED}


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_locals(form: Any) -> None:
    """A frame may hold an event with its prompt; tracebacks give lines of code only."""
    output = io.StringIO()
    configure_logs(form, "info", output)

    def crash(event: str) -> None:
        raise RuntimeError(f"cannot read {len(event)} characters")

    try:
        crash("a very private " + "prompt")
    except RuntimeError:
        structlog.get_logger().exception("batch.failed")
        logging.getLogger("faust").exception("agent")
    assert output.getvalue().count("cannot read 21 characters") >= 2
    assert "a very private prompt" not in output.getvalue()


def test_a_decision_has_one_canonical_line(output: io.StringIO) -> None:
    """Who, what, why and until when; reasons by their codes."""
    decision_changed(DECISION)
    [line] = lines(output)
    assert line["event"] == "decision.changed"
    assert (line["account_id"], line["action"]) == ("acct_1", "rate_limit")
    assert line["score"] == 0.8765
    assert line["reasons"] == ["networks_many"]
    assert "27 networks" not in output.getvalue()


def test_odd_values_do_not_break_a_line(output: io.StringIO) -> None:
    """What JSON cannot hold is written as its representation."""
    structlog.get_logger().info("odd.value", thing=Ellipsis)
    [line] = lines(output)
    assert line["thing"] == "Ellipsis"


def test_what_stays_wrong_is_told_once() -> None:
    """Another fault is told, and so is the same one once it was well in between."""
    complaint = Complaint("store.away", "warning")
    with capture_logs() as logs:
        for error in ("away", "away", "full", "away", None, "away", "away"):
            if error:
                complaint.tell(error=error)
            else:
                complaint.clear()
    assert [log["error"] for log in logs] == ["away", "full", "away", "away"]
    assert {(log["event"], log["log_level"]) for log in logs} == {("store.away", "warning")}
