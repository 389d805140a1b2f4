"""Logs: one JSON object a line (or text on a console), event names as dotted constants.

Call `configure_logs` once, in the composition root. Faust and aiokafka log through the
standard library; their lines come out as `library.message` in the same form. Account ids are
the provider's pseudonyms and may be logged; `PERSONAL` fields never leave the process.
"""

import logging
from typing import Any, Final, Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from schemas.wire import DecisionWire

DECISION_CHANGED: Final = "decision.changed"
LIBRARY_MESSAGE: Final = "library.message"

# Field names of the event contract that hold what a person could be known by, and secrets.
PERSONAL: Final = frozenset(
    {
        "birth_date",
        "business_name",
        "device_id",
        "document_hash",
        "email",
        "fingerprint",
        "ip",
        "name",
        "note",
        "owners",
        "password",
        "payload",
        "pepper",
        "phone",
        "prompt",
        "registration_number",
        "system",
        "token",
        "user_agent",
    }
)
REMOVED: Final = "[removed]"

Level = Literal["debug", "info", "warning", "error"]


def configure_logs(form: Literal["json", "console"], level: Level, output: TextIO) -> None:
    """Send structlog's and the standard library's log events to `output`, in one form.

    Give Faust's worker `override_logging=False, redirect_stdouts=False`, or it undoes this.
    """
    severity = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending = _ending(form, output)
    structlog.configure(
        processors=[*shared, remove_personal, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(severity),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    _route_libraries(shared, ending, severity, output)


def remove_personal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Blank every field whose name stands for personal data or a secret."""
    for field in PERSONAL.intersection(event):
        event[field] = REMOVED
    return event


class Complaint:
    """What is wrong with something that is looked at again and again: told as it begins, and again
    once it was well in between."""

    def __init__(self, event: str, level: Literal["warning", "error"] = "error") -> None:
        self._event = event
        self._level = level
        self._held: dict[str, str] = {}

    def tell(self, **told: str) -> None:
        """It is wrong; `told`: the fields of the log event."""
        if told != self._held:
            getattr(structlog.get_logger(), self._level)(self._event, **told)
        self._held = told

    def clear(self) -> None:
        """It is well."""
        self._held = {}


def decision_changed(decision: DecisionWire) -> None:
    """The one canonical line of a decision that changes something."""
    structlog.get_logger().info(
        DECISION_CHANGED,
        decision_id=decision.decision_id,
        account_id=decision.account_id,
        action=decision.action.value,
        score=round(decision.score, 4),
        kyc_tier=decision.kyc_tier,
        reasons=[reason.code for reason in decision.reasons],
        cause=decision.cause,
        campaign_id=decision.campaign_id,
        mode=decision.mode,
        ts=decision.ts,
        expires_at=decision.expires_at,
        model_version=decision.model_version,
        policy_version=decision.policy_version,
    )


def _ending(form: Literal["json", "console"], output: TextIO) -> list[Processor]:
    # The locals of a frame may hold a whole event, prompt and all: no traceback shows them.
    if form == "console":
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=output.isatty(), exception_formatter=plain)]
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(frames),
        structlog.processors.JSONRenderer(serializer=_json),
    ]


def _json(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def _route_libraries(
    shared: list[Processor], ending: list[Processor], severity: int, output: TextIO
) -> None:
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[_name_message, remove_personal, *ending],
        )
    )
    logging.basicConfig(handlers=[handler], level=severity, force=True)
    # At info aiokafka tells of every join and metadata change: of use to who debugs it.
    quiet = severity if severity <= logging.DEBUG else max(severity, logging.WARNING)
    logging.getLogger("aiokafka").setLevel(quiet)


def _name_message(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    plain = structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, method, event)
    return {**plain, "event": LIBRARY_MESSAGE, "message": plain["event"]}
