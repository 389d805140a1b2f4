"""The broker and its topics."""

from schemas.errors import ConfigurationError
from stream.broker.topics import Finding, TopicState, check_topics
from stream.doctor.check import Check, Verdict
from stream.settings import Settings


async def check_broker(settings: Settings) -> list[Check]:
    """Whether it answers, and each topic."""
    try:
        states = await check_topics(settings)
    except ConfigurationError as error:
        return [Check("broker", Verdict.FAIL, str(error), "start it, or correct the setting")]
    reached = Check("broker", Verdict.OK, settings.kafka_bootstrap)
    return [reached, *(_topic(state) for state in states)]


def _topic(state: TopicState) -> Check:
    if not state.usable:
        return Check(state.name, Verdict.FAIL, state.finding, state.detail)
    if state.finding is Finding.DIFFERS:
        return Check(state.name, Verdict.WARN, state.finding, state.detail)
    if state.finding is Finding.UNKNOWN:
        return Check(state.name, Verdict.WARN, state.detail, "look at it with the broker's tools")
    return Check(state.name, Verdict.OK, state.finding)
